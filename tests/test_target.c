/* SPDX-License-Identifier: GPL-2.0-or-later */
/* collectors/model/target.h: shipped targets, their round trip, lines of text, names, errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collectors/model/target_impl.h"
#include "lib/file.h"
#include "tests/target_help.h"
#include "tests/temp_help.h"

static struct mt_target target;

/* ---- shipped ---- */

/* A figure of every part has a mark. */
static void has_source(void *ctx, const char *part, const char *name, const char *value,
		       const char *source)
{
	static const char *const follow[] = { "sets",	   "slices",	"hash",	  "write",
					      "inclusion", "stlb_with", "node_of" };
	unsigned *marks = ctx;

	(void)value;
	for (unsigned i = 0; name && !source && i < sizeof(follow) / sizeof(follow[0]); i++)
		if (!strcmp(name, follow[i]))
			return; /* follows from others, or is what it is where nothing is said */
	if (name && !source)
		fail_msg("%s: %s.%s has no source", target.name, part, name);
	*marks += name != NULL;
}

static void shipped(void **state)
{
	unsigned n = 0, marks;

	(void)state;
	for (const struct mt_file *f = mt_shipped; f->name; f++, n++) {
		struct err e = { "" };

		marks = 0;
		target_read(&target, f->name, NULL);
		assert_string_equal(target.name, f->name);
		assert_int_equal(mt_check(&target, &e), 0);
		mt_each(&target, has_source, &marks);
		assert_true(marks >= 15);
		target_round_trip(&target);
	}
	assert_true(n >= 20);
}

/* Known ones, written down here once more. */
static void figures(void **state)
{
	static const struct {
		const char *name;
		unsigned level;
		uint64_t kib;
		unsigned ways, line, sets, slices, shared;
		enum mt_inclusion inclusion;
		double latency;
	} rows[] = {
		{ "zen4", 0, 32, 8, 64, 64, 1, 1, MT_NINE, 4 },
		{ "zen4", 1, 1024, 8, 64, 8, 256, 1, MT_INCLUSIVE, 14 },
		{ "genoa", 2, 32768, 16, 64, 32768, 1, 8, MT_VICTIM, 50 },
		{ "zen5", 0, 48, 12, 64, 64, 1, 1, MT_NINE, 4 },
		{ "skx", 2, 25344, 11, 64, 2048, 18, 18, MT_VICTIM, 55 },
		{ "sapphire-rapids", 2, 99840, 15, 64, 2048, 52, 40, MT_VICTIM, 85 },
		{ "K8", 1, 1024, 16, 64, 1024, 1, 1, MT_EXCLUSIVE, 12 },
		{ "pentium4", 0, 8, 4, 64, 32, 1, 1, MT_NINE, 2 },
		{ "itanium2", 2, 9216, 18, 128, 4096, 1, 1, MT_NINE, 17 },
		{ "graviton2", 1, 1024, 8, 64, 2048, 1, 1, MT_INCLUSIVE, 11 },
		{ "power9", 0, 32, 8, 128, 32, 1, 4, MT_NINE, 4 },
		{ "power9", 2, 10240, 20, 128, 4096, 1, 8, MT_VICTIM, 33 },
		{ "westmere-ep", 2, 12288, 16, 64, 2048, 6, 6, MT_INCLUSIVE, 42 },
		{ "ultrasparc2", 0, 16, 1, 32, 512, 1, 1, MT_NINE, 2 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct mt_cache *c = &target.cache[rows[i].level];

		target_read(&target, rows[i].name, NULL);
		if (c->size != rows[i].kib * 1024 || c->ways != rows[i].ways ||
		    c->line != rows[i].line || c->sets != rows[i].sets ||
		    c->slices != rows[i].slices || c->shared_by != rows[i].shared ||
		    c->inclusion != rows[i].inclusion || c->latency != rows[i].latency)
			fail_msg("%s: level %u", rows[i].name, rows[i].level + 1);
	}
	target_read(&target, "pentium4", NULL);
	assert_true(target.cache[0].write_through && target.cache[0].policy == MT_PLRU);
	target_read(&target, "skylake", NULL);
	assert_int_equal(target.cache[1].policy, MT_QLRU);
	assert_int_equal(target.cache[1].qlru.replace, 2);
	target_read(&target, "opteron-865", NULL);
	assert_true(target.nodes == 8 && target.cpus == 16 && target.distance[0][7] == 20);
	target_read(&target, "zen4", NULL);
	assert_int_equal(target.page[0].dtlb.entries, 72);
	assert_int_equal(target.page[0].stlb.ways, 8);
	assert_int_equal(target.page[1].stlb_with, 0);
	assert_string_equal(mt_source(&target, "l2.size"),
			    "C: CPUID dump in hwloc tests (AMD-19h-Zen4-2xEpyc-9654)");
	assert_null(mt_source(&target, "l2.nothing"));
}

/* A column of the facts' table, where that is at hand. */
static void against_table(void **state)
{
	static const struct {
		const char *cpu, *name;
	} rows[] = {
		{ "EPYC 9654", "zen4" },
		{ "EPYC 7763", "zen3" },
		{ "EPYC 7742", "zen2" },
		{ "Xeon Gold 6140", "skylake-sp" },
		{ "Xeon Platinum 8380", "icelake-sp" },
		{ "Graviton3", "neoverse-v1" },
		{ "Opteron 250", "opteron-250" },
		{ "Pentium 4 Northwood 2.8 GHz", "pentium4" },
		{ "Core i7-7600U", "skylake" },
		{ "Xeon E5345", "core2" },
		{ "Graviton4", "neoverse-v2" },
		{ "Xeon Phi 7210", "knights-landing" },
	};
	const char *data = getenv("SLABSCOPE_DATA_DIR");
	char path[4096], *text = NULL, *line, *next;
	unsigned found = 0;

	(void)state;
	snprintf(path, sizeof(path), "%s/../facts/cpu-targets.csv", data ? data : "");
	if (!data || file_read(path, 0, &text, NULL, NULL)) {
		print_message("no cpu-targets.csv beside SLABSCOPE_DATA_DIR: skipped\n");
		skip();
	}
	for (line = next = text; (line = strsep(&next, "\n"));)
		for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			size_t n = strlen(rows[i].cpu);
			unsigned year, kib, ways, size, sets;
			double ghz;
			char *at = line + n;

			if (strncmp(line, rows[i].cpu, n) || *at != ',')
				continue;
			/* uarch, vendor, then numbers */
			at = strchr(at + 1, ',');
			at = at ? strchr(at + 1, ',') : NULL;
			assert_non_null(at);
			assert_int_equal(sscanf(at, ",%u,%lf,%u,%u,%u,%u", &year, &ghz, &kib, &ways,
						&size, &sets),
					 6);
			target_read(&target, rows[i].name, NULL);
			assert_int_equal(target.cache[0].size, (uint64_t)kib * 1024);
			assert_int_equal(target.cache[0].ways, ways);
			assert_int_equal(target.cache[0].line, size);
			assert_int_equal(target.cache[0].sets, sets);
			assert_true(target.ghz == ghz);
			found++;
		}
	free(text);
	assert_int_equal(found, sizeof(rows) / sizeof(rows[0]));
}

/* ---- lines of text ---- */

static void lines(void **state)
{
	const struct mt_cache *c = target.cache;

	(void)state;
	target_read(&target,
		    "l1d=32K/8/64:lru,l2=1M/8/64:lru,l3=32M/16/64:plru:victim:shared=8,dtlb=64/4,"
		    "stlb=1536/12,page=4K,cpus=4,nodes=2",
		    NULL);
	assert_true(target.nr_levels == 3 && target.cpus == 4 && target.nodes == 2);
	assert_true(c[0].sets == 64 && c[1].sets == 2048 && c[2].sets == 32768);
	assert_true(c[2].policy == MT_PLRU && c[2].inclusion == MT_VICTIM && c[2].shared_by == 4);
	assert_true(target.page[0].dtlb.ways == 4 && target.page[0].stlb.entries == 1536);
	assert_true(target.node_of[1] == 0 && target.node_of[2] == 1);
	target_round_trip(&target);

	target_read(
		&target,
		"l1d=48KiB/12/64:QLRU_H21_M3_R2_U3:write-through:no-write-allocate:lat=4.5:outstanding=10:"
		"per-cycle=2.5,"
		"l2=6mb/12/64:random:inclusive:slices=8:hash,page=64k,dtlb=16,stlb=1024/8,page=2M,"
		"dtlb=32/fa,stlb=shared,cpus=2,ghz=3.25,dram=90/140.125,walk=30,walks=2,stlb-lat=7.5",
		NULL);
	assert_true(c[0].sets == 64 && c[0].qlru.h3 == 2 && c[0].qlru.h2 == 1 &&
		    c[0].qlru.insert == 3 && c[0].qlru.replace == 2 && c[0].qlru.update == 3);
	assert_true(c[0].write_through && c[0].no_write_allocate && c[0].latency == 4.5);
	assert_true(c[1].sets == 1024 && c[1].slices == 8 && c[1].hash && c[1].shared_by == 2);
	assert_true(target.nr_pages == 2 && target.page[1].stlb_with == 0);
	assert_true(target.page[0].size == 65536 && target.page[1].dtlb.ways == 32);
	assert_true(target.dram_ns[1] == 140.125 && target.walk_cycles == 30);
	assert_true(target.walks == 2 && target.stlb_cycles == 7.5);
	assert_true(c[0].outstanding == 10 && c[0].per_cycle == 2.5 && isnan(c[1].outstanding));
	target_round_trip(&target);

	/* sets that are no power of two; one level; 256 CPUs on 8 nodes */
	target_read(&target, "l1d=33K/8/32,cpus=256,nodes=8,distance=31", NULL);
	assert_true(c[0].sets == 132 && target.distance[0][7] == 31 && target.node_of[255] == 7);
	target_round_trip(&target);
}

static const struct {
	const char *line, *message;
} bad_lines[] = {
	{ "l1d=", "column 1: expected SIZE/WAYS/LINE" },
	{ "l1d=32K/8", "column 1: expected SIZE/WAYS/LINE" },
	{ "l1d=32Q/8/64", "expected a size such as 32K" },
	{ "l1d=0/8/64", "expected a size" },
	{ "l1d=99999999999999999999K/8/64", "expected a size" },
	{ "l1d=32K/0/64", "expected a number from 1 to 64, got '0'" },
	{ "l1d=32K/65/64", "expected a number from 1 to 64" },
	{ "l1d=32K/8/63", "a line of 63 bytes" },
	{ "l1d=32K/7/64", "sets x 7 ways" },
	{ "l1d=2G/8/64", "more than 1G" },
	{ "l1d=48K/12/64:plru", "needs a power of two of ways, not 12" },
	{ "l1d=32K/8/64,l2=1M/8/64:lur", "column 14: expected a policy" },
	{ "l1d=32K/8/64:QLRU_H30_M1_R0_U1", "expected a policy" },
	{ "l1d=32K/8/64:hash", "a hash of slices, and one slice" },
	{ "l1d=32K/8/64:victim", "victim of the level above, and there is none" },
	{ "l1d=32K/8/64,l1d=32K/8/64", "column 14: l1d stands there twice" },
	{ "l2=1M/8/64", "l1d is missing" },
	{ "l1d=32K/8/64,l3=1M/8/64", "l2 is missing" },
	{ "l1d=32K/8/64,l2=1M/8/32", "a line of 32 bytes, and l1d has one of 64" },
	{ "l1d=32K/8/64,l2=1M/8/128:exclusive", "128 and 64 bytes long" },
	{ "l1d=32K/8/64:write-through,l2=1M/8/64:exclusive", "writes through" },
	{ "l1d=32K/8/64:shared=2,l2=1M/8/64:shared=3,cpus=6", "which the 2 of l1d do not divide" },
	{ "l1d=32K/8/64,l2=1M/8/64:shared=4,cpus=6", "does not divide the 6 CPUs" },
	{ "l1d=32K/8/64:shared=0", "expected a number from 1" },
	{ "l1d=32K/8/64,cpus=257", "column 14: expected a number from 1 to 256" },
	{ "l1d=32K/8/64,nodes=9", "expected a number from 1 to 8" },
	{ "l1d=32K/8/64,nodes=2,nodes=2", "column 22: nodes stands there twice" },
	{ "l1d=32K/8/64,dtlb=64/65", "expected ENTRIES/WAYS" },
	{ "l1d=32K/8/64,dtlb=64/7", "64 entries are not a multiple of 7 ways" },
	{ "l1d=32K/8/64,dtlb=130/65", "65 ways; 1 to 64, or all entries" },
	{ "l1d=32K/8/64,stlb=shared", "has none to share" },
	{ "l1d=32K/8/64,dtlb=64,dtlb=64", "stands there already" },
	{ "l1d=32K/8/64,page=2M,page=4K", "stands behind a page size as large" },
	{ "l1d=32K/8/64,page=4K,page=2M,stlb=shared",
	  "shares the stlb of a page size that has none" },
	{ "l1d=32K/8/64,page=3K", "a power of two from 4K" },
	{ "l1d=32K/8/64,ghz=0", "0 GHz" },
	{ "l1d=32K/8/64:outstanding=0", "0 misses at once; 1 or more" },
	{ "l1d=32K/8/64:per-cycle=0", "0 hits in a cycle" },
	{ "l1d=32K/8/64,walks=0.5", "0.5 page walks at once; 1 or more" },
	{ "l1d=32K/8/64,stlb-lat=x", "expected a number" },
	{ "l1d=32K/8/64,ghz=1.2345", "at most 3 places" },
	{ "l1d=32K/8/64,ghz=-1", "expected a number" },
	{ "l1d=32K/8/64,l4=1M/8/64", "column 14: expected l1d, l2" },
	{ "l1d=32K/8/64,", "column 14: expected NAME=" },
};

static void wrong_lines(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(bad_lines) / sizeof(bad_lines[0]); i++) {
		struct err e = { "" };

		assert_int_equal(mt_read_line(&target, bad_lines[i].line, &e), -EINVAL);
		if (!strstr(e.text, bad_lines[i].message))
			fail_msg("'%s': '%s', expected '%s'", bad_lines[i].line, e.text,
				 bad_lines[i].message);
	}
}

/* ---- files ---- */

#define HEAD "[target]\nformat = 1\nname = x\n"
#define L1 "[l1d]\nsize = 32K\nways = 8\nline = 64\n"

static const struct {
	const char *text, *message;
} bad_files[] = {
	{ "", "f: expected [target] with 'format = 1'" },
	{ HEAD, "no l1d" },
	{ L1, "f:2: expected [target] with 'format = 1' first" },
	{ "[target]\nformat = 2\n", "f:2: format 2 of target files; this program reads up to 1" },
	{ "[target]\nformat = 1\n" L1, "[target] has no name" },
	{ "[target]\nformat = 1\nname = a b\n", "f:3: expected a name" },
	{ "[target]\nformat = 1\nname = ../x\n", "f:3: expected a name" },
	{ HEAD "colour = 1\n", "f:4: no 'colour' in [target]" },
	{ HEAD "match = zen\n", "f:4: match: expected VENDOR" },
	{ HEAD "match = AMD/1/9-2\n", "match: expected VENDOR" },
	{ HEAD "[l4]\n", "f:4: no section [l4]" },
	{ HEAD "[l1d]\nsize = 32K\n", "[l1d] needs size, ways and line" },
	{ HEAD "[l1d]\nsise = 32K\n", "f:5: no 'sise' in [l1d]; size, ways, line" },
	{ HEAD "[l1d]\nsize = big\n", "f:5: size: expected a size" },
	{ HEAD L1 "sets = 32\n", "32 sets x 8 ways x 64 bytes x 1 slices is not its size" },
	{ HEAD L1 "policy = fifo\n", "f:8: policy: expected lru" },
	{ HEAD L1 "inclusion = some\n", "f:8: inclusion: expected nine" },
	{ HEAD L1 "write = around\n", "f:8: write: expected back" },
	{ HEAD L1 "hash = maybe\n", "f:8: hash: expected on or off" },
	{ HEAD L1 "latency = 4 | Q: x\n", "f:8: latency: expected one of the marks" },
	{ HEAD L1 "latency = 4 | C nothing\n", "no 'nothing' in [sources]" },
	{ HEAD L1 "latency = 4 | C:\n", "a source's text has 1 to" },
	{ HEAD "[sources]\na = b\n" L1, "line 5: no figure has the source 'a'" },
	{ HEAD L1 "[page 2M]\n[page 4K]\n", "f:9: [page 4K]: page sizes stand in ascending order" },
	{ HEAD L1 "[page x]\n", "f:8: [page x]: expected a size" },
	{ HEAD L1 "[page 4K]\nstlb_with = 2M\n", "expected a page size that stands above" },
	{ HEAD L1 "[machine]\ncpus = 0\n", "f:9: cpus: expected a number from 1 to 256" },
	{ HEAD L1 "[machine]\ncpus = 2\nnodes = 2\nnode_of = 0*3\n", "more than the 2 CPUs" },
	{ HEAD L1 "[machine]\ncpus = 2\nnodes = 2\nnode_of = 0\n",
	  "nodes of 1 CPUs, but 'cpus' is 2" },
	{ HEAD L1 "[machine]\ncpus = 2\nnodes = 2\nnode_of = 0,2\n", "with nodes 0 to 1" },
	{ HEAD L1 "[machine]\nnodes = 2\ndistance = 10 20,20\n", "column 2 of row 2" },
	{ HEAD L1 "[machine]\nnodes = 2\ndistance = 10 20,20 10 1\n", "and then ' 1'" },
	{ HEAD L1 "[machine]\nnodes = 2\ndistance = 10 20,20 11\n",
	  "distance from node 1 to 1 is 11" },
	{ HEAD L1 "[machine]\nnodes = 2\ndistance = 10 9,20 10\n",
	  "distance from node 0 to 1 is 9" },
	{ HEAD L1 "[machine]\ndistance = 10\nnodes = 2\n",
	  "stands in front of node_of and distance" },
};

static void wrong_files(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(bad_files) / sizeof(bad_files[0]); i++) {
		struct err e = { "" };
		const char *text = bad_files[i].text;

		if (!mt_read_ini(&target, text, strlen(text), "f", &e) ||
		    !strstr(e.text, bad_files[i].message))
			fail_msg("'%s': '%s', expected '%s'", text, e.text, bad_files[i].message);
	}
}

/* By name, alias and path; the user's folder goes first; near names are offered. */
static void names(void **state)
{
	char folder[TEMP_MAX], path[256];
	struct err e = { "" };
	char **list;
	unsigned n = 0;

	(void)state;
	assert_non_null(temp_folder(folder, "target"));
	setenv("XDG_CONFIG_HOME", folder, 1);
	snprintf(path, sizeof(path), "%s/slabscope", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/slabscope/targets", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/slabscope/targets/zen4.ini", folder);
	assert_int_equal(file_write(path, HEAD L1, strlen(HEAD L1), NULL), 0);
	target_read(&target, "zen4", NULL);
	assert_string_equal(target.name, "x");
	assert_string_equal(mt_source(&target, "l1d.policy"), "A: assumed");
	target_read(&target, path, NULL);
	assert_string_equal(target.name, "x");
	assert_int_equal(file_write(path, HEAD, strlen(HEAD), NULL), 0);
	assert_int_equal(mt_read(&target, "zen4", NULL, &e), -EINVAL);
	assert_non_null(strstr(e.text, path));
	list = mt_names();
	assert_non_null(list);
	for (char **s = list; *s; s++)
		n += !strcmp(*s, "zen4");
	assert_int_equal(n, 1);
	mt_names_free(list);
	unlink(path);
	target_read(&target, "zen4", NULL);
	assert_string_equal(target.name, "zen4");
	assert_int_equal(mt_read(&target, "zem4", NULL, &e), -ENOENT);
	assert_non_null(strstr(e.text, "did you mean 'zen4'"));
	assert_int_equal(mt_read(&target, "qwertyuiop", NULL, &e), -ENOENT);
	assert_null(strstr(e.text, "did you mean"));
	assert_int_equal(mt_read(&target, "./nothing.ini", NULL, &e), -ENOENT);
	assert_non_null(strstr(e.text, "nothing.ini"));
	snprintf(path, sizeof(path), "%s/slabscope/targets", folder);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/slabscope", folder);
	rmdir(path);
	rmdir(folder);
	unsetenv("XDG_CONFIG_HOME");
}

/* Which target a CPU has. */
static void matches(void **state)
{
	static const struct {
		struct mt_cpu cpu;
		const char *name; /* NULL: none */
	} rows[] = {
		{ { .vendor = "AuthenticAMD", .family = 25, .model = 17 }, "zen4" },
		{ { .vendor = "AuthenticAMD", .family = 25, .model = 1 }, "zen3" },
		{ { .vendor = "AuthenticAMD", .family = 23, .model = 49 }, "zen2" },
		{ { .vendor = "AuthenticAMD", .family = 26, .model = 2 }, "zen5-epyc" },
		{ { .vendor = "AuthenticAMD", .family = 15, .model = 33 }, "opteron-865" },
		{ { .vendor = "GenuineIntel", .family = 6, .model = 85, .stepping = 4 },
		  "skylake-sp" },
		{ { .vendor = "GenuineIntel", .family = 6, .model = 85, .stepping = 7 },
		  "cascadelake-sp" },
		{ { .vendor = "GenuineIntel", .family = 6, .model = 143 }, "sapphire-rapids" },
		{ { .vendor = "GenuineIntel", .family = 6, .model = 999 }, NULL },
		{ { .implementer = 0x41, .part = 0xd0c }, "neoverse-n1" },
		{ { .implementer = 0x48, .part = 0xd01 }, "kunpeng-920" },
		{ { .power = "POWER9" }, "power9" },
		{ { .power = "POWER8" }, NULL },
		{ { .family = 0 }, NULL },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int r = mt_find_cpu(&target, &rows[i].cpu);

		assert_int_equal(r, rows[i].name ? 0 : -ENOENT);
		if (!r)
			assert_string_equal(target.name, rows[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shipped),	 cmocka_unit_test(figures),
		cmocka_unit_test(against_table), cmocka_unit_test(lines),
		cmocka_unit_test(wrong_lines),	 cmocka_unit_test(wrong_files),
		cmocka_unit_test(names),	 cmocka_unit_test(matches),
	};

	setenv("HOME", "/nonexistent", 1);
	unsetenv("XDG_CONFIG_HOME");
	return cmocka_run_group_tests_name("target", tests, NULL, NULL);
}
