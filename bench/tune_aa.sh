#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# False alarms of `slabscope tune` on this machine: tunings of 32 settings that are all the same (a toggle of failure
# injection, which is off), without the model, so that all of them go through the rounds and the luckiest is confirmed.
# Each must end in keep-default; at 95 % about 1 in 40 does not. By processor time, which a busy computer disturbs less
# than time. Writes results/bench/tune_aa.csv (or $1): a row for each tuning.
#
# $2: first seed (1); $3: how many (20). About half a minute each on an idle CPU.
set -eu
cd "$(dirname "$0")/.."
bin=${SLABSCOPE_BIN:-./slabscope}
out=${1:-results/bench/tune_aa.csv}
first=${2:-1}
n=${3:-20}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir -p "$(dirname "$out")"
echo 'seed,verdict,ratio,low,high,pairs' >"$out"
i=$first
while [ "$i" -lt $((first + n)) ]; do
	"$bin" tune --json --quiet --hardware-only --vary fail_nth=100-131 --workload hot-header --n 16 --object-size 512 \
		--objective time.cpu_ns_per_op --collect time --duration-ms 5 --seed $((i * 1000)) --out "$dir/$i" >"$dir/json"
	awk -v seed="$i" -F'"' '
		/"verdict":/ && !verdict { verdict = $4 }
		/"(ratio|low|high|pairs)":/ && !($2 in v) { x = $3; gsub(/[^-+.0-9e]/, "", x); v[$2] = x }
		END { printf "%d,%s,%s,%s,%s,%s\n", seed, verdict, v["ratio"], v["low"], v["high"], v["pairs"] }' "$dir/json" |
		tee -a "$out"
	rm -rf "${dir:?}/$i"
	i=$((i + 1))
done
