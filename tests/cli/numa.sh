#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# numa and interference from end to end: figures of different collectors agree, the prediction adds up, and what a
# machine does not have is unavailable and never 0.
# shellcheck source=tests/cli/common.inc
. "$(dirname "$0")/common.inc"

# value METRIC: of the whole trial, of the first trial of r
value() {
	awk -F, -v m="$1" '$6 == m && $12 == -1 { print $7; exit }' r/samples.csv
}

# lacks METRIC: it is there, unavailable, and says why
lacks() {
	awk -F, -v m="$1" '$6 == m && $9 == "unavailable" && $7 == "" && $13 != "" { found = 1 }
		END { exit !found }' r/samples.csv || fail "$1 is not unavailable with a reason"
}

run() {
	expect 0 run --workload churn --ops 10000 --warmup-ops 10000 --launches 1 --allow-debug on --repeats 0 \
		--interference-run-delay 0 --interference-migrations off --interference-major-faults off \
		--interference-steal 0 --collect slabinfo,numa,interference -f -o r "$@"
}

run --n 3000 --touch 2
if [ -n "$(value numa.pages_total)" ]; then
	[ "$(($(value numa.pages_total) * $(value numa.page_size)))" = "$(value slabinfo.bytes_held)" ] ||
		fail "pages x page size is not what slabinfo holds"
	[ "$(value numa.maps_differ)" = 0 ] || [ -z "$(value numa.maps_differ)" ] ||
		fail "numa_maps and move_pages differ"
	# every line of every operation goes somewhere: one line read, two written
	awk -F, '$6 ~ /^numa.traffic/ { n += $7 } END { exit !(n > 29999.5 && n < 30000.5) }' r/samples.csv ||
		fail "the traffic is not 10000 operations of three lines"
else
	lacks numa.pages_total # a container that forbids move_pages
fi
[ "$(value interference.rules_broken)" = 0 ] || fail "a rule was broken that is off"

# emulated nodes, the farther one: nothing is local, and nothing can be proved
run --nodes 5 --placement farthest
lacks numa.placement
[ -z "$(value numa.pages_total)" ] || [ "$(value numa.remote_share)" = 1 ] || fail "not all is remote"

# an allocator without slabs
run --allocator malloc
lacks numa.placement
lacks numa.remote_share

# a machine without /proc and /sys
mkdir empty
SLABSCOPE_HOSTFS=$PWD/empty run
lacks interference.run_delay
lacks interference.steal
lacks interference.psi_cpu_some
lacks numa.vmstat_numa_hint_faults
lacks numa.huge_share

# rules are options: named, checked, and refused before anything runs
expect 2 run "${small[@]}" --collect interference --interference-run-delay much -o bad
says err 'interference_run_delay: expected a decimal number from 0 to 1'
expect 2 run "${small[@]}" --collect numa --numa-least 2 -o bad
says err 'numa_least: expected a decimal number from 0 to 1'

exit $failed
