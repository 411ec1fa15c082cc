#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# make demo: examples/demo.ini on this machine; tables here, the rest in results/demo/report.html.
# A minute or two.
set -eu
cd "$(dirname "$0")/.."
slabscope=${SLABSCOPE_BIN:-./slabscope}
out=${1:-results/demo}

"$slabscope" run examples/demo.ini --out "$out" --force >/dev/null
echo
"$slabscope" stat "$out" --experiment cliff --across colour
echo
"$slabscope" stat "$out" --experiment caches --across variant --baseline variant=off
echo
"$slabscope" stat "$out" --experiment churn --across variant --baseline variant=off
echo
echo "cliff: ns per visit; it climbs where n is above L1 ways x colours."
echo "caches, churn: time as a ratio to colouring off; below 1 is faster. Where the classic rule has no colours for a"
echo "size, or too few for the objects that are hot, 1 is the true answer."
echo
echo "All of it with intervals: $slabscope stat $out"
report=$("$slabscope" report "$out")
echo "Verdicts, reasons and pictures, to be opened with a browser:"
echo "  $report"
