#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Whole programs against cachegrind: the same loads, as they are under cachegrind and instrumented on our machine of the
# same geometry. Misses of N rounds less those of none must agree within 0.1 % (L1 and LL); references need not, since
# cachegrind counts the stack, spills and libc. Skipped where there is no valgrind.
#
# Not so churn, which lives at the edge of L1: each line that only cachegrind sees costs the others some of their room. There
# both get the same references: lackey's trace of the program, without what no hook sees (the stack, the program's and the
# libraries' tables), through `slabscope model`.
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
	BUILD="$(dirname "$out")" "$out/slabscope" "$out/tests/model_load" "$out/tests/model_plain" >"$dir/log" 2>&1 || { cat "$dir/log" && exit 1; }

# without what debuggers want: valgrind 3.19 gives up on clang 14's
strip -g -o "$dir/model_plain" "$out/tests/model_plain"

target='l1d=32K/8/64:lru,l2=1M/8/64:lru'

# "L1 LL" misses of data, reads and writes; always in the same environment, since its size moves the stack. A rig that cannot be run there is a failure, not a skip.
grind() {
	(cd "$dir" && env -i PATH="$PATH" LC_ALL=C valgrind --tool=cachegrind --cache-sim=yes --cachegrind-out-file=/dev/null \
		--I1=32768,8,64 --D1=32768,8,64 --LL=1048576,8,64 ./model_plain "$@") 2>"$dir/err" >/dev/null || { cat "$dir/err" >&2 && return 1; }
	sed -n 's/,//g; s/.*D1  *misses: *\([0-9]*\).*/\1/p; s/.*LLd  *misses: *\([0-9]*\).*/\1/p' "$dir/err" | xargs
}
ours() {
	"$out/tests/model_load" --target "$target" "$@" >"$dir/out" || return 1
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

# The rounds of a load as lackey sees them; what lies below 4 GiB is the program (but for the thread's variable), then the
# stack. Both begin with empty caches.
traced() {
	(cd "$dir" && env -i PATH="$PATH" LC_ALL=C valgrind --tool=lackey --trace-mem=yes --basic-counts=no --log-fd=9 \
		./model_plain "$@" 9>&1 >plain.out 2>err | awk '/^ L 0*300000001,1/ { on = 0 } on && !/^I/; /^ L 0*300000000,1/ { on = 1 }' >rounds) || return 1
	thread=$(sed -n 's/^thread,//p' "$dir/plain.out")
	[ -n "$thread" ] || { cat "$dir/err" >&2 && return 1; }
	awk -v thread="${thread%?}" '{ at = $2; sub(",.*", "", at); sub("^0+", "", at); keep = substr(at, 1, length(at) - 1) == thread }
		keep || (length(at) > 8 && at !~ /^1ff/)' "$dir/rounds" |
		"$out/slabscope" model --target "$target" --format lackey --trace - --csv >"$dir/out" || return 1
	sed -n 's/^l1d,[0-9]*,\([0-9]*\),.*/\1/p; s/^l2,[0-9]*,\([0-9]*\),.*/\1/p' "$dir/out" | xargs
}
# same PERCENT NAME N [OPTIONS]
same() {
	local most=$1 t o

	shift
	t=$(traced "$@") && o=$(ours "$@") || { failed=1 && return; }
	echo "$t $o" | awk -v most="$most" -v load="$*" '
		function is(level, theirs, ours) {
			off = theirs ? 100 * (ours - theirs) / theirs : 100
			printf "%s: %s misses %d, of the trace %d, %+.4f %%\n", load, level, ours, theirs, off
			return off > most || off < -most
		}
		NF != 4 { print load ": no counts: " $0; exit 1 }
		{ bad = is("L1", $1, $3); bad = is("LL", $2, $4) || bad; exit bad }' || failed=1
}
same 0.1 churn 20000 'n=3000 lifetime=random touch=auto object_size=256'
exit $failed
