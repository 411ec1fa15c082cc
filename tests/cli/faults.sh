#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Trials that go wrong cost themselves only, and their rows say how. A run that is stopped can go on.
# shellcheck source=tests/cli/common.inc
. "$(dirname "$0")/common.inc"

fault=(--workload fault --duration-ms 1 --allow-debug on --collect rusage,slabinfo,time --launches 2)

# fault | where | state | exit status or signal | words of the note
while IFS='|' read -r mode at state value note; do
	[ -n "$mode" ] || continue
	rm -rf r
	expect 1 run "${fault[@]}" --fault "$mode" --fault-at "$at" --timeout 1.5 -o r
	n=$(grep -c ",trial.status,$value,1,$state,1,runner,-1,.*$note" r/samples.csv)
	[ "$n" = 2 ] || fail "$mode at $at: $n rows say $state $value '$note': $(grep trial.status r/samples.csv)"
	grep -q 'time.ns_per_op' r/samples.csv && fail "$mode at $at: figures of a trial that went wrong"
done <<'END'
error|setup|failed|1|asked for
error|step|failed|1|asked for
error|verify|failed|1|asked for
crash|setup|crashed|11|SIGSEGV in setup
crash|verify|crashed|11|SIGSEGV in verify
abort|step|crashed|6|SIGABRT in warmup
exit|setup|failed|0|before all was said
hang|setup|timeout||killed after 1.5 s, in setup
END

# some of the trials only: the others are whole, and stat says what is missing
rm -rf r
expect 0 run "${fault[@]}" --launches 12 --fault crash --fault-chance 0.5 --seed 3 -o r
ok=$(grep -c ',trial.status,0,1,ok,' r/samples.csv)
bad=$(grep -c ',trial.status,11,1,crashed,' r/samples.csv)
[ $((ok + bad)) = 12 ] && [ "$ok" -gt 0 ] && [ "$bad" -gt 0 ] || fail "$ok ok, $bad crashed of 12"
expect 0 stat r
says out "$ok ok, $bad crashed"
says out 'not every trial is ok'

# nothing valid: no figures, no zero, no picture
rm -rf r
expect 1 run "${fault[@]}" --fault crash --limit 8,16 -o r
expect 0 stat r
says out '2 crashed'
grep -q '[^0-9]0\.[0-9]' out && fail "a figure where nothing was measured"
expect 1 plot r
says err 'no picture'

# ^C: the trial is dropped, the way on is said, and it leads to the end
rm -rf r
timeout --foreground -s INT 1 "$bin" run "${small[@]}" --duration-ms 20 --launches 300 --timeout 20 -o r >out 2>err
code=$?
[ $code = 124 ] || [ $code = 130 ] || fail "after ^C exit $code"
says err 'slabscope run --resume r'
n=$(trials r | wc -l)
[ "$n" -lt 300 ] || fail "300 trials in a second"
timeout --preserve-status --foreground -s INT 1 "$bin" run --resume r >out 2>err
[ $? = 130 ] || fail "a second ^C does not exit with 130"
[ "$(trials r | uniq -d | wc -l)" = 0 ] || fail "a trial is there twice"

# two at once in one folder: the second is refused
"$bin" run "${fault[@]}" --fault hang --timeout 30 -o busy >/dev/null 2>&1 &
pid=$!
for _ in $(seq 100); do
	[ -s busy/samples.csv ] && break
	sleep 0.05
done
expect 1 run --resume busy
says err 'another slabscope'
expect 1 run "${small[@]}" -o busy --force
says err 'another slabscope'
# killed: its trial dies with it
child=$(cat /proc/$pid/task/$pid/children 2>/dev/null)
kill -KILL $pid
wait $pid 2>/dev/null || true
for _ in $(seq 100); do
	# shellcheck disable=SC2086 # one number and a blank
	alive=$(cat /proc/${child% }/comm 2>/dev/null) || break
	sleep 0.05
done
[ -z "$child" ] || [ ! -e "/proc/${child% }" ] || fail "the trial ($alive) outlives its run"

# another job under the same name is not resumed into
expect 0 run "${small[@]}" --launches 2 -o changed
sed -i 's/"plan_hash": "[0-9a-f]*"/"plan_hash": "0123456789abcdef"/' changed/run.json
expect 1 run --resume changed
says err 'hash'
exit $failed
