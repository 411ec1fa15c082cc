#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run --aa: a config against itself. The job, the report, what is kept for the host, stopping and going on.
# shellcheck source=tests/cli/common.inc
. "$(dirname "$0")/common.inc"

export XDG_STATE_HOME=$work/state
aa=(--aa --aa-comparisons 4 --launches 6 --duration-ms 1 --allow-debug on --collect time --seed 5)

# the plan: pairs of the same config, side by side
expect 0 run "${aa[@]}" --plan -v
says out '^trials: 48 = 8 configs x 6 launches; seed 5'
sed -n 's/^ *b[0-9]*-c[0-9]*  *\(aa[0-9]*\) variant=\([ab]\)$/\1 \2/p' out >order
[ "$(wc -l <order)" = 48 ] || fail "$(wc -l <order) trials in the plan"
awk 'NR % 2 { e = $1; v = $2; next } $1 != e || $2 == v { exit 1 }' order || fail "the two of a pair do not stand side by side"
for exp in aa01 aa04; do
	# A first as often as B, and each second block the first one backwards
	grep "^$exp" order | awk '{ print $2 }' | paste -sd '' | sed 's/..../& /g' >blocks
	grep -q '^\(\(abba\|baab\) *\)*$' blocks || fail "$exp is not ABBA or BAAB: $(cat blocks)"
done

# the job file is the command line, and no A/A of an A/A
expect 0 run "${aa[@]}" --showjob
cp out aa.ini
expect 0 run aa.ini --plan -v
says out '^trials: 48 = 8 configs x 6 launches; seed 5'
expect 2 run aa.ini --aa --plan
says err 'the job has 4 experiments'
expect 2 run --aa --n 8,16
says err 'n has 2 values'
expect 2 run --aa --precision 1%
expect 2 run --aa-comparisons 3
expect 2 run --aa --aa-comparisons 0
says err 'expected a number from 1'

expect 0 run "${aa[@]}" -o r
says out '^A/A self-check: 4 comparisons of hot-header with itself, 6 pairs each, time.ns_per_op$'
says out '^  false alarms  *[0-4] of 4 ([0-4] faster, [0-4] slower); at 96.9 % per interval 0.1 are expected, at most 1 in 95 % of'
says out '^  noise floor  *[0-9.]* %'
says out '^  smallest effect  *[0-9.]* %'
tail -n 1 out | grep -q '^r$' || fail "the folder is not the last line: $(tail -n 1 out)"
[ "$(trials r | uniq | wc -l)" = 48 ] || fail "$(trials r | uniq | wc -l) trials"
if grep -q 'kept for stat' out; then
	kept=$(sed -n 's/^  kept for stat *//p' out)
	[ "${kept#"$work"/state/slabscope/aa/}" != "$kept" ] || fail "kept in $kept"
	says "$kept" '"comparisons": 4'
	says "$kept" '"pairs": 6'
	says "$kept" '"workload": "hot-header"'
else
	says out 'figures of this build do not count'
	[ ! -e "$work/state" ] || fail "a debug build's figures are kept"
fi
expect 0 stat r --json

# too few launches for any interval: no figures, nothing kept
rm -rf state
expect 1 run "${aa[@]}" --launches 3 -o few
says err 'no comparison has pairs enough for an interval (6'
grep -q 'noise floor' out && fail "a noise floor from 3 pairs"
[ ! -e state ] || fail "something is kept of too few pairs"

# stopped by the budget, gone on with: the same report at the end
expect 1 run "${aa[@]}" --time-budget 0.001s -o stopped
says err '^slabscope run: 1 of 6 launches done'
expect 0 run --resume stopped --time-budget off
says out '^A/A self-check: 4 comparisons'
exit $failed
