/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/host.h"
#include "tests/threads_help.h"

int sanitized(void)
{
	return strcmp(host_build_sanitizer(), "none") != 0;
}

void broken(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}

static void misuse(void *arg, const char *text)
{
	(void)arg;
	broken("%s", text);
}

/* ---- holding ---- */

static _Atomic unsigned char *owner_of(struct stage *st, const void *p)
{
	return &st->owner[((uintptr_t)p - st->s->map->base) / 8];
}

static void write_stamp(unsigned char *p, unsigned size, uint64_t stamp)
{
	for (unsigned i = 0; i + 8 <= size; i += 8)
		memcpy(p + i, &stamp, 8);
}

void compare_stamp(const unsigned char *p, unsigned size, uint64_t stamp)
{
	for (unsigned i = 0; i + 8 <= size; i += 8)
		if (memcmp(p + i, &stamp, 8))
			broken("object %p was changed at byte %u while it was held",
			       (const void *)p, i);
}

void hold(struct worker *w, unsigned cache, unsigned char *p)
{
	unsigned char was = atomic_exchange_explicit(owner_of(w->st, p), (unsigned char)(w->me + 1),
						     memory_order_relaxed);
	uint64_t stamp = rng_u64(&w->rng);

	if (was)
		broken("object %p was handed to thread %u while thread %d held it", (void *)p,
		       w->me, was - 1);
	w->held[w->n].p = p;
	w->held[w->n].cache = cache;
	w->held[w->n].stamp = stamp;
	w->n++;
	write_stamp(p, w->st->size[cache], stamp);
	w->allocs++;
}

unsigned char *let_go(struct worker *w, unsigned char *p, unsigned cache, uint64_t stamp)
{
	compare_stamp(p, w->st->size[cache], stamp);
	if (!atomic_exchange_explicit(owner_of(w->st, p), 0, memory_order_relaxed))
		broken("object %p was held and marked free", (void *)p);
	w->frees++;
	return p;
}

unsigned char *let_go_held(struct worker *w, unsigned i, unsigned *cache)
{
	unsigned char *p = let_go(w, w->held[i].p, w->held[i].cache, w->held[i].stamp);

	*cache = w->held[i].cache;
	w->held[i] = w->held[--w->n];
	return p;
}

void work_move(struct worker *w)
{
	cpu_set_t all, one;
	unsigned n;

	if (sched_getaffinity(getpid(), sizeof(all), &all))
		return;
	n = (unsigned)rng_below(&w->rng, (uint64_t)CPU_COUNT(&all));
	for (unsigned i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &all) && !n--) {
			CPU_ZERO(&one);
			CPU_SET(i, &one);
			pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
			return;
		}
}

/* ---- a stage ---- */

void stage_begin(struct stage *st, unsigned source, unsigned nodes, const struct slab_config *cfg,
		 unsigned small, unsigned large)
{
	struct kmem_machine *m = malloc(sizeof(*m));
	struct kmem_system_config sc = { .machine = m, .node_bytes = 256u << 20, .report = misuse };
	struct err e;

	memset(st, 0, sizeof(*st));
	assert_non_null(m);
	if (kmem_machine_native(m, &e) || kmem_machine_emulate(m, nodes, &e))
		fail_msg("%s", e.text);
	if (source == KMEM_CPU_SLOT)
		m->cpu_source = KMEM_CPU_SLOT;
	sc.max_slots = m->nr_cpus > 16 ? 0 : 16;
	if (kmem_system_create(&st->s, &sc, &e))
		fail_msg("%s", e.text);
	st->nodes = nodes;
	st->size[0] = small;
	st->size[1] = large;
	for (unsigned i = 0; i < CACHES; i++)
		if (kmem_cache_create(st->s, i ? "large" : "small", st->size[i], cfg, NULL,
				      &st->c[i], &e))
			fail_msg("%s", e.text);
	st->words = (st->s->map->end - st->s->map->base) / 8;
	st->owner = mmap(NULL, st->words, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_true((void *)st->owner != MAP_FAILED);
	for (unsigned i = 0; i < WORKERS; i++)
		pthread_mutex_init(&st->ring[i].lock, NULL);
	free(m);
}

void stage_end(struct stage *st)
{
	struct err e;

	if (kmem_system_check(st->s, &e))
		fail_msg("%s", e.text);
	for (unsigned i = 0; i < CACHES; i++)
		if (kmem_cache_destroy(st->c[i], &e))
			fail_msg("%s", e.text);
	assert_int_equal(ops_pages_left(st->s), 0);
	assert_int_equal(meta_live(st->s->meta), ops_meta_expected(st->s));
	assert_true(ops_accounts_still(st->s));
	if (kmem_system_check(st->s, &e) || kmem_system_destroy(st->s, &e))
		fail_msg("%s", e.text);
	munmap((void *)st->owner, st->words);
}

void start(pthread_t *t, void *(*fn)(void *), void *arg)
{
	assert_int_equal(pthread_create(t, NULL, fn, arg), 0);
}

unsigned ops_per_thread(void)
{
	const char *text = getenv("SLABSCOPE_THREADS_OPS"), *more = getenv("SLABSCOPE_TEST_LONG"),
		   *fewer = getenv("SLABSCOPE_TEST_SHORT");
	unsigned n = sanitized() || (fewer && !strcmp(fewer, "1")) ? 8000 : 150000;

	if (text && *text)
		return (unsigned)strtoul(text, NULL, 0);
	return more && !strcmp(more, "1") ? 20 * n : n;
}

const struct thread_mode modes[MODES] = {
	{ "rseq, one node", KMEM_CPU_RSEQ, 1 },
	{ "rseq, two nodes", KMEM_CPU_RSEQ, 2 },
	{ "slots, one node", KMEM_CPU_SLOT, 1 },
	{ "slots, three nodes", KMEM_CPU_SLOT, 3 },
};

int has_mode(const struct thread_mode *m)
{
	struct kmem_machine *machine = malloc(sizeof(*machine));
	struct err e;
	int have;

	assert_non_null(machine);
	have = !kmem_machine_native(machine, &e);
	have = have && (m->source == KMEM_CPU_SLOT || machine->cpu_source == KMEM_CPU_RSEQ);
	free(machine);
	if (!have)
		printf("%s: not on this machine and build\n", m->name);
	return have;
}
