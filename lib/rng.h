/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_RNG_H
#define SLABSCOPE_RNG_H

/*
 * xoshiro256** (Blackman, Vigna 2018), its state filled by splitmix64 so that every seed, 0
 * included, gives a usable state and near seeds give unrelated streams. The same seed gives the
 * same numbers on every machine. Not for secrets. A struct rng belongs to one thread; nothing here
 * allocates or fails.
 */

#include <stddef.h>
#include <stdint.h>

struct rng {
	uint64_t s[4];
};

/* One step of splitmix64: advances *@state and returns the mixed value. Good for deriving seeds. */
static inline uint64_t rng_splitmix64(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

void rng_seed(struct rng *r, uint64_t seed);

static inline uint64_t rng_rotl(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

static inline uint64_t rng_u64(struct rng *r)
{
	uint64_t *s = r->s;
	uint64_t out = rng_rotl(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rng_rotl(s[3], 45);
	return out;
}

/*
 * Uniform in 0 .. @n - 1, without bias (Lemire 2019: multiply, and reject the few low products that
 * would make some results likelier). @n 0 stands for 2^64: any value.
 */
static inline uint64_t rng_below(struct rng *r, uint64_t n)
{
	unsigned __int128 m = (unsigned __int128)rng_u64(r) * n;

	if (!n)
		return rng_u64(r);
	if ((uint64_t)m < n) {
		uint64_t least = -n % n;

		while ((uint64_t)m < least)
			m = (unsigned __int128)rng_u64(r) * n;
	}
	return (uint64_t)(m >> 64);
}

/* Uniform in [0, 1): a multiple of 2^-53. */
static inline double rng_double(struct rng *r)
{
	return (double)(rng_u64(r) >> 11) * 0x1.0p-53;
}

/* Permute @n elements of @size bytes at @base, every order equally likely (Fisher-Yates). */
void rng_shuffle(struct rng *r, void *base, size_t n, size_t size);

#endif
