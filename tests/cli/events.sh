#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# slabscope events: tables, one quantity, other CPUs, described machines, lint of right and wrong files.
# shellcheck source=tests/cli/common.inc
. "$(dirname "$0")/common.inc"
export XDG_CONFIG_HOME=$work/config
unset SLABSCOPE_HOSTFS LIBPFM_ENCODE_INACTIVE

json() { python3 -c 'import json,sys; json.load(sys.stdin)' <out 2>/dev/null || fail "no JSON: $*"; }
command -v python3 >/dev/null || json() { head -c 1 out | grep -q '[[{]' || fail "no JSON: $*"; }

# ---- this machine: software events are everywhere ----
expect 0 events
says out '^quantity '
says out '^page-faults .*perf::PERF_COUNT_SW_PAGE_FAULTS.*t=1 c=0x2'
says out 'of [0-9]* quantities can be counted here'
expect 0 events --json
json events
says out '"state": "available"'

expect 0 events page-faults
says out 'opens here: this one is used'
expect 0 events page-faults task-clock --json
expect 0 events 'r01b7 - 2*perf::PAGE-FAULTS'
says out 't=4 c=0x1b7'
expect 1 events 'skx::'
says err "slabscope events: 'skx::': column 1"
expect 1 events 'perf::NOTHING'
says err 'none of Linux'

# ---- other CPUs ----
expect 0 events --pmu skx
says out '^l1d-misses .*skx::L1D:REPLACEMENT .*0x151'
says out 'none was opened'
expect 0 events --pmu adl_grt l1d-misses
says out '^adl_grt: none: not known to this version'
expect 0 events --pmu skx cache
says out '^l1d-misses: '
says out '^llc-misses: '
expect 2 events tb
says err "no quantity or group 'tb'; did you mean 'tlb'"
expect 0 events --pmu skx --json
json events --pmu
says out '"not tried"'
expect 0 events --all-pmus
for p in skx spr amd64_fam1ah_zen5 arm_v2 power10 adl_glc perf; do says out "^$p "; done
expect 0 events --all-pmus --json
json --all-pmus

expect 0 events --groups
for g in default cache tlb numa stall software bandwidth; do says out "^$g:"; done
says out 'llc-miss-rate = llc-misses / llc-accesses \[1\]'
expect 0 events --groups --json
json --groups

# ---- without libpfm4: a file that is no library stands in its place ----
mkdir nolib
: >nolib/libpfm.so.4
LD_LIBRARY_PATH=$work/nolib expect 0 events --pmu skx
says out '^PMU skx.*no libpfm4 (.*libpfm.so.4'
says out '^l1d-misses .* raw .*0x151'
LD_LIBRARY_PATH=$work/nolib expect 0 events --lint
says out 'none compared with libpfm4'

# ---- mistakes ----
expect 2 events l1d-mises
says err "did you mean 'l1d-misses'"
expect 2 events --pmu skz
says err "did you mean 'skx'"
expect 2 events --pmu nothing-like-it
says err 'all-pmus'
expect 2 events --groups --lint
expect 2 events --all-pmus cycles
expect 2 events --lint --pmu skx
expect 1 events --files nowhere.ini
says err 'nowhere.ini: No such file'
expect 2 events --nothing

# ---- a machine that is described ----
mkdir -p box/proc box/sys/bus/event_source/devices/uncore_imc_0
printf 'vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\nstepping\t: 4\n' >box/proc/cpuinfo
echo 12 >box/sys/bus/event_source/devices/uncore_imc_0/type
echo 0 >box/sys/bus/event_source/devices/uncore_imc_0/cpumask
export SLABSCOPE_HOSTFS=$work/box
expect 0 events
says out '^PMU skx.*nothing is opened'
says out '^memory-read .*t=12 c=0x304'
says out '^link-traffic .* none '
unset SLABSCOPE_HOSTFS

# ---- lint ----
expect 0 events --lint
says out '^0 problems'
rows=$(sed -n 's/^\([0-9]*\) rows of .*/\1/p' out)
[ "${rows:-0}" -ge 921 ] || fail "lint: $rows rows"
expect 0 events --lint --json
json --lint

cat >good.ini <<'END'
[event fills]
expression = cpu/event=0x51,umask=1/ + r0151
unit = lines
help = what fills the cache
pmu = skx clx

[group mine]
quantities = fills, cycles

[derived fills-per-cycle]
group = mine
formula = fills / cycles
unit = lines/cycles
END
expect 0 events --lint good.ini
expect 0 events --files good.ini fills --pmu skx
expect 0 events -f good.ini mine --pmu skx
says out '^fills: '
# libpfm4, where it is installed, encodes for a CPU that is not there without being told to
cat >theirs.ini <<'END'
[event theirs]
expression = skx::L1D:REPLACEMENT
unit = lines
pmu = skx
END
"$bin" events --pmu skx | grep -q 'no libpfm4' || {
	expect 0 events -f theirs.ini --pmu skx theirs
	says out 'x skx::L1D:REPLACEMENT: t=4 c=0x151'
	expect 1 events --pmu skx skx::NOTHING
	says err "knows no 'skx::NOTHING'$"
}
expect 0 events --files good.ini --groups
says out 'fills-per-cycle = fills / cycles \[lines/cycles\]'
# read without being asked from the user's own folder
mkdir -p config/slabscope/events
cp good.ini config/slabscope/events/
expect 0 events --groups
says out '^mine:'
rm -r config

cat >bad.ini <<'END'
[group mine]
quantities = cycels

[event late]
expression = skx::A +
unit = lines

[derived sum]
group = cache
formula = cycles + l1d-misses
unit = cycles

[derived unit]
group = cache
formula = l1d-misses
unit = cycles
END
cat >bad.csv <<'END'
# slabscope events 1
pmu,quantity,expression,encoding,unit,source,note
skx,cycles,skx::A,t=4 c=nonsense,,raw,
skx,cycles,skx::CPU_CLK_UNHALTED:THREAD_P,t=4 c=0x3c,,pfm-amd64,again
mine,cycles,perf::PAGE-FAULTS,t=4 c=0x2,,generic,
mine,cycles,mine::X,,,raw,
END
expect 1 events --lint bad.ini bad.csv
says out "bad.ini:1: .*no quantity is called 'cycels'"
says out 'bad.ini:4: .*expression: column 8'
says out 'bad.ini:8: .*cycles and lines cannot be added'
says out 'bad.ini:13: .*its unit is lines, not cycles'
says out 'bad.csv:3: encoding: column'
says out 'bad.csv:4: the same row is at intel-server.csv'
says out "bad.csv:5: .*the row's code is another"
says out 'bad.csv:6: .*the row has no encoding'
says out '^8 problems'
expect 1 events --lint bad.ini --json
json --lint bad
# and whoever uses such a file is told where it is wrong
expect 2 events --files bad.ini
says err 'bad.ini:4: '
expect 1 events --lint nowhere.csv
exit $failed
