/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a run says cannot be measured here: merged by reason, and short. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/missing.h"

#define GONE(m, source, note) "value " m " - 1 unavailable 1 " source " -1 " note "\n"
static const struct {
	const char *out, *said;
} absences[] = {
	{ "value a.b 1 ns exact 1 clock -1\nend\n", "" },
	/* what is off by request is no matter of the machine */
	{ GONE("slabinfo.hits", "engine", "statistics are off") "end\n", "" },
	{ GONE("perf.cycles", "hardware",
	       "no PMU (ENOENT)") "value perf.faults 3 1 exact 1 software -1\n",
	  "who: not measured here: perf (perf.cycles): no PMU (ENOENT); slabscope doctor has the remedies\n" },
	/* merged by reason, the most first, two lines at most */
	{ GONE("c.x", "kernel", "r3") GONE("perf.a", "hardware", "r1")
		  GONE("numa.b", "placement", "r2") GONE("uncore.c", "hardware", "r1")
			  GONE("perf.d", "hardware", "r1") GONE("numa.e", "placement", "r2")
				  GONE("d.y", "kernel", "r4"),
	  "who: not measured here: perf, uncore (3 quantities: perf.a, ...): r1\n"
	  "who: not measured here: numa (2 quantities: numa.b, ...): r2; and 2 more for other reasons; slabscope doctor has the remedies\n" },
	{ "no such line\nvalue\n" GONE("a.b", "kernel", ""),
	  "who: not measured here: a (a.b): no reason given; slabscope doctor has the remedies\n" },
};

/* Reasons with paths, and many collectors: cut, with what stands behind them still there. */
static void test_missing_is_short(void **state)
{
	char out[4096] = "", *said = NULL, *line, *save;
	size_t len = 0, i;
	FILE *f;

	(void)state;
	for (i = 0; i < 8; i++)
		len += (size_t)snprintf(
			out + len, sizeof(out) - len,
			"value collector%zu.a_metric_with_quite_a_long_name_%zu - 1 unavailable 1 kernel -1 "
			"%.*s/a/%0*d\n",
			i % 3, i, 1, "x", i < 6 ? 300 : 400, 0);
	f = open_memstream(&said, &len);
	assert_int_equal(missing_report(f, "slabscope run", out, strlen(out)), 8);
	fclose(f);
	assert_non_null(strstr(said, "collector0, collector1, collector2 (6 quantities: "));
	assert_non_null(strstr(said, "...; slabscope doctor has the remedies\n"));
	for (line = strtok_r(said, "\n", &save), i = 0; line;
	     line = strtok_r(NULL, "\n", &save), i++)
		if (strlen(line) > MISSING_LINE || strlen(line) < MISSING_LINE - 10)
			fail_msg("%zu characters: %s", strlen(line), line);
	assert_int_equal(i, 2);
	free(said);
}

static void test_missing(void **state)
{
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof(absences) / sizeof(absences[0]); i++) {
		char *said = NULL;
		FILE *f = open_memstream(&said, &len);

		missing_report(f, "who", absences[i].out, strlen(absences[i].out));
		fclose(f);
		assert_string_equal(said, absences[i].said);
		free(said);
	}
}

/* Of a path that is too long its last part stays, and what is wrong with it. */
static void test_missing_paths(void **state)
{
	static const struct {
		const char *reason, *said;
	} row[] = {
		{ "/sys/short: No such file", "): /sys/short: No such file; slab" },
		{ "/sys/devices/system/cpu/cpu0/a_folder_with_a_name/and_another_one_with_a_name/"
		  "and_a_third/and_a_fourth_one/scaling_cur_freq: No such file or directory",
		  "): .../scaling_cur_freq: No such file or directory; slab" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char out[400], *said = NULL;
		size_t len;
		FILE *f = open_memstream(&said, &len);

		snprintf(out, sizeof(out), "value a.b - 1 unavailable 1 kernel -1 %s\n",
			 row[i].reason);
		missing_report(f, "slabscope run", out, strlen(out));
		fclose(f);
		if (!strstr(said, row[i].said) || strlen(said) > MISSING_LINE + 1)
			fail_msg("%s", said);
		free(said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_missing_is_short),
		cmocka_unit_test(test_missing_paths),
	};

	return cmocka_run_group_tests_name("missing", tests, NULL, NULL);
}
