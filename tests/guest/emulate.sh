#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs a program of another architecture under qemu-user: this machine's, or one that is fetched.
#
#	tests/guest/emulate.sh aarch64-linux-gnu SYSROOT PROGRAM ARGUMENT...
#
# Exit code 77: there is none.
. tests/guest/common.sh

name=qemu-${1%%-*} sysroot=$2
cached=$GUEST_CACHE/qemu-user-${1%%-*}/usr/bin/$name-static
shift 2
# It notes something for each page of a reservation: of the engine's usual hundreds of GiB for minutes, and gigabytes.
# Where there is so much address space only, the engine reserves less. In a guest it has all of it.
space=4G
for q in "$name" "$name-static" "$cached"; do
	have "$q" && exec "$q" -R $space -L "$sysroot" "$@"
done
tests/guest/fetch.sh qemu-user "${name#qemu-}" || skip qemu-user-static "$name"
exec "$cached" -R $space -L "$sysroot" "$@"
