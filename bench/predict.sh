#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `make predict`: does modelled memory time order configs as measured time does? hot-header over a grid that spans L1 and
# its cliff (n = ways x colours), L2, the TLBs, and as far beyond as the pages of 16384 objects reach; on this machine,
# with the target `host`. A table on the terminal, results/bench/predict.csv, and a scatter, results/bench/predict.svg,
# where gnuplot is there.
#
#	bench/predict.sh [LAUNCHES]
#
# Each launch has a seed of its own, so page frames that decide sets below L1 are drawn anew (`random`) and the model's
# figure is a median over them. BUILD and VARIANT as for make; PREDICT_TARGET in place of host; PREDICT_ARGS goes to
# `slabscope run` (say, "--n 8,64 --seed 5").
set -eu
cd "$(dirname "$0")/.."
out=${BUILD:-build}/${VARIANT:-release}
launches=${1:-5}
[ -x "$out/bench_predict" ] || {
	echo "predict: no $out/bench_predict: run 'make predict'" >&2
	exit 1
}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir -p results/bench
# objects of 1 KiB, three to a page (order 0) or seven to two (order 1), the room of one more for 16 colours of a line
# shellcheck disable=SC2086 # PREDICT_ARGS is words
"$out/slabscope" run --workload hot-header --object-size 1024 --hwcache-align --colour-slack object \
	--colour 1,4,16 --n 8,48,96,384,1024,2048,4096,8192,16384 --order 0,1 --access load,chase \
	--collect time,model --target "${PREDICT_TARGET:-host}" --model-frames random --duration-ms 30 \
	--launches "$launches" -q --out "$dir/run" ${PREDICT_ARGS-} >/dev/null
"$out/slabscope" stat "$dir/run" >/dev/null
"$out/bench_predict" --csv results/bench/predict.csv "$dir/run/summary.csv"
echo "written: results/bench/predict.csv"
command -v gnuplot >/dev/null || {
	echo "no gnuplot (package gnuplot-nox): no picture"
	exit 0
}
gnuplot -e "set terminal svg size 720,520 font 'sans,11'; set output 'results/bench/predict.svg'" plots/scatter.gp
echo "written: results/bench/predict.svg"
