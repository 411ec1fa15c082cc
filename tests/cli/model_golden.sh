#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# slabscope model on stored traces of real trials: the counts that tests/data/model/expected.txt has, to the unit.
#
#	tests/cli/model_golden.sh --print    the file as it is now, for a change that was meant
# shellcheck source=tests/cli/common.inc
. "$(dirname "$0")/common.inc"
data=$top/tests/data/model

counts() {
	grep '^\$ ' "$data/expected.txt" | while read -r _ trace options; do
		echo "\$ $trace $options"
		# shellcheck disable=SC2086
		"$bin" model --csv --trace "$data/$trace" $options || echo "exit $?"
		echo
	done
}
if [ "${1:-}" = --print ]; then
	counts
	exit
fi
counts >now
diff -u "$data/expected.txt" now >diff.out || fail "counts differ: $(cat diff.out)"
[ "$(grep -c '^\$ ' now)" -ge 12 ] || fail "only $(grep -c '^\$ ' now) counts"
exit $failed
