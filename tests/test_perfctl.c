/* SPDX-License-Identifier: GPL-2.0-or-later */
/* perf as an external collector: what it prints, how it fails, and that it agrees with us. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collectors/perfctl/child.h"
#include "collectors/perfctl/parse.h"
#include "tests/emulator_help.h"
#include "tests/region_help.h"
#include "tests/temp_help.h"

extern const struct collector collector_perfctl;

/* ---- words ---- */

/* One line of `perf stat -x;`: is it a row, and what does it say? */
static const struct {
	const char *line;
	int row;
	const char *event, *unit;
	enum value_state state;
	double value, share;
} lines[] = {
	{ "1016;;page-faults;12345678;100.00;;", 1, "page-faults", "", VALUE_EXACT, 1016, 1 },
	{ "5.52;msec;task-clock;5521471;100.00;0.527;CPUs utilized", 1, "task-clock", "msec",
	  VALUE_EXACT, 5.52, 1 },
	{ "70;;cycles:u;500;37.50;1.2;GHz", 1, "cycles:u", "", VALUE_SCALED, 70, 0.375 },
	{ "0;;major-faults;99;100.00;0.000;/sec", 1, "major-faults", "", VALUE_EXACT, 0, 1 },
	{ "<not supported>;;cycles;0;100.00;;", 1, "cycles", "", VALUE_UNAVAILABLE, 0, 1 },
	{ "<not counted>;;branches;0;0.00;;", 1, "branches", "", VALUE_UNAVAILABLE, 0, 1 },
	/* a zero that was never on a counter is no zero */
	{ "0;;branches;0;0.00;;", 1, "branches", "", VALUE_UNAVAILABLE, 0, 1 },
	{ "0;;branches;0;100.00;;", 1, "branches", "", VALUE_UNAVAILABLE, 0, 1 },
	/* short rows of older ones, names with commas, Windows ends */
	{ "7;;faults", 1, "faults", "", VALUE_EXACT, 7, 1 },
	{ "7;;cpu/event=0xd0,umask=0x81/;100;100.00;;\r", 1, "cpu/event=0xd0,umask=0x81/", "",
	  VALUE_EXACT, 7, 1 },
	/* no rows */
	{ "", 0, NULL, NULL, 0, 0, 0 },
	{ "# started on Sat Nov 22 23:07:00 2025", 0, NULL, NULL, 0, 0, 0 },
	{ ";;;;;34.2;stalled cycles per insn", 0, NULL, NULL, 0, 0, 0 },
	{ "12", 0, NULL, NULL, 0, 0, 0 },
	{ "twelve;;cycles;1;100.00", 0, NULL, NULL, 0, 0, 0 },
	{ "1e3;;cycles;1;100.00", 0, NULL, NULL, 0, 0, 0 },
	{ "0x10;;cycles;1;100.00", 0, NULL, NULL, 0, 0, 0 },
	{ "-1;;cycles;1;100.00", 0, NULL, NULL, 0, 0, 0 },
	{ "1.2.3;;cycles;1;100.00", 0, NULL, NULL, 0, 0, 0 },
	{ "inf;;cycles;1;100.00", 0, NULL, NULL, 0, 0, 0 },
	{ "1;;two words;1;100.00", 0, NULL, NULL, 0, 0, 0 },
	{ "1;;cycles;1;all", 0, NULL, NULL, 0, 0, 0 },
};

static void test_stat_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const char *t = lines[i].line;
		struct perfctl_count c;
		unsigned n = perfctl_parse_stat(t, strlen(t), ';', &c, 1);

		if ((int)n != lines[i].row)
			fail_msg("'%s': %u rows", t, n);
		if (!n)
			continue;
		assert_string_equal(c.event, lines[i].event);
		assert_string_equal(c.unit, lines[i].unit);
		assert_int_equal(c.state, lines[i].state);
		if (c.state == VALUE_UNAVAILABLE)
			assert_non_null(c.word);
		else
			assert_true(c.value == lines[i].value);
		assert_true(c.share == lines[i].share);
	}
}

/* All of them together, and no more than there is room for. */
static void test_stat_table(void **state)
{
	struct perfctl_count c[32];
	char text[4096] = "";
	unsigned want = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		strcat(text, lines[i].line);
		strcat(text, "\n");
		want += lines[i].row;
	}
	assert_int_equal(perfctl_parse_stat(text, strlen(text), ';', c, 32), want);
	assert_int_equal(perfctl_parse_stat(text, strlen(text), ';', c, 3), 3);
	assert_string_equal(c[2].event, "cycles:u");
	assert_int_equal(perfctl_parse_stat("1,,cycles,5,100.00,,\n", 20, ',', c, 32), 1);
}

static const struct {
	const char *text, *said;
} sayings[] = {
	{ "", "" },
	{ "Events disabled\nEvents enabled\n", "" },
	{ "Events disabled\nfailed: memory events not supported\n",
	  "failed: memory events not supported" },
	{ " Error: unknown option `control'\n\n Usage: perf stat [<options>]\n",
	  "Error: unknown option `control'" },
	{ "event syntax error: 'nosuch'\n                     \\___ parser error\n"
	  "Run 'perf list' for a list of valid events\n",
	  "event syntax error: 'nosuch'" },
	{ "Error:\nAccess is limited.\n\tConsider adjusting\n",
	  "Access is limited.; Consider adjusting" },
	{ "a\001b\n", "a b" },
};

static void test_say(void **state)
{
	char buf[200];

	(void)state;
	for (size_t i = 0; i < sizeof(sayings) / sizeof(sayings[0]); i++)
		assert_string_equal(perfctl_say(sayings[i].text, strlen(sayings[i].text), buf,
						sizeof(buf)),
				    sayings[i].said);
	assert_string_equal(perfctl_say("123456789", 9, buf, 5), "1234");
	assert_string_equal(perfctl_say("123\n456", 7, buf, 5), "123");
}

static const struct {
	const char *text;
	long long samples;
} captured[] = {
	{ "[ perf record: Woken up 1 times to write data ]\n"
	  "[ perf record: Captured and wrote 0.013 MB x.data (12 samples) ]\n",
	  12 },
	{ "[ perf record: Captured and wrote 0.001 MB x.data ]\n", -1 },
	{ "[ perf record: Captured and wrote 0.001 MB x.data (~12 samples) ]\n", -1 },
	{ "( samples)", -1 },
	{ " samples)", -1 },
	{ "(99999999999999999999999 samples)", -1 },
	{ "", -1 },
};

static void test_samples(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(captured) / sizeof(captured[0]); i++)
		assert_int_equal(perfctl_parse_samples(captured[i].text, strlen(captured[i].text)),
				 captured[i].samples);
}

static const struct {
	const char *event, *asked, *metric;
	int added;
} names[] = {
	{ "page-faults", "page-faults", "perfctl.page_faults", 0 },
	{ "cycles:u", "cycles,instructions", "perfctl.cycles", 1 },
	{ "cycles:u", "cycles:u,cycles:k", "perfctl.cycles_u", 0 },
	{ "L1-dcache-loads", "L1-dcache-loads", "perfctl.l1_dcache_loads", 0 },
	{ "sched:sched_switch", "sched:sched_switch", "perfctl.sched_sched_switch", 0 },
	{ "sched:sched_switch", "sched:*", "perfctl.sched_sched_switch", 0 },
	{ "cpu/event=0xd0,umask=1/", "", "perfctl.cpu_event_0xd0_umask_1_", 0 },
};

static void test_names(void **state)
{
	char buf[64];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(perfctl_metric(names[i].event, names[i].asked, buf, sizeof(buf)),
				 names[i].added);
		assert_string_equal(buf, names[i].metric);
	}
}

/* ---- a perf that fails ---- */

static char dir[TEMP_MAX];

static int setup(void **state)
{
	(void)state;
	return temp_folder(dir, "perfctl") ? 0 : -1;
}

static unsigned entries(const char *path)
{
	DIR *d = opendir(path);
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static int teardown(void **state)
{
	char cmd[TEMP_MAX + 16];

	(void)state;
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd);
}

/* A shell script in perf's place; the socket's number is the end of its --control fd:N,N. */
static void script(char *path, size_t len, const char *body)
{
	FILE *f;

	snprintf(path, len, "%s/perf", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f,
		"#!/bin/bash\n"
		"for a; do case $a in fd:*) fd=${a#*,};; esac; done\n"
		"ack() { printf 'ack\\n\\0' >&$fd; }\n"
		"cmd() { IFS= read -r -u $fd c; }\n%s",
		body);
	assert_int_equal(fchmod(fileno(f), 0755), 0);
	assert_int_equal(fclose(f), 0);
}

/* A script and how far it comes: which call fails first (0: none), and the words of the reason. */
enum { NEVER, AT_START, AT_ENABLE, AT_DISABLE, AT_FINISH };
static const struct {
	const char *body;
	int fails;
	const char *why;
} scripts[] = {
	{ "cmd; ack; cmd; ack; cmd; ack; cmd; ack; cmd", NEVER, "" },
	{ "exit 3", AT_START, "ended with status 3" },
	{ "kill -TERM $$", AT_START, "signal 15" },
	{ "echo \" Error: unknown option \\`control'\" >&2; exit 129", AT_START,
	  "unknown option `control'" },
	{ "sleep 60", AT_START, "did not answer to disable within 300 ms" },
	{ "cmd; printf 'nak\\n\\0' >&$fd; cmd", AT_START, "answered to disable" },
	{ "cmd; ack; exit 1", AT_START, "ended with status 1" },
	{ "cmd; ack; cmd; ack; cmd; echo 'out of counters' >&2; exit 1", AT_ENABLE,
	  "out of counters" },
	{ "cmd; ack; cmd; ack; cmd; ack; sleep 60", AT_DISABLE, "did not answer to disable" },
	{ "cmd; ack; cmd; ack; cmd; printf 'ac' >&$fd; sleep 0.05; printf 'k\\n\\0' >&$fd; "
	  "cmd; ack; cmd",
	  NEVER, "" },
	{ "trap '' INT; cmd; ack; cmd; ack; cmd; ack; cmd; ack; while :; do sleep 1; done",
	  AT_FINISH, "did not end within 300 ms of SIGINT" },
};

static int drive(struct perfctl_child *c)
{
	if (perfctl_child_prepare(c) || perfctl_child_start(c))
		return AT_START;
	if (perfctl_child_command(c, "enable\n"))
		return AT_ENABLE;
	if (perfctl_child_command(c, "disable\n"))
		return AT_DISABLE;
	return perfctl_child_finish(c) ? AT_FINISH : NEVER;
}

/* Whatever goes wrong: a reason, no child, no descriptor, no file. */
static void test_failures(void **state)
{
	unsigned files;

	(void)state;
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		struct perfctl_child c = { .timeout_ms = 300 };
		unsigned fds = entries("/proc/self/fd");
		char path[TEMP_MAX + 16];
		int failed;

		script(path, sizeof(path), scripts[i].body);
		files = entries(dir);
		c.args[0] = path;
		c.args[1] = "--control";
		c.args[2] = c.ctl_text;
		failed = drive(&c);
		if (failed != scripts[i].fails || !strstr(c.why, scripts[i].why))
			fail_msg("'%s': fails at %d: %s", scripts[i].body, failed, c.why);
		assert_true(!failed == !*c.why);
		perfctl_child_release(&c);
		perfctl_child_release(&c);
		assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
		assert_int_equal(errno, ECHILD);
		assert_int_equal(entries("/proc/self/fd"), fds);
		assert_int_equal(entries(dir), files);
	}
}

static void nothing(struct region *r, unsigned worker, int practice)
{
	(void)r;
	(void)worker;
	(void)practice;
}

/* Options and a script -> words of every value's note. */
static const struct {
	const char *words[5], *body, *metric, *note;
} refusals[] = {
	{ { "perfctl_program=/nonexistent/perf" },
	  NULL,
	  "perfctl.page_faults",
	  "No such file or directory. Remedy: install perf" },
	{ { NULL },
	  "echo \" Error: unknown option \\`control'\" >&2; exit 129",
	  "perfctl.cycles",
	  "Remedy: perf 5.10 or newer" },
	{ { NULL },
	  "echo 'Error:\nAccess to performance monitoring is limited. Consider adjusting "
	  "/proc/sys/kernel/perf_event_paranoid setting' >&2; exit 255",
	  "perfctl.task_clock",
	  "Remedy: sysctl kernel.perf_event_paranoid=1" },
	{ { "perfctl_events=nosuch,{cpu/event=1,umask=2/,cycles}" },
	  "echo \"event syntax error: 'nosuch'\" >&2; exit 129",
	  "perfctl.cpu_event_1_umask_2_",
	  "Remedy: perf list" },
	{ { "perfctl_mode=mem", "perfctl_dir=." },
	  "echo 'failed: memory events not supported' >&2; exit 1",
	  "perfctl.samples",
	  "perfctl_mode=record samples everywhere" },
	{ { "perfctl_mode=record", "perfctl_dir=/proc/nonexistent" },
	  "exit 1",
	  "perfctl.samples",
	  "perfctl_dir=/proc/nonexistent: " },
	{ { NULL },
	  "cmd; ack; cmd; ack; cmd; ack; cmd; ack; cmd",
	  "perfctl.page_faults",
	  "printed no counts" },
};

static void test_refusals(void **state)
{
	(void)state;
	emulator_lacks("a program that cannot be started is noticed late");
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct region r = { .collector = &collector_perfctl,
				    .workers = 1,
				    .work = nothing };
		char path[TEMP_MAX + 16], program[TEMP_MAX + 32];
		const char *words[6];
		const struct value *v;
		unsigned n = 0;

		if (refusals[i].body) {
			script(path, sizeof(path), refusals[i].body);
			snprintf(program, sizeof(program), "perfctl_program=%s", path);
			words[n++] = program;
		}
		for (unsigned k = 0; k < 5 && refusals[i].words[k]; k++)
			words[n++] = refusals[i].words[k];
		words[n] = NULL;
		r.ctx.params = region_params(&collector_perfctl, words);
		region_run(&r);
		v = region_find(&r, refusals[i].metric);
		if (!v || v->state != VALUE_UNAVAILABLE || !strstr(v->note, refusals[i].note))
			fail_msg("row %zu: %s: %s", i, refusals[i].metric,
				 v && v->note ? v->note : "no such value");
		for (unsigned k = 0; k < r.nr_values; k++)
			assert_int_equal(r.value[k].v.state, VALUE_UNAVAILABLE);
		free((void *)(uintptr_t)r.ctx.params);
	}
}

static void test_validate(void **state)
{
	static const struct {
		const char *words[3], *expect;
	} rows[] = {
		{ { NULL }, NULL },
		{ { "perfctl_mode=record" }, "perfctl_dir" },
		{ { "perfctl_mode=c2c" }, "perfctl_dir" },
		{ { "perfctl_mode=mem", "perfctl_dir=x" }, NULL },
		{ { "perfctl_program=" }, "perfctl_program" },
		{ { "perfctl_events=" }, "perfctl_events" },
		{ { "perfctl_events=--output=x" }, "perfctl_events" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		void *p = region_params(&collector_perfctl, rows[i].words);
		struct err e = { "" };
		int rc = collector_perfctl.validate(p, &e);

		assert_int_equal(rc, rows[i].expect ? -EINVAL : 0);
		if (rows[i].expect && !strstr(e.text, rows[i].expect))
			fail_msg("'%s' does not name %s", e.text, rows[i].expect);
		free(p);
	}
}

/* ---- the real one ---- */

#define PAGES 700

static void touch(struct region *r, unsigned worker, int practice)
{
	char *const *area = r->arg;
	size_t page = (size_t)sysconf(_SC_PAGESIZE), half = PAGES * page;

	for (size_t i = 0; i < PAGES; i++)
		*(volatile char *)(area[worker] + (practice ? 0 : half) + i * page) = 1;
}

/* Both threads' faults by getrusage and by perf; -1: no perf here. */
static int agree(const char *const *words, double *ours, double *theirs, char *why, size_t len)
{
	size_t bytes = 2 * PAGES * (size_t)sysconf(_SC_PAGESIZE);
	struct region r = { .collector = &collector_perfctl, .workers = 2, .work = touch };
	char *area[2];
	const struct value *v;

	for (int i = 0; i < 2; i++) {
		area[i] = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			       0);
		assert_true(area[i] != MAP_FAILED);
		madvise(area[i], bytes, MADV_NOHUGEPAGE);
	}
	r.arg = area;
	r.ctx.params = region_params(&collector_perfctl, words);
	region_run(&r);
	for (int i = 0; i < 2; i++)
		munmap(area[i], bytes);
	free((void *)(uintptr_t)r.ctx.params);
	*ours = (double)(r.faults[0] + r.faults[1]);
	v = region_find(&r, "perfctl.page_faults");
	assert_non_null(v);
	*theirs = v->value;
	snprintf(why, len, "%s", v->note ? v->note : "");
	if (v->state == VALUE_UNAVAILABLE)
		return -1;
	assert_int_equal(v->state, VALUE_EXACT);
	v = region_find(&r, "perfctl.minor_faults");
	assert_non_null(v);
	assert_true(v->value <= *theirs);
	v = region_find(&r, "perfctl.task_clock");
	assert_string_equal(v->unit, "ns");
	assert_true(v->value > 0);
	return 0;
}

/*
 * perf counts what the workers count in their regions, and besides: the workers' way from the barrier
 * to the region and back, and the main thread's way from one answer to the other. All of that was
 * walked before, so it faults on nothing, unless the kernel took a page back in between (or a
 * sanitizer's thread is at work). So: never less, exactly the same in at least one of some attempts,
 * and otherwise no more than MOST_EXTRA.
 */
#define ATTEMPTS 5
#define MOST_EXTRA 64

static void test_agreement(void **state)
{
	double ours, theirs, least = MOST_EXTRA;
	char why[512];

	(void)state;
	for (int i = 0; i < ATTEMPTS && least > 0; i++) {
		if (agree(NULL, &ours, &theirs, why, sizeof(why))) {
			print_message("skipped: %s\n", why);
			skip();
		}
		if (strstr(why, "allowed")) { /* the user's side of the same faults */
			assert_true(theirs >= 2 * PAGES);
			return;
		}
		assert_true(ours >= 2 * PAGES);
		if (theirs < ours || theirs - ours > MOST_EXTRA)
			fail_msg("perf says %.0f page faults, getrusage %.0f", theirs, ours);
		if (theirs - ours < least)
			least = theirs - ours;
	}
	if (least > 0)
		fail_msg("perf's page faults are %.0f more in the best of %d attempts", least,
			 ATTEMPTS);
}

/* The data stays where it was asked for, and perf says how much there is. */
static void test_record(void **state)
{
	static char word[TEMP_MAX + 32];
	const char *words[] = { "perfctl_mode=record", word, "perfctl_events=page-faults", NULL };
	size_t bytes = 2 * PAGES * (size_t)sysconf(_SC_PAGESIZE);
	struct region r = { .collector = &collector_perfctl, .workers = 1, .work = touch };
	char *area = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const struct value *v;
	struct stat st;

	(void)state;
	assert_true(area != MAP_FAILED);
	madvise(area, bytes, MADV_NOHUGEPAGE);
	snprintf(word, sizeof(word), "perfctl_dir=%s/kept", dir);
	r.arg = &area;
	r.ctx.params = region_params(&collector_perfctl, words);
	region_run(&r);
	munmap(area, bytes);
	free((void *)(uintptr_t)r.ctx.params);
	v = region_find(&r, "perfctl.data_bytes");
	if (!v) {
		print_message("skipped: %s\n", region_find(&r, "perfctl.samples")->note);
		skip();
	}
	assert_true(v->value > 0);
	assert_memory_equal(v->note, "kept in ", 8);
	assert_int_equal(stat(v->note + 8, &st), 0);
	assert_true(v->value == (double)st.st_size);
	v = region_find(&r, "perfctl.samples");
	assert_true(v->state == VALUE_UNAVAILABLE || v->value >= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stat_lines), cmocka_unit_test(test_stat_table),
		cmocka_unit_test(test_say),	   cmocka_unit_test(test_samples),
		cmocka_unit_test(test_names),	   cmocka_unit_test(test_failures),
		cmocka_unit_test(test_refusals),   cmocka_unit_test(test_validate),
		cmocka_unit_test(test_agreement),  cmocka_unit_test(test_record),
	};

	return cmocka_run_group_tests_name("perfctl", tests, setup, teardown);
}
