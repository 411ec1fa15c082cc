/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/record.h"
#include "cli/samples.h"
#include "lib/file.h"

#define COLUMNS \
	"trial,block,config,experiment,label,metric,value,unit,state,share,source,worker,note\n"
#define HEAD1 "# slabscope samples 1\n" COLUMNS
#define HEAD "# slabscope samples 3\n" COLUMNS
#define VALUE(id, v) id ",0,1,x,\"a=1,b=2\",time.ns_per_op," v ",ns,exact,1,clock,-1,\n"
#define STATUS(id, s) id ",0,1,x,\"a=1,b=2\",trial.status,0,1," s ",1,runner,-1,\n"
#define TRIAL(id) VALUE(id, "2.5") STATUS(id, "ok")
#define DISTURBED(id) VALUE(id, "9.5") STATUS(id, "disturbed")

static int parse(const char *text, size_t len, struct samples *s, struct err *e)
{
	char *copy = malloc(len + 1);

	assert_non_null(copy);
	memcpy(copy, text, len);
	return samples_parse(s, copy, len, "f", e);
}

/* What is read, row by row: text, whole trials, torn lines, rows; or the error. */
static const struct {
	const char *text;
	int rc;
	unsigned trials, torn, rows;
	const char *message; /* part of it */
} reading[] = {
	{ HEAD, 0, 0, 0, 0, NULL },
	{ HEAD TRIAL("b000-c0001"), 0, 1, 0, 2, NULL },
	{ HEAD TRIAL("b000-c0001") TRIAL("b000-c0002"), 0, 2, 0, 4, NULL },
	/* torn ends: no newline, no status, half a quote, zeros of a lost block */
	{ HEAD TRIAL("b000-c0001") "b000-c0002,0,1,x,\"a=1", 0, 1, 1, 2, NULL },
	{ HEAD TRIAL("b000-c0001") VALUE("b000-c0002", "1"), 0, 1, 1, 2, NULL },
	{ HEAD TRIAL("b000-c0001")
		  VALUE("b000-c0002", "1") "b000-c0002,0,1,x,l,trial.status,0,1,ok,1,runner,-1,",
	  0, 1, 2, 2, NULL },
	{ HEAD VALUE("b000-c0002", "1"), 0, 0, 1, 0, NULL },
	{ HEAD TRIAL("b000-c0001") "rubbish\nmore\n", 0, 1, 2, 2, NULL },
	/* what lies in front of a whole trial has to be right */
	{ HEAD "rubbish\n" TRIAL("b000-c0001"), -EINVAL, 0, 0, 0,
	  "f: line 3: expected 13 columns, got 1" },
	{ HEAD VALUE("b000-c0001", "1") TRIAL("b000-c0002"), -EINVAL, 0, 0, 0,
	  "begins before the last row" },
	/* again after it was disturbed, and only then; the first version has no repeats */
	{ HEAD DISTURBED("b000-c0001") TRIAL("b000-c0002") TRIAL("b000-c0001"), 0, 2, 0, 6, NULL },
	{ HEAD DISTURBED("a") DISTURBED("a") DISTURBED("a"), 0, 1, 0, 6, NULL },
	{ HEAD TRIAL("b000-c0001") TRIAL("b000-c0001"), -EINVAL, 0, 0, 0,
	  "b000-c0001 is there again after it was ok, not disturbed" },
	{ HEAD DISTURBED("a") STATUS("a", "invalid") TRIAL("a"), -EINVAL, 0, 0, 0,
	  "a is there again after it was invalid" },
	{ HEAD1 DISTURBED("a") TRIAL("a"), -EINVAL, 0, 0, 0, "a is there twice" },
	{ HEAD1 TRIAL("a") TRIAL("b"), 0, 2, 0, 4, NULL },
	{ "# slabscope samples 2\n" COLUMNS DISTURBED("a") TRIAL("a"), 0, 1, 0, 4, NULL },
	{ HEAD VALUE("b000-c0001", "two") STATUS("b000-c0001", "ok"), -EINVAL, 0, 0, 0,
	  "f: line 3, column 7 (value): expected a number or nothing, got 'two'" },
	{ HEAD VALUE("b000-c0001", "inf") STATUS("b000-c0001", "ok"), -EINVAL, 0, 0, 0,
	  "f: line 3, column 7 (value)" },
	{ HEAD "b,-1,1,x,l,trial.status,0,1,ok,1,runner,-1,\n" TRIAL("b"), -EINVAL, 0, 0, 0,
	  "f: line 3, column 2 (block): expected" },
	{ HEAD "b,0,1,x,l,m,0,1,ok,1,runner,-2,\n" TRIAL("b"), -EINVAL, 0, 0, 0,
	  "f: line 3, column 12 (worker): expected" },
	{ HEAD "b,0,1,x,\"l,m,0,1,ok,1,runner,-1,\n" TRIAL("b"), -EINVAL, 0, 0, 0,
	  "f: line 3, column 5: a quote that is not closed" },
	/* a bad line spoils itself and nothing else: it is told of where a whole trial follows */
	{ HEAD TRIAL("a") "b,0,1,x,\"l\n\"m,0\n", 0, 1, 2, 2, NULL },
	{ HEAD TRIAL("a") "b,0,1,x,\"l\n" TRIAL("b") TRIAL("c"), -EINVAL, 0, 0, 0,
	  "f: line 5, column 5: a quote that is not closed" },
	{ HEAD TRIAL("a") "\n" TRIAL("b") "\n\n", 0, 2, 2, 4, NULL },
	{ "", -EINVAL, 0, 0, 0, "not a samples file" },
	{ "# slabscope samples 4\n", -EINVAL, 0, 0, 0,
	  "samples version 4; this program reads versions 1 to 3" },
	{ "# slabscope samples 0\n", -EINVAL, 0, 0, 0, "samples version 0" },
	{ "# slabscope samples 3\ntrial,block\n", -EINVAL, 0, 0, 0,
	  "f: line 2: expected the columns" },
};

static void test_reading(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(reading) / sizeof(reading[0]); i++) {
		struct samples s;
		struct err e = { "" };
		int rc = parse(reading[i].text, strlen(reading[i].text), &s, &e);

		if (rc != reading[i].rc || (rc && !strstr(e.text, reading[i].message)))
			fail_msg("row %zu: %d '%s'", i, rc, e.text);
		if (!rc && (s.nr_trials != reading[i].trials || s.torn_lines != reading[i].torn ||
			    s.nr != reading[i].rows))
			fail_msg("row %zu: %zu trials, %u torn, %zu rows", i, s.nr_trials,
				 s.torn_lines, s.nr);
		samples_release(&s);
	}
}

/* Cut anywhere, the file is its whole trials: none lost that is whole, none counted that is not. */
static void test_cut_anywhere(void **state)
{
	static const char text[] = HEAD TRIAL("b000-c0001") TRIAL("b000-c0002") TRIAL("b001-c0001");
	const size_t head = strlen(HEAD), trial = strlen(TRIAL("b000-c0001"));
	size_t len;

	(void)state;
	for (len = head; len <= strlen(text); len++) {
		struct samples s;

		assert_int_equal(parse(text, len, &s, NULL), 0);
		assert_int_equal(s.nr_trials, (len - head) / trial);
		assert_int_equal(s.whole_bytes, head + s.nr_trials * trial);
		assert_int_equal(s.torn_lines > 0, (len - head) % trial != 0);
		samples_release(&s);
	}
}

/* Which attempt counts, wherever the attempts stand. */
static void test_attempts(void **state)
{
	static const char text[] = HEAD DISTURBED("a") TRIAL("b") DISTURBED("c") DISTURBED("a")
		TRIAL("c") TRIAL("a") VALUE("c", "1");
	static const struct {
		const char *trial;
		unsigned attempt;
		int superseded;
	} want[] = { { "a", 0, 1 }, { "b", 0, 0 }, { "c", 0, 1 },
		     { "a", 1, 1 }, { "c", 1, 0 }, { "a", 2, 0 } };
	struct samples s;
	size_t i;

	(void)state;
	assert_int_equal(parse(text, strlen(text), &s, NULL), 0);
	assert_int_equal(s.nr_attempts, 6);
	assert_int_equal(s.nr_trials, 3);
	assert_int_equal(s.version, 3);
	assert_int_equal(s.nr, 12);
	for (i = 0; i < s.nr; i++) {
		assert_string_equal(s.row[i].trial, want[i / 2].trial);
		assert_int_equal(s.row[i].attempt, want[i / 2].attempt);
		assert_int_equal(s.row[i].superseded, want[i / 2].superseded);
	}
	samples_release(&s);
}

static void test_zero_bytes(void **state)
{
	static const char text[] = HEAD TRIAL("b000-c0001") "b000\0\0\0\0\n\0\0\0";
	struct samples s;

	(void)state;
	assert_int_equal(parse(text, sizeof(text) - 1, &s, NULL), 0);
	assert_int_equal(s.nr_trials, 1);
	assert_int_equal(s.torn_lines, 2);
	samples_release(&s);
}

static void make_folder(char *dir)
{
	strcpy(dir, "/tmp/slabscope-samples.XXXXXX");
	assert_non_null(mkdtemp(dir));
}

/* What is written is read back: numbers to the last bit, quotes, newlines as blanks, no number
 * as none. */
static void test_round_trip(void **state)
{
	static const double values[] = {
		0, -0.1, 1.0 / 3, 123456789012345.0, 5e-324, 1.7976931348623157e308, 16000000
	};
	struct sample row = { .trial = "b000-c0000",
			      .experiment = "x",
			      .label = "n=1,o=\"2\"",
			      .metric = "m",
			      .unit = "ns",
			      .state = "exact",
			      .share = 0.25,
			      .source = "clock",
			      .worker = 3,
			      .note = "two\nlines, \"quoted\"" };
	char dir[64], path[128];
	struct samples_buf b = { 0 };
	struct samples s;
	size_t i, n = sizeof(values) / sizeof(values[0]);
	int fd;

	(void)state;
	make_folder(dir);
	snprintf(path, sizeof(path), "%s/" SAMPLES_FILE, dir);
	for (i = 0; i < n; i++) {
		row.value = values[i];
		samples_buf_row(&b, &row);
	}
	row.value = NAN;
	samples_buf_row(&b, &row);
	row.metric = SAMPLES_STATUS;
	samples_buf_row(&b, &row);
	assert_int_equal(samples_open(path, &fd, NULL), 0);
	assert_int_equal(samples_append(fd, &b, NULL), 0);
	close(fd);
	samples_buf_release(&b);
	assert_int_equal(samples_read(&s, path, NULL), 0);
	assert_int_equal(s.nr, n + 2);
	for (i = 0; i < n; i++)
		assert_true(s.row[i].value == values[i]);
	assert_true(isnan(s.row[n].value));
	assert_string_equal(s.row[0].label, "n=1,o=\"2\"");
	assert_string_equal(s.row[0].note, "two lines, \"quoted\"");
	assert_true(s.row[0].share == 0.25);
	assert_int_equal(s.row[0].worker, 3);
	samples_release(&s);
	unlink(path);
	rmdir(dir);
}

/* A header that was torn by a kill is made anew; one that is another file's is left alone. */
static void test_open_torn_header(void **state)
{
	char dir[64], path[128];
	size_t len;
	int fd;

	(void)state;
	make_folder(dir);
	snprintf(path, sizeof(path), "%s/" SAMPLES_FILE, dir);
	for (len = 0; len <= strlen(HEAD); len += 7) {
		struct samples s;

		assert_int_equal(file_write(path, HEAD, len, NULL), 0);
		assert_int_equal(samples_open(path, &fd, NULL), 0);
		close(fd);
		assert_int_equal(samples_read(&s, path, NULL), 0);
		assert_int_equal(s.whole_bytes, strlen(HEAD));
		samples_release(&s);
	}
	unlink(path);
	rmdir(dir);
}

/* Nothing is appended to a file whose rows would mean something else. */
static void test_open_other_version(void **state)
{
	static const char *const others[] = { HEAD1, HEAD1 TRIAL("a"), "# slabscope samples 2\n",
					      "# slabscope samples 4\n", "x\n" };
	char dir[64], path[128];
	size_t i;
	int fd;

	(void)state;
	make_folder(dir);
	snprintf(path, sizeof(path), "%s/" SAMPLES_FILE, dir);
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct err e = { "" };

		assert_int_equal(file_write(path, others[i], strlen(others[i]), NULL), 0);
		assert_int_equal(samples_open(path, &fd, &e), -EINVAL);
		assert_non_null(strstr(e.text, "expected '# slabscope samples 3'"));
	}
	unlink(path);
	rmdir(dir);
}

/* A disk that is full in the middle of a trial: nothing of it stays. RLIMIT_FSIZE makes the
 * write come out short. */
static void test_short_write(void **state)
{
	static char big[100000];
	struct samples_buf b = { big, sizeof(big), sizeof(big), 0 };
	struct stat st;
	struct err e;
	int fd = open("/dev/full", O_WRONLY);

	(void)state;
	if (fd < 0)
		skip();
	memset(big, 'x', sizeof(big));
	assert_int_equal(samples_append(fd, &b, &e), -ENOSPC);
	assert_non_null(strstr(e.text, "cannot write"));
	assert_int_equal(fstat(fd, &st), 0);
	close(fd);
}

/* ---- what a trial said, as rows ---- */

static const struct {
	enum launch_status status, after;
	const char *out;
	unsigned rows; /* status and seconds included */
	const char *last_note;
} saying[] = {
	{ LAUNCH_OK, LAUNCH_OK,
	  "phase setup\nvalue time.ns_per_op 2.5 ns exact 1 clock -1\neffective colour 3\nend\n", 4,
	  "" },
	{ LAUNCH_OK, LAUNCH_OK, "value x.y - 1 unavailable 1 kernel -1 no such thing\nend\n", 3,
	  "" },
	/* values of a trial that went wrong are left out, what it came to is kept */
	{ LAUNCH_CRASHED, LAUNCH_CRASHED,
	  "effective mgmt off\nvalue time.ns_per_op 2.5 ns exact 1 clock -1\n", 3, "why" },
	{ LAUNCH_TIMEOUT, LAUNCH_TIMEOUT, "value time.ns_per_op 2.", 2, "why" },
	{ LAUNCH_FAILED, LAUNCH_FAILED, "", 2, "why" },
	/* flagged by itself: its values are kept */
	{ LAUNCH_OK, LAUNCH_DISTURBED,
	  "value time.ns_per_op 2.5 ns exact 1 clock -1\ndisturbed steal 3 %\nend\n", 3,
	  "steal 3 %" },
	{ LAUNCH_OK, LAUNCH_INVALID,
	  "value a.b 2.5 ns exact 1 clock -1\ninvalid 98 % on node 1\nend\n", 3, "98 % on node 1" },
	/* several: invalid stands before disturbed, each reason once */
	{ LAUNCH_OK, LAUNCH_DISTURBED,
	  "disturbed steal 3 %\ndisturbed psi\ndisturbed steal 3 %\nend\n", 2, "steal 3 %; psi" },
	{ LAUNCH_OK, LAUNCH_INVALID, "disturbed steal\ninvalid pages\ninvalid perf\nend\n", 2,
	  "pages; perf; steal" },
	{ LAUNCH_OK, LAUNCH_INVALID, "invalid \nend\n", 2, "no reason" },
	{ LAUNCH_OK, LAUNCH_DISTURBED, "disturbed psi 12\ndisturbed psi 1\ndisturbed psi 1\nend\n",
	  2, "psi 12; psi 1" },
	/* what went wrong is no longer a question of being disturbed */
	{ LAUNCH_CRASHED, LAUNCH_CRASHED, "disturbed steal\n", 2, "why" },
	{ LAUNCH_OK, LAUNCH_FAILED, "disturbed steal\nhello\nend\n", 2, "not of the protocol" },
	{ LAUNCH_OK, LAUNCH_FAILED, "value time.ns_per_op 2.5 ns exact 1 clock -1\nhello\nend\n", 2,
	  "not of the protocol" },
	{ LAUNCH_OK, LAUNCH_FAILED, "value time.ns_per_op many ns exact 1 clock -1\nend\n", 2,
	  "not of the protocol" },
};

static void test_record(void **state)
{
	struct plan_exp exp = { .name = (char *)"x", .nr_configs = 1 };
	struct plan_config config = { .label = (char *)"default" };
	struct plan p = {
		.exp = &exp, .nr_exp = 1, .config = &config, .nr_configs = 1, .blocks = 1
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(saying) / sizeof(saying[0]); i++) {
		struct samples_buf b = { 0 };
		struct launch l = { .status = saying[i].status,
				    .out = strdup(saying[i].out),
				    .out_len = strlen(saying[i].out) };
		const struct sample *last;
		struct samples s;
		char *text;

		if (l.status != LAUNCH_OK)
			strcpy(l.note, "why");
		record_trial(&b, &p, 0, 0, &l);
		assert_int_equal(l.status, saying[i].after);
		text = malloc(strlen(HEAD) + b.len + 1);
		memcpy(text, HEAD, strlen(HEAD));
		memcpy(text + strlen(HEAD), b.text, b.len);
		assert_int_equal(samples_parse(&s, text, strlen(HEAD) + b.len, "f", NULL), 0);
		if (s.nr != saying[i].rows || s.nr_trials != 1)
			fail_msg("row %zu: %zu rows", i, s.nr);
		last = &s.row[s.nr - 1];
		assert_true(samples_is_status(last));
		assert_string_equal(last->state, launch_status_names[saying[i].after]);
		assert_non_null(strstr(last->note, saying[i].last_note));
		if (l.status == LAUNCH_INVALID || l.status == LAUNCH_DISTURBED)
			assert_string_equal(last->note, saying[i].last_note);
		samples_release(&s);
		samples_buf_release(&b);
		launch_release(&l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_zero_bytes),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_open_torn_header),
		cmocka_unit_test(test_short_write),
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_attempts),
		cmocka_unit_test(test_open_other_version),
	};

	return cmocka_run_group_tests_name("samples", tests, NULL, NULL);
}
