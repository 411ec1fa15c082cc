#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `make bench`: the engine against its peers: tables with intervals, on the terminal and in results/bench/engine.txt, and
# results/bench/engine.csv (load,object_size,allocator,version,ns_min,ns_median,rounds). Then programs on it:
# bench/preload.sh. Then the modelled machine: results/bench/model.csv (measure,value,unit,against,ratio), a part from
# each bench/model_*.sh and each program of bench/model_*.c, which print such lines.
# BUILD and VARIANT as for make; BENCH_ARGS goes to the program (--rounds N --load NAME and so on). BENCH_ONLY=engine or
# BENCH_ONLY=model leaves the other out.
set -eu
cd "$(dirname "$0")/.."
prog=${BUILD:-build}/${VARIANT:-release}/bench_bench_engine
if [ ! -x "$prog" ]; then
	echo "bench: no $prog: run 'make benches' first" >&2
	exit 1
fi
mkdir -p results/bench
if [ "${BENCH_ONLY:-engine}" = engine ]; then
	echo "bench: the engine against its peers, a minute or two for 7 rounds"
	# shellcheck disable=SC2086 # BENCH_ARGS is words
	"$prog" --csv results/bench/engine.csv ${BENCH_ARGS-} >results/bench/engine.txt.new
	mv results/bench/engine.txt.new results/bench/engine.txt
	cat results/bench/engine.txt
	echo "written: results/bench/engine.csv, engine.txt"
	bash bench/preload.sh
fi
[ "${BENCH_ONLY:-model}" = model ] || exit 0

csv=results/bench/model.csv
echo measure,value,unit,against,ratio >"$csv.new"
: >"$csv.parts"
for part in bench/model_*.sh; do
	bash "$part" >>"$csv.parts"
done
for part in bench/model_*.c; do
	part=${part#bench/}
	"${BUILD:-build}/${VARIANT:-release}/bench_${part%.c}" >>"$csv.parts"
done
grep -v '^measure,' "$csv.parts" >>"$csv.new"
rm "$csv.parts"
mv "$csv.new" "$csv"
cat "$csv"
echo "written: $csv"
