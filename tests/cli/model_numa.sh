#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# 64 modelled CPUs on 4 nodes: producers and consumers (pc), and live sets that strangers free from (remote), under every
# placement policy, with and without alien caches. Whose frees are remote is known beforehand, to the unit; where fills
# come from, and what alien caches save, must go in the direction that it has to.
# shellcheck source=tests/cli/common.inc
. "$(dirname "$0")/common.inc"

if [ ! -x "$(dirname "$(readlink -f "$bin")")/slabscope-model" ]; then
	echo "there is no slabscope-model beside $bin"
	exit 77
fi

policies=(local bind preferred interleave-page interleave-object weighted farthest)
all=$(printf '%s,' "${policies[@]}")
# caches that a live set does not fit into: what is on the way is in memory, not in the other's cache
machine=l1d=4K/4/64:lru,l2=64K/16/64:lru:shared=16,cpus=64,nodes=4

# both LOAD FOLDER OPTIONS...: each policy, with and without alien caches
both() {
	local load=$1 folder=$2
	shift 2
	expect 0 run -c model --target $machine --workload "$load" --workers 64 --object-size 256 --touch 2 --placement "${all%,}" \
		"$@" --alien on,off --launches 1 --seed 7 --allow-debug on -q -o "$folder"
}
measure() {
	both pc "pc$1" --pairs node,other --batch 64 --depth 128 --ops 128 --warmup-ops 64
	both remote "remote$1" --n 100 --share 50 --pairs other --ops 100 --warmup-ops 100
}

# lines FOLDER: "LABEL METRIC VALUE" of the model, whole trials; commas of a label become blanks
lines() {
	awk '/,model\./ && match($0, /^[^,]*,[^,]*,[^,]*,[^,]*,("[^"]*"|[^,]*),/) {
		head = substr($0, 1, RLENGTH - 1)
		sub(/^[^,]*,[^,]*,[^,]*,[^,]*,/, "", head)
		gsub(/"/, "", head)
		gsub(/,/, "+", head)
		split(substr($0, RLENGTH + 1), f, ",")
		if (f[7] == -1)
			print head, f[1], f[2]
	}' "$1/samples.csv"
}
declare -A value
# of FOLDER LABEL METRIC
of() {
	echo "${value["$1 $2 model.$3"]-}"
}
is() {
	awk -v a="$1" -v b="$3" "BEGIN { exit !(a != \"\" && b != \"\" && a + 0 $2 b + 0) }" || fail "$4: not $1 $2 $3"
}
# of the fills from memory, the part that came from the CPU's own node
local_share() {
	awk -v l="$(of "$1" "$2" local_fills)" -v r="$(of "$1" "$2" remote_fills)" 'BEGIN { print l / (l + r) }'
}
# how often the lock of a node's lists was taken to move objects
list_locks() {
	local frees
	case $2 in *alien=on*) frees=$(of "$1" "$2" slab_alien_overflow) ;; *) frees=$(of "$1" "$2" slab_remote_frees) ;; esac
	echo $(($(of "$1" "$2" slab_refills) + $(of "$1" "$2" slab_flushes) + frees))
}

measure ''
measure .again
for load in pc remote; do
	[ -e $load/samples.csv ] && [ -e $load.again/samples.csv ] || exit 1
	for run in $load $load.again; do
		grep ',model,' "$run/samples.csv" | sort >"$run.rows"
	done
	[ -s $load.rows ] || fail "no rows of the model in $load"
	cmp -s $load.rows $load.again.rows || fail "$load differs in two runs: $(diff $load.rows $load.again.rows | head -n 3)"
	grep ',trial.status,' $load/samples.csv | grep -v ',trial.status,0,1,ok,' >bad
	[ ! -s bad ] || fail "not good: $(head -n 1 bad)"
	while read -r label metric v; do
		value["$load $label $metric"]=$v
	done < <(lines $load)
done

# ---- whose frees are remote: 32 consumers of 128 objects; 64 workers that free 50 of their partner's and 50 of their own ----
for a in on off; do
	is "$(of pc "placement=local+pairs=node+alien=$a" slab_remote_frees)" == 0 'frees on the node'
	is "$(of pc "placement=local+pairs=other+alien=$a" slab_remote_frees)" == 4096 'every consumer is on another node'
	is "$(of pc "placement=farthest+pairs=node+alien=$a" slab_remote_frees)" == 4096 'nothing is at home'
	for p in bind preferred; do
		is "$(of pc "placement=$p+pairs=node+alien=$a" slab_remote_frees)" == 3072 'node 0 has a quarter of the consumers'
		is "$(of remote "placement=$p+alien=$a" slab_remote_frees)" == 4800 'node 0 has a quarter of the workers'
	done
	is "$(of remote "placement=local+alien=$a" slab_remote_frees)" == 3200 "the partner's half"
done

# ---- where fills come from ----
for a in on off; do
	near=placement=local+pairs=node+alien=$a mixed=placement=interleave-page+pairs=node+alien=$a
	far=placement=farthest+pairs=node+alien=$a
	is "$(local_share pc "$near")" '>' 0.9 'own memory, partner on the node'
	is "$(local_share pc "$far")" '<' 0.15 'the farthest memory, but for what the workers have of their own'
	is "$(local_share pc "$mixed")" '>' "$(local_share pc "$far")" 'a quarter lies on the node'
	is "$(local_share pc "$mixed")" '<' 0.4 'and three quarters do not'
	# the consumer's half of the fills cannot be local as well
	is "$(local_share pc "placement=local+pairs=other+alien=$a")" '<' 0.5 'own memory, partner elsewhere'
	is "$(of pc "placement=farthest+pairs=node+alien=$a" traffic_0_3)" '>' "$(of pc "$near" traffic_0_3)" 'node 0 to the farthest'
	for p in "${policies[@]:1}"; do
		is "$(local_share remote "placement=local+alien=$a")" '>' "$(local_share remote "placement=$p+alien=$a")" "local against $p"
		is "$(local_share remote "placement=farthest+alien=$a")" '<=' "$(local_share remote "placement=$p+alien=$a")" "farthest against $p"
	done
done

# ---- what alien caches do ----
for p in "${policies[@]}"; do
	for l in "pc placement=$p+pairs=other" "remote placement=$p"; do
		set -- "${l% *}" "${l#* }"
		is "$(of "$1" "$2+alien=off" l1d_misses_alien)" '<' 10 "$l: alien caches unused"
		is "$(of "$1" "$2+alien=on" l1d_misses_alien)" '>' 100 "$l: alien caches in use"
		is "$(of "$1" "$2+alien=off" slab_alien_overflow)" == 0 "$l: none overflows"
		# a batch goes home under one lock instead of each object under its own
		is "$(($(list_locks "$1" "$2+alien=on") * 4))" '<' "$(list_locks "$1" "$2+alien=off")" "$l: locks of lists"
	done
done
# without: the header, the index and the lists of the owner's node are written from here, each time
for l in 'pc placement=local+pairs=other' 'remote placement=local'; do
	set -- "${l% *}" "${l#* }"
	is "$(of "$1" "$2+alien=on" remote_fills)" '<' "$(of "$1" "$2+alien=off" remote_fills)" "$l: remote fills"
	is "$(of "$1" "$2+alien=on" cache_remote)" '<' "$(of "$1" "$2+alien=off" cache_remote)" "$l: lines from other nodes' caches"
	is "$(of "$1" "$2+alien=on" l1d_misses)" '<' "$(of "$1" "$2+alien=off" l1d_misses)" "$l: misses"
done
exit $failed
