#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Whole programs against cachegrind: the same loads, as they are under cachegrind and instrumented on our machine of the
# same geometry. Misses of N rounds less those of none must agree within 0.1 % (L1 and LL); references need not, since
# cachegrind counts the stack, spills and libc. Skipped where there is no valgrind.
#
# churn is allowed 2 %: it lives at the edge of L1, where each line that is always in use and that only one of the two sees
# (stack, constants) costs the others about a 512th of L1.
#
# SLABSCOPE_OUT, CC and MAKE come from make; without them the release build is taken.
set -eu
cd "$(dirname "$0")/.."
CC=${CC:-gcc} MAKE=${MAKE:-make} out=${SLABSCOPE_OUT:-build/release}
if ! command -v valgrind >/dev/null; then
	echo "there is no valgrind (package valgrind)"
	exit 77
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
MAKEFLAGS='' "$MAKE" --no-print-directory DEPS=off CC="$CC" VARIANT="${SLABSCOPE_VARIANT:-release}" \
	BUILD="$(dirname "$out")" "$out/tests/model_load" "$out/tests/model_plain" >"$dir/log" 2>&1 || { cat "$dir/log" && exit 1; }

# without what debuggers want: valgrind 3.19 gives up on clang 14's
strip -g -o "$dir/model_plain" "$out/tests/model_plain"

# "L1 LL" misses of data, reads and writes; always in the same environment, since its size moves the stack. A rig that cannot be run there is a failure, not a skip.
grind() {
	(cd "$dir" && env -i PATH="$PATH" LC_ALL=C valgrind --tool=cachegrind --cache-sim=yes --cachegrind-out-file=/dev/null \
		--I1=32768,8,64 --D1=32768,8,64 --LL=1048576,8,64 ./model_plain "$@") 2>"$dir/err" >/dev/null || { cat "$dir/err" >&2 && return 1; }
	sed -n 's/,//g; s/.*D1  *misses: *\([0-9]*\).*/\1/p; s/.*LLd  *misses: *\([0-9]*\).*/\1/p' "$dir/err" | xargs
}
ours() {
	"$out/tests/model_load" --target 'l1d=32K/8/64:lru,l2=1M/8/64:lru' "$@" >"$dir/out" || return 1
	sed -n 's/^l1d.misses,//p; s/^l2.misses,//p' "$dir/out" | xargs
}

failed=0
# compare PERCENT NAME N [OPTIONS]
compare() {
	local most=$1 name=$2 n=$3 g0 g1 o0 o1
	shift 3
	# N and no N are as wide: a longer argument moves the stack, and with it what the set-up misses (1000 in 3500000)
	g1=$(grind "$name" "$(printf %08d "$n")" "$@") && g0=$(grind "$name" 00000000 "$@") && o1=$(ours "$name" "$n" "$@") && o0=$(ours "$name" 0 "$@") ||
		{ failed=1 && return; }
	echo "$g1 $g0 $o1 $o0" | awk -v most="$most" -v load="$name $n $*" '
		function is(level, theirs, ours) {
			off = theirs ? 100 * (ours - theirs) / theirs : 100
			printf "%s: %s misses %d, cachegrind %d, %+.4f %%\n", load, level, ours, theirs, off
			return off > most || off < -most
		}
		NF != 8 { print load ": no counts: " $0; exit 1 }
		{ bad = is("L1", $1 - $3, $5 - $7); bad = is("LL", $2 - $4, $6 - $8) || bad; exit bad }' || failed=1
}
compare 0.1 walk 100
compare 0.1 random 400000
compare 0.1 slab 2000000
compare 0.1 hot-header 400000 'n=20000 access=chase pattern=random object_size=256'
compare 0.1 hot-header 400000 'n=40000 access=rmw pattern=random lines=2 object_size=192'
compare 2 churn 200000 'n=20000 lifetime=random touch=auto object_size=256'
exit $failed
