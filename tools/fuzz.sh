#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Run fuzzers that `make fuzz` or `make fuzz-afl` built, or say how to.
#
#	tools/fuzz.sh libfuzzer|afl SECONDS PROGRAM...
#
# SECONDS empty or 0: print the commands. Else each program runs for so long, beginning with tests/corpus/NAME; what it
# finds interesting goes to build/VARIANT/corpus/NAME. FUZZ_JOBS of them run at once (as many as there are CPUs). Exits 1
# if one of them crashes.
set -eu
engine=$1 seconds=${2:-0}
shift 2
if [ $# -gt 1 ] && [ "$seconds" != 0 ]; then
	printf '%s\n' "$@" | xargs -P "${FUZZ_JOBS:-$(nproc)}" -n 1 "$0" "$engine" "$seconds" || exit 1
	exit 0
fi
bad=0
for prog; do
	name=${prog##*/fuzz_}
	seeds=tests/corpus/$name
	work=${prog%/tests/*}/corpus/$name
	mkdir -p "$work"
	[ -d "$seeds" ] || seeds=
	if [ "$engine" = libfuzzer ]; then
		# shellcheck disable=SC2086
		if [ "${seconds:-0}" = 0 ]; then
			echo "$prog $work $seeds"
		elif ! "$prog" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
			-artifact_prefix="$work-" "$work" $seeds >"$work.log" 2>&1; then
			tail -n 60 "$work.log"
			echo "fuzz: $name failed"
			bad=1
		else
			echo "fuzz: $name $(sed -n 's/^stat::number_of_executed_units: *//p' "$work.log") inputs in $seconds s"
		fi
	else
		# AFL++ wants at least one seed
		[ -n "$seeds" ] || { seeds=$work.seed && mkdir -p "$seeds" && printf 0123456789abcdef >"$seeds/0"; }
		if [ "${seconds:-0}" = 0 ]; then
			echo "afl-fuzz -i $seeds -o $work -- $prog"
		elif ! AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_NO_AFFINITY=1 \
			afl-fuzz -V "$seconds" -i "$seeds" -o "$work" -- "$prog" >"$work.log" 2>&1; then
			tail -n 30 "$work.log"
			echo "fuzz: $name: afl-fuzz failed"
			bad=1
		elif [ -n "$(find "$work/default/crashes" "$work/default/hangs" -name 'id:*' 2>/dev/null)" ]; then
			echo "fuzz: $name: inputs that crash or hang lie in $work/default"
			bad=1
		else
			echo "fuzz: $name $(sed -n 's/^execs_done *: *//p' "$work/default/fuzzer_stats") inputs in $seconds s"
		fi
	fi
done
exit $bad
