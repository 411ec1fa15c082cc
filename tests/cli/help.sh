#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Help, version, lists, and what a mistyped command is told.
# shellcheck source=tests/cli/common.inc
. "$(dirname "$0")/common.inc"

expect 0 --help
says out '^Usage: slabscope COMMAND'
expect 2
says err '^Usage: slabscope COMMAND'
expect 0 --version
says out '^slabscope [0-9]'
says out 'GPL-2.0-or-later'
for c in geometry slabinfo list run stat plot tune; do
	expect 0 $c --help
	says out "^Usage: slabscope $c"
	cp out direct
	expect 0 help $c
	cmp -s out direct || fail "help $c is not $c --help"
	expect 2 $c --no-such-option
	says err 'no-such-option'
	says err "slabscope $c --help"
done
expect 2 rnu
says err "did you mean 'run'"
expect 2 help nothing
expect 2 xyzzy
grep -q 'did you mean' err && fail "xyzzy is like nothing"

expect 0 list
for w in hot-header churn null slab malloc kernel-2.6.22 kernel-6.1 fast colour_off time rusage slabinfo; do
	says out "$w"
done
for l in workloads collectors allocators options toggles profiles rules; do
	expect 0 list $l
	[ -s out ] || fail "list $l is empty"
	expect 0 list $l --json
	[ "$(head -c 1 out)" = '[' ] || fail "list $l --json is no list"
done
expect 2 list workload
says err "did you mean 'workloads'"

# every option that --help names is one that is taken
expect 0 run --help
[ "$(grep -c -- '--' out)" -gt 50 ] || fail "run --help is short"
# the workload that is meant, and no other
[ "$(grep '^Workload' out)" = 'Workload hot-header:' ] || fail "workloads of run --help: $(grep '^Workload' out)"
expect 0 tune --workload=pc --help
[ "$(grep '^Workload' out)" = 'Workload pc:' ] || fail "workloads of tune --workload=pc --help: $(grep '^Workload' out)"
expect 0 run --workload churn,hot-header --help
[ "$(grep -c '^Workload' out)" = 2 ] || fail "not two workloads: $(grep '^Workload' out)"
# of a name that two workloads have, each one's default
sed -n '/^Workload churn:/,/^$/p' out >churn
says churn '--n N .*\[1000 objects\]'
sed -n '/^Workload hot-header:/,/^$/p' out >hot
says hot '--n N .*\[64 objects\]'
sed -n '/^Toggles of the cache:/,$p' out | grep -q -e '--seed' && fail "the toggle's seed, which the run's own hides"
exit $failed
