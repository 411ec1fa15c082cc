#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Installs into an empty folder, then builds and runs a small program against nothing but what was installed: with the
# shared and with the static library, its flags from pkg-config. At the end uninstall must leave no file.
#
# SLABSCOPE_VARIANT, CC and MAKE come from make; without them the release build is taken.
set -eu
cd "$(dirname "$0")/.."
CC=${CC:-gcc} MAKE=${MAKE:-make}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
dest=$dir/dest prefix=/opt/slab
mk() { MAKEFLAGS='' "$MAKE" --no-print-directory -s DEPS=off VARIANT="${SLABSCOPE_VARIANT:-release}" CC="$CC" DESTDIR="$dest" \
	PREFIX=$prefix "$@"; }
mk install >"$dir/log" 2>&1 || { cat "$dir/log"; exit 1; }

root=$dest$prefix
for f in bin/slabscope lib/libslabscope.a lib/libslabscope.so lib/libslabscope.so.0 lib/pkgconfig/slabscope.pc \
	include/slabscope/kmem_cache.h share/slabscope/data/slabinfo/slub-6.18-x86_64-2cpu.txt \
	share/slabscope/events/quantities.csv share/slabscope/events/generic.csv share/slabscope/events/groups.ini \
	share/man/man1/slabscope.1; do
	[ -e "$root/$f" ] || { echo "not installed: $f"; exit 1; }
done
# the program of modelled trials, found from where the other one was installed
case ${SLABSCOPE_VARIANT:-release} in
release | debug)
	[ -x "$root/libexec/slabscope/slabscope-model" ] || { echo "not installed: slabscope-model"; exit 1; }
	(cd "$dir" && "$root/bin/slabscope" run -c model --target l1d=32K/8/64:lru --n 16 --ops 1000 --launches 1 --allow-debug on -q \
		-o modelled >/dev/null) || { echo "the installed slabscope cannot start slabscope-model"; exit 1; }
	grep -q ',model.l1d_misses,' "$dir/modelled/samples.csv" || { echo "no misses of the installed model"; exit 1; }
	;;
esac
if grep -nE '#include "' "$root"/include/slabscope/*.h; then
	echo "an installed header includes by a path of the source tree"
	exit 1
fi
"$root/bin/slabscope" --version
# the demo's data, plots and examples must come from what was installed, not from the source tree
(cd "$dir" && "$root/bin/slabscope" list >/dev/null)

cat >"$dir/user.c" <<'END'
#include <slabscope/kmem_cache.h>
#include <stdio.h>

int main(void)
{
	struct kmem_system_config config = { 0 };
	struct kmem_system *system;
	struct kmem_cache *cache;
	struct err e = { "" };
	void *object[100];
	int i;

	if (kmem_system_create(&system, &config, &e) ||
	    kmem_cache_create(system, "user", 200, NULL, NULL, &cache, &e)) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	for (i = 0; i < 100; i++) {
		object[i] = kmem_cache_alloc(cache, 0);
		if (!object[i])
			return 1;
		memset(object[i], i, 200);
	}
	for (i = 0; i < 100; i++) {
		if (*(unsigned char *)object[i] != i)
			return 1;
		kmem_cache_free(cache, object[i]);
	}
	if (kmem_cache_check(cache, &e) || kmem_cache_destroy(cache, &e) || kmem_system_destroy(system, &e)) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	puts("100 objects");
	return 0;
}
END
export PKG_CONFIG_PATH=$root/lib/pkgconfig
pc() { ${PKG_CONFIG:-pkg-config} --define-variable=prefix="$root" "$@" slabscope; }
[ "$(pc --modversion)" = "$(sed -n 's/^VERSION := //p' Makefile)" ] || { echo "slabscope.pc has another version"; exit 1; }
# ours static, hwloc shared: a static hwloc needs libraries of its own that are no part of this
# shellcheck disable=SC2046
{
	$CC -Wall -Wextra -Werror -O2 $(pc --cflags) "$dir/user.c" -o "$dir/shared" $(pc --libs)
	$CC -Wall -Wextra -Werror -O2 $(pc --cflags) "$dir/user.c" -o "$dir/static" -L"$root/lib" -l:libslabscope.a \
		$(${PKG_CONFIG:-pkg-config} --libs hwloc) -pthread -ldl -lm
}
LD_LIBRARY_PATH=$root/lib "$dir/shared"
"$dir/static"
readelf -d "$dir/shared" | grep -q 'NEEDED.*libslabscope\.so\.0' || { echo "no soname"; exit 1; }
if readelf -d "$dir/static" | grep -q libslabscope; then
	echo "the static program needs the shared library"
	exit 1
fi
if command -v g++ >/dev/null; then
	# shellcheck disable=SC2046
	printf '#include <slabscope/kmem_cache.h>\nint main() { return 0; }\n' |
		g++ -Wall -fsyntax-only $(pc --cflags) -x c++ - || { echo "the headers are not for C++"; exit 1; }
fi
mk uninstall
left=$(find "$dest" ! -type d)
[ -z "$left" ] || { echo "uninstall left: $left"; exit 1; }
