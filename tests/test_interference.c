/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The interference collector on invented trees of /proc and /sys: ledger and rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collectors/interference/interference.h"
#include "tests/collect_help.h"

extern const struct collector collector_interference;

/* ---- an invented machine, two workers on CPUs 0 and 3 ---- */

static struct {
	struct rusage usage;
	unsigned cpu;
	int usage_error, cpu_error;
} self;

static int invented_usage(struct rusage *u)
{
	*u = self.usage;
	return self.usage_error;
}

static int invented_cpu(unsigned *cpu)
{
	*cpu = self.cpu;
	return self.cpu_error;
}

static const struct interference_sys invented = { .usage = invented_usage, .cpu = invented_cpu };

struct scene {
	struct wl_env env;
	struct collect_ctx ctx;
	struct interference_params params;
};

/* What one end of the region finds in the files. */
struct files {
	const char *schedstat, *sched, *stat, *psi, *core, *package, *khz, *interrupts;
};

static const struct files before = {
	"1000 500 10",
	"worker-0 (1, #threads: 3)\n---\nse.nr_migrations    :     4\n",
	"cpu  0 0 0 0 0 0 0 0\ncpu0 0 0 0 0 0 10 20 30 0 0\ncpu3 0 0 0 0 0 1 2 3 0 0\n",
	"some avg10=0.00 avg60=0.00 avg300=0.00 total=1000\n"
	"full avg10=0.00 avg60=0.00 avg300=0.00 total=100\n",
	"7",
	"9",
	"2000000",
	"   CPU0 CPU3\n LOC: 100 200 x\n",
};

static const char cpu_dir[] = "/sys/devices/system/cpu/cpu";

static void write_files(const struct files *f)
{
	static const unsigned cpus[] = { 0, 3 };
	char path[128];

	ch_file("/proc/thread-self/schedstat", f->schedstat);
	ch_file("/proc/thread-self/sched", f->sched);
	ch_file("/proc/stat", f->stat);
	ch_file("/proc/interrupts", f->interrupts);
	for (int k = 0; k < PSI_NR; k++) {
		snprintf(path, sizeof(path), "/proc/pressure/%s", psi_names[k]);
		ch_file(path, f->psi);
	}
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s%u/thermal_throttle/core_throttle_count", cpu_dir,
			 cpus[i]);
		ch_file(path, f->core);
		snprintf(path, sizeof(path), "%s%u/thermal_throttle/package_throttle_count",
			 cpu_dir, cpus[i]);
		ch_file(path, f->package);
		snprintf(path, sizeof(path), "%s%u/cpufreq/scaling_cur_freq", cpu_dir, cpus[i]);
		ch_file(path, f->khz);
	}
}

static void scene_begin(struct scene *s, unsigned workers)
{
	memset(s, 0, sizeof(*s));
	memset(&self, 0, sizeof(self));
	s->env.workers = workers;
	s->env.worker = wl_workers_create(workers, 1);
	assert_non_null(s->env.worker);
	for (unsigned i = 0; i < workers; i++)
		s->env.worker[i].cpu = 3 * i;
	opt_defaults(collector_interference.opts, &s->params);
	s->ctx = (struct collect_ctx){ .env = &s->env, .workers = workers, .params = &s->params };
	ch_tree_begin();
}

static void scene_end(struct scene *s)
{
	ch_tree_end();
	wl_workers_destroy(s->env.worker);
}

/* From open to just before the region's end. */
static struct interference *scene_start(struct scene *s)
{
	struct interference *p;
	struct err e;

	assert_int_equal(collector_interference.open(&s->ctx, &e), 0);
	p = s->ctx.priv;
	p->sys = &invented;
	for (unsigned i = 0; i < s->env.workers; i++)
		assert_int_equal(collector_interference.thread_open(&s->ctx, i, &e), 0);
	collector_interference.start(&s->ctx);
	for (unsigned i = 0; i < s->env.workers; i++)
		collector_interference.thread_start(&s->ctx, i);
	return p;
}

/* The rest; the region was one second long, whatever the clock says. */
static struct ch_sink *scene_stop(struct scene *s)
{
	struct interference *p = s->ctx.priv;
	struct ch_sink *out = ch_sink_create();

	for (unsigned i = s->env.workers; i-- > 0;)
		collector_interference.thread_stop(&s->ctx, i);
	collector_interference.stop(&s->ctx);
	assert_true(figure_main_ns(p) > 0);
	p->tick_ns = 10000000;
	p->ns[0] = 5;
	p->ns[1] = 1000000005;
	for (unsigned i = 0; i < s->env.workers; i++) {
		assert_true(p->worker[i].ns[1] >= p->worker[i].ns[0]);
		p->worker[i].ns[0] = 7;
		p->worker[i].ns[1] = 1000000007;
	}
	collector_interference.emit(&s->ctx, &out->sink);
	collector_interference.close(&s->ctx);
	assert_null(s->ctx.priv);
	return out;
}

static void test_ledger(void **state)
{
	const struct files after = {
		"9000 2500 12",
		"worker-0 (1, #threads: 3)\n---\nse.nr_migrations    :     6\n",
		"cpu0 0 0 0 0 0 11 22 33 0 0\ncpu3 0 0 0 0 0 1 2 23 0 0\n",
		"some avg10=12.50 avg60=0.00 avg300=0.00 total=251000\n"
		"full avg10=3.00 avg60=0.00 avg300=0.00 total=100\n",
		"9",
		"10",
		"1800000",
		"   CPU0 CPU3\n LOC: 150 207 x\n",
	};
	struct scene s;
	struct ch_sink *out;

	(void)state;
	scene_begin(&s, 2);
	write_files(&before);
	scene_start(&s);
	write_files(&after);
	self.usage.ru_nivcsw = 3;
	self.usage.ru_nvcsw = 4;
	self.usage.ru_minflt = 5;
	self.usage.ru_majflt = 6;
	out = scene_stop(&s);
	ch_is(out, "interference.run_delay", 0, 2000);
	ch_is(out, "interference.run_delay", -1, 4000);
	ch_is(out, "interference.run_delay_share", -1, 2000.0 / 1e9);
	ch_is(out, "interference.involuntary_switches", -1, 6);
	ch_is(out, "interference.voluntary_switches", 1, 4);
	ch_is(out, "interference.minor_faults", -1, 10);
	ch_is(out, "interference.major_faults", -1, 12);
	ch_is(out, "interference.migrations", 0, 2);
	ch_is(out, "interference.migrations", -1, 4);
	ch_is(out, "interference.steal", 0, 30e6);
	ch_is(out, "interference.steal", 1, 200e6);
	ch_is(out, "interference.steal", -1, 230e6);
	ch_is(out, "interference.steal_share", 0, 0.02); /* two of three ticks, surely */
	ch_is(out, "interference.steal_share", 1, 0.19);
	ch_is(out, "interference.steal_share", -1, 0.19);
	ch_is(out, "interference.irq", -1, 10e6);
	ch_is(out, "interference.softirq", -1, 20e6);
	ch_is(out, "interference.interrupts", 0, 50);
	ch_is(out, "interference.interrupts", 1, 7);
	ch_is(out, "interference.interrupts", -1, 57);
	ch_is(out, "interference.core_throttle", -1, 4);
	ch_is(out, "interference.package_throttle", -1, 1); /* both workers see the same */
	ch_is(out, "interference.frequency_before", -1, 2e9);
	ch_is(out, "interference.frequency_after", 1, 1.8e9);
	for (int k = 0; k < PSI_NR; k++) {
		char metric[64];

		snprintf(metric, sizeof(metric), "interference.psi_%s_some", psi_names[k]);
		ch_is(out, metric, -1, 250e6);
		snprintf(metric, sizeof(metric), "interference.psi_%s_some_share", psi_names[k]);
		ch_is(out, metric, -1, 0.25);
		snprintf(metric, sizeof(metric), "interference.psi_%s_some_avg10", psi_names[k]);
		ch_is(out, metric, -1, 0.125);
	}
	ch_is(out, "interference.psi_io_full", -1, 0);
	assert_false(ch_has(out, "interference.psi_cpu_full", -1));
	assert_non_null(strstr(ch_value(out, "interference.steal", -1)->note, "resolution 10 ms"));
	ch_lacks(out, "interference.smi", "msr/smi/");
	ch_is(out, "interference.rules_judged", -1, 5);
	assert_string_equal(ch_value(out, "interference.rules_judged", -1)->note,
			    "off: switches, psi");
	ch_is(out, "interference.rules_broken", -1, 4); /* steal, migrations, throttle, faults */
	assert_int_equal(out->nr_flags, 4);
	ch_sink_free(out);
	scene_end(&s);
}

/* One worker: values of the whole trial only. */
static void test_one_worker(void **state)
{
	struct scene s;
	struct ch_sink *out;

	(void)state;
	scene_begin(&s, 1);
	write_files(&before);
	scene_start(&s);
	out = scene_stop(&s);
	assert_false(ch_has(out, "interference.run_delay", 0));
	ch_is(out, "interference.run_delay", -1, 0);
	ch_is(out, "interference.rules_broken", -1, 0);
	assert_int_equal(out->nr_flags, 0);
	ch_sink_free(out);
	scene_end(&s);
}

/* ---- what is not there ---- */

static const char none[] = ""; /* the file is empty */

/* The file at the end (NULL: as before; none: not a number), what is unavailable then, and why. */
static const struct {
	struct files after;
	const char *metric, *why;
} broken[] = {
	{ { .schedstat = "5 499 11" }, "interference.run_delay", "went backwards, from 500 to 499" },
	{ { .schedstat = "rubbish" }, "interference.run_delay_share", "expected three numbers" },
	{ { .schedstat = none }, "interference.run_delay", "expected three numbers" },
	{ { .schedstat = "0 0 0" }, "interference.run_delay", "task_delayacct" },
	{ { .schedstat = "1 99999999999999999999 1" }, "interference.run_delay", "expected three" },
	{ { .sched = "se.nr_migrations : 3\n" }, "interference.migrations", "went backwards" },
	{ { .stat = "cpu0 0 0 0 0 0 10 20 29 0 0\ncpu3 0 0 0 0 0 1 2 3\n" },
	  "interference.steal",
	  "went backwards" },
	{ { .stat = "cpu0 0 0 0 0 0 10 20 30 0 0\n" }, "interference.steal_share", "cpu3" },
	{ { .stat = none }, "interference.irq", "cpu0" },
	{ { .psi = "some avg10=0.00 avg60=0.00 avg300=0.00 total=999\n" },
	  "interference.psi_cpu_some",
	  "went backwards" },
	{ { .psi = none }, "interference.psi_io_full_share", "there is no line 'full" },
	{ { .core = "6" }, "interference.core_throttle", "went backwards" },
	{ { .package = none }, "interference.package_throttle", "Invalid argument" },
	{ { .khz = "<unknown>" }, "interference.frequency_after", "Invalid argument" },
	{ { .interrupts = none }, "interference.interrupts", "no column of numbers" },
	{ { .interrupts = "  CPU0\nLOC: 150\n" }, "interference.interrupts", "CPU3" },
};

static void test_broken(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct files after = before;
		struct scene s;
		struct ch_sink *out;

#define TAKE(field) after.field = broken[i].after.field ? broken[i].after.field : before.field
		TAKE(schedstat);
		TAKE(sched);
		TAKE(stat);
		TAKE(psi);
		TAKE(core);
		TAKE(package);
		TAKE(khz);
		TAKE(interrupts);
#undef TAKE
		scene_begin(&s, 2);
		write_files(&before);
		scene_start(&s);
		write_files(&after);
		out = scene_stop(&s);
		ch_lacks(out, broken[i].metric, broken[i].why);
		assert_int_equal(out->nr_flags, 0); /* what is not known breaks no rule */
		ch_sink_free(out);
		scene_end(&s);
	}
}

static void test_nothing_there(void **state)
{
	static const struct {
		const char *metric, *why;
	} rows[] = {
		{ "interference.run_delay", "CONFIG_SCHED_INFO" },
		{ "interference.steal", "/proc/stat: No such file" },
		{ "interference.psi_cpu_some", "psi=1" },
		{ "interference.psi_memory_full_avg10", "CONFIG_PSI" },
		{ "interference.core_throttle", "cpu0/thermal_throttle" },
		{ "interference.frequency_before", "no cpufreq driver" },
		{ "interference.interrupts", "/proc/interrupts" },
	};
	struct scene s;
	struct ch_sink *out;

	(void)state;
	scene_begin(&s, 1);
	s.params.psi = 0.5;
	scene_start(&s);
	self.cpu = 1;
	out = scene_stop(&s);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ch_lacks(out, rows[i].metric, rows[i].why);
	/* both ends of a worker on different CPUs are a move even so */
	ch_is(out, "interference.migrations", -1, 1);
	assert_non_null(
		strstr(ch_value(out, "interference.migrations", -1)->note, "nr_migrations"));
	assert_int_equal(out->nr_flags, 1);
	ch_is(out, "interference.rules_judged", -1, 2);
	assert_string_equal(
		ch_value(out, "interference.rules_judged", -1)->note,
		"not to be judged here: run_delay, steal, throttle, psi; off: switches");
	ch_sink_free(out);
	scene_end(&s);
}

static void test_refused_calls(void **state)
{
	struct scene s;
	struct ch_sink *out;

	(void)state;
	scene_begin(&s, 1);
	self.usage_error = -EPERM;
	self.cpu_error = -ENOSYS;
	scene_start(&s);
	out = scene_stop(&s);
	ch_lacks(out, "interference.major_faults", strerror(EPERM));
	ch_lacks(out, "interference.voluntary_switches", strerror(EPERM));
	ch_lacks(out, "interference.migrations", strerror(ENOSYS));
	ch_sink_free(out);
	scene_end(&s);
}

/* ---- rules ---- */

/* Options, what changes in a region of one second on one worker, and the only flag, or none. */
static const struct {
	const char *option[2];
	struct files after;
	long switches, faults;
	const char *flag;
} rules[] = {
	{ { NULL }, { .schedstat = "9 100000500 11" }, 0, 0, NULL },
	{ { NULL },
	  { .schedstat = "9 183000500 11" },
	  0,
	  0,
	  "run_delay: worker 0 waited 18.3 % of the region for its CPU, more than 10 %" },
	{ { "interference_run_delay=0.2" }, { .schedstat = "9 183000500 11" }, 0, 0, NULL },
	{ { "interference_run_delay=0" }, { .schedstat = "9 999000500 11" }, 0, 0, NULL },
	{ { NULL }, { .stat = "cpu0 0 0 0 0 0 10 20 36 0 0\n" }, 0, 0, NULL }, /* 5 ticks surely */
	{ { NULL },
	  { .stat = "cpu0 0 0 0 0 0 10 20 37 0 0\n" },
	  0,
	  0,
	  "steal: the hypervisor took the CPU of worker 0 for at least 6.0 % of the region, more than "
	  "5 %" },
	{ { "interference_steal=0" }, { .stat = "cpu0 0 0 0 0 0 10 20 99 0 0\n" }, 0, 0, NULL },
	/* a threshold below the resolution: one tick tells nothing */
	{ { "interference_steal=0.001" }, { .stat = "cpu0 0 0 0 0 0 10 20 31 0 0\n" }, 0, 0, NULL },
	{ { NULL }, { .sched = NULL }, 1000, 0, NULL },
	{ { "interference_switches=100" }, { .sched = NULL }, 100, 0, NULL },
	{ { "interference_switches=100" },
	  { .sched = NULL },
	  101,
	  0,
	  "switches: worker 0 was switched out 101.0 times per second, more than 100" },
	{ { NULL },
	  { .sched = NULL },
	  0,
	  2,
	  "major_faults: worker 0 waited for pages from disk, 2 times; from 1 on it is too often" },
	{ { "interference_major_faults=3" }, { .sched = NULL }, 0, 2, NULL },
	{ { "interference_major_faults=off" }, { .sched = NULL }, 0, 2, NULL },
	{ { NULL },
	  { .sched = "se.nr_migrations : 5\n" },
	  0,
	  0,
	  "migrations: worker 0 was moved to another CPU, 1 times; from 1 on it is too often" },
	{ { "interference_migrations=2" }, { .sched = "se.nr_migrations : 5\n" }, 0, 0, NULL },
	{ { "interference_migrations=off" }, { .sched = "se.nr_migrations : 9\n" }, 0, 0, NULL },
	{ { NULL },
	  { .core = "9" },
	  0,
	  0,
	  "throttle: the core of worker 0 was throttled for heat, 2 times; from 1 on it is too often" },
	{ { NULL },
	  { .package = "10" },
	  0,
	  0,
	  "throttle: the package of worker 0 was throttled for heat, 1 times; from 1 on it is too "
	  "often" },
	{ { "interference_throttle=off" }, { .core = "9" }, 0, 0, NULL },
	{ { NULL }, { .psi = "some avg10=0.00 total=900000\n" }, 0, 0, NULL },
	{ { "interference_psi=0.4" },
	  { .psi = "some avg10=0.00 total=501000\n" },
	  0,
	  0,
	  "psi: some task of the machine stalled for cpu in 50.0 % of the region, more than 40 %" },
	{ { "interference_psi=0.5" }, { .psi = "some avg10=0.00 total=501000\n" }, 0, 0, NULL },
};

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct files after = before;
		struct scene s;
		struct ch_sink *out;

#define TAKE(field) after.field = rules[i].after.field ? rules[i].after.field : before.field
		TAKE(schedstat);
		TAKE(sched);
		TAKE(stat);
		TAKE(psi);
		TAKE(core);
		TAKE(package);
#undef TAKE
		scene_begin(&s, 1);
		for (int k = 0; k < 2 && rules[i].option[k]; k++) {
			char name[64];
			const char *text = strchr(rules[i].option[k], '=') + 1;
			const struct opt *row;

			snprintf(name, sizeof(name), "%.*s", (int)(text - rules[i].option[k] - 1),
				 rules[i].option[k]);
			row = opt_find(collector_interference.opts, name);
			assert_non_null(row);
			assert_int_equal(opt_parse(row, &s.params, text, NULL), 0);
		}
		write_files(&before);
		scene_start(&s);
		write_files(&after);
		self.usage.ru_nivcsw = rules[i].switches;
		self.usage.ru_majflt = rules[i].faults;
		out = scene_stop(&s);
		if (out->nr_flags != (rules[i].flag != NULL))
			fail_msg("row %zu: %u flags: %s", i, out->nr_flags,
				 out->nr_flags ? out->reason[0] : "");
		ch_is(out, "interference.rules_broken", -1, out->nr_flags);
		if (rules[i].flag) {
			assert_int_equal(out->flag[0], FLAG_DISTURBED);
			assert_string_equal(out->reason[0], rules[i].flag);
		}
		ch_sink_free(out);
		scene_end(&s);
	}
}

/* The worker that is worst off is the one that is named. */
static void test_worst_worker(void **state)
{
	const char *end[2] = { "9 150000500 11", "9 250000500 11" };
	struct scene s;
	struct interference *p;
	struct ch_sink *out;

	(void)state;
	scene_begin(&s, 2);
	write_files(&before);
	p = scene_start(&s);
	out = NULL;
	for (unsigned i = 0; i < 2; i++) {
		ch_file("/proc/thread-self/schedstat", end[i]);
		collector_interference.thread_stop(&s.ctx, i);
	}
	collector_interference.stop(&s.ctx);
	p->ns[0] = p->worker[0].ns[0] = p->worker[1].ns[0] = 0;
	p->ns[1] = p->worker[0].ns[1] = p->worker[1].ns[1] = 1000000000;
	out = ch_sink_create();
	collector_interference.emit(&s.ctx, &out->sink);
	collector_interference.close(&s.ctx);
	assert_int_equal(out->nr_flags, 1);
	assert_string_equal(
		out->reason[0],
		"run_delay: worker 1 waited 25.0 % of the region for its CPU, more than 10 %");
	ch_is(out, "interference.run_delay_share", 0, 0.15);
	ch_is(out, "interference.run_delay_share", -1, 0.25);
	ch_sink_free(out);
	scene_end(&s);
}

/* A quarter of a second: four times as many in a whole one. */
static void test_rate(void **state)
{
	struct scene s;
	struct interference *p;
	struct ch_sink *out = ch_sink_create();

	(void)state;
	scene_begin(&s, 1);
	s.params.switches = 100;
	p = scene_start(&s);
	self.usage.ru_nivcsw = 26;
	collector_interference.thread_stop(&s.ctx, 0);
	collector_interference.stop(&s.ctx);
	p->worker[0].ns[0] = 0;
	p->worker[0].ns[1] = 250000000;
	collector_interference.emit(&s.ctx, &out->sink);
	collector_interference.close(&s.ctx);
	assert_int_equal(out->nr_flags, 1);
	assert_string_equal(
		out->reason[0],
		"switches: worker 0 was switched out 104.0 times per second, more than 100");
	ch_sink_free(out);
	scene_end(&s);
}

/* The real kernel, about this thread: sleeping three times is three voluntary switches at least. */
static void test_real_kernel(void **state)
{
	struct scene s;
	struct ch_sink *out;
	struct interference *p;

	(void)state;
	scene_begin(&s, 1);
	assert_int_equal(unsetenv("SLABSCOPE_HOSTFS"), 0);
	p = scene_start(&s);
	p->sys = &interference_sys_native;
	collector_interference.thread_start(&s.ctx, 0);
	for (int i = 0; i < 3; i++)
		usleep(100);
	out = scene_stop(&s);
	assert_true(ch_value(out, "interference.voluntary_switches", -1)->value >= 3);
	ch_sink_free(out);
	scene_end(&s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ledger),	      cmocka_unit_test(test_one_worker),
		cmocka_unit_test(test_broken),	      cmocka_unit_test(test_nothing_there),
		cmocka_unit_test(test_refused_calls), cmocka_unit_test(test_rules),
		cmocka_unit_test(test_worst_worker),  cmocka_unit_test(test_rate),
		cmocka_unit_test(test_real_kernel),
	};

	return cmocka_run_group_tests_name("interference", tests, NULL, NULL);
}
