#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Killed with SIGKILL at 50 random moments and resumed each time, a run ends with the trials of its plan: none twice, none
# lost. The moments come from SLABSCOPE_TEST_SEED (1).
# shellcheck source=tests/cli/common.inc
. "$(dirname "$0")/common.inc"

RANDOM=${SLABSCOPE_TEST_SEED:-1}
args=("${small[@]}" --ops 1000 --launches 5 --limit 4,8,16 --batchcount 2 --seed 9)
expect 0 run "${args[@]}" --plan -v
sed -n 's/^ *\(b[0-9]*-c[0-9]*\) .*/\1/p' out | sort >planned
[ "$(wc -l <planned)" = 15 ] || fail "the plan has $(wc -l <planned) trials"

kills=0 landed=0 torn=0 finished=0 round=0
before=0

# One attempt in folder $1, killed after a random time; 0: it had ended by itself.
attempt() {
	if [ -e "$1/run.json" ]; then
		"$bin" run --resume "$1" -q >/dev/null 2>err &
	else
		"$bin" run "${args[@]}" -o "$1" -q >/dev/null 2>err &
	fi
	local pid=$! us=$((RANDOM * 12))
	sleep "$(printf '0.%06d' "$us")"
	kill -KILL $pid 2>/dev/null
	wait $pid 2>/dev/null
	[ $? != 137 ]
}

while [ $kills -lt 50 ]; do
	dir=run$round
	before=0
	until attempt $dir; do
		kills=$((kills + 1))
		[ -e $dir/samples.csv ] || continue
		[ -z "$(tail -c 1 $dir/samples.csv)" ] || torn=$((torn + 1))
		now=$(trials $dir | wc -l)
		[ "$now" -ge $before ] || fail "after kill $kills $now trials, $before before"
		[ "$now" -gt 0 ] && [ "$now" -lt 15 ] && landed=$((landed + 1))
		before=$now
		[ -z "$(trials $dir | uniq -d)" ] || fail "after kill $kills a trial is there twice"
	done
	[ -s err ] && fail "a resumed run says: $(cat err)"
	trials $dir | cmp -s - planned || fail "$dir: the trials are not the plan's: $(trials $dir | tr '\n' ' ')"
	expect 0 stat $dir
	finished=$((finished + 1))
	round=$((round + 1))
	[ $failed = 0 ] || break
done

# a torn end, made by hand at every kind of place, is dropped and run again
for cut in 1 30 200 1000; do
	rm -rf cut
	cp -r run0 cut
	truncate -s -$cut cut/samples.csv
	expect 0 run --resume cut -q
	trials cut | cmp -s - planned || fail "cut by $cut bytes: the trials are not the plan's"
done
# resumed when all is there: nothing changes
cp run0/samples.csv whole
expect 0 run --resume run0
cmp -s whole run0/samples.csv || fail "a whole run changes when it is resumed"

echo "$kills kills, $landed of them between the first and the last trial, $torn torn files, $finished runs ended"
[ $landed -ge 10 ] || fail "too few kills hit a run at work"
exit $failed
