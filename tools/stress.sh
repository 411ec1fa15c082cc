#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Threaded stress of each workload: tests/test_workloads_stress for one workload at a time.
#
#	tools/stress.sh SECONDS JOBS PROGRAM...
#
# Each program (one of each sanitizer's build) runs each workload for SECONDS, JOBS of all these at once. What they print
# goes to PROGRAM.stress/WORKLOAD.log; a line for each at the end of its run. Exits 1 if one fails.
set -eu
seconds=$1 jobs=$2
shift 2

# shellcheck disable=SC2016 # for the shells that xargs starts
one='
	prog=$1 name=$2
	log=$prog.stress/$name.log
	mkdir -p "$prog.stress"
	if "$prog" "$name" >"$log" 2>&1; then
		echo "stress: $prog $(grep "^$name: " "$log")"
	else
		tail -n 60 "$log"
		echo "stress: $prog $name failed: $log"
		exit 1
	fi'

for prog; do
	"$prog" --list | sed "s|^|$prog |"
done | SLABSCOPE_STRESS_SECONDS=$seconds xargs -P "$jobs" -n 2 sh -c "$one" stress ||
	{ echo "stress: failed" && exit 1; }
