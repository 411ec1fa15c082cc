/* SPDX-License-Identifier: GPL-2.0-or-later */
/* engine/machine.h: this machine, described ones, emulated nodes, synthetic machines. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/machine.h"
#include "engine/membarrier.h"
#include "engine/rseq.h"

static int pow2(unsigned n)
{
	return n && !(n & (n - 1));
}

/* What holds of every machine. */
static void check_sane(const struct kmem_machine *m, const char *what)
{
	unsigned online = 0, on_nodes = 0;

	if (!pow2(m->page_size) || !pow2(m->cache_line) ||
	    m->page_size % (unsigned)sysconf(_SC_PAGESIZE))
		fail_msg("%s: page %u, line %u", what, m->page_size, m->cache_line);
	assert_in_range(m->nr_cpus, 1, KMEM_MAX_CPUS);
	assert_in_range(m->nr_nodes, 1, KMEM_MAX_NODES);
	for (unsigned c = 0; c < m->nr_cpus; c++) {
		if (m->cpu_node[c] >= m->nr_nodes || m->cpu_online[c] > 1)
			fail_msg("%s: CPU %u: node %u, online %u", what, c, m->cpu_node[c],
				 m->cpu_online[c]);
		online += m->cpu_online[c];
	}
	for (unsigned i = 0; i < m->nr_nodes; i++) {
		uint8_t order[KMEM_MAX_NODES], seen[KMEM_MAX_NODES] = { 0 };

		on_nodes += kmem_machine_node_cpus(m, i);
		kmem_machine_zonelist(m, i, order);
		assert_int_equal(order[0], i);
		for (unsigned k = 0; k < m->nr_nodes; k++) {
			assert_true(order[k] < m->nr_nodes && !seen[order[k]]);
			seen[order[k]] = 1;
			assert_true(m->distance[i][k] >= 1);
			if (k < 2)
				continue;
			if (m->distance[i][order[k - 1]] > m->distance[i][order[k]] ||
			    (m->distance[i][order[k - 1]] == m->distance[i][order[k]] &&
			     order[k - 1] > order[k]))
				fail_msg("%s: node %u: %u before %u", what, i, order[k - 1],
					 order[k]);
		}
	}
	assert_true(online >= 1);
	assert_int_equal(online, on_nodes);
}

static void clear_env(void)
{
	unsetenv("HWLOC_XMLFILE");
	unsetenv("HWLOC_SYNTHETIC");
	unsetenv("HWLOC_THISSYSTEM");
}

/* ---- this machine ---- */

static void native(void **state)
{
	struct kmem_machine m;
	struct err e = { "" };
	cpu_set_t set;
	FILE *f;

	(void)state;
	clear_env();
	if (kmem_machine_native(&m, &e))
		fail_msg("%s", e.text);
	check_sane(&m, "native");
	assert_false(m.emulated);
	assert_int_equal(m.page_size, sysconf(_SC_PAGESIZE));
	for (unsigned i = 1; i < m.nr_nodes; i++)
		assert_true(m.os_node[i - 1] < m.os_node[i]);
	/* another source of the same: online are the CPUs that the scheduler would give us */
	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	for (unsigned c = 0; c < m.nr_cpus && c < CPU_SETSIZE; c++)
		assert_int_equal(m.cpu_online[c], !!CPU_ISSET(c, &set));
	/* and the kernel's word for the node of a CPU */
	for (unsigned c = 0; c < m.nr_cpus; c++)
		for (unsigned n = 0; m.cpu_online[c] && n < m.nr_nodes; n++) {
			char path[96];

			snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/node%d", c,
				 m.os_node[n]);
			if (!access(path, F_OK))
				assert_int_equal(m.cpu_node[c], n);
		}
	f = fopen("/sys/devices/system/cpu/possible", "r");
	if (f) {
		char line[256] = "", *last;

		assert_non_null(fgets(line, sizeof(line), f));
		fclose(f);
		last = line + strcspn(line, "\n");
		while (last > line && strchr("0123456789\n", last[-1] ? last[-1] : '\n'))
			last--;
		assert_int_equal(m.nr_cpus, (unsigned)atoi(last) + 1);
	}
}

static void native_cpu_source(void **state)
{
	struct kmem_machine m;

	(void)state;
	clear_env();
	assert_int_equal(kmem_machine_native(&m, NULL), 0);
#ifdef KMEM_RSEQ
	if (__rseq_size && (kmem_membarrier_register() & KMEM_BARRIER_RSEQ) &&
	    !strstr(getenv("LD_PRELOAD") ? getenv("LD_PRELOAD") : "", "vgpreload"))
		assert_int_equal(m.cpu_source, KMEM_CPU_RSEQ);
	else
		assert_int_equal(m.cpu_source, KMEM_CPU_SLOT);
#else
	assert_int_equal(m.cpu_source, KMEM_CPU_SLOT);
#endif
}

/* ---- described machines ---- */

struct expect {
	const char *name; /* an XML file, or a synthetic description */
	unsigned cpus, online, nodes, line, l1d_size, l1d_ways, l2_size, l2_ways;
	uint8_t row0[8]; /* distances from node 0 */
	unsigned node_of_last_cpu, os_node_of_last;
};

static void compare(const struct expect *x, const struct kmem_machine *m)
{
	unsigned online = 0;

	check_sane(m, x->name);
	assert_true(m->emulated);
	assert_int_equal(m->cpu_source, KMEM_CPU_SLOT);
	for (unsigned c = 0; c < m->nr_cpus; c++)
		online += m->cpu_online[c];
	if (m->nr_cpus != x->cpus || online != x->online || m->nr_nodes != x->nodes)
		fail_msg("%s: %u CPUs, %u online, %u nodes", x->name, m->nr_cpus, online,
			 m->nr_nodes);
	if (m->cache_line != x->line || m->l1d_size != x->l1d_size || m->l1d_ways != x->l1d_ways ||
	    m->l2_size != x->l2_size || m->l2_ways != x->l2_ways)
		fail_msg("%s: line %u, L1d %u in %u ways, L2 %u in %u ways", x->name, m->cache_line,
			 m->l1d_size, m->l1d_ways, m->l2_size, m->l2_ways);
	for (unsigned i = 0; i < x->nodes && i < 8; i++)
		if (m->distance[0][i] != x->row0[i])
			fail_msg("%s: distance from 0 to %u is %u", x->name, i, m->distance[0][i]);
	assert_int_equal(m->cpu_node[m->nr_cpus - 1], x->node_of_last_cpu);
	assert_int_equal(m->os_node[m->nr_nodes - 1], x->os_node_of_last);
}

static void xml(void **state)
{
	static const struct expect table[] = {
		/* nodes in the order 0 1 6 7 2 3 4 5 by CPU: ours are in the kernel's order */
		{ "amd-opteron6272-8n.xml",
		  64,
		  64,
		  8,
		  64,
		  16384,
		  4,
		  2097152,
		  16,
		  { 10, 16, 16, 22, 16, 22, 16, 22 },
		  5,
		  7 },
		{ "intel-westmere-2n.xml", 24, 24, 2, 64, 32768, 8, 262144, 8, { 10, 20 }, 1, 1 },
		/* CPUs 0-7 of each 16 are offline; no L1 or L2, two more matrices */
		{ "ibm-power8-2n.xml", 106, 16, 2, 64, 0, 0, 0, 0, { 10, 40 }, 1, 1 },
		{ "arm-kunpeng920-4n.xml",
		  128,
		  128,
		  4,
		  64,
		  65536,
		  4,
		  524288,
		  8,
		  { 10, 16, 32, 33 },
		  3,
		  3 },
	};
	const char *dir = getenv("SLABSCOPE_DATA_DIR");

	(void)state;
	if (!dir) {
		print_message(
			"skipped: set SLABSCOPE_DATA_DIR to the folder that has hwloc-xml/\n");
		skip();
	}
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct kmem_machine m;
		struct err e = { "" };
		char path[512];

		clear_env();
		snprintf(path, sizeof(path), "%s/hwloc-xml/%s", dir, table[i].name);
		if (access(path, R_OK)) {
			print_message("skipped: no %s\n", path);
			skip();
		}
		setenv("HWLOC_XMLFILE", path, 1);
		if (kmem_machine_native(&m, &e))
			fail_msg("%s: %s", table[i].name, e.text);
		clear_env();
		compare(&table[i], &m);
	}
}

static void synthetic_topologies(void **state)
{
	static const struct expect table[] = {
		{ "pack:2 numa:2 pu:8", 32, 32, 4, 64, 0, 0, 0, 0, { 10, 20, 20, 20 }, 3, 3 },
		{ "numa:1 core:1 pu:1", 1, 1, 1, 64, 0, 0, 0, 0, { 10 }, 0, 0 },
		{ "numa:64 pu:1",
		  64,
		  64,
		  64,
		  64,
		  0,
		  0,
		  0,
		  0,
		  { 10, 20, 20, 20, 20, 20, 20, 20 },
		  63,
		  63 },
		{ "numa:2 l2:2(size=1048576) l1d:2(size=49152) pu:1",
		  8,
		  8,
		  2,
		  64,
		  49152,
		  0,
		  1048576,
		  0,
		  { 10, 20 },
		  1,
		  1 },
		/* no node says that it has memory: all of them count */
		{ "numa:2(memory=0) pu:3", 6, 6, 2, 64, 0, 0, 0, 0, { 10, 20 }, 1, 1 },
		/* two nodes at one place (ordinary and fast memory): the CPUs are of the first */
		{ "pack:1 [numa(memory=1GB)] [numa(memory=1GB)] pu:2",
		  2,
		  2,
		  2,
		  64,
		  0,
		  0,
		  0,
		  0,
		  { 10, 20 },
		  0,
		  1 },
		{ "pack:1 [numa(memory=0)] [numa(memory=1GB)] pu:2",
		  2,
		  2,
		  1,
		  64,
		  0,
		  0,
		  0,
		  0,
		  { 10 },
		  0,
		  1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct kmem_machine m;
		struct err e = { "" };

		clear_env();
		setenv("HWLOC_SYNTHETIC", table[i].name, 1);
		if (kmem_machine_native(&m, &e))
			fail_msg("%s: %s", table[i].name, e.text);
		clear_env();
		compare(&table[i], &m);
	}
}

/* hwloc says nothing of these and goes on with the real machine; we do not. */
static void bad_descriptions(void **state)
{
	static const struct {
		const char *env, *value, *text;
		int code;
	} table[] = {
		{ "HWLOC_XMLFILE", "/nonexistent/x.xml",
		  "HWLOC_XMLFILE=/nonexistent/x.xml: hwloc cannot use it", -EINVAL },
		{ "HWLOC_XMLFILE", "/dev/null", "hwloc cannot use it", -EINVAL },
		{ "HWLOC_SYNTHETIC", "no such thing", "HWLOC_SYNTHETIC=no such thing", -EINVAL },
		{ "HWLOC_SYNTHETIC", "numa:65 pu:1", "more than 64 memory nodes", -E2BIG },
		{ "HWLOC_SYNTHETIC", "numa:1 pu:4097", "at most 4096 CPUs", -E2BIG },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct kmem_machine m;
		struct err e = { "" };
		int r;

		clear_env();
		setenv(table[i].env, table[i].value, 1);
		r = kmem_machine_native(&m, &e);
		clear_env();
		if (r != table[i].code || !strstr(e.text, table[i].text))
			fail_msg("%s=%s: %d '%s'", table[i].env, table[i].value, r, e.text);
	}
}

/* ---- emulated and synthetic ---- */

static void emulate(void **state)
{
	static const struct {
		unsigned cpus, offline_from, nodes;
		uint8_t cpu_node[8];
	} table[] = {
		{ 8, 8, 2, { 0, 0, 0, 0, 1, 1, 1, 1 } },
		{ 8, 8, 3, { 0, 0, 0, 1, 1, 1, 2, 2 } },
		{ 8, 8, 8, { 0, 1, 2, 3, 4, 5, 6, 7 } },
		{ 2, 2, 4, { 0, 1 } },			 /* nodes 2 and 3 have memory only */
		{ 8, 2, 2, { 0, 1, 1, 1, 1, 1, 1, 1 } }, /* 6 CPUs on paper */
		{ 1, 1, 64, { 0 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct kmem_machine m;

		assert_int_equal(kmem_machine_synthetic(&m, table[i].cpus, 1, NULL), 0);
		m.emulated = 0;
		m.os_node[0] = 5;
		for (unsigned c = table[i].offline_from; c < table[i].cpus; c++)
			m.cpu_online[c] = 0;
		assert_int_equal(kmem_machine_emulate(&m, table[i].nodes, NULL), 0);
		check_sane(&m, "emulated");
		assert_true(m.emulated);
		assert_int_equal(m.nr_nodes, table[i].nodes);
		assert_int_equal(m.nr_cpus, table[i].cpus);
		for (unsigned c = 0; c < table[i].cpus; c++)
			if (m.cpu_node[c] != table[i].cpu_node[c])
				fail_msg("row %zu: CPU %u is on node %u", i, c, m.cpu_node[c]);
		for (unsigned a = 0; a < m.nr_nodes; a++) {
			assert_int_equal(m.os_node[a], 5);
			for (unsigned b = 0; b < m.nr_nodes; b++)
				assert_int_equal(m.distance[a][b], a == b ? 10 : 20);
		}
	}
}

static void emulate_edges(void **state)
{
	struct kmem_machine m, was;
	struct err e = { "" };

	(void)state;
	assert_int_equal(kmem_machine_synthetic(&m, 4, 2, &e), 0);
	m.emulated = 0;
	was = m;
	assert_int_equal(kmem_machine_emulate(&m, 2, &e), 0);
	assert_memory_equal(&m, &was, sizeof(m)); /* as many as there are: nothing to do */
	assert_int_equal(kmem_machine_emulate(&m, 0, &e), -EINVAL);
	assert_int_equal(kmem_machine_emulate(&m, KMEM_MAX_NODES + 1, &e), -EINVAL);
	assert_string_equal(e.text, "65 nodes: expected 1 to 64");
	assert_memory_equal(&m, &was, sizeof(m));
	/* fewer than there are */
	assert_int_equal(kmem_machine_emulate(&m, 1, &e), 0);
	check_sane(&m, "one");
	assert_int_equal(kmem_machine_node_cpus(&m, 0), 4);
}

static void synthetic(void **state)
{
	static const struct {
		unsigned cpus, nodes;
		int code;
	} table[] = {
		{ 1, 1, 0 },
		{ 4, 2, 0 },
		{ 7, 3, 0 },
		{ 2, 8, 0 },
		{ KMEM_MAX_CPUS, KMEM_MAX_NODES, 0 },
		{ 0, 1, -EINVAL },
		{ 1, 0, -EINVAL },
		{ KMEM_MAX_CPUS + 1, 1, -EINVAL },
		{ 1, KMEM_MAX_NODES + 1, -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct kmem_machine m;
		struct err e = { "" };
		unsigned least = ~0u, most = 0;

		assert_int_equal(kmem_machine_synthetic(&m, table[i].cpus, table[i].nodes, &e),
				 table[i].code);
		if (table[i].code) {
			assert_true(e.text[0]);
			continue;
		}
		check_sane(&m, "synthetic");
		assert_int_equal(m.cpu_source, KMEM_CPU_SLOT);
		for (unsigned n = 0; n < m.nr_nodes; n++) {
			unsigned c = kmem_machine_node_cpus(&m, n);

			least = c < least ? c : least;
			most = c > most ? c : most;
			for (unsigned k = 0; k < m.nr_nodes; k++) {
				unsigned d = 10 + 10 * (n > k ? n - k : k - n);

				assert_int_equal(m.distance[n][k], d < 255 ? d : 255);
			}
		}
		assert_true(most - least <= 1);
		for (unsigned c = 1; c < m.nr_cpus; c++)
			assert_true(m.cpu_node[c] >= m.cpu_node[c - 1]);
	}
}

static void zonelist(void **state)
{
	static const struct {
		unsigned node;
		uint8_t distance[4], order[4];
	} table[] = {
		{ 0, { 10, 20, 20, 20 }, { 0, 1, 2, 3 } },
		{ 2, { 20, 20, 10, 20 }, { 2, 0, 1, 3 } },
		{ 1, { 33, 10, 20, 11 }, { 1, 3, 2, 0 } },
		{ 3, { 1, 40, 2, 255 }, { 3, 0, 2, 1 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct kmem_machine m;
		uint8_t order[KMEM_MAX_NODES];

		assert_int_equal(kmem_machine_synthetic(&m, 4, 4, NULL), 0);
		memcpy(m.distance[table[i].node], table[i].distance, 4);
		kmem_machine_zonelist(&m, table[i].node, order);
		assert_memory_equal(order, table[i].order, 4);
	}
}

/* test_machine [PATTERN]: only tests with such a name, as in 'native*' */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(native),
		cmocka_unit_test(native_cpu_source),
		cmocka_unit_test(xml),
		cmocka_unit_test(synthetic_topologies),
		cmocka_unit_test(bad_descriptions),
		cmocka_unit_test(emulate),
		cmocka_unit_test(emulate_edges),
		cmocka_unit_test(synthetic),
		cmocka_unit_test(zonelist),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("machine", tests, NULL, NULL);
}
