#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Bad input: exit 2, a message that names the place, and no results folder.
# shellcheck source=tests/cli/common.inc
. "$(dirname "$0")/common.inc"

# pattern of the message | arguments of run
while IFS='|' read -r pattern args; do
	[ -n "$pattern" ] || continue
	# shellcheck disable=SC2086 # words
	expect 2 run $args -o never
	says err "$pattern"
	[ ! -e never ] || fail "run $args made a folder"
done <<'END'
job file or options|
colour|--colour 1,x
launches|--workload null --launches 0
timeout|--workload null --timeout never
no workload 'nil'|--workload nil
unknown or ambiguous option|--workload null --colours 3
has no option 'n'|--workload null --n 8
no cache 'nothing'|--workload churn --caches auto:nothing
expected NAME:SIZE|--workload churn --cache dentry
multiple of the alignment|--workload churn --colour-off 3
computed|--workload churn --rules 3.13
more than 20000 configs|--workload null --limit 1-1000 --batchcount 1 --shared 0-99
more than 1000000|--workload null --launches 100000 --limit 1-100 --batchcount 1
batchcount|--workload null --limit 8 --batchcount 16
expected one job file|a.ini b.ini
nothing.ini|nothing.ini
collector|--workload null --collect nothing
allocator|--workload null --allocator nothing
END

# line and key of a job file
while IFS='|' read -r pattern job; do
	[ -n "$pattern" ] || continue
	printf "$job" >job.ini
	expect 2 run job.ini -o never
	says err "$pattern"
	[ ! -e never ] || fail "$job made a folder"
done <<'END'
job.ini:2: no option 'color'|[global]\ncolor = 3\n
job.ini:4: .*colour|[global]\nseed = 1\n[a]\ncolour = 99999999\n
job.ini:1:|workload = null\n
job.ini:2:|[global]\nthis is no setting\n
job.ini:2: section 'a b'|[global]\n[a b]\n
job.ini:4: .*seed|[global]\nworkload = null\n[a]\nseed = 1\n
END

expect 1 stat nowhere
says err 'no run is there'
expect 1 plot nowhere
expect 1 run --resume nowhere
expect 2 run --resume nowhere --colour 1
says err 'cannot be given'
expect 2 run --resume nowhere -o x
expect 2 stat
expect 2 stat a b
expect 2 plot a --format gif
expect 2 slabinfo a b
expect 1 slabinfo nowhere
echo 'no listing' >listing
expect 2 slabinfo listing
says err 'listing:1'
expect 2 run --workload churn --caches listing -o never
says err 'listing:1'

# a folder with something in it is not written to
mkdir full
echo mine >full/notes
expect 1 run "${small[@]}" -o full
says err 'is not empty'
[ "$(ls full)" = notes ] || fail "full was written to"

# damaged folders of a run
mkdir bad
echo '{' >bad/run.json
expect 2 stat bad
says err 'bad/run.json:'
echo '{"format": 99}' >bad/run.json
expect 2 stat bad
says err 'format'
exit $failed
