#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs inside a guest: whole trials with every placement, and what their samples say against what must be. The last line
# is "N checks, N failed".
checked=0 failed=0
nodes=$(find /sys/devices/system/node -name 'node[0-9]*' -maxdepth 1 | wc -l)

check() { # WHAT IS EXPECTED
	checked=$((checked + 1))
	word=ok
	[ "$2" = "$3" ] || { word=FAIL && failed=$((failed + 1)); }
	echo "$word trial: $1 is ${2:-nothing}, expected $3"
}
# value METRIC: of the whole trial
value() { awk -F, -v m="$1" '$6 == m && $12 == -1 && $9 == "exact" { print $7; exit }' r/samples.csv; }
# The node that the kernel calls farthest from $1 (or nearest but itself, with "near")
by_distance() {
	awk -v n="$1" -v near="${2:-}" '{ for (i = 1; i <= NF; i++) if (i - 1 != n) {
		if (best == "" || (near ? $i < best : $i >= best)) { best = $i; at = i - 1 } } } END { print at }' \
		"/sys/devices/system/node/node$1/distance"
}
trial() {
	name=$*
	rm -rf r
	slabscope run --workload churn --n 2400 --ops 2400 --warmup-ops 2400 --launches 1 --repeats 0 --cpus "$cpu" \
		--collect slabinfo,numa "$@" -o r >log 2>&1 || cat log
	check "$name: the state" "$(awk -F, '$6 == "trial.status" { print $9 }' r/samples.csv)" ok
	check "$name: nodes that we emulate" "$(value effective.emulated)" 0
	check "$name: nodes" "$(value effective.nodes)" "$nodes"
	check "$name: the share of pages on an asked node" "$(value numa.placement)" 1
	check "$name: pages of which numa_maps says something else" "$(value numa.maps_differ)" 0
}
# all pages are on node $1
all_on() {
	check "$name: pages on node $1" "$(value "numa.node$1")" "$(value numa.pages_total)"
	check "$name: predicted share of remote accesses" "$(value numa.remote_share)" "$([ "$1" = "$from" ] && echo 0 || echo 1)"
}

from=0
while [ $from -lt "$nodes" ]; do
	cpu=$(sed 's/[-,].*//' /sys/devices/system/node/node$from/cpulist)
	to=$(((from + 1) % nodes))
	trial --placement local && all_on $from
	trial --placement bind --place-node $to && all_on $to
	trial --placement preferred --place-node $to && all_on $to
	trial --placement farthest && all_on "$(by_distance $from)"
	for p in page object; do
		trial --placement interleave-$p
		i=0
		while [ $i -lt "$nodes" ]; do
			# Objects of the worker's own node are used again from its queue, others wait in alien arrays: fewer
			# slabs are grown at home, the more so object by object. That they come in turn is `policies`' to see.
			check "interleave-$p from node $from: node $i has its share of the pages" "$(awk -v a="$(value numa.node$i)" \
				-v t="$(value numa.pages_total)" -v n="$nodes" -v p=$p 'BEGIN { s = a * n / t; d = p == "page" ? 0.2 : 0.5; print (s > 1 - d && s < 1 + d ? "yes" : s) }')" yes
			i=$((i + 1))
		done
	done
	from=$((from + 1))
done
echo "$checked checks, $failed failed"
[ $failed = 0 ] && [ $checked -gt 0 ]
