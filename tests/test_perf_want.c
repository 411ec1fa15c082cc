/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What may be asked for, in words: names, groups, expressions, and what is wrong with others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collectors/perf/want.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define LONG "abcdefghijklmnopqrstuvwxyz0123456789/"

static struct ev_db *db;
static struct perf_wants w;

static int setup(void **state)
{
	(void)state;
	return ev_db_open(&db, NULL, NULL);
}

static int teardown(void **state)
{
	(void)state;
	ev_db_close(db);
	return 0;
}

/* Text, and metrics with blanks between; or part of the error. Cycles and instructions go along where
 * anything else may be hardware's. */
static const struct {
	const char *text, *metrics, *error;
} rows[] = {
	{ "cycles", "cycles instructions", NULL },
	{ "l1d-misses", "l1d_misses cycles instructions", NULL },
	{ "l1d_misses", "l1d_misses cycles instructions", NULL },
	{ " l1d-misses , l2-misses", "l1d_misses l2_misses cycles instructions", NULL },
	{ "l1d-misses,l1d_misses,l1d-misses", "l1d_misses cycles instructions", NULL },
	{ "instructions,cycles", "instructions cycles", NULL },
	{ "r0151", "r0151 cycles instructions", NULL },
	{ "skx::L1D:REPLACEMENT", "skx_l1d_replacement cycles instructions", NULL },
	{ "cpu/event=0x51,umask=1/,r12", "cpu_event_0x51_umask_1 r12 cycles instructions", NULL },
	{ "\"2*r12 - r13\",r14", "2_r12_r13 r14 cycles instructions", NULL },
	{ "\"r12 + cpu/event=1,umask=2/\"", "r12_cpu_event_1_umask_2 cycles instructions", NULL },
	{ "r1 + r2,r1 - r2,r1+r2,r1 - r2", "r1_r2 r1_r2_2 r1_r2_3 cycles instructions", NULL },
	{ "", NULL, "expected a name, got nothing" },
	{ "cycles,", NULL, "expected a name, got nothing" },
	{ ",cycles", NULL, "expected a name, got nothing" },
	{ "cycles,,l2-misses", NULL, "expected a name, got nothing" },
	{ "l1d-mises", NULL, "'l1d-mises' is no quantity, no group and no event" },
	{ "resume", NULL, "'resume' is no quantity" },
	{ "cpu/event=1", NULL, "lacks its closing '/'" },
	{ "\"r12", NULL, "lacks its closing '\"'" },
	{ "r12 +", NULL, "'r12 +'" },
	{ "memory-read", NULL, "collect=uncore" },
	{ "cycles,memory_read", NULL, "collect=uncore" },
	{ "r" LONG LONG LONG LONG LONG LONG LONG LONG, NULL, "more than 255 characters" },
};

static void test_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		struct err e = { "" };
		char metrics[400] = "";
		int rc = perf_wants_read(&w, db, NULL, rows[i].text, &e);

		if (rc != (rows[i].error ? -EINVAL : 0) ||
		    (rc &&
		     (strncmp(e.text, "perf_events: ", 13) || !strstr(e.text, rows[i].error))))
			fail_msg("row %zu: %d '%s'", i, rc, e.text);
		for (unsigned k = 0; !rc && k < w.nr; k++) {
			strcat(metrics, k ? " " : "");
			strcat(metrics, w.want[k].metric);
			assert_true(*w.want[k].unit);
			assert_int_equal(w.want[k].nr, 0); /* no host was given */
		}
		if (!rc && strcmp(metrics, rows[i].metrics))
			fail_msg("row %zu: %s", i, metrics);
		perf_wants_release(&w);
	}
}

/* Groups are their quantities; a machine-wide one in a group is somebody else's. */
static void test_groups(void **state)
{
	static const char *const groups[] = { "default", "software", "cache", "numa", "bandwidth" };

	(void)state;
	for (size_t i = 0; i < LEN(groups); i++) {
		const char *name[PERF_WANTS_MAX];
		int n = ev_db_group(db, groups[i], name, PERF_WANTS_MAX);
		unsigned own = 0;

		assert_true(n > 0);
		assert_int_equal(perf_wants_read(&w, db, NULL, groups[i], NULL), 0);
		for (int k = 0; k < n; k++) {
			const struct ev_quantity *q = ev_db_quantity(db, name[k]);

			assert_non_null(q);
			if (q->machine_wide)
				continue;
			assert_string_equal(w.want[own].quantity, name[k]);
			assert_string_equal(w.want[own].unit, q->unit);
			assert_false(w.want[own].extra);
			own++;
		}
		for (unsigned k = own; k < w.nr; k++)
			assert_true(w.want[k].extra);
		assert_true(w.nr <= own + 2);
		perf_wants_release(&w);
	}
}

static void test_too_many(void **state)
{
	char text[1024] = "";
	struct err e;

	(void)state;
	for (unsigned i = 0; i <= PERF_WANTS_MAX; i++)
		sprintf(text + strlen(text), "%sr%x", i ? "," : "", i);
	assert_int_equal(perf_wants_read(&w, db, NULL, text, &e), -EINVAL);
	assert_non_null(strstr(e.text, "more than 64 quantities"));
	perf_wants_release(&w);
	*strrchr(text, ',') = '\0'; /* as many as can be: nothing goes along */
	assert_int_equal(perf_wants_read(&w, db, NULL, text, &e), 0);
	assert_int_equal(w.nr, PERF_WANTS_MAX);
	perf_wants_release(&w);
}

/* On a machine without a PMU: software has candidates, an event that is not here has a reason. */
static void test_host(void **state)
{
	const struct hostfs nowhere = { "/nonexistent" };
	struct ev_host *host;

	(void)state;
	assert_int_equal(ev_host_open(&host, &nowhere, NULL), 0);
	assert_int_equal(perf_wants_read(&w, db, host, "page-faults,skx::NO_SUCH,nopmu/x=1/", NULL),
			 0);
	assert_true(w.want[0].nr > 0);
	assert_int_equal(w.want[0].cand[0].origin, EV_SOFTWARE);
	assert_string_equal(w.want[0].unit, "faults");
	for (unsigned i = 1; i < 3; i++) {
		assert_int_equal(w.want[i].nr, 0);
		assert_true(*w.want[i].why.reason && *w.want[i].why.remedy);
		assert_string_equal(w.want[i].unit, "events");
	}
	perf_wants_release(&w);
	/* software alone needs no cycles beside it */
	assert_int_equal(perf_wants_read(&w, db, host, "software", NULL), 0);
	for (unsigned i = 0; i < w.nr; i++)
		assert_string_not_equal(w.want[i].metric, "cycles");
	perf_wants_release(&w);
	ev_host_close(host);
}

static void test_metric_names(void **state)
{
	static const char *const names[][2] = {
		{ "l1d-misse", "l1d_misse" },
		{ "skx::L1D:R", "skx_l1d_r" },
		{ "--a--b--", "a_b" },
		{ "", "" },
		{ "///", "" },
		{ "ABCDEFGHIJ", "abcdefghi" },
		{ "abcdefgh-i", "abcdefgh" },
	};
	char out[10];

	(void)state;
	for (size_t i = 0; i < LEN(names); i++) {
		perf_metric_name(out, sizeof(out), names[i][0]);
		assert_string_equal(out, names[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),	     cmocka_unit_test(test_groups),
		cmocka_unit_test(test_too_many),     cmocka_unit_test(test_host),
		cmocka_unit_test(test_metric_names),
	};

	return cmocka_run_group_tests_name("perf_want", tests, setup, teardown);
}
