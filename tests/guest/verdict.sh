#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What came of one guest, from the files that it brought out and from nothing else: every step must be in the results,
# in a whole and unchanged tar that ends with the word that this run gave to the guest.
#
#	tests/guest/verdict.sh NAME STEPS
#
# Writes GUEST_OUT/NAME/summary, which is also printed. Exit code 0: all passed; 1: not, and why.
. tests/guest/common.sh

name=$1 steps=$2
out=$GUEST_OUT/$name result=$GUEST_OUT/$name/result
failed=0
bad() {
	echo "guest $name: FAIL: $*"
	failed=1
}
last_step=$(sed -n 's/.*guest: step \([^ ]*\).*/\1/p' "$out/console" | tr -d '\r' | tail -n 1)

# A result that is not whole is no result, whatever is in it.
whole() {
	[ -s "$out/result.tar" ] && [ -s "$result/sums" ] && [ -s "$result/results" ] &&
		[ "$(tail -n 1 "$result/results")" = "end $(cat "$out/word")" ] &&
		(cd "$result" && md5sum --quiet -c sums >/dev/null 2>&1)
}

verdict() {
	echo "guest $name: emulated ($(cat "$out/qemu")), kernel $(head -n 1 "$out/kernel")"
	if ! whole; then
		bad "died before its results were whole, in or after step '${last_step:-none: it did not boot}'"
		tail -n 5 "$out/console" "$out/qemu.log" 2>/dev/null | tr -d '\r'
		return
	fi
	sed -n 's/^\(node[0-9]*:.*\)/  \1/p' "$result/machine"
	while IFS='|' read -r step _; do
		case $step in '' | '#'*) continue ;; esac
		log=$result/log.$step
		set -- $(grep "^$step " "$result/results")
		if [ $# != 3 ]; then
			bad "step $step did not run"
		elif [ "$2" != 0 ]; then
			bad "step $step ended with $2"
			{ grep -E 'FAIL|FAILED|ERROR' "$log" || tail -n 5 "$log"; } | head -n 12 | sed 's/^/    /'
		else
			ok=$(grep -c -E '^ok |^\[ +OK \]' "$log")
			echo "  ok $step${ok:+ ($ok checks)}"
			# exit code 0 and nothing checked is a test that cannot fail
			[ "$ok" -gt 0 ] || bad "step $step checked nothing"
		fi
	done <"$steps"
}
verdict >"$out/summary" 2>&1
[ $failed = 0 ] && echo "guest $name: passed" >>"$out/summary"
cat "$out/summary"
exit $failed
