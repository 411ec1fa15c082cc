/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/rng.h"

unsigned order_group(unsigned k)
{
	return k == 1 ? 1 : k % 2 ? 2 * k : k;
}

/* What was drawn for the group at hand of one set of k things. */
struct design {
	unsigned k;
	struct rng rng;
	uint32_t *name; /* [k]: which thing is the design's 0, 1, ... */
	uint32_t *pair; /* [order_group(k) / 2], at least 1: rows, in the order they are used */
	int backwards;	/* the direction of the pair at hand */
};

static int design_init(struct design *d, unsigned k, uint64_t seed)
{
	unsigned i, pairs = (order_group(k) + 1) / 2;

	d->k = k;
	rng_seed(&d->rng, seed);
	d->name = malloc(k * sizeof(*d->name));
	d->pair = malloc(pairs * sizeof(*d->pair));
	if (!d->name || !d->pair)
		return -ENOMEM;
	for (i = 0; i < k; i++)
		d->name[i] = i;
	for (i = 0; i < pairs; i++)
		d->pair[i] = i;
	return 0;
}

static void design_release(struct design *d)
{
	free(d->name);
	free(d->pair);
}

/* Row 0 of a Williams design of @k: 0, k-1, 1, k-2, 2, ... */
static unsigned williams(unsigned k, unsigned i)
{
	return i % 2 ? k - (i + 1) / 2 : i / 2;
}

/* The order of block @b into @row; to be called for blocks 0, 1, 2, ... in turn. */
static void design_row(struct design *d, unsigned b, uint32_t *row)
{
	unsigned k = d->k, at = b % order_group(k), i;
	int backwards;

	if (!at) {
		rng_shuffle(&d->rng, d->name, k, sizeof(*d->name));
		rng_shuffle(&d->rng, d->pair, (order_group(k) + 1) / 2, sizeof(*d->pair));
	}
	if (at % 2 == 0)
		d->backwards = (int)rng_below(&d->rng, 2);
	backwards = d->backwards ^ (at % 2);
	for (i = 0; i < k; i++)
		row[i] = d->name[(williams(k, backwards ? k - 1 - i : i) + d->pair[at / 2]) % k];
}

/* ---- experiments in a block, configs in an experiment ---- */

struct layout {
	const unsigned *size;
	unsigned n, total;
	unsigned *first;	/* [n]: config that each experiment begins with */
	struct design *design;	/* [n]: of each experiment's configs */
	struct design between;	/* of the experiments */
	uint32_t *turn, *inner; /* scratch: [n], [total] */
};

static int layout_init(struct layout *l, const unsigned *size, unsigned n, uint64_t seed)
{
	unsigned i;
	int rc = 0;

	memset(l, 0, sizeof(*l));
	l->size = size;
	l->n = n;
	l->first = calloc(n, sizeof(*l->first));
	l->design = calloc(n, sizeof(*l->design));
	l->turn = calloc(n, sizeof(*l->turn));
	for (i = 0; i < n && l->first; i++) {
		l->first[i] = l->total;
		l->total += size[i];
	}
	l->inner = calloc(l->total + 1, sizeof(*l->inner));
	if (!l->first || !l->design || !l->turn || !l->inner)
		return -ENOMEM;
	/* streams of their own, none of them the trials' (plan_trial_seed()) */
	rc = design_init(&l->between, n, rng_splitmix64(&seed) ^ 1);
	for (i = 0; i < n && !rc; i++)
		rc = design_init(&l->design[i], size[i], rng_splitmix64(&seed) ^ 1);
	return rc;
}

static void layout_release(struct layout *l)
{
	unsigned i;

	for (i = 0; l->design && i < l->n; i++)
		design_release(&l->design[i]);
	design_release(&l->between);
	free(l->first);
	free(l->design);
	free(l->turn);
	free(l->inner);
}

static void layout_block(struct layout *l, unsigned b, uint32_t *out)
{
	unsigned i, c, x;

	for (i = 0; i < l->n; i++)
		design_row(&l->design[i], b, l->inner + l->first[i]);
	design_row(&l->between, b, l->turn);
	for (i = 0; i < l->n; i++) {
		x = l->turn[i];
		for (c = 0; c < l->size[x]; c++)
			*out++ = l->first[x] + l->inner[l->first[x] + c];
	}
}

int order_make(uint32_t **order, const unsigned *size, unsigned n, unsigned blocks, uint64_t seed,
	       struct err *e)
{
	struct layout l;
	int rc = layout_init(&l, size, n, seed);
	unsigned b;

	*order = rc ? NULL : malloc(((size_t)blocks * l.total + 1) * sizeof(**order));
	for (b = 0; *order && b < blocks; b++)
		layout_block(&l, b, *order + (size_t)b * l.total);
	layout_release(&l);
	return *order ? 0 : err_set(e, -ENOMEM, "out of memory");
}
