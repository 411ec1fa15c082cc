#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Starts one guest and brings its results out, into GUEST_OUT/NAME/. Says nothing about them: verdict.sh does.
#
#	tests/guest/run.sh NAME VMLINUZ INITRAMFS [WORD=VALUE...]    (A, B, C)
#
# Each WORD=VALUE is in the environment of the guest's steps as GUEST_WORD. QEMU emulates every instruction (TCG): time
# in a guest means nothing.
. tests/guest/common.sh

name=$1 kernel=$2 initrd=$3
shift 3
out=$GUEST_OUT/$name
word=$$-$(date +%s)-$name
rm -rf "$out"
mkdir -p "$out/result" || exit 1

# nodes COUNT MEGABYTES CPUS: that many nodes, each with so much memory and so many CPUs
nodes() {
	i=0
	while [ $i -lt "$1" ]; do
		first=$((i * $3))
		args="$args -object memory-backend-ram,id=m$i,size=$2M -numa node,nodeid=$i,cpus=$first-$((first + $3 - 1)),memdev=m$i$4"
		i=$((i + 1))
	done
}
distances() { for d; do args="$args -numa dist,src=${d%%-*},dst=$(echo "$d" | cut -d- -f2),val=${d##*-}"; done; }

two_serial() { args="$args -serial file:$out/console -serial file:$out/result.tar" console=ttyS0 port=ttyS1; }

args=
case $name in
A)
	program=qemu-system-x86_64
	args="-M q35,hmat=on -cpu max -smp 2,sockets=2 -m 512"
	i=0
	for m in 0 1; do
		args="$args -object memory-backend-ram,id=m$m,size=256M"
		args="$args -numa node,nodeid=$m,cpus=$m,memdev=m$m,initiator=$m"
	done
	distances 0-1-21
	for i in 0-0-5-100 0-1-15-40 1-0-15-40 1-1-5-100; do
		hmat="initiator=$(echo $i | cut -d- -f1),target=$(echo $i | cut -d- -f2),hierarchy=memory"
		args="$args -numa hmat-lb,$hmat,data-type=access-latency,latency=$(echo $i | cut -d- -f3)"
		args="$args -numa hmat-lb,$hmat,data-type=access-bandwidth,bandwidth=$(echo $i | cut -d- -f4)G"
	done
	two_serial
	;;
B)
	program=qemu-system-x86_64
	args="-M q35 -cpu max -smp 4,sockets=4 -m 512"
	nodes 4 128 1 ""
	distances 0-1-15 0-2-21 0-3-31 1-2-31 1-3-21 2-3-15
	two_serial
	;;
C)
	program=qemu-system-aarch64
	args="-M virt -cpu neoverse-n1 -smp 2,sockets=2 -m 512"
	nodes 2 256 1 ""
	distances 0-1-20
	args="$args -serial file:$out/console -chardev file,id=result,path=$out/result.tar -device pci-serial,chardev=result"
	console=ttyAMA0 port=ttyS0
	;;
*) die "there is no guest $name" ;;
esac
# Instructions are then the clock, and counted exactly: one thread for all CPUs.
case $name in C) accel="-accel tcg,thread=single -icount shift=0,sleep=off" ;; *) accel="-accel tcg" ;; esac

# The host's QEMU, or the one in the cache with its own C library.
qemu() {
	if have "$program"; then
		"$program" "$@"
		return
	fi
	q=$GUEST_CACHE/qemu
	[ -x "$q/usr/bin/$program" ] || skip "qemu-system-x86 qemu-system-arm" "$program"
	QEMU_MODULE_DIR=$(echo "$q"/usr/lib/*-linux-gnu/qemu) && export QEMU_MODULE_DIR
	set -- "$q/usr/bin/$program" -L "$q/usr/share/qemu" -L "$q/usr/share/seabios" "$@"
	for ld in "$q"/lib64/ld-linux-*.so.* "$q"/lib/ld-linux-*.so.*; do
		[ ! -x "$ld" ] || exec "$ld" --library-path "$(echo "$q"/lib/*-linux-gnu):$(echo "$q"/usr/lib/*-linux-gnu)" "$@"
	done
	die "no C library in $q"
}

# no_timer_check: on a busy host the emulated timer is late, which the kernel takes for a broken board
append="console=$console quiet panic=-1 numa_balancing=disable no_timer_check guest.word=$word guest.port=$port"
for w; do append="$append guest.$w"; done
(qemu --version) >"$out/qemu.version" 2>&1 || {
	code=$?
	cat "$out/qemu.version" >&2
	[ $code != 77 ] || exit 77
	skip "qemu-system-x86 qemu-system-arm" "a $program that runs here"
}
head -n 1 "$out/qemu.version" >"$out/qemu"
echo "$word" >"$out/word"
cp "$GUEST_CACHE/kernel-$(case $name in C) echo arm64 ;; *) echo amd64 ;; esac)/packages" "$out/kernel"
sha256sum "$kernel" | cut -d' ' -f1 >>"$out/kernel"
: >"$out/console"
: >"$out/result.tar"
# shellcheck disable=SC2086
(
	qemu $accel -nodefaults -no-user-config -nic none -display none -no-reboot $args -kernel "$kernel" -initrd "$initrd" \
		-append "$append" </dev/null >"$out/qemu.log" 2>&1 &
	pid=$!
	# ended whatever it does; its exit code says nothing
	(
		i=0
		while [ $i -lt "${GUEST_TIMEOUT:-300}" ] && kill -0 $pid 2>/dev/null; do sleep 1 && i=$((i + 1)); done
		kill -9 $pid 2>/dev/null && echo "ended after ${GUEST_TIMEOUT:-300} s" >>"$out/qemu.log"
	) &
	wait $pid
	times >"$out/times"
)
tar -xf "$out/result.tar" -C "$out/result" 2>/dev/null
exit 0
