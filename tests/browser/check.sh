#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Reports in headless Chromium (make check-report): nothing in the console, no request, every picture has its points,
# text fits at 360 and 1600 pixels, light and dark. Leaves screenshots in $SLABSCOPE_SHOTS, if that is set.
#
#	check.sh [REPORT.html]...	without operands: of two runs made for it
# shellcheck source=tests/cli/common.inc
. "$(dirname "$0")/../cli/common.inc"

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || {
	echo "there is no Chromium here (package chromium)"
	exit 77
}
command -v gnuplot >/dev/null || {
	echo "there is no gnuplot here (package gnuplot-nox)"
	exit 77
}

# Nothing of its own may go out either, so that what does is the report's.
run_browser() {
	timeout 120 "$browser" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars \
		--no-first-run --disable-background-networking --disable-component-update --disable-default-apps \
		--disable-sync --disable-domain-reliability --no-pings --proxy-server=127.0.0.1:9 --allow-file-access-from-files \
		--user-data-dir="$work/profile" "$@" 2>>"$work/browser.log"
}

# Every picture that there is: a grid, nodes, sets, kinds, latency, trials; and names that would like to be more.
make_runs() {
	local small=(--duration-ms 1 --allow-debug on --launches 6 --seed 5 --repeats 0 --object-size 1408)

	expect 0 run "${small[@]}" --workload hot-header --order 0,1 --colour-off 64,128 --n 8 --collect time,slabinfo -o grid
	expect 0 run "${small[@]}" --workload hot-header --order 0 --colour 1,8 --n 32 --ops 4000 \
		--collect rusage,slabinfo,latency,time,model --target pentium3 \
		--model-sets on --model-kinds on -o model
	expect 0 run "${small[@]}" --workload churn --n 64 --nodes 2 --workers 2 --ops 4000 --placement local,interleave-page \
		--collect slabinfo,numa,time -o nodes
	# what a machine with two nodes would say
	sed -n 's/,numa.node0,[0-9]*,/,numa.node1,7,/p' nodes/samples.csv >node1
	awk 'FNR == NR { split($0, c, ","); more[c[1]] = $0; next }
		/,trial.status,/ { split($0, c, ","); print more[c[1]] } { print }' node1 nodes/samples.csv >both
	mv both nodes/samples.csv
	# names that would like to be more than names
	cp -r grid hostile
	sed -i -e 's/"cpu_model": "[^"]*"/"cpu_model": "<img src=http:\/\/127.0.0.1:9\/x onerror=alert(1)>"/' \
		-e "s/order=1/order=<script>alert(1)<\/script>'\&amp;%s%d/" -e "s/^ *\"1\"/\"<b onclick=alert(2)>'\"/" \
		-e "s/\"order\": \"1\"/\"order\": \"<b onclick=alert(2)>'\"/" hostile/run.json
	expect 0 report grid nodes model
	expect 0 report hostile
	reports=("$work/model/report.html" "$work/hostile/report.html")
	# and in every field (tests/cli/hostile.sh)
	if command -v python3 >/dev/null; then
		python3 "$top/tests/hostile_run.py" make model worse
		expect 0 report worse
		reports+=("$work/worse/report.html")
	fi
	for p in offsets traffic pages sets kinds structures modelled latency space launches trials; do
		says model/report.html "plots/main-$p.*[.]gp"
	done
	says hostile/report.html '&lt;img src=http'
}

look() { # REPORT WIDTH dark|light
	local light=1 text name
	[ "$3" = dark ] && light=0
	cat >harness.html <<-END
		<!DOCTYPE html><meta charset="utf-8"><meta name="color-scheme" content="light dark"><script src="$top/tests/browser/look.js"></script>
		<body style="margin:0"><iframe id="f" style="width:$2px;height:900px;border:0" src="$1"></iframe>
		<pre id="said">nothing</pre>
		<script>
		const f = document.getElementById('f');
		f.onload = () => { document.getElementById('said').textContent = look(f, $2, $3); };
		const dark = true, light = false;
		</script>
	END
	text=$(run_browser --blink-settings=preferredColorScheme=$light --window-size=1700,1000 --virtual-time-budget=4000 \
		--dump-dom "file://$work/harness.html" | tr '\n' '\001' | sed 's/.*<pre id="said">//; s/<\/pre>.*//' | tr '\001' '\n')
	[ "$text" = ok ] || fail "$1 at $2 pixels, $3: $text"
	[ -n "${SLABSCOPE_SHOTS:-}" ] || return
	mkdir -p "$SLABSCOPE_SHOTS"
	name=$(basename "$(dirname "$1")")-$2-$3.png
	sed -i 's/height:900px/height:6000px/' harness.html
	run_browser --blink-settings=preferredColorScheme=$light --window-size="$2",6000 \
		--screenshot="$SLABSCOPE_SHOTS/$name" "file://$work/harness.html" >/dev/null
}

# By itself: what it says in the console, and what it asks the network for.
alone() {
	: >browser.log
	run_browser --enable-logging=stderr --v=0 --log-net-log="$work/net.json" --net-log-capture-mode=Everything \
		--virtual-time-budget=4000 --dump-dom "file://$1" >/dev/null
	grep ':CONSOLE' browser.log && fail "$1: something in the console"
	[ -s net.json ] || fail "$1: no log of the network"
	# what the browser asks for itself has no origin
	grep -o '"initiator":"[^"]*".*"url":"\(https\?\|wss\?\|ftp\):[^"]*"' net.json | grep -v '"initiator":"not an origin"' |
		sort -u >asked
	[ ! -s asked ] || fail "$1 asks the network: $(head -n 3 asked)"
}

# The look must see what is wrong: a report that asks for a picture, is too wide, and lost its points.
see_wrong() {
	sed -e 's|<h1>|<img src="http://127.0.0.1:9/x.png"><p style="width:2000px;background:#ccc;color:#bbb">wide</p><script>console.error(1)</script><h1>|' \
		-e 's|default-src .none.|default-src *|' -e 's|data-points="[0-9]*"|data-points="99999"|' "$1" >wrong.html
	failed=0
	{
		alone "$work/wrong.html"
		look "$work/wrong.html" 360 light
	} >wrong.log
	for what in 'asks the network' 'the page is' 'contrast' 'marks for' 'has a IMG' 'something in the console'; do
		grep -q "$what" wrong.log || echo "not seen: $what"
	done >unseen
	failed=0
	[ ! -s unseen ] || fail "$(cat unseen)"
}

reports=("$@")
if [ $# -gt 0 ]; then
	cd "$OLDPWD" && mapfile -t reports < <(realpath -- "$@") && cd "$work" || exit 1
else
	make_runs
	see_wrong "$work/model/report.html"
fi
# On paper: all of it, without what only a screen can open.
print() {
	run_browser --no-pdf-header-footer --print-to-pdf="$work/printed.pdf" "file://$1" >/dev/null
	head -c 5 printed.pdf | grep -q '^%PDF-' || {
		fail "$1 is not printed"
		return
	}
	command -v pdftotext >/dev/null || return
	pdftotext -layout printed.pdf printed.txt
	says printed.txt 'What came of it'
	says printed.txt 'inconclusive'
	! grep -q 'Numbers of this picture' printed.txt || fail "$1: numbers of pictures on paper"
	rm printed.pdf
}

for r in "${reports[@]}"; do
	[ -s "$r" ] || {
		fail "no $r"
		continue
	}
	alone "$r"
	print "$r"
	for scheme in light dark; do
		look "$r" 360 $scheme
		look "$r" 1600 $scheme
	done
done
exit $failed
