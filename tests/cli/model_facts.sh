#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the model finds by itself, with the engine and the workloads as they are: the cliff at n = ways x colours; colours
# that move in step with the pages of a big cache; headers that heat one set, and what each setting does about it.
# shellcheck source=tests/cli/common.inc
. "$(dirname "$0")/common.inc"

if [ ! -x "$(dirname "$(readlink -f "$bin")")/slabscope-model" ]; then
	echo "there is no slabscope-model beside $bin"
	exit 77
fi
run=(run -c model --launches 1 --allow-debug on --seed 5 --ops 5000 -q)

# rows FOLDER METRIC: "config value" of the whole trial, a line for each config
rows() {
	grep -F ",model.$2," "$1/samples.csv" | sed "s/^[^,]*,[^,]*,[^,]*,[^,]*,\(.*\),model\.$2,\([^,]*\),.*/\1 \2/; s/^\"\(.*\)\"/\1/; s/\"//g"
}
# of FOLDER CONFIG METRIC
of() { rows "$1" "$3" | awk -v c="$2" '$1 == c { print $2; exit }'; }
is() {
	awk -v a="$1" -v b="$3" "BEGIN { exit !(a != \"\" && b != \"\" && a + 0 $2 b + 0) }" || fail "$4: not $1 $2 $3"
}

# ---- the cliff ----
# One line of an object in each slab, slabs a multiple of the way's size apart: all in `colours` sets. With x objects more
# than fit (0 <= x <= colours) x sets have a line too many, and under LRU with visits in order miss all of their ways + 1.
cliff() {
	local target=$1 level=$2 ways=$3 size=$4 order=$5 colours=$6 n more=

	n=$((ways * colours))
	[ "$colours" = 1 ] || more=$((n + 1)),
	expect 0 "${run[@]}" --target "$target" --object-size "$size" --order "$order" --mgmt on --colour-slack object \
		--colour "$colours" --pattern in-order --n "$n,$more$((n + colours))" -o cliff
	grep -q ",effective.colour,$colours," cliff/samples.csv || fail "$size bytes: not $colours colours"
	rows cliff "${level}_misses_per_op" | awk -v n=$n -v w="$ways" -v c="$colours" -v say="$level of $target, $size bytes, $colours colours" '
		{
			at = substr($1, 3) + 0
			want = (at - n) * (w + 1) / at
			# The last round through the objects may not be a whole one. What the step itself reads once may lie in one
			# of the sets: there each line misses once more, and that once again.
			if ($2 < want - 0.02 || $2 > want + 0.02 || (at == n && $2 * 5000 > 2 * (w + 1))) {
				printf "FAIL: %s: %s misses per visit of %d objects, not %.4f\n", say, $2, at, want
				bad = 1
			}
			seen++
		}
		END { exit bad || seen != (c == 1 ? 2 : 3) }' || fail "the cliff of $level, $size bytes, $colours colours"
	rm -rf cliff
}
for colours in 1 2 3 5 8; do
	for object in '512 0' '4096 1'; do
		# shellcheck disable=SC2086
		{
			cliff l1d=32K/8/64:lru,l2=64K/16/64:lru l1d 8 $object $colours
			cliff l1d=48K/12/64:lru,l2=80K/20/64:lru l2 20 $object $colours
		}
	done
	cliff l1d=48K/12/64:lru l1d 12 512 0 $colours
	cliff l1d=32K/8/64:lru,l2=64K/16/64:lru l2 16 512 0 $colours
done

# ---- colours in step with pages: 2048 sets of L2 are 32 pages of 4 KiB, or 16 of 8 KiB ----
l2=(--target l1d=32K/8/64:lru,l2=1M/8/64:lru --object-size 512 --mgmt on --colour-slack object --pattern in-order --n 1008)
expect 0 "${run[@]}" "${l2[@]}" --order 1 --colour 64,63 -o steps
is "$(of steps colour=64 l2_sets_used)" '<' 80 'sets of L2 that 64 colours use' # 64, and a few that are not objects
is "$(of steps colour=64 l2_misses_per_op)" '>' 0.999 '64 colours'
is "$(of steps colour=63 l2_sets_used)" '>' 1000 'sets of L2 that 63 colours use'
is "$(of steps colour=63 l2_misses_per_op)" == 0 '63 colours'
expect 0 "${run[@]}" "${l2[@]}" --colour 32,31 -o steps0
is "$(of steps0 colour=32 l2_sets_used)" '<' 48 'sets of L2 that 32 colours use'
is "$(of steps0 colour=32 l2_misses_per_op)" '>' 0.999 '32 colours'
is "$(of steps0 colour=31 l2_sets_used)" '>' 980 'sets of L2 that 31 colours use'
is "$(of steps0 colour=31 l2_misses_per_op)" == 0 '31 colours'
# the same 64 colours in another sequence do as well
expect 0 "${run[@]}" "${l2[@]}" --order 1 --colour 64 --colour-seq random -o random
is "$(of random default l2_misses_per_op)" '<' 0.3 '64 colours in random order'

# ---- headers on uncoloured slabs: one set is hot. Colour for objects alone leaves it so ----
headers() {
	local name=$1

	shift
	expect 0 "${run[@]}" --ops 20000 --target l1d=32K/8/64:lru --workload churn --n 1500 --object-size 512 --burst 200 "$@" -o "$name"
}
headers plain --mgmt on --colour off
headers objects --mgmt on --colour-header off --colour-slack object --colour 8
headers both --mgmt on --colour-header on --colour-slack object --colour 8
headers off --mgmt off --colour off
for h in plain objects; do
	is "$(of $h default l1d_header_miss_sets)" == 1 "$h: sets that headers miss in"
	is "$(of $h default l1d_header_hot_set)" == 0 "$h: which one"
	is "$(of $h default l1d_sets_max_share)" '>' 0.4 "$h: its share of all misses"
done
is "$(of both default l1d_header_miss_sets)" '>' 4 'sets of coloured headers'
is "$(of both default l1d_sets_max_share)" '<' 0.2 'the hottest set with coloured headers'
is "$(of both default l1d_misses_header)" '<' "$(of plain default l1d_misses_header)" 'misses of coloured headers'
is "$(of off default l1d_header_miss_sets)" '>' 20 'sets of headers off the slab'
is "$(of off default l1d_sets_max_share)" '<' 0.1 'the hottest set with headers off the slab'
is "$(of off default l1d_misses_header)" '<' "$(($(of plain default l1d_misses_header) / 2))" 'misses of headers off the slab'
is "$(of off default l1d_misses)" '<' "$(($(of plain default l1d_misses) * 9 / 10))" 'all misses with headers off the slab'
exit $failed
