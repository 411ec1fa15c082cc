/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many threads in one cache, while others tune, shrink, reap and look in.
 *
 * Who holds an object writes its number into a table outside the engine (one byte per word of memory): an object
 * that is handed out twice is found at once, with no help from what it contains. Its contents are written and
 * compared too, with plain stores: a thread sanitizer sees whoever else touches them.
 *
 *	SLABSCOPE_THREADS_OPS=n  operations per thread (default 150000; fewer under a sanitizer)
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/host.h"
#include "tests/ops_impl.h"

#define WORKERS 8 /* at most */
#define CACHES 2
#define HELD 48
#define RING 64

static int sanitized(void)
{
	return strcmp(host_build_sanitizer(), "none") != 0;
}

/* Runs on whatever thread finds it: cmocka's asserts belong to the main one. */
static void broken(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
static void broken(const char *fmt, ...)
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

struct ring {
	pthread_mutex_t lock;
	unsigned n;
	struct {
		unsigned char *p;
		unsigned cache;
		uint64_t stamp;
	} at[RING];
};

struct stage {
	struct kmem_system *s;
	struct kmem_cache *c[CACHES];
	unsigned size[CACHES];
	_Atomic unsigned char *owner; /* of each word of the engine's memory; 0: nobody */
	size_t words;
	unsigned workers, ops, nodes;
	unsigned least; /* tunes and looks before the workers may end */
	struct ring ring[WORKERS];
	atomic_uint running;
	atomic_ulong allocs, nulls, frees, handed, tunes, looks;
};

struct worker {
	struct stage *st;
	unsigned me;
	struct rng rng;
	struct {
		unsigned char *p;
		unsigned cache;
		uint64_t stamp;
	} held[HELD];
	unsigned n;
	unsigned long allocs, nulls, frees, handed;
};

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

static void compare_stamp(const unsigned char *p, unsigned size, uint64_t stamp)
{
	for (unsigned i = 0; i + 8 <= size; i += 8)
		if (memcmp(p + i, &stamp, 8))
			broken("object %p was changed at byte %u while it was held",
			       (const void *)p, i);
}

static void hold(struct worker *w, unsigned cache, unsigned char *p)
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

static unsigned char *let_go(struct worker *w, unsigned char *p, unsigned cache, uint64_t stamp)
{
	compare_stamp(p, w->st->size[cache], stamp);
	if (!atomic_exchange_explicit(owner_of(w->st, p), 0, memory_order_relaxed))
		broken("object %p was held and marked free", (void *)p);
	w->frees++;
	return p;
}

static unsigned char *let_go_held(struct worker *w, unsigned i, unsigned *cache)
{
	unsigned char *p = let_go(w, w->held[i].p, w->held[i].cache, w->held[i].stamp);

	*cache = w->held[i].cache;
	w->held[i] = w->held[--w->n];
	return p;
}

/* ---- what a worker does ---- */

static void work_alloc(struct worker *w)
{
	unsigned cache = (unsigned)rng_below(&w->rng, CACHES), node;
	struct kmem_cache *c = w->st->c[cache];
	void *p;

	if (w->n == HELD)
		return;
	switch (rng_below(&w->rng, 12)) {
	case 0:
		node = (unsigned)rng_below(&w->rng, w->st->nodes);
		p = kmem_cache_alloc_node(c, KMEM_THISNODE, (int)node);
		if (p && kmem_obj_node(w->st->s, p) != node)
			broken("an object of node %u instead of %u", kmem_obj_node(w->st->s, p),
			       node);
		break;
	case 1:
		p = kmem_cache_zalloc(c);
		if (p)
			compare_stamp(p, w->st->size[cache], 0);
		break;
	default:
		p = kmem_cache_alloc(c, 0);
	}
	if (p)
		hold(w, cache, p);
	else
		w->nulls++;
}

static void work_free(struct worker *w)
{
	unsigned cache;
	void *p;

	if (!w->n)
		return;
	p = let_go_held(w, (unsigned)rng_below(&w->rng, w->n), &cache);
	kmem_cache_free(w->st->c[cache], p);
}

static void work_bulk(struct worker *w)
{
	unsigned n = 1 + (unsigned)rng_below(&w->rng, 20),
		 cache = (unsigned)rng_below(&w->rng, CACHES), k = 0;
	void *p[20];
	size_t got;

	if (w->n + n <= HELD) {
		got = kmem_cache_alloc_bulk(w->st->c[cache], 0, n, p);
		for (size_t i = 0; i < got; i++)
			hold(w, cache, p[i]);
		w->nulls += !got;
		return;
	}
	for (unsigned i = w->n; i-- > 0 && k < n;) {
		if (w->held[i].cache != cache)
			continue;
		p[k++] = let_go_held(w, i, &cache);
	}
	kmem_cache_free_bulk(w->st->c[cache], k, p);
}

/* To another thread, who frees it: on its CPU, perhaps of another node. */
static void work_hand_over(struct worker *w)
{
	struct ring *r = &w->st->ring[rng_below(&w->rng, w->st->workers)];
	unsigned i;

	if (!w->n)
		return;
	i = (unsigned)rng_below(&w->rng, w->n);
	pthread_mutex_lock(&r->lock);
	if (r->n < RING) {
		r->at[r->n].p = w->held[i].p;
		r->at[r->n].cache = w->held[i].cache;
		r->at[r->n].stamp = w->held[i].stamp;
		r->n++;
		w->held[i] = w->held[--w->n];
		w->handed++;
	}
	pthread_mutex_unlock(&r->lock);
}

static void work_collect(struct worker *w)
{
	struct ring *r = &w->st->ring[w->me];
	struct ring got;

	pthread_mutex_lock(&r->lock);
	got.n = r->n;
	memcpy(got.at, r->at, sizeof(got.at[0]) * r->n);
	r->n = 0;
	pthread_mutex_unlock(&r->lock);
	for (unsigned i = 0; i < got.n; i++)
		kmem_cache_free(w->st->c[got.at[i].cache],
				let_go(w, got.at[i].p, got.at[i].cache, got.at[i].stamp));
}

/* Off to another CPU, with whatever we hold. */
static void work_move(struct worker *w)
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

/* However the scheduler deals: no end before the others had their share. */
static int others_did_enough(struct stage *st)
{
	return atomic_load(&st->tunes) >= st->least && atomic_load(&st->looks) >= st->least;
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;

	for (unsigned i = 0; i < w->st->ops || !others_did_enough(w->st); i++) {
		uint64_t what = rng_below(&w->rng, 1000);

		if (what < 420)
			work_alloc(w);
		else if (what < 740)
			work_free(w);
		else if (what < 780)
			work_bulk(w);
		else if (what < 950)
			work_hand_over(w);
		else if (what < 995)
			work_collect(w);
		else if (what < 998)
			sched_yield();
		else
			work_move(w);
	}
	while (w->n)
		work_free(w);
	atomic_fetch_sub(&w->st->running, 1);
	/* the others may still hand over: be there until the last one is done */
	while (atomic_load(&w->st->running)) {
		work_collect(w);
		sched_yield();
	}
	work_collect(w);
	atomic_fetch_add(&w->st->allocs, w->allocs);
	atomic_fetch_add(&w->st->nulls, w->nulls);
	atomic_fetch_add(&w->st->frees, w->frees);
	atomic_fetch_add(&w->st->handed, w->handed);
	return NULL;
}

/* ---- meanwhile ---- */

static void *tuner_main(void *arg)
{
	struct stage *st = arg;
	struct ops_source in;
	struct slab_config c;
	struct err e;

	ops_source_seed(&in, 42);
	while (atomic_load(&st->running)) {
		struct kmem_cache *cache = st->c[ops_pick(&in, CACHES)];
		int r;

		kmem_cache_config(cache, &c);
		if (!ops_pick(&in, 3)) { /* often enough back to where the inline path serves */
			slab_config_profile(&c, ops_pick(&in, 2) ? "fast" : "kernel-2.6.22", NULL);
			c.rules = RULES_2_6_22;
		}
		ops_toggle(&in, &c, st->nodes, 0);
		r = kmem_cache_tune(cache, &c, &e);
		if (r && r != -EINVAL && r != -EBUSY && r != -ENOMEM && r != -E2BIG)
			broken("tune: %d, %s", r, e.text);
		atomic_fetch_add(&st->tunes, !r);
		for (uint64_t n = ops_pick(&in, 30); n; n--)
			sched_yield();
	}
	return NULL;
}

static void look(struct stage *st, struct kmem_cache *c, FILE *nowhere, uint64_t what)
{
	struct kmem_cache_info i;
	struct err e;

	switch (what) {
	case 0:
		kmem_cache_shrink(c);
		break;
	case 1:
		kmem_cache_get_info(c, &i);
		if (i.bytes_held != i.bytes_asked + i.bytes_free_objs + i.bytes_rounding +
					    i.bytes_stride_pad + i.bytes_mgmt + i.bytes_colour +
					    i.bytes_tail ||
		    i.queued > i.active_objs || i.list_allocs - i.list_frees != i.active_objs)
			broken("%s: the numbers do not add up under load", i.name);
		break;
	case 2:
		if (kmem_cache_check(c, &e))
			broken("%s", e.text);
		break;
	case 3:
		kmem_slabinfo_text(st->s, nowhere, 1);
		break;
	case 4:
		if (kmem_system_check(st->s, &e))
			broken("%s", e.text);
		break;
	default:
		for (unsigned cpu = 0; cpu < st->s->nr_slots; cpu++)
			kmem_reap(st->s, cpu, 5000 * (1 + what) + atomic_load(&st->looks) * 3000);
	}
}

static void *looker_main(void *arg)
{
	struct stage *st = arg;
	FILE *nowhere = fopen("/dev/null", "w");
	struct rng r;

	if (!nowhere)
		broken("cannot open /dev/null");
	rng_seed(&r, 7);
	while (atomic_load(&st->running)) {
		look(st, st->c[rng_below(&r, CACHES)], nowhere, rng_below(&r, 8));
		atomic_fetch_add(&st->looks, 1);
		for (uint64_t n = rng_below(&r, 20); n; n--)
			sched_yield();
	}
	fclose(nowhere);
	return NULL;
}

/* ---- a stage ---- */

static void stage_begin(struct stage *st, unsigned source, unsigned nodes,
			const struct slab_config *cfg, unsigned small, unsigned large)
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

static void stage_end(struct stage *st)
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

static void start(pthread_t *t, void *(*fn)(void *), void *arg)
{
	assert_int_equal(pthread_create(t, NULL, fn, arg), 0);
}

/* @others: a tuner, one that looks in, and the reaper. */
static void run_workers(struct stage *st, unsigned workers, unsigned ops, int others)
{
	struct worker *w = calloc(workers, sizeof(*w));
	pthread_t t[WORKERS], tuner, looker;
	struct err e;

	assert_non_null(w);
	st->workers = workers;
	st->ops = ops;
	st->least = others ? 40 : 0;
	atomic_store(&st->running, workers);
	for (unsigned i = 0; i < workers; i++) {
		w[i].st = st;
		w[i].me = i;
		rng_seed(&w[i].rng, i + 1);
		start(&t[i], worker_main, &w[i]);
	}
	if (others) {
		assert_int_equal(kmem_reaper_start(st->s, 1, &e), 0);
		assert_int_equal(kmem_reaper_start(st->s, 1, &e), -EALREADY);
		start(&tuner, tuner_main, st);
		start(&looker, looker_main, st);
		pthread_join(tuner, NULL);
		pthread_join(looker, NULL);
	}
	for (unsigned i = 0; i < workers; i++)
		pthread_join(t[i], NULL);
	if (others)
		kmem_reaper_stop(st->s);
	for (unsigned i = 0; i < workers; i++)
		work_collect(&w[i]);
	free(w);
}

static unsigned ops_per_thread(void)
{
	const char *text = getenv("SLABSCOPE_THREADS_OPS"), *more = getenv("SLABSCOPE_TEST_LONG");
	unsigned n = sanitized() ? 8000 : 150000;

	if (text && *text)
		return (unsigned)strtoul(text, NULL, 0);
	return more && !strcmp(more, "1") ? 20 * n : n;
}

static const struct mode {
	const char *name;
	unsigned source, nodes;
} modes[] = {
	{ "rseq, one node", KMEM_CPU_RSEQ, 1 },
	{ "rseq, two nodes", KMEM_CPU_RSEQ, 2 },
	{ "slots, one node", KMEM_CPU_SLOT, 1 },
	{ "slots, three nodes", KMEM_CPU_SLOT, 3 },
};

/* A mode that this build or machine has not: rseq under a thread sanitizer, on an old kernel. */
static int has_mode(const struct mode *m)
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

static void everything_at_once(void **state)
{
	static struct stage st; /* large */
	struct slab_config cfg;

	(void)state;
	slab_config_profile(&cfg, "kernel-2.6.22", NULL);
	for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (!has_mode(&modes[i]))
			continue;
		stage_begin(&st, modes[i].source, modes[i].nodes, &cfg, 64, 760);
		run_workers(&st, 4, ops_per_thread(), 1);
		assert_int_equal(st.allocs, st.frees);
		assert_true(st.allocs > 1000 && st.handed > 100);
		assert_true(st.tunes >= st.least && st.looks >= st.least);
		printf("%s: %lu allocations (%lu NULL), %lu handed over, %lu tunes, %lu looks\n",
		       modes[i].name, st.allocs, st.nulls, st.handed, st.tunes, st.looks);
		stage_end(&st);
	}
}

/* No tuning: the inline path all the time, remote frees through alien caches; every queue is in use at the end. */
static void plain_load(void **state)
{
	static struct stage st;
	struct kmem_cache_info info;
	struct slab_config cfg;

	(void)state;
	slab_config_profile(&cfg, "kernel-2.6.22", NULL);
	cfg.limit = 6;
	cfg.batchcount = 3;
	for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (!has_mode(&modes[i]))
			continue;
		stage_begin(&st, modes[i].source, modes[i].nodes, &cfg, 64, 760);
		run_workers(&st, 4, ops_per_thread(), 0);
		assert_int_equal(st.nulls, 0);
		assert_int_equal(st.allocs, st.frees);
		kmem_cache_get_info(st.c[0], &info);
		assert_int_equal(info.active_objs, info.queued);
		assert_int_equal(info.bytes_asked, 0);
		assert_true(info.refills > 10 && info.flushes > 10);
		stage_end(&st);
	}
}

/* ---- preemption inside the fast path ---- */

static void nothing(int sig)
{
	(void)sig;
}

static void *hammer_main(void *arg)
{
	struct worker *w = arg;
	struct stage *st = w->st;

	for (unsigned i = 0; i < st->ops; i++) {
		unsigned n = 1 + (unsigned)rng_below(&w->rng, 5);

		for (unsigned k = 0; k < n; k++) {
			void *p = kmem_cache_alloc(st->c[0], 0);

			if (!p)
				broken("NULL, though memory is left");
			hold(w, 0, p);
		}
		while (w->n) {
			unsigned cache;
			void *p = let_go_held(w, w->n - 1, &cache);

			kmem_cache_free(st->c[0], p);
		}
		if (i % 4096 == 0)
			work_move(w);
	}
	atomic_fetch_add(&st->allocs, w->allocs);
	return NULL;
}

/* Eight threads share the CPUs' tiny arrays, and signals interrupt whoever runs: each one restarts a sequence. */
static void preempted(void **state)
{
	static struct stage st;
	static struct worker w[WORKERS];
	struct itimerval often = { { 0, 250 }, { 0, 250 } }, off = { { 0, 0 }, { 0, 0 } };
	struct sigaction sa = { .sa_handler = nothing, .sa_flags = SA_RESTART }, old;
	struct slab_config cfg;
	pthread_t t[WORKERS];

	(void)state;
	slab_config_profile(&cfg, "kernel-2.6.22", NULL);
	cfg.limit = 2;
	cfg.batchcount = 1;
	cfg.shared = 1;
	for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i += 2) {
		if (!has_mode(&modes[i]))
			continue;
		stage_begin(&st, modes[i].source, 1, &cfg, 64, 512);
		st.workers = WORKERS;
		st.ops = (modes[i].source == KMEM_CPU_RSEQ ? 10 : 2) * ops_per_thread();
		assert_int_equal(sigaction(SIGPROF, &sa, &old), 0);
		if (!sanitized())
			assert_int_equal(setitimer(ITIMER_PROF, &often, NULL), 0);
		memset(w, 0, sizeof(w));
		for (unsigned k = 0; k < WORKERS; k++) {
			w[k].st = &st;
			w[k].me = k;
			rng_seed(&w[k].rng, 100 + k);
			start(&t[k], hammer_main, &w[k]);
		}
		for (unsigned k = 0; k < WORKERS; k++)
			pthread_join(t[k], NULL);
		setitimer(ITIMER_PROF, &off, NULL);
		sigaction(SIGPROF, &old, NULL);
		printf("%s: %lu pairs by %d threads\n", modes[i].name, st.allocs, WORKERS);
		stage_end(&st);
	}
}

/* ---- an array taken away by another CPU, while its own is in the middle of it ---- */

static void pin(unsigned nth)
{
	cpu_set_t all, one;

	if (sched_getaffinity(getpid(), sizeof(all), &all))
		return;
	nth %= (unsigned)CPU_COUNT(&all);
	CPU_ZERO(&one);
	for (unsigned i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &all) && !nth--) {
			CPU_SET(i, &one);
			break;
		}
	pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
}

static void *pairs_main(void *arg)
{
	struct worker *w = arg;

	pin(w->me);
	/* each of those that drain has done its share */
	while (atomic_load(&w->st->looks) < w->st->ops) {
		for (unsigned i = 0; i < 200; i++) {
			unsigned n = 1 + (i & 3), cache;

			for (unsigned k = 0; k < n; k++) {
				void *p = kmem_cache_alloc(w->st->c[0], 0);

				if (!p)
					broken("NULL, though memory is left");
				hold(w, 0, p);
			}
			while (w->n)
				kmem_cache_free(w->st->c[0], let_go_held(w, 0, &cache));
		}
	}
	atomic_fetch_add(&w->st->allocs, w->allocs);
	return NULL;
}

/* Whatever the queues hold goes back to the slabs: an object that its CPU took meanwhile would be there twice. */
static void *drainer_main(void *arg)
{
	struct stage *st = arg;
	struct slab_config cfg;
	struct err e;

	pin(1);
	for (unsigned i = 0; i < st->ops; i++) {
		kmem_cache_shrink(st->c[0]);
		if (i % 64 == 0) {
			kmem_cache_config(st->c[0], &cfg);
			cfg.limit = cfg.limit == 8 ? 12 : 8;
			if (kmem_cache_tune(st->c[0], &cfg, &e))
				broken("%s", e.text);
		}
		if (i % 1024 == 0 && kmem_cache_check(st->c[0], &e))
			broken("%s", e.text);
		for (unsigned k = i % 50; k; k--)
			kmem_cpu_relax();
		atomic_fetch_add(&st->looks, 1);
	}
	return NULL;
}

static void taken_away(void **state)
{
	static struct stage st;
	static struct worker w[2];
	struct slab_config cfg;
	pthread_t t[2], drainer;

	(void)state;
	slab_config_profile(&cfg, "kernel-2.6.22", NULL);
	cfg.limit = 8;
	cfg.batchcount = 4;
	cfg.shared = 0;
	for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i += 2) {
		if (!has_mode(&modes[i]))
			continue;
		stage_begin(&st, modes[i].source, 1, &cfg, 64, 512);
		st.workers = 2;
		st.ops = ops_per_thread();
		memset(w, 0, sizeof(w));
		for (unsigned k = 0; k < 2; k++) {
			w[k].st = &st;
			w[k].me = 2 * k; /* not where the drainer is, if there are other CPUs */
			rng_seed(&w[k].rng, 200 + k);
			start(&t[k], pairs_main, &w[k]);
		}
		start(&drainer, drainer_main, &st);
		pthread_join(drainer, NULL);
		for (unsigned k = 0; k < 2; k++)
			pthread_join(t[k], NULL);
		printf("%s: %lu pairs, drained %lu times\n", modes[i].name, st.allocs, st.looks);
		stage_end(&st);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_load),
		cmocka_unit_test(preempted),
		cmocka_unit_test(taken_away),
		cmocka_unit_test(everything_at_once),
	};

	return cmocka_run_group_tests_name("engine_threads", tests, NULL, NULL);
}
