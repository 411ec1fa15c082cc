/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The A/A self-check: its job, its arithmetic, and what is kept of it for the host. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/aa.h"
#include "lib/file.h"
#include "lib/rng.h"

/* ---- the job ---- */

static const struct {
	const char *job, *message; /* NULL: it goes */
} jobs[] = {
	{ "[global]\nseed = 1\n", NULL },
	{ "[global]\nseed = 1\nlaunches = 12\n[x]\nworkload = churn\nn = 100\n", NULL },
	{ "[global]\nseed = 1\n[x]\nvariant = one: colour=2 order=0\nworkload = null\n", NULL },
	{ "[global]\nseed = 1\nn = 8,16\n",
	  "--aa: compares one config with itself: n has 2 values" },
	{ "[global]\nseed = 1\n[x]\n[y]\n", "the job has 2 experiments" },
	{ "[global]\nseed = 1\nprecision = 1%\n", "a precision does not go with it" },
	{ "[global]\nseed = 1\nnothing = 1\n", "no option 'nothing'" },
};

static void test_jobs(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
		struct job j, aa;
		struct plan p, one;
		struct err e = { "" };
		int rc = job_read_text(&j, jobs[i].job, "job", &e);

		if (!rc) {
			rc = aa_job(&aa, &j, 5, &e);
			assert_int_equal(plan_make(&one, &j, NULL), 0);
			assert_false(aa_is(&one));
			job_release(&j);
		}
		if (!rc != !jobs[i].message || (rc && !strstr(e.text, jobs[i].message)))
			fail_msg("row %zu: %d '%s'", i, rc, e.text);
		if (!rc) {
			struct trial_spec a, b, was;

			assert_int_equal(plan_make(&p, &aa, &e), 0);
			assert_true(aa_is(&p));
			assert_int_equal(p.nr_exp, 5);
			assert_int_equal(p.nr_configs, 10);
			assert_int_equal(p.blocks, one.blocks);
			assert_string_equal(p.config[9].label, "variant=b");
			/* both are the config that was given, but for how long it takes */
			assert_int_equal(plan_spec(&p, 8, &a, NULL), 0);
			assert_int_equal(plan_spec(&p, 9, &b, NULL), 0);
			assert_int_equal(plan_spec(&one, 0, &was, NULL), 0);
			assert_int_equal(a.run.duration_ms, 20);
			was.run.duration_ms = 20;
			{
				char *x = plan_spec_text(&a), *y = plan_spec_text(&b);
				char *z = plan_spec_text(&was);

				assert_string_equal(x, y);
				assert_string_equal(x, z);
				free(x);
				free(y);
				free(z);
			}
			trial_spec_release(&a);
			trial_spec_release(&b);
			trial_spec_release(&was);
			plan_release(&p);
			job_release(&aa);
		}
		if (rc != -EINVAL || !strstr(e.text, "nothing"))
			plan_release(&one);
	}
}

/* ---- the arithmetic ---- */

#define PAIRS 10
#define MANY 200

static double normal(struct rng *r)
{
	return sqrt(-2 * log(1 - rng_double(r))) * cos(2 * M_PI * rng_double(r));
}

/* Same in truth, each launch with noise of 2 %: what was put in comes out. */
static void test_noise_found(void **state)
{
	static double v[2 * MANY * PAIRS];
	struct aa_result r;
	struct rng rng;
	size_t i;

	(void)state;
	rng_seed(&rng, 5);
	for (i = 0; i < 2 * MANY * PAIRS; i++)
		v[i] = 10 * exp(0.02 * normal(&rng));
	assert_int_equal(aa_evaluate(&r, v, MANY, PAIRS, NULL), 0);
	assert_int_equal(r.judged, MANY);
	assert_int_equal(r.pairs, PAIRS);
	/* 1 - 22/1024, the sign interval of the 2nd of 10 */
	assert_true(fabs(r.coverage - (1 - 22.0 / 1024)) < 1e-12);
	assert_true(fabs(r.expected - MANY * 22.0 / 1024) < 1e-9);
	assert_in_range(r.faster + r.slower, 0, r.most);
	/* the sd of a ratio of two is sqrt(2) as large; the median of 10 pairs' robust sd is low by
	 * some percent */
	assert_true(r.sd > 0.022 && r.sd < 0.031);
	assert_true(r.noise_floor > 0.015 && r.noise_floor < 0.04);
	assert_true(r.smallest_effect > r.noise_floor / 2 && r.smallest_effect < 0.1);
}

/* A true difference in the first 30: each is a false alarm, and too many of them. */
static void test_alarms_counted(void **state)
{
	static double v[2 * MANY * PAIRS];
	struct aa_result r;
	size_t i, b;

	(void)state;
	for (i = 0; i < MANY; i++)
		for (b = 0; b < PAIRS; b++) {
			int sign = b % 2 ? 1 : -1;

			v[2 * i * PAIRS + b] = 10;
			v[(2 * i + 1) * PAIRS + b] = i < 20 ? 11 : i < 30 ? 9 : 10 + 0.1 * sign;
		}
	assert_int_equal(aa_evaluate(&r, v, MANY, PAIRS, NULL), 0);
	assert_int_equal(r.slower, 20); /* b against a */
	assert_int_equal(r.faster, 10);
	assert_true(r.most < 30);
	assert_true(r.chance < 1e-9);
}

/* Of binomial(40, 22/1024), summed by another program: P(X <= 2) = 0.945615, P(X <= 3) = 0.989481. */
static void test_most_is_exact(void **state)
{
	double v[2 * 40 * PAIRS];
	struct aa_result r;
	size_t i, b;

	(void)state;
	for (i = 0; i < 40; i++)
		for (b = 0; b < PAIRS; b++) {
			v[2 * i * PAIRS + b] = 10;
			v[(2 * i + 1) * PAIRS + b] = i < 3 ? 11 : b % 2 ? 11 : 9;
		}
	assert_int_equal(aa_evaluate(&r, v, 40, PAIRS, NULL), 0);
	assert_int_equal(r.most, 3);
	assert_int_equal(r.slower, 3);
	assert_true(fabs(r.chance - 0.054385320) < 1e-6);
}

/* Launches without a number make no pair; comparisons with too few are not judged. */
static void test_missing_values(void **state)
{
	double v[2 * 3 * PAIRS];
	struct aa_result r;
	size_t i;

	(void)state;
	for (i = 0; i < 2 * 3 * PAIRS; i++)
		v[i] = 10 + (double)(i * 7 % 5);
	for (i = 0; i < 3; i++)
		v[i] = NAN; /* 7 pairs left of the first */
	for (i = 0; i < 5; i++)
		v[3 * PAIRS + i] = NAN; /* 5 of the second */
	assert_int_equal(aa_evaluate(&r, v, 3, PAIRS, NULL), 0);
	assert_int_equal(r.comparisons, 3);
	assert_int_equal(r.judged, 2);
	for (i = 0; i < 2 * 3 * PAIRS; i++)
		v[i] = NAN;
	assert_int_equal(aa_evaluate(&r, v, 3, PAIRS, NULL), 0);
	assert_int_equal(r.judged, 0);
	assert_true(isnan(r.sd) && isnan(r.noise_floor) && isnan(r.smallest_effect));
}

/* ---- what is kept ---- */

static const struct hostnoise sample = {
	.host = "0123456789abcdef",
	.when = "2026-11-22T20:00:00Z",
	.workload = "hot-header",
	.metric = "time.ns_per_op",
	.comparisons = 40,
	.pairs = 10,
	.false_alarms = 1,
	.confidence = 0.95,
	.sd = 0.0212,
	.noise_floor = 0.017,
	.smallest_effect = 0.03,
};

static void test_kept_and_read(void **state)
{
	struct hostnoise n = sample, back;
	char dir[] = "/tmp/slabscope-aa.XXXXXX", path[PATH_MAX], want[PATH_MAX];
	struct err e = { "" };

	(void)state;
	assert_non_null(mkdtemp(dir));
	setenv("XDG_STATE_HOME", dir, 1);
	assert_int_equal(hostnoise_read(&back, n.host, &e), -ENOENT);
	assert_non_null(strstr(e.text, "run --aa"));
	assert_int_equal(hostnoise_write(&n, &e), 0);
	assert_int_equal(hostnoise_path(path, sizeof(path), n.host, NULL), 0);
	snprintf(want, sizeof(want), "%s/slabscope/aa/0123456789abcdef.json", dir);
	assert_string_equal(path, want);
	assert_int_equal(hostnoise_read(&back, n.host, &e), 0);
	assert_string_equal(back.workload, n.workload);
	assert_string_equal(back.when, n.when);
	assert_int_equal(back.comparisons, 40);
	assert_int_equal(back.false_alarms, 1);
	assert_true(back.sd == n.sd && back.noise_floor == n.noise_floor &&
		    back.smallest_effect == n.smallest_effect && back.confidence == n.confidence);
	n.sd = NAN; /* not known: no number, no 0 */
	assert_int_equal(hostnoise_write(&n, &e), 0);
	assert_int_equal(hostnoise_read(&back, n.host, &e), 0);
	assert_true(isnan(back.sd) && back.noise_floor == n.noise_floor);
	/* under another host's name */
	snprintf(want, sizeof(want), "%s/slabscope/aa/ffffffffffffffff.json", dir);
	assert_int_equal(rename(path, want), 0);
	assert_int_equal(hostnoise_read(&back, "ffffffffffffffff", &e), -EINVAL);
	assert_non_null(strstr(e.text, "of another host"));
	assert_int_equal(hostnoise_read(&back, "../../etc/passwd", &e), -EINVAL);
	unlink(want);
	/* a relative one does not count; nothing at all is said so */
	setenv("XDG_STATE_HOME", "here", 1);
	setenv("HOME", "/home/x", 1);
	assert_int_equal(hostnoise_path(path, sizeof(path), n.host, NULL), 0);
	assert_string_equal(path, "/home/x/.local/state/slabscope/aa/0123456789abcdef.json");
	unsetenv("HOME");
	assert_int_equal(hostnoise_path(path, sizeof(path), n.host, &e), -ENOENT);
	snprintf(path, sizeof(path), "rm -r %s", dir);
	assert_int_equal(system(path), 0);
}

#define GOOD                                                                                \
	"\"host\":\"0123456789abcdef\",\"when\":\"w\",\"workload\":\"l\",\"metric\":\"m\"," \
	"\"confidence\":0.95,\"noise_floor\":0.1,\"smallest_effect\":null,\"pairs\":10,"
static const struct {
	const char *text, *message; /* NULL: it goes */
} files[] = {
	{ "{" GOOD "\"format\":1,\"comparisons\":4,\"false_alarms\":4,\"sd\":0}", NULL },
	{ "{" GOOD "\"format\":2,\"comparisons\":4,\"false_alarms\":4,\"sd\":0}",
	  "f: format 2; this program reads 1" },
	{ "{" GOOD "\"format\":1,\"comparisons\":4,\"false_alarms\":5,\"sd\":0}",
	  "f: false_alarms: expected at most comparisons" },
	{ "{" GOOD "\"format\":1,\"comparisons\":0,\"false_alarms\":0,\"sd\":0}",
	  "f: comparisons: expected a number from 1" },
	{ "{" GOOD "\"format\":1,\"comparisons\":4,\"false_alarms\":-1,\"sd\":0}",
	  "f: false_alarms: expected a number from 0" },
	{ "{" GOOD "\"format\":1,\"comparisons\":4.5,\"false_alarms\":1,\"sd\":0}",
	  "f: comparisons" },
	{ "{" GOOD "\"format\":1,\"comparisons\":4,\"false_alarms\":1,\"sd\":-1}",
	  "f: sd: expected null or 0 to" },
	{ "{" GOOD "\"format\":1,\"comparisons\":4,\"false_alarms\":1,\"sd\":\"x\"}", "f: sd" },
	{ "{" GOOD "\"format\":1,\"comparisons\":4,\"false_alarms\":1}", "f: sd" },
	{ "{\"format\":1}", "f: host: expected a text" },
	{ "{\"format\":1,\"host\":\"\\u0007\"}", "f: host: expected a text" },
	{ "{\"format\":1,\"host\":\"abc\"}", "is no fingerprint" },
	{ "[]", "f: format" },
	{ "", "f:1:0: " },
	{ "{\"format\":1,\"format\":1}", "f:1:" },
};

static void test_files(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct hostnoise n;
		struct err e = { "" };
		int rc = hostnoise_parse(&n, files[i].text, strlen(files[i].text), "f", &e);

		if (rc != (files[i].message ? -EINVAL : 0) ||
		    (rc && !strstr(e.text, files[i].message)))
			fail_msg("row %zu: %d '%s'", i, rc, e.text);
	}
}

/* The host that writes a run.json has the fingerprint that is read from it. */
static void test_fingerprint_of_run(void **state)
{
	char here[64], there[64], dir[] = "/tmp/slabscope-aa.XXXXXX", path[PATH_MAX];
	char *argv[] = { (char *)"run", NULL };
	struct rundir d;
	struct plan p;
	struct job j;
	json_t *run;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(
		job_read_text(&j, "[global]\nseed = 1\n[a]\nworkload = null\n", "job", NULL), 0);
	assert_int_equal(plan_make(&p, &j, NULL), 0);
	assert_int_equal(rundir_create(&d, dir, 0, NULL), 0);
	assert_int_equal(rundir_describe(&d, &p, &j, 1, argv, NULL), 0);
	assert_int_equal(rundir_note(&d, "reached", json_integer(7), NULL), 0);
	assert_int_equal(run_json_read(dir, &run, NULL), 0);
	assert_int_equal(json_integer_value(json_object_get(run, "reached")), 7);
	assert_int_equal(hostnoise_fingerprint(here, sizeof(here), NULL), 0);
	assert_int_equal(hostnoise_fingerprint_run(run, there, sizeof(there), NULL), 0);
	assert_string_equal(here, there);
	assert_int_equal(strlen(here), 16);
	json_object_set_new(json_object_get(run, "host"), "kernel", json_string("0.99"));
	assert_int_equal(hostnoise_fingerprint_run(run, there, sizeof(there), NULL), 0);
	assert_string_not_equal(here, there);
	json_object_del(run, "host");
	assert_int_equal(hostnoise_fingerprint_run(run, there, sizeof(there), NULL), -EINVAL);
	json_decref(run);
	unlink(rundir_file(&d, RUN_FILE, path));
	rundir_close(&d);
	rmdir(dir);
	plan_release(&p);
	job_release(&j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_jobs),	       cmocka_unit_test(test_noise_found),
		cmocka_unit_test(test_alarms_counted), cmocka_unit_test(test_most_is_exact),
		cmocka_unit_test(test_missing_values), cmocka_unit_test(test_kept_and_read),
		cmocka_unit_test(test_files),	       cmocka_unit_test(test_fingerprint_of_run),
	};

	return cmocka_run_group_tests_name("runner_aa", tests, NULL, NULL);
}
