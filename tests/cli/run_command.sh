#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# slabscope run -- COMMAND: a program of somebody else's, with the configs of the run behind its malloc.
# shellcheck source=tests/cli/common.inc
. "$(dirname "$0")/common.inc"

lib=$top/${SLABSCOPE_OUT:-build/release}/libslabscope-malloc.so
[ -f "$lib" ] || { echo "no $lib in this build"; exit 77; }
quick=(--launches 2 --allow-debug on -q)

# the way: two allocators, paired; numbers of the command, and words where there are none
expect 0 run "${quick[@]}" --launches 6 --allocator slab,malloc -o r -- /bin/ls -l /usr/bin
[ "$(trials r | wc -l)" = 12 ] || fail "not 12 trials"
[ "$(grep -c ',time\.ns_per_op,.*,exact,.*,-1,$' r/samples.csv)" = 12 ] || fail "not a time of each launch"
awk -F, '/,rusage.maxrss,/ { if ($7 < 500000) exit 1; n++ } END { exit n != 12 }' r/samples.csv ||
	fail "memory: $(grep -m 1 rusage.maxrss, r/samples.csv)"
says r/samples.csv ',numa,,1,unavailable,.*another program does the work'
# counters are inherited: the command's faults, but for those that the kernel takes while it loads it, and some of the
# worker's own fork
if grep -q ',perf\.page_faults,[0-9]*,faults,exact' r/samples.csv; then
	awk -F, '/,rusage.minor_faults,/ { rusage[$1] = $7 } /,perf.page_faults,/ { perf[$1] = $7 }
		END { for (t in perf) { n++; if (perf[t] < rusage[t] * 0.8 || perf[t] > rusage[t] + 400) exit 1 } exit n != 12 }' r/samples.csv ||
		fail "faults: $(grep 'faults,' r/samples.csv | head -4)"
fi
expect 0 stat r --metric time.ns_per_op --baseline allocator=malloc
says out 'slab'
expect 0 compare r --baseline allocator=malloc
says out "allocator=slab .*allocator=malloc.*ratio"
expect 0 report r -o r.html
says r.html 'against allocator=malloc\|against allocator=slab'

# what reaches the command: the library, the toggles that are not the profile's, its own words
cat >tell <<'END'
#!/bin/sh
echo "${LD_PRELOAD##*/}|$SLABSCOPE_MALLOC|$#|$1|$2" >>"$TELL"
END
chmod +x tell
export TELL=$work/told
expect 0 run "${quick[@]}" --launches 1 --colour-seq odd,sequential --nodes 2 -o t -- ./tell "it's 100% #1; so" ''
[ "$(wc -l <told)" = 2 ] || fail "not told twice: $(cat told)"
says told "^libslabscope-malloc.so|profile=fast nodes=2.*|2|it's 100% #1; so|$"
[ "$(cut -d'|' -f2 told | sort -u | wc -l)" = 2 ] || fail "the configs are the same: $(cat told)"
rm told
expect 0 run "${quick[@]}" --launches 1 --allocator malloc --ops 3 -o t -f -- ./tell a b
[ "$(sort -u told)" = '||2|a|b' ] && [ "$(wc -l <told)" = 3 ] || fail "malloc: $(cat told)"

# the job says the same; a job file has the configs, the command line what runs
"$bin" run --showjob -- ./tell 'x y' "new
line" >job.ini || fail "--showjob"
rm told
expect 0 run job.ini "${quick[@]}" --launches 1 -o t -f
says told '|2|x y|new$'
printf '[global]\nlaunches = 1\nworkload = null\nops = 1\nwarmup_ops = off\n[a]\nvariant = c: allocator=malloc | e: profile=fast colour=off\n' >conf.ini
rm told
expect 0 run conf.ini --allow-debug on -q -o t -f -- ./tell
[ "$(cut -d'|' -f1,2 told | LC_ALL=C sort | tr '\n' ' ')" = "libslabscope-malloc.so|profile=fast colour=0 | " ] ||
	fail "a job file's configs: $(cat told)"

# a command that fails makes the trial invalid, and says how
expect 1 run "${quick[@]}" -o t -f -- sh -c 'echo oh >&2; exit 3'
says t/samples.csv ',trial.status,.*,invalid,.*command: sh: exit status 3'
expect 1 run "${quick[@]}" -o t -f -- sh -c 'kill -9 $$'
says t/samples.csv ',invalid,.*command: sh: killed by signal 9'
# what takes too long is ended, with what it has started
expect 1 run "${quick[@]}" --launches 1 --timeout 0.3 -o t -f -- sh -c 'sleep 77.25; true'
says t/samples.csv ',trial.status,.*timeout'
sleep 0.1
! pgrep -f 'sleep 77\.25' >/dev/null || fail "what the command has started is still there"
# a long command arrives whole
long=$(printf 'a b%.0s' {1..130})
expect 0 run "${quick[@]}" --launches 1 -o t -f -- sh -c 'test ${#1} = 390' sh "$long"
says t/samples.csv 'rusage'
# misuse
expect 2 run -o t -f -- ./no-such-program
says err "there is no program './no-such-program'"
expect 2 run --collect model -o t -f -- ./tell
says err 'model.*another program'
expect 2 run -o t -f --
says err 'expected a command behind --'
expect 2 run -o t -f -- sh -c "$(printf '%01100d' 0)"
says err 'put it into a script'
expect 1 run "${quick[@]}" --allocator dpdk -o t -f -- ./tell
says err 'is no malloc of a program'
exit $failed
