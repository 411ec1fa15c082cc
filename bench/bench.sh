#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `make bench`: the engine's fast path against malloc; a table on the terminal, and
# results/bench/engine-short.csv (load,object_size,allocator,version,ns_min,ns_median,rounds).
# BUILD and VARIANT as for make; BENCH_ARGS goes to the program (--rounds N --pairs N).
set -eu
cd "$(dirname "$0")/.."
prog=${BUILD:-build}/${VARIANT:-release}/bench_bench_engine
if [ ! -x "$prog" ]; then
	echo "bench: no $prog: run 'make benches' first" >&2
	exit 1
fi
mkdir -p results/bench
# shellcheck disable=SC2086 # BENCH_ARGS is words
"$prog" --csv results/bench/engine-short.csv ${BENCH_ARGS-}
echo "written: results/bench/engine-short.csv"
