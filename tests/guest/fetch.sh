#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Brings what a guest is made of into the cache folder: packages are downloaded by an apt whose whole state lies there
# too, and unpacked. Nothing is installed, root is not needed, and apt's state of this machine is neither read nor
# written. What is in the cache is not asked for again while the question stays the same: the packages, where they come
# from, and this script, of which each entry has a hash (`key`). FRESH=1: it is, for newer versions.
#
#	tests/guest/fetch.sh kernel ARCH    CACHE/kernel-ARCH/boot/vmlinuz-VERSION
#	tests/guest/fetch.sh busybox ARCH   CACHE/busybox-ARCH/
#	tests/guest/fetch.sh sysroot ARCH   headers and libraries to build the project for ARCH, in CACHE/sysroot-ARCH/
#	tests/guest/fetch.sh qemu           QEMU and its libraries in CACHE/qemu/
#	tests/guest/fetch.sh qemu-user CPU  CACHE/qemu-user-CPU/usr/bin/qemu-CPU-static, with QEMU's name of the CPU
#
# Each has a file `packages`: names and versions. Several may be fetched at the same time. ARCH is Debian's: amd64,
# arm64. Exit code 77: it cannot be had here, and why. No step of it waits longer than FETCH_SECONDS (300).
. tests/guest/common.sh

KEYRING=${GUEST_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}
SYSROOT_PACKAGES="libc6-dev libgcc-12-dev libhwloc-dev libpfm4-dev libjansson-dev libinih-dev libarchive-dev zlib1g-dev
	libcmocka-dev"
# What packages above depend on and no program of ours comes near: apt is told that it is there.
PRESUMED="adduser debconf debianutils dpkg iso-codes libasan8 libhwasan0 liblsan0 libltdl-dev libpam-modules
	libpam-modules-bin libtsan2 libubsan1 passwd perl tar"

# locked NAME: until the end of this shell; others wait
locked() {
	exec 9>"$GUEST_CACHE/lock.$1"
	have flock && flock 9
}

# apt TOOL ARGUMENT...: with the state of $arch; what it says is in its log
apt() {
	tool=$1
	shift
	at=$GUEST_CACHE/apt-$arch
	# in the foreground: who ends this script ends apt
	timeout --foreground -k 5 "${FETCH_SECONDS:-300}" "$tool" -q -o Dir::State="$at" -o Dir::State::status="$at/status" \
		-o Dir::Cache="$at" -o Dir::Etc="$at/etc" -o Dir::Etc::Trusted="$KEYRING" -o APT::Architecture="$arch" \
		-o APT::Architectures="$arch" -o Acquire::Languages=none -o APT::Sandbox::User= -o Acquire::Retries=2 \
		-o Debug::NoLocking=1 "$@"
}

# Lists of $arch, not older than a day.
lists() (
	at=$GUEST_CACHE/apt-$arch
	for p in apt-get dpkg-deb; do have $p || skip apt "$p"; done
	[ -r "$KEYRING" ] || skip debian-archive-keyring "$KEYRING"
	locked "apt-$arch"
	mkdir -p "$at/etc/apt.conf.d" "$at/etc/preferences.d" "$at/lists/partial" "$at/archives/partial" || exit 1
	for p in $PRESUMED; do
		printf 'Package: %s\nStatus: install ok installed\nArchitecture: %s\nVersion: 999:0\nMaintainer: none\nDescription: none\n\n' \
			"$p" "$arch"
	done >"$at/status"
	for suite in "debian $GUEST_SUITE" "debian $GUEST_SUITE-updates" "debian-security $GUEST_SUITE-security"; do
		echo "deb [signed-by=$KEYRING] $GUEST_MIRROR/${suite% *} ${suite#* } main"
	done >"$at/etc/sources.list.new"
	if cmp -s "$at/etc/sources.list.new" "$at/etc/sources.list" && [ -n "$(find "$at/updated" -mtime -1 2>/dev/null)" ]; then
		return
	fi
	mv "$at/etc/sources.list.new" "$at/etc/sources.list"
	# without the mode, lists that could not be had are a warning
	apt apt-get -o APT::Update::Error-Mode=any update >"$at/log" 2>&1 || {
		tail -n 3 "$at/log" >&2
		skip "$1" "the package index (no network?) and so $1"
	}
	touch "$at/updated"
)

# key WORD...: what an entry depends on
key() { { echo "$GUEST_MIRROR $GUEST_SUITE $*" && cat tests/guest/fetch.sh; } | sha256sum | cut -d' ' -f1; }

# here FOLDER WORD...: it is in the cache, and made of that
here() {
	folder=$1
	key=$(key "$@")
	[ "${FRESH:-}" != 1 ] && [ -f "$GUEST_CACHE/$folder/packages" ] &&
		[ "$(cat "$GUEST_CACHE/$folder/key" 2>/dev/null)" = "$key" ]
}

# links from the root of a file system that is not this machine's
relative_links() {
	find "$1" -type l -lname '/*' | while read -r link; do
		below=${link#"$1"/}
		up=$(echo "${below%/*}" | sed 's|[^/][^/]*|..|g')
		ln -sfn "$up$(readlink "$link")" "$link"
	done
}

# unpack DEB [FILE]: into $new; only that file of it
unpack() {
	if [ $# = 1 ]; then
		dpkg-deb -x "$1" "$new"
	else # it comes early, and what comes after it takes longest
		dpkg-deb --fsys-tarfile "$1" 2>/dev/null | tar -x -C "$new" --occurrence=1 "$2"
		[ -s "$new/$2" ]
	fi
}

# into_cache WANTED HOW...: downloads to $debs with apt-get HOW, unpacks ($only: that file) and exchanges the entry for
# the new one when all of it is there.
into_cache() {
	wanted=$1
	shift
	debs=$GUEST_CACHE/$folder.debs
	new=$GUEST_CACHE/$folder.new
	log=$GUEST_CACHE/$folder.log
	rm -rf "$debs" "$new"
	mkdir -p "$debs/partial" "$new" || exit 1
	here=$PWD
	(cd "$debs" && apt apt-get -o "Dir::Cache::archives=$debs" "$@") >"$log" 2>&1 || {
		tail -n 3 "$log" >&2
		rm -rf "$debs" "$new"
		skip "${wanted%% *}" "$wanted for $arch"
	}
	cd "$here" || exit 1
	for deb in "$debs"/*.deb; do
		# shellcheck disable=SC2086
		unpack "$deb" ${only:-} || skip "${wanted%% *}" "${deb##*/}, which cannot be unpacked (is the disk full?), and so it"
		dpkg-deb -W --showformat='${Package} ${Version} ${Architecture}\n' "$deb" >>"$new/packages.all"
	done
	relative_links "$new"
	sort "$new/packages.all" >"$new/packages"
	rm "$new/packages.all"
	echo "$key" >"$new/key"
	rm -rf "${GUEST_CACHE:?}/$folder" "$debs" "$log"
	mv "$new" "$GUEST_CACHE/$folder"
}

# with_closure FOLDER PACKAGE...: the packages and all that they depend on
with_closure() {
	here "$@" && return
	shift
	say "fetching $* ($arch)"
	lists "$1" || exit
	into_cache "$*" -d -y --no-install-recommends install "$@"
}

# alone FOLDER PACKAGE
alone() {
	here "$@" && return
	say "fetching $2 ($arch)"
	lists "$2" || exit
	into_cache "$2" download "$2"
}

# The meta package says which version is current.
kernel() {
	meta=linux-image-cloud-$arch
	here "kernel-$arch" "$meta" && return
	say "fetching $meta ($arch)"
	lists "$meta" || exit
	name=$(apt apt-cache depends "$meta" 2>/dev/null | sed -n 's/.*Depends: \(linux-image-[^ ]*\).*/\1/p' | head -n 1)
	[ -n "$name" ] || skip "$meta" "a kernel for $arch"
	only=./boot/vmlinuz-${name#linux-image-}
	into_cache "$name" download "$name"
}

mkdir -p "$GUEST_CACHE" || exit 1
arch=${2:-$(host_arch)}
# one at a time for each entry: two runs would unpack over each other
locked "${1:-}-$arch"
# shellcheck disable=SC2086
case ${1:-} in
kernel) kernel ;;
busybox) alone "busybox-$arch" busybox-static ;;
sysroot) with_closure "sysroot-$arch" $SYSROOT_PACKAGES ;;
qemu) with_closure qemu qemu-system-x86 qemu-system-arm ;;
qemu-user) only=./usr/bin/qemu-$2-static && arch=$(host_arch) && alone "qemu-user-$2" qemu-user-static ;;
*) die "usage: tests/guest/fetch.sh kernel|busybox|sysroot ARCH, or qemu, or qemu-user CPU" ;;
esac
