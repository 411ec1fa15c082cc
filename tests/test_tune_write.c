/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tune writes is read back to the same toggles, by the library and by `run`, whatever the pick is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/plan.h"
#include "cli/tune_advice.h"
#include "tests/temp_help.h"

static void same_toggles(const struct slab_config *a, const struct slab_config *b, const char *text)
{
	for (const struct opt *row = slab_config_opts; row->name; row++)
		if (!opt_equal(row, a, b))
			fail_msg("%s is not what it was, from\n%s", row->name, text);
}

static void same_workload(const struct trial_spec *a, const struct trial_spec *b)
{
	assert_ptr_equal(a->wl, b->wl);
	for (const struct opt *row = a->wl->opts; row->name; row++)
		if (!opt_equal(row, a->params, b->params))
			fail_msg("%s of the workload is not what it was", row->name);
}

static char *config_of(const struct tuning *t)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	tune_write_config(t, f);
	fclose(f);
	return text;
}

static void read_by_library(const char *text, const struct slab_config *was)
{
	FILE *f = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	struct slab_config c;
	struct err e;

	assert_non_null(f);
	if (slab_config_read_stream(&c, f, "written", &e))
		fail_msg("%s, of\n%s", e.text, text);
	fclose(f);
	same_toggles(&c, was, text);
}

static void read_by_run(const char *text, const struct slab_config *was,
			const struct trial_spec *of)
{
	struct trial_spec s;
	struct job j;
	struct plan p = { .nr_configs = 0 };
	struct err e;

	if (job_read_text(&j, text, "written", &e) || job_override(&j, "seed", "1", "test", &e) ||
	    plan_make(&p, &j, &e))
		fail_msg("%s, of\n%s", e.text, text);
	assert_int_equal(p.nr_configs, 1);
	assert_int_equal(plan_spec(&p, 0, &s, &e), 0);
	same_toggles(&s.config, was, text);
	same_workload(&s, of);
	trial_spec_release(&s);
	plan_release(&p);
	job_release(&j);
}

static void prepare(struct tuning *t, const char *profile, const char *const *set)
{
	struct tune_space_in in = { .nodes = 1, .workers = 1, .base = &t->spec.config };
	struct err e;

	memset(t, 0, sizeof(*t));
	t->target = "zen4";
	t->verdict = TUNE_CHANGE;
	assert_int_equal(trial_spec_init(&t->spec, &e), 0);
	assert_int_equal(trial_spec_set(&t->spec, "profile", profile, &e), 0);
	for (; *set; set++)
		if (trial_spec_set_pair(&t->spec, *set, &e))
			fail_msg("%s", e.text);
	slab_geometry_in_init(&in.machine, 512);
	if (tune_space_make(&t->space, &in, &e))
		fail_msg("%s", e.text);
}

static void test_config_comes_back(void **state)
{
	static const char *const profiles[] = { "kernel-2.6.22", "kernel-6.1", "fast" };
	static const char *const set[] = { "workload=churn",	"n=77",
					   "lifetime=pareto",	"poison=on",
					   "place_weights=1,3", NULL };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct tuning t;

		prepare(&t, profiles[i], set);
		assert_true(t.space.nr_points > 100);
		for (unsigned p = 0; p < t.space.nr_points; p++) {
			char *text;

			t.pick = p;
			text = config_of(&t);
			read_by_library(text, &t.space.point[p].config);
			if (p % 100 == 0) /* a plan looks at the machine, which takes its time */
				read_by_run(text, &t.space.point[p].config, &t.spec);
			free(text);
		}
		tuning_release(&t);
	}
}

static void test_toggles_by_cache_come_back(void **state)
{
	static const char *const set[] = { "limit=60", NULL };
	static const char *const names[] = { "filp",	     "<b>]; \"x\"", "a = b", "[cache c]",
					     "; no comment", "bad\nname",   " blank" };
	enum { NR = sizeof(names) / sizeof(*names) };
	struct tune_advice a[NR];
	const struct tune_advice *of[NR];
	char folder[TEMP_MAX], path[TEMP_MAX + 16];
	struct slab_config c;
	struct tuning t;
	struct err e;

	(void)state;
	assert_non_null(temp_folder(folder, "advice"));
	snprintf(path, sizeof(path), "%s/advice.ini", folder);
	prepare(&t, "kernel-6.1", set);
	for (unsigned i = 0; i < NR; i++) {
		memset(&a[i], 0, sizeof(a[i]));
		snprintf(a[i].cache, sizeof(a[i].cache), "%s", names[i]);
		a[i].base = t.space.point[0].config;
		a[i].config = t.space.point[10 * (i + 1)].config;
		a[i].ratio = a[i].bytes = a[i].was = 1;
		a[i].verdict = i == 2 ? TUNE_KEEP : TUNE_CHANGE;
		of[i] = &a[i];
	}
	if (tune_advice_write(path, of, NR, "kernel-6.1", &e))
		fail_msg("%s", e.text);
	for (unsigned i = 0; i < NR; i++) {
		/* nothing changes for it, or its name cannot stand in a file: what stands */
		int has = i != 2 && i < 5, rc = slab_config_read_cache(&c, path, names[i], &e);

		if (rc != has)
			fail_msg("'%s': %d, expected %d (%s)", names[i], rc, has,
				 rc < 0 ? e.text : "");
		same_toggles(&c, has ? &a[i].config : &a[i].base, names[i]);
	}
	assert_int_equal(slab_config_read(&c, path, &e), 0);
	same_toggles(&c, &a[0].base, "[global]");
	unlink(path);
	rmdir(folder);
	tuning_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config_comes_back),
		cmocka_unit_test(test_toggles_by_cache_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
