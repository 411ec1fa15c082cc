/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A trial's specification, its CPUs, and the lines of its protocol; whole trials are in test_trial.c. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/trial.h"
#include "engine/machine.h"

/* ---- specifications ---- */

static void test_spec_defaults(void **state)
{
	struct trial_spec s;
	struct err e;

	(void)state;
	assert_int_equal(trial_spec_init(&s, &e), 0);
	assert_string_equal(s.run.workload, "hot-header");
	assert_string_equal(s.wl->name, "hot-header");
	assert_string_equal(s.run.profile, "kernel-2.6.22");
	assert_true(s.run.ops == OPT_AUTO_U64);
	if (trial_spec_validate(&s, &e))
		fail_msg("%s", e.text);
	trial_spec_release(&s);
}

static void test_spec_errors(void **state)
{
	static const struct {
		const char *pair, *expect;
	} rows[] = {
		{ "colour", "name=value" },
		{ "=3", "name=value" },
		{ "color=3", "color" },
		{ "workload=cold-header", "hot-header" },
		{ "profile=kernel-7", "profile" },
		{ "colour_off=abc", "colour_off" },
		{ "workers=0", "workers" },
		{ "ops=0", "ops" },
		{ "ops=many", "ops" },
		{ "duration_ms=0", "duration_ms" },
		{ "populate=perhaps", "populate" },
		{ "lifetime=random", "hot-header" }, /* churn's, and the workload is another */
		{ "access=jump", "access" },
		{ "nodes=65", "nodes" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct trial_spec s, before;
		struct err e = { .text = "" };

		assert_int_equal(trial_spec_init(&s, &e), 0);
		before = s;
		assert_int_equal(trial_spec_set_pair(&s, rows[i].pair, &e), -EINVAL);
		if (!strstr(e.text, rows[i].expect))
			fail_msg("%s: '%s' does not name %s", rows[i].pair, e.text, rows[i].expect);
		assert_memory_equal(&s, &before, sizeof(s)); /* nothing half-set */
		trial_spec_release(&s);
	}
}

/* Options that parse one by one but do not fit each other or this machine. */
static void test_spec_validate(void **state)
{
	static const struct {
		const char *pair[2], *expect;
	} rows[] = {
		{ { "allocator=none" }, "none" },
		{ { "collect=time,clock" }, "clock" },
		{ { "collect=time,rusage,time" }, "twice" },
		{ { "cpus=0,0" }, "twice" },
		{ { "cpus=0-" }, "cpus" },
		{ { "cpus=" }, "cpus" },
		{ { "cpus=1-0" }, "cpus" },
		{ { "cpus=4095" }, "4095" },
		{ { "cpus=0", "workers=2" }, "workers" },
		{ { "workers=4096" }, "4096" },
		{ { "hot_offset=12" }, "hot_offset" },
		{ { "placement=bind", "place_node=63" }, "place_node" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct trial_spec s;
		struct err e = { .text = "" };

		assert_int_equal(trial_spec_init(&s, &e), 0);
		for (int k = 0; k < 2 && rows[i].pair[k]; k++)
			if (trial_spec_set_pair(&s, rows[i].pair[k], &e))
				fail_msg("%s: %s", rows[i].pair[k], e.text);
		assert_int_equal(trial_spec_validate(&s, &e), -EINVAL);
		if (!strstr(e.text, rows[i].expect))
			fail_msg("%s: '%s' does not name %s", rows[i].pair[0], e.text,
				 rows[i].expect);
		trial_spec_release(&s);
	}
}

static char *print_spec(const struct trial_spec *s)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	assert_int_equal(trial_spec_print(s, f), 0);
	assert_int_equal(fclose(f), 0);
	return text;
}

/* What is printed reads back to the same, whatever was set. */
static void test_spec_round_trip(void **state)
{
	static const char *const rows[][6] = {
		{ NULL },
		{ "workload=churn", "n=17", "lifetime=pareto", "touch=auto", "object_size=1k" },
		{ "workload=null", "ops=1000000", "warmup_ops=off", "workers=3",
		  "seed=18446744073709551615" },
		{ "profile=fast", "colour=7", "mgmt=off", "placement=weighted",
		  "place_weights=3:1" },
		{ "access=rmw", "pattern=in-order", "slabs=12", "fail=prob", "fail_prob=0.25" },
		{ "profile=kernel-6.1", "workload=churn", "cpus=0-3", "allow_debug=on" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct trial_spec a, b, c;
		struct err e;
		char *first, *second;
		FILE *f;

		assert_int_equal(trial_spec_init(&a, &e), 0);
		for (int k = 0; k < 6 && rows[i][k]; k++)
			if (trial_spec_set_pair(&a, rows[i][k], &e))
				fail_msg("%s: %s", rows[i][k], e.text);
		first = print_spec(&a);
		f = fmemopen(first, strlen(first), "r");
		assert_non_null(f);
		assert_int_equal(trial_spec_init(&b, &e), 0);
		if (trial_spec_read(&b, f, &e))
			fail_msg("%s", e.text);
		fclose(f);
		second = print_spec(&b);
		assert_string_equal(first, second);
		free(second);
		assert_int_equal(trial_spec_copy(&c, &b, &e), 0);
		trial_spec_release(&b);
		second = print_spec(&c); /* the copy stands on its own */
		assert_string_equal(first, second);
		free(first);
		free(second);
		trial_spec_release(&a);
		trial_spec_release(&c);
	}
}

/* Setting a workload resets its options, a profile resets toggles; nothing else changes. */
static void test_spec_resets(void **state)
{
	struct trial_spec s;
	const struct opt *row;
	const void *base;
	char text[64];
	struct err e;

	(void)state;
	assert_int_equal(trial_spec_init(&s, &e), 0);
	assert_int_equal(trial_spec_set(&s, "n", "99", &e), 0);
	assert_int_equal(trial_spec_set(&s, "colour-off", "128", &e), 0);
	assert_int_equal(trial_spec_set(&s, "ops", "5", &e), 0);
	assert_int_equal(trial_spec_set(&s, "workload", "hot_header", &e), 0);
	assert_string_equal(s.run.workload, "hot-header");
	row = trial_spec_find(&s, "n", NULL, &base);
	opt_format(row, base, text, sizeof(text));
	assert_string_equal(text, "64");
	assert_int_equal(s.config.colour_off, 128);
	assert_int_equal(trial_spec_set(&s, "profile", "kernel-2.6.22", &e), 0);
	assert_true(s.config.colour_off == KMEM_AUTO);
	assert_true(s.run.ops == 5);
	assert_null(trial_spec_find(&s, "lifetime", NULL, NULL));
	assert_int_equal(trial_spec_set(&s, "seed", "77", &e),
			 0); /* the run's, not the toggle of this name */
	assert_true(s.run.seed == 77);
	assert_true(s.config.seed != 77);
	trial_spec_release(&s);
}

static void test_spec_read_errors(void **state)
{
	static const struct {
		const char *text, *expect;
	} rows[] = {
		{ "# a comment\n\nworkload=churn\nno\n", "line 4" },
		{ "workload=churn\naccess=load\n", "line 2" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		FILE *f = fmemopen((void *)(uintptr_t)rows[i].text, strlen(rows[i].text), "r");
		struct trial_spec s;
		struct err e;

		assert_non_null(f);
		assert_int_equal(trial_spec_init(&s, &e), 0);
		assert_int_equal(trial_spec_read(&s, f, &e), -EINVAL);
		assert_non_null(strstr(e.text, rows[i].expect));
		trial_spec_release(&s);
		fclose(f);
	}
}

/* ---- CPUs ---- */

static void test_cpus(void **state)
{
	static const struct {
		const char *list;
		unsigned workers;
		int err;
		unsigned cpu[4];
	} rows[] = {
		{ "0", 1, 0, { 0 } },
		{ "3,1", 2, 0, { 3, 1 } },
		{ "2-5", 4, 0, { 2, 3, 4, 5 } },
		{ "6,0-1", 3, 0, { 6, 0, 1 } },
		{ "0-7", 2, 0, { 0, 1 } },
		{ "auto", 4, 0, { 0, 4, 1, 5 } }, /* two nodes of four, in turn */
		{ "0-8", 2, -EINVAL, { 0 } },
		{ "7", 2, -EINVAL, { 0 } },
		{ "1,1", 2, -EINVAL, { 0 } },
		{ "1,", 1, -EINVAL, { 0 } },
		{ "-1", 1, -EINVAL, { 0 } },
		{ "1 ", 1, -EINVAL, { 0 } },
		{ "auto", 9, -EINVAL, { 0 } },
	};
	struct kmem_machine *m = malloc(sizeof(*m));
	struct err e;

	(void)state;
	assert_non_null(m);
	assert_int_equal(kmem_machine_synthetic(m, 8, 2, &e), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct trial_opts run = { .workers = rows[i].workers };
		unsigned cpu[16] = { 0 };

		snprintf(run.cpus, sizeof(run.cpus), "%s", rows[i].list);
		if (!strcmp(rows[i].list, "auto") && !rows[i].err) {
			/* which CPUs are second threads of a core is this machine's affair */
			unsigned seen = 0;

			assert_int_equal(trial_cpus(&run, m, cpu, &e), 0);
			for (unsigned k = 0; k < run.workers; k++) {
				assert_true(cpu[k] < 8 && !(seen & 1u << cpu[k]));
				seen |= 1u << cpu[k];
			}
			assert_int_not_equal(m->cpu_node[cpu[0]], m->cpu_node[cpu[1]]);
			continue;
		}
		assert_int_equal(trial_cpus(&run, m, cpu, &e), rows[i].err);
		for (unsigned k = 0; k < rows[i].workers && !rows[i].err; k++)
			assert_int_equal(cpu[k], rows[i].cpu[k]);
	}
	free(m);
}

/* ---- lines ---- */

static void test_lines(void **state)
{
	static const struct {
		const char *text;
		int kind; /* -1: bad */
	} rows[] = {
		{ "value time.ns_per_op 1.5 ns exact 1 clock -1", TRIAL_VALUE },
		{ "value x.y 3 1 scaled 0.25 hardware 2", TRIAL_VALUE },
		{ "value x.y - faults unavailable 1 kernel -1 no such thing here", TRIAL_VALUE },
		{ "effective colour 7", TRIAL_EFFECTIVE },
		{ "effective cpus 0,1 and more", TRIAL_EFFECTIVE },
		{ "phase setup", TRIAL_PHASE },
		{ "error it broke", TRIAL_ERROR },
		{ "end", TRIAL_END },
		{ "", -1 },
		{ "end of it", -1 },
		{ "phase", -1 },
		{ "effective", -1 },
		{ "valuable x 1 ns exact 1 clock -1", -1 },
		{ "value x 1 ns exact 1 clock", -1 },
		{ "value x one ns exact 1 clock -1", -1 },
		{ "value x - ns exact 1 clock -1", -1 },
		{ "value x 1 ns guessed 1 clock -1", -1 },
		{ "value x 1 ns exact 2 clock -1", -1 },
		{ "value x 1 ns exact 1 clock -2", -1 },
		{ "value x 1 ns exact 1 clock w", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct trial_line l;
		char line[256], back[256];
		struct err e = { .text = "" };
		int err, fds[2];
		ssize_t n;

		snprintf(line, sizeof(line), "%s", rows[i].text);
		err = trial_line_parse(line, &l, &e);
		if (rows[i].kind < 0) {
			if (!err)
				fail_msg("'%s' was taken", rows[i].text);
			assert_true(strlen(e.text) > 0);
			continue;
		}
		assert_int_equal(err, 0);
		assert_int_equal(l.kind, rows[i].kind);
		assert_int_equal(pipe(fds), 0);
		assert_int_equal(trial_line_write(fds[1], &l), 0);
		n = read(fds[0], back, sizeof(back) - 1);
		assert_true(n > 0 && back[n - 1] == '\n');
		back[n - 1] = '\0';
		assert_string_equal(back, rows[i].text);
		close(fds[0]);
		close(fds[1]);
	}
}

/* A note with newlines or without end stays one line of bounded length. */
static void test_line_is_one_line(void **state)
{
	char note[TRIAL_LINE_MAX * 2], back[TRIAL_LINE_MAX * 2];
	struct trial_line l = { .kind = TRIAL_ERROR, .text = note };
	int fds[2];
	ssize_t n;

	(void)state;
	memset(note, 'x', sizeof(note));
	note[sizeof(note) - 1] = '\0';
	note[5] = '\n';
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(trial_line_write(fds[1], &l), 0);
	n = read(fds[0], back, sizeof(back));
	assert_in_range(n, TRIAL_LINE_MAX / 2, TRIAL_LINE_MAX);
	assert_ptr_equal(memchr(back, '\n', (size_t)n), back + n - 1);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spec_defaults),
		cmocka_unit_test(test_spec_errors),
		cmocka_unit_test(test_spec_validate),
		cmocka_unit_test(test_spec_round_trip),
		cmocka_unit_test(test_spec_resets),
		cmocka_unit_test(test_spec_read_errors),
		cmocka_unit_test(test_cpus),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_line_is_one_line),
	};

	return cmocka_run_group_tests_name("trial_spec", tests, NULL, NULL);
}
