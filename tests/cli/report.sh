#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# report: a run and two, three formats, with gnuplot, without, and with one that lacks terminals; names that would like to
# be more than names; every picture that a run has points for.
# shellcheck source=tests/cli/common.inc
. "$(dirname "$0")/common.inc"

args=(--workload hot-header --duration-ms 1 --allow-debug on --collect rusage,slabinfo,time --launches 6 --seed 5
	--repeats 0 --object-size 1408 --order 0)
expect 0 run "${args[@]}" --colour 1,8 --n 8,32 -o r
expect 0 run "${args[@]}" --colour 1,8 --n 8,32 -o s

# what is missing is said, in the order of the document
expect 0 report r
says out '^r/report.html$'
for what in 'What came of it' 'The numbers of both sides' 'What explains it' 'Pictures' 'How it was measured' \
	'Noise floor' 'What was in the way' 'Environment' 'To do it again' 'Raw data' 'What could not be measured' 'What the words mean'; do
	says r/report.html ">$what</h2>"
done
sed -n 's/.*<h2 id="\([a-z]*\)".*/\1/p' r/report.html | tr '\n' ' ' >order
says order '^verdicts numbers why pictures method noise interference environment repeat data missing words $'
says r/report.html 'compared with colour=1 and otherwise the same'
says r/report.html 'colour=8,n=32'
says r/report.html 'href="samples.csv"'
says r/report.html '>slabscope run --workload hot-header'
says r/report.html 'seed = 5'
says r/report.html 'main: no misses by set .*--model-sets'
grep -q '<script\|https\?://[^w]' r/report.html && fail "the report asks for something"

# what a stranger asks: what ran, what the settings are called, what the words mean; where everything is
says r/report.html '>workload hot-header: visits to the hot line'
says r/report.html '>time.ns_per_op: wall time of the measured region'
says r/report.html '>colour: number of colours at most'
says r/report.html '<a href="#why">What explains it</a>'
says r/report.html '<th scope="row">inconclusive</th>'
expect 0 run "${args[@]}" --variant 'off: colour=0 | wide: colour_off=128' --n 8 --launches 2 -o v
expect 0 report v --no-pictures -o -
says out '>variant: off is colour=0, colour_off=auto; wide is colour=auto, colour_off=128<'

# modelled misses explain a time, and a count: whose they are, in which sets
expect 0 run "${args[@]}" --colour 1,8 --n 32 --ops 4000 --launches 6 --collect time,slabinfo,model --target pentium3 --model-sets on \
	--model-kinds on -o m
expect 0 report m -m model.l1d_misses_per_op --no-pictures -f markdown -o -
says out '^l1d misses per operation of the modelled pentium3: whose memory'
says out '^| l1d misses per operation | colour=1 | colour=8 | change |$'
expect 0 report m --no-pictures -f markdown -o m.md
grep '^- colour=8 is faster' m.md >decided && { says decided 'hot lines the L1 sets\|on the model l1d misses per operation are'; }
expect 0 report m -m model.l1d_misses_per_op --no-pictures -f markdown -o -
says out '^| of object | [0-9.]* | [0-9.]* | -[0-9.]* |$'
says out '^| in visit | '
says out '^| kind: conflict | '
says out '^- misses of object: in [0-9]* sets*, most of them in set'
expect 0 compare m:colour=1 m:colour=8 -m model.l1d_misses_per_op --explain --markdown
sed -n '/^| of object/p' out >compared
[ -s compared ] || fail "compare explains no misses"
expect 0 report m -m model.l1d_misses_per_op --no-pictures -f markdown -o -
grep -qxFf compared out || fail "report explains other misses than compare"

# the verdicts are those of compare
expect 0 compare r --baseline colour=1
sed -n 's/^\(colour=.* is \(faster\|slower\) .*\|.*are equivalent.*\)/\1/p' out | head -n 1 >want
expect 0 report r -f terminal --no-pictures
tr -s ' \n' ' ' <out >told
while read -r line; do grep -qF "$line" told || fail "not told: $line"; done <want

# every number of it once more, from the samples and by other code, which sees one that is wrong
if command -v python3 >/dev/null; then
	expect 0 report r -f markdown --no-pictures -o n.md
	python3 "$top/tests/report_numbers.py" r n.md >numbers || fail "$(head -n 5 numbers)"
	[ "$(sed -n 's/ numbers,.*//p' numbers)" -ge 20 ] || fail "$(cat numbers)"
	sed 's/^\(| colour=8,n=8 | [a-z]* |\) [0-9.]*/\1 77.7/' n.md >wrong.md
	python3 "$top/tests/report_numbers.py" r wrong.md >numbers && fail "a wrong number is not seen"
	grep -q '^colour=8,n=8: baseline: told 77.7' numbers || fail "$(cat numbers)"
fi

# Markdown and a terminal; NO_COLOR
expect 0 report r -f markdown
says out '^r/report.md$'
says r/report.md '^## What came of it$'
says r/report.md '^| config | verdict |'
expect 0 report r -f markdown --no-pictures -o -
says out '^## Raw data'
NO_COLOR=1 expect 0 report r -f terminal
grep -q $'\033' out && fail "colour with NO_COLOR"
says out '^Environment$'
expect 0 report r -o here.html
says here.html 'href="r/samples.csv"'

# two runs: what differs, and each config against the same of the first
sed -i 's/"kernel": "[^"]*"/"kernel": "6.0-other"/; s/"cpu_model": "[^"]*"/"cpu_model": "another"/' s/run.json
expect 0 report r s --no-pictures -f terminal
says out '^s against r$'
says out '^main of s$'
says out '^- kernel: .* then 6.0-other'
says out '^- other host: cpu_model: .* then another'
says out '^host.hostname '

# no run, no format, no metric
expect 1 report nothing
expect 2 report r --format pdf
expect 2 report
expect 0 report r -m slabinfo.bytes_held --no-pictures -o -
says out 'bytes_held'

if command -v gnuplot >/dev/null; then
	for f in main main-space main-launches main-trials; do
		for suffix in svg gp dat; do
			[ -s r/plots/$f.$suffix ] || fail "no r/plots/$f.$suffix"
		done
	done
	[ "$(grep -c '<svg' r/report.html)" = "$(grep -c '<figure' r/report.html)" ] || fail "a figure without a picture"
	says r/report.html 'lower is better'
	expect 0 plot m --picture sets
	says m/plots/main-sets-l1d-load.gp 'accesses in the region (more even is better)'
	says m/plots/main-sets-l1d.gp 'misses in the region (lower is better)'
	expect 1 plot m --picture traffic
	says err 'no traffic between nodes'
	expect 0 run "${args[@]}" --order 0-2 --n 8 --launches 2 -o o
	expect 0 plot o --picture pareto
	# no point lies below and left of the front, and it goes down
	says o/plots/main-pareto.dat '^# front$'
	awk 'BEGIN { n = 0 } /^# front/ { f = 1; next } /^[0-9]/ && !f { x[n] = $1; y[n++] = $2 }
		/^[0-9]/ && f { if (m && ($1 < px || $2 >= py)) print "not a front"; px = $1; py = $2; m++
			for (i = 0; i < n; i++) if (x[i] <= $1 && y[i] < $2 - 1e-6) print "below the front: " x[i], y[i] }
		END { if (!m) print "no front" }' o/plots/main-pareto.dat >wrong
	[ ! -s wrong ] || fail "$(cat wrong)"
	expect 0 plot r --picture trials --format terminal
	says out 'place in the run'
	says out 'upwards: ratio to the median: time.ns_per_op (lower is better)'
	head -c 1 out | grep -q $'\f' && fail "a form feed"
	expect 0 plot v --picture launches --format terminal
	says out 'wide'
	expect 0 run "${args[@]}" --colour 1 --n 100-119 --launches 1 -o many
	expect 0 plot many --picture launches --format terminal
	says out '1: 100  2: 101  3: 102 '
	expect 0 plot many --picture launches
	says many/plots/main-launches.gp "^NUMBERED = ''$"
	expect 1 plot r --picture pages
	says err 'by node'
	# one that has less than it should
	mkdir lacks
	cat >lacks/gnuplot <<-END
		#!/bin/sh
		case "\$*" in *GPVAL_TERMINALS*) echo ' canvas dumb svg ' >&1; exit;; esac
		for script; do :; done
		grep -q '^set terminal pdfcairo' "\$script" && exit 1
		PATH=$PATH exec gnuplot "\$@"
	END
	chmod +x lacks/gnuplot
	PATH=$work/lacks:$PATH expect 0 report r -o lacks.html
	says lacks.html 'lacks terminals .*pngcairo (--format png), pdfcairo (--format pdf)'
	PATH=$work/lacks:$PATH expect 77 plot r --format pdf
	says err "no terminal 'pdfcairo'"
fi
expect 2 plot r --picture nothing
sed -n 's/.*expected one of \(.*\); got.*/\1/p' err | tr -d ' ' | tr , '\n' >names
expect 0 plot --help
[ "$(wc -l <names)" -ge 13 ] || fail "the pictures are not listed"
while read -r p; do says out "^  $p  *[a-z]"; done <names

# without gnuplot: the tables in place of the pictures, and a word
mkdir empty
PATH=$work/empty expect 0 report r -o without.html
says without.html 'No pictures: there is no gnuplot here'
grep -q '<svg' without.html && fail "a picture without gnuplot"
says without.html '<caption>Numbers of this picture</caption>'

# names that would like to be more; in labels, values, and what the host says
expect 0 run "${args[@]}" --colour 1,8 -o h
evil='<script>alert(1)<\/script>\\"'"'"'\&amp;%s%d`touch pwned`$(touch pwned)|x'
long=$(head -c 10240 /dev/zero | tr '\0' '<')
sed -i -e "s/\"cpu_model\": \"[^\"]*\"/\"cpu_model\": \"<img src=x onerror=alert(2)>\\\\u001b]0;t\\\\u0007\\\\n| x |$long\"/" \
	-e "s/\"colour=8\"/\"colour=$evil\"/; s/^ *\"8\"/\"$evil\"/; s/\"colour\": \"8\"/\"colour\": \"$evil\"/" h/run.json
grep -q 'touch pwned' h/run.json || fail "the name is not there"
for format in html markdown terminal; do
	expect 0 report h -f $format -o h.$format
	grep -q '<script>\|<img' h.$format && [ $format != terminal ] && fail "$format: an element out of a name"
	grep -q $'\033\|\007' h.$format && fail "$format: a control byte"
done
says h.html '&lt;img src=x onerror=alert(2)&gt;\\x1b'
[ "$(grep -c '&lt;' h.html)" -gt 3 ] || fail "the name is not shown"
for p in cost space launches trials; do
	command -v gnuplot >/dev/null && expect 0 plot h --picture $p
done
[ -z "$(find . -name pwned)" ] || fail "a name was executed"
sed 's/\\|//g' h.markdown | awk -F'|' '/^\|/ { if (n && NF < n) print "short row: " $0; n = NF } !/^\|/ { n = 0 }' >rows
[ ! -s rows ] || fail "$(head -c 300 rows)"
expect 0 compare h --baseline colour=1
expect 0 stat h
exit $failed
