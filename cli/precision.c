/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/precision.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/verdict.h"

static int measures(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (; *list; list += strcspn(list, ","), list += *list == ',')
		if (!strncmp(list, name, n) && (!list[n] || list[n] == ','))
			return 1;
	return 0;
}

static int check_config(const struct plan *p, unsigned config, struct err *e)
{
	struct trial_spec s;
	int yes, rc = plan_spec(p, config, &s, e);

	if (rc)
		return rc;
	yes = measures(s.run.collect, PRECISION_COLLECTOR);
	trial_spec_release(&s);
	return yes ? 0 :
		     err_set(e, -EINVAL,
			     "precision: is that of " PRECISION_METRIC
			     ": collect has to name " PRECISION_COLLECTOR);
}

static void make_looks(struct precision *x, unsigned launches)
{
	unsigned n;

	for (n = PRECISION_FIRST_LOOK; n < launches && x->nr_looks < PRECISION_LOOKS - 1; n *= 2)
		x->look[x->nr_looks++] = n;
	x->look[x->nr_looks++] = launches;
}

int precision_init(struct precision *x, const struct plan *p, struct err *e)
{
	unsigned c;
	int rc = 0;

	memset(x, 0, sizeof(*x));
	x->asked = p->run.half_width;
	if (!(x->asked > 0))
		return 0;
	x->item = calloc(p->nr_configs, sizeof(*x->item));
	if (!x->item)
		return err_set(e, -ENOMEM, "out of memory");
	for (c = 0; c < p->nr_configs && !rc; c++) {
		const struct plan_exp *exp = &p->exp[p->config[c].exp];

		rc = check_config(p, c, e);
		if (c != exp->first || exp->nr_configs == 1)
			x->item[x->nr++] = (struct precision_item){ c, exp->first, NAN };
	}
	make_looks(x, p->blocks);
	x->confidence = 1 - (1 - PRECISION_CONFIDENCE) / ((double)x->nr_looks * x->nr);
	if (rc)
		precision_release(x);
	return rc;
}

void precision_release(struct precision *x)
{
	free(x->item);
	memset(x, 0, sizeof(*x));
}

int precision_has_look(const struct precision *x, unsigned launches)
{
	unsigned i;

	for (i = 0; i < x->nr_looks; i++)
		if (x->look[i] == launches)
			return 1;
	return 0;
}

/* The half width of one item's interval, as a ratio. @r: room for @n numbers. */
static double half_width(const struct precision *x, const struct precision_item *it,
			 const struct plan *p, const double *v, unsigned n, double *r)
{
	const struct verdict_rules rules = { .confidence = x->confidence, .comparisons = 1 };
	const double *a = v + (size_t)it->config * p->blocks, *b = v + (size_t)it->base * p->blocks;
	struct verdict_result out;
	unsigned i, have = 0;

	if (it->config != it->base) {
		verdict_pairs(a, b, n, &rules, &out);
	} else {
		for (i = 0; i < n; i++)
			if (a[i] > 0)
				r[have++] = log(a[i]);
		verdict_ratios(r, have, &rules, &out);
	}
	return out.have_interval ? expm1((log(out.hi) - log(out.lo)) / 2) : NAN;
}

int precision_look(struct precision *x, const struct plan *p, const double *v, unsigned launches,
		   struct err *e)
{
	double *r = malloc((launches + 1) * sizeof(*r));
	unsigned i;

	if (!r)
		return err_set(e, -ENOMEM, "out of memory");
	x->launches = launches;
	x->within = 0;
	for (i = 0; i < x->nr; i++) {
		x->item[i].half_width = half_width(x, &x->item[i], p, v, launches, r);
		x->within += x->item[i].half_width <= x->asked; /* not if it is NaN */
	}
	free(r);
	return 0;
}

int precision_reached(const struct precision *x)
{
	return x->launches && x->within == x->nr;
}
