#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Brings what a guest is made of into the cache folder: packages are downloaded by an apt whose whole state lies there
# too, and unpacked. Nothing is installed, root is not needed, and apt's state of this machine is neither read nor
# written. What is in the cache already is not asked for again.
#
#	tests/guest/fetch.sh kernel ARCH    vmlinuz and its package's version in CACHE/kernel-ARCH/
#	tests/guest/fetch.sh busybox ARCH   CACHE/busybox-ARCH/
#	tests/guest/fetch.sh sysroot ARCH   headers and libraries to build the project for ARCH, in CACHE/sysroot-ARCH/
#	tests/guest/fetch.sh qemu           QEMU and its libraries in CACHE/qemu/
#	tests/guest/fetch.sh qemu-user      CACHE/qemu-user/
#
# ARCH is Debian's: amd64, arm64. Exit code 77: it cannot be had here, and why.
. tests/guest/common.sh

KEYRING=${GUEST_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}

apt_options() {
	at=$GUEST_CACHE/apt-$1
	apt_args="-q -o Dir::State=$at -o Dir::State::status=$at/status -o Dir::Cache=$at -o Dir::Etc=$at/etc \
		-o Dir::Etc::Trusted=$KEYRING -o APT::Architecture=$1 -o APT::Architectures=$1 -o Acquire::Languages=none \
		-o APT::Sandbox::User= -o Acquire::Retries=2 -o Debug::NoLocking=1"
}

# Lists of ARCH, not older than a day.
lists() {
	apt_options "$1"
	for p in apt-get dpkg-deb; do have $p || skip apt "$p"; done
	[ -r "$KEYRING" ] || skip debian-archive-keyring "$KEYRING"
	mkdir -p "$at/etc/apt.conf.d" "$at/etc/preferences.d" "$at/lists/partial" "$at/archives/partial" || exit 1
	[ -f "$at/status" ] || : >"$at/status"
	if [ -n "$(find "$at/updated" -mtime -1 2>/dev/null)" ]; then return; fi
	for suite in "debian $GUEST_SUITE" "debian $GUEST_SUITE-updates" "debian-security $GUEST_SUITE-security"; do
		echo "deb [signed-by=$KEYRING] $GUEST_MIRROR/${suite% *} ${suite#* } main"
	done >"$at/etc/sources.list"
	# shellcheck disable=SC2086
	apt-get $apt_args update >"$at/log" 2>&1 || {
		tail -n 3 "$at/log" >&2
		return 1
	}
	touch "$at/updated"
}

# unpack FOLDER DEB...: all or nothing
unpack() {
	into=$GUEST_CACHE/$1
	shift
	rm -rf "$into.new"
	mkdir -p "$into.new"
	# shellcheck disable=SC2016
	printf '%s\n' "$@" | xargs -P 2 -n 1 sh -c 'dpkg-deb -x "$1" "$0"' "$into.new" || die "cannot unpack $*"
	# links from the root of a file system that is not this machine's
	find "$into.new" -type l -lname '/*' | while read -r link; do
		below=${link#"$into.new"/}
		up=$(echo "${below%/*}" | sed 's|[^/][^/]*|..|g')
		ln -sfn "$up$(readlink "$link")" "$link"
	done
	# shellcheck disable=SC2016
	for deb; do dpkg-deb -W --showformat='${Package} ${Version} ${Architecture}\n' "$deb"; done | sort >"$into.new/packages"
	rm -rf "$into"
	mv "$into.new" "$into"
}

# with_closure FOLDER ARCH PACKAGE...: the packages and all that they depend on
with_closure() {
	folder=$1 arch=$2
	shift 2
	[ ! -f "$GUEST_CACHE/$folder/packages" ] || return 0
	say "fetching $* ($arch)"
	lists "$arch" || skip "$1" "the package index (no network?) and so $1"
	debs=$GUEST_CACHE/$folder.debs
	mkdir -p "$debs/partial"
	# shellcheck disable=SC2086
	apt-get $apt_args -o "Dir::Cache::archives=$debs" -d -y --no-install-recommends install "$@" >"$at/log" 2>&1 || {
		tail -n 3 "$at/log" >&2
		skip "$1" "$*"
	}
	unpack "$folder" "$debs"/*.deb
	rm -r "$debs"
}

# alone FOLDER ARCH PACKAGE
alone() {
	[ ! -f "$GUEST_CACHE/$1/packages" ] || return 0
	say "fetching $3 ($2)"
	lists "$2" || skip "$3" "the package index (no network?) and so $3"
	debs=$GUEST_CACHE/$1.debs
	mkdir -p "$debs"
	# shellcheck disable=SC2086
	(cd "$debs" && apt-get $apt_args download "$3") >"$at/log" 2>&1 || {
		tail -n 3 "$at/log" >&2
		skip "$3" "$3 for $2"
	}
	unpack "$1" "$debs"/*.deb
	rm -r "$debs"
}

# The meta package says which version is current.
kernel() {
	[ ! -f "$GUEST_CACHE/kernel-$1/packages" ] || return 0
	lists "$1" || skip "linux-image-cloud-$1" "the package index (no network?) and so a kernel for $1"
	# shellcheck disable=SC2086
	name=$(apt-cache $apt_args depends "linux-image-cloud-$1" 2>/dev/null |
		sed -n 's/.*Depends: \(linux-image-[^ ]*\).*/\1/p' | head -n 1)
	[ -n "$name" ] || skip "linux-image-cloud-$1" "a kernel for $1"
	alone "kernel-$1" "$1" "$name"
}

mkdir -p "$GUEST_CACHE" || exit 1
# one at a time: two runs would unpack over each other
exec 9>"$GUEST_CACHE/lock"
have flock && flock 9
case ${1:-} in
kernel) kernel "$2" ;;
busybox) alone "busybox-$2" "$2" busybox-static ;;
sysroot) with_closure "sysroot-$2" "$2" libc6-dev libgcc-12-dev libhwloc-dev libpfm4-dev libjansson-dev libinih-dev libarchive-dev zlib1g-dev libcmocka-dev ;;
qemu) with_closure qemu "$(host_arch)" qemu-system-x86 qemu-system-arm ;;
qemu-user) alone qemu-user "$(host_arch)" qemu-user-static ;;
*) die "usage: tests/guest/fetch.sh kernel|busybox|sysroot ARCH, or qemu, or qemu-user" ;;
esac
