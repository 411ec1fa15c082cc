/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why the pick is better: whose misses there were, in which sets, and what of the layout changed. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/tune.h"
#include "collectors/model/who.h"

/* Text that grows and is cut at its end. */
struct say {
	char *to;
	size_t room, n;
};

static void say(struct say *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct say *s, const char *fmt, ...)
{
	size_t at = s->n < s->room ? s->n : s->room;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(s->to + at, s->room - at, fmt, ap);
	va_end(ap);
	s->n = at + (n > 0 ? (size_t)n : 0);
}

static double get(const struct tune_values *v, const char *a, const char *b, const char *c)
{
	char name[96];

	snprintf(name, sizeof(name), "model.%s%s%s", a, b, c);
	return tune_value(v, name);
}

/* "L1 misses 0.27 -> 0.012 per operation", for each level where that changed. */
static void say_levels(struct say *s, const struct tune_values *was, const struct tune_values *now)
{
	static const char *const level[][2] = {
		{ "l1d", "L1" }, { "l2", "L2" }, { "l3", "L3" }, { "dtlb", "dTLB" }
	};
	unsigned said = 0;

	for (unsigned i = 0; i < sizeof(level) / sizeof(*level); i++) {
		double a = get(was, level[i][0], "_misses_per_op", "");
		double b = get(now, level[i][0], "_misses_per_op", "");

		if (isnan(a) || isnan(b) || fabs(a - b) <= 0.02 * fmax(a, b) || fmax(a, b) < 1e-4)
			continue;
		say(s, "%s%s misses %s from %.3g to %.3g", said++ ? ", " : "", level[i][1],
		    b < a ? "fall" : "rise", a, b);
	}
	if (said)
		say(s, " per operation. ");
}

/* Who misses most in the L1 with what stands, and in which set. */
static void say_who(struct say *s, const struct tune_values *was, const struct slab_geometry *g)
{
	const char *const plural[WHO_NR] = {
		[WHO_OBJECT] = "objects",
		[WHO_HEADER] = g->off_slab ? "off-slab headers" : "on-slab headers",
		[WHO_INDEX] = g->off_slab ? "off-slab free indexes" : "on-slab free indexes",
		[WHO_ARRAY] = "the CPUs' arrays",
		[WHO_SHARED] = "shared arrays",
		[WHO_ALIEN] = "alien arrays",
		[WHO_HEAD] = "the nodes' list heads",
		[WHO_PAGEMAP] = "entries of the page map",
		[WHO_META] = "the allocator's other structures",
		[WHO_WORKLOAD] = "the workload's own lines",
		[WHO_OTHER] = "other lines",
	};
	double all = get(was, "l1d_misses", "", ""), most = 0, sets, share, hot;
	unsigned who = WHO_NR;
	const char *name;

	for (unsigned i = 0; i < WHO_NR; i++) {
		double v = get(was, "l1d_misses_", who_names[i], "");

		if (v > most) {
			most = v;
			who = i;
		}
	}
	if (who == WHO_NR || !(all > 0))
		return;
	name = plural[who] ? plural[who] : who_names[who];
	say(s, "With what stands, %s cause %.0f %% of the L1 misses", name, most / all * 100);
	sets = get(was, "l1d_", who_names[who], "_miss_sets");
	hot = get(was, "l1d_", who_names[who], "_hot_set");
	share = get(was, "l1d_", who_names[who], "_hot_set_misses") / all * 100;
	if (sets == 1)
		say(s, ", all in set %.0f of %.0f", hot, get(was, "l1d_sets", "", ""));
	else if (share >= 10)
		say(s, ", %.0f %% of all in set %.0f of %.0f", share, hot,
		    get(was, "l1d_sets", "", ""));
	say(s, ". ");
}

static const char *management(const struct slab_geometry *g)
{
	return g->off_slab ? "off-slab" : g->objfreelist ? "inside a free object" : "in the slab";
}

/* What the two layouts have that is not the same. */
static void say_layout(struct say *s, const struct slab_geometry *a, const struct slab_geometry *b)
{
	if (a->colour <= 1 && b->colour > 1)
		say(s,
		    "Its slabs have no colours (%u bytes are left over); the pick has %u of %u bytes. ",
		    a->left_over, b->colour, b->colour_off);
	else if (a->colour != b->colour || (a->colour > 1 && a->colour_off != b->colour_off))
		say(s, "Colours: %u of %u bytes become %u of %u. ", a->colour, a->colour_off,
		    b->colour, b->colour_off);
	if (a->num != b->num || a->gfporder != b->gfporder)
		say(s, "A slab of %u bytes with %u objects becomes one of %u with %u. ",
		    a->page_size << a->gfporder, a->num, b->page_size << b->gfporder, b->num);
	if (a->off_slab != b->off_slab || a->objfreelist != b->objfreelist)
		say(s, "Management moves from %s to %s. ", management(a), management(b));
	if (a->size != b->size)
		say(s, "Objects lie %u bytes apart, not %u. ", b->size, a->size);
	if (a->limit != b->limit || a->shared != b->shared)
		say(s, "Queues: %u objects per CPU and %u shared batches become %u and %u. ",
		    a->limit, a->shared, b->limit, b->shared);
}

/* Both once more, with everything told apart. */
int tune_reason(struct tuning *t, struct err *e)
{
	static const char *const who[] = { "model_who=on", NULL };
	struct say s = { t->reason, sizeof(t->reason), 0 };
	int rc = tune_model_trial(&t->model, 0, 1, who, &t->base, e);

	if (!rc && t->pick)
		rc = tune_model_trial(&t->model, t->pick, 1, who, &t->best, e);
	if (rc)
		return rc;
	if (t->pick) {
		say_levels(&s, &t->base, &t->best);
		say_who(&s, &t->base, &t->space.point[0].geometry);
		say_layout(&s, &t->space.point[0].geometry, &t->space.point[t->pick].geometry);
	} else {
		say_who(&s, &t->base, &t->space.point[0].geometry);
	}
	while (s.n && s.n < s.room && t->reason[s.n - 1] == ' ')
		t->reason[--s.n] = '\0';
	return 0;
}
