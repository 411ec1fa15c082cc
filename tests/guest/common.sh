# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# What the scripts of tests/guest/ share: settings, words, and where things lie. Sourced with the project's root as
# the working folder.
#
#	GUEST_CACHE    packages and what was unpacked of them; ${XDG_CACHE_HOME:-~/.cache}/slabscope-guest
#	GUEST_OUT      initramfs and results; build/guest
#	GUEST_MIRROR   http://deb.debian.org
#	GUEST_SUITE    the release that kernels, and QEMU where there is none, are taken from; bookworm
#	CHECK_GUEST    required: what is missing is a failure, not a skip
set -u
export LC_ALL=C

GUEST_MIRROR=${GUEST_MIRROR:-http://deb.debian.org}
GUEST_SUITE=${GUEST_SUITE:-bookworm}
GUEST_OUT=${GUEST_OUT:-build/guest}
if [ -z "${GUEST_CACHE:-}" ]; then
	if [ -n "${XDG_CACHE_HOME:-}${HOME:-}" ] && mkdir -p "${XDG_CACHE_HOME:-${HOME:-}/.cache}" 2>/dev/null; then
		GUEST_CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/slabscope-guest
	else
		GUEST_CACHE=$PWD/build/guest/cache
	fi
fi

say() { echo "guest: $*" >&2; }
die() {
	say "$*"
	exit 1
}
# skip PACKAGE WHAT: something is missing, and this package brings it
skip() {
	say "skipped: $2 is missing (package $1)"
	[ "${CHECK_GUEST:-}" != required ] || exit 1
	exit 77
}
have() { command -v "$1" >/dev/null 2>&1; }

# The host's name for its own architecture, as Debian's packages have it.
host_arch() {
	case $(uname -m) in
	x86_64) echo amd64 ;;
	aarch64) echo arm64 ;;
	*) uname -m ;;
	esac
}
