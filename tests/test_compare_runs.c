/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two runs against each other: what the host's noise is the noise of, which options differ, and which
 * way of a metric is up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/compare.h"
#include "tests/run_help.h"
#include "tests/temp_help.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* An A/A run measured times: its noise floor is no floor of counts. */
static void test_noise_floor_is_of_times(void **state)
{
	static const struct {
		const char *metric, *unit;
		double delta;
		enum judge_word word;
	} row[] = {
		{ "time.ns_per_op", "ns", 0.3, WORD_EQUIVALENT },
		{ "time.ops_per_s", "1/s", 0.3, WORD_EQUIVALENT },
		{ "time.region_ns", "ns", 0.01, WORD_MORE },
		{ "perf.misses", "lines", 0.01, WORD_MORE },
		{ "latency.alloc_p99", "ns", 0.01, WORD_SLOWER },
	};
	struct compare_request q = { .delta = 0.01, .confidence = 0.95 };
	struct hostnoise noise = { .metric = "time.ns_per_op",
				   .when = "then",
				   .workload = "w",
				   .comparisons = 40,
				   .pairs = 8,
				   .confidence = 0.95,
				   .sd = 0.1,
				   .noise_floor = log(1.3),
				   .smallest_effect = 0.3 };
	char dir[TEMP_MAX], clean[TEMP_MAX + 16];
	struct compare c = { .base = NULL };
	struct results r[2];
	struct maker m;
	struct err e;

	(void)state;
	assert_non_null(temp_folder(dir, "compare"));
	setenv("XDG_STATE_HOME", dir, 1);
	for (unsigned k = 0; k < 2; k++) {
		make_begin(&m, 8);
		for (unsigned b = 0; b < 8; b++) {
			for (size_t i = 0; i < ARRAY_SIZE(row); i++)
				make_value(&m, b, 0, row[i].metric, 10 + 2 * k + 0.005 * b,
					   row[i].unit, "clock");
			make_end(&m, b, 0, "ok", "");
		}
		make_read(&m, &r[k]);
	}
	if (hostnoise_fingerprint_run(r[0].run, noise.host, sizeof(noise.host), &e) ||
	    hostnoise_write(&noise, &e))
		fail_msg("%s", e.text);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++)
		q.metric[q.nr_metrics++] = row[i].metric;
	c.base = &r[0];
	c.mine = &r[1];
	assert_int_equal(compare_add(&c, &q, 0, 0, NULL), 0);
	compare_judge(&c, &q);
	assert_true(c.have_noise && c.delta == 0.01);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++)
		if (fabs(compare_delta(&c, &c.item[i]) - row[i].delta) > 1e-9 ||
		    c.item[i].word != row[i].word)
			fail_msg("%s: within %g, %s", row[i].metric, compare_delta(&c, &c.item[i]),
				 judge_words[c.item[i].word]);
	compare_release(&c);
	/* within one run pairs see to it */
	c.base = c.mine = &r[1];
	q.nr_metrics = 1;
	assert_int_equal(compare_add(&c, &q, 0, 0, NULL), 0);
	compare_judge(&c, &q);
	assert_true(compare_delta(&c, &c.item[0]) == 0.01);
	compare_release(&c);
	results_release(&r[0]);
	results_release(&r[1]);
	setenv("XDG_STATE_HOME", "/nonexistent", 1);
	snprintf(clean, sizeof(clean), "rm -r %s", dir);
	assert_int_equal(system(clean), 0);
}

/* What was asked for in two runs, and what of it is a difference. */
static void test_options_of_two_versions(void **state)
{
	static const struct {
		const char *base, *mine;
		const char *differ; /* the options that are told of, "" none */
	} row[] = {
		/* not known to the older one, and left as it is, in whichever form */
		{ "'limit': 'auto', 'collect': 'numa'",
		  "'limit': 'auto', 'collect': 'numa', 'numa_pages': '65536', 'numa_least': '0.99'",
		  "" },
		{ "'limit': 'auto'", "'limit': 'auto', 'populate': 'on', 'sample_ring': '512k'",
		  "" },
		{ "'sample_ring': '524288'", "'limit': 'auto'", "" },
		{ "'workload': 'churn'", "'workload': 'churn', 'n': '1000'", "" },
		/* not known, and set */
		{ "'collect': 'numa'", "'collect': 'numa', 'numa_least': '0.5'", "numa_least " },
		{ "'workload': 'churn'", "'workload': 'churn', 'n': '64'", "n " },
		{ "'limit': '8'", "'order': 'auto'", "limit " },
		/* no option of ours: all that can be said is that it differs */
		{ "'limit': 'auto'", "'limit': 'auto', 'gone': '1'", "gone " },
		/* known to both */
		{ "'limit': 'auto'", "'limit': '8'", "limit " },
		/* of a collector that one of them did not have, or none */
		{ "'collect': 'time', 'latency_every': '64'",
		  "'collect': 'time', 'latency_every': '1'", "" },
		{ "'collect': 'time', 'latency_every': '64'",
		  "'collect': 'latency,time', 'latency_every': '1'", "collect " },
		{ "'collect': 'latency', 'latency_every': '64'",
		  "'collect': 'latency', 'latency_every': '1'", "latency_every " },
	};
	struct compare_request q = { .delta = 0.01, .confidence = 0.95 };
	struct results r[2];
	struct maker m;

	(void)state;
	for (unsigned k = 0; k < 2; k++) {
		make_begin(&m, 1);
		make_series(&m, 1, "time.ns_per_op", 10, 0, "ns", "clock");
		make_read(&m, &r[k]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct compare c = { .base = &r[0], .mine = &r[1] };
		char differ[300] = "", text[300];

		for (unsigned k = 0; k < 2; k++) {
			json_t *o;

			snprintf(text, sizeof(text), "{%s}", k ? row[i].mine : row[i].base);
			for (char *p = text; *p; p++)
				if (*p == '\'')
					*p = '"';
			o = json_loads(text, 0, NULL);
			assert_non_null(o);
			json_object_set_new(json_array_get(json_object_get(r[k].run, "configs"), 1),
					    "requested", o);
		}
		assert_int_equal(compare_add(&c, &q, 1, 1, NULL), 0);
		assert_int_equal(compare_environment(&c, NULL), 0);
		for (unsigned n = 0; n < c.nr_env; n++)
			snprintf(differ + strlen(differ), sizeof(differ) - strlen(differ), "%s ",
				 c.env[n].name + strlen("option "));
		if (strcmp(differ, row[i].differ))
			fail_msg("row %zu: '%s'", i, differ);
		compare_release(&c);
	}
	results_release(&r[0]);
	results_release(&r[1]);
}

/* What was in the way is less or more, not faster or slower; and some of it is neither good nor bad. */
static void test_directions(void **state)
{
	static const struct {
		const char *metric, *unit, *less;
		int better, speed;
	} row[] = {
		{ "time.ns_per_op", "ns", "faster", -1, 1 },
		{ "latency.alloc_p99", "ns", "faster", -1, 1 },
		{ "latency.clock_cost_p50", "ns", "less", 0, 0 },
		{ "latency.clock_step", "ticks", "less", 0, 0 },
		{ "interference.run_delay", "ns", "less", -1, 0 },
		{ "interference.steal_share", "1", "less", -1, 0 },
		{ "interference.irq", "ns", "less", -1, 0 },
		{ "interference.psi_cpu_some", "ns", "less", -1, 0 },
		{ "interference.interrupts", "1", "fewer", -1, 0 },
		{ "interference.migrations", "1", "fewer", -1, 0 },
		{ "interference.rules_broken", "1", "fewer", -1, 0 },
		{ "interference.rules_judged", "1", "fewer", 0, 0 },
		{ "interference.frequency_after", "Hz", "less", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		const struct direction *d = direction_of(row[i].metric, row[i].unit);

		if (strcmp(d->less, row[i].less) || d->better != row[i].better ||
		    d->speed != row[i].speed)
			fail_msg("%s: %s, %d, %d", row[i].metric, d->less, d->better, d->speed);
	}
}

/* Times of a CPU that was a program are not judged, whatever they are; counts, and what is computed, are. */
static void test_emulated_cpu(void **state)
{
	static const struct {
		const char *metric, *unit, *source;
		int invalid;
	} row[] = {
		{ "time.ns_per_op", "ns", "clock", 1 },
		{ "time.ops_per_s", "1/s", "clock", 1 },
		{ "perf.cycles", "cycles", "hardware", 1 },
		{ "perf.instructions", "instructions", "hardware", 0 },
		{ "slabinfo.grown", "slabs", "engine", 0 },
		{ "model.memory_time", "ns", "model", 0 },
	};
	struct compare_request q = { .delta = 0.01, .confidence = 0.95 };
	struct maker m;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++)
		q.metric[q.nr_metrics++] = row[i].metric;
	/* of none of the two runs, of one, of the other */
	for (unsigned emulated = 0; emulated < 3; emulated++) {
		struct compare c = { .base = NULL };
		struct results r[2];

		for (unsigned k = 0; k < 2; k++) {
			make_begin(&m, 8);
			for (unsigned b = 0; b < 8; b++) {
				for (size_t i = 0; i < ARRAY_SIZE(row); i++)
					make_value(&m, b, 0, row[i].metric, 10 + 5 * k, row[i].unit,
						   row[i].source);
				make_end(&m, b, 0, "ok", "");
			}
			make_read(&m, &r[k]);
			json_object_set_new(json_object_get(r[k].run, "host"), "hypervisor",
					    json_string(k + 1 == emulated ? "emulated (QEMU TCG)" :
									    "yes"));
		}
		c.base = &r[0];
		c.mine = &r[1];
		assert_int_equal(compare_add(&c, &q, 0, 0, NULL), 0);
		compare_judge(&c, &q);
		for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
			const struct comparison *x = &c.item[i];

			if ((x->word == WORD_INVALID) != (emulated && row[i].invalid) ||
			    (x->word == WORD_INVALID) != !!strstr(x->reason, "emulated (QEMU TCG)"))
				fail_msg("%s, emulated %u: %s, '%s'", row[i].metric, emulated,
					 judge_words[x->word], x->reason);
		}
		assert_int_equal(c.nr_warnings > 0 &&
					 strstr(c.warning[0], "no time of it means anything") !=
						 NULL,
				 emulated > 0);
		compare_release(&c);
		results_release(&r[0]);
		results_release(&r[1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_noise_floor_is_of_times),
		cmocka_unit_test(test_emulated_cpu),
		cmocka_unit_test(test_options_of_two_versions),
		cmocka_unit_test(test_directions),
	};

	/* no A/A run of the developer's own may change a verdict */
	setenv("XDG_STATE_HOME", "/nonexistent", 1);
	return cmocka_run_group_tests_name("compare_runs", tests, NULL, NULL);
}
