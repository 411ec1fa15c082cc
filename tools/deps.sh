#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Asks for every program, header and library that the project needs; installs what is missing with apt where it may
# (root, or sudo without a password), and otherwise prints the one command to run and exits 77.
#
#	tools/deps.sh [ci] [browser] [programs] [guest] [cross] [--check]
#
#	browser  also Chromium, for make check-report
#	programs also those that make check-long and make bench run on the engine's malloc
#	guest    also what make check-guest builds its arm64 guest with (QEMU and kernels it fetches, and installs nothing)
#	cross    also what make CROSS=aarch64-linux-gnu check needs: that compiler, and qemu-user
#	ci       also what .ci/run needs: clang, its sanitizer runtime, clang-format, clang-tidy, cppcheck, git
#	--check  ask only: exit 0 if nothing is missing, 77 (and the command) if something is
#
# Package names are those of Debian 12 and 13 and Ubuntu 24.04. DEPS=off in the environment skips all of it. Written
# for a machine with nothing but make: POSIX shell, no awk.
set -u

[ "${DEPS:-on}" = off ] && exit 0
ci=0 browser=0 programs=0 guest=0 cross=0 only_check=0
for arg; do
	case $arg in
	ci) ci=1 ;;
	browser) browser=1 ;;
	programs) programs=1 ;;
	guest) guest=1 ;;
	cross) cross=1 ;;
	--check) only_check=1 ;;
	*)
		echo "usage: tools/deps.sh [ci] [browser] [programs] [guest] [cross] [--check]" >&2
		exit 2
		;;
	esac
done

CC=${CC:-gcc}
case $CC in *gcc* | *clang* | cc) ;; *) CC=gcc ;; esac

# need PACKAGE WHAT COMMAND...: if the command fails, WHAT is missing and PACKAGE brings it.
need() {
	package=$1 what=$2
	shift 2
	"$@" >/dev/null 2>&1 && return
	missing="$missing $what"
	case " $packages " in *" $package "*) ;; *) packages="$packages $package" ;; esac
}
program() { command -v "$1"; }
emulator() { program qemu-aarch64 || program qemu-aarch64-static; }
module() { pkg-config --exists "$1"; }
header() { echo "#include <$1>" | gcc -E -x c - -o /dev/null; }
# clang's runtime for sanitizers and fuzzing is a package of its own, named after clang's version
clang_runtime() { echo 'int main(void){return 0;}' | clang -fsanitize=address -x c - -o /dev/null; }
clang_major() {
	if program clang >/dev/null; then
		clang -dumpversion | cut -d. -f1
	else
		apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p' | head -n 1
	fi
}

ask() {
	missing='' packages=''
	need make make program make
	need gcc gcc program gcc
	need binutils ar program ar
	need libc6-dev stdio.h header stdio.h
	need pkgconf pkg-config program pkg-config
	need libhwloc-dev hwloc module hwloc
	need libhwloc-dev hwloc.h header hwloc.h
	need libjansson-dev jansson module jansson
	need libjansson-dev jansson.h header jansson.h
	need libinih-dev inih module inih
	need libinih-dev ini.h header ini.h
	need libarchive-dev libarchive module libarchive
	need libarchive-dev archive.h header archive.h
	need zlib1g-dev zlib module zlib
	need zlib1g-dev zlib.h header zlib.h
	need libpfm4-dev perfmon/pfmlib.h header perfmon/pfmlib_perf_event.h
	need libcmocka-dev cmocka module cmocka
	need gnuplot-nox gnuplot program gnuplot
	need python3 python3 program python3
	[ $browser = 0 ] || need chromium chromium program chromium
	if [ $programs = 1 ]; then
		need git git program git
		need sqlite3 sqlite3 program sqlite3
		# not redis-server, which would start a service; the program is in here
		need redis-tools redis program redis-check-rdb
		minor=$(python3 -c 'import sys; print(sys.version_info[1])' 2>/dev/null)
		[ -z "$minor" ] || need "libpython3.$minor-testsuite" python-tests python3 -c 'import test.test_list'
	fi
	if [ $guest = 1 ]; then
		need debian-archive-keyring debian-archive-keyring [ -r /usr/share/keyrings/debian-archive-keyring.gpg ]
	fi
	if [ $guest = 1 ] || [ $cross = 1 ]; then
		need gcc-aarch64-linux-gnu aarch64-linux-gnu-gcc program aarch64-linux-gnu-gcc
	fi
	[ $cross = 0 ] || need qemu-user qemu-aarch64 emulator
	[ $ci = 1 ] || return 0
	need git git program git
	need clang clang program clang
	need clang-format clang-format program clang-format
	need clang-tidy clang-tidy program clang-tidy
	need cppcheck cppcheck program cppcheck
	major=$(clang_major)
	need "libclang-rt${major:+-$major}-dev" clang-runtime clang_runtime
	return 0
}

ask
[ -z "$missing" ] && exit 0
install="apt-get install -y --no-install-recommends$packages"

as_root=
if [ $only_check = 0 ] && program apt-get >/dev/null; then
	if [ "$(id -u)" = 0 ]; then
		as_root="env"
	elif program sudo >/dev/null && sudo -n true 2>/dev/null; then
		as_root="sudo -n env"
	fi
fi
if [ -z "$as_root" ]; then
	echo "deps: missing:$missing" >&2
	if program apt-get >/dev/null; then
		echo "deps: run this, then try again (DEPS=off skips this question):" >&2
		if program sudo >/dev/null && [ "$(id -u)" != 0 ]; then echo "sudo $install"; else echo "$install"; fi
	else
		echo "deps: there is no apt-get here; on Debian and Ubuntu the packages are:$packages" >&2
	fi
	exit 77
fi

apt() { $as_root DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@" >&2; }

# Lists may be missing or old: refresh them only if it does not work without. Nothing is removed for it: packages of
# cross compilers conflict with gcc-multilib.
install_all() {
	# shellcheck disable=SC2086
	apt install -y --no-remove --no-install-recommends $packages && return
	echo "deps: once more with fresh package lists" >&2
	# the runtime's name is known only now, if there were no lists before
	# shellcheck disable=SC2086
	apt update && ask && apt install -y --no-remove --no-install-recommends $packages
}

echo "deps: installing:$packages" >&2
if ! install_all; then
	echo "deps: could not install:$packages" >&2
	exit 1
fi
ask
if [ -n "$missing" ]; then
	echo "deps: still missing after installing:$missing" >&2
	exit 1
fi
