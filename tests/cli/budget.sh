#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --time-budget and --precision: where a run stops, what it says, what it leaves, and how it goes on.
# shellcheck source=tests/cli/common.inc
. "$(dirname "$0")/common.inc"

launches() { # whole ones in folder $1, of configs $2
	trials "$1" | uniq | cut -d- -f1 | uniq -c | awk -v n="$2" '$1 == n' | wc -l
}
run=("${small[@]}" --ops 1000 --limit 4,8 --batchcount 2 --seed 4)

# a budget that nothing fits into: one launch each time, whole, until all are there
expect 0 run "${run[@]}" --launches 3 --time-budget 0.001s -o b
says err '^slabscope run: 1 of 3 launches done, the next would not end within 0 s$'
says err 'slabscope run --resume b'
says out '^b$'
says b/run.json '"time_budget": "0.001s"'
says b/run.json '"end": "time_budget"'
[ "$(launches b 2)" = 1 ] && [ "$(trials b | wc -l)" = 2 ] || fail "not one launch: $(trials b)"
expect 0 run --resume b
[ "$(launches b 2)" = 2 ] && [ "$(trials b | wc -l)" = 4 ] || fail "not two launches: $(trials b)"
expect 0 stat b
# another budget for what is left, and a job file says the same
expect 0 run --resume b --time-budget 1h
[ "$(launches b 2)" = 3 ] || fail "not three launches"
says b/run.json '"end": "all"'
expect 0 run "${run[@]}" --launches 3 --time-budget 0.001s --precision 5% --repeats 4 --showjob
cp out job.ini
says job.ini '^time_budget = 0.001s'
says job.ini '^precision = 5%'
says job.ini '^repeats = 4'
expect 0 run job.ini -o b2
says err '1 of 3 launches done'
says err 'precision not reached: the first look is after 3 launches'

# precision: the plan says when it is looked at; a wide one is reached at the first look that has an interval
expect 0 run "${run[@]}" --precision 2% --plan
says out '^trials: 128 = 2 configs x 64 launches'
says out '^precision: 2% for 1 comparison of time.ns_per_op, looked at after 8, 16, 32, 64 launches, each interval at 98.75 %$'
expect 0 run "${small[@]}" --duration-ms 2 --limit 4,8 --batchcount 2 --launches 16 --precision 100% -o p
if grep -q 'precision reached' err; then
	says p/run.json '"end": "precision"'
	says p/run.json '"reached": true'
	n=$(launches p 2)
	[ "$n" = 8 ] || [ "$n" = 16 ] || fail "stopped after $n launches, which is no look"
else
	[ "$(launches p 2)" = 16 ] || fail "not reached, and stopped all the same"
	says err 'precision not reached: 0 of 1 comparisons within 100 % after 16 launches; not: main limit=8 ('
fi
cp p/samples.csv before
expect 0 run --resume p
cmp -s before p/samples.csv || fail "a run that has ended at its precision goes on when it is resumed"
# one that no machine reaches
expect 0 run "${run[@]}" --launches 8 --precision 0.01% -o q
says q/run.json '"half_width"'
[ "$(launches q 2)" = 8 ] || fail "not all launches"

# what is not a time or a precision, and what cannot be known
expect 2 run "${run[@]}" --time-budget 10
says err 'expected a time with its unit'
expect 2 run "${run[@]}" --precision 0
expect 2 run --resume p --precision 1%
says err "is the folder's"
expect 2 run --resume p --time-budget 5
expect 2 run "${run[@]}" --precision 1% --collect rusage --plan
says err 'collect has to name time'
exit $failed
