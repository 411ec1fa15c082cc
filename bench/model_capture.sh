#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The modelled machine end to end: references per second against cachegrind's for the same geometry, and time against the
# same program as it is. Lines of measure,value,unit,against,ratio on standard output; what they are made of on standard
# error. Times are CPU seconds of the loads themselves, without start and set-up; the programs take turns, and the least
# of all rounds counts, since what else runs here only ever adds. cachegrind's references are those to data, of N operations
# minus none; it also simulates the instruction cache, which ours does not. `hooks_off` is the instrumented program with
# nothing simulated: a call for each reference that returns at once. It bounds what simulating faster could bring.
#
#	bench/model_capture.sh [ROUNDS]
#
# BUILD and VARIANT as for make. Without valgrind the comparison with cachegrind is left out, and said so.
set -eu
cd "$(dirname "$0")/.."
out=${BUILD:-build}/${VARIANT:-release}
rounds=${1:-5}
[ -x "$out/tests/model_load" ] && [ -x "$out/tests/model_plain" ] || {
	echo "bench: no $out/tests/model_load: run 'make model-tests' first" >&2
	exit 1
}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
small='l1d=32K/8/64:lru,l2=1M/8/64:lru'
full=zen4
have_grind=1
command -v valgrind >/dev/null || have_grind=0
[ $have_grind = 1 ] || echo "bench: no valgrind (package valgrind): nothing is compared with cachegrind" >&2

# keep KEY: seconds of a program's output, remembered if they are the least so far
keep() {
	local now
	now=$(sed -n 's/^seconds,//p' "$dir/out")
	[ -n "$now" ] || { cat "$dir/out" >&2 && return 1; }
	if [ ! -e "$dir/$1" ] || awk "BEGIN { exit !($now < $(cat "$dir/$1")) }"; then echo "$now" >"$dir/$1"; fi
}
plain() { "$out/tests/model_plain" "${load[@]}" >"$dir/out" && keep plain; }
model() {
	local key=$1
	shift
	"$out/tests/model_load" "$@" "${load[@]}" >"$dir/out" && keep "$key"
	sed -n 's/^refs,//p' "$dir/out" >"$dir/$key.refs"
}
# Data references of cachegrind, and (rounds) its time
grind() {
	valgrind --tool=cachegrind --cache-sim=yes --cachegrind-out-file=/dev/null --I1=32768,8,64 --D1=32768,8,64 \
		--LL=1048576,8,64 "$out/tests/model_plain" "$@" 2>"$dir/err" >"$dir/out"
	sed -n 's/,//g; s/.*D  *refs: *\([0-9]*\).*/\1/p' "$dir/err"
}

# say MEASURE VALUE UNIT AGAINST RATIO, the last two as awk expressions
say() { awk "BEGIN { printf \"%s,%.4g,%s,%s,%.3f\n\", \"$1\", $2, \"$3\", \"$4\", $5 }"; }

# measure NAME WORK N [OPTIONS]
measure() {
	local name=$1 i refs none=0 grind_refs=0 native
	shift
	load=("$@")
	rm -f "$dir"/*
	[ $have_grind = 0 ] || { load0=("$@") && load0[1]=0 && none=$(grind "${load0[@]}"); }
	for ((i = 0; i < rounds; i++)); do
		plain
		model off
		model small --target "$small"
		model full --target "$full"
		model details --target "$full" --details
		if [ $have_grind = 1 ]; then
			grind_refs=$(grind "${load[@]}")
			keep grind
		fi
	done
	refs=$(cat "$dir/small.refs") native=$(cat "$dir/plain")
	echo "$name (${load[*]}): $refs references; CPU seconds, least of $rounds: native $native, hooks off $(cat "$dir/off")," \
		"L1+LL $(cat "$dir/small"), $full $(cat "$dir/full"), with details $(cat "$dir/details")" \
		"${grind_refs:+, cachegrind $(cat "$dir/grind" 2>/dev/null) for $((grind_refs - none)) references}" >&2
	if [ $have_grind = 1 ]; then
		say "capture.$name.l1_ll" "$refs / $(cat "$dir/small") / 1e6" Mrefs/s "cachegrind: references per second" \
			"($refs / $(cat "$dir/small")) / (($grind_refs - $none) / $(cat "$dir/grind"))"
		say "capture.$name.l1_ll_time" "$(cat "$dir/small")" s "cachegrind: its time over ours" \
			"$(cat "$dir/grind") / $(cat "$dir/small")"
		say "capture.$name.hooks_off_time" "$(cat "$dir/off")" s "cachegrind: its time over ours" \
			"$(cat "$dir/grind") / $(cat "$dir/off")"
	fi
	say "capture.$name.hooks_off" "$(cat "$dir/off")" s "native time: slowdown" "$(cat "$dir/off") / $native"
	say "capture.$name.l1_ll_slowdown" "$(cat "$dir/small")" s "native time: slowdown" "$(cat "$dir/small") / $native"
	say "capture.$name.full" "$refs / $(cat "$dir/full") / 1e6" Mrefs/s "native time: slowdown" "$(cat "$dir/full") / $native"
	say "capture.$name.full_details" "$refs / $(cat "$dir/details") / 1e6" Mrefs/s "native time: slowdown" \
		"$(cat "$dir/details") / $native"
}
measure slab slab 2000000
measure hot hot 10000000
measure random random 1000000
measure churn churn 600000 'n=20000 lifetime=random touch=auto object_size=256'
measure hot_header hot-header 1000000 'n=20000 access=chase pattern=random object_size=256'
