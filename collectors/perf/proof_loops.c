/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernels of proofs whose instructions are written down one by one. The compiler neither adds nor takes
 * any; what lies around the loop is a few dozens in millions.
 */

#include <errno.h>
#include <math.h>
#include <sys/mman.h>

#include "collectors/perf/proof.h"

#define ROUNDS 100000u

#if defined(__x86_64__) || defined(__aarch64__)
#define HAVE_LOOPS 1
#else
#define HAVE_LOOPS 0
#endif

/* 32 times one instruction, then count down and branch: 34 per round. */
#define R8(i) i i i i i i i i
#define R32(i) R8(i) R8(i) R8(i) R8(i)
#define BODY 32u

#if defined(__x86_64__)
#define LOOP(i) "1:\n\t" R32(i) "dec %[n]\n\tjnz 1b\n\t"
#define XOR "xor %[b], %[a]\n\t"
#define LOAD "mov (%[p]), %[a]\n\t"
#define STORE "mov %[a], (%[p])\n\t"
#elif defined(__aarch64__)
#define LOOP(i) "1:\n\t" R32(i) "subs %[n], %[n], #1\n\tb.ne 1b\n\t"
#define XOR "eor %[a], %[a], %[b]\n\t"
#define LOAD "ldr %[a], [%[p]]\n\t"
#define STORE "str %[a], [%[p]]\n\t"
#endif

static int loop_prepare(struct proof_run *r, struct err *e)
{
	if (!HAVE_LOOPS)
		return err_set(e, -ENOTSUP, "the loop is written for x86-64 and arm64 only");
	r->known[KNOWN_INSTRUCTIONS] = ROUNDS * (BODY + 2.0);
	r->known[KNOWN_BRANCHES] = ROUNDS;
	r->known[KNOWN_CYCLES] = ROUNDS * (double)BODY;
	return 0;
}

PROOF_PLAIN static void loop_go(struct proof_run *r)
{
#if HAVE_LOOPS
	uint64_t n = ROUNDS, a = 1, b = 3;

	__asm__ volatile(LOOP(XOR) : [n] "+r"(n), [a] "+r"(a) : [b] "r"(b) : "cc");
#endif
	(void)r;
}

static void loop_release(struct proof_run *r)
{
	(void)r;
}

const struct proof_kernel proof_loop = {
	.name = "loop",
	.help = "100000 rounds of 34 instructions, 32 of which wait for the one before",
	.prepare = loop_prepare,
	.go = loop_go,
	.release = loop_release,
};

static int loads_prepare(struct proof_run *r, struct err *e)
{
	int rc = loop_prepare(r, e);

	r->known[KNOWN_LOADS] = ROUNDS * (double)BODY;
	return rc;
}

PROOF_PLAIN static void loads_go(struct proof_run *r)
{
#if HAVE_LOOPS
	uint64_t n = ROUNDS, a, here = 0, *p = &here;

	__asm__ volatile(LOOP(LOAD) : [n] "+r"(n), [a] "=&r"(a) : [p] "r"(p), "m"(here) : "cc");
#endif
	(void)r;
}

const struct proof_kernel proof_loads = {
	.name = "loads",
	.help = "3200000 loads of one word",
	.prepare = loads_prepare,
	.go = loads_go,
	.release = loop_release,
};

static int stores_prepare(struct proof_run *r, struct err *e)
{
	int rc = loop_prepare(r, e);

	r->known[KNOWN_STORES] = ROUNDS * (double)BODY;
	return rc;
}

PROOF_PLAIN static void stores_go(struct proof_run *r)
{
#if HAVE_LOOPS
	uint64_t n = ROUNDS, a = 1, here, *p = &here;

	__asm__ volatile(LOOP(STORE)
			 : [n] "+r"(n), "=m"(here)
			 : [a] "r"(a), [p] "r"(p)
			 : "cc", "memory");
#endif
	(void)r;
}

const struct proof_kernel proof_stores = {
	.name = "stores",
	.help = "3200000 stores to one word",
	.prepare = stores_prepare,
	.go = stores_go,
	.release = loop_release,
};
