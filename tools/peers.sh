#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The allocators that the engine is measured against: installs their packages where it may, and builds the plug-in of the
# one whose calls are inline (DPDK). Each is optional: what cannot be had is said, and left out. Never fails.
#
#	tools/peers.sh BUILD OUT	plug-ins go to OUT/peers, what is unpacked to BUILD/peers
#
# Package names differ in the number of their ABI, so they are looked for. DPDK's headers are in a package that would
# bring 200 others; where it is not installed it is only unpacked. DEPS=off: nothing is installed or fetched.
set -u
cd "$(dirname "$0")/.." || exit 0
build=$1 out=$2
CC=${CC:-gcc}

have() { ldconfig -p | grep -q "$1"; }

# missing LIBRARY PATTERN: the package that brings it, if it is not here
missing() {
	have "$1" && return
	package=$(apt-cache search --names-only "$2" 2>/dev/null | cut -d' ' -f1 | sort -V | tail -n 1)
	if [ -n "$package" ]; then
		packages="$packages $package"
	else
		echo "peers: nothing brings $1" >&2
	fi
}

packages=
if [ "${DEPS:-on}" != off ] && command -v apt-get >/dev/null; then
	missing libjemalloc.so.2 '^libjemalloc2$'
	missing libtcmalloc_minimal.so.4 '^libtcmalloc-minimal4(t64)?$'
	missing libmimalloc.so '^libmimalloc[0-9.]+$'
	missing libtbbmalloc.so.2 '^libtbbmalloc2$'
	missing libglib-2.0.so.0 '^libglib2.0-0(t64)?$'
	missing librte_mempool.so '^librte-mempool[0-9]+$'
	find /usr/lib -name 'librte_mempool_ring.so.*' 2>/dev/null | grep -q . ||
		missing librte_mempool_ring.so '^librte-mempool-ring[0-9]+$'
fi
if [ -n "$packages" ]; then
	as_root=
	if [ "$(id -u)" = 0 ]; then
		as_root=env
	elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
		as_root="sudo -n env"
	fi
	# shellcheck disable=SC2086
	[ -n "$as_root" ] && $as_root DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 install -y \
		--no-install-recommends $packages >&2 ||
		echo "peers: left out; to have them: apt-get install -y --no-install-recommends$packages" >&2
fi

# ---- DPDK's plug-in ----

dev=
if ! pkg-config --exists libdpdk 2>/dev/null; then
	dev=$build/peers/dpdk
	if [ ! -d "$dev" ] && [ "${DEPS:-on}" != off ]; then
		mkdir -p "$build/peers"
		(cd "$build/peers" && apt-get -q download libdpdk-dev && dpkg-deb -x libdpdk-dev_*.deb dpdk) >/dev/null 2>&1
		rm -f "$build"/peers/libdpdk-dev_*.deb
	fi
fi
if [ -n "$dev" ] && [ ! -d "$dev" ]; then
	echo "peers: no DPDK: its headers (libdpdk-dev) are not here" >&2
	exit 0
fi
if [ -n "$dev" ]; then
	flags=$(find "$dev" -name rte_mempool.h -o -name rte_config.h | sed 's|/[^/]*$||; s|^|-isystem |')
	libs=
	for lib in mempool ring eal; do
		# the link names the file with the ABI's number, which the packages above have
		libs="$libs -l:$(readlink "$(find "$dev" -name librte_$lib.so)")"
	done
else
	flags=$(pkg-config --cflags libdpdk)
	libs="-lrte_mempool -lrte_ring -lrte_eal"
fi
mkdir -p "$out/peers"
# shellcheck disable=SC2086
$CC -std=gnu11 -Wall -Wextra -O2 -g -I. -D_GNU_SOURCE -fPIC -shared $flags -march=native -o "$out/peers/dpdk.so" \
	bench/peers/dpdk.c lib/err.c $libs || echo "peers: no DPDK: its plug-in does not build" >&2
exit 0
