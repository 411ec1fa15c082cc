#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# 4, 16 and 64 CPUs of a modelled machine with 64 CPUs on 4 nodes. Loads on a worker's own objects: locks taken and lines
# fetched from other nodes, per operation, must not grow against 4. Frees of others' objects: what they cost, with
# and without alien caches.
# shellcheck source=tests/cli/common.inc
. "$(dirname "$0")/common.inc"

if [ ! -x "$(dirname "$(readlink -f "$bin")")/slabscope-model" ]; then
	echo "there is no slabscope-model beside $bin"
	exit 77
fi

# private caches that a live set does not fit into: what a CPU has does not depend on how many there are
machine=l1d=32K/8/64:lru,l2=64K/16/64:lru,cpus=64,nodes=4

# measure FOLDER WORKLOAD OPTIONS...
measure() {
	local folder=$1 load=$2
	shift 2
	expect 0 run -c model --target $machine --workload "$load" --workers 4,16,64 --launches 1 --seed 7 --ops 1200 \
		--warmup-ops 1200 --model-chunk 600 --allow-debug on -q -o "$folder" "$@"
	[ -e "$folder/samples.csv" ] || exit 1
	grep ',trial.status,' "$folder/samples.csv" | grep -v ',trial.status,0,1,ok,' >bad
	[ ! -s bad ] || fail "not good: $(head -n 1 bad)"
}

# of FOLDER LABEL METRIC: the whole trial's value
of() {
	awk -v want="$2" -v metric="$3" 'match($0, /^[^,]*,[^,]*,[^,]*,[^,]*,("[^"]*"|[^,]*),/) {
		head = substr($0, 1, RLENGTH - 1)
		sub(/^[^,]*,[^,]*,[^,]*,[^,]*,/, "", head)
		gsub(/"/, "", head)
		split(substr($0, RLENGTH + 1), f, ",")
		if (head == want && f[1] == metric && f[7] == -1)
			print f[2]
	}' "$1/samples.csv"
}
is() {
	awk -v a="$1" -v b="$3" "BEGIN { exit !(a != \"\" && b != \"\" && a + 0 $2 b + 0) }" || fail "$4: not $1 $2 $3"
}
scaled() {
	awk -v v="$1" -v by="$2" 'BEGIN { if (v != "") print v * by }'
}

# flat FOLDER [OTHER SETTING]: locks as with 4 CPUs, within a fifth; remote fills at most a fifth above
flat() {
	local other=${2:+,$2} at l4 l r4 r all
	l4=$(of "$1" "workers=4$other" model.slab_lock_acquisitions_per_op)
	r4=$(of "$1" "workers=4$other" model.remote_fills_per_op)
	is "$l4" '>' 0 "$1$other: locks at 4 CPUs"
	for at in 16 64; do
		l=$(of "$1" "workers=$at$other" model.slab_lock_acquisitions_per_op)
		r=$(of "$1" "workers=$at$other" model.remote_fills_per_op)
		all=$(of "$1" "workers=$at$other" model.local_fills_per_op)
		echo "$1$other: $at CPUs against 4: locks $l against $l4, remote fills $r against $r4, local $all, per operation"
		is "$l" '>=' "$(scaled "$l4" 0.8)" "$1$other: locks at $at CPUs"
		is "$l" '<=' "$(scaled "$l4" 1.2)" "$1$other: locks at $at CPUs"
		# a few lines of the harness and of the cache's head; shared by more CPUs they come from caches nearby
		is "$r" '<=' "$(scaled "$r4" 1.2)" "$1$other: remote fills at $at CPUs"
		is "$r" '<' "$(scaled "$all" 0.05)" "$1$other: remote fills at $at CPUs"
		is "$(of "$1" "workers=$at$other" model.slab_remote_frees)" == 0 "$1$other: own objects"
	done
}

measure churn churn --n 500 --burst 400
measure fast batch --n 400 --profile fast
measure threadtest threadtest --n 400 --object-size 256 --free-limit auto,1000000
measure batch batch --n 400 --free-limit auto,1000000
flat churn
flat fast
flat threadtest free_limit=1000000
flat batch free_limit=1000000

# The kernel's rule lets a node keep as many free objects as its CPUs, in use or not, have batches. When 16 workers free
# their 400 at once that is little, and empty slabs go and come, a few locks each time. A limit of one's own ends that.
for load in threadtest batch; do
	is "$(of $load workers=64,free_limit=auto model.slab_grown)" '>' 500 "$load: slabs that come"
	is "$(of $load workers=64,free_limit=1000000 model.slab_grown)" == 0 "$load: slabs that stay"
	is "$(of $load workers=64,free_limit=auto model.slab_lock_acquisitions)" '>' \
		"$(scaled "$(of $load workers=64,free_limit=1000000 model.slab_lock_acquisitions)" 2)" "$load: locks to grow"
done

# half of the objects are freed by a worker on another node
measure remote remote --n 100 --share 50 --pairs other --alien on,off
for w in 4 16 64; do
	on=workers=$w,alien=on off=workers=$w,alien=off
	for m in slab_lock_acquisitions_per_op remote_fills_per_op l1d_misses_per_op; do
		echo "remote frees, $w CPUs: $m $(of remote $on model.$m) with alien caches, $(of remote $off model.$m) without"
	done
	is "$(of remote $on model.slab_remote_frees)" == $((w * 600)) 'the half of them'
	is "$(of remote $off model.slab_remote_frees)" == $((w * 600)) 'the half of them'
	# one lock each time either way; but whose, and what is under it, is at home with alien caches
	is "$(of remote $off model.slab_lock_acquisitions)" '>=' $((w * 600)) 'each takes a lock'
	is "$(of remote $on model.slab_lock_acquisitions)" '>=' $((w * 600)) 'each takes a lock'
	is "$(of remote $on model.remote_fills)" '<' "$(scaled "$(of remote $off model.remote_fills)" 0.7)" "remote fills at $w CPUs"
	is "$(of remote $on model.l1d_misses)" '<' "$(of remote $off model.l1d_misses)" "misses at $w CPUs"
done
exit $failed
