#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Does tools/include_check.sh see each kind of include that points the wrong way, and let the right ones pass? One row
# per case: file, what it includes, 0 allowed or 1 refused.
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
failed=0 cases=0
while read -r file include want; do
	[ -n "$file" ] || continue
	cases=$((cases + 1))
	rm -rf "${dir:?}"/*
	mkdir -p "$dir/$(dirname "$file")"
	printf '#include <stdio.h>\n#include "%s"\n' "$include" >"$dir/$file"
	sh "$top/tools/include_check.sh" "$dir" >"$dir/out" 2>&1
	got=$?
	if [ $got != "$want" ]; then
		echo "$file including $include: exit $got, expected $want"
		failed=1
	elif [ "$want" = 1 ] && ! grep -q "^$file:2: .*$include" "$dir/out"; then
		echo "$file including $include: refused without naming file and line:"
		cat "$dir/out"
		failed=1
	fi
done <<END
lib/a.c lib/b.h 0
lib/a.h engine/b.h 1
lib/a.c workloads/b.h 1
lib/a.c cli/b.h 1
engine/a.c lib/b.h 0
engine/a.c engine/b.h 0
engine/a.h workloads/b.h 1
engine/a.c collectors/b.h 1
engine/a.c cli/b.h 1
engine/sub/a.c cli/b.h 1
workloads/a.c engine/b.h 0
workloads/a.c collectors/b.h 0
workloads/a.def cli/b.h 1
collectors/a.c workloads/b.h 0
collectors/model/a.c cli/b.h 1
cli/a.c collectors/b.h 0
cli/a.c cli/b.h 0
cli/a.c tests/b.h 1
tests/a.c cli/b.h 0
bench/a.c engine/b.h 0
lib/a.c b.h 1
engine/a.c ../cli/b.h 1
engine/a.c lib/../cli/b.h 1
engine/a.c nowhere/b.h 1
END
echo "$cases cases"
exit $failed
