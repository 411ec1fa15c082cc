#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# slabscope doctor: exit statuses, what is told where nothing can be counted, and as another user.
# shellcheck source=tests/cli/common.inc
. "$(dirname "$0")/common.inc"

# no line ends beyond 100 columns, none has colours
tidy() {
	awk 'length > 100 { print; bad = 1 } END { exit bad }' "$1" || fail "$1: more than 100 columns"
	! grep -q $'\033' "$1" || fail "$1: colours in a file"
}

expect 0 doctor --quick
for section in '^Machine$' '^Permissions$' '^What can be measured$' '^Noise$' '^What \(still \)\?works$' '^What to do'; do
	says out "$section"
done
says out '^  perf_event_paranoid '
says out '^  time  *\(exact\|approximate\) '
tidy out

# a machine without a PMU is told so by name of the error, and what works is told too
if ! ls -d /sys/bus/event_source/devices/cpu* /sys/bus/event_source/devices/armv* >/dev/null 2>&1; then
	says out '^No hardware counters: .*(E[A-Z]*)'
	expect 77 doctor --quick l1d-misses
	says out 'It cannot be measured here'
	says out 'l1d-misses'
	expect 77 doctor --quick --json l1d_misses instructions
	expect 0 doctor --quick l1d-misses slabinfo
	says out '^  slabinfo  *exact'
fi

expect 0 doctor --quick time
[ "$(grep -c Permissions out)" = 0 ] || fail 'more is told than was asked for'
expect 0 doctor --quick --no-proof
says out 'none: --no-proof'
expect 0 doctor --quick software rusage
# what is predicted is called so here, and where the word for it in samples.csv is another
if expect 0 doctor --quick --json && command -v jq >/dev/null; then
	jq -e '.quantities[] | select(.name == "numa-traffic") | .state == "unavailable" or
		(.state == "approximate" and (.reason | test("predicted.*samples.csv.*source is placement")))' out >/dev/null ||
		fail "numa-traffic: $(jq '.quantities[] | select(.name == "numa-traffic")' out)"
fi

expect 0 doctor --quick --json
for key in machine permissions programs quantities proofs noise advice; do
	says out "^ \"$key\": [[{]"
done
for key in name state source expression errno reason remedy; do
	[ "$(grep -c "^   \"$key\": " out)" -ge 30 ] || fail "--json: $key is not in every quantity"
done
if command -v jq >/dev/null; then
	jq -e '[.quantities[] | keys | sort == ["errno", "expression", "name", "reason", "remedy", "source", "state"]] | all' \
		out >/dev/null || fail '--json: keys of quantities'
	jq -e '[.quantities[] | .state | IN("exact", "scaled", "approximate", "wrong", "unavailable")] | all' \
		out >/dev/null || fail '--json: states'
	jq -e '[.quantities[] | select(.state == "unavailable" or .state == "wrong") | .reason | type == "string"] | all' \
		out >/dev/null || fail '--json: a refusal without a reason'
fi

expect 2 doctor --bogus
expect 2 doctor page-fault
says err "did you mean 'page-faults'"
expect 2 doctor nothing-like-it
expect 2 doctor --files nowhere
expect 2 doctor -f nowhere
cat >mine.ini <<'END'
[event my-faults]
expression = perf::PAGE-FAULTS
unit = faults
END
expect 0 doctor --quick -f mine.ini my-faults
says out '^  my-faults  '
expect 0 doctor --help
[ ! -w /dev/full ] || { "$bin" doctor --quick >/dev/full 2>err && fail 'a full disk is not noticed'; }

# a recorded machine: its files are told, and that it is not this one
mkdir -p host/proc/sys/kernel
printf 'processor : 0\nmodel name : Recorded 3000\n' >host/proc/cpuinfo
echo 3 >host/proc/sys/kernel/perf_event_paranoid
SLABSCOPE_HOSTFS=$work/host expect 0 doctor --quick
says out 'Recorded 3000'
says out '^  perf_event_paranoid  *3 '
says out 'unknown: '
tidy out

# without gnuplot and perf: told, with the package to install
mkdir empty
PATH=$work/empty expect 0 doctor --quick
says out 'apt-get install gnuplot-nox'
says out 'apt-get install linux-perf'
says out '^  perfctl'

# as nobody: no more rights than a user has
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	mkdir -m 755 user
	cp "$bin" user/slabscope && chmod 755 "$work"
	(cd / && HOME=/nonexistent setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$work/user/slabscope" doctor --quick) >out 2>err || fail "as nobody: $(cat err)"
	says out 'not root'
	tidy out
fi
exit $failed
