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
shift 2
# It notes something for each page of a reservation: of the engine's usual hundreds of GiB for minutes, and gigabytes.
# Where address space is short the engine reserves less. In a guest it has all of it.
ulimit -S -v 6000000
for q in "$name" "$name-static" "$GUEST_CACHE/qemu-user/usr/bin/$name-static"; do
	have "$q" && exec "$q" -L "$sysroot" "$@"
done
(ulimit -v unlimited 2>/dev/null; tests/guest/fetch.sh qemu-user) || skip qemu-user-static "$name"
exec "$GUEST_CACHE/qemu-user/usr/bin/$name-static" -L "$sysroot" "$@"
