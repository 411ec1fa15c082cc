/* SPDX-License-Identifier: GPL-2.0-or-later */
/* collectors/model/target.h: hwloc's XML, made up and of real machines, and this host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collectors/model/target_impl.h"
#include "tests/target_help.h"

static struct mt_target target;

#define CACHE(level, size, line, ways)                                                     \
	"<object type=\"L" #level "Cache\" cache_size=\"" size "\" cache_linesize=\"" line \
	"\" cache_associativity=\"" ways "\">"
#define PU(n) "<object type=\"PU\" os_index=\"" #n "\"/>"
#define NODE(n) "<object type=\"NUMANode\" os_index=\"" #n "\" local_memory=\"1024\"/>"
#define ROOT(inside) \
	"<?xml version=\"1.0\"?>\n<topology version=\"2.0\"><object type=\"Machine\">" inside
#define END "</object></topology>"
#define CLOSE "</object>"

static void xml(void **state)
{
	/* ways unknown and fully associative, a level missing, a memory-side cache, two matrices */
	static const char text[] = ROOT(
		"<object type=\"Package\"><object type=\"MemCache\">" NODE(3)
			CLOSE CACHE(2, "262144", "0", "0") CACHE(1, "4096", "64", "-1") PU(0) PU(2)
				CLOSE CLOSE CLOSE
		"<object type=\"Package\">" NODE(1) CACHE(2, "262144", "64", "8") CACHE(
			1, "4096", "64", "-1") PU(1) PU(3) CLOSE CLOSE
			CLOSE) "</object>"
			       "<distances2 type=\"NUMANode\" nbobjs=\"2\" kind=\"5\" name=\"Bandwidth\">"
			       "<u64values>1 2 3 4</u64values></distances2>"
			       "<distances2 type=\"NUMANode\" nbobjs=\"2\" kind=\"5\" name=\"NUMALatency\" "
			       "indexing=\"os\"><indexes length=\"4\">3 1 </indexes><u64values>10 31 </u64values>"
			       "<u64values>32 10 </u64values></distances2></topology>";
	struct err e = { "" };

	(void)state;
	assert_int_equal(mt_read_xml(&target, text, strlen(text), "a/b c.xml", NULL, &e), -EINVAL);
	assert_non_null(strstr(e.text, "a/b c.xml: l2: hwloc does not know its line"));
	if (mt_read_xml(&target, text, strlen(text), "a/b c.xml", "westmere-ep", &e))
		fail_msg("%s", e.text);
	assert_string_equal(target.name, "b_c");
	assert_true(target.cpus == 4 && target.nodes == 2 && target.nr_levels == 3);
	assert_true(target.node_of[0] == 1 && target.node_of[2] == 0); /* by the kernel's numbers */
	assert_true(target.distance[1][0] == 31 && target.distance[0][1] == 32);
	assert_true(target.cache[0].ways == 64 && target.cache[0].sets == 1);
	assert_true(target.cache[1].line == 64 && target.cache[1].ways == 8);
	assert_true(target.cache[2].size == 12u << 20 && target.cache[2].shared_by == 4);
	assert_string_equal(mt_source(&target, "l2.size"), "H: hwloc");
	assert_non_null(
		strstr(mt_source(&target, "l2.line"), "F: filled from westmere-ep: C: CPUID"));
	assert_true(target.page[0].dtlb.entries == 64);
	target_round_trip(&target);
}

static const struct {
	const char *text, *message;
} bad_xml[] = {
	{ "<", "expected a tag's name" },
	{ "<html></html>", "this is not hwloc's XML" },
	{ "<topology>", "hwloc XML of version 1; only version 2" },
	{ "<topology version=\"3.0\"></topology>", "f: hwloc XML of version 3.0; only version 2" },
	{ "<topology version=\"2.0\"></topology>", "no CPU with memory" },
	{ "<topology version=\"2.0\">", "the text ends before all tags are closed" },
	{ "<topology version=\"2.0\"></object>", "closes what is not open" },
	{ "<topology version=\"2.0\"/><topology version=\"2.0\"/>", "a second root" },
	{ "<topology version=\"2.0>", "expected name=\"value\"" },
	{ "<!-- ", "does not end" },
	{ "<topology version=\"2.0\"><object/></topology>", "an object without a type" },
	{ ROOT("") "<object type=\"PU\" os_index=\"x\"/>" END, "not a number" },
	{ ROOT(CACHE(1, "1024", "64", "x")) CLOSE END, "'x' ways" },
	{ ROOT(NODE(0) PU(0)) END, "l1d: hwloc does not know its size" },
	{ ROOT(NODE(0) CACHE(1, "1000", "64", "8") PU(0) CLOSE) END, "is not its size" },
	{ ROOT("") CLOSE "<distances2 type=\"NUMANode\" nbobjs=\"1\" name=\"NUMALatency\">"
			 "<u64values>1 2</u64values></distances2></topology>",
	  "more numbers than 1 nodes need" },
};

static void wrong_xml(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(bad_xml) / sizeof(bad_xml[0]); i++) {
		struct err e = { "" };
		const char *text = bad_xml[i].text;

		if (!mt_read_xml(&target, text, strlen(text), "f", NULL, &e) ||
		    !strstr(e.text, bad_xml[i].message))
			fail_msg("'%s': '%s', expected '%s'", text, e.text, bad_xml[i].message);
	}
}

/* Real machines, where their files are at hand. */
static void real_xml(void **state)
{
	static const struct {
		const char *file, *fill;
		unsigned cpus, nodes, far, l3_ways, l3_sets, l3_shared;
	} rows[] = {
		{ "amd-opteron6272-8n", NULL, 64, 8, 22, 48, 2048, 8 },
		{ "intel-westmere-2n", "westmere", 24, 2, 20, 16, 2048, 12 },
		{ "arm-kunpeng920-4n", "kunpeng-920", 128, 4, 33, 16, 2048, 32 },
		{ "ibm-power8-2n", "power9", 16, 2, 40, 16, 4096, 2 },
	};
	const char *data = getenv("SLABSCOPE_DATA_DIR");
	unsigned far = 0;
	char path[4096];

	(void)state;
	snprintf(path, sizeof(path), "%s/hwloc-xml", data ? data : "");
	if (!data || access(path, R_OK)) {
		print_message("no hwloc-xml in SLABSCOPE_DATA_DIR: skipped\n");
		skip();
	}
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++, far = 0) {
		snprintf(path, sizeof(path), "%s/hwloc-xml/%s.xml", data, rows[i].file);
		target_read(&target, path, rows[i].fill);
		for (unsigned n = 0; n < target.nodes; n++)
			for (unsigned k = 0; k < target.nodes; k++)
				far = target.distance[n][k] > far ? target.distance[n][k] : far;
		assert_string_equal(target.name, rows[i].file);
		assert_int_equal(target.cpus, rows[i].cpus);
		assert_int_equal(target.nodes, rows[i].nodes);
		assert_int_equal(far, rows[i].far);
		assert_int_equal(target.cache[2].ways, rows[i].l3_ways);
		assert_int_equal(target.cache[2].sets, rows[i].l3_sets);
		assert_int_equal(target.cache[2].shared_by, rows[i].l3_shared);
		target_round_trip(&target);
	}
}

static void host(void **state)
{
	struct err e = { "" };

	(void)state;
	/* a machine whose CPU nobody knows, and that has no caches in its files: then it takes a fill */
	if (mt_read(&target, "host", NULL, &e) && mt_read(&target, "host", "zen4", &e))
		fail_msg("%s", e.text);
	assert_string_equal(target.name, "host");
	assert_in_range(target.cpus, 1, MT_CPUS);
	assert_int_equal(mt_check(&target, &e), 0);
	target_round_trip(&target);
	setenv("HWLOC_SYNTHETIC", "node:2 l2:2(size=1048576) l1d:1(size=32768) pu:2", 1);
	target_read(&target, "host", "zen4");
	assert_true(target.cpus == 8 && target.nodes == 2 && target.cache[0].shared_by == 2);
	assert_true(target.cache[1].shared_by == 2 && target.cache[1].size == 1u << 20);
	unsetenv("HWLOC_SYNTHETIC");
	assert_int_equal(mt_read(&target, "host", "nothing", &e), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(xml),
		cmocka_unit_test(wrong_xml),
		cmocka_unit_test(real_xml),
		cmocka_unit_test(host),
	};

	setenv("HOME", "/nonexistent", 1);
	unsetenv("XDG_CONFIG_HOME");
	return cmocka_run_group_tests_name("target_hwloc", tests, NULL, NULL);
}
