/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/rng.h"

void rng_seed(struct rng *r, uint64_t seed)
{
	for (unsigned i = 0; i < 4; i++)
		r->s[i] = rng_splitmix64(&seed);
}

static void swap_bytes(unsigned char *a, unsigned char *b, size_t size)
{
	while (size--) {
		unsigned char t = *a;

		*a++ = *b;
		*b++ = t;
	}
}

void rng_shuffle(struct rng *r, void *base, size_t n, size_t size)
{
	unsigned char *p = base;

	for (size_t i = n; i > 1; i--) {
		size_t j = rng_below(r, i);

		if (j != i - 1)
			swap_bytes(p + j * size, p + (i - 1) * size, size);
	}
}
