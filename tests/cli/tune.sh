#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# slabscope tune from the command line: on the model, on this machine, a listing; what it writes is read back.
. "$(dirname "$0")/common.inc"

# one object in each slab, all in one set: classic slabs of 512-byte objects have no room for colours
hot=(--workload hot-header --n 64 --object-size 512 --ops 2000 --allow-debug on)
few=(--vary colour_slack=none,object --vary order=auto,1 --vary limit=auto,240)

expect 0 tune "${hot[@]}" "${few[@]}" --target zen4 --config tuned.ini --c-source tuned.c
says out '^Change: colour_slack=object order=1$'
says out 'the model alone: no hardware was asked'
says out 'objects cause [0-9]* % of the L1'
says out 'Its slabs have no colours (0 bytes are left over); the pick has 8 of 64'
says out 'memory: 554.7 bytes per object, +5.1 %'
says out 'n=32 .*model'
says out '^  makes no difference: .*limit'

expect 0 tune "${hot[@]}" "${few[@]}" --target zen4 --json
for word in '"verdict": "change"' '"colour_slack": "object"' '"metric": "model.memory_time_per_op"' '"source": "model"' '"low":' \
	'"high":' '"reason": ".*set' '"pareto":' '"decided_by": "model"'; do
	says out "$word"
done

# the same answer when every setting is tried
expect 0 tune "${hot[@]}" "${few[@]}" --target zen4 --json --exhaustive --no-sensitivity
says out '"colour_slack": "object"'

# run reads what was written, and so does a C compiler
expect 0 run tuned.ini --plan --collect time
says out '1 config'
expect 0 run tuned.ini --showjob
says out '^colour_slack = object'
mkdir -p include/slabscope
echo '#include "engine/kmem_cache.h"' >include/slabscope/kmem_cache.h
cat >user.c <<'END'
#include <slabscope/kmem_cache.h>
#include <stdio.h>
#include <string.h>

int tuned_cache_create(struct kmem_system *s, const char *name, size_t size, void (*ctor)(void *obj), struct kmem_cache **out,
		       struct err *e);

/* A cache by the C source and one by the config file: the same slabs, and objects can be had from both. */
int main(void)
{
	struct kmem_system_config config = { 0 };
	struct kmem_system *system;
	struct kmem_cache *a, *b;
	struct slab_geometry x, y;
	struct slab_config c;
	struct err e = { "" };

	if (slab_config_read(&c, "tuned.ini", &e) || kmem_system_create(&system, &config, &e) ||
	    tuned_cache_create(system, "source", 512, NULL, &a, &e) || kmem_cache_create(system, "file", 512, &c, NULL, &b, &e))
		return fprintf(stderr, "%s\n", e.text), 1;
	for (int i = 0; i < 100; i++) {
		void *p = kmem_cache_alloc(a, 0), *q = kmem_cache_alloc(b, 0);

		if (!p || !q)
			return fprintf(stderr, "no objects\n"), 1;
	}
	kmem_cache_geometry(a, &x);
	kmem_cache_geometry(b, &y);
	printf("%u %u colours, %u %u objects\n", x.colour, y.colour, x.num, y.num);
	return 0;
}
END
lib=$(dirname "$(readlink -f "$bin")")/libslabscope.a
${CC:-cc} -std=gnu11 -Wall -Werror -Iinclude -I"$top" tuned.c user.c "$lib" -o user -lhwloc -lz -ldl -lm -pthread ||
	fail "tuned.c does not compile"
./user >out 2>err || fail "the tuned source does not run: $(cat err)"
says out '^8 8 colours, 15 15 objects$'
says tuned.c 'c.colour_slack = 1; /\* object \*/'

# or slab headers do, and the reason says which, how much, and where
expect 0 tune --workload churn --n 1000 --object-size 400 --touch 0 --limit 8 --ops 3000 --allow-debug on --target pentium4 \
	--vary mgmt=auto,off --vary order=auto,2 --json
says out '"reason": ".*on-slab headers cause [0-9]* % of the L1 misses, all in set 0 of 32.*Management moves from in the slab to off-slab'

# no room in memory for it: no colours are bought
expect 0 tune "${hot[@]}" "${few[@]}" --target zen4 --memory +3% --no-sensitivity
says out '^Keep the default\|^Change: .*order=1'
says out 'would take too much memory'

# hot lines are what the workload calls them
expect 0 tune "${hot[@]}" --hot 2@64 --vary order=auto,1 --target zen4 --no-sensitivity --config hot.ini
says hot.ini '^lines = 2'
says hot.ini '^hot_offset = 64'
expect 0 tune --workload churn --n 20 --ops 1000 --allow-debug on --hot 3 --vary order=auto,1 --target zen4 --no-sensitivity \
	--config hot.ini
says hot.ini '^touch = 3'

# two targets; what stands is what is given
expect 0 tune "${hot[@]}" --colour-slack object "${few[@]}" --target zen4 --target pentium4 --no-sensitivity
says out 'target zen4'
says out 'target pentium4'
says out '^Keep the default'

# this machine: settings that are all the same are never a change that was measured to be one by more than noise
expect 0 tune "${hot[@]}" --hardware-only --vary fail_nth=100-103 --launches 6 --duration-ms 1 --collect time \
	--out launches --json
says out '"decided_by": "hardware"'
says out '"verdict": "\(keep-default\|inconclusive\|change\)"'
[ -f launches/round-1/samples.csv ] || fail "no launches"

# where other work is in the way of 20 ms, launches become shorter; not where their length was given
taskset -c 0 sh -c 'while :; do :; done' &
busy=$!
one=(--vary fail_nth=101 --launches 2 --repeats 0 --cpus 0 --collect interference,time --json)
expect 0 tune --workload hot-header --allow-debug on --hardware-only "${one[@]}" --out paces
expect 0 tune --workload hot-header --allow-debug on --hardware-only "${one[@]}" --duration-ms 20 --out given
kill "$busy"
wait "$busy" 2>/dev/null
[ -f paces/confirm/samples.csv ] && [ -f paces/confirm-ms-5/samples.csv ] || fail "no shorter launches: $(ls paces)"
[ "$(ls given)" = confirm ] || fail "other launches than were given: $(ls given)"

# a listing
cat >list <<'END'
slabinfo - version: 2.1
# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>
small               100    126     32  126    1 : tunables  120   60    8 : slabdata      1      1      0
big                 300    304    512    8    1 : tunables   54   27    8 : slabdata     38     38      0
none                  0      0     64   63    1 : tunables  120   60    8 : slabdata      0      0      0
END
expect 0 tune --caches list --target zen4 --ops 1000 --allow-debug on "${few[@]}" --quiet
says out 'advice for 2 caches'
says out 'keep the default: [012]'
expect 0 tune --caches list --top 1 --target zen4 --ops 1000 --allow-debug on "${few[@]}" --json
says out '"cache": "big"'

# an objective that cannot be had is refused before anything is tried, with what could be
expect 2 tune --workload hot-header --allow-debug on --objective time.ns_per_opp
says err "no metric 'time.ns_per_opp'.*did you mean 'time.ns_per_op'"
expect 2 tune "${hot[@]}" --target zen4 --objective model.l2_misses_per_opp
says err "the model of zen4 has no number .*did you mean 'model.l2_misses_per_op'"
expect 2 tune "${hot[@]}" --target zen4 --objective perf.cycles
says err 'counted on this machine alone, and here the model decides (--target)'
expect 2 tune "${hot[@]}" --objective misses+perf.cycles
says err "a part of the objective is the model's"
SLABSCOPE_HOSTFS=$work/none expect 77 tune "${hot[@]}" --objective perf.cycles --collect perf
says err 'objective: perf.cycles is unavailable here: .*'

# what is refused
expect 2 tune --workload hot-header --allow-debug on --objective tim
says err 'objective: expected time'
expect 2 tune --workload hot-header --allow-debug on --target zen4 --vary nothing=1
says err "there is no toggle 'nothing'"
expect 2 tune --workload null --allow-debug on --target zen4
says err 'has no object_size'
expect 2 tune --workload hot-header --allow-debug on --model-only --hardware-only
expect 2 tune --workload hot-header --allow-debug on --target no-such-cpu
expect 2 tune --workload hot-header --allow-debug on --hot x --target zen4
expect 1 tune --workload churn --object-size 64 --hot 4 --allow-debug on --target zen4
says err 'what stands cannot be run: .*touch'
expect 1 tune --workload hot-header --object-size 128 --hot 1@128 --allow-debug on --target zen4
says err 'what stands cannot be run: '
expect 1 tune --workload churn --object-size 64 --hot 4 --allow-debug on --hardware-only --vary order=auto,1
says err 'what stands cannot be run: .*touch'
expect 2 tune --object-size 0 --allow-debug on
says err 'object_size: expected a size'
expect 2 tune --workload sh6 --allow-debug on
says err 'has caches of [0-9]* sizes, and tune is about one'
expect 2 tune --memory foo
says err 'memory: expected a percentage'
expect 2 tune --jobs 0
says err 'jobs: expected a number'
expect 1 tune "${hot[@]}" --target zen4 --config none/here.ini
says err 'none/here.ini: No such file'
[ -s out ] && fail "worked before it found that the file cannot be written"
exit $failed
