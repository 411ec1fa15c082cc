#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `make check-guest`: real NUMA nodes and real counters, in machines that QEMU emulates.
#
#	tests/guest/check.sh [GUEST...]    (A B C)
#
#	A  x86-64, 2 nodes with HMAT     B  x86-64, 4 nodes at unequal distances
#	C  arm64 neoverse-n1, 2 nodes, instructions counted by the emulator
#
# Builds what they run, fetches what is missing (tests/guest/fetch.sh), starts the guests side by side, and reads what
# they brought out. Exit code 0: all passed; 1: one failed; 77: none failed, and at least one could not run here, with
# the name of the package that it wants. CHECK_GUEST=required: what is missing is a failure. FAULT (see faults.sh) goes
# to the guests. DOWNLOADS and all else lie in GUEST_CACHE; see common.sh. What is measured in a guest is emulated: no
# time of it means anything.
cd "$(dirname "$0")/../.." || exit 1
. tests/guest/common.sh

MAKE=${MAKE:-make}
guests=${*:-A B C}
cross=aarch64-linux-gnu
begin=$(date +%s)
mkdir -p build "$GUEST_OUT" || exit 1
rm -f "$GUEST_OUT"/phase.*
# Both builds at once are as many jobs as there are CPUs.
mk() { MAKEFLAGS='' "$MAKE" --no-print-directory -j"$(nproc)" DEPS=off "$@" >"$GUEST_OUT/build.$cpu.log" 2>&1 || {
	tail -n 20 "$GUEST_OUT/build.$cpu.log"
	die "the build for $cpu failed"
}; }

# phase NAME WHO COMMAND...: what it took, to be added up by name. One command of many guests waits for the other.
phase() (
	name=$1 file=$GUEST_OUT/phase.$1.$2
	shift 2
	from=$EPOCHREALTIME
	"$@"
	code=$?
	{
		echo "$name $from $EPOCHREALTIME"
		times # of this shell, and of what it started
	} >"$file"
	exit $code
)
# "fetch 12 s (8 s CPU), ...": of each name from its first begin to its last end, with what ran beside it; the CPU time
# of all
phases() {
	cat "$GUEST_OUT"/phase.* | awk '
		NF == 3 { name = $1; if (!(name in last)) order[n++] = name
			if (!(name in first) || $2 < first[name]) first[name] = $2
			if ($3 > last[name]) last[name] = $3; next }
		{ for (i = 1; i <= 2; i++) { split($i, t, /[ms]/); cpu[name] += t[1] * 60 + t[2] } }
		END { for (i = 0; i < n; i++) { name = order[i]; sum += cpu[name]
			printf "%s %.0f s (%.0f s CPU), ", name, last[name] - first[name], cpu[name] }
			printf "CPU time of all %.0f s\n", sum }'
}

# Architecture, programs, and the rest of a guest by its name.
describe() {
	case $1 in
	A | B) cpu=amd64 qemu=qemu-system-x86_64 ;;
	C) cpu=arm64 qemu=qemu-system-aarch64 ;;
	esac
	steps=tests/guest/$1.steps
	build=release
	# the programs that the steps name
	programs=$(sed -n 's/^[^#|]*|[0-9]*|//p' "$steps" | tr ' ;' '\n' |
		grep -E '^(guest-check|slabscope|test_[a-z_]*|(trials|perf|emulated)\.sh)$' | sort -u)
	if grep -Eq '(trials|perf|emulated)\.sh' "$steps"; then programs="$programs slabscope"; fi
}

# What has to come from elsewhere, all of it at the same time; the exit code is that of the worst.
fetch() {
	local pids='' worst=0 pid code
	tests/guest/fetch.sh kernel "$cpu" &
	pids=$!
	tests/guest/fetch.sh busybox "$cpu" &
	pids="$pids $!"
	tests/guest/fetch.sh busybox "$(host_arch)" &
	pids="$pids $!"
	if ! have "$qemu"; then
		tests/guest/fetch.sh qemu &
		pids="$pids $!"
	fi
	for pid in $pids; do
		wait "$pid"
		code=$?
		[ $code = 0 ] || [ $worst = 1 ] || worst=$code
	done
	return $worst
}

# A compiler for $cpu and what it builds against.
tools() {
	[ $cpu != "$(host_arch)" ] || return 0
	[ $cpu = arm64 ] || (skip "gcc for $cpu" "a compiler for $cpu on this host") || return
	have $cross-gcc || (skip gcc-$cross "$cross-gcc") || return
	phase fetch sysroot.$cpu tests/guest/fetch.sh sysroot $cpu
}

# The names of what make builds for $programs, and where it lies.
files() {
	for p in $programs; do
		case $p in
		*.sh) echo "tests/guest/$p" ;;
		slabscope) echo "$1/slabscope" ;;
		*) echo "$1/tests/$p" ;;
		esac
	done | sort -u
}

boot() {
	tests/guest/run.sh "$1" "$(echo "$GUEST_CACHE"/kernel-"$cpu"/boot/vmlinuz-*)" "$GUEST_OUT/$1.cpio" ${FAULT:+fault=$FAULT}
}

# Two guests of one architecture are built for at once, by the first that comes.
build() {
	# shellcheck disable=SC2046,SC2086
	(
		flock 8
		if [ -n "$extra" ]; then unset CC; fi
		mk $extra $(files $at | grep -v '\.sh$')
	) 8>"build/.guest-$cpu.lock"
}

one() {
	if [ "$1" = D ]; then
		say "skipped: guest D (riscv64, misses of the dTLB) is not in this version: its kernel comes with Debian 13" \
			"(packages linux-image-riscv64, qemu-system-misc, opensbi)"
		[ "${CHECK_GUEST:-}" != required ] || return 1
		return 77
	fi
	describe "$1"
	tools || return
	phase fetch "$1" fetch &
	fetched=$!
	if [ $cpu = "$(host_arch)" ]; then
		at=build/$build extra=
		CC=${CC:-gcc} STRIP=${STRIP:-strip}
	else
		at=build/$cross/$build extra="CROSS=$cross"
		CC="$cross-gcc --sysroot=$GUEST_CACHE/sysroot-$cpu" STRIP=$cross-strip
	fi
	export STRIP
	phase "build-$cpu" "$1" build || return 1
	wait $fetched || return
	export CC
	# shellcheck disable=SC2046
	phase pack "$1" tests/guest/initramfs.sh "$GUEST_OUT/$1.cpio" $cpu "$steps" $(files $at) || return
	phase "guest-$1" 1 boot "$1" || return
	# the kernel's own start can fail on a very busy host; once a step has begun, what happens is the verdict's
	if ! grep -q 'guest: step' "$GUEST_OUT/$1/console"; then
		echo "guest $1: it did not boot; once more"
		phase "guest-$1" 2 boot "$1" || return
	fi
	tests/guest/verdict.sh "$1" "$steps"
}

for g in $guests; do
	case $g in A | B | C | D) ;; *) die "there is no guest $g (A, B, C)" ;; esac
	(one "$g") >"$GUEST_OUT/$g.log" 2>&1 &
	pids="${pids:-} $g:$!"
done
failed=0 skipped=0
for p in $pids; do
	wait "${p#*:}"
	code=$?
	cat "$GUEST_OUT/${p%:*}.log"
	case $code in
	0) ;;
	77) skipped=$((skipped + 1)) && echo "guest ${p%:*}: skipped" ;;
	*) failed=$((failed + 1)) ;;
	esac
done
echo "check-guest: $(echo "$guests" | wc -w) guests, $failed failed, $skipped skipped, $(($(date +%s) - begin)) s of wall time;" \
	"all that was seen in them is emulated"
set -- "$GUEST_OUT"/phase.*
[ ! -f "$1" ] || echo "check-guest: $(phases)"
[ $failed = 0 ] || exit 1
[ $skipped = 0 ] || exit 77
