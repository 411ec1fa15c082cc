#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# tools/deps.sh on machines that lack things: a PATH that has a few tools, and an apt-get, sudo and id that are played
# by scripts. Each case: is the exit code right, and does the one command name every package?
set -u
cd "$(dirname "$0")/.." || exit 1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
failed=0
unset DEPS

all='binutils libc6-dev pkgconf libhwloc-dev libjansson-dev libinih-dev libarchive-dev zlib1g-dev libpfm4-dev libcmocka-dev gnuplot-nox python3 gcc make'
ci="$all git clang clang-format clang-tidy cppcheck libclang-rt-14-dev"

# fresh UID TOOL...: a PATH with only these, and the played ones
fresh() {
	rm -rf "${dir:?}/bin"
	mkdir "$dir/bin"
	for t in sh env sed head cut cat touch true; do ln -s "$(type -P "$t")" "$dir/bin/$t"; done
	printf '#!/bin/sh\necho %s\n' "$1" >"$dir/bin/id"
	shift
	for t; do
		case $t in
		apt-get) printf '#!/bin/sh\necho "$@" >>%s/apt.log\n%s\n' "$dir" "${APT_DOES:-exit 0}" ;;
		apt-cache) printf '#!/bin/sh\necho "  Depends: clang-14"\n' ;;
		sudo-asks) printf '#!/bin/sh\nexit 1\n' ;;
		sudo) printf '#!/bin/sh\n[ "$1" = -n ] && shift\nexec "$@"\n' ;;
		esac >"$dir/bin/${t%-asks}"
	done
	chmod +x "$dir"/bin/id "$dir"/bin/apt-* "$dir"/bin/sudo 2>/dev/null
	: >"$dir/apt.log"
}

# expect NAME CODE ARGUMENTS...
expect() {
	local name=$1 want=$2 got
	shift 2
	PATH=$dir/bin sh tools/deps.sh "$@" >"$dir/out" 2>"$dir/err"
	got=$?
	[ $got = "$want" ] && return
	echo "$name: exit $got, expected $want"
	cat "$dir/out" "$dir/err"
	failed=1
}
# one line on standard output, a command that names all of these
command_names() {
	local name=$1 p
	shift
	[ "$(wc -l <"$dir/out")" = 1 ] || { echo "$name: not one line:" && cat "$dir/out" && failed=1; }
	for p in $2; do
		grep -q "^$1apt-get install .* $p\( \|\$\)" "$dir/out" || { echo "$name: '$p' is not in: $(cat "$dir/out")" && failed=1; }
	done
}
ask_text() { grep -q "$2" "$dir/$1" || { echo "$3: no '$2' in:" && cat "$dir/$1" && failed=1; }; }

fresh 1000 apt-get
expect user 77
command_names user '' "$all"
[ -s "$dir/apt.log" ] && echo "user: apt-get was run" && failed=1

fresh 1000 apt-get sudo-asks
expect 'user whose sudo asks for a password' 77
command_names 'user whose sudo asks for a password' 'sudo ' "$all"

fresh 1000 apt-get apt-cache
expect 'user, ci' 77 ci
command_names 'user, ci' '' "$ci"

fresh 1000 apt-get
expect 'user, guest' 77 guest
command_names 'user, guest' '' "$all gcc-aarch64-linux-gnu"
grep -q 'qemu-user' "$dir/out" && echo "user, guest: qemu-user is not needed for it" && failed=1
expect 'user, cross' 77 cross
command_names 'user, cross' '' "$all gcc-aarch64-linux-gnu qemu-user"

fresh 0 apt-get
expect 'root, only asking' 77 --check
command_names 'root, only asking' '' "$all"
[ -s "$dir/apt.log" ] && echo "root, only asking: apt-get was run" && failed=1

# apt-get does nothing, says it did: the packages are still missing afterwards, and that is an error
fresh 0 apt-get
expect 'root, apt installs nothing' 1
ask_text apt.log 'install -y --no-remove --no-install-recommends.* libhwloc-dev' 'root, apt installs nothing'
ask_text err 'still missing' 'root, apt installs nothing'

fresh 1000 apt-get sudo
expect 'user with sudo' 1
ask_text apt.log 'install -y' 'user with sudo'

# the first try fails: lists are fetched once, then tried again
APT_DOES="case \$* in *update*) touch $dir/updated;; *) [ -e $dir/updated ];; esac" fresh 0 apt-get
expect 'root, no lists' 1
ask_text err 'fresh package lists' 'root, no lists'
[ "$(grep -c install "$dir/apt.log")" = 2 ] || { echo "root, no lists: not tried twice" && failed=1; }
[ "$(grep -c update "$dir/apt.log")" = 1 ] || { echo "root, no lists: not one update" && failed=1; }

APT_DOES='exit 100' fresh 0 apt-get
expect 'root, apt fails' 1
ask_text err 'could not install' 'root, apt fails'

fresh 1000
expect 'no apt' 77
ask_text err 'no apt-get here' 'no apt'

expect 'wrong argument' 2 nonsense
DEPS=off expect 'off' 0

exit $failed
