/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/aa.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/verdict.h"

/* ---- the job ---- */

static int set_default(struct job *j, const char *name, const char *text, struct err *e)
{
	return job_find(j, NULL, name) ? 0 : job_set(&j->global, name, text, "--aa", e);
}

static int copy_settings(struct job *out, const struct job *j, const struct plan *p, struct err *e)
{
	const struct plan_exp *x = &p->exp[0];
	unsigned i;
	int rc = 0;

	for (i = 0; i < j->global.nr && !rc; i++) {
		const struct job_setting *s = &j->global.set[i];

		if (opt_find(run_opts_table, s->name))
			rc = job_set(&out->global, s->name, s->text, s->where, e);
	}
	for (i = 0; i < x->nr_fixed && !rc; i++)
		rc = job_set(&out->global, x->fixed[i].name, x->fixed[i].text, x->fixed[i].where,
			     e);
	return rc ? rc : set_default(out, "duration_ms", AA_DURATION_MS, e);
}

static int add_comparisons(struct job *out, unsigned n, struct err *e)
{
	char name[16];
	unsigned i;
	int rc = 0;

	for (i = 0; i < n && !rc; i++) {
		snprintf(name, sizeof(name), "aa%02u", i + 1);
		rc = job_section(out, name, e);
		if (!rc)
			rc = job_set(&out->exp[i], "variant", "a: | b:", "--aa", e);
	}
	return rc;
}

static int check_one_config(const struct plan *p, struct err *e)
{
	if (p->run.half_width > 0)
		return err_set(e, -EINVAL, "--aa: a precision does not go with it");
	if (p->nr_exp > 1)
		return err_set(e, -EINVAL,
			       "--aa: compares one config with itself, the job has %u experiments",
			       p->nr_exp);
	if (p->nr_configs > 1)
		return err_set(e, -EINVAL,
			       "--aa: compares one config with itself: %s has %u values, give one",
			       p->exp[0].axis[0].name, p->exp[0].axis[0].nr);
	return 0;
}

int aa_job(struct job *out, const struct job *j, unsigned comparisons, struct err *e)
{
	struct plan p;
	int rc = plan_make(&p, j, e);

	memset(out, 0, sizeof(*out));
	if (rc)
		return rc;
	rc = check_one_config(&p, e);
	if (!rc)
		rc = copy_settings(out, j, &p, e);
	if (!rc)
		rc = add_comparisons(out, comparisons, e);
	plan_release(&p);
	if (rc)
		job_release(out);
	return rc;
}

int aa_is(const struct plan *p)
{
	unsigned i;

	for (i = 0; i < p->nr_exp; i++) {
		const struct plan_exp *x = &p->exp[i];

		if (x->nr_axes != 1 || x->axis[0].nr != 2 || x->axis[0].value[0].nr ||
		    x->axis[0].value[1].nr)
			return 0;
	}
	return 1;
}

/* ---- the evaluation ---- */

/*
 * Distribution of the number of false alarms: of independent comparisons with chances p[0 .. n-1],
 * exactly, one comparison after the other. sum[k]: chance of k; room for n + 1.
 */
static void alarms(const double *p, unsigned n, double *sum)
{
	unsigned i, k;

	sum[0] = 1;
	for (i = 0; i < n; i++) {
		sum[i + 1] = 0;
		for (k = i + 1; k > 0; k--)
			sum[k] = sum[k] * (1 - p[i]) + sum[k - 1] * p[i];
		sum[0] *= 1 - p[i];
	}
}

struct scratch {
	double *p, *sum, *sd, *width, *pairs;
};

static void judge_one(struct aa_result *r, struct scratch *s, const double *a, const double *b,
		      unsigned blocks)
{
	static const struct verdict_rules rules = { .confidence = AA_CONFIDENCE, .comparisons = 1 };
	struct verdict_result v;

	verdict_pairs(b, a, blocks, &rules, &v);
	if (!v.have_interval)
		return;
	r->faster += v.verdict == VERDICT_FASTER;
	r->slower += v.verdict == VERDICT_SLOWER;
	s->p[r->judged] = 1 - v.coverage;
	s->sd[r->judged] = v.sd;
	s->width[r->judged] = (log(v.hi) - log(v.lo)) / 2;
	s->pairs[r->judged++] = (double)v.pairs;
}

static double median(double *v, unsigned n)
{
	size_t have = stat_sort(v, n);

	return have ? stat_median(v, have) : NAN;
}

static void conclude(struct aa_result *r, struct scratch *s)
{
	unsigned k, seen = r->faster + r->slower;
	double below = 0;

	alarms(s->p, r->judged, s->sum);
	for (k = 0; k < r->judged; k++)
		r->expected += s->p[k];
	r->coverage = r->judged ? 1 - r->expected / r->judged : NAN;
	for (k = 0; k < seen; k++)
		below += s->sum[k];
	r->chance = 1 - below;
	for (k = 0, below = s->sum[0]; k < r->judged && below < 0.95; below += s->sum[++k])
		;
	r->most = k;
	r->sd = median(s->sd, r->judged);
	r->noise_floor = median(s->width, r->judged);
	r->pairs = r->judged ? (unsigned)median(s->pairs, r->judged) : 0;
	r->smallest_effect =
		expm1(verdict_smallest_effect(r->sd, r->pairs, AA_CONFIDENCE, VERDICT_POWER));
}

int aa_evaluate(struct aa_result *r, const double *v, unsigned comparisons, unsigned blocks,
		struct err *e)
{
	double *room = calloc(5 * ((size_t)comparisons + 1), sizeof(*room));
	struct scratch s;
	unsigned i;

	memset(r, 0, sizeof(*r));
	r->comparisons = comparisons;
	if (!room)
		return err_set(e, -ENOMEM, "out of memory");
	s.p = room;
	s.sum = s.p + comparisons + 1;
	s.sd = s.sum + comparisons + 1;
	s.width = s.sd + comparisons + 1;
	s.pairs = s.width + comparisons + 1;
	for (i = 0; i < comparisons; i++)
		judge_one(r, &s, v + (size_t)2 * i * blocks, v + ((size_t)2 * i + 1) * blocks,
			  blocks);
	conclude(r, &s);
	free(room);
	return 0;
}

/* ---- the report ---- */

static void print_alarms(FILE *f, const struct aa_result *r)
{
	unsigned seen = r->faster + r->slower;

	fprintf(f,
		"  false alarms     %u of %u (%u faster, %u slower); at %.3g %% per interval %.1f are expected, at most %u in "
		"95 %% of such runs\n",
		seen, r->judged, r->faster, r->slower, r->coverage * 100, r->expected, r->most);
	if (seen > r->most)
		fprintf(f,
			"                   that is too many (by chance with probability %.2g): something here changes between launches that "
			"stand next to\n                   each other; see what slabscope doctor says of interference, and doubt small effects\n",
			r->chance);
	if (r->judged < r->comparisons)
		fprintf(f, "  not judged       %u comparisons with too few pairs\n",
			r->comparisons - r->judged);
}

static void print_percent(FILE *f, const char *name, double v, const char *what)
{
	if (isfinite(v))
		fprintf(f, "  %-16s %.*f %%  %s\n", name,
			v < 0.01 ? 2 :
			v < 0.1	 ? 1 :
				   0,
			v * 100, what);
	else
		fprintf(f, "  %-16s not known  %s\n", name, what);
}

static void print(FILE *f, const struct aa_result *r, const struct hostnoise *n)
{
	char what[80];

	fprintf(f, "A/A self-check: %u comparisons of %s with itself, %u pairs each, %s\n",
		r->comparisons, n->workload, r->pairs, n->metric);
	print_alarms(f, r);
	print_percent(f, "noise floor", expm1(n->noise_floor), "half width of an interval, median");
	print_percent(f, "sd of a ratio", n->sd, "from launch to launch, robust, median");
	snprintf(what, sizeof(what), "of %u pairs, with power %g", n->pairs, VERDICT_POWER);
	print_percent(f, "smallest effect", n->smallest_effect, what);
}

static int fill_noise(struct hostnoise *n, const struct aa_result *r, const struct plan *p,
		      struct err *e)
{
	time_t now = time(NULL);
	struct trial_spec s;
	struct tm tm;
	int rc = plan_spec(p, 0, &s, e);

	if (rc)
		return rc;
	memset(n, 0, sizeof(*n));
	snprintf(n->workload, sizeof(n->workload), "%.63s", s.run.workload);
	trial_spec_release(&s);
	snprintf(n->metric, sizeof(n->metric), "%s", AA_METRIC);
	strftime(n->when, sizeof(n->when), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	n->comparisons = r->judged;
	n->pairs = r->pairs;
	n->false_alarms = r->faster + r->slower;
	n->confidence = AA_CONFIDENCE;
	n->sd = r->sd;
	n->noise_floor = r->noise_floor;
	n->smallest_effect = r->smallest_effect;
	return hostnoise_fingerprint(n->host, sizeof(n->host), e);
}

static int keep(FILE *f, const struct hostnoise *n, struct err *e)
{
	char path[PATH_MAX];
	int rc;

	if (*trial_build_flaw()) {
		fprintf(f, "  not kept         figures of this build do not count (%s)\n",
			trial_build_flaw());
		return 0;
	}
	rc = hostnoise_write(n, e);
	if (rc)
		return rc;
	if (!hostnoise_path(path, sizeof(path), n->host, NULL))
		fprintf(f, "  kept for stat    %s\n", path);
	return 0;
}

int aa_report(FILE *f, const struct plan *p, const struct rundir *d, struct err *e)
{
	struct aa_result r;
	struct hostnoise n;
	double *v;
	int rc = rundir_values(d, p, AA_METRIC, &v, e);

	if (!rc)
		rc = aa_evaluate(&r, v, p->nr_exp, p->blocks, e);
	free(v);
	if (!rc && !r.judged)
		rc = err_set(
			e, -ERANGE,
			"A/A: no comparison has pairs enough for an interval (%zu valid launches each)",
			stat_sign_least(AA_CONFIDENCE));
	if (!rc)
		rc = fill_noise(&n, &r, p, e);
	if (rc)
		return rc;
	print(f, &r, &n);
	return keep(f, &n, e);
}
