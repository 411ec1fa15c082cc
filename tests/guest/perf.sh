#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs inside guest C: the perf collector in whole trials, on an arm_n1 of which cycles and instructions are counted and
# of other events most open and none counts. The last line is "N checks, N failed".
checked=0 failed=0
check() { # WHAT IS EXPECTED
	checked=$((checked + 1))
	word=ok
	[ "$2" = "$3" ] || { word=FAIL && failed=$((failed + 1)); }
	echo "$word perf: $1 is ${2:-nothing}, expected $3"
}
# field N METRIC: of the whole trial
field() { awk -F, -v n="$1" -v m="$2" '$6 == m && $12 == -1 { print $n; exit }' r/samples.csv; }

events=cycles,instructions,l1d-accesses,l1d-misses,l2-misses,dtlb-misses,stalls-mem,llc-misses,branches
rm -rf r
slabscope run --workload churn --ops 5000 --warmup-ops 1000 --launches 1 --repeats 0 --collect perf,time \
	--perf-events $events -o r >log 2>&1 || cat log
check "the trial's state" "$(field 9 trial.status)" ok
check "instructions: the state" "$(field 9 perf.instructions)" exact
check "cycles, each of which is an instruction here" "$(field 7 perf.cycles)" "$(field 7 perf.instructions)"
check "instructions per cycle" "$(field 7 perf.instructions_per_cycle)" 1
check "instructions of 5000 operations: more than 50 of each" \
	"$([ "$(field 7 perf.instructions | cut -d. -f1)" -gt 250000 ] && echo yes)" yes
check "the name that libpfm4 knows instructions by" "$(grep '^[^,]*,[^,]*,[^,]*,[^,]*,[^,]*,perf.instructions,' r/samples.csv |
	grep -o 'arm_n1::INST_RETIRED' | head -n 1)" arm_n1::INST_RETIRED
check "passes: more events than counters" "$(grep -c 'pass 1 of 2' r/samples.csv | sed 's/[1-9].*/some/')" some
# what opens and reads 0 is not counted: no number, and the reason
for m in l1d_accesses l1d_misses l2_misses dtlb_misses stalls_mem llc_misses; do
	check "$m, which opens and is never counted: the state" "$(field 9 perf.$m)" unavailable
	check "$m: the value" "$(field 7 perf.$m)" ''
done
check "branches, which do not open: the state" "$(field 9 perf.branches)" unavailable
check "hardware events that read 0" "$(awk -F, '$6 ~ /^perf\./ && $6 !~ /empty/ && $11 == "hardware" && $7 == "0"' r/samples.csv | wc -l)" 0

# each launch anew, the same numbers but for what addresses and time do
rm -rf r
slabscope run --workload hot-header --ops 20000 --warmup-ops 1000 --launches 3 --repeats 0 --collect perf \
	--perf-events instructions --seed 7 -o r >log 2>&1 || cat log
check "instructions of three launches agree within 1 in 1000" "$(awk -F, '$6 == "perf.instructions" && $12 == -1 {
	n++; if (n == 1 || $7 < a) a = $7; if ($7 > b) b = $7 } END { print n == 3 && b - a <= a / 1000 ? "yes" : n " from " a " to " b }' r/samples.csv)" yes

# sampled addresses
rm -rf r
slabscope run --workload churn --ops 2000 --warmup-ops off --populate off --launches 1 --repeats 0 --collect sample --sample-event page-faults \
	-o r >log 2>&1 || cat log
check "samples of page faults: some" "$(awk -F, '$6 ~ /^sample\./ && $12 == -1 && $9 == "exact" && $7 > 0 { print "yes"; exit }' r/samples.csv)" yes
echo "$checked checks, $failed failed"
[ $failed = 0 ] && [ $checked -gt 0 ]
