#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Names, units, notes and facts that would like to be commands, elements, cells or lines, in every field of a run: each
# command that prints, writes or draws shows them and does nothing else.
# shellcheck source=tests/cli/common.inc
. "$(dirname "$0")/common.inc"
command -v python3 >/dev/null || {
	echo "there is no python3 here, which makes the names and reads what came of them"
	exit 77
}
hostile() { python3 "$top/tests/hostile_run.py" "$@"; }
same() { hostile "$@" >wrong 2>&1 || fail "$(tail -n 5 wrong)"; }

expect 0 run --duration-ms 1 --allow-debug on --launches 6 --seed 5 --repeats 0 --object-size 1408 --workload hot-header \
	--order 0,1 --colour-off 64,128 --n 32 --ops 4000 --latency-every 2 --collect slabinfo,latency,time,model --target pentium3 \
	--model-fill skylake-sp --model-sets on --model-kinds on -o run
folder="h'<b>\"&\`touch pwned\`\$(touch pwned);x
y"
hostile make run "$folder" || fail "no folder"
hostile make run axes also || fail "no folder"

for r in "$folder" axes; do
	for format in html terminal; do
		[ "$r$format" != axesterminal ] || continue
		NO_COLOR=1 expect 0 report "$r" -f $format -o out.$format
		[ ! -s err ] || fail "report $format says $(head -n 3 err)"
	done
	same html out.html
	expect 0 report "$r" -f markdown --no-pictures -o out.markdown
	same markdown out.markdown
	same plain out.terminal
	expect 0 stat "$r" --all
	same plain out
	expect 0 stat "$r" --json
	same json out
	same csv "$r"/summary.csv
done
expect 0 report "$folder" axes --no-pictures -o both.html
same html both.html
# a control byte in samples.csv is refused, and does not reach the terminal by the name of its file
esc=$'esc\033[31m'
cp -r run "$esc"
printf 'a\033\n' >>"$esc/samples.csv"
tail -n 1 run/samples.csv >>"$esc/samples.csv"
expect 2 stat "$esc"
says err 'control character'
same plain err

for metric in time.ns_per_op model.l1d_misses_per_op; do
	expect 0 compare "$folder" axes -m $metric --unlike-hosts --explain
	same plain out
	expect 0 compare "$folder" axes -m $metric --unlike-hosts --explain --markdown
	same markdown out
	expect 0 compare "$folder" axes -m $metric --unlike-hosts --json
	same json out
done

if command -v gnuplot >/dev/null; then
	[ "$(find "$folder/plots" -name '*.svg' | wc -l)" -ge 13 ] || fail "not all pictures"
	same svg "$folder"/plots/*.svg axes/plots/*.svg
	# every script is drawn above as svg and for the terminal: here the other terminals
	for p in cost traffic space; do
		expect 0 plot "$folder" --picture $p --format png
		[ ! -s err ] || fail "plot $p says $(head -n 3 err)"
		expect 0 plot axes --picture $p --format pdf
		[ ! -s err ] || fail "plot $p says $(head -n 3 err)"
	done
	expect 0 plot "$folder" --picture trials --format terminal
	same plain out
	# drawn again by hand, as people are told to
	for gp in "$folder"/plots/*-offsets.gp "$folder"/plots/*-latency-*.gp; do
		(cd "$folder/plots" && gnuplot "${gp##*/}" >again 2>why) || fail "gnuplot: $(head -n 3 "$folder/plots/why")"
	done
fi
[ -z "$(find . -name 'pwned*')" ] || fail "a name was executed"
exit $failed
