#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Packs a guest's files: busybox, our programs and the shared libraries that they name.
#
#	tests/guest/initramfs.sh OUT ARCH STEPS FILE...
#
# OUT is the file made; STEPS becomes /guest/steps; each FILE (a program or a script) goes to /guest/. CC, STRIP: the
# compiler and strip of ARCH; CC says where libraries are.
. tests/guest/common.sh

out=$1 arch=$2 steps=$3
shift 3
root=$out.d
bb=$GUEST_CACHE/busybox-$arch/bin/busybox
rm -rf "$root"
mkdir -p "$root/bin" "$root/guest" "$root/lib" "$root/lib64" || exit 1
[ -x "$bb" ] || skip busybox-static "busybox for $arch"
cp "$bb" "$root/bin/busybox"
cp tests/guest/init "$root/init"
chmod 755 "$root/init"
cp "$steps" "$root/guest/steps"

needed() { readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'; }
# The interpreter lies where the programs say, everything else in /lib.
library() {
	[ ! -e "$root/lib/$1" ] || return 0
	from=$($CC -print-file-name="$1")
	[ -f "$from" ] || from=$(ldconfig -p 2>/dev/null | sed -n "s|.*[[:space:]]$1 .*=> ||p" | head -n 1)
	[ -f "$from" ] || die "the library $1 for $arch is nowhere"
	cp -L "$from" "$root/lib/$1"
	for lib in $(needed "$root/lib/$1"); do library "$lib"; done
}

for file; do
	cp "$file" "$root/guest/"
	case $file in *.sh) continue ;; esac
	for lib in $(needed "$file"); do library "$lib"; done
	# opened by the program itself, so no header names it
	case $file in */slabscope) library libpfm.so.4 ;; esac
	at=$(readelf -l "$file" | sed -n 's/.*interpreter: \(.*\)\]/\1/p')
	[ -z "$at" ] || [ -e "$root$at" ] || [ -L "$root$at" ] || {
		library "${at##*/}"
		mkdir -p "$root${at%/*}"
		[ "$at" = "/lib/${at##*/}" ] || ln -s "/lib/${at##*/}" "$root$at"
	}
	"$STRIP" "$root/guest/${file##*/}" || skip binutils "$STRIP"
done
host=$GUEST_CACHE/busybox-$(host_arch)/bin/busybox
# not compressed: unpacking would be emulated
(cd "$root" && find . | "$host" cpio -o -H newc 2>/dev/null) >"$out" || exit 1
rm -rf "$root"
