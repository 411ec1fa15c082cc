/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Groups of events over a kernel that fails in every way there is: each gives the right state and
 * words, and never a number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collectors/perf/group.h"
#include "collectors/perf/userread.h"
#include "tests/perf_fake.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static const struct perf_event events[] = {
	{ .name = "cycles", .type = PERF_TYPE_HARDWARE, .config = PERF_COUNT_HW_CPU_CYCLES },
	{ .name = "r151", .type = PERF_TYPE_RAW, .config = 0x151 },
	{ .name = "r24", .type = PERF_TYPE_RAW, .config = 0x24, .config1 = 7 },
};
static const struct perf_event faults = { .name = "page-faults",
					  .type = PERF_TYPE_SOFTWARE,
					  .config = PERF_COUNT_SW_PAGE_FAULTS };
static const struct perf_event switches = { .name = "context-switches",
					    .type = PERF_TYPE_SOFTWARE,
					    .config = PERF_COUNT_SW_CONTEXT_SWITCHES };
static const struct perf_event uncore = {
	.name = "imc", .type = 20, .config = 4, .no_exclude = true, .cpu_wide = true
};
static const struct perf_place user_place = { .paranoid = 2, .pmu = true, .open_files = 64 };

static int open_group(struct perf_group *g, unsigned nr, bool pinned, struct perf_refusal *why)
{
	return perf_group_open(g, &perf_fake_sys, events, nr, PERF_USER, pinned ? PERF_PINNED : 0,
			       &user_place, why, NULL);
}

/* The events of @c say that there is no number, and why. */
static void assert_refused(const struct perf_count *c, unsigned nr, const char *reason, size_t row)
{
	for (unsigned i = 0; i < nr; i++) {
		if (c[i].state != VALUE_UNAVAILABLE || c[i].value != 0 || c[i].share != 0)
			fail_msg("row %zu: a number: %g", row, c[i].value);
		if (!strstr(c[i].why.reason, reason))
			fail_msg("row %zu: '%s' has no '%s'", row, c[i].why.reason, reason);
	}
}

static void assert_counted(const struct perf_count *c, unsigned nr, double units)
{
	for (unsigned i = 0; i < nr; i++) {
		assert_string_equal(c[i].why.reason, "");
		assert_int_equal(c[i].state, VALUE_EXACT);
		assert_true(c[i].share == 1);
		assert_true(c[i].value ==
			    units * perf_fake_rate(events[i].type, events[i].config, PERF_USER));
	}
}

/* ---- opening ---- */

static const int open_errors[] = { ENOENT, EOPNOTSUPP, EINVAL, EACCES, EPERM, ENOSYS,
				   ENODEV, EMFILE,     ENFILE, ENOSPC, EBUSY, E2BIG,
				   EINTR,  ENOMEM,     ESRCH,  EFAULT, EIO,   EOVERFLOW };

/* Each error on each side, of the leader and of the second: the call says so, nothing stays open. */
static void test_open_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEN(open_errors); i++)
		for (int side = PERF_USER; side <= PERF_BOTH; side++)
			for (int member = 0; member < 2; member++) {
				const struct perf_fake_rule rule[] = {
					{ open_errors[i], -1, -1, side, member }, { 0 }
				};
				struct perf_refusal why = { .reason = "" };
				unsigned bad = 99;
				struct perf_group g;

				perf_fake_reset();
				perf_fake.rule = rule;
				assert_int_equal(perf_group_open(&g, &perf_fake_sys, events, 3,
								 (enum perf_side)side, PERF_PINNED,
								 &user_place, &why, &bad),
						 -open_errors[i]);
				assert_int_equal(why.error, open_errors[i]);
				assert_true(strlen(why.reason) > 10);
				assert_null(strchr(why.reason, '%'));
				assert_int_equal(bad, member);
				assert_int_equal(perf_fake_leaks(), 0);
				perf_group_close(&g);
				assert_int_equal(perf_fake_leaks(), 0);
				assert_int_equal(perf_probe(&perf_fake_sys, &events[0],
							    (enum perf_side)side, &user_place,
							    &why),
						 member ? 0 : -open_errors[i]);
				assert_int_equal(perf_fake_leaks(), 0);
			}
}

/* Descriptors run out before each of the group's events. */
static void test_open_emfile(void **state)
{
	(void)state;
	for (unsigned most = 0; most < 3; most++) {
		struct perf_refusal why;
		struct perf_group g;

		perf_fake_reset();
		perf_fake.rdpmc = perf_fake.user_time = true;
		perf_fake.open_max = most;
		assert_int_equal(open_group(&g, 3, true, &why), -EMFILE);
		assert_non_null(strstr(why.reason, "too many open files"));
		assert_non_null(strstr(why.reason, "64"));
		assert_non_null(strstr(why.remedy, "ulimit"));
		assert_int_equal(perf_fake_leaks(), 0);
	}
}

static void test_open_sizes(void **state)
{
	static const unsigned sizes[] = { 0, PERF_GROUP_MAX + 1 };
	struct perf_refusal why;
	struct perf_group g;

	(void)state;
	perf_fake_reset();
	for (size_t i = 0; i < LEN(sizes); i++) {
		assert_int_equal(open_group(&g, sizes[i], true, &why), -EINVAL);
		assert_non_null(strstr(why.reason, "1 to 16"));
		assert_int_equal(perf_fake.opens, 0);
		perf_group_close(&g);
	}
	memset(&g, 0, sizeof(g));
	perf_group_close(&g); /* zeroed: harmless */
}

/* What the kernel is asked: who is left out, who leads. */
static void test_attr(void **state)
{
	static const struct {
		const struct perf_event *ev;
		enum perf_side side;
		int user, kernel, hv; /* excluded */
	} rows[] = {
		{ &events[0], PERF_USER, 0, 1, 1 },  { &events[0], PERF_KERNEL, 1, 0, 0 },
		{ &events[0], PERF_BOTH, 0, 0, 0 },  { &faults, PERF_USER, 0, 1, 1 },
		{ &faults, PERF_KERNEL, 1, 0, 0 },   { &switches, PERF_USER, 0, 0, 0 },
		{ &switches, PERF_KERNEL, 0, 0, 0 }, { &uncore, PERF_USER, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		struct perf_refusal why;

		perf_fake_reset();
		assert_int_equal(
			perf_probe(&perf_fake_sys, rows[i].ev, rows[i].side, &user_place, &why), 0);
		assert_int_equal(perf_fake.last.exclude_user, rows[i].user);
		assert_int_equal(perf_fake.last.exclude_kernel, rows[i].kernel);
		assert_int_equal(perf_fake.last.exclude_hv, rows[i].hv);
		assert_int_equal(perf_fake.last.disabled, 1);
		assert_int_equal(perf_fake.last.inherit, 0);
		assert_int_equal(perf_fake.last.config, rows[i].ev->config);
		assert_int_equal(perf_fake.last.read_format,
				 PERF_FORMAT_GROUP | PERF_FORMAT_TOTAL_TIME_ENABLED |
					 PERF_FORMAT_TOTAL_TIME_RUNNING);
	}
}

/* ---- counting ---- */

/* Twice: the second region's count has nothing of the first, nor of what ran between. */
static void test_deltas(void **state)
{
	static const unsigned units[] = { 1000, 7, 0 };
	struct perf_count c[3];
	struct perf_refusal why;
	struct perf_group g;

	(void)state;
	for (int user = 0; user < 2; user++) {
		perf_fake_reset();
		perf_fake.step = user ? 0 : 10;
		perf_fake.rdpmc = perf_fake.user_time = user;
		assert_int_equal(open_group(&g, 3, true, &why), 0);
		for (size_t i = 0; i < LEN(units) - (size_t)user; i++) {
			perf_fake_run(555);
			perf_group_start(&g);
			perf_fake_run(units[i]);
			perf_group_stop(&g);
			perf_fake_run(777);
			perf_group_result(&g, c);
			assert_counted(c, 3, units[i]);
			assert_string_equal(g.how, user ? "rdpmc" : "read");
		}
		perf_group_close(&g);
		assert_int_equal(perf_fake_leaks(), 0);
	}
}

/* One thing goes wrong between opening and result. */
static const struct {
	const char *what;
	struct perf_fake set; /* fields that are not 0; read_bytes, share: in any case */
	bool pinned;
	int warp, nudge;
	const char *reason;
	int error;
} failing[] = {
	{ "enable", { .enable_error = EIO }, true, 0, 0, "enabling the counters failed", EIO },
	{ "enable", { .enable_error = EACCES }, true, 0, 0, "enabling the counters failed", EACCES },
	{ "enable", { .enable_eintr = ~0u }, true, 0, 0, "enabling the counters failed", EINTR },
	{ "disable", { .disable_error = EBADF }, true, 0, 0, "disabling the counters failed", EBADF },
	{ "1st read", { .read_error = EIO }, true, 0, 0, "the first reading failed", EIO },
	{ "1st read", { .read_error = ENOENT }, true, 0, 0, "the first reading failed", ENOENT },
	{ "1st read", { .read_error = ENOSPC }, true, 0, 0, "the first reading failed", ENOSPC },
	{ "1st read", { .read_eintr = ~0u }, true, 0, 0, "the first reading failed", EINTR },
	{ "2nd read",
	  { .read_error = EIO, .read_from = 1 },
	  true,
	  0,
	  0,
	  "the second reading failed",
	  EIO },
	{ "2nd read",
	  { .read_error = EAGAIN, .read_from = 1 },
	  true,
	  0,
	  0,
	  "the second reading failed",
	  EAGAIN },
	{ "nothing", { .read_bytes = 0 }, true, 0, 0, "did not fit", 0 },
	{ "nothing", { .read_bytes = 0 }, false, 0, 0, "did not fit", 0 },
	{ "nothing", { .read_bytes = 0, .read_from = 1 }, true, 0, 0, "did not fit", 0 },
	{ "8 bytes", { .read_bytes = 8 }, true, 0, 0, "short reading", 0 },
	{ "8 bytes", { .read_bytes = 8, .read_from = 1 }, true, 0, 0, "short reading", 0 },
	{ "1 short", { .read_bytes = 40, .read_from = 1 }, true, 0, 0, "short reading", 0 },
	{ "fewer", { .read_bytes = -1, .read_nr = 2 }, true, 0, 0, "short reading", 0 },
	{ "did not fit", { .read_bytes = -1, .taken = 4 }, true, 0, 0, "did not fit", 0 },
	{ "waits", { .read_bytes = -1, .taken = 4 }, false, 0, 0, "never on a counter", 0 },
	{ "stopped", { .read_bytes = -1, .stopped = true }, false, 0, 0, "never on a counter", 0 },
	{ "more running than enabled", { .read_bytes = -1 }, true, 5, 0, "contradict", 0 },
	{ "running backwards", { .read_bytes = -1 }, true, -5000, 0, "contradict", 0 },
	{ "count backwards", { .read_bytes = -1 }, true, 0, -5000, "ran backwards", 0 },
};

static void test_failing(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEN(failing); i++) {
		const struct perf_fake *set = &failing[i].set;
		struct perf_count c[3];
		struct perf_refusal why;
		struct perf_group g;
		char text[500];
		bool one = failing[i].nudge; /* happens to the first event only */

		perf_fake_reset();
		assert_int_equal(open_group(&g, 3, failing[i].pinned, &why), 0);
		perf_fake_run(100000);
		perf_fake.enable_error = set->enable_error;
		perf_fake.enable_eintr = set->enable_eintr;
		perf_fake.disable_error = set->disable_error;
		perf_fake.read_error = set->read_error;
		perf_fake.read_eintr = set->read_eintr;
		perf_fake.read_from = set->read_from;
		perf_fake.read_bytes = set->read_error || set->enable_error || set->read_eintr ||
						       set->enable_eintr || set->disable_error ?
					       -1 :
					       set->read_bytes;
		perf_fake.read_nr = set->read_nr;
		perf_fake.taken = set->taken;
		perf_fake.stopped = set->stopped;
		if (failing[i].nudge || failing[i].warp < 0) {
			perf_fake_nudge(100000);
			perf_fake_warp(100000);
		}
		perf_group_start(&g);
		perf_fake_run(1000);
		perf_fake_warp(failing[i].warp);
		perf_fake_nudge(failing[i].nudge);
		perf_group_stop(&g);
		perf_group_result(&g, c);
		assert_refused(c, one ? 1 : 3, failing[i].reason, i);
		if (c[0].why.error != failing[i].error)
			fail_msg("row %zu: %d", i, c[0].why.error);
		perf_refusal_text(&c[0].why, text, sizeof(text));
		assert_non_null(strstr(text, failing[i].reason));
		perf_group_close(&g);
		assert_int_equal(perf_fake_leaks(), 0);
	}
}

/* A group that was never started has no number either, nor one that was started once only. */
static void test_not_run(void **state)
{
	struct perf_count c[3];
	struct perf_refusal why;
	struct perf_group g;

	(void)state;
	perf_fake_reset();
	assert_int_equal(open_group(&g, 3, true, &why), 0);
	perf_group_result(&g, c);
	assert_refused(c, 3, "never on a counter", 0);
	perf_fake_run(50);
	perf_group_start(&g);
	perf_fake_run(50);
	perf_group_result(&g, c);
	assert_refused(c, 3, "", 1);
	perf_group_close(&g);
}

/* After a failure the next region counts again. */
static void test_recovers(void **state)
{
	struct perf_count c[3];
	struct perf_refusal why;
	struct perf_group g;

	(void)state;
	perf_fake_reset();
	assert_int_equal(open_group(&g, 3, true, &why), 0);
	perf_fake.taken = 6;
	perf_group_start(&g);
	perf_fake_run(10);
	perf_group_stop(&g);
	perf_group_result(&g, c);
	assert_refused(c, 3, "did not fit", 0);
	perf_fake.taken = 0;
	perf_group_start(&g);
	perf_fake_run(10);
	perf_group_stop(&g);
	perf_group_result(&g, c);
	assert_counted(c, 3, 10);
	perf_group_close(&g);
}

static void test_scaled(void **state)
{
	static const double shares[] = { 0.01, 0.25, 0.37, 0.5, 0.99 };

	(void)state;
	for (size_t i = 0; i < LEN(shares); i++) {
		struct perf_count c[3];
		struct perf_refusal why;
		struct perf_group g;

		perf_fake_reset();
		perf_fake.share = shares[i];
		assert_int_equal(open_group(&g, 3, false, &why), 0);
		perf_group_start(&g);
		perf_fake_run(1000000);
		perf_group_stop(&g);
		perf_group_result(&g, c);
		for (unsigned k = 0; k < 3; k++) {
			double want =
				1e6 * perf_fake_rate(events[k].type, events[k].config, PERF_USER);

			assert_int_equal(c[k].state, VALUE_SCALED);
			assert_float_equal(c[k].share, shares[i], 1e-6);
			assert_float_equal(c[k].value / want, 1, 1e-3);
		}
		perf_group_close(&g);
	}
}

/* Some signals are no failure. */
static void test_interrupted(void **state)
{
	struct perf_count c[3];
	struct perf_refusal why;
	struct perf_group g;

	(void)state;
	perf_fake_reset();
	perf_fake.open_eintr = 20;
	assert_int_equal(open_group(&g, 3, true, &why), 0);
	perf_fake.enable_eintr = 20;
	perf_fake.read_eintr = 20;
	perf_group_start(&g);
	perf_fake_run(10);
	perf_fake.read_eintr = 20;
	perf_group_stop(&g);
	perf_group_result(&g, c);
	assert_counted(c, 3, 10);
	perf_group_close(&g);
	perf_fake.open_eintr = ~0u;
	assert_int_equal(open_group(&g, 3, true, &why), -EINTR);
	assert_int_equal(why.error, EINTR);
	assert_int_equal(perf_fake_leaks(), 0);
}

/* ---- reading in user space ---- */

static const struct {
	const char *what;
	unsigned width;
	uint64_t start; /* of the counter */
	uint64_t units;
} wraps[] = {
	{ "48 bits, through 0", 48, (UINT64_C(1) << 48) - 16, 1000 },
	{ "48 bits, at once", 48, (UINT64_C(1) << 48) - 1, 1 },
	{ "48 bits, from the lower half", 48, UINT64_C(1) << 47, 123456 },
	{ "40 bits", 40, (UINT64_C(1) << 40) - 5, 4711 },
	{ "32 bits", 32, UINT32_MAX - 100, 1000000 },
	{ "64 bits", 64, UINT64_MAX - 3, 99 },
	{ "no wrap", 48, 0, 17 },
};

static void test_rdpmc_wraps(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEN(wraps); i++) {
		struct perf_count c[3];
		struct perf_refusal why;
		struct perf_group g;

		perf_fake_reset();
		perf_fake.rdpmc = perf_fake.user_time = true;
		perf_fake.pmc_width = wraps[i].width;
		perf_fake.pmc_start = wraps[i].start;
		assert_int_equal(open_group(&g, 3, true, &why), 0);
		perf_group_start(&g);
		perf_fake_run(wraps[i].units);
		perf_group_stop(&g);
		perf_group_result(&g, c);
		assert_counted(c, 3, (double)wraps[i].units);
		assert_string_equal(g.how, "rdpmc");
		assert_int_equal(perf_fake.reads, 0);
		perf_group_close(&g);
		assert_int_equal(perf_fake_leaks(), 0);
	}
}

/* What keeps the group from being read in user space: then it is read by call, and the count is the
 * same. @changes: of the page, at the first and at the second reading. */
static const struct {
	const char *what;
	bool rdpmc, user_time;
	int mmap_error;
	unsigned width;
	unsigned changes[2], no_index[2];
	const char *how;
} ways[] = {
	{ "all well", true, true, 0, 48, { 0, 0 }, { 0, 0 }, "rdpmc" },
	{ "not allowed", false, true, 0, 48, { 0, 0 }, { 0, 0 }, "read" },
	{ "no times", true, false, 0, 48, { 0, 0 }, { 0, 0 }, "read" },
	{ "no page: EPERM", true, true, EPERM, 48, { 0, 0 }, { 0, 0 }, "read" },
	{ "no page: ENOMEM", true, true, ENOMEM, 48, { 0, 0 }, { 0, 0 }, "read" },
	{ "no page: EINVAL", true, true, EINVAL, 48, { 0, 0 }, { 0, 0 }, "read" },
	{ "no page: ENODEV", true, true, ENODEV, 48, { 0, 0 }, { 0, 0 }, "read" },
	{ "page changes, then not", true, true, 0, 48, { 5, 9 }, { 0, 0 }, "rdpmc" },
	{ "page changes always", true, true, 0, 48, { ~0u, ~0u }, { 0, 0 }, "read" },
	{ "page changes at the end", true, true, 0, 48, { 0, ~0u }, { 0, 0 }, "mixed" },
	{ "page changes at the start", true, true, 0, 48, { ~0u, 0 }, { 0, 0 }, "mixed" },
	{ "loses its counter", true, true, 0, 48, { 0, 0 }, { 0, 1 }, "mixed" },
	{ "loses its counter at once", true, true, 0, 48, { 0, 0 }, { 1, 0 }, "read" },
};

static void test_rdpmc_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEN(ways); i++) {
		struct perf_count c[3];
		struct perf_refusal why;
		struct perf_group g;

		perf_fake_reset();
		perf_fake.rdpmc = ways[i].rdpmc;
		perf_fake.user_time = ways[i].user_time;
		perf_fake.mmap_error = ways[i].mmap_error;
		perf_fake.pmc_start = (UINT64_C(1) << 48) - 100;
		assert_int_equal(open_group(&g, 3, true, &why), 0);
		perf_fake.lock_changes = ways[i].changes[0];
		perf_fake.no_index = ways[i].no_index[0];
		perf_group_start(&g);
		perf_fake_run(1000);
		perf_fake.lock_changes = ways[i].changes[1];
		perf_fake.no_index = ways[i].no_index[1];
		perf_group_stop(&g);
		perf_group_result(&g, c);
		assert_counted(c, 3, 1000);
		if (strcmp(g.how, ways[i].how))
			fail_msg("%s: %s", ways[i].what, g.how);
		perf_group_close(&g);
		assert_int_equal(perf_fake_leaks(), 0);
	}
}

/* An endless change costs a bounded number of tries. */
static void test_rdpmc_bound(void **state)
{
	struct perf_refusal why;
	struct perf_reading r;
	struct perf_group g;

	(void)state;
	perf_fake_reset();
	perf_fake.rdpmc = perf_fake.user_time = true;
	assert_int_equal(open_group(&g, 1, true, &why), 0);
	perf_group_start(&g);
	perf_fake.rdpmcs = 0;
	perf_fake.lock_changes = ~0u;
	assert_int_equal(perf_user_read(&g, &r), -EAGAIN);
	assert_int_equal(perf_fake.rdpmcs, PERF_USER_TRIES);
	perf_fake.lock_changes = 0;
	assert_int_equal(perf_user_read(&g, &r), 0);
	((struct perf_event_mmap_page *)g.page[0])->lock++; /* being written */
	assert_int_equal(perf_user_read(&g, &r), -EAGAIN);
	((struct perf_event_mmap_page *)g.page[0])->lock++;
	/* a page that makes no sense is not used */
	((struct perf_event_mmap_page *)g.page[0])->pmc_width = 0;
	assert_int_equal(perf_user_read(&g, &r), -EOPNOTSUPP);
	((struct perf_event_mmap_page *)g.page[0])->pmc_width = 65;
	assert_int_equal(perf_user_read(&g, &r), -EOPNOTSUPP);
	perf_user_unmap(&g);
	assert_int_equal(perf_user_read(&g, &r), -EOPNOTSUPP);
	perf_group_close(&g);
	assert_int_equal(perf_fake_leaks(), 0);
}

/* Times from the page: the formula of perf_event.h, with a clock of few bits too. */
static void test_rdpmc_live(void **state)
{
	struct perf_count c[3];
	struct perf_refusal why;
	struct perf_group g;

	(void)state;
	perf_fake_reset();
	perf_fake.rdpmc = perf_fake.user_time = perf_fake.live = true;
	assert_int_equal(open_group(&g, 3, true, &why), 0);
	perf_group_start(&g);
	perf_fake_run(1000);
	perf_group_stop(&g);
	perf_group_result(&g, c);
#if defined(__x86_64__) || defined(__aarch64__)
	assert_counted(c, 3, 1000);
	assert_true(g.at[1].enabled > g.at[0].enabled);
	assert_true(g.at[1].enabled - g.at[0].enabled == g.at[1].running - g.at[0].running);
#endif
	perf_group_close(&g);
}

/* Software and machine-wide events are never mapped; nor is a group with one of them in it. */
static void test_rdpmc_kinds(void **state)
{
	const struct perf_event mixed[] = { events[0], faults };
	struct perf_sys no_rdpmc = perf_fake_sys;
	struct perf_refusal why;
	struct perf_group g;

	(void)state;
	perf_fake_reset();
	perf_fake.rdpmc = perf_fake.user_time = true;
	assert_int_equal(perf_group_open(&g, &perf_fake_sys, mixed, 2, PERF_USER, PERF_PINNED,
					 &user_place, &why, NULL),
			 0);
	assert_string_equal(g.how, "read");
	perf_group_close(&g);
	assert_false(perf_user_possible(&perf_fake_sys, &uncore));
	no_rdpmc.rdpmc = NULL;
	assert_int_equal(perf_group_open(&g, &no_rdpmc, events, 1, PERF_USER, PERF_PINNED,
					 &user_place, &why, NULL),
			 0);
	assert_string_equal(g.how, "read");
	perf_group_close(&g);
	assert_int_equal(perf_fake.mmaps, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open_errors), cmocka_unit_test(test_open_emfile),
		cmocka_unit_test(test_open_sizes),  cmocka_unit_test(test_attr),
		cmocka_unit_test(test_deltas),	    cmocka_unit_test(test_failing),
		cmocka_unit_test(test_not_run),	    cmocka_unit_test(test_recovers),
		cmocka_unit_test(test_scaled),	    cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_rdpmc_wraps), cmocka_unit_test(test_rdpmc_ways),
		cmocka_unit_test(test_rdpmc_bound), cmocka_unit_test(test_rdpmc_live),
		cmocka_unit_test(test_rdpmc_kinds),
	};

	return cmocka_run_group_tests_name("perf", tests, NULL, NULL);
}
