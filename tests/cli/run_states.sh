#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Disturbed trials: repeated at the end of their block, kept, counted and said. Another program on the worker's CPU
# disturbs them. Also: what run adds to the list of collectors, and a run of an older plan.
# shellcheck source=tests/cli/common.inc
. "$(dirname "$0")/common.inc"

# a leading + adds, and the whole list is recorded
expect 0 run "${small[@]}" --ops 1000 --launches 1 --collect +null --interference-run-delay 0 -o plus
says plus/run.json '"collect": "[a-z,]*,null,time"'
expect 2 run "${small[@]}" --collect +nothing --plan
says err "no collector 'nothing'"

# the order of a run that an older version planned is another
cp -r "$top/results/reference" old
expect 1 run --resume old
says err 'was planned by plan version 1'
expect 0 stat old
says out 'launches'

if ! command -v taskset >/dev/null; then
	[ $failed = 0 ] || exit 1
	echo "without taskset no trial can be disturbed"
	exit 77
fi
cpu=$(taskset -cp $$ | sed 's/.*: *\([0-9]*\).*/\1/')
args=("${small[@]}" --duration-ms 15 --collect interference,time --cpus "$cpu" --launches 4 --limit 4,8 --batchcount 2)
taskset -c "$cpu" sh -c 'while :; do :; done' &
spinner=$!
trap 'kill $spinner 2>/dev/null; rm -rf "$work"' EXIT
"$bin" run "${args[@]}" --repeats 1 -o r >out 2>err </dev/null
code=$?
"$bin" run "${args[@]}" --repeats 0 -o none >out0 2>err0 </dev/null
kill $spinner
trap 'rm -rf "$work"' EXIT

awk -F, '/,trial\.status,/ { sub(/.*,trial\.status,[^,]*,1,/, ""); sub(/,.*/, ""); print }' r/samples.csv >states
disturbed=$(grep -c '^disturbed$' states)
ok=$(grep -c '^ok$' states)
[ "$disturbed" -gt 0 ] || fail "no trial was disturbed"
[ $((disturbed + ok)) = "$(wc -l <states)" ] || fail "other states: $(sort states | uniq -c)"
[ $code = $((ok == 0)) ] || fail "exit $code with $ok trials that are ok"
says err 'trial b[0-9]*-c[0-9]* (main limit=[48]): disturbed: run_delay: .* (is repeated)$'
says err '^slabscope run: [1-8] of 8 trials w[ae][sr]e* disturbed and repeated'
[ "$(trials r | uniq | wc -l)" = 8 ] || fail "not 8 trials"
# repeats stand at the end of their block: blocks follow one another
trials_in_order=$(awk -F, '/,trial\.status,/ { print substr($1, 1, 4) }' r/samples.csv)
[ "$trials_in_order" = "$(echo "$trials_in_order" | sort)" ] || fail "a repeat stands outside its block"
# kept, with what they measured
n=$(grep -c ',time\.ns_per_op,[0-9.e+-]*,' r/samples.csv)
[ "$n" = "$(wc -l <states)" ] || fail "$n values of $(wc -l <states) attempts"
says r/run.json '"repeated": [1-8]'
expect 0 stat r --json

[ -z "$(trials none | uniq -d)" ] || fail "repeats though none were asked for"
grep -q 'is repeated' err0 && fail "--repeats 0 repeats"
exit $failed
