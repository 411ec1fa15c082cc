/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/plan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/axis.h"
#include "cli/order.h"
#include "cli/trial_model.h"
#include "lib/rng.h"

/* ---- configs ---- */

unsigned plan_value_of(const struct plan *p, unsigned config, unsigned axis)
{
	const struct plan_exp *x = &p->exp[p->config[config].exp];
	unsigned i, index = config - x->first;

	/* the first axis turns slowest, as in a row of nested loops */
	for (i = x->nr_axes; i-- > axis + 1;)
		index /= x->axis[i].nr;
	return index % x->axis[axis].nr;
}

static char *config_label(const struct plan *p, unsigned config)
{
	const struct plan_exp *x = &p->exp[p->config[config].exp];
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	unsigned a;

	if (!f)
		return NULL;
	for (a = 0; a < x->nr_axes; a++)
		fprintf(f, "%s%s=%s", a ? "," : "", x->axis[a].name,
			x->axis[a].value[plan_value_of(p, config, a)].label);
	if (!x->nr_axes)
		fputs("default", f);
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}

/* The product of the axes' lengths; 0: more than @most. */
static unsigned cross_size(const struct plan_exp *x, unsigned most)
{
	uint64_t n = 1;
	unsigned a;

	for (a = 0; a < x->nr_axes; a++) {
		n *= x->axis[a].nr;
		if (n > most)
			return 0;
	}
	return n;
}

static int add_configs(struct plan *p, unsigned exp, struct err *e)
{
	struct plan_exp *x = &p->exp[exp];
	unsigned i, n = cross_size(x, PLAN_MOST_CONFIGS - p->nr_configs);
	struct plan_config *c;

	if (!n)
		return err_set(
			e, -E2BIG,
			"experiment '%s': more than %u configs: give fewer values or fewer axes",
			x->name, PLAN_MOST_CONFIGS);
	c = realloc(p->config, (p->nr_configs + n) * sizeof(*c));
	if (!c)
		return err_set(e, -ENOMEM, "out of memory");
	p->config = c;
	x->first = p->nr_configs;
	x->nr_configs = n;
	for (i = 0; i < n; i++) {
		c[x->first + i] = (struct plan_config){ .exp = exp };
		p->nr_configs++;
		c[x->first + i].label = config_label(p, x->first + i);
		if (!c[x->first + i].label)
			return err_set(e, -ENOMEM, "out of memory");
	}
	return 0;
}

/* ---- one config's specification ---- */

static int apply(struct trial_spec *s, const struct plan_setting *set, unsigned nr, int early,
		 struct err *e)
{
	unsigned i;
	int rc = 0;

	/* profile and workload reset other settings, so they go first */
	for (i = 0; i < nr && !rc; i++) {
		if (axis_is_early(set[i].name) != early)
			continue;
		rc = trial_spec_set(s, set[i].name, set[i].text, e);
		if (rc)
			err_prefix(e, rc, "%s", set[i].where);
	}
	return rc;
}

int plan_spec(const struct plan *p, unsigned config, struct trial_spec *s, struct err *e)
{
	const struct plan_exp *x = &p->exp[p->config[config].exp];
	int early, rc;
	unsigned a;

	rc = trial_spec_init(s, e);
	if (rc)
		return rc;
	for (early = 1; early >= 0 && !rc; early--) {
		rc = apply(s, x->fixed, x->nr_fixed, early, e);
		for (a = 0; a < x->nr_axes && !rc; a++) {
			const struct plan_value *v = &x->axis[a].value[plan_value_of(p, config, a)];

			rc = apply(s, v->set, v->nr, early, e);
		}
	}
	if (!rc)
		return 0;
	trial_spec_release(s);
	return rc;
}

/* ---- ids, seeds, order, hash ---- */

void plan_trial_id(unsigned block, unsigned config, char id[PLAN_ID_MAX])
{
	snprintf(id, PLAN_ID_MAX, "b%03u-c%04u", block, config);
}

int plan_parse_id(const char *id, unsigned *block, unsigned *config)
{
	char again[PLAN_ID_MAX];

	if (sscanf(id, "b%9u-c%9u", block, config) != 2)
		return -EINVAL;
	plan_trial_id(*block, *config, again);
	return strcmp(id, again) ? -EINVAL : 0;
}

uint64_t plan_trial_seed(const struct plan *p, unsigned block)
{
	uint64_t state =
		p->seed +
		block * UINT64_C(0x9e3779b97f4a7c15); /* = splitmix64's state after `block` steps */

	return rng_splitmix64(&state);
}

static int make_order(struct plan *p, struct err *e)
{
	unsigned *size = calloc(p->nr_exp, sizeof(*size)), i;
	int rc;

	if (!size)
		return err_set(e, -ENOMEM, "out of memory");
	for (i = 0; i < p->nr_exp; i++)
		size[i] = p->exp[i].nr_configs;
	if ((uint64_t)p->blocks * p->nr_configs > PLAN_MOST_TRIALS)
		rc = err_set(e, -E2BIG,
			     "%u configs x %u launches are %" PRIu64
			     " trials, more than %u: give fewer values or fewer launches",
			     p->nr_configs, p->blocks, (uint64_t)p->blocks * p->nr_configs,
			     PLAN_MOST_TRIALS);
	else
		rc = order_make(&p->order, size, p->nr_exp, p->blocks, p->seed, e);
	free(size);
	return rc;
}

static void hash_text(uint64_t *h, const char *s)
{
	/* FNV-1a, the final NUL included so that fields do not run together */
	do {
		*h = (*h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
	} while (*s++);
}

char *plan_spec_text(const struct trial_spec *s)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	int rc = f ? trial_spec_print(s, f) : -ENOMEM;

	if ((f && fclose(f)) || rc) {
		free(text);
		return NULL;
	}
	return text;
}

static int hash_config(const struct plan *p, unsigned config, const struct kmem_machine *m,
		       struct trial_model_target *target, uint64_t *h, struct err *e)
{
	const struct plan_config *c = &p->config[config];
	struct trial_spec s;
	char *text;
	int rc = plan_spec(p, config, &s, e);

	if (rc)
		return rc;
	rc = trial_spec_validate_on(&s, m, target, e);
	if (!rc)
		rc = trial_model_check_record(&s, (uint64_t)p->blocks * p->nr_configs, e);
	text = rc ? NULL : plan_spec_text(&s);
	trial_spec_release(&s);
	if (rc)
		return err_prefix(e, rc, "experiment '%s', %s", p->exp[c->exp].name, c->label);
	if (!text)
		return err_set(e, -ENOMEM, "out of memory");
	hash_text(h, p->exp[c->exp].name);
	hash_text(h, c->label);
	hash_text(h, text);
	free(text);
	return 0;
}

/* Over everything that decides what the trials measure; and on the way every config is checked,
 * for this machine. */
static int check_and_hash(struct plan *p, struct err *e)
{
	struct kmem_machine *m = malloc(sizeof(*m));
	struct trial_model_target *target = calloc(1, sizeof(*target));
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	int rc = m && target ? kmem_machine_native(m, e) : err_set(e, -ENOMEM, "out of memory");
	char head[64];
	unsigned i;

	snprintf(head, sizeof(head), "plan %d %u %" PRIu64, PLAN_VERSION, p->blocks, p->seed);
	hash_text(&h, head);
	for (i = 0; i < p->nr_configs && !rc; i++)
		rc = hash_config(p, i, m, target, &h, e);
	snprintf(p->hash, sizeof(p->hash), "%016" PRIx64, h);
	free(target);
	free(m);
	return rc;
}

/* ---- the whole ---- */

static int add_experiments(struct plan *p, const struct job *j, struct err *e)
{
	static const struct job_section alone = { .name = (char *)"main" };
	unsigned i, n = j->nr_exp ? j->nr_exp : 1;
	int rc = 0;

	p->exp = calloc(n, sizeof(*p->exp));
	if (!p->exp)
		return err_set(e, -ENOMEM, "out of memory");
	for (i = 0; i < n && !rc; i++) {
		p->nr_exp++;
		rc = axis_experiment(&p->exp[i], j, j->nr_exp ? &j->exp[i] : &alone, e);
		if (!rc)
			rc = add_configs(p, i, e);
	}
	return rc;
}

int plan_make(struct plan *p, const struct job *j, struct err *e)
{
	struct run_opts o;
	int rc = job_run_opts(j, &o, e);

	memset(p, 0, sizeof(*p));
	if (!rc && o.seed == OPT_AUTO_U64)
		rc = err_set(e, -EINVAL, "seed: a plan needs a number, not 'auto'");
	if (rc)
		return rc;
	p->blocks = o.launches;
	p->seed = o.seed;
	p->run = o;
	rc = add_experiments(p, j, e);
	if (!rc)
		rc = axis_check_global(j, e);
	if (!rc)
		rc = make_order(p, e);
	if (!rc)
		rc = check_and_hash(p, e);
	if (rc)
		plan_release(p);
	return rc;
}

void plan_release(struct plan *p)
{
	unsigned i;

	for (i = 0; i < p->nr_exp; i++)
		axis_experiment_release(&p->exp[i]);
	for (i = 0; i < p->nr_configs; i++)
		free(p->config[i].label);
	free(p->exp);
	free(p->config);
	free(p->order);
	memset(p, 0, sizeof(*p));
}
