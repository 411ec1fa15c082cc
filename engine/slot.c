/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who owns a CPU's array_cache.
 *
 * slot.ac (slot.home where every operation is slow) holds the array while nobody owns it. Taking it is an
 * exchange with kmem_stub_owned, whose avail and limit are 0: fast operations fail on it and go the slow way,
 * slow ones see that somebody is at work and go straight to the node's lists. Exactly one exchange gets the
 * array.
 *
 * The exchange of the local CPU is itself the commit of a restartable sequence: it happens on the CPU whose slot
 * it is, and any fast operation of a thread that was preempted there restarts and finds the stub. The exchange
 * from elsewhere is followed by membarrier, which restarts what runs there (rseq), or makes a busy mark visible
 * that is then waited for (slot mode).
 */
#include <sched.h>

#include "engine/internal.h"
#include "engine/membarrier.h"

struct array_cache kmem_stub_owned, kmem_stub_none;

/* ---- thread slots (KMEM_CPU_SLOT): the process's table of which are taken ---- */

__thread int kmem_tls_slot __attribute__((tls_model("initial-exec"))) = -1;
static _Atomic uint64_t slot_taken[KMEM_MAX_CPUS / 64];
static pthread_key_t slot_key;
static pthread_once_t slot_once = PTHREAD_ONCE_INIT;

static int slot_try(unsigned s)
{
	return !(atomic_fetch_or(&slot_taken[s / 64], 1ull << (s % 64)) >> (s % 64) & 1);
}

static void slot_give_back(void *arg)
{
	unsigned s = (unsigned)(uintptr_t)arg - 1;

	kmem_tls_slot = -1;
	atomic_fetch_and(&slot_taken[s / 64], ~(1ull << (s % 64)));
}

/* What the thread still does is done without: a slot taken from here on would never be given back. */
static void slot_thread_ends(void *arg)
{
	slot_give_back(arg);
	kmem_tls_slot = -2;
}

static void slot_key_create(void)
{
	pthread_key_create(&slot_key, slot_thread_ends);
}

/* The slot comes first: pthread_setspecific() may ask for memory, of us where the engine stands behind malloc. */
static void slot_set(int slot)
{
	kmem_tls_slot = slot;
	pthread_once(&slot_once, slot_key_create);
	pthread_setspecific(slot_key, (void *)(uintptr_t)(slot + 1));
}

int kmem_thread_bind(int slot)
{
	int old = kmem_tls_slot;

	if (slot < -1 || slot >= KMEM_MAX_CPUS)
		return -EINVAL;
	if (slot == old)
		return 0;
	if (slot >= 0 && !slot_try((unsigned)slot))
		return -EBUSY;
	if (old >= 0)
		slot_give_back((void *)(uintptr_t)(old + 1));
	slot_set(slot);
	return 0;
}

/* A free slot for a thread that asked for none: the CPU it runs on if that is free, else the first. */
static int slot_auto(unsigned nr_slots)
{
	int cpu = sched_getcpu();

	if (cpu >= 0 && (unsigned)cpu < nr_slots && slot_try((unsigned)cpu)) {
		slot_set(cpu);
		return cpu;
	}
	for (unsigned s = 0; s < nr_slots; s++)
		if (slot_try(s)) {
			slot_set((int)s);
			return (int)s;
		}
	return -1;
}

/* ---- taking ---- */

static struct array_cache **slot_field(struct kmem_cache *c, unsigned cpu)
{
	return atomic_load_explicit(&c->core->slow_only, memory_order_acquire) ?
		       &c->slot[cpu].home :
		       &c->slot[cpu].ac;
}

static struct array_cache *exchange(struct array_cache **field)
{
	return __atomic_exchange_n(field, &kmem_stub_owned, __ATOMIC_ACQ_REL);
}

#ifdef KMEM_RSEQ
static struct array_cache *take_rseq(struct kmem_cache *c, int *cpu)
{
	char *field = (char *)slot_field(c, 0);
	struct array_cache *old;
	uintptr_t t, here;

	__asm__ __volatile__(KMEM_RSEQ_BEGIN "movq %[t], %[here]\n\t"
					     "shlq %[shift], %[t]\n\t"
					     "movq %[stub], %[old]\n\t"
					     "xchgq %[old], (%[field],%[t])\n\t" /* commit */
					     "4:\n\t"
			     : [old] "=&r"(old), [t] "=&r"(t), [here] "=&r"(here)
			     : [field] "r"(field), [stub] "r"(&kmem_stub_owned),
			       [rs] "r"(__rseq_offset), [shift] "i"(KMEM_SLOT_SHIFT)
			     : "memory", "cc");
	*cpu = (int)here;
	return old;
}
#endif

/* The fast free of a machine with several nodes: onto this CPU's array if the object is of its node. */
int slot_push_local(struct kmem_cache *c, void *obj)
{
#ifdef KMEM_RSEQ
	struct array_cache *ac;
	uintptr_t t, u;

	__asm__ __volatile__ goto(
		KMEM_RSEQ_BEGIN "shlq %[shift], %[t]\n\t"
				"movq %c[slot](%[c],%[t]), %[ac]\n\t"
				"movq %[obj], %[u]\n\t"
				"subq %c[lo](%[ac]), %[u]\n\t"
				"cmpq %c[span](%[ac]), %[u]\n\t"
				"jae %l[no]\n\t" KMEM_RSEQ_PUSH("no")
		: [t] "=&r"(t), [u] "=&r"(u), [ac] "=&r"(ac)
		: [c] "r"(c), [obj] "r"(obj), [rs] "r"(__rseq_offset),
		  KMEM_AC_OFFSETS, [limit] "i"(offsetof(struct array_cache, limit)),
		  [lo] "i"(offsetof(struct array_cache, lo)),
		  [span] "i"(offsetof(struct array_cache, span))
		: "memory", "cc"
		: no);
	return 1;
no:
	return 0;
#else
	unsigned s = (unsigned)kmem_tls_slot;
	struct array_cache *ac;
	int done = 0;

	if (s >= c->nr_slots)
		return 0;
	ac = kmem_slot_enter(c, &c->slot[s]);
	if ((uintptr_t)obj - ac->lo < ac->span && ac->avail < ac->limit) {
		ac->entry[ac->avail++] = obj;
		done = 1;
	}
	__atomic_store_n(&c->slot[s].busy, 0, __ATOMIC_RELEASE);
	return done;
#endif
}

int kmem_thread_cpu(const struct kmem_system *s)
{
#ifdef KMEM_RSEQ
	if (s->machine.cpu_source == KMEM_CPU_RSEQ) {
		uint32_t cpu;

		__asm__ __volatile__("movl %%fs:(%1), %0" : "=r"(cpu) : "r"(__rseq_offset));
		return (int)cpu;
	}
#endif
	if (kmem_tls_slot == -1)
		slot_auto(s->nr_slots);
	return kmem_tls_slot >= 0 && kmem_tls_slot < (int)s->nr_slots ? kmem_tls_slot : -1;
}

unsigned cpu_to_node(const struct kmem_system *s, int cpu)
{
	/* more slots than CPUs (threads without rseq): they share the CPUs' nodes evenly */
	return cpu < 0 ? 0 : s->machine.cpu_node[(unsigned)cpu % s->machine.nr_cpus];
}

struct array_cache *array_create(struct kmem_system *s, struct kmem_cache_core *core, unsigned node,
				 unsigned limit, unsigned batchcount)
{
	struct array_cache *ac =
		meta_alloc_injected(s, core, sizeof(*ac) + (size_t)limit * sizeof(ac->entry[0]));

	if (!ac)
		return NULL;
	ac->limit = limit;
	ac->push_limit = s->machine.nr_nodes == 1 ? limit : 0;
	ac->batchcount = batchcount;
	ac->lo = s->map->base + node * s->map->node_span;
	ac->span = s->map->node_span;
	return ac;
}

/* We own the slot; it had no array yet. */
static struct array_cache *first_array(struct kmem_cache *c, int cpu)
{
	struct kmem_cache_core *core = c->core;
	const struct slab_geometry *g = &core->geo[core_conf(core)->geo]->g;
	struct array_cache *ac =
		array_create(core->sys, core, cpu_to_node(core->sys, cpu), g->limit, g->batchcount);

	if (!ac)
		slot_release(c, cpu, &kmem_stub_none);
	return ac;
}

struct array_cache *slot_claim(struct kmem_cache *c, int *cpu)
{
	struct array_cache *ac;

#ifdef KMEM_RSEQ
	if (c->core->sys->machine.cpu_source == KMEM_CPU_RSEQ) {
		ac = take_rseq(c, cpu);
	} else
#endif
	{
		*cpu = kmem_thread_cpu(c->core->sys);
		if (*cpu < 0)
			return NULL;
		ac = exchange(slot_field(c, (unsigned)*cpu));
	}
	if (ac == &kmem_stub_owned)
		return NULL;
	return ac == &kmem_stub_none ? first_array(c, *cpu) : ac;
}

void slot_release(struct kmem_cache *c, int cpu, struct array_cache *ac)
{
	__atomic_store_n(slot_field(c, (unsigned)cpu), ac, __ATOMIC_RELEASE);
}

/* Nobody is inside a fast operation on an array that was taken from slot @cpu (-1: from all) any more. */
static void slot_quiesce(struct kmem_cache *c, int cpu)
{
	struct kmem_cache_core *core = c->core;

	if (atomic_load(&core->slow_only))
		return;
	if (core->sys->machine.cpu_source == KMEM_CPU_RSEQ) {
		kmem_barrier_cpu(cpu);
		return;
	}
	kmem_barrier_all();
	for (unsigned i = cpu < 0 ? 0 : (unsigned)cpu;
	     i < (cpu < 0 ? c->nr_slots : (unsigned)cpu + 1); i++)
		while (__atomic_load_n(&c->slot[i].busy, __ATOMIC_ACQUIRE))
			sched_yield();
}

static struct array_cache *exchange_wait(struct kmem_cache *c, unsigned cpu)
{
	struct array_cache *ac;

	for (unsigned spins = 0; (ac = exchange(slot_field(c, cpu))) == &kmem_stub_owned; spins++)
		if (spins > 64)
			sched_yield();
		else
			kmem_cpu_relax();
	return ac;
}

struct array_cache *slot_claim_remote(struct kmem_cache *c, unsigned cpu)
{
	struct array_cache *ac = exchange_wait(c, cpu);

	if (ac != &kmem_stub_none)
		slot_quiesce(c, (int)cpu);
	return ac;
}

void slot_claim_all(struct kmem_cache *c, struct array_cache **ac)
{
	unsigned arrays = 0;

	for (unsigned i = 0; i < c->nr_slots; i++) {
		ac[i] = exchange_wait(c, i);
		arrays += ac[i] != &kmem_stub_none;
	}
	if (arrays)
		slot_quiesce(c, -1);
}

void slot_forked(void)
{
	for (unsigned i = 0; i < KMEM_MAX_CPUS / 64; i++) {
		uint64_t mine = kmem_tls_slot >= 0 && (unsigned)kmem_tls_slot / 64 == i ?
					1ull << (kmem_tls_slot % 64) :
					0;

		atomic_store(&slot_taken[i], mine);
	}
}

void slot_forked_cache(struct kmem_cache *c)
{
	for (unsigned i = 0; i < c->nr_slots; i++)
		__atomic_store_n(&c->slot[i].busy, 0, __ATOMIC_RELAXED);
}
