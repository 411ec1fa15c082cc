#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs inside a guest: whole trials with every placement from every node, and what their samples say against what must
# be. The last line is "N checks, N failed".
nodes=$(find /sys/devices/system/node -name 'node[0-9]*' -maxdepth 1 | wc -l)
weights=3:1:2:2
[ "$nodes" = 4 ] || weights=3:1

# The samples of one run, read twice: every metric of each placement, and then what is expected of them. Programs cost
# more than anything else here, so it is one.
look() {
	awk -F, -v from="$1" -v to="$2" -v nodes="$nodes" -v weights="$weights" \
		-v distance="$(cat "/sys/devices/system/node/node$1/distance")" '
	function check(what, is, expected) {
		checked++
		if (is != expected) failed++
		printf "%s trial: %s from node %d: %s is %s, expected %s\n", is == expected ? "ok" : "FAIL", name, from, what,
			is == "" ? "nothing" : is, expected
	}
	# all pages are on node n
	function all_on(n) {
		check("pages on node " n, value[name, "numa.node" n], value[name, "numa.pages_total"])
		check("predicted share of remote accesses", value[name, "numa.remote_share"], n == from ? 0 : 1)
	}
	# Objects of the own node of a worker are used again from its queue, others wait in alien arrays: fewer slabs are
	# grown at home, the more so object by object. That they come in turn is for `policies` to see.
	function shares(tolerance, weight,    i, sum, s) {
		for (i = 0; i < nodes; i++) sum += weight[i]
		for (i = 0; i < nodes; i++) {
			s = value[name, "numa.node" i] * sum / weight[i] / value[name, "numa.pages_total"]
			check("its part of the pages on node " i, s > 1 - tolerance && s < 1 + tolerance ? "as asked" : s " of it", "as asked")
		}
	}
	BEGIN {
		n = split(distance, far, " ")
		best = from == 0 ? 2 : 1 # the farthest: by distance, then by number
		for (i = 1; i <= n; i++) if (i - 1 != from && far[i] >= far[best]) best = i
		split(weights, w, ":")
		for (i = 0; i < nodes; i++) { weighted[i] = w[i + 1]; even[i] = 1 }
	}
	$12 == -1 && $9 == "exact" { p = $5; sub("placement=", "", p); if (!((p, $6) in value)) value[p, $6] = $7 }
	$6 == "trial.status" { p = $5; sub("placement=", "", p); state[p] = $9 }
	END {
		names = split("local bind preferred farthest interleave-page interleave-object weighted", all, " ")
		for (k = 1; k <= names; k++) {
			name = all[k]
			check("the state", state[name], "ok")
			check("nodes that we emulate", value[name, "effective.emulated"], 0)
			check("nodes", value[name, "effective.nodes"], nodes)
			check("the share of pages on an asked node", value[name, "numa.placement"], 1)
			check("pages of which numa_maps says something else", value[name, "numa.maps_differ"], 0)
			if (name == "local") all_on(from)
			if (name == "bind" || name == "preferred") all_on(to)
			if (name == "farthest") all_on(best - 1)
			if (name == "interleave-page") shares(0.2, even)
			if (name == "interleave-object") shares(0.5, even)
			if (name == "weighted") shares(0.9, weighted) # an even split would be 2
		}
		printf "%d %d\n", checked, failed
	}' r/samples.csv
}

checked=0 failed=0 from=0
while [ $from -lt "$nodes" ]; do
	to=$(((from + 1) % nodes))
	rm -rf r
	slabscope run --workload churn --n 2400 --ops 2400 --warmup-ops 2400 --launches 1 --repeats 0 \
		--cpus "$(sed 's/[-,].*//' /sys/devices/system/node/node$from/cpulist)" --collect slabinfo,numa \
		--placement local,bind,preferred,farthest,interleave-page,interleave-object,weighted --place-node $to \
		--place-weights $weights -o r >log 2>&1 || cat log
	look $from $to >looked
	sed '$d' looked
	# shellcheck disable=SC2046
	set -- $(tail -n 1 looked)
	checked=$((checked + $1)) failed=$((failed + $2)) from=$((from + 1))
done
echo "$checked checks, $failed failed"
[ $failed = 0 ] && [ $checked -gt 0 ]
