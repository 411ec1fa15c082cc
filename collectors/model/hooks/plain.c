/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What -fsanitize=thread calls for plain loads and stores, in place of the sanitizer's runtime: gcc's names and
 * clang's. The state of the one simulated machine is here, too.
 *
 * Hooks run from the first constructor on, before main(): the state is valid as zeroes, which is off. Who turns it
 * on does so on one thread, outside all instrumented functions.
 */

#ifndef WL_MODEL
#define WL_MODEL /* the names of operations, also for those who only read this file */
#endif

#include <pthread.h>
#include <unistd.h>

#include "collectors/model/hooks/touch.h"
#include "workloads/timed.h"

struct model_state model_state __attribute__((aligned(64)));

int model_build(void)
{
	return 1;
}

void model_touch_recorded(uint64_t addr, unsigned size, bool write)
{
	model_state.record(model_state.arg, model_state.cpu, addr, size, write);
	sim_access(model_state.sim, model_state.cpu, addr, size, write);
}

/* ---- the stack ---- */

#define STACK_DEPTH (256 * 1024) /* of what is called from here */

void model_here(void)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0), low = here - STACK_DEPTH;
	uintptr_t high = here;
	pthread_attr_t attr;
	size_t bytes;
	void *addr;

	model_state.stacks_bytes = 0;
	if (pthread_getattr_np(pthread_self(), &attr))
		return;
	if (!pthread_attr_getstack(&attr, &addr, &bytes)) {
		if (getpid() == gettid())
			high = (uintptr_t)addr + bytes;
		else if (low < (uintptr_t)addr)
			low = (uintptr_t)addr;
		model_state.stacks = low;
		model_state.stacks_bytes = high - low;
	}
	pthread_attr_destroy(&attr);
}

/* ---- loads and stores by size ---- */

/* Volatile ones have hooks of their own because the compilers are asked for them: without, they would be left out.
 * C++'s vptr accesses and clang's "read, then written" complete the names. */
#define HOOKS(size)                                         \
	void __tsan_read##size(void *p)                     \
	{                                                   \
		model_touch(p, size, false);                \
	}                                                   \
	void __tsan_write##size(void *p)                    \
	{                                                   \
		model_touch(p, size, true);                 \
	}                                                   \
	void __tsan_volatile_read##size(void *p)            \
	{                                                   \
		model_touch(p, size, false);                \
	}                                                   \
	void __tsan_volatile_write##size(void *p)           \
	{                                                   \
		model_touch(p, size, true);                 \
	}                                                   \
	void __tsan_unaligned_read##size(void *p)           \
	{                                                   \
		model_touch(p, size, false);                \
	}                                                   \
	void __tsan_unaligned_write##size(void *p)          \
	{                                                   \
		model_touch(p, size, true);                 \
	}                                                   \
	void __tsan_unaligned_volatile_read##size(void *p)  \
	{                                                   \
		model_touch(p, size, false);                \
	}                                                   \
	void __tsan_unaligned_volatile_write##size(void *p) \
	{                                                   \
		model_touch(p, size, true);                 \
	}                                                   \
	void __tsan_read_write##size(void *p)               \
	{                                                   \
		model_touch(p, size, false);                \
		model_touch(p, size, true);                 \
	}                                                   \
	void __tsan_unaligned_read_write##size(void *p)     \
	{                                                   \
		model_touch(p, size, false);                \
		model_touch(p, size, true);                 \
	}

HOOKS(1)
HOOKS(2)
HOOKS(4)
HOOKS(8)
HOOKS(16)

void __tsan_vptr_read(void **p)
{
	model_touch(p, sizeof(*p), false);
}

void __tsan_vptr_update(void **p, void *value)
{
	(void)value;
	model_touch(p, sizeof(*p), true);
}

/* ---- ranges ---- */

void model_touch_range(const volatile void *p, size_t size, bool write)
{
	uint64_t addr = (uintptr_t)p;

	if (!model_state.on || !size || addr - model_state.stacks < model_state.stacks_bytes)
		return;
	model_state.refs++;
	if (model_state.record)
		for (size_t at = 0, n; at < size; at += n) {
			n = size - at < UINT32_MAX ? size - at : UINT32_MAX;
			model_state.record(model_state.arg, model_state.cpu, addr + at, (unsigned)n,
					   write);
		}
	sim_range(model_state.sim, model_state.cpu, addr, size, write);
}

void __tsan_read_range(void *p, size_t size)
{
	model_touch_range(p, size, false);
}

void __tsan_write_range(void *p, size_t size)
{
	model_touch_range(p, size, true);
}

/* ---- what the CPU is doing ---- */

/*
 * Some functions of the engine lie in sections named after what they do (KMEM_PHASE in engine/internal.h): an
 * address inside tells that one is entered or left. The linker makes the symbols; they are weak, because small
 * programs that use these hooks have no engine.
 */
#define SECTION(name)                                                                        \
	extern const char __start_kmem_##name[] __attribute__((weak, visibility("hidden"))); \
	extern const char __stop_kmem_##name[] __attribute__((weak, visibility("hidden")))
SECTION(refill);
SECTION(flush);
SECTION(grow);

#define NESTED 16

static struct {
	uintptr_t start, size; /* around all of them; size 0: not looked for yet */
	unsigned depth, was[NESTED];
} phase;

static bool within(uintptr_t pc, const char *start, const char *stop)
{
	return pc - (uintptr_t)start < (uintptr_t)stop - (uintptr_t)start;
}

static unsigned op_of(uintptr_t pc)
{
	if (within(pc, __start_kmem_refill, __stop_kmem_refill))
		return MODEL_REFILL;
	if (within(pc, __start_kmem_flush, __stop_kmem_flush))
		return MODEL_FLUSH;
	if (within(pc, __start_kmem_grow, __stop_kmem_grow))
		return MODEL_GROW;
	return MODEL_OTHER;
}

void __tsan_init(void)
{
	const char *const at[] = { __start_kmem_refill, __stop_kmem_refill, __start_kmem_flush,
				   __stop_kmem_flush,	__start_kmem_grow,  __stop_kmem_grow };
	uintptr_t from = UINTPTR_MAX, to = 0;

	for (unsigned i = 0; i < sizeof(at) / sizeof(at[0]); i++)
		if (at[i]) {
			from = (uintptr_t)at[i] < from ? (uintptr_t)at[i] : from;
			to = (uintptr_t)at[i] > to ? (uintptr_t)at[i] : to;
		}
	phase.start = from;
	phase.size = to > from ? to - from : 0;
}

/* A phase inside another counts as the one further from the fast path: the refill of a cache of slab headers
 * while a slab is grown is part of growing. */
static __attribute__((noinline)) void phase_enter(uintptr_t pc)
{
	unsigned op = op_of(pc);

	if (op == MODEL_OTHER)
		return;
	if (phase.depth < NESTED)
		phase.was[phase.depth] = model_state.op;
	phase.depth++;
	if (op > model_state.op)
		model_state.op = op;
}

static __attribute__((noinline)) void phase_leave(uintptr_t pc)
{
	if (op_of(pc) == MODEL_OTHER || !phase.depth)
		return;
	if (--phase.depth < NESTED)
		model_state.op = phase.was[phase.depth];
}

/* Both are called from inside the function that is entered or left: no sibling calls in that build. */
void __tsan_func_entry(void *caller)
{
	uintptr_t pc = (uintptr_t)__builtin_return_address(0);

	(void)caller;
	if (__builtin_expect(pc - phase.start < phase.size, 0) && model_state.on)
		phase_enter(pc);
}

void __tsan_func_exit(void)
{
	uintptr_t pc = (uintptr_t)__builtin_return_address(0);

	if (__builtin_expect(pc - phase.start < phase.size, 0) && model_state.on)
		phase_leave(pc);
}

_Static_assert(MODEL_ALLOC == WL_ALLOC + 1 && MODEL_FREE == WL_FREE + 1 &&
		       MODEL_VISIT == WL_VISIT + 1 && MODEL_OTHER == WL_NO_OP + 1,
	       "operations of workloads are the model's");

int wl_model_op(int op)
{
	int was = (int)model_state.op - 1;

	model_state.op = (unsigned)(op + 1);
	return was;
}

/* ---- the rest of the names ---- */

void __tsan_ignore_thread_begin(void)
{
}

void __tsan_ignore_thread_end(void)
{
}
