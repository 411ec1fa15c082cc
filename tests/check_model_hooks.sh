#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The model's build with the compiler of this build: what is made seen of each construct of C, and of the engine. Then the
# constructs once more with flags of the caller that ask for what would not be seen (vectors of 32 bytes). The tests'
# names, and what a failure means, are in tests/model/.
#
# SLABSCOPE_OUT, CC and MAKE come from make; without them the release build is taken.
set -eu
cd "$(dirname "$0")/.."
CC=${CC:-gcc} MAKE=${MAKE:-make} out=${SLABSCOPE_OUT:-build/release}
variant=${SLABSCOPE_VARIANT:-release}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
mk() {
	MAKEFLAGS='' "$MAKE" --no-print-directory DEPS=off CC="$CC" VARIANT="$variant" "$@" >"$log" 2>&1 || { cat "$log" && return 1; }
}

mk BUILD="$(dirname "$out")" "$out/tests/model_hooks" "$out/tests/model_engine"
"$out/tests/model_hooks"
"$out/tests/model_engine"

case $("$CC" -dumpmachine) in
x86_64-*) flags='-O3 -mavx2' ;;
*) flags='-O3' ;;
esac
echo "with CFLAGS='$flags':"
CFLAGS=$flags mk BUILD="$out/wide" "$out/wide/$variant/tests/model_hooks"
"$out/wide/$variant/tests/model_hooks"
