/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/caches.h"
#include "cli/job.h"
#include "cli/plan.h"

static int make(const char *text, struct plan *p, struct err *e)
{
	struct job j;
	int rc = job_read_text(&j, text, "job", e);

	if (rc)
		return rc;
	rc = plan_make(p, &j, e);
	job_release(&j);
	return rc;
}

#define TWO                                                           \
	"[global]\nseed = 7\nlaunches = 4\nduration_ms = 5\n"         \
	"[visits]\nworkload = hot-header\ncolour = 0,2\nn = 8-32*2\n" \
	"[null]\nworkload = null\n"

static void test_cross_product(void **state)
{
	static const char *const labels[] = { "colour=0,n=8", "colour=0,n=16", "colour=0,n=32",
					      "colour=2,n=8", "colour=2,n=16", "colour=2,n=32",
					      "default" };
	struct plan p;
	unsigned i;

	(void)state;
	assert_int_equal(make(TWO, &p, NULL), 0);
	assert_int_equal(p.nr_exp, 2);
	assert_int_equal(p.nr_configs, 7);
	assert_int_equal(p.blocks, 4);
	for (i = 0; i < 7; i++)
		assert_string_equal(p.config[i].label, labels[i]);
	assert_int_equal(plan_value_of(&p, 4, 0), 1);
	assert_int_equal(plan_value_of(&p, 4, 1), 1);
	assert_int_equal(p.exp[1].first, 6);
	plan_release(&p);
}

/* Every block is a permutation of all configs, and blocks differ. */
static void test_complete_blocks(void **state)
{
	struct plan p;
	unsigned b, i, differ = 0;

	(void)state;
	assert_int_equal(make(TWO, &p, NULL), 0);
	for (b = 0; b < p.blocks; b++) {
		unsigned seen[7] = { 0 };

		for (i = 0; i < 7; i++) {
			assert_in_range(p.order[b * 7 + i], 0, 6);
			seen[p.order[b * 7 + i]]++;
			differ += p.order[b * 7 + i] != p.order[i];
		}
		for (i = 0; i < 7; i++)
			assert_int_equal(seen[i], 1);
	}
	assert_true(differ > 0);
	plan_release(&p);
}

/* An experiment's configs stand next to each other: comparisons are made between them. */
static void test_experiments_together(void **state)
{
	struct plan p;
	unsigned b, i, changes;

	(void)state;
	assert_int_equal(make(TWO, &p, NULL), 0);
	for (b = 0; b < p.blocks; b++) {
		for (changes = 0, i = 1; i < p.nr_configs; i++)
			changes += p.config[p.order[b * 7 + i]].exp !=
				   p.config[p.order[b * 7 + i - 1]].exp;
		assert_int_equal(changes, 1);
	}
	plan_release(&p);
}

static void test_pure(void **state)
{
	struct plan p, q;

	(void)state;
	assert_int_equal(make(TWO, &p, NULL), 0);
	assert_int_equal(make(TWO, &q, NULL), 0);
	assert_string_equal(p.hash, q.hash);
	assert_memory_equal(p.order, q.order, 4 * 7 * sizeof(*p.order));
	assert_true(plan_trial_seed(&p, 2) == plan_trial_seed(&q, 2));
	assert_true(plan_trial_seed(&p, 2) != plan_trial_seed(&p, 3));
	plan_release(&p);
	plan_release(&q);
}

/* Each of these is another plan. */
static void test_hash_differs(void **state)
{
	static const char *const jobs[] = {
		"[global]\nseed = 7\nlaunches = 4\n[a]\nworkload = null\nlimit = 8,16\n",
		"[global]\nseed = 8\nlaunches = 4\n[a]\nworkload = null\nlimit = 8,16\n",
		"[global]\nseed = 7\nlaunches = 5\n[a]\nworkload = null\nlimit = 8,16\n",
		"[global]\nseed = 7\nlaunches = 4\n[b]\nworkload = null\nlimit = 8,16\n",
		"[global]\nseed = 7\nlaunches = 4\n[a]\nworkload = null\nlimit = 16,8\n",
		"[global]\nseed = 7\nlaunches = 4\n[a]\nworkload = null\nlimit = 8,16\ncolour = 0\n",
		"[global]\nseed = 7\nlaunches = 4\n[a]\nworkload = null\nlimit = 8,16\nduration_ms = 7\n",
	};
	char hash[7][17];
	unsigned i, k;

	(void)state;
	for (i = 0; i < 7; i++) {
		struct plan p;

		assert_int_equal(make(jobs[i], &p, NULL), 0);
		memcpy(hash[i], p.hash, sizeof(hash[i]));
		plan_release(&p);
		for (k = 0; k < i; k++)
			assert_string_not_equal(hash[i], hash[k]);
	}
}

static void test_ids(void **state)
{
	static const char *const bad[] = { "",		 "b1-c0001",  "b001-c1", "b001-c0001x",
					   "c0001-b001", "b-01-c0001" };
	char id[PLAN_ID_MAX];
	unsigned b, c, i;

	(void)state;
	plan_trial_id(3, 12, id);
	assert_string_equal(id, "b003-c0012");
	plan_trial_id(12345, 19999, id);
	assert_int_equal(plan_parse_id(id, &b, &c), 0);
	assert_int_equal(b, 12345);
	assert_int_equal(c, 19999);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(plan_parse_id(bad[i], &b, &c), -EINVAL);
}

static const char *setting(const struct plan_value *v, const char *name)
{
	unsigned i;

	for (i = 0; i < v->nr; i++)
		if (!strcmp(v->set[i].name, name))
			return v->set[i].text;
	return NULL;
}

static void test_caches_and_variants(void **state)
{
	static const char job[] =
		"[global]\nseed = 1\n"
		"[a]\nworkload = churn\ncache = dentry:192:85012,inode:600\n"
		"variant = off: colour=0 | classic: | order: colour_slack:order colour:8\n"
		"[b]\nworkload = churn\nn = 10\ncache = x:64:5,y:128:6\n";
	const struct plan_axis *cache, *variant;
	struct trial_spec s;
	struct plan p;

	(void)state;
	assert_int_equal(make(job, &p, NULL), 0);
	assert_int_equal(p.nr_configs, 6 + 2);
	cache = &p.exp[0].axis[0];
	variant = &p.exp[0].axis[1];
	assert_string_equal(setting(&cache->value[0], "object_size"), "192");
	assert_string_equal(setting(&cache->value[0], "n"), "85012");
	assert_null(setting(&cache->value[1], "n"));
	assert_string_equal(variant->value[1].label, "classic");
	assert_int_equal(variant->value[1].nr, 0);
	assert_string_equal(setting(&variant->value[2], "colour_slack"), "order");
	assert_null(setting(&p.exp[1].axis[0].value[0], "n")); /* n was given */
	assert_int_equal(plan_spec(&p, 2, &s, NULL), 0);       /* cache=dentry, variant=order */
	assert_int_equal(s.config.colour, 8);
	assert_int_equal(s.config.colour_slack, SLACK_ORDER);
	trial_spec_release(&s);
	plan_release(&p);
}

/* profile and workload come first wherever they stand: they reset the others. */
static void test_early_settings(void **state)
{
	struct trial_spec s;
	struct plan p;

	(void)state;
	assert_int_equal(
		make("[global]\nseed = 1\ncolour = 3\nn = 99\nprofile = kernel-6.1\nworkload = churn\n[a]\n",
		     &p, NULL),
		0);
	assert_int_equal(plan_spec(&p, 0, &s, NULL), 0);
	assert_int_equal(s.config.colour, 3);
	assert_int_equal(s.config.rules, RULES_6_1);
	assert_string_equal(s.run.workload, "churn");
	trial_spec_release(&s);
	plan_release(&p);
}

/* Bad jobs: what is refused, and what the message names. */
static const struct {
	const char *job, *message;
	int rc;
} bad[] = {
	{ "[a]\nworkload = null\n", "seed: a plan needs a number", -EINVAL },
	{ "[global]\nseed = 1\n[a]\nworkload = nil\n", "job:4: no workload 'nil'", -EINVAL },
	{ "[global]\nseed = 1\ncolor = 1\n", "job:3: no option 'color'", -EINVAL },
	{ "[global]\nseed = 1\n[a]\nworkload = null\nn = 8\n",
	  "job:5: workload 'null' has no option 'n'", -EINVAL },
	{ "[global]\nseed = 1\nn = 8\n[a]\nworkload = null\n", "job:3: n: no workload of this job",
	  -EINVAL },
	{ "[global]\nseed = 1\n[a]\nseed = 2\n", "job:4: seed: belongs to the whole run", -EINVAL },
	{ "[global]\nseed = 1\nlaunches = 0\n", "job:3: launches: expected", -EINVAL },
	{ "[global]\nseed = 1\n[a]\ncolour = 1,1\n", "job:4: colour: '1' is given twice", -EINVAL },
	{ "[global]\nseed = 1\n[a]\ncolour = 1,x\n", "job:4: at character 3: colour", -EINVAL },
	{ "[global]\nseed = 1\n[a]\nvariant = x: colour=1 | y: colour=2\ncolour = 3,4\n",
	  "set the same option", -EINVAL },
	{ "[global]\nseed = 1\n[a]\nvariant = x: colour | y:\n",
	  "job:4: variant 'x': expected KEY=VALUE", -EINVAL },
	{ "[global]\nseed = 1\n[a]\nvariant = x: nothing=1 | y:\n", "job:4: ", -EINVAL },
	{ "[global]\nseed = 1\n[a]\ncache = dentry\n", "job:4: cache: expected NAME:SIZE[:COUNT]",
	  -EINVAL },
	{ "[global]\nseed = 1\n[a]\ncache = d:x,e:1\n", "job:4: object_size", -EINVAL },
	{ "[global]\nseed = 1\n[a]\nlimit = 8\nbatchcount = 16\n", "batchcount", -EINVAL },
	{ "[global]\nseed = 1\n[a]\nworkload = null\nlimit = 1-1000\nbatchcount = 1\norder = 0-5\nshared = 0-4\n",
	  "more than 20000 configs", -E2BIG },
	{ "[global]\nseed = 1\nlaunches = 100000\n[a]\nworkload = null\nlimit = 1-20\nbatchcount = 1\n",
	  "2000000 trials, more than 1000000", -E2BIG },
	{ "[global]\nseed = 1\ntime_budget = 10\n",
	  "job:3: time_budget: expected a time with its unit", -EINVAL },
	{ "[global]\nseed = 1\nprecision = 0\n", "job:3: precision: expected 0.01% to 100%",
	  -EINVAL },
	{ "[global]\nseed = 1\nrepeats = 21\n", "job:3: repeats: expected", -EINVAL },
	{ "[a]\nrepeats = 2\n[global]\nseed = 1\n", "job:2: repeats: belongs to the whole run",
	  -EINVAL },
	{ "[global]\nseed = 1\n[a]\ncollect = +nothing\n", "there is no collector 'nothing'",
	  -EINVAL },
	{ "[global]\nseed = 1\n[a]\ncollect = +\n", "collect: expected +NAME,...", -EINVAL },
	{ "[global]\nseed = 1\n[a]\ncollect = time,+null\n", "there is no collector '+null'",
	  -EINVAL },
	{ "colour = 1\n", "job:1: ", -EINVAL },
	{ "[a b]\n", "job:1: section 'a b': expected a name", -EINVAL },
};

static void test_bad_jobs(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = { "" };
		struct plan p;
		int rc = make(bad[i].job, &p, &e);

		if (rc != bad[i].rc || !strstr(e.text, bad[i].message))
			fail_msg("row %zu: %d '%s'", i, rc, e.text);
	}
}

/* "+NAME" in front of the default list's last collector, which stays nearest the region. */
static void test_collect_adds(void **state)
{
	static const char *const texts[] = { "+null", "+null,+null", "+null,time", "+time,null",
					     "+null," };
	const char *def = opt_find(trial_opts_table, "collect")->def, *last = strrchr(def, ',') + 1;
	char job[200], want[200];
	struct trial_spec s;
	struct plan p;
	size_t i;

	(void)state;
	snprintf(want, sizeof(want), "%.*snull,%s", (int)(last - def), def, last);
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		snprintf(job, sizeof(job), "[global]\nseed = 1\ncollect = %s\n[a]\n", texts[i]);
		assert_int_equal(make(job, &p, NULL), 0);
		assert_int_equal(plan_spec(&p, 0, &s, NULL), 0);
		assert_string_equal(s.run.collect, want);
		trial_spec_release(&s);
		plan_release(&p);
	}
}

static const struct {
	const char *text;
	int rc;
	double value;
} durations[] = {
	{ "off", 0, 0 },	 { "90s", 0, 90 },	 { "10m", 0, 600 },
	{ "10min", 0, 600 },	 { "1.5h", 0, 5400 },	 { "0.5s", 0, 0.5 },
	{ "10", -EINVAL, 0 },	 { "", -EINVAL, 0 },	 { "0s", -EINVAL, 0 },
	{ "-1s", -EINVAL, 0 },	 { "1e3s", -EINVAL, 0 }, { "0x10s", -EINVAL, 0 },
	{ "infs", -EINVAL, 0 },	 { "10 m", -EINVAL, 0 }, { "10d", -EINVAL, 0 },
	{ "9999h", -EINVAL, 0 }, { " 1s", -EINVAL, 0 },	 { "1.2.3s", -EINVAL, 0 },
};

static const struct {
	const char *text;
	int rc;
	double value;
} ratios[] = {
	{ "off", 0, 0 },	{ "1%", 0, 0.01 },     { "0.01", 0, 0.01 },
	{ "100%", 0, 1 },	{ "0.5%", 0, 0.005 },  { "", -EINVAL, 0 },
	{ "101%", -EINVAL, 0 }, { "0%", -EINVAL, 0 },  { "0.001%", -EINVAL, 0 },
	{ "-1%", -EINVAL, 0 },	{ "1 %", -EINVAL, 0 }, { "nan", -EINVAL, 0 },
};

static void test_times_and_ratios(void **state)
{
	double v;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(durations) / sizeof(durations[0]); i++)
		if (job_duration(durations[i].text, &v, NULL) != durations[i].rc ||
		    v != durations[i].value)
			fail_msg("'%s': %g", durations[i].text, v);
	for (i = 0; i < sizeof(ratios) / sizeof(ratios[0]); i++)
		if (job_ratio(ratios[i].text, &v, NULL) != ratios[i].rc ||
		    (v > ratios[i].value ? v - ratios[i].value : ratios[i].value - v) > 1e-15)
			fail_msg("'%s': %g", ratios[i].text, v);
}

/* launches, unless said: 10, and with a precision as many as it may take. */
static void test_launches(void **state)
{
	static const struct {
		const char *job;
		unsigned launches;
	} rows[] = {
		{ "[global]\nseed = 1\n", 10 },
		{ "[global]\nseed = 1\nlaunches = auto\n", 10 },
		{ "[global]\nseed = 1\nprecision = 1%\n", 64 },
		{ "[global]\nseed = 1\nprecision = off\n", 10 },
		{ "[global]\nseed = 1\nprecision = 1%\nlaunches = 12\n", 12 },
	};
	struct plan p;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(make(rows[i].job, &p, NULL), 0);
		assert_int_equal(p.blocks, rows[i].launches);
		assert_int_equal(p.run.repeats, 2);
		plan_release(&p);
	}
}

/* A job printed and read again is the same job, long lines included. */
static void test_job_round_trip(void **state)
{
	static const char job[] =
		"[global]\nseed = 5\nlaunches = 2\n"
		"[a]\nworkload = churn\n"
		"cache = aaaaaaaaaaaaaaaaaaaaaaaaa:192:85012,bbbbbbbbbbbbbbbbbbbbbbbbbbbb:600:1,ccccccccccccccccccccccc:64:2,\n"
		"    dddddddddddddddddddddddddddddddddd:128:3,eeeeeeeeeeeeeeeeeeeeeeeeeeeee:256:4\n"
		"variant = off: colour=0 | classic: | order: colour_slack=order colour=8 colour_off=128 |\n"
		"    object: colour_slack:object colour:4\n"
		"[b]\nworkload = null\n";
	struct plan p, q;
	struct job j, k;
	char *text, *again;

	(void)state;
	assert_int_equal(job_read_text(&j, job, "job", NULL), 0);
	text = job_text(&j);
	assert_int_equal(job_read_text(&k, text, "again", NULL), 0);
	again = job_text(&k);
	assert_string_equal(text, again);
	assert_int_equal(plan_make(&p, &j, NULL), 0);
	assert_int_equal(plan_make(&q, &k, NULL), 0);
	assert_string_equal(p.hash, q.hash);
	assert_int_equal(p.nr_configs, 5 * 4 + 1);
	plan_release(&p);
	plan_release(&q);
	job_release(&j);
	job_release(&k);
	free(text);
	free(again);
}

/* What the command line says holds in every section. */
static void test_override(void **state)
{
	struct job j;

	(void)state;
	assert_int_equal(job_read_text(&j, "[global]\nseed = 1\n[a]\ncolour-off = 64\n[b]\n", "job",
				       NULL),
			 0);
	assert_int_equal(job_override(&j, "colour_off", "128", "command line", NULL), 0);
	assert_string_equal(job_find(&j, &j.exp[0], "colour_off")->text, "128");
	assert_string_equal(job_find(&j, &j.exp[1], "colour-off")->text, "128");
	assert_string_equal(job_find(&j, &j.exp[1], "colour_off")->where, "command line");
	job_release(&j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cross_product),
		cmocka_unit_test(test_complete_blocks),
		cmocka_unit_test(test_experiments_together),
		cmocka_unit_test(test_pure),
		cmocka_unit_test(test_hash_differs),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_caches_and_variants),
		cmocka_unit_test(test_early_settings),
		cmocka_unit_test(test_bad_jobs),
		cmocka_unit_test(test_job_round_trip),
		cmocka_unit_test(test_override),
		cmocka_unit_test(test_collect_adds),
		cmocka_unit_test(test_times_and_ratios),
		cmocka_unit_test(test_launches),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
