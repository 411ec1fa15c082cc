#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Are faults noticed? Each is put into a guest that is healthy otherwise, and the check must fail, and say which it is.
#
#	tests/guest/faults.sh [FAULT...]
#
#	place     the engine asks the kernel for pages of the neighbouring node       guest A
#	fallback  nodes are tried by number and not by distance                       guest B
#	zero      counters open and read 0                                            guest C
#	die       the guest ends half-way, and QEMU with exit code 0                  guest A
#
# Exit code 0: all were noticed; 77: as check.sh.
cd "$(dirname "$0")/../.." || exit 1
. tests/guest/common.sh

base=$GUEST_OUT
failed=0 skipped=0 pids=
mkdir -p "$base"
# shellcheck disable=SC2048
for fault in ${*:-place fallback zero die}; do
	case $fault in
	place) guest=A says='FAIL policy bind (node 1) from node 0: objects by node 1200 0, expected 0 1200' ;;
	fallback) guest=B says='FAIL fallback of .* by distance from node 3: nodes in order 3 0 1 2, expected 3 2 1 0' ;;
	zero) guest=C says='FAIL counters: cycles and instructions open and do not read 0 (0 and 0 for' ;;
	die) guest=A says="FAIL: died before its results were whole, in or after step 'policies'" ;;
	*) die "there is no fault $fault" ;;
	esac
	FAULT=$fault GUEST_OUT=$base/fault-$fault tests/guest/check.sh $guest >"$base/fault-$fault.log" 2>&1 &
	pids="$pids $fault:$!:$says|"
done
IFS='|'
for p in ${pids# }; do
	p=${p# }
	fault=${p%%:*} says=${p#*:*:}
	pid=${p#*:} pid=${pid%%:*}
	wait "$pid"
	code=$?
	if [ $code = 77 ]; then
		skipped=1
		echo "fault $fault: skipped: $(grep skipped "$base/fault-$fault.log" | head -n 1)"
	elif [ $code = 1 ] && grep -q -e "$says" "$base/fault-$fault.log"; then
		echo "fault $fault: noticed: $(grep -e "$says" "$base/fault-$fault.log" | head -n 1 | sed 's/^ *//')"
	else
		failed=1
		echo "fault $fault: NOT noticed (exit $code):"
		cat "$base/fault-$fault.log"
	fi
done
[ $failed = 0 ] || exit 1
[ $skipped = 0 ] || exit 77
