#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs test programs one after the other and counts: exit 0 passed, 77 skipped, else failed. One line per program;
# the output of those that fail, and the reason of those that skip (their last line). Ends with
# "N passed, N failed, N skipped" alone on a line, and exits 1 if one failed or none ran.
#
#	tests/run_tests.sh PROGRAM...
#
# TEST_JOBS (1) says how many run at the same time: for builds that only ask whether they are right.
#
# A program that was not built fails. *.sh run with sh; fuzz_* get --slice. TEST_TIMEOUT (seconds, 300) ends one that
# hangs. SLABSCOPE_EMULATOR runs programs of another architecture: then it is also said which parts of a program were
# skipped, and why. SLABSCOPE_* of the environment is theirs: SLABSCOPE_TEST_LONG=1 and SLABSCOPE_TEST_SHORT=1 make those
# longer and shorter that repeat themselves.
set -u
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}"
export TSAN_OPTIONS="${TSAN_OPTIONS:-halt_on_error=1:second_deadlock_stack=1}"
limit=${TEST_TIMEOUT:-300}
passed=0 failed=0 skipped=0

run() {
	case $1 in
	*.sh) timeout -k 5 "$limit" bash "$1" ;;
	# shellcheck disable=SC2086
	*/fuzz_*) timeout -k 5 "$limit" ${SLABSCOPE_EMULATOR:-} "$1" --slice ;;
	# shellcheck disable=SC2086
	*) timeout -k 5 "$limit" ${SLABSCOPE_EMULATOR:-} "$1" ;;
	esac
}

# What cmocka skipped in this log, each with the line that said why.
parts_skipped() {
	[ -n "${SLABSCOPE_EMULATOR:-}" ] || return 0
	awk '/test\(s\) run\./ { exit }
		/^\[ RUN/ { why = "" }
		/^skipped: / { why = ": " substr($0, 10) }
		/^\[ +SKIPPED/ { print "          without " $NF substr(why, 1, 150) }' "$1"
}

# one STEM PROGRAM: its output goes to STEM.log, exit code and seconds to STEM.code
one() {
	begin=$(date +%s)
	run "$2" >"$1.log" 2>&1 </dev/null
	echo "$? $(($(date +%s) - begin))" >"$1.code"
}
if [ "${1:-}" = --one ]; then
	one "$2" "$3"
	exit 0
fi

dir=$(mktemp -d "${TMPDIR:-/tmp}/slabscope-test.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
jobs=${TEST_JOBS:-1}
if [ "$jobs" -gt 1 ]; then
	i=0
	for t; do
		i=$((i + 1))
		printf '%s\n%s\n' "$dir/$i" "$t"
	done | xargs -n 2 -P "$jobs" "$0" --one
fi

i=0
for t; do
	i=$((i + 1))
	log=$dir/$i.log
	name=${t##*/}
	[ "$jobs" -gt 1 ] || one "$dir/$i" "$t"
	read -r code took <"$dir/$i.code" || code=1 took=0
	case $code in
	0)
		passed=$((passed + 1))
		printf '  %-7s %s (%s s)\n' ok "$name" $took
		parts_skipped "$log"
		;;
	77)
		skipped=$((skipped + 1))
		printf '  %-7s %s: %s\n' skip "$name" "$(tail -n 1 "$log")"
		;;
	*)
		failed=$((failed + 1))
		[ $code = 124 ] && echo "ended after $limit s" >>"$log"
		printf '  %-7s %s (exit %s)\n' FAIL "$name" $code
		sed 's/^/          /' "$log"
		;;
	esac
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ] && [ $((passed + skipped)) -gt 0 ]
