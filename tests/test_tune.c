/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tune's space, search and objective, on invented objectives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/tune_objective.h"
#include "cli/tune_search.h"

static void make(struct tune_space *s, unsigned size, double memory, const char *const *vary,
		 unsigned nr)
{
	struct slab_config base;
	struct tune_space_in in = { .nodes = 1,
				    .workers = 1,
				    .base = &base,
				    .vary = vary,
				    .nr_vary = nr,
				    .memory = memory };
	struct err e;

	slab_geometry_in_init(&in.machine, size);
	assert_int_equal(slab_config_profile(&base, "kernel-2.6.22", &e), 0);
	if (tune_space_make(s, &in, &e))
		fail_msg("%s", e.text);
}

/* The value of toggle @name at point @p. */
static const char *value(const struct tune_space *s, unsigned p, const char *name)
{
	for (unsigned t = 0; t < s->nr_toggles; t++)
		if (!strcmp(s->toggle[t].row->name, name))
			return s->toggle[t].value[s->point[p].at[t]];
	fail_msg("no toggle %s", name);
	return NULL;
}

/* ---- the space ---- */

static void test_settings_that_come_to_the_same(void **state)
{
	static const char *const vary[] = { "colour=auto,0", "colour_seq=sequential,odd",
					    "order=auto,0,1" };
	struct tune_space s;

	(void)state;
	/* 512 bytes: eight objects fill a page, so there are no colours at order 0, whatever is said of them;
	 * auto is order 0; at order 1 neither */
	make(&s, 512, 0, vary, 3);
	assert_int_equal(s.settings, 12);
	assert_int_equal(s.possible, 12);
	assert_int_equal(s.nr_points, 2);
	assert_int_equal(s.point[0].changes, 0);
	assert_string_equal(value(&s, 1, "order"), "1");
	assert_int_equal(s.point[1].changes, 1);
	tune_space_release(&s);
	/* 200 bytes leave room: colours or none, two orders of them, at two slab sizes */
	make(&s, 200, 0, vary, 3);
	assert_int_equal(s.nr_points, 6);
	tune_space_release(&s);
}

static void test_what_has_no_geometry_counts(void **state)
{
	static const char *const vary[] = { "fail_nth=100-131" };
	struct tune_space s;

	(void)state;
	make(&s, 256, 0, vary, 1);
	assert_int_equal(s.nr_points, 32);
	tune_space_release(&s);
}

static void test_memory_limit(void **state)
{
	static const char *const vary[] = { "colour_slack=none,object", "order=auto,3" };
	struct tune_space s;
	char text[128];

	(void)state;
	make(&s, 512, 1.05, vary, 2);
	/* an object in eight is 14 %: only a slab with 64 of them can give one up */
	assert_int_equal(s.over, 1);
	for (unsigned p = 0; p < s.nr_points; p++) {
		assert_true(s.point[p].bytes_per_object <= 1.05 * s.point[0].bytes_per_object);
		assert_string_not_equal(tune_point_text(&s, p, " ", text, sizeof(text)),
					"colour_slack=object");
	}
	tune_space_release(&s);
}

static void test_bad_candidates(void **state)
{
	static const char *const bad[] = { "colour", "nothing=1", "order=auto,x", "order=99" };
	struct slab_config base;
	struct tune_space s;
	struct err e;

	(void)state;
	opt_defaults(slab_config_opts, &base);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct tune_space_in in = { .base = &base, .vary = &bad[i], .nr_vary = 1 };

		slab_geometry_in_init(&in.machine, 64);
		e.text[0] = '\0';
		assert_int_equal(tune_space_make(&s, &in, &e), -EINVAL);
		assert_true(*e.text);
	}
}

/* ---- the search ---- */

/* An objective: the product of what each value of each toggle costs; plus what only some together gain. */
struct invented {
	const struct tune_space *s;
	double (*score)(const struct tune_space *s, unsigned p);
	double seconds, brief_seconds; /* that a trial takes */
	double bias;		       /* of brief trials */
	unsigned trials, refused;
	double spent;
	int refuse; /* trials of points with changes fail */
};

static int eval(void *arg, unsigned p, double share, double *score, struct err *e)
{
	struct invented *v = arg;

	(void)e;
	v->trials++;
	v->spent += share < 1 ? v->brief_seconds : v->seconds;
	*score = v->score(v->s, p);
	if (share < 1)
		*score *= 1 + v->bias * (p % 7) / 7.0;
	if (v->refuse && p) {
		v->refused++;
		*score = INFINITY;
	}
	return 0;
}

static double cost(void *arg, double share)
{
	const struct invented *v = arg;

	return share < 1 ? v->brief_seconds : v->seconds;
}

static double separable(const struct tune_space *s, unsigned p)
{
	double v = 100;

	for (unsigned t = 0; t < s->nr_toggles; t++)
		v *= 1 + 0.1 * ((s->point[p].at[t] * 5 + t * 3 + 2) % 7);
	return v;
}

static double constant(const struct tune_space *s, unsigned p)
{
	(void)s;
	(void)p;
	return 42;
}

/* A gain that needs two toggles at once, neither of which gains alone. */
static double together(const struct tune_space *s, unsigned p)
{
	int both = !strcmp(value(s, p, "stride_pad"), "64") && !strcmp(value(s, p, "limit"), "240");

	return separable(s, 0) * (both ? 0.5 : 1 + 0.01 * s->point[p].changes);
}

/* Each toggle that is not as it stands gains a little: none may go back for that. */
static double little(const struct tune_space *s, unsigned p)
{
	return s->point[p].changes ? 50 * (1 - 0.0007 * s->point[p].changes) : 100;
}

static struct tune_found search(struct invented *v, const struct tune_space *s, const double *prior,
				double effort)
{
	const struct tune_search q = { .space = s,
				       .prior = prior,
				       .eval = eval,
				       .cost = cost,
				       .arg = v,
				       .brief = 1.0 / 16,
				       .effort = effort,
				       .least = 16 };
	struct tune_found f;
	struct err e;

	v->s = s;
	if (tune_search(&q, &f, &e))
		fail_msg("%s", e.text);
	return f;
}

static double optimum(const struct tune_space *s,
		      double (*score)(const struct tune_space *, unsigned))
{
	double best = INFINITY;

	for (unsigned p = 0; p < s->nr_points; p++)
		best = fmin(best, score(s, p));
	return best;
}

static void test_finds_what_is_separable(void **state)
{
	static const double brief[] = { 0.1, 0.9 };
	struct tune_space s;

	(void)state;
	make(&s, 200, 0, NULL, 0);
	assert_true(s.nr_points > 500);
	for (unsigned i = 0; i < 2; i++) {
		struct invented v = { .score = separable, .seconds = 1, .brief_seconds = brief[i] };
		struct tune_found f = search(&v, &s, NULL, 0.1);

		assert_true(f.full[f.pick] <= optimum(&s, separable) * 1.01);
		assert_true(v.spent < 0.1 * s.nr_points);
		/* brief trials that save nothing are not made */
		assert_int_equal(f.brief == f.full, i);
		tune_found_release(&f);
	}
	tune_space_release(&s);
}

static void test_prior_finds_what_steps_do_not(void **state)
{
	struct invented v = { .score = together, .seconds = 1, .brief_seconds = 1 };
	struct tune_space s;
	struct tune_found f;
	double *prior;

	(void)state;
	make(&s, 200, 0, NULL, 0);
	prior = calloc(s.nr_points, sizeof(*prior));
	for (unsigned p = 0; p < s.nr_points; p++)
		prior[p] = together(&s, p) * (1 + 0.05 * (p % 5));
	f = search(&v, &s, prior, 0.1);
	assert_true(f.full[f.pick] <= optimum(&s, together) * 1.01);
	assert_string_equal(value(&s, f.pick, "stride_pad"), "64");
	assert_string_equal(value(&s, f.pick, "limit"), "240");
	assert_int_equal(s.point[f.pick].changes, 2);
	tune_found_release(&f);
	free(prior);
	tune_space_release(&s);
}

static void test_brief_trials_only_prune(void **state)
{
	/* brief trials are wrong by up to 6 %; the pick is by full ones */
	struct invented v = {
		.score = separable, .seconds = 1, .brief_seconds = 0.05, .bias = 0.06
	};
	struct tune_space s;
	struct tune_found f;

	(void)state;
	make(&s, 200, 0, NULL, 0);
	f = search(&v, &s, NULL, 0.1);
	assert_false(isnan(f.full[f.pick]));
	assert_true(f.full[f.pick] == separable(&s, f.pick));
	assert_true(f.full[f.pick] < f.full[0]);
	tune_found_release(&f);
	tune_space_release(&s);
}

static void test_simple_costs_nothing(void **state)
{
	struct invented v = { .score = little, .seconds = 1, .brief_seconds = 1 };
	struct tune_space s;
	struct tune_found f;
	double best = INFINITY, *prior;

	(void)state;
	make(&s, 200, 0, NULL, 0);
	prior = calloc(s.nr_points, sizeof(*prior));
	for (unsigned p = 0; p < s.nr_points; p++)
		prior[p] = little(&s, p);
	f = search(&v, &s, prior, 0.2);
	for (unsigned p = 0; p < s.nr_points; p++)
		best = fmin(best, f.full[p]);
	assert_true(best < 50 * (1 - 0.002));
	assert_true(f.full[f.pick] <= best * (1 + TUNE_ENOUGH));
	free(prior);
	tune_found_release(&f);
	tune_space_release(&s);
}

/* A pad or a higher order gains as much: whichever, with fewer bytes it is one change more. */
static double padded(const struct tune_space *s, unsigned p)
{
	return strcmp(value(s, p, "stride_pad"), "0") != 0 ? 50 : 100;
}

static void test_cheaper_is_better(void **state)
{
	static const char *const vary[] = { "stride_pad=0,2048,64", "order=auto,1,2,3" };
	struct invented v = { .score = padded, .seconds = 1, .brief_seconds = 1 };
	double least = INFINITY;
	struct tune_space s;
	struct tune_found f;

	(void)state;
	make(&s, 512, 0, vary, 2);
	f = search(&v, &s, NULL, 0.5);
	for (unsigned p = 0; p < s.nr_points; p++)
		if (padded(&s, p) == 50)
			least = fmin(least, s.point[p].bytes_per_object);
	assert_string_equal(value(&s, f.pick, "stride_pad"), "64");
	assert_true(s.point[f.pick].bytes_per_object <= least * (1 + TUNE_PRICE));
	tune_found_release(&f);
	tune_space_release(&s);
}

static void test_nothing_gains(void **state)
{
	struct tune_space s;

	(void)state;
	make(&s, 200, 0, NULL, 0);
	for (int refuse = 0; refuse < 2; refuse++) {
		struct invented v = { .score = refuse ? separable : constant,
				      .seconds = 1,
				      .refuse = refuse };
		struct tune_found f = search(&v, &s, NULL, 0.05);

		assert_int_equal(f.pick, 0);
		assert_int_equal(v.refused > 0, refuse);
		assert_true(v.trials <= s.nr_points / 10);
		tune_found_release(&f);
	}
	tune_space_release(&s);
}

static void test_same_answer_each_time(void **state)
{
	unsigned pick[2], trials[2];
	struct tune_space s;

	(void)state;
	make(&s, 512, 0, NULL, 0);
	for (unsigned i = 0; i < 2; i++) {
		/* however long a trial takes */
		struct invented v = { .score = separable,
				      .seconds = i ? 1 : 7,
				      .brief_seconds = i ? 0.2 : 1.4 };
		struct tune_found f = search(&v, &s, NULL, 0.05);

		pick[i] = f.pick;
		trials[i] = v.trials;
		tune_found_release(&f);
	}
	assert_int_equal(pick[0], pick[1]);
	assert_int_equal(trials[0], trials[1]);
	tune_space_release(&s);
}

static void test_exhaust(void **state)
{
	static const char *const vary[] = { "stride_pad=0,64", "limit=auto,30,120,240" };
	struct invented v = { .score = separable, .seconds = 1 };
	const struct tune_search q = { .eval = eval, .cost = cost, .arg = &v, .brief = 0.1 };
	struct tune_search all = q;
	struct tune_space s;
	struct tune_found f;
	struct err e;

	(void)state;
	make(&s, 200, 0, vary, 2);
	v.s = all.space = &s;
	assert_int_equal(tune_exhaust(&all, &f, &e), 0);
	assert_int_equal(f.fulls, s.nr_points);
	assert_true(f.full[f.pick] == optimum(&s, separable));
	tune_found_release(&f);
	tune_space_release(&s);
}

/* ---- the objective ---- */

static void test_objectives(void **state)
{
	static const struct {
		const char *text;
		int nr;
	} row[] = {
		{ "time", 1 },
		{ "0.8*time+0.2*memory", 2 },
		{ "2 * held + misses", 2 },
		{ "perf.cycles", 1 },
		{ "", -1 },
		{ "tim", -1 },
		{ "0*time", -1 },
		{ "time+", -1 },
		{ "time memory", -1 },
		{ "-1*time", -1 },
		{ "1e999*time", -1 },
		{ "+time", -1 },
		{ "2time", -1 },
		{ "2**time", -1 },
		{ "2", -1 },
		{ "time*2", -1 },
	};
	struct tune_objective o;
	struct err e;

	(void)state;
	for (unsigned i = 0; i < sizeof(row) / sizeof(*row); i++) {
		e.text[0] = '\0';
		if (row[i].nr < 0) {
			assert_int_equal(tune_objective_parse(&o, row[i].text, &e), -EINVAL);
			assert_non_null(strstr(e.text, "expected"));
		} else {
			assert_int_equal(tune_objective_parse(&o, row[i].text, &e), 0);
			assert_int_equal(o.nr, row[i].nr);
		}
	}
}

static struct tune_values values(const char *text)
{
	struct tune_values v;
	char *copy = strdup(text);
	struct err e;

	assert_non_null(copy);
	if (tune_values_parse(&v, copy, &e))
		fail_msg("%s", e.text);
	free(copy);
	return v;
}

static void test_scores(void **state)
{
	static const char base[] =
		"effective page_size 4096\neffective gfporder 1\neffective slabs 10\n"
		"effective cpus 0,1\n"
		"value model.memory_time_per_op 8 ns exact 1 model -1\n"
		"value model.l1d_misses_per_op 2 misses exact 1 model -1\n"
		"value model.l1d_misses_per_op 9 misses exact 1 model 0\nend\n";
	static const char now[] =
		"effective page_size 4096\neffective gfporder 0\neffective slabs 10\n"
		"value model.memory_time_per_op - ns unavailable 1 model -1 no latencies\n"
		"value model.l1d_misses_per_op 1 misses exact 1 model -1\nend\n";
	struct tune_values b = values(base), n = values(now);
	struct tune_objective o;

	(void)state;
	assert_true(tune_value(&b, "held") == 81920);
	assert_true(isnan(tune_value(&b, "effective.cpus")));
	tune_objective_parse(&o, "time", NULL);
	assert_true(tune_objective_score(&o, 1, &b, &b, 1) == 1);
	/* what is known of only one of two: misses stand for it in both */
	assert_true(tune_objective_score(&o, 1, &b, &n, 1) == 2);
	tune_objective_parse(&o, "misses", NULL);
	assert_true(tune_objective_score(&o, 1, &n, &b, 1) == 0.5);
	tune_objective_parse(&o, "3*misses+memory", NULL);
	assert_true(tune_objective_score(&o, 1, &n, &b, 1.5) == 0.75);
	tune_objective_parse(&o, "held", NULL);
	assert_true(tune_objective_score(&o, 1, &n, &b, 1) == 0.5);
	/* what only hardware counts has no modelled number but time's */
	tune_objective_parse(&o, "perf.cycles", NULL);
	assert_string_equal(tune_term_metric(&o.term[0], 0), "perf.cycles");
	assert_string_equal(tune_term_metric(&o.term[0], 1), "model.memory_time_per_op");
	tune_objective_parse(&o, "model.l2_misses", NULL);
	assert_null(tune_term_metric(&o.term[0], 0));
	tune_values_release(&b);
	tune_values_release(&n);
}

/* ---- files of toggles ---- */

static int read_text(const char *text, struct slab_config *c, struct err *e)
{
	FILE *f = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	int rc;

	assert_non_null(f);
	rc = slab_config_read_stream(c, f, "x.ini", e);
	fclose(f);
	return rc;
}

static void test_files_of_toggles(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "[global]\ncolours = 1\n", "x.ini:2: there is no toggle" },
		{ "order 1\n", "x.ini:1: expected NAME = VALUE" },
		{ "order = 99\n", "x.ini:1: order" },
		{ "limit = 4\nbatchcount = 8\n", "x.ini: batchcount" },
		{ "order = 1\nprofile = fast\n", "x.ini:2: profile" },
		{ "[global\n", "x.ini:1: expected ']'" },
	};
	struct slab_config c;
	struct err e;

	(void)state;
	assert_int_equal(
		read_text("; tuned\n[global]\nprofile = kernel-6.1\ncolour-slack = object\n"
			  " limit=240 \n[tuned]\nworkload = churn\n",
			  &c, &e),
		0);
	assert_int_equal(c.rules, RULES_6_1);
	assert_int_equal(c.colour_slack, SLACK_OBJECT);
	assert_int_equal(c.limit, 240);
	assert_int_equal(c.order, KMEM_AUTO);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		c.limit = 77;
		assert_int_equal(read_text(bad[i].text, &c, &e), -EINVAL);
		if (strncmp(e.text, bad[i].says, strlen(bad[i].says)))
			fail_msg("'%s' says '%s'", bad[i].text, e.text);
		assert_int_equal(c.limit, 77);
	}
	assert_int_equal(slab_config_read(&c, "no/such/file", &e), -ENOENT);
}

static int read_cache(const char *text, const char *cache, struct slab_config *c, struct err *e)
{
	FILE *f = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	int rc;

	assert_non_null(f);
	rc = slab_config_read_cache_stream(c, f, "x.ini", cache, e);
	fclose(f);
	return rc;
}

static void test_toggles_by_cache(void **state)
{
	static const char text[] = "[global]\nprofile = kernel-6.1\nlimit = 60\n"
				   "[cache filp]\norder = 1\n[cache a b]c]\nlimit = 30\n";
	struct slab_config c;
	struct err e;

	(void)state;
	assert_int_equal(read_cache(text, "filp", &c, &e), 1);
	assert_int_equal(c.rules, RULES_6_1);
	assert_int_equal(c.limit, 60);
	assert_int_equal(c.order, 1);
	assert_int_equal(read_cache(text, "a b]c", &c, &e), 1);
	assert_int_equal(c.limit, 30);
	assert_int_equal(c.order, KMEM_AUTO);
	assert_int_equal(read_cache(text, "fil", &c, &e), 0);
	assert_int_equal(read_cache(text, "filp2", &c, &e), 0);
	assert_int_equal(read_cache(text, "", &c, &e), 0);
	assert_int_equal(c.limit, 60);
	/* who asks for no cache sees [global] alone */
	assert_int_equal(read_text(text, &c, &e), 0);
	assert_int_equal(c.order, KMEM_AUTO);
	assert_int_equal(read_cache("[cache x]\norder=1\n[global]\norder=2\n", "x", &c, &e),
			 -EINVAL);
	assert_non_null(strstr(e.text, "x.ini:3: [global]"));
	assert_int_equal(read_cache("[cache x]\norder=1\n[cache x]\n", "x", &c, &e), -EINVAL);
	assert_int_equal(read_cache("[cache x]\norder=77\n", "x", &c, &e), -EINVAL);
	assert_int_equal(slab_config_read_cache(&c, "no/such/file", "x", &e), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settings_that_come_to_the_same),
		cmocka_unit_test(test_what_has_no_geometry_counts),
		cmocka_unit_test(test_memory_limit),
		cmocka_unit_test(test_bad_candidates),
		cmocka_unit_test(test_finds_what_is_separable),
		cmocka_unit_test(test_prior_finds_what_steps_do_not),
		cmocka_unit_test(test_brief_trials_only_prune),
		cmocka_unit_test(test_simple_costs_nothing),
		cmocka_unit_test(test_cheaper_is_better),
		cmocka_unit_test(test_nothing_gains),
		cmocka_unit_test(test_same_answer_each_time),
		cmocka_unit_test(test_exhaust),
		cmocka_unit_test(test_objectives),
		cmocka_unit_test(test_scores),
		cmocka_unit_test(test_files_of_toggles),
		cmocka_unit_test(test_toggles_by_cache),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
