/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_FASTPATH_H
#define SLABSCOPE_FASTPATH_H

/*
 * The fast path, included by kmem_cache.h only.
 *
 * kmem_fast_pop(c)        the last object of this CPU's array, or NULL: empty, or somebody owns the array
 * kmem_fast_push(c, obj)  1: done; 0: full, owned by somebody, or the machine has several nodes
 *
 * Restartable sequences (x86-64). The CPU number is read inside the sequence, so it needs no check: whatever
 * would make it stale (preemption, migration, a signal) restarts the sequence before its one committing store.
 * cpu_id_start is always a valid index, even in a thread that is not registered. rseq_cs is not cleared behind
 * the sequence: the kernel ignores it outside the address range, so code that inlines this must not be unmapped
 * (dlclose) while threads that ran it live.
 */

#ifdef KMEM_RSEQ

/* Opens a sequence: 1 entry (and restart), 2 first instruction inside, 4 first one behind, 5 abort. %[t] is clobbered.
 * 0x53053053 is the signature that glibc registered (RSEQ_SIG on x86). */
#define KMEM_RSEQ_BEGIN                           \
	".pushsection __rseq_cs, \"aw\"\n\t"      \
	".balign 32\n\t"                          \
	"9:\n\t"                                  \
	".long 0, 0\n\t"                          \
	".quad 2f, 4f - 2f, 5f\n\t"               \
	".popsection\n\t"                         \
	".pushsection __rseq_failure, \"ax\"\n\t" \
	".byte 0x0f, 0xb9, 0x3d\n\t"              \
	".long 0x53053053\n\t"                    \
	"5:\n\t"                                  \
	"jmp 1f\n\t"                              \
	".popsection\n\t"                         \
	"1:\n\t"                                  \
	"leaq 9b(%%rip), %[t]\n\t"                \
	"movq %[t], %%fs:8(%[rs])\n\t"            \
	"2:\n\t"                                  \
	"movl %%fs:(%[rs]), %k[t]\n\t"

/* The end of a free: push %[obj] on %[ac], or go to @full when avail has reached the field %[limit]. */
#define KMEM_RSEQ_PUSH(full)                                      \
	"movq %c[avail](%[ac]), %[t]\n\t" /* avail and touched */ \
	"cmpl %c[limit](%[ac]), %k[t]\n\t"                        \
	"jae %l[" full "]\n\t"                                    \
	"movl %k[t], %k[u]\n\t"                                   \
	"movq %[obj], %c[entry](%[ac],%[u],8)\n\t"                \
	"addq $1, %[t]\n\t"                                       \
	"movq %[t], %c[avail](%[ac])\n\t" /* commit */            \
	"4:\n\t"

#define KMEM_AC_OFFSETS                                                              \
	[shift] "i"(KMEM_SLOT_SHIFT), [slot] "i"(offsetof(struct kmem_cache, slot)), \
		[avail] "i"(offsetof(struct array_cache, avail)),                    \
		[entry] "i"(offsetof(struct array_cache, entry))

static inline __attribute__((always_inline)) void *kmem_fast_pop(struct kmem_cache *c)
{
	void *obj;
	uintptr_t t;
	struct array_cache *ac;

	/* "volatile goto" in this order: gcc 12 drops an asm goto whose outputs are unused otherwise */
	__asm__ __volatile__ goto(KMEM_RSEQ_BEGIN "shlq %[shift], %[t]\n\t"
						  "movq %c[slot](%[c],%[t]), %[ac]\n\t"
						  "movl %c[avail](%[ac]), %k[t]\n\t"
						  "subl $1, %k[t]\n\t"
						  "jc %l[empty]\n\t"
						  "movq %c[entry](%[ac],%[t],8), %[obj]\n\t"
						  "btsq $32, %[t]\n\t" /* touched = 1 */
						  "movq %[t], %c[avail](%[ac])\n\t" /* commit */
						  "4:\n\t"
				  : [obj] "=&r"(obj), [t] "=&r"(t), [ac] "=&r"(ac)
				  : [c] "r"(c), [rs] "r"(__rseq_offset), KMEM_AC_OFFSETS
				  : "memory", "cc"
				  : empty);
	if (!obj)
		__builtin_unreachable(); /* arrays hold no NULL */
	return obj;
empty:
	return NULL;
}

static inline __attribute__((always_inline)) int kmem_fast_push(struct kmem_cache *c, void *obj)
{
	uintptr_t t, u;
	struct array_cache *ac;

	__asm__ __volatile__ goto(
		KMEM_RSEQ_BEGIN "shlq %[shift], %[t]\n\t"
				"movq %c[slot](%[c],%[t]), %[ac]\n\t" KMEM_RSEQ_PUSH("full")
		: [t] "=&r"(t), [u] "=&r"(u), [ac] "=&r"(ac)
		: [c] "r"(c), [obj] "r"(obj), [rs] "r"(__rseq_offset),
		  KMEM_AC_OFFSETS, [limit] "i"(offsetof(struct array_cache, push_limit))
		: "memory", "cc"
		: full);
	return 1;
full:
	return 0;
}

#else /* slot mode: the thread's own slot, marked busy meanwhile */

static inline struct array_cache *kmem_slot_enter(struct kmem_cache *c, struct kmem_slot *slot)
{
	if (c->need_fence) { /* no membarrier on this kernel: order it here */
		__atomic_exchange_n(&slot->busy, 1, __ATOMIC_SEQ_CST);
	} else {
		__atomic_store_n(&slot->busy, 1, __ATOMIC_RELAXED);
		__atomic_signal_fence(
			__ATOMIC_SEQ_CST); /* who takes the array away calls membarrier */
	}
	return __atomic_load_n(&slot->ac, __ATOMIC_ACQUIRE);
}

static inline void *kmem_fast_pop(struct kmem_cache *c)
{
	struct array_cache *ac;
	struct kmem_slot *slot;
	unsigned s = (unsigned)kmem_tls_slot;
	void *obj = NULL;

	if (s >= c->nr_slots)
		return NULL;
	slot = &c->slot[s];
	ac = kmem_slot_enter(c, slot);
	if (ac->avail) {
		ac->touched = 1;
		obj = ac->entry[--ac->avail];
	}
	__atomic_store_n(&slot->busy, 0, __ATOMIC_RELEASE);
	return obj;
}

static inline int kmem_fast_push(struct kmem_cache *c, void *obj)
{
	struct array_cache *ac;
	struct kmem_slot *slot;
	unsigned s = (unsigned)kmem_tls_slot;
	int done = 0;

	if (s >= c->nr_slots)
		return 0;
	slot = &c->slot[s];
	ac = kmem_slot_enter(c, slot);
	if (ac->avail < ac->push_limit) {
		ac->entry[ac->avail++] = obj;
		done = 1;
	}
	__atomic_store_n(&slot->busy, 0, __ATOMIC_RELEASE);
	return done;
}

#endif

#endif
