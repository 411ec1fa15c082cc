#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every workload that is listed, with its defaults: as one thread and as two, from the engine and from malloc, and its steps on
# a modelled machine; verified, and with no operation too few.
# shellcheck source=tests/cli/common.inc
. "$(dirname "$0")/common.inc"

expect 0 list workloads
# replay wants a trace and command a program, and both have tests of their own
names=$(awk '/^  [a-z]/ && $1 != "replay" && $1 != "command" { print $1 }' out)
[ "$(echo "$names" | wc -l)" -gt 15 ] || fail "few workloads: $names"
workers=1,2
[ "$(nproc)" -gt 1 ] || workers=1
model=
[ ! -x "$(dirname "$(readlink -f "$bin")")/slabscope-model" ] || model=y
target=l1d=16K/8/64:lru,l2=128K/8/64:lru,cpus=4,nodes=2

# good FOLDER TRIALS: so many, and all of them whole and right
good() {
	local n
	n=$(grep -c ',trial.status,0,1,ok,' "$1/samples.csv")
	[ "$n" = "$2" ] || fail "$1: $n good trials, not $2: $(grep ',trial.status,' "$1/samples.csv" | head -n 2)"
}

for w in $names; do
	expect 0 run --workload "$w" --workers $workers --allocator slab,malloc --ops 3000 --warmup-ops 1000 --launches 1 \
		--collect time --allow-debug on -q -o "$w"
	good "$w" $(($(echo $workers | tr , '\n' | wc -l) * 2))
	[ -n "$model" ] || continue
	expect 0 run --workload "$w" --workers 4 -c model --target $target --ops 600 --warmup-ops 200 --launches 1 --allow-debug on \
		-q -o "$w.model"
	good "$w.model" 1
done

# what frag alone can see: half of the slabs of 15 objects keep one of the twentieth that stays, and with 128 nearly all do
expect 0 run --workload frag --order 0,3 --n 20000 --ops 40000 --warmup-ops 0 --launches 1 --collect time --allow-debug on -q -o frag.orders
least() {
	awk -F, -v o="order=$1" '$5 == o && $6 == "frag.utilisation_least" { print $7 }' frag.orders/samples.csv
}
awk -v a="$(least 0)" -v b="$(least 3)" 'BEGIN { exit !(b > 0.04 && b < 0.06 && a > 1.5 * b && a < 0.12) }' ||
	fail "utilisation at its least: order 0 $(least 0), order 3 $(least 3)"
grep -q 'frag.utilisation_least,,1,unavailable,.*allocator=slab' frag/samples.csv || fail "malloc says what it holds"

# a pair that does not come about is refused with what would help, before or in the trial
expect 1 run --workload pc --workers 1 --pairs other --ops 10 --launches 1 --collect time --allow-debug on -q -o refused
grep -q 'use an even number' refused/samples.csv err || fail "no reason: $(cat err)"
exit $failed
