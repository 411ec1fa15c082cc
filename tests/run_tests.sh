#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs test programs one after the other and counts: exit 0 passed, 77 skipped, else failed. One line per program;
# the output of those that fail, and the reason of those that skip (their last line). Ends with
# "N passed, N failed, N skipped" alone on a line, and exits 1 if one failed or none ran.
#
#	tests/run_tests.sh PROGRAM...
#
# A program that was not built fails. *.sh run with sh; fuzz_* get --slice. TEST_TIMEOUT (seconds, 300) ends one that
# hangs. SLABSCOPE_EMULATOR runs programs of another architecture. SLABSCOPE_* of the environment is theirs.
set -u
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}"
export TSAN_OPTIONS="${TSAN_OPTIONS:-halt_on_error=1:second_deadlock_stack=1}"
limit=${TEST_TIMEOUT:-300}
passed=0 failed=0 skipped=0
log=$(mktemp "${TMPDIR:-/tmp}/slabscope-test.XXXXXX") || exit 1
trap 'rm -f "$log"' EXIT
trap 'exit 130' INT TERM

run() {
	case $1 in
	*.sh) timeout -k 5 "$limit" bash "$1" ;;
	# shellcheck disable=SC2086
	*/fuzz_*) timeout -k 5 "$limit" ${SLABSCOPE_EMULATOR:-} "$1" --slice ;;
	# shellcheck disable=SC2086
	*) timeout -k 5 "$limit" ${SLABSCOPE_EMULATOR:-} "$1" ;;
	esac
}

for t; do
	name=${t##*/}
	begin=$(date +%s)
	run "$t" >"$log" 2>&1 </dev/null
	code=$?
	took=$(($(date +%s) - begin))
	case $code in
	0)
		passed=$((passed + 1))
		printf '  %-7s %s (%s s)\n' ok "$name" $took
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
