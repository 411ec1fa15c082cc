#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Killed with SIGKILL at 50 random moments and resumed each time, a run ends with the trials of its plan: none twice, none
# lost. The same while another program takes the CPU away, so that trials are disturbed and repeated: nothing that was
# whole is changed, and only what was disturbed is there again. The moments come from SLABSCOPE_TEST_SEED (1).
# shellcheck source=tests/cli/common.inc
. "$(dirname "$0")/common.inc"

RANDOM=${SLABSCOPE_TEST_SEED:-1}
args=("${small[@]}" --ops 1000 --launches 5 --limit 4,8,16 --batchcount 2 --seed 9)
expect 0 run "${args[@]}" --plan -v
sed -n 's/^ *\(b[0-9]*-c[0-9]*\) .*/\1/p' out | sort >planned
[ "$(wc -l <planned)" = 15 ] || fail "the plan has $(wc -l <planned) trials"

kills=0 landed=0 torn=0 finished=0 round=0
before=0

# One attempt in folder $1, killed after a random time of up to 33 ms x $2 (12; 0: not killed); 0: it had ended by itself.
attempt() {
	if [ -e "$1/run.json" ]; then
		"$bin" run --resume "$1" -q >/dev/null 2>err &
	else
		"$bin" run "${args[@]}" -o "$1" -q >/dev/null 2>err &
	fi
	local pid=$! us=$((RANDOM * ${2:-12}))
	[ "$us" = 0 ] || sleep "$(printf '%d.%06d' $((us / 1000000)) $((us % 1000000)))"
	[ "${2:-12}" -gt 0 ] || wait $pid
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

# ---- with repeats ----

# Only disturbed trials stand there again, and no trial more often than once and its repeats; prints how many repeats.
check_repeats() {
	awk -F, -v most=3 '/,trial\.status,/ {
		state = $0
		sub(/^.*,trial\.status,[^,]*,1,/, "", state)
		sub(/,.*/, "", state)
		if (n[$1]++) repeats++
		if (n[$1] > 1 && last[$1] != "disturbed") { print "FAIL: " $1 " is repeated after " last[$1] >"/dev/stderr"; bad = 1 }
		if (n[$1] > most) { print "FAIL: " $1 " is there " n[$1] " times" >"/dev/stderr"; bad = 1 }
		last[$1] = state
	}
	END { print repeats + 0; exit bad }' "$1/samples.csv"
}

if ! command -v taskset >/dev/null; then
	echo "without taskset no trial can be disturbed: the case with repeats is left out"
elif [ $failed = 0 ]; then
	cpu=$(taskset -cp $$ | sed 's/.*: *\([0-9]*\).*/\1/')
	args=("${small[@]}" --duration-ms 12 --collect interference,time --cpus "$cpu" --launches 3 --limit 4,8 --batchcount 2
		--repeats 2 --seed 9)
	expect 0 run "${args[@]}" --plan -v
	sed -n 's/^ *\(b[0-9]*-c[0-9]*\) .*/\1/p' out | sort >planned
	taskset -c "$cpu" sh -c 'while :; do :; done' &
	spinner=$!
	trap 'kill $spinner; rm -rf "$work"' EXIT
	: >before
	more=0
	until attempt rep $((more < 10 ? 30 : 0)); do
		more=$((more + 1))
		[ -e rep/samples.csv ] || continue
		check_repeats rep >repeats || failed=1
		# a torn tail may go; what was whole stays as it is
		whole=$(grep -n ',trial\.status,' rep/samples.csv | tail -n 1 | cut -d: -f1)
		head -n "${whole:-0}" rep/samples.csv >now
		head -c "$(stat -c %s before)" now | cmp -s - before || fail "after kill $more of a run with repeats, whole trials have changed"
		mv now before
		[ $more -lt 12 ] || break
	done
	kill $spinner
	trap 'rm -rf "$work"' EXIT
	check_repeats rep >repeats || failed=1
	trials rep | uniq | cmp -s - planned || fail "with repeats the trials are not the plan's: $(trials rep | tr '\n' ' ')"
	cp rep/samples.csv whole
	"$bin" run --resume rep -q >/dev/null 2>&1 # 1 where no trial was left alone
	cmp -s whole rep/samples.csv || fail "a whole run with repeats changes when it is resumed"
	echo "with repeats: $more kills, $(cat repeats) repeats"
	[ "$(cat repeats)" -gt 0 ] || fail "no trial was disturbed: the case has shown nothing"
fi

echo "$kills kills, $landed of them between the first and the last trial, $torn torn files, $finished runs ended"
[ $landed -ge 10 ] || fail "too few kills hit a run at work"
exit $failed
