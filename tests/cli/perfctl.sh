#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# perf as a collector, from the command line: counts, data that is kept, refusals; nothing is left behind.
# shellcheck source=tests/cli/common.inc
. "$(dirname "$0")/common.inc"

run=("${small[@]}" --launches 1)
export TMPDIR=$work/tmp
mkdir "$TMPDIR"

# no perf: said once, with what to do, and the trial goes on
expect 0 run "${run[@]}" --collect rusage,perfctl --perfctl-program /nonexistent/perf -o none
grep -q 'perfctl.page_faults,,faults,unavailable,1,software,-1,.*install perf' none/samples.csv ||
	fail "no reason for a perf that is not there: $(grep perfctl none/samples.csv)"
grep -q ',rusage.minor_faults,[0-9]' none/samples.csv || fail 'what works is gone too'
grep -q ',trial.status,0,1,ok,' none/samples.csv || fail 'the trial failed for want of perf'

# a mode that keeps data has to be told where
expect 2 run "${run[@]}" --collect perfctl --perfctl-mode record -o nowhere
says err 'perfctl_dir'

# a perf that hangs: the run's own limit ends it, and it dies with the trial
cat >hang <<'END'
#!/bin/sh
echo $$ >"$HANG_PID"
exec sleep 300
END
chmod +x hang
HANG_PID=$work/hang.pid "$bin" run "${run[@]}" --collect perfctl --perfctl-program "$work/hang" --timeout 1.5 \
	-o hang.run >/dev/null 2>&1
[ -s hang.pid ] || fail 'the program was not started'
for _ in $(seq 100); do
	[ -e "/proc/$(cat hang.pid)" ] || break
	sleep 0.05
done
[ ! -e "/proc/$(cat hang.pid)" ] || fail 'a perf outlives its trial'

# the real one
if ! command -v perf >/dev/null || ! perf stat -e page-faults true >/dev/null 2>&1; then
	echo 'skipped: there is no perf that counts here (package linux-perf)'
	exit $failed
fi
expect 0 run "${run[@]}" --collect rusage,perfctl --perfctl-events page-faults,task-clock,cycles -o real
grep -q ',perfctl.page_faults,[0-9.]*,faults,exact,1,software,-1,' real/samples.csv ||
	fail "no page faults: $(grep perfctl real/samples.csv)"
grep -q ',perfctl.task_clock,[0-9.]*,ns,exact,1,software,-1,' real/samples.csv || fail 'no task clock'
grep -q ',perfctl.cycles,\([0-9.]*,cycles,\|,cycles,unavailable,1,hardware,-1,.*perf\)' real/samples.csv ||
	fail "cycles neither counted nor refused: $(grep perfctl.cycles real/samples.csv)"

expect 0 run "${run[@]}" --collect perfctl --perfctl-mode record --perfctl-events page-faults \
	--perfctl-dir "$work/kept" -o record
if grep -q ',perfctl.data_bytes,[1-9]' record/samples.csv; then
	[ -n "$(ls "$work/kept")" ] || fail 'data is said to be kept, and is not there'
else
	grep -q 'unavailable' record/samples.csv || fail 'neither data nor a reason'
fi
[ -z "$(ls "$TMPDIR")" ] || fail "left behind: $(ls "$TMPDIR")"
exit $failed
