#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The whole path on a small job: plan, run, stat, plot; job files say what the command line says.
# shellcheck source=tests/cli/common.inc
. "$(dirname "$0")/common.inc"

args=(--workload hot-header --duration-ms 1 --allow-debug on --collect rusage,slabinfo,time --launches 6 --seed 5 --object-size 1408 --order 0 --colour 0,4
	--n 8,32)

# the plan runs nothing and is the same twice
expect 0 run "${args[@]}" --plan -v
cp out plan
says plan '^trials: 24 = 4 configs x 6 launches; seed 5'
expect 0 run "${args[@]}" --plan -v
cmp -s out plan || fail "two plans of one job differ"
[ ! -e results ] || fail "--plan made results"

# the job file is the command line
expect 0 run "${args[@]}" --showjob
cp out job.ini
expect 0 run job.ini --showjob
cmp -s out job.ini || fail "run job.ini --showjob differs from job.ini"
expect 0 run job.ini --plan -v
cmp -s out plan || fail "the job file's plan differs from the command line's"
# examples name files from the project's top
mkdir tests
ln -s "$top/tests/data" tests/data
for f in "$top"/examples/*.ini; do
	expect 0 run "$f" --showjob
	cp out once.ini
	expect 0 run once.ini --showjob
	cmp -s out once.ini || fail "$f: --showjob is not its own"
done
expect 0 run job.ini --n 64 --plan
says out '^trials: 12 = 2 configs'

expect 0 run job.ini -o r
says out '^r$'
[ "$(trials r | wc -l)" = 24 ] || fail "$(trials r | wc -l) trials"
sed -n 's/^ *\(b[0-9]*-c[0-9]*\) .*/\1/p' plan | sort >planned
trials r | cmp -s - planned || fail "the trials are not the plan's"
# in the plan's order
awk -F, '/,trial\.status,/ { print $1 }' r/samples.csv >order
sed -n 's/^ *\(b[0-9]*-c[0-9]*\) .*/\1/p' plan | cmp -s - order || fail "the order is not the plan's"
says r/run.json '"plan_hash"'
says r/run.json '"seed": "5"'
says r/samples.csv '^b000-c0000,0,0,main,"colour=0,n=8",time.ns_per_op,[0-9.]*,ns,exact,'
says r/samples.csv ',effective.colour,'

expect 0 stat r
says out '^colour  *n  *time.ns_per_op ns  *95 % interval'
says out '^ *4  *32  *[0-9.]*  *\[[0-9.]*, [0-9.]*\]'
[ -s r/summary.csv ] || fail "no summary.csv"
expect 0 stat r --csv
cmp -s out r/summary.csv || fail "stat --csv is not summary.csv"
says out '^main,0,"colour=0,n=8",time.ns_per_op,ns,clock,exact,6,'
expect 0 stat r --baseline colour=0
says out 'ratio'
says out 'baseline'
expect 0 stat r --json --baseline colour=0
says out '"ratio"'
expect 0 stat r --across colour
says out 'colour=0'
expect 2 stat r --baseline colour=9
expect 2 stat r --metric time.ns_per_opp
says err "did you mean 'time.ns_per_op'"
expect 2 stat r --across nothing

# the median in the table is the one of the samples
want=$(awk -F, '/"colour=0,n=8",time.ns_per_op,/ { print $8 }' r/samples.csv | sort -g |
	awk '{ v[NR] = $1 } END { printf "%.9g", (v[3] + v[4]) / 2 }')
got=$(awk -F, '/^main,0,"colour=0,n=8",time.ns_per_op,/ { printf "%.9g", $10 }' r/summary.csv)
[ "$want" = "$got" ] || fail "median $got, the samples say $want"

# no interval from too few launches, and it is said
expect 0 run "${small[@]}" --launches 2 -o two
expect 0 stat two
says out 'needs at least 6'

# pictures, where there is gnuplot; without it the files that make them, and exit 77
if command -v gnuplot >/dev/null; then
	expect 0 plot r
	says out '^r/plots/main.svg$'
	says r/plots/main.svg '<svg'
	expect 0 plot r --baseline colour=0 --name gain
	[ -s r/plots/gain.svg ] || fail "no gain.svg"
	(cd r/plots && gnuplot main.gp) || fail "main.gp does not run by itself"
	NO_COLOR=1 expect 0 plot r --format terminal
	[ "$(wc -l <out)" -gt 10 ] || fail "no picture on the terminal"
	expect 1 plot r --y slabinfo.alloc_hit --name none
	says err 'no valid value'
	[ ! -e r/plots/none.svg ] || fail "a picture without points"
fi
mkdir empty
rm -rf r/plots
PATH=$work/empty expect 77 plot r
says err 'gnuplot'
[ -s r/plots/main.gp ] && [ -s r/plots/main.dat ] || fail "no .gp and .dat without gnuplot"
[ ! -e r/plots/main.svg ] || fail "a picture without gnuplot"
expect 2 plot r --x nothing
expect 2 plot r --y nothing

# the same folder again: only with --force, and then it is the new run's
expect 1 run "${small[@]}" -o r
expect 0 run "${small[@]}" --launches 1 -o r --force
[ "$(trials r | wc -l)" = 1 ] || fail "--force kept old trials"
[ ! -e r/plots/main.gp ] || fail "--force kept an old picture"

# real caches
listing=$top/data/slabinfo/slub-6.18-x86_64-2cpu.txt
expect 0 slabinfo "$listing" --top 5
says out 'dentry'
expect 0 slabinfo "$listing" --json
says out '"listed_objperslab"'
expect 0 run --workload churn --caches "$listing:dentry,kmalloc-64" --n 10 --plan
says out 'cache  *dentry kmalloc-64'
expect 0 run --workload churn --caches "$listing" --top 3 --n 10 --plan
says out '^trials: 30 = 3 configs'
exit $failed
