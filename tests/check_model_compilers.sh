#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The model's build with the other compiler (clang beside gcc, gcc beside clang): its constructs, its view of the
# engine, and the workloads once with each: the misses of the same loads must agree within 0.1 %. References differ by design
# (tests/model/constructs.def); misses must not.
#
# SLABSCOPE_OUT, CC and MAKE come from make; without them the release build is taken.
set -eu
cd "$(dirname "$0")/.."
CC=${CC:-gcc} MAKE=${MAKE:-make} out=${SLABSCOPE_OUT:-build/release} variant=${SLABSCOPE_VARIANT:-release}
case $CC in *clang*) other=gcc ;; *) other=clang ;; esac
if ! command -v $other >/dev/null; then
	echo "there is no $other: only $CC was tested (package $other)"
	exit 77
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mk() {
	MAKEFLAGS='' "$MAKE" --no-print-directory DEPS=off VARIANT="$variant" "$@" >"$dir/log" 2>&1 || { cat "$dir/log" && return 1; }
}

there=$out/other/$variant
mk -j2 CC="$other" BUILD="$out/other" "$there/tests/model_hooks" "$there/tests/model_engine" "$there/tests/model_load"
mk -j2 CC="$CC" BUILD="$(dirname "$out")" "$out/tests/model_load"
"$there/tests/model_hooks"
"$there/tests/model_engine"

target='l1d=32K/8/64:lru,l2=1M/8/64:lru'
failed=0
# agree WORKLOAD N OPTIONS. Frames below L1: by address, a heap that begins elsewhere would already make a difference.
agree() {
	local what
	for what in a b; do
		if [ $what = a ]; then prog=$out; else prog=$there; fi
		"$prog/tests/model_load" --target "$target" --frames random "$@" >"$dir/$what" || { failed=1 && return; }
	done
	paste -d, "$dir/a" "$dir/b" | awk -F, -v load="$*" '
		$1 == "refs" || $1 ~ /^l[12].*misses$/ {
			far = $2 > $4 ? $2 - $4 : $4 - $2
			most = $2 > $4 ? $2 : $4
			off = most ? 100 * far / most : 0
			printf "%s: %s %d and %d, %.4f %%\n", load, $1, $2, $4, off
			if ($1 == "refs" && (!$2 || !$4)) bad = 1
			if ($1 != "refs" && off > 0.1) bad = 1
			seen++
		}
		END { exit bad || seen != 3 }' || failed=1
}
agree hot-header 500000 'n=20000 access=chase pattern=random object_size=256'
agree hot-header 500000 'n=40000 access=rmw pattern=random lines=2 object_size=192'
agree hot-header 500000 'n=20000 access=load pattern=in-order'
agree churn 300000 'n=20000 lifetime=random touch=auto object_size=256'
agree churn 300000 'n=20000 lifetime=pareto touch=1 object_size=512 burst=64'
agree churn 300000 'n=20000 lifetime=fifo touch=2 object_size=128 burst=500'
agree churn 60000 'n=20000 lifetime=lifo touch=auto object_size=1024 burst=2000'
exit $failed
