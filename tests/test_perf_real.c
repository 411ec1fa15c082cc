/* SPDX-License-Identifier: GPL-2.0-or-later */
/* This kernel's own software events through the same code: N touched pages are N faults, exactly;
 * context switches are as many as getrusage() says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "collectors/perf/group.h"
#include "lib/hostfs.h"
#include "tests/emulator_help.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define SOFT(n, c)                                                 \
	{                                                          \
		.name = n, .type = PERF_TYPE_SOFTWARE, .config = c \
	}

static const struct perf_event faults[] = {
	SOFT("page-faults", PERF_COUNT_SW_PAGE_FAULTS),
	SOFT("minor-faults", PERF_COUNT_SW_PAGE_FAULTS_MIN),
	SOFT("major-faults", PERF_COUNT_SW_PAGE_FAULTS_MAJ),
	SOFT("task-clock", PERF_COUNT_SW_TASK_CLOCK),
};
static const struct perf_event switches[] = {
	SOFT("context-switches", PERF_COUNT_SW_CONTEXT_SWITCHES),
	SOFT("cpu-migrations", PERF_COUNT_SW_CPU_MIGRATIONS),
};

static struct perf_place place;

static int setup(void **state)
{
	struct hostfs fs = { "" };

	(void)state;
	perf_place_read(&place, &fs);
	return 0;
}

/* Skips where this kernel refuses software events altogether. */
static void open_or_skip(struct perf_group *g, const struct perf_event *ev, unsigned nr,
			 enum perf_side side)
{
	struct perf_refusal why;
	char text[500];

	if (!perf_group_open(g, &perf_sys_kernel, ev, nr, side, 0, &place, &why, NULL))
		return;
	print_message("skipped: software events are refused here: %s\n",
		      perf_refusal_text(&why, text, sizeof(text)));
	assert_true(why.error == EACCES || why.error == EPERM || why.error == ENOSYS);
	skip();
}

/* Pages that the next touch of each faults in, one by one. */
static char *fresh_pages(size_t pages)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *p = mmap(NULL, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0);

	assert_true(p != MAP_FAILED);
	madvise(p, pages * page, MADV_NOHUGEPAGE); /* EINVAL: there are none */
	return p;
}

/* A sanitizer would touch its own notes of the same memory. */
__attribute__((no_sanitize("address"), no_sanitize("thread"))) static void touch(char *p,
										 size_t pages)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	for (size_t i = 0; i < pages; i++)
		*(volatile char *)(p + i * page) = 1;
}

/* Counts of a region that touches @pages pages; another fault than theirs is one of code that was
 * taken away for lack of memory, so there may be more, and never fewer. */
static bool count_faults(struct perf_group *g, size_t pages)
{
	char *p = fresh_pages(pages + 1);
	struct perf_count c[LEN(faults)];

	perf_group_start(g);
	touch(p, pages);
	perf_group_stop(g);
	perf_group_result(g, c);
	munmap(p, (pages + 1) * (size_t)sysconf(_SC_PAGESIZE));
	for (size_t k = 0; k < LEN(faults); k++)
		assert_int_equal(c[k].state, VALUE_EXACT);
	assert_true(c[0].value >= (double)pages);
	assert_true(c[0].value == c[1].value + c[2].value);
	assert_true(c[3].value > 0);
	return c[0].value == (double)pages && c[2].value == 0;
}

static void test_faults(void **state)
{
	static const size_t sizes[] = { 0, 1, 2, 10, 100, 1000, 4096 };
	struct perf_group g;

	(void)state;
	open_or_skip(&g, faults, LEN(faults), PERF_USER);
	for (size_t i = 0; i < LEN(sizes); i++) {
		bool exact = false;

		for (unsigned attempt = 0; attempt < 5 && !exact; attempt++)
			exact = count_faults(&g, sizes[i]);
		assert_true(exact);
	}
	assert_string_equal(g.how, "read");
	perf_group_close(&g);
}

static long switches_of(const struct rusage *r)
{
	return r->ru_nvcsw + r->ru_nivcsw;
}

/* A sleep leaves the CPU, unless it is over before that. The other count is read just outside, so it
 * may be more, when the thread is preempted between the two; then it is tried again. */
static void test_switches(void **state)
{
	static const unsigned sizes[] = { 1, 5, 50, 200 };
	struct perf_count c[LEN(switches)];
	struct perf_group g;

	(void)state;
	if (place.paranoid > 1 && place.paranoid != PERF_PARANOID_UNKNOWN && !place.perfmon)
		skip();
	open_or_skip(&g, switches, LEN(switches), PERF_USER);
	for (size_t i = 0; i < LEN(sizes); i++) {
		const struct timespec t = { 0, 100000 };
		struct rusage before, after;
		bool agree = false;

		for (unsigned attempt = 0; attempt < 50 && !agree; attempt++) {
			getrusage(RUSAGE_THREAD, &before);
			perf_group_start(&g);
			for (unsigned n = 0; n < sizes[i]; n++)
				clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
			perf_group_stop(&g);
			getrusage(RUSAGE_THREAD, &after);
			perf_group_result(&g, c);
			assert_int_equal(c[0].state, VALUE_EXACT);
			assert_true(c[0].value >= sizes[i] / 2);
			assert_true(c[0].value <= switches_of(&after) - switches_of(&before));
			agree = c[0].value == switches_of(&after) - switches_of(&before);
		}
		assert_true(agree);
	}
	perf_group_close(&g);
}

struct other {
	char *pages;
	sem_t go, done;
};

static void *fault_elsewhere(void *arg)
{
	struct other *o = arg;

	sem_wait(&o->go);
	touch(o->pages, 300);
	sem_post(&o->done);
	return NULL;
}

/* The thread that opens is the thread that is counted: another's 300 faults are not seen, own ones
 * are. Waiting for it may touch a page or two of the library's. */
static void test_own_thread(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct perf_count c[LEN(faults)];
	struct perf_group g;

	(void)state;
	open_or_skip(&g, faults, LEN(faults), PERF_USER);
	for (unsigned own = 0; own <= 20; own += 20) {
		struct other o = { .pages = fresh_pages(300) };
		char *p = fresh_pages(20);
		pthread_t t;

		sem_init(&o.go, 0, 0);
		sem_init(&o.done, 0, 0);
		assert_int_equal(pthread_create(&t, NULL, fault_elsewhere, &o), 0);
		perf_group_start(&g);
		touch(p, own);
		sem_post(&o.go);
		sem_wait(&o.done);
		perf_group_stop(&g);
		perf_group_result(&g, c);
		pthread_join(t, NULL);
		assert_int_equal(c[0].state, VALUE_EXACT);
		assert_true(c[0].value >= own && c[0].value < own + 20);
		sem_destroy(&o.go);
		sem_destroy(&o.done);
		munmap(o.pages, 300 * page);
		munmap(p, 20 * page);
	}
	perf_group_close(&g);
}

/* Hardware: a number that is one, or a reason that says what to do. */
static void test_hardware(void **state)
{
	static const struct perf_event hardware[] = {
		{ .name = "cycles", .config = PERF_COUNT_HW_CPU_CYCLES },
		{ .name = "instructions", .config = PERF_COUNT_HW_INSTRUCTIONS },
	};
	struct perf_count c[LEN(hardware)];
	struct perf_refusal why;
	struct perf_group g;

	(void)state;
	if (perf_group_open(&g, &perf_sys_kernel, hardware, LEN(hardware), PERF_USER, PERF_PINNED,
			    &place, &why, NULL)) {
		char text[500];

		perf_refusal_text(&why, text, sizeof(text));
		print_message("%s\n", text);
		assert_true(why.error);
		assert_non_null(strstr(text, "Remedy: "));
		if (why.error == ENOENT && !place.pmu)
			assert_non_null(strstr(why.reason, "no hardware PMU"));
		return;
	}
	perf_group_start(&g);
	for (volatile unsigned i = 0; i < 1000000; i++)
		;
	perf_group_stop(&g);
	perf_group_result(&g, c);
	for (size_t i = 0; i < LEN(c); i++)
		assert_true(c[i].state == VALUE_UNAVAILABLE ? *c[i].why.reason : c[i].value > 0);
	/* a load, an addition, a store and a jump for each turn, or fewer instructions */
	if (c[1].state == VALUE_EXACT)
		assert_true(c[1].value > 2e6 && c[1].value < 2e7);
	perf_group_close(&g);
}

/* As a user without rights: the user's side is counted where perf_event_paranoid allows it, the
 * kernel's and switches are refused with what helps. */
static int unprivileged(void)
{
	static const enum perf_side sides[] = { PERF_KERNEL, PERF_BOTH };
	struct hostfs fs = { "" };
	struct perf_refusal why;
	int rc;

	if (setgid(65534) || setuid(65534) || prctl(PR_SET_DUMPABLE, 1))
		return 77;
	perf_place_read(&place, &fs);
	if (place.perfmon || place.paranoid < 2)
		return 77;
	rc = perf_probe(&perf_sys_kernel, &faults[0], PERF_USER, &place, &why);
	if (rc && (place.paranoid == 2 || rc != -EACCES || !*why.remedy))
		return 1;
	for (size_t i = 0; i < LEN(sides); i++) {
		rc = perf_probe(&perf_sys_kernel, &faults[0], sides[i], &place, &why);
		if (rc != -EACCES || !strstr(why.reason, "kernel.perf_event_paranoid="))
			return 2;
		if (!strstr(why.remedy, "kernel.perf_event_paranoid=1"))
			return 3;
	}
	for (size_t i = 0; i < LEN(switches); i++) {
		rc = perf_probe(&perf_sys_kernel, &switches[i], PERF_USER, &place, &why);
		if (rc != -EACCES || !strstr(why.remedy, "collect=rusage"))
			return 4;
	}
	return 0;
}

static void test_unprivileged(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	emulator_lacks("no perf_event_open");
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(unprivileged());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults),	     cmocka_unit_test(test_switches),
		cmocka_unit_test(test_own_thread),   cmocka_unit_test(test_hardware),
		cmocka_unit_test(test_unprivileged),
	};

	return cmocka_run_group_tests_name("perf_real", tests, setup, NULL);
}
