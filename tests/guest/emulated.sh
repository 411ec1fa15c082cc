#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs inside a guest: what is measured here says that it was emulated, and no time of it is judged. The last line is
# "N checks, N failed".
checked=0 failed=0
says() { # WHAT PATTERN FILE
	checked=$((checked + 1))
	if grep -q -e "$2" "$3"; then
		echo "ok emulated: $1"
	else
		failed=$((failed + 1))
		echo "FAIL emulated: $1: there is no '$2' in:"
		cat "$3"
	fi
}

slabscope doctor -q --no-proof >doctor.txt 2>&1
says "doctor knows" 'hypervisor .*QEMU TCG (this is a virtual machine, each instruction of which is' doctor.txt
rm -rf r
slabscope run --workload churn --n 500 --ops 500 --warmup-ops off --launches 1 --repeats 0 --collect time \
	--colour auto,off -o r >log 2>&1 || cat log
says "the run is labelled" '"hypervisor": *"emulated (QEMU TCG)"' r/run.json
slabscope stat r >stat.txt 2>&1
says "stat says so" 'the CPU was emulated (QEMU TCG): no time here means anything' stat.txt
slabscope compare r --metric time.ns_per_op --fail-on invalid >compare.txt 2>&1
code=$?
says "compare says so" 'time.ns_per_op is of a CPU that was emulated (QEMU TCG)' compare.txt
echo "exit code $code" >code
says "compare --fail-on invalid fails" 'exit code 3' code
echo "$checked checks, $failed failed"
[ $failed = 0 ] && [ $checked -gt 0 ]
