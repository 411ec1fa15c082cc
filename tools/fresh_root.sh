#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Do the README's two commands work on a machine that has nothing? Makes a minimal Debian root with debootstrap, puts
# the committed tree there, and runs
#
#	1. make check as a user, with nothing installed: must fail and print the one command
#	2. make check and make demo as root: must install what they need and pass
#	3. make check and make demo as a user, in a fresh copy: must pass
#
#	tools/fresh_root.sh [--suite bookworm] [--mirror URL] [--dir FOLDER] [--worktree] [--keep] [--no-demo]
#
#	--mirror    by default the one that this machine's apt uses
#	--dir       make the root in here (an empty folder or none; 1.5 GB); by default below TMPDIR
#	--worktree  files as they are, committed or not (ignored ones excepted)
#	--keep      leave the root there; a root in --dir that was kept is used again
#	--no-demo   leave out make demo
#
# Needs root (chroot, mount) and debootstrap: exits 77 without. apt's proxy and other settings for downloads are taken
# from this machine's own configuration.
set -eu
cd "$(dirname "$0")/.."
suite=bookworm mirror='' dir='' worktree=0 keep=0 demo=1
while [ $# -gt 0 ]; do
	case $1 in
	--suite) suite=$2 && shift ;;
	--mirror) mirror=$2 && shift ;;
	--dir) dir=$2 && shift ;;
	--worktree) worktree=1 ;;
	--keep) keep=1 ;;
	--no-demo) demo=0 ;;
	*)
		echo "usage: tools/fresh_root.sh [--suite S] [--mirror URL] [--dir FOLDER] [--worktree] [--keep] [--no-demo]" >&2
		exit 2
		;;
	esac
	shift
done
skip() { echo "fresh_root: skipped: $*" && exit 77; }
[ "$(id -u)" = 0 ] || skip "needs root"
command -v debootstrap >/dev/null || skip "needs debootstrap"

[ -n "$mirror" ] || mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
	grep -v security | head -n 1)
[ -n "$mirror" ] || skip "this machine's apt has no mirror: say --mirror"
[ -n "$dir" ] || dir=$(mktemp -d "${TMPDIR:-/tmp}/slabscope-root.XXXXXX")
root=$dir/root
mkdir -p "$dir"

mounts=()
clean() {
	for ((i = ${#mounts[@]} - 1; i >= 0; i--)); do umount -l "${mounts[i]}" || true; done
	mounts=()
	if [ $keep = 0 ]; then rm -rf --one-file-system "$root"; else echo "fresh_root: kept in $root"; fi
}
trap clean EXIT
trap 'exit 130' INT TERM

if [ ! -x "$root/usr/bin/make" ]; then
	echo "fresh_root: minimal $suite in $root"
	proxy=$(apt-config dump Acquire::http::Proxy | sed -n 's/.*"\(.*\)";/\1/p')
	[ -z "$proxy" ] || export http_proxy=${http_proxy:-$proxy}
	debootstrap --variant=minbase --include=make "$suite" "$root" "$mirror" >"$dir/debootstrap.log" 2>&1 ||
		{ tail -n 20 "$dir/debootstrap.log"; exit 1; }
	apt-config dump Acquire >"$root/etc/apt/apt.conf.d/00host"
	echo "deb $mirror $suite main" >"$root/etc/apt/sources.list"
	# without lists, as an image that was cleaned: the dependency script has to fetch them
	rm -rf "$root"/var/lib/apt/lists/*
	chroot "$root" useradd -m tester
fi
cp -L /etc/resolv.conf /etc/hosts "$root/etc/" 2>/dev/null || true
for fs in proc sys dev; do
	case $fs in
	proc) mount -t proc proc "$root/proc" ;;
	*) mount --rbind "/$fs" "$root/$fs" && mount --make-rslave "$root/$fs" ;;
	esac || skip "cannot mount /$fs in the new root"
	mounts+=("$root/$fs")
done

# copy WHERE: the tree, fresh
copy() {
	rm -rf "${root:?}$1"
	mkdir -p "$root$1"
	if [ $worktree = 1 ]; then
		git ls-files -z -co --exclude-standard | while IFS= read -r -d '' f; do [ ! -e "$f" ] || printf '%s\0' "$f"; done |
			tar c --null -T - | tar x -C "$root$1"
	else
		git archive HEAD | tar x -C "$root$1"
	fi
}
inside() { # USER FOLDER COMMAND
	chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C TERM=dumb \
		su "$1" -s /bin/sh -c "cd $2 && $3"
}
failed=0
# expect NAME pass|refuse USER FOLDER COMMAND
expect() {
	local name=$1 want=$2 code=0 begin=$SECONDS log=$dir/${1// /-}.log
	shift 2
	inside "$@" >"$log" 2>&1 </dev/null || code=$?
	case $want in
	pass) [ $code = 0 ] && word=ok || word=FAILED ;;
	refuse) [ $code != 0 ] && [ "$(grep -c 'apt-get install -y' "$log")" = 1 ] && word=ok || word=FAILED ;;
	esac
	printf '  %-7s %-28s exit %d, %d s, %s\n' "$word" "$name" $code $((SECONDS - begin)) "$log"
	[ $word = ok ] || { failed=1 && tail -n 30 "$log" | sed 's/^/          /'; }
	grep -E '^[0-9]+ passed, ' "$log" | sed 's/^/          /' || true
}

home=/home/tester/slabscope
if ! chroot "$root" sh -c 'command -v gcc' >/dev/null; then
	copy $home && chroot "$root" chown -R tester: $home
	expect 'user, nothing installed' refuse tester $home 'make check'
fi
copy /root/slabscope
expect 'root, make check' pass root /root/slabscope 'make check'
[ $demo = 0 ] || expect 'root, make demo' pass root /root/slabscope 'make demo'
copy $home && chroot "$root" chown -R tester: $home
expect 'user, make check' pass tester $home 'make check'
[ $demo = 0 ] || expect 'user, make demo' pass tester $home 'make demo'
exit $failed
