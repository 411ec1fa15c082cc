/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guess at what layouts cost, without a trial: a workload as the lines of objects that it touches,
 * laid out anew for each layout, through an L1 and an L2.
 *
 * hot-header is written down as it is: its hot objects lie one in each slab, so which they are depends
 * on the layout, and each layout has a pass to itself. A trace is its own records, the first of them.
 * All other workloads with a number of live objects are taken for a churn among those. Of both, all layouts
 * go through one pass.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cli/tune_model.h"
#include "collectors/model/variants.h"
#include "lib/kmemtrace/script.h"
#include "lib/rng.h"

#define MOST_VISITS 8192u /* of a round */
#define CHURN_OPS 12000u
#define BATCH 64u /* layouts in one pass */
#define L2_CYCLES 12
#define BEYOND_CYCLES 45 /* where the target does not say */

struct sketch {
	struct variants_options caches;
	double cycles[2]; /* of a miss in L1, in L2 */
	bool hot;
	uint64_t n, slabs, lines, offset, touch;
	unsigned size;		       /* of an object */
	const struct trial_spec *spec; /* of a trace; NULL: it is none */
	struct variants_ref *ref;
	unsigned nr, room;
	uint64_t operations; /* of a round */
};

/* An option of the workload as a number; @otherwise: it has none of that name, or it is auto. */
static uint64_t option(const struct trial_spec *s, const char *name, uint64_t otherwise)
{
	const struct opt *row = s->wl && s->wl->opts ? opt_find(s->wl->opts, name) : NULL;
	char text[OPT_STR_MAX + 32], *end;
	uint64_t v;

	if (!row)
		return otherwise;
	opt_format(row, s->params, text, sizeof(text));
	v = strtoull(text, &end, 10);
	return end == text || *end ? otherwise : v;
}

static bool has(const struct trial_spec *s, const char *name)
{
	return s->wl && s->wl->opts && opt_find(s->wl->opts, name);
}

static double latency(const struct mt_target *t, unsigned level, double otherwise)
{
	double v = level < t->nr_levels ? t->cache[level].latency : NAN;

	return isnan(v) ? otherwise : v;
}

static bool usable(const struct mt_cache *c)
{
	unsigned sets = c->sets * c->slices;

	return c->size && sets && !(sets & (sets - 1)) && c->ways <= 16;
}

/* 0; 1: nothing can be guessed. */
static int begin(struct sketch *k, const struct trial_spec *s, const struct mt_target *t,
		 unsigned size)
{
	const struct mt_cache *l1 = &t->cache[0], *l2 = &t->cache[1];

	memset(k, 0, sizeof(*k));
	if (!usable(l1) || !(has(s, "n") || has(s, "trace")))
		return 1;
	k->spec = has(s, "trace") ? s : NULL;
	k->size = size;
	k->caches = (struct variants_options){ .line = l1->line,
					       .l1_sets = l1->sets * l1->slices,
					       .l1_ways = l1->ways };
	if (t->nr_levels > 1 && usable(l2) && l2->line == l1->line) {
		k->caches.l2_sets = l2->sets * l2->slices;
		k->caches.l2_ways = l2->ways;
	}
	k->cycles[0] = latency(t, 1, L2_CYCLES);
	k->cycles[1] = latency(t, 2, BEYOND_CYCLES);
	k->n = option(s, "n", 64);
	k->n = k->n < 1 ? 1 : k->n > MOST_VISITS ? MOST_VISITS : k->n;
	k->hot = has(s, "hot_offset") && has(s, "slabs");
	k->slabs = option(s, "slabs", k->n);
	k->slabs = k->slabs > k->n || !k->slabs ? k->n : k->slabs;
	k->lines = option(s, "lines", 1);
	k->offset = option(s, "hot_offset", 0);
	k->touch = option(s, "touch", (size + l1->line - 1) / l1->line);
	return 0;
}

static void add(struct sketch *k, enum variants_part part, uint64_t where, uint64_t offset)
{
	if (k->nr < k->room)
		k->ref[k->nr++] =
			(struct variants_ref){ where, (uint32_t)offset, 8, (uint8_t)part, 0 };
}

static int room(struct sketch *k, uint64_t refs)
{
	k->nr = 0;
	if (k->ref)
		return 0;
	k->room = (unsigned)refs;
	k->ref = calloc(refs, sizeof(*k->ref));
	return k->ref ? 0 : -ENOMEM;
}

/* One round of visits: number i is object i / slabs of slab i % slabs. */
static int visits(struct sketch *k, unsigned num)
{
	uint32_t *order = malloc(k->n * sizeof(*order));
	struct rng r;

	if (!order || room(k, k->n * k->lines)) {
		free(order);
		return -ENOMEM;
	}
	for (uint64_t i = 0; i < k->n; i++)
		order[i] = (uint32_t)i;
	rng_seed(&r, 1);
	rng_shuffle(&r, order, k->n, sizeof(*order));
	for (uint64_t i = 0; i < k->n; i++) {
		uint64_t slab = order[i] % k->slabs, index = order[i] / k->slabs;

		for (uint64_t l = 0; l < k->lines; l++)
			add(k, VARIANTS_OBJECT, slab * num + index % num,
			    k->offset + l * k->caches.line);
	}
	k->operations = k->n;
	free(order);
	return 0;
}

/* An object is used up and another one is written; of one in two, slab header and index are touched. */
static int churn(struct sketch *k)
{
	struct rng r;

	if (room(k, (uint64_t)CHURN_OPS * (k->touch + 4)))
		return -ENOMEM;
	rng_seed(&r, 1);
	for (unsigned i = 0; i < CHURN_OPS; i++) {
		uint64_t old = rng_below(&r, k->n), new = rng_below(&r, k->n);

		add(k, VARIANTS_OBJECT, old, 0);
		for (uint64_t l = 0; l < k->touch; l++)
			add(k, VARIANTS_OBJECT, new, l * k->caches.line);
		if (i & 1) {
			add(k, VARIANTS_HEADER, old, 24);
			add(k, VARIANTS_INDEX, old, 0);
		}
	}
	k->operations = CHURN_OPS;
	return 0;
}

static const char *text_of(const struct trial_spec *s, const char *name,
			   char text[OPT_STR_MAX + 32])
{
	opt_format(opt_find(s->wl->opts, name), s->params, text, OPT_STR_MAX + 32);
	return text;
}

/* Slots of a trace as numbers without gaps, in the order of their first use. */
struct dense {
	uint32_t *of, nr; /* of[slot]: number + 1 */
};

static uint32_t dense(struct dense *d, uint32_t slot)
{
	if (!d->of[slot])
		d->of[slot] = ++d->nr;
	return d->of[slot] - 1;
}

/* The first records, in their order: a new object is written, an old one is read. */
static int play(struct sketch *k, const struct kmemscript *s, struct dense *d, uint64_t *next)
{
	uint64_t n = s->length < CHURN_OPS ? s->length : CHURN_OPS;
	uint64_t lines = k->size < 8 ? 0 :
				       (k->size - 8) / k->caches.line + 1; /* as replay has it */
	uint64_t touch = k->touch < lines ? k->touch : lines;

	if (room(k, n * (touch + 3)))
		return -ENOMEM;
	for (uint64_t i = 0; i < n; i++) {
		const struct kmemscript_event *ev = NULL;
		uint32_t object;

		for (unsigned w = 0; w < s->workers && !ev; w++)
			if (next[w] < s->part[w].nr && s->part[w].ev[next[w]].at == i)
				ev = &s->part[w].ev[next[w]++];
		if (!ev) /* script.h says that there is one */
			break;
		object = dense(d, ev->slot);
		for (uint64_t l = 0; l < (ev->op == KMEMSCRIPT_ALLOC || !touch ? touch : 1); l++)
			add(k, VARIANTS_OBJECT, object, l * k->caches.line);
		if (i & 1) { /* of one in two, slab header and index are touched */
			add(k, VARIANTS_HEADER, object, 24);
			add(k, VARIANTS_INDEX, object, 0);
		}
	}
	k->operations = n;
	return 0;
}

/* -EINVAL: there is no guess of it. */
static int trace(struct sketch *k)
{
	char path[OPT_STR_MAX + 32], only[OPT_STR_MAX + 32];
	struct dense d = { NULL, 0 };
	struct kmemscript s;
	uint64_t *next;
	int rc;

	if (kmemscript_load(&s, text_of(k->spec, "trace", path), true,
			    text_of(k->spec, "only", only), k->spec->run.workers, NULL)) {
		kmemscript_fini(&s);
		return -EINVAL;
	}
	d.of = calloc(s.slots, sizeof(*d.of));
	next = calloc(s.workers, sizeof(*next));
	rc = d.of && next ? play(k, &s, &d, next) : -ENOMEM;
	free(d.of);
	free(next);
	kmemscript_fini(&s);
	return rc;
}

static void misses(const struct variants *v, unsigned i, uint64_t out[2])
{
	struct variants_counts c;

	out[0] = out[1] = 0;
	variants_counts(v, i, &c);
	for (unsigned p = 0; p < VARIANTS_PARTS; p++) {
		out[0] += c.l1_misses[p];
		out[1] += c.l2_misses[p];
	}
}

/* A round to warm up, one that counts. -EINVAL, -E2BIG: @out is NaN. */
static int pass(const struct sketch *k, const struct variants_layout *l, unsigned n, double *out)
{
	uint64_t warm[BATCH][2], all[2];
	struct variants *v;
	int rc = variants_create(&v, &k->caches, l, n, NULL);

	for (unsigned i = 0; i < n; i++)
		out[i] = NAN;
	if (rc)
		return rc;
	variants_refs(v, k->ref, k->nr);
	rc = variants_flush(v, NULL);
	for (unsigned i = 0; i < n && !rc; i++)
		misses(v, i, warm[i]);
	variants_refs(v, k->ref, k->nr);
	if (!rc)
		rc = variants_flush(v, NULL);
	for (unsigned i = 0; i < n && !rc; i++) {
		misses(v, i, all);
		out[i] = ((double)(all[0] - warm[i][0]) * k->cycles[0] +
			  (double)(all[1] - warm[i][1]) * k->cycles[1]) /
			 (double)k->operations;
	}
	variants_destroy(v);
	return rc;
}

/* -EINVAL and -E2BIG mean that there is no guess. */
static int guess(struct sketch *k, const struct variants_layout *l, unsigned n, double *out)
{
	int rc = 0;

	if (!k->hot) {
		rc = k->ref ? 0 : k->spec ? trace(k) : churn(k);
		for (unsigned i = 0; i < n && rc; i++)
			out[i] = NAN;
		return rc ? rc : pass(k, l, n, out);
	}
	for (unsigned i = 0; i < n && rc != -ENOMEM; i++) {
		rc = visits(k, l[i].g.num);
		if (!rc)
			rc = pass(k, &l[i], 1, &out[i]);
	}
	return rc;
}

/* All of a point that the sketch sees: the same for many that differ in their queues. */
struct seen {
	struct slab_geometry g;
	unsigned seq, run;
	uint64_t seed;
	unsigned point;
};

#define SEEN_BYTES offsetof(struct seen, point)

static int by_layout(const void *a, const void *b)
{
	return memcmp(a, b, SEEN_BYTES);
}

static void look(const struct tune_space *s, struct seen *x)
{
	for (unsigned p = 0; p < s->nr_points; p++) {
		memset(&x[p], 0, sizeof(x[p]));
		memcpy(&x[p].g, &s->point[p].geometry, sizeof(x[p].g));
		x[p].g.limit = x[p].g.batchcount = x[p].g.shared = 0;
		x[p].seq = s->point[p].config.colour_seq;
		x[p].run = s->point[p].config.colour_run;
		x[p].seed = s->point[p].config.seed;
		x[p].point = p;
	}
	qsort(x, s->nr_points, sizeof(*x), by_layout);
}

/* So many layouts from x[*at] on; *@at moves behind the points that have one of them. */
static unsigned gather(const struct tune_space *s, const struct seen *x, unsigned *at,
		       struct variants_layout *l)
{
	unsigned n = 0;

	for (unsigned i = *at; i < s->nr_points; i++, (*at)++) {
		if (!n || by_layout(&x[i], &x[i - 1])) {
			if (n == BATCH)
				break;
			l[n++] = (struct variants_layout){ s->point[x[i].point].geometry,
							   s->point[x[i].point].config };
		}
	}
	return n;
}

static int guess_all(const struct tune_space *s, struct sketch *k, const struct seen *x,
		     double *out)
{
	struct variants_layout *l = calloc(BATCH, sizeof(*l));
	double v[BATCH];
	unsigned at = 0;
	int rc = l ? 0 : -ENOMEM;

	while (at < s->nr_points && rc != -ENOMEM) {
		unsigned begin = at, n = gather(s, x, &at, l), i = 0;

		rc = guess(k, l, n, v);
		for (unsigned j = begin; j < at; j++) {
			i += j > begin && by_layout(&x[j], &x[j - 1]);
			out[x[j].point] = v[i];
		}
	}
	free(l);
	return rc;
}

int tune_sketch(const struct tune_space *s, const struct trial_spec *spec,
		const struct mt_target *t, double *out, struct err *e)
{
	struct seen *x = calloc(s->nr_points, sizeof(*x));
	struct sketch k;
	int rc = x ? 0 : -ENOMEM;

	for (unsigned p = 0; p < s->nr_points; p++)
		out[p] = NAN;
	if (!rc && !begin(&k, spec, t, s->point[0].geometry.object_size)) {
		look(s, x);
		rc = guess_all(s, &k, x, out);
		free(k.ref);
	}
	free(x);
	return rc == -ENOMEM ? err_set(e, rc, "out of memory") : 0;
}

double tune_sketch_one(const struct slab_geometry *g, const struct slab_config *c,
		       const struct trial_spec *spec, const struct mt_target *t)
{
	struct variants_layout l = { *g, *c };
	double v = NAN;
	struct sketch k;

	if (begin(&k, spec, t, g->object_size))
		return NAN;
	guess(&k, &l, 1, &v);
	free(k.ref);
	return v;
}
