/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the numa collector reads: numa_maps and smaps beside the census, numastat, vmstat. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collectors/proctext.h"
#include "tests/numa_help.h"

/* ---- texts ---- */

static const struct {
	const char *line;
	int rc;
	uintptr_t start;
	uint64_t kb;
	int hugetlb;
	unsigned nr;
	int node;	/* of the last one */
	uint64_t pages; /* and its pages */
} map_lines[] = {
	{ "7f00 default", 0, 0x7f00, 0, 0, 0, 0, 0 },
	{ "7f00 default anon=2 dirty=2 N0=2 kernelpagesize_kB=4\nffff", 0, 0x7f00, 4, 0, 1, 0, 2 },
	{ "7f00 bind:1 anon=7 active=0 N0=3 N1=4 kernelpagesize_kB=4", 0, 0x7f00, 4, 0, 2, 1, 4 },
	{ "7f00 prefer (many):0-1 heap N12=5", 0, 0x7f00, 0, 0, 1, 12, 5 },
	{ "7f00 bind:0 file=/anon_hugepage\\040(deleted) huge dirty=3 N1=3 kernelpagesize_kB=2048",
	  0, 0x7f00, 2048, 1, 1, 1, 3 },
	{ "7f00 default file=/tmp/huge N0=1", 0, 0x7f00, 0, 0, 1, 0, 1 },
	{ "7f00 default N0=18446744073709551615", 0, 0x7f00, 0, 0, 1, 0, UINT64_MAX },
	{ "7f00 default Nice=1 NONE", 0, 0x7f00, 0, 0, 0, 0, 0 },
	{ "7f00 default N0=18446744073709551616", -EINVAL, 0, 0, 0, 0, 0, 0 },
	{ "7f00 default N0=", -EINVAL, 0, 0, 0, 0, 0, 0 },
	{ "7f00 default N0", -EINVAL, 0, 0, 0, 0, 0, 0 },
	{ "7f00 default N0=1x", -EINVAL, 0, 0, 0, 0, 0, 0 },
	{ "7f00 default N9999999999=1", -EINVAL, 0, 0, 0, 0, 0, 0 },
	{ "7f00 default kernelpagesize_kB=x", -EINVAL, 0, 0, 0, 0, 0, 0 },
	{ "7f00", -EINVAL, 0, 0, 0, 0, 0, 0 },
	{ "", -EINVAL, 0, 0, 0, 0, 0, 0 },
	{ "7F00 default", -EINVAL, 0, 0, 0, 0, 0, 0 },
	{ "11112222333344445 default", -EINVAL, 0, 0, 0, 0, 0, 0 },
};

static void test_map_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(map_lines) / sizeof(map_lines[0]); i++) {
		struct numa_map m;

		if (numa_map_parse(map_lines[i].line, &m) != map_lines[i].rc)
			fail_msg("%s", map_lines[i].line);
		if (map_lines[i].rc)
			continue;
		assert_true(m.start == map_lines[i].start);
		assert_true(m.page_kb == map_lines[i].kb);
		assert_int_equal(m.hugetlb, map_lines[i].hugetlb);
		assert_int_equal(m.nr, map_lines[i].nr);
		if (!m.nr)
			continue;
		assert_int_equal(m.on[m.nr - 1].node, map_lines[i].node);
		assert_true(m.on[m.nr - 1].pages == map_lines[i].pages);
	}
}

#define R(range) range " rw-p 00000000 00:00 0   [heap]\n"

static const struct {
	const char *text;
	int rc;
	unsigned nr;
	uint64_t rss, huge; /* sums */
} smaps_texts[] = {
	{ R("1000-3000") "Size: 8 kB\nRss:   8 kB\nAnonHugePages:  0 kB\nVmFlags: rd wr\n", 0, 1,
	  8192, 0 },
	{ R("1000-3000") "Rss: 4 kB\n" R("4000-5000") "Rss: 4 kB\nAnonHugePages: 4 kB", 0, 2, 8192,
	  4096 },
	{ R("1000-3000") "Private_Hugetlb: 2048 kB\nShared_Hugetlb: 2048 kB\n", 0, 1, 0, 0 },
	{ R("1000-2000") R("2000-3000"), 0, 2, 0, 0 }, /* maps */
	{ "Rss: 4 kB\n", -EINVAL, 0, 0, 0 },
	{ R("3000-1000"), -EINVAL, 0, 0, 0 },
	{ R("1000-1000"), -EINVAL, 0, 0, 0 },
	{ R("1000-3000") "Rss: many kB\n", -EINVAL, 0, 0, 0 },
	{ R("1000-3000") "Rss: 99999999999999999 kB\n", -EINVAL, 0, 0, 0 },
	{ "", -EINVAL, 0, 0, 0 },
	{ "1000", -EINVAL, 0, 0, 0 },
};

struct sums {
	unsigned nr;
	uint64_t rss, huge;
};

static void sum_range(const struct numa_range *r, void *arg)
{
	struct sums *s = arg;

	s->nr++;
	s->rss += r->rss;
	s->huge += r->anon_huge;
}

static void test_smaps(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(smaps_texts) / sizeof(smaps_texts[0]); i++) {
		struct sums s = { .nr = 0 };

		if (numa_ranges(smaps_texts[i].text, sum_range, &s) != smaps_texts[i].rc)
			fail_msg("row %zu", i);
		if (smaps_texts[i].rc)
			continue;
		assert_int_equal(s.nr, smaps_texts[i].nr);
		assert_true(s.rss == smaps_texts[i].rss);
		assert_true(s.huge == smaps_texts[i].huge);
	}
}

static const struct {
	const char *text, *name;
	int rc;
	uint64_t v;
} fields[] = {
	{ "numa_hit 12\nnuma_miss 3\n", "numa_hit", 0, 12 },
	{ "numa_hit 12\nnuma_miss 3\n", "numa_miss", 0, 3 },
	{ "numa_hit_x 9\nnuma_hit 12", "numa_hit", 0, 12 },
	{ "se.nr_migrations      :          7\n", "se.nr_migrations", 0, 7 },
	{ "a 18446744073709551615", "a", 0, UINT64_MAX },
	{ "a 18446744073709551616", "a", -ERANGE, 0 },
	{ "a -1", "a", -EINVAL, 0 },
	{ "a ", "a", -EINVAL, 0 },
	{ "a", "a", -ENOENT, 0 },
	{ "b 1\n", "a", -ENOENT, 0 },
	{ "", "a", -ENOENT, 0 },
	{ "\n\n\na 4", "a", 0, 4 },
};

static void test_fields(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		uint64_t v = 0;

		if (proctext_field(fields[i].text, fields[i].name, &v) != fields[i].rc)
			fail_msg("row %zu: %s", i, fields[i].text);
		if (!fields[i].rc)
			assert_true(v == fields[i].v);
	}
}

/* ---- numa_maps ---- */

#define MAPS(start, counts) "%lx default anon=9 " counts " kernelpagesize_kB=4\n"

/* The slabs' mapping, invented around where they really lie. */
static void test_maps(void **state)
{
	/* pages that numa_maps has too many of on node 0, and too few on node 2 */
	static const struct {
		int more, less;
		double differ;
	} rows[] = { { 0, 0, 0 }, { 3, 3, 3 }, { 5, 0, 5 }, { 0, 4, 4 } };
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct numa_census c = { .total = 0 };
		struct numa_nodes nodes = { .nr = 2, .os = { 0, 2 } };
		struct ch_sink *out;
		char text[512];
		uintptr_t lo = UINTPTR_MAX, hi = 0;
		struct nh_scene s;

		nh_begin(&s, 2, 1, 600, PLACE_LOCAL);
		numa_census(&c, &nodes, &s.env, 65536, &nh_invented);
		for (uint64_t k = 0; k < c.asked; k++) {
			uintptr_t a = (uintptr_t)c.addr[k];

			lo = a < lo ? a : lo;
			hi = a > hi ? a : hi;
		}
		numa_census_release(&c);
		hi += page;
		snprintf(text, sizeof(text),
			 "1000-2000 r--p 0 00:00 0\nRss: 4 kB\nAnonHugePages: 4 kB\n"
			 "%lx-%lx rw-p 0 00:00 0\nRss: 400 kB\nAnonHugePages: 100 kB\n",
			 (unsigned long)lo, (unsigned long)hi);
		ch_file("/proc/self/smaps", text);
		/* every page of it is on node 0, as the invented kernel has it */
		snprintf(text, sizeof(text),
			 "1000 default N0=1000 kernelpagesize_kB=4\n"
			 "%lx bind:0 anon=9 N0=%ld N2=%d kernelpagesize_kB=%zu\n",
			 (unsigned long)lo, (long)((hi - lo) / page) + rows[i].more - rows[i].less,
			 0, page / 1024);
		ch_file("/proc/self/numa_maps", text);
		ch_file("/sys/devices/system/node/online", "0,2\n");
		out = nh_run(&s);
		ch_is(out, "numa.maps_node0", -1,
		      (double)((hi - lo) / page) + rows[i].more - rows[i].less);
		ch_is(out, "numa.maps_node2", -1, 0);
		ch_is(out, "numa.huge_share", -1, 0.25);
		ch_is(out, "numa.maps_differ", -1,
		      rows[i].more > rows[i].less ? rows[i].more - rows[i].less :
						    rows[i].less - rows[i].more);
		ch_sink_free(out);
		/* too many to ask for again */
		s.params.pages = 1;
		out = nh_run(&s);
		ch_lacks(out, "numa.maps_differ", "compares all of them");
		ch_sink_free(out);
		s.params.pages = 65536;
		/* the hugetlb pool counts its own pages */
		snprintf(text, sizeof(text), "%lx bind:0 huge N0=3 kernelpagesize_kB=%zu\n",
			 (unsigned long)lo, 512 * page / 1024);
		ch_file("/proc/self/numa_maps", text);
		out = nh_run(&s);
		ch_is(out, "numa.maps_node0", -1, 3 * 512);
		ch_sink_free(out);
		/* another process's, and broken ones */
		ch_file("/proc/self/numa_maps", "1000 default N0=1\n");
		out = nh_run(&s);
		ch_lacks(out, "numa.maps_node0", "not this process's");
		ch_sink_free(out);
		ch_file("/proc/self/numa_maps", "1000 default N0=1\nrubbish\n");
		out = nh_run(&s);
		ch_lacks(out, "numa.maps_node0", "line 2");
		ch_is(out, "numa.huge_share", -1, 0.25);
		ch_sink_free(out);
		ch_file("/proc/self/smaps", NULL);
		out = nh_run(&s);
		ch_lacks(out, "numa.huge_share", "CONFIG_PROC_PAGE_MONITOR");
		ch_lacks(out, "numa.maps_node0", "/proc/self/maps");
		ch_sink_free(out);
		nh_end(&s);
	}
}

/* The real kernel, about this process: both witnesses agree. */
static void test_real_kernel(void **state)
{
	struct numa_census c = { .total = 0 };
	struct numa_nodes nodes;
	struct numa_maps m;
	struct hostfs host = { .root = "" };
	struct nh_scene s;

	(void)state;
	nh_begin(&s, 2, 1, 600, PLACE_LOCAL);
	for (unsigned i = 0; i < s.nr_obj; i++)
		memset(s.obj[i], 1, 256);
	numa_nodes_init(&nodes, &host, s.machine);
	numa_census(&c, &nodes, &s.env, 65536, &numa_sys_native);
	if (c.error) {
		print_message("skipped: %s\n", c.err.text);
	} else {
		assert_true(c.total == nh_pages(&s));
		assert_true(c.present == c.total);
		numa_maps_read(&m, &nodes, &c, 1u << 20, &host, &numa_sys_native);
		if (m.error)
			print_message("skipped: %s\n", m.err.text);
		else
			assert_int_equal(m.differ_error, 0);
		if (!m.error)
			assert_true(m.differ == 0 && m.pages >= c.total && m.mappings);
	}
	numa_census_release(&c);
	nh_end(&s);
}

/* ---- numastat, vmstat ---- */

#define NUMASTAT \
	"numa_hit %s\nnuma_miss 5\nnuma_foreign 0\ninterleave_hit 1\nlocal_node 9\nother_node 0\n"

static void numastat(const char *path, const char *hit)
{
	char text[256];

	snprintf(text, sizeof(text), NUMASTAT, hit);
	ch_file(path, text);
}

static void test_stat(void **state)
{
	static const char node0[] = "/sys/devices/system/node/node0/numastat",
			  node2[] = "/sys/devices/system/node/node2/numastat";
	struct nh_scene s;
	struct ch_sink *out = ch_sink_create();

	(void)state;
	nh_begin(&s, 2, 1, 10, PLACE_LOCAL);
	ch_file("/sys/devices/system/node/online", "0,2,5\n");
	ch_file("/proc/sys/kernel/numa_balancing", "1\n");
	numastat(node0, "100");
	numastat(node2, "18446744073709551615");
	ch_file("/sys/devices/system/node/node5/numastat", "numa_hit none\n");
	ch_file("/proc/vmstat", "nr_free_pages 7\nnuma_hint_faults 10\nthp_fault_alloc 4\n"
				"pgmigrate_success 99999999999999999999\n");
	nh_open(&s);
	collector_numa.start(&s.ctx);
	numastat(node0, "160");
	numastat(node2, "3");
	ch_file("/proc/vmstat", "nr_free_pages 8\nnuma_hint_faults 25\nthp_fault_alloc 3\n"
				"pgmigrate_success 1\n");
	collector_numa.stop(&s.ctx);
	collector_numa.emit(&s.ctx, &out->sink);
	collector_numa.close(&s.ctx);
	ch_is(out, "numa.stat_node0_numa_hit", -1, 60);
	ch_is(out, "numa.stat_node0_numa_miss", -1, 0);
	ch_is(out, "numa.stat_node0_local_node", -1, 0);
	assert_non_null(
		strstr(ch_value(out, "numa.stat_node0_numa_hit", -1)->note, "machine-wide"));
	ch_lacks(out, "numa.stat_node2_numa_hit", "went backwards");
	ch_is(out, "numa.stat_node2_numa_miss", -1, 0);
	ch_lacks(out, "numa.stat_node5_numa_hit", "no number behind 'numa_hit'");
	ch_is(out, "numa.vmstat_numa_hint_faults", -1, 15);
	ch_lacks(out, "numa.vmstat_thp_fault_alloc", "went backwards, from 4 to 3");
	ch_lacks(out, "numa.vmstat_pgmigrate_success", "no number");
	ch_lacks(out, "numa.vmstat_numa_pages_migrated", "does not count");
	ch_is(out, "numa.balancing", -1, 1);
	assert_non_null(strstr(ch_value(out, "numa.balancing", -1)->note, "sysctl"));
	ch_is(out, "numa.node5", -1, 0); /* online, and nothing is there */
	ch_sink_free(out);
	nh_end(&s);
}

static void test_no_proc(void **state)
{
	struct nh_scene s;
	struct ch_sink *out;

	(void)state;
	nh_begin(&s, 2, 1, 10, PLACE_LOCAL);
	out = nh_run(&s);
	ch_lacks(out, "numa.stat_node0_numa_hit", "CONFIG_NUMA");
	ch_lacks(out, "numa.vmstat_numa_hint_faults", "No such file");
	ch_lacks(out, "numa.balancing", "CONFIG_NUMA_BALANCING");
	ch_lacks(out, "numa.huge_share", "No such file");
	ch_is(out, "numa.placement", -1, 1); /* move_pages needs no file */
	ch_sink_free(out);
	nh_end(&s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_map_lines),   cmocka_unit_test(test_smaps),
		cmocka_unit_test(test_fields),	    cmocka_unit_test(test_maps),
		cmocka_unit_test(test_real_kernel), cmocka_unit_test(test_stat),
		cmocka_unit_test(test_no_proc),
	};

	return cmocka_run_group_tests_name("numa files", tests, NULL, NULL);
}
