/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Specifications, protocol lines, and whole trials in child processes. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
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

/* ---- whole trials ---- */

struct outcome {
	int status; /* of waitpid */
	char phase[32], phases[256], error[512];
	int ended;
	unsigned values, unavailable, effective, bad;
	char text[1 << 16];
	size_t len;
};

/* Gives up on a child that says nothing for a minute: a hang must not hang the test. */
static void watch(int fd, pid_t pid, struct outcome *o)
{
	ssize_t n;

	while (o->len < sizeof(o->text) - 1 &&
	       (n = read(fd, o->text + o->len, sizeof(o->text) - 1 - o->len)) > 0)
		o->len += (size_t)n;
	close(fd);
	assert_int_equal(waitpid(pid, &o->status, 0), pid);
}

static void digest(struct outcome *o)
{
	char *copy = strdup(o->text), *save = NULL;

	assert_non_null(copy);
	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct trial_line l;
		size_t at = strlen(o->phases);

		if (trial_line_parse(line, &l, NULL)) {
			o->bad++;
			continue;
		}
		o->values += l.kind == TRIAL_VALUE;
		o->unavailable += l.kind == TRIAL_VALUE && l.value.state == VALUE_UNAVAILABLE;
		o->effective += l.kind == TRIAL_EFFECTIVE;
		o->ended = l.kind == TRIAL_END;
		if (l.kind == TRIAL_PHASE) {
			snprintf(o->phase, sizeof(o->phase), "%s", l.name);
			snprintf(o->phases + at, sizeof(o->phases) - at, "%s%s", at ? " " : "",
				 l.name);
		}
		if (l.kind == TRIAL_ERROR)
			snprintf(o->error, sizeof(o->error), "%s", l.text);
	}
	free(copy);
}

/* Run the trial of this specification text; or, with @own, @own itself in place of the text's
 * workload. */
static void run_trial(const char *text, const struct workload *own, struct outcome *o)
{
	int spec[2], out[2];
	pid_t pid;

	memset(o, 0, sizeof(*o));
	assert_int_equal(pipe(spec), 0);
	assert_int_equal(pipe(out), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		struct trial_spec s;
		struct err e;
		int status;

		alarm(60);
		close(spec[1]);
		close(out[0]);
		if (!own)
			_exit(trial_main(spec[0], out[1]));
		if (trial_spec_init(&s, &e) || trial_spec_read(&s, fdopen(spec[0], "r"), &e))
			_exit(99);
		s.wl = own;
		status = trial_run(&s, out[1]);
		_exit(status);
	}
	close(spec[0]);
	close(out[1]);
	assert_int_equal(write(spec[1], text, strlen(text)), (ssize_t)strlen(text));
	close(spec[1]);
	watch(out[0], pid, o);
	digest(o);
}

/* The value of a metric of the whole trial, or of an effective setting; NULL: not there. */
static const char *field_of(const struct outcome *o, const char *kind, const char *name, char *buf,
			    size_t len)
{
	char want[128];
	const char *at;

	snprintf(want, sizeof(want), "\n%s %s ", kind, name);
	at = strstr(o->text, want);
	if (!at)
		return NULL;
	at += strlen(want);
	snprintf(buf, len, "%.*s", (int)strcspn(at, " \n"), at);
	return buf;
}

static const char whole[] = "spec setup warmup measure verify emit teardown";

static void expect_whole(const struct outcome *o, const char *what)
{
	if (!WIFEXITED(o->status) || WEXITSTATUS(o->status) || !o->ended ||
	    strcmp(o->phases, whole) || o->bad)
		fail_msg("%s: status %d, phases '%s', error '%s'", what, o->status, o->phases,
			 o->error);
}

static void test_whole_trials(void **state)
{
	static const char *const rows[] = {
		"workload=null\nops=1000\n",
		"workload=hot-header\nn=16\nops=1000\nwarmup_ops=100\n",
		"workload=hot-header\naccess=rmw\nn=16\nops=1000\nallocator=malloc\n",
		"workload=churn\nn=100\nops=1000\n",
		"workload=churn\nn=100\nops=1000\nallocator=malloc\n",
		"workload=churn\nn=100\nops=1000\nallocator=null\n",
		"workload=churn\nn=100\nops=1000\nprofile=fast\n",
		"workload=churn\nn=100\nops=1000\nprofile=kernel-6.1\nstats=full\n",
		"workload=churn\nn=100\nops=1000\nnodes=2\nplacement=interleave-object\n",
		"workload=churn\nn=100\nops=1000\nred_zone=on\npoison=on\n",
		"workload=churn\nn=100\nops=1000\ncollect=null\n",
		"workload=churn\nn=100\nops=1000\ncollect=\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static struct outcome o;
		char text[512], buf[64];

		snprintf(text, sizeof(text), "%sallow_debug=on\n", rows[i]);
		run_trial(text, NULL, &o);
		expect_whole(&o, rows[i]);
		assert_non_null(field_of(&o, "effective", "ops", buf, sizeof(buf)));
		assert_string_equal(buf, "1000");
		if (strstr(rows[i], "collect="))
			continue;
		assert_non_null(field_of(&o, "value", "time.ns_per_op", buf, sizeof(buf)));
		assert_true(atof(buf) > 0);
		assert_non_null(field_of(&o, "value", "rusage.minor_faults", buf, sizeof(buf)));
		assert_non_null(field_of(&o, "value", "slabinfo.grown", buf, sizeof(buf)));
		if (strstr(rows[i], "allocator="))
			assert_string_equal(buf, "-"); /* not 0: not known */
	}
}

/* Two workers, where there are two CPUs. */
static void test_two_workers(void **state)
{
	static struct outcome o;
	char buf[64];

	(void)state;
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		skip();
	run_trial("workload=churn\nn=100\nops=2000\nworkers=2\nallow_debug=on\n", NULL, &o);
	expect_whole(&o, "churn, 2 workers");
	assert_non_null(strstr(o.text, " clock 1\n")); /* worker 1 has its own line */
	assert_non_null(field_of(&o, "effective", "cpus", buf, sizeof(buf)));
	assert_non_null(strchr(buf, ','));
}

/* ops=auto ends, with a number that people can repeat. */
static void test_auto_ops(void **state)
{
	static struct outcome o;
	unsigned long long ops;
	char buf[64];

	(void)state;
	run_trial("workload=churn\nn=100\nduration_ms=5\nallow_debug=on\n", NULL, &o);
	expect_whole(&o, "ops=auto");
	assert_non_null(field_of(&o, "effective", "ops", buf, sizeof(buf)));
	ops = strtoull(buf, NULL, 10);
	assert_true(ops > 0);
	while (ops >= 100) {
		assert_int_equal(ops % 10, 0);
		ops /= 10;
	}
}

/* The same specification gives the same counts: nothing the engine did depends on the clock. */
static void test_same_seed(void **state)
{
	static const char spec[] =
		"workload=churn\nn=500\nops=20000\nwarmup_ops=1000\nseed=5\nworkers=1\n"
		"colour_seq=random\nallow_debug=on\n";
	static const char *const metrics[] = { "slabinfo.refills",	"slabinfo.flushes",
					       "slabinfo.list_allocs",	"slabinfo.num_slabs",
					       "slabinfo.bytes_colour", "slabinfo.bytes_asked" };
	static struct outcome a, b;

	(void)state;
	run_trial(spec, NULL, &a);
	run_trial(spec, NULL, &b);
	expect_whole(&a, "first");
	expect_whole(&b, "second");
	for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
		char x[64], y[64];

		assert_non_null(field_of(&a, "value", metrics[i], x, sizeof(x)));
		assert_non_null(field_of(&b, "value", metrics[i], y, sizeof(y)));
		assert_string_equal(x, y);
	}
}

static void test_bad_spec(void **state)
{
	static const struct {
		const char *text, *expect;
	} rows[] = {
		{ "workload=nothing\n", "nothing" },
		{ "nonsense\n", "line 1" },
		{ "workload=churn\nn=0\n", "line 2" },
		{ "cpus=0\nworkers=2\n", "workers" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static struct outcome o;

		run_trial(rows[i].text, NULL, &o);
		assert_true(WIFEXITED(o.status));
		assert_int_equal(WEXITSTATUS(o.status), 2);
		assert_string_equal(o.phase, "spec");
		if (!strstr(o.error, rows[i].expect))
			fail_msg("'%s' does not say %s", o.error, rows[i].expect);
		assert_false(o.ended);
	}
}

static void test_debug_build(void **state)
{
	static struct outcome o;

	(void)state;
	run_trial("workload=null\nops=10\n", NULL, &o);
	if (!*trial_build_flaw()) {
		expect_whole(&o, "release build");
		return;
	}
	assert_true(WIFEXITED(o.status));
	assert_int_equal(WEXITSTATUS(o.status), 2);
	assert_non_null(strstr(o.error, "allow_debug"));
}

/* What is impossible in setup: exit 1, and no value. */
static void test_failed_setup(void **state)
{
	static struct outcome o;

	(void)state;
	run_trial("workload=hot-header\nn=1000\nslabs=1\nobject_size=2k\nallow_debug=on\n", NULL,
		  &o);
	assert_true(WIFEXITED(o.status));
	assert_int_equal(WEXITSTATUS(o.status), 1);
	assert_string_equal(o.phases, "spec setup teardown");
	assert_non_null(strstr(o.error, "slabs"));
	assert_int_equal(o.values, 0);
	assert_false(o.ended);
}

/* The engine's failure injection reaches a trial: no memory while it runs is an error of the trial.
 */
static void test_injected_failure(void **state)
{
	static struct outcome o;

	(void)state;
	run_trial("workload=churn\nn=50\nops=100000\nobject_size=2k\nfail=nth\n"
		  "fail_point=object\nfail_nth=5000\n"
		  "allow_debug=on\n",
		  NULL, &o);
	assert_true(WIFEXITED(o.status));
	assert_int_equal(WEXITSTATUS(o.status), 1);
	assert_non_null(strstr(o.error, "no memory"));
	assert_false(o.ended);
}

/* ---- workloads that misbehave ---- */

static int own_setup(struct wl_env *env, struct err *e)
{
	(void)e;
	env->priv = calloc(1, sizeof(uint64_t));
	return env->priv ? 0 : -ENOMEM;
}

static enum wl_status count_step(struct wl_env *env, struct wl_worker *w, uint64_t n,
				 uint64_t *done)
{
	(void)env;
	w->ops += n;
	*done = n;
	return WL_DONE;
}

static enum wl_status abort_step(struct wl_env *env, struct wl_worker *w, uint64_t n,
				 uint64_t *done)
{
	(void)env;
	(void)w;
	(void)n;
	(void)done;
	abort();
}

/* One operation of each worker in turn: the others are blocked meanwhile. */
static enum wl_status turns_step(struct wl_env *env, struct wl_worker *w, uint64_t n,
				 uint64_t *done)
{
	uint64_t *turn = env->priv;

	*done = 0;
	while (*done < n) {
		if (__atomic_load_n(turn, __ATOMIC_ACQUIRE) % env->workers != w->id)
			return WL_BLOCKED;
		w->ops++;
		++*done;
		__atomic_add_fetch(turn, 1, __ATOMIC_RELEASE);
	}
	return WL_DONE;
}

/* Worker 1 fails; worker 0 waits for it for ever. */
static enum wl_status orphan_step(struct wl_env *env, struct wl_worker *w, uint64_t n,
				  uint64_t *done)
{
	(void)env;
	(void)n;
	*done = 0;
	return w->id ? wl_fail(w, -EIO, "worker %u gave up", w->id) : WL_BLOCKED;
}

static enum wl_status short_step(struct wl_env *env, struct wl_worker *w, uint64_t n,
				 uint64_t *done)
{
	(void)env;
	w->ops += n - (n > 10);
	*done = n;
	return WL_DONE;
}

static int own_verify(struct wl_env *env, struct err *e)
{
	(void)env;
	(void)e;
	return 0;
}

static int bad_verify(struct wl_env *env, struct err *e)
{
	(void)env;
	return err_set(e, -EILSEQ, "object 7 is not what it was");
}

static void own_teardown(struct wl_env *env)
{
	free(env->priv);
	env->priv = NULL;
}

static void own_cost(const struct wl_env *env, struct wl_cost *cost)
{
	(void)env;
	*cost = (struct wl_cost){ .unit = "step" };
}

#define OWN(step_fn, verify_fn)                                                  \
	{                                                                        \
		.name = "own", .setup = own_setup, .step = { step_fn, step_fn }, \
		.verify = verify_fn, .teardown = own_teardown, .cost = own_cost  \
	}

static void test_own_workloads(void **state)
{
	static const struct workload fine = OWN(count_step, own_verify),
				     aborts = OWN(abort_step, own_verify),
				     turns = OWN(turns_step, own_verify),
				     orphan = OWN(orphan_step, own_verify),
				     lazy = OWN(short_step, own_verify),
				     wrong = OWN(count_step, bad_verify);
	static const struct {
		const struct workload *wl;
		const char *spec;
		int signal, status;
		const char *phases, *error;
	} rows[] = {
		{ &fine, "", 0, 0, "setup warmup measure verify emit teardown", "" },
		{ &aborts, "warmup_ops=0\n", SIGABRT, 0, "setup warmup measure", "" },
		{ &aborts, "warmup_ops=10\n", SIGABRT, 0, "setup warmup", "" },
		{ &wrong, "", 0, 1, "setup warmup measure verify teardown", "object 7" },
		{ &lazy, "", 0, 1, "setup warmup measure verify teardown", "counted" },
		{ &turns, "workers=2\nops=500\n", 0, 0, "setup warmup measure verify emit teardown",
		  "" },
		{ &orphan, "workers=2\nwarmup_ops=0\n", 0, 1, "setup warmup measure teardown",
		  "worker 1 gave up" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static struct outcome o;
		char spec[256];

		if (strstr(rows[i].spec, "workers=2") && sysconf(_SC_NPROCESSORS_ONLN) < 2)
			continue;
		snprintf(spec, sizeof(spec), "ops=100\n%s", rows[i].spec);
		run_trial(spec, rows[i].wl, &o);
		if (rows[i].signal)
			assert_true(WIFSIGNALED(o.status) && WTERMSIG(o.status) == rows[i].signal);
		else
			assert_true(WIFEXITED(o.status) && WEXITSTATUS(o.status) == rows[i].status);
		assert_string_equal(o.phases, rows[i].phases);
		if (!strstr(o.error, rows[i].error))
			fail_msg("row %zu: '%s' does not say '%s'", i, o.error, rows[i].error);
		assert_int_equal(o.ended, !rows[i].signal && !rows[i].status);
	}
}

/* A trial that is killed while it measures has said so, in whole lines. */
static void test_killed(void **state)
{
	int spec[2], out[2], status;
	char text[4096] = "";
	size_t len = 0;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(spec), 0);
	assert_int_equal(pipe(out), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		alarm(60);
		close(spec[1]);
		close(out[0]);
		_exit(trial_main(spec[0], out[1]));
	}
	close(spec[0]);
	close(out[1]);
	dprintf(spec[1], "workload=null\nwarmup_ops=0\nops=1000000000000\nallow_debug=on\n");
	close(spec[1]);
	while (!strstr(text, "phase measure\n") && len < sizeof(text) - 1) {
		ssize_t n = read(out[0], text + len, sizeof(text) - 1 - len);

		assert_true(n > 0);
		len += (size_t)n;
	}
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(text[len - 1], '\n');
	assert_null(strstr(text, "end\n"));
	assert_int_equal(read(out[0], text, sizeof(text)), 0);
	close(out[0]);
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
		cmocka_unit_test(test_whole_trials),
		cmocka_unit_test(test_two_workers),
		cmocka_unit_test(test_auto_ops),
		cmocka_unit_test(test_same_seed),
		cmocka_unit_test(test_bad_spec),
		cmocka_unit_test(test_debug_build),
		cmocka_unit_test(test_failed_setup),
		cmocka_unit_test(test_injected_failure),
		cmocka_unit_test(test_own_workloads),
		cmocka_unit_test(test_killed),
	};

	return cmocka_run_group_tests_name("trial", tests, NULL, NULL);
}
