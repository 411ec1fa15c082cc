#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Counters of a whole run: software events agree with what the kernel says otherwise; what cannot be
# counted is a value with a reason, and no trial fails for it.
# shellcheck source=tests/cli/common.inc
. "$(dirname "$0")/common.inc"

# value FILE METRIC: of the first trial, as a whole
value() {
	awk -F, -v m="$2" '$6 == m && $9 != "unavailable" && $12 == -1 { print $7; exit }' "$1"
}

# Objects that the C library maps and unmaps one by one, each page of which is touched: faults in the
# measured region, as many as the pages
export GLIBC_TUNABLES=glibc.malloc.mmap_threshold=65536
expect 0 run --workload churn --touch auto --allocator malloc --object-size 128k --n 32 --ops 100 \
	--warmup-ops off --launches 1 --allow-debug on --collect rusage,perf -o faults
unset GLIBC_TUNABLES
if grep -q 'perf.page_faults,,' faults/samples.csv; then
	# only where the kernel refuses even software events
	says faults/samples.csv 'perf.page_faults,,faults,unavailable.*\(EACCES\|EPERM\|ENOSYS\)'
	echo "skipped: software events are refused here"
else
	counted=$(value faults/samples.csv perf.page_faults)
	told=$(value faults/samples.csv rusage.minor_faults)
	[ "$counted" = "$told" ] || fail "$counted page faults counted, rusage says $told"
	[ "$counted" -ge 1000 ] || fail "only $counted faults: too few to mean anything"
	says faults/samples.csv 'perf.empty_page_faults,0,faults,exact'
	says faults/samples.csv 'perf.read_ns,[0-9]'
fi

# a machine without a PMU: the same few words for all that needs one
mkdir -p none/sys/bus/event_source/devices/software none/proc/self
if ! [ -e /sys/bus/event_source/devices/cpu ]; then
	SLABSCOPE_HOSTFS=$work/none expect 0 run "${small[@]}" --launches 1 --collect perf -o nopmu
	n=$(grep ',unavailable,' nopmu/samples.csv | grep 'no hardware PMU' | grep -c 'ENOENT')
	[ "$n" -ge 8 ] || fail "$n rows say that there is no PMU"
	grep -q 'perf.cycles,0' nopmu/samples.csv && fail "0 for what was not counted"
fi

# an event that this machine lacks does not fail the trial
expect 0 run "${small[@]}" --launches 1 --collect perf --perf-events 'nopmu/x=1/,page-faults' -o odd
says odd/samples.csv 'perf.nopmu_x_1,,events,unavailable'

# option | words of the complaint
while IFS='|' read -r option words; do
	[ -n "$option" ] || continue
	expect 2 run "${small[@]}" --collect perf --perf-events "$option" -o bad
	says err "$words"
done <<'END'
l1d-mises|'l1d-mises' is no quantity
cycles,,l2-misses|expected a name, got nothing
memory-read|collect=uncore
r12 +|column 5
cpu/event=1|lacks its closing
END

exit $failed
