#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# bench/predict on a summary that is known: correlations by hand, ties, a config that was not measured, damaged input.
set -eu
cd "$(dirname "$0")/.."
CC=${CC:-gcc} MAKE=${MAKE:-make} out=${SLABSCOPE_OUT:-build/release}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
MAKEFLAGS='' "$MAKE" --no-print-directory DEPS=off CC="$CC" VARIANT="${SLABSCOPE_VARIANT:-release}" \
	BUILD="$(dirname "$out")" "$out/bench_predict" >"$dir/log" 2>&1 || { cat "$dir/log" && exit 1; }
fail() {
	echo "FAIL: $1" >&2
	cat "$dir/out" "$dir/err" >&2
	exit 1
}
predict() { "$out/bench_predict" "$@" >"$dir/out" 2>"$dir/err"; }

# row LABEL MODELLED LEAST MEDIAN
row() {
	printf 'main,0,"%s",model.memory_time_per_op,ns,model,exact,3,%s,,,,0,0\n' "$1" "$2"
	printf 'main,0,"%s",time.ns_per_op,ns,clock,exact,3,77,,,,77,77\n' "$1"
	printf 'main,0,"%s",time.cpu_ns_per_op,ns,kernel,exact,3,%s,,,,%s,99\n' "$1" "$4" "$3"
}
{
	echo '# slabscope summary 3'
	echo experiment,config,label,metric,unit,source,state,n,median,lo,hi,confidence,min,max
	row 'n=1,access=load' 1 1 4
	row 'n=2,access=load' 1 2 3
	row 'n=3,access=load' 3 3 2
	row 'n=1,access=chase' 10 10 10
	row 'n=2,access=chase' 20 30 30
	row 'n=3,access=chase' 30 20 30
	echo 'main,0,"n=4,access=chase",model.memory_time_per_op,ns,model,unavailable,0,,,,,,'
	echo 'main,0,"n=4,access=chase",time.cpu_ns_per_op,ns,kernel,exact,1,5,,,,5,5'
} >"$dir/summary.csv"

predict --csv "$dir/csv" --worst 1 "$dir/summary.csv" || fail "a good summary"
# ranks 1.5 1.5 3 against 1 2 3: 1.5 / sqrt(1.5 * 2); backwards: -1.5 / sqrt(1.5 * 2)
grep -Eq '^access=load +3 +0\.866 +-0\.866$' "$dir/out" || fail "load"
# 1 2 3 against 1 3 2; 1 2 3 against 1 2.5 2.5
grep -Eq '^access=chase +3 +0\.500 +0\.866$' "$dir/out" || fail "chase"
# 1.5 1.5 3 4 5 6 against 1 2 3 4 6 5: 16 / sqrt(17 * 17.5)
grep -Eq '^all +6 +0\.928 ' "$dir/out" || fail "all"
grep -q 'n=4,access=chase: not both' "$dir/err" || fail "a config that was not modelled"
grep -q '^"n=3,access=chase",access=chase,30,20,30,6.0,5.0$' "$dir/csv" || fail "csv"
[ "$(wc -l <"$dir/csv")" = 7 ] || fail "rows of csv"
predict --by n "$dir/summary.csv" || fail "--by"
grep -Eq '^n=2 +2 +1\.000 ' "$dir/out" || fail "by n"

! predict || fail "no arguments"
! predict --what 1 "$dir/summary.csv" || fail "an option that is not there"
! predict "$dir/none.csv" || fail "no file"
: >"$dir/empty.csv"
! predict "$dir/empty.csv" || fail "an empty file"
grep -q 'empty' "$dir/err" || fail "an empty file is told"
sed 's/,median,/,middle,/' "$dir/summary.csv" >"$dir/bad.csv"
! predict "$dir/bad.csv" || fail "no column"
grep -q "no column 'median'" "$dir/err" || fail "a column is told"
{ cat "$dir/summary.csv" && echo main,0,short; } >"$dir/bad.csv"
! predict "$dir/bad.csv" || fail "a short row"
echo "ok: predict"
