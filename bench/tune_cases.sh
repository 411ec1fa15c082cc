#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# How good and how cheap the search of `slabscope tune` is: in 12 cases (object size, workload, target) every setting of
# a grid is tried on the model, and then tune searches the same grid. Writes results/bench/tune.csv (or $1):
#
#	points		settings of the grid that differ in what they come to
#	optimum, pick	objective of the best one and of tune's pick, as ratios to what stands
#	above		by how much the pick misses the optimum
#	*_cpu		processor seconds, of everything that each of the two started
#	share		tune_cpu / exhaustive_cpu
#
# $2: a pattern that a case's name has to match. A case takes half a minute on an idle CPU.
set -eu
cd "$(dirname "$0")/.."
bin=${SLABSCOPE_BIN:-./slabscope}
out=${1:-results/bench/tune.csv}
only=${2:-.}
mkdir -p "$(dirname "$out")"
grid='--vary colour_slack=none,object,order --vary colour=auto,0 --vary colour_off=auto,128 --vary colour_seq=sequential,odd
	--vary order=auto,0,1,2,3 --vary mgmt=auto,on,off --vary colour_header=on,off --vary stride_pad=0,64
	--vary limit=auto,20,30,80,160,240'

# number NAME: the first number under that name in the JSON on standard input; null is NaN
number() {
	sed -n "s/.*\"$1\": \\([-+0-9.eE]*\\|null\\),\\{0,1\\}\$/\\1/p" | head -n 1
}

run() {
	# shellcheck disable=SC2086
	"$bin" tune --json --quiet --model-only --no-sensitivity $grid "$@"
}

# one NAME OPTION...: a case
one() {
	name=$1
	shift
	echo "$name" | grep -q -e "$only" || return 0
	all=$(run --exhaustive "$@")
	tuned=$(run "$@")
	pick=$(echo "$tuned" | number ratio)
	[ "$(echo "$tuned" | grep -c '"verdict": "change"')" = 1 ] || pick=1
	echo "$name $(echo "$all" | number points) $(echo "$all" | number least_ratio) $pick \
		$(echo "$all" | number cpu_seconds) $(echo "$tuned" | number cpu_seconds) \
		$(echo "$tuned" | number trials) $(echo "$tuned" | number brief_trials)" |
		awk '{ printf "%s,%d,%.6g,%.6g,%.4f%%,%.2f,%.2f,%.3f,%d,%d\n", $1, $2, $3, $4, ($4 / $3 - 1) * 100, $5, $6, $6 / $5, $7, $8 }' |
		tee -a "$out"
}

echo 'case,points,optimum,pick,above,exhaustive_cpu,tune_cpu,share,trials,brief_trials' >"$out"
hot='--workload hot-header --ops 20000'
churn='--workload churn --ops 20000'
# shellcheck disable=SC2086
{
	one hot-256-zen4 $hot --n 256 --object-size 256 --target zen4
	one hot-512-zen4 $hot --n 64 --object-size 512 --target zen4
	one hot-1024-skylake-sp $hot --n 128 --object-size 1024 --lines 2 --target skylake-sp
	one hot-192-pentium4 $hot --n 40 --object-size 192 --target pentium4
	one hot-320-neoverse-n1 $hot --n 300 --object-size 320 --target neoverse-n1
	one hot-2048-icelake $hot --n 96 --object-size 2048 --target icelake
	one churn-96-zen4 $churn --n 600 --object-size 96 --target zen4
	one churn-512-zen4 $churn --n 200 --object-size 512 --target zen4
	one churn-256-core2 $churn --n 400 --object-size 256 --touch 2 --target core2
	one churn-192-skylake-sp $churn --n 1000 --object-size 192 --target skylake-sp
	one churn-1024-opteron-250 $churn --n 150 --object-size 1024 --target opteron-250
	one churn-128-neoverse-n1 $churn --n 500 --object-size 128 --lifetime fifo --target neoverse-n1
}
