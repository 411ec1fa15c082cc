/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The collector `resctrl` on a file system of plain files: what the kernel would put into a new
 * group (tasks, mon_data) is put there by the test.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "collectors/resctrl.h"
#include "tests/collect_help.h"
#include "tests/fake_host.h"

#define NR(a) (sizeof(a) / sizeof((a)[0]))
#define ROOT "/sys/fs/resctrl/"
#define GROUP ROOT "mon_groups/slabscope-4711/"

static const struct fake_file mounted[] = {
	{ "/proc/filesystems", "nodev\tsysfs\nnodev\tresctrl\n" },
	{ ROOT "info/L3_MON/mon_features", "llc_occupancy\nmbm_total_bytes\nmbm_local_bytes\n" },
	{ ROOT "info/last_cmd_status", "ok\n" },
	{ ROOT "mon_groups", NULL },
};

static struct hostfs h;
static struct resctrl *r;
static struct ch_sink *s;

static void begin(const struct fake_file *file, size_t nr)
{
	struct err e;

	fake_host(&h, file, nr);
	s = ch_sink_create();
	assert_int_equal(resctrl_open(&r, &h, 4711, &e), 0);
}

static void end(void)
{
	resctrl_close(r);
	ch_sink_free(s);
	fake_remove(&h);
}

static void put(const char *name, const char *text)
{
	fake_write(&h, &(struct fake_file){ name, text });
}

/* What the kernel puts into a new group. */
static void fill(unsigned domain, const char *occupancy, const char *local, const char *total)
{
	char name[128];

	put(GROUP "tasks", "");
	snprintf(name, sizeof(name), GROUP "mon_data/mon_L3_%02u/llc_occupancy", domain);
	put(name, occupancy);
	snprintf(name, sizeof(name), GROUP "mon_data/mon_L3_%02u/mbm_local_bytes", domain);
	put(name, local);
	snprintf(name, sizeof(name), GROUP "mon_data/mon_L3_%02u/mbm_total_bytes", domain);
	put(name, total);
}

static bool there(const char *name)
{
	char path[512];
	struct stat st;

	assert_int_equal(hostfs_path(&h, path, sizeof(path), "%s", name), 0);
	return !stat(path, &st);
}

static void test_values(void **state)
{
	char tasks[64];

	(void)state;
	begin(mounted, NR(mounted));
	assert_true(there(GROUP));
	fill(0, "1000\n", "64\n", "128\n");
	fill(1, "500\n", "1000\n", "1000\n");
	resctrl_join(r, 10);
	resctrl_join(r, 11);
	assert_true(hostfs_read(&h, tasks, sizeof(tasks), GROUP "tasks") > 0);
	assert_string_equal(tasks, "10\n11");
	resctrl_start(r);
	fill(0, "2000\n", "164\n", "328\n");
	fill(1, "700\n", "1000\n", "1500\n");
	resctrl_stop(r);
	resctrl_emit(r, &s->sink);
	ch_is(s, "resctrl.llc_occupancy", -1, 2700);
	ch_is(s, "resctrl.llc_occupancy_d0", -1, 2000);
	ch_is(s, "resctrl.llc_occupancy_d1", -1, 700);
	ch_is(s, "resctrl.mbm_local", -1, 100);
	ch_is(s, "resctrl.mbm_local_d1", -1, 0); /* measured, and none */
	ch_is(s, "resctrl.mbm_total", -1, 700);
	ch_is(s, "resctrl.mbm_total_d1", -1, 500);
	ch_is(s, "resctrl.mbm_remote", -1, 600);
	assert_string_equal(ch_value(s, "resctrl.mbm_total", -1)->unit, "bytes");
	end();
}

/* The group goes when the collector does: plain files are in the way, so they go first. */
static void test_removed(void **state)
{
	(void)state;
	begin(mounted, NR(mounted));
	assert_true(there(GROUP));
	resctrl_close(r);
	r = NULL;
	assert_false(there(GROUP));
	end();
}

/* Readings of one domain: before, after, and what becomes of it. */
static const struct {
	const char *before, *after;
	double value;	  /* of mbm_local, if there is no message */
	const char *note; /* NULL: exact */
} readings[] = {
	{ "10\n", "15\n", 5, NULL },
	{ "18446744073709551610\n", "4\n", 10, NULL }, /* beyond 2^64 */
	{ "100\n", "99\n", 0, "went back from 100 to 99" },
	{ "Unavailable\n", "15\n", 0, "Unavailable" },
	{ "10\n", "Unavailable\n", 0, "Unavailable" },
	{ "10\n", "Error\n", 0, "Error" },
	{ "10\n", "\n", 0, "Error" },
	{ "10\n", "-5\n", 0, "Error" },
	{ "10\n", "12 apples\n", 0, "Error" },
	{ "10\n", "18446744073709551616\n", 0, "Error" },
	{ "10\n", NULL, 0, "ENOENT" },
};

static void test_readings(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR(readings); i++) {
		begin(mounted, NR(mounted));
		fill(0, "1\n", readings[i].before, "20\n");
		resctrl_start(r);
		fill(0, "1\n", "0\n", "40\n");
		if (readings[i].after)
			put(GROUP "mon_data/mon_L3_00/mbm_local_bytes", readings[i].after);
		else
			fake_unlink(&h, GROUP "mon_data/mon_L3_00/mbm_local_bytes");
		resctrl_stop(r);
		resctrl_emit(r, &s->sink);
		ch_is(s, "resctrl.mbm_total", -1, 20);
		if (readings[i].note) {
			ch_lacks(s, "resctrl.mbm_local", readings[i].note);
			ch_lacks(s, "resctrl.mbm_local_d0", readings[i].note);
			ch_lacks(s, "resctrl.mbm_remote", "one of them is missing");
		} else {
			ch_is(s, "resctrl.mbm_local", -1, readings[i].value);
			ch_is(s, "resctrl.mbm_remote", -1, 20 - readings[i].value);
		}
		end();
	}
}

/* One domain's word is missing: no sum, and the other domain's own is told. */
static void test_one_domain_missing(void **state)
{
	(void)state;
	begin(mounted, NR(mounted));
	fill(0, "1000\n", "64\n", "128\n");
	fill(12, "Unavailable\n", "0\n", "0\n");
	resctrl_start(r);
	resctrl_stop(r);
	resctrl_emit(r, &s->sink);
	ch_is(s, "resctrl.llc_occupancy_d0", -1, 1000);
	ch_lacks(s, "resctrl.llc_occupancy_d12", "mon_L3_12");
	ch_lacks(s, "resctrl.llc_occupancy", "Unavailable");
	end();
}

/* A workers' memory may be read in two steps: less total than local is no remote traffic below 0. */
static void test_less_total_than_local(void **state)
{
	(void)state;
	begin(mounted, NR(mounted));
	fill(0, "1\n", "0\n", "0\n");
	resctrl_start(r);
	fill(0, "1\n", "128\n", "64\n");
	resctrl_stop(r);
	resctrl_emit(r, &s->sink);
	ch_is(s, "resctrl.mbm_total", -1, 64);
	ch_lacks(s, "resctrl.mbm_remote", "less total than local");
	end();
}

/* ---- where there is none ---- */

static void all_lack(const char *text)
{
	resctrl_join(r, 10);
	resctrl_start(r);
	resctrl_stop(r);
	resctrl_emit(r, &s->sink);
	ch_lacks(s, "resctrl.llc_occupancy", text);
	ch_lacks(s, "resctrl.mbm_local", text);
	ch_lacks(s, "resctrl.mbm_total", text);
	ch_lacks(s, "resctrl.mbm_remote", text);
	assert_int_equal(s->nr, 4);
}

static void test_nothing(void **state)
{
	static const struct fake_file kernel[] = {
		{ "/proc/filesystems", "nodev\tsysfs\n" },
	};
	static const struct fake_file no_monitor[] = {
		{ ROOT "info/L3/num_closids", "16\n" },
	};
	static const struct fake_file no_features[] = {
		{ ROOT "info/MB/num_closids", "8\n" },
		{ ROOT "mon_groups", NULL },
	};

	(void)state;
	begin(kernel, NR(kernel));
	all_lack("no resctrl");
	end();
	begin(mounted, 1);
	all_lack("mount -t resctrl");
	end();
	begin(no_monitor, NR(no_monitor));
	all_lack("does not monitor");
	end();
	begin(no_features, NR(no_features));
	all_lack("does not monitor its L3");
	end();
	/* a group without data, as of a kernel that was asked for nothing */
	begin(mounted, NR(mounted));
	put(GROUP "tasks", "");
	all_lack("no monitoring data");
	end();
}

/* A thread that cannot be put into the group: no number at all, and the kernel's own words. */
static void test_task_refused(void **state)
{
	(void)state;
	begin(mounted, NR(mounted));
	fill(0, "1\n", "0\n", "0\n");
	fake_unlink(&h, GROUP "tasks");
	put(ROOT "info/last_cmd_status", "Can't move task to different control group\n");
	all_lack("thread 10 cannot be put into the group");
	assert_non_null(
		strstr(ch_value(s, "resctrl.mbm_total", -1)->note, "different control group"));
	end();
}

/* The folder in which a group is made takes none: as root nothing is forbidden, a file is in the way
 * all the same. */
static void test_group_refused(void **state)
{
	static const struct fake_file file[] = {
		{ "/proc/filesystems", "nodev\tresctrl\n" },
		{ ROOT "info/L3_MON/mon_features", "llc_occupancy\n" },
		{ ROOT "info/last_cmd_status", "Out of RMIDs\n" },
		{ ROOT "mon_groups", "a file\n" },
	};

	(void)state;
	begin(file, NR(file));
	all_lack("making a monitoring group");
	assert_non_null(strstr(ch_value(s, "resctrl.mbm_total", -1)->note, "Out of RMIDs"));
	end();
}

/* ---- what others left ---- */

/* The number of a process that is no more. */
static pid_t dead_pid(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return pid;
}

static void test_stale_groups(void **state)
{
	char dead[64], full[64], alive[64], tasks[96];
	struct err e;

	(void)state;
	fake_host(&h, mounted, NR(mounted));
	s = ch_sink_create();
	snprintf(dead, sizeof(dead), ROOT "mon_groups/slabscope-%d", (int)dead_pid());
	snprintf(alive, sizeof(alive), ROOT "mon_groups/slabscope-%d", (int)getpid());
	snprintf(full, sizeof(full), ROOT "mon_groups/slabscope-%d", (int)dead_pid());
	snprintf(tasks, sizeof(tasks), "%s/tasks", full);
	put(tasks, "1\n");
	put(dead, NULL);
	put(alive, NULL);
	put(ROOT "mon_groups/somebody", NULL);
	assert_int_equal(resctrl_open(&r, &h, 4711, &e), 0);
	assert_true(there(full));
	assert_true(there(alive));
	assert_true(there(ROOT "mon_groups/somebody"));
	assert_true(there(GROUP));
	assert_false(there(dead));
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_removed),
		cmocka_unit_test(test_readings),
		cmocka_unit_test(test_one_domain_missing),
		cmocka_unit_test(test_less_total_than_local),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_task_refused),
		cmocka_unit_test(test_group_refused),
		cmocka_unit_test(test_stale_groups),
	};

	return cmocka_run_group_tests_name("resctrl", tests, NULL, NULL);
}
