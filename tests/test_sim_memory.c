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
#include <unistd.h>

#include "collectors/model/frames.h"
#include "collectors/model/sim.h"
#include "lib/rng.h"
#include "tests/fake_host.h"
#include "tests/sim_help.h"
#include "tests/sim_lru.h"
#include "tests/sim_twin.h"

#define BASE UINT64_C(0x7f0000000000)

/* ---- spans, ranges, TLBs ---- */

static void test_spans(void **state)
{
	static const struct sim_options o = { .frames = SIM_IDENTITY };
	static const struct {
		uint64_t addr, size, lines, pages;
	} rows[] = {
		{ 0, 1, 1, 1 },	    { 63, 1, 1, 1 },	    { 63, 2, 2, 1 },
		{ 60, 8, 2, 1 },    { 4092, 8, 2, 2 },	    { 0, 4096, 64, 1 },
		{ 1, 4096, 65, 2 }, { 4095, 4098, 66, 3 },  { 0, 0, 0, 0 },
		{ 64, 64, 1, 1 },   { 100, 10000, 157, 3 },
	};
	struct mt_cache c = twin_level(64, 8, 64, MT_LRU);
	struct mt_target t;

	(void)state;
	twin_target(&t, 1, &c);
	t.page[0].dtlb = (struct mt_tlb){ 64, 64 };
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct sim *s = sim_of(&t, &o);
		struct sim_counts n;

		sim_range(s, 0, BASE + rows[i].addr, rows[i].size, true);
		sim_counts(s, 0, &n);
		assert_int_equal(n.accesses[SIM_L1D], rows[i].lines);
		assert_int_equal(n.misses[SIM_L1D], rows[i].lines);
		assert_int_equal(n.accesses[SIM_DTLB], rows[i].pages);
		assert_int_equal(n.misses[SIM_DTLB], rows[i].pages);
		sim_access(s, 0, BASE + rows[i].addr, (unsigned)rows[i].size, false);
		sim_counts(s, 0, &n);
		assert_int_equal(n.misses[SIM_L1D], rows[i].lines);
		assert_int_equal(n.accesses[SIM_L1D], 2 * rows[i].lines);
		sim_destroy(s);
	}
}

/* Of both kinds of store: sets of ways, and fully associative beyond 16 ways. */
static void test_tlbs(void **state)
{
	static const struct {
		struct mt_tlb d, s;
	} rows[] = { { { 64, 4 }, { 1536, 12 } },
		     { { 72, 72 }, { 3072, 24 } },
		     { { 16, 16 }, { 48, 48 } },
		     { { 12, 2 }, { 60, 5 } },
		     { { 96, 96 }, { 0, 0 } } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		static const struct sim_options o = { .frames = SIM_RANDOM_FRAMES, .seed = 3 };
		struct mt_cache c = twin_level(64, 8, 64, MT_LRU);
		struct sim_lru l[2] = { { 1, 1, NULL, 0, 0 }, { 1, 1, NULL, 0, 0 } };
		unsigned levels = rows[i].s.entries ? 2 : 1;
		struct mt_target t;
		struct sim_counts n;
		struct sim *s;
		struct rng r;

		twin_target(&t, 1, &c);
		t.page[0].dtlb = rows[i].d;
		t.page[0].stlb = rows[i].s;
		for (unsigned j = 0; j < levels; j++) {
			const struct mt_tlb *b = j ? &rows[i].s : &rows[i].d;

			l[j].ways = b->ways;
			l[j].sets = b->entries / b->ways;
			l[j].line = calloc(b->entries, sizeof(uint64_t));
		}
		s = sim_of(&t, &o);
		rng_seed(&r, i);
		for (unsigned k = 0; k < 30000; k++) {
			uint64_t page = rng_below(&r, 1 + rng_below(&r, 4000));
			uint64_t addr = BASE + page * 4096 + rng_below(&r, 4000);

			sim_access(s, 0, addr, 8, false);
			sim_lru_access(l, levels, addr, 8, 4096);
		}
		sim_counts(s, 0, &n);
		assert_int_equal(sim_has(s, SIM_STLB), levels == 2);
		for (unsigned j = 0; j < levels; j++) {
			assert_int_equal(n.accesses[SIM_DTLB + j], l[j].accesses);
			assert_int_equal(n.misses[SIM_DTLB + j], l[j].misses);
			free(l[j].line);
		}
		sim_destroy(s);
	}
}

/* 2 MiB pages: one translation for each. */
static void test_huge_tlb(void **state)
{
	struct mt_cache c = twin_level(64, 8, 64, MT_LRU);
	struct mt_target t;

	(void)state;
	twin_target(&t, 1, &c);
	t.page[0].dtlb = (struct mt_tlb){ 64, 4 };
	t.page[1] = (struct mt_page){ UINT64_C(2) << 20, { 32, 32 }, { 0, 0 }, -1 };
	t.nr_pages = 2;
	for (unsigned kind = SIM_IDENTITY; kind <= SIM_HUGETLB; kind++) {
		struct sim_options o = { .frames = (enum sim_frames)kind };
		struct sim *s = sim_of(&t, &o);
		struct sim_counts n;

		for (unsigned i = 0; i < 2048; i++)
			sim_access(s, 0, BASE + i * UINT64_C(4096), 8, false);
		sim_counts(s, 0, &n);
		assert_int_equal(n.accesses[SIM_DTLB], 2048);
		assert_int_equal(n.misses[SIM_DTLB], kind >= SIM_THP ? 4 : 2048);
		sim_destroy(s);
	}
}

/* ---- frames ---- */

static int order(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static unsigned odd_node(void *arg, uint64_t page_addr, unsigned cpu)
{
	unsigned *calls = arg;

	(void)cpu;
	++*calls;
	return page_addr / 4096 & 1;
}

#define FRAMES 3000

static void test_frames(void **state)
{
	static uint64_t frame[3][FRAMES];

	(void)state;
	for (unsigned kind = SIM_RANDOM_FRAMES; kind <= SIM_HUGETLB; kind++) {
		for (unsigned run = 0; run < 3; run++) { /* the third with another seed */
			unsigned calls = 0;
			struct sim_options o = { .frames = (enum sim_frames)kind,
						 .seed = run / 2,
						 .node_of = odd_node,
						 .arg = &calls };
			struct frames f;

			assert_int_equal(frames_init(&f, &o, 4096, 2, NULL), 0);
			for (unsigned i = 0; i < FRAMES; i++) {
				uint32_t p = frames_touch(&f, 1000 + i, 0, 0);

				assert_int_equal(frames_touch(&f, 1000 + i, 0, 0), p);
				frame[run][i] = f.page[p].frame;
				assert_int_equal(f.page[p].frame >> FRAMES_NODE_BITS &
							 (MT_NODES - 1),
						 f.page[p].node);
				if (kind == SIM_RANDOM_FRAMES)
					assert_int_equal(f.page[p].node, i & 1);
				else if (i && (1000 + i) % 512)
					assert_int_equal(frame[run][i], frame[run][i - 1] + 1);
			}
			assert_int_equal(calls, kind == SIM_RANDOM_FRAMES ? FRAMES : 7);
			frames_fini(&f);
		}
		assert_memory_equal(frame[0], frame[1], sizeof(frame[0]));
		assert_int_equal(!memcmp(frame[0], frame[2], sizeof(frame[0])),
				 kind == SIM_HUGETLB);
		qsort(frame[0], FRAMES, sizeof(**frame), order);
		for (unsigned i = 1; i < FRAMES; i++)
			assert_int_not_equal(frame[0][i], frame[0][i - 1]);
	}
}

static void test_permutation(void **state)
{
	static bool seen[1 << 12];

	(void)state;
	for (uint64_t seed = 0; seed < 5; seed++) {
		memset(seen, 0, sizeof(seen));
		for (uint64_t k = 0; k < 1 << 12; k++) {
			uint64_t x = frames_permute(seed, k, 12);

			assert_true(x < 1 << 12);
			assert_false(seen[x]);
			seen[x] = true;
		}
	}
}

/* The entries of the pages about this stack; the file is sparse. */
static void write_entries(const struct hostfs *h, uint64_t entry)
{
	char path[512];
	uint64_t page = (uintptr_t)path / (uint64_t)sysconf(_SC_PAGESIZE);
	int fd;

	assert_int_equal(hostfs_path(h, path, sizeof(path), "/proc/self/pagemap"), 0);
	fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	for (uint64_t i = page - 32; i < page + 32; i++)
		assert_int_equal(pwrite(fd, &entry, sizeof(entry), (off_t)(i * sizeof(entry))),
				 sizeof(entry));
	close(fd);
}

/* A file of frames in place of the machine's: absent, all 0, and one that says something. */
static void test_pagemap(void **state)
{
	static const struct sim_options o = { .frames = SIM_PAGEMAP };
	const char *old = getenv("SLABSCOPE_HOSTFS");
	struct mt_cache c = twin_level(64, 8, 64, MT_LRU);
	struct mt_target t;
	struct hostfs h;
	struct err e;
	struct sim *s = NULL;

	(void)state;
	assert_null(old);
	fake_host(&h, NULL, 0);
	assert_int_equal(setenv("SLABSCOPE_HOSTFS", h.root, 1), 0);
	twin_target(&t, 1, &c);
	assert_int_equal(sim_create(&s, &t, &o, &e), -ENOENT);
	assert_non_null(strstr(e.text, "pagemap"));
	fake_write(&h, &(struct fake_file){ "proc/self/pagemap", "" });
	assert_int_equal(sim_create(&s, &t, &o, &e), -ENODATA);
	/* the page is in memory, and its frame hidden; then one that is told */
	write_entries(&h, UINT64_C(1) << 63);
	assert_int_equal(sim_create(&s, &t, &o, &e), -EPERM);
	assert_non_null(strstr(e.text, "CAP_SYS_ADMIN"));
	assert_null(s);
	write_entries(&h, UINT64_C(1) << 63 | 77);
	assert_int_equal(sim_create(&s, &t, &o, &e), 0);
	sim_destroy(s);
	s = NULL;
	t.page[0].size = 65536;
	assert_int_equal(sim_create(&s, &t, &o, &e), -EINVAL);
	assert_non_null(strstr(e.text, "65536"));
	fake_remove(&h);
	unsetenv("SLABSCOPE_HOSTFS");
	assert_null(s);
}

/* The machine's own, where it lets itself be read. */
static void test_real_pagemap(void **state)
{
	static const struct sim_options o = { .frames = SIM_PAGEMAP };
	struct mt_target t;
	struct mt_cache level[2] = { twin_level(64, 8, 64, MT_LRU),
				     twin_level(2048, 8, 64, MT_LRU) };
	struct sim_counts n;
	struct err e;
	struct sim *s;
	char *mine = malloc(64 * 4096);

	(void)state;
	assert_non_null(mine);
	memset(mine, 1, 64 * 4096);
	twin_target(&t, 2, level);
	if (sim_create(&s, &t, &o, &e)) {
		print_message("skipped: %s\n", e.text);
		free(mine);
		skip();
	}
	for (unsigned i = 0; i < 64; i++)
		sim_access(s, 0, (uintptr_t)mine + i * UINT64_C(4096), 8, false);
	sim_is_whole(s);
	sim_counts(s, 0, &n);
	assert_int_equal(n.misses[SIM_L2], 64);
	sim_destroy(s);
	free(mine);
}

/* ---- memory that goes away ---- */

static void test_forget(void **state)
{
	struct mt_cache level[2] = { twin_level(64, 8, 64, MT_LRU),
				     twin_level(256, 8, 64, MT_LRU) };
	struct mt_target t;

	(void)state;
	level[1].inclusion = MT_INCLUSIVE;
	twin_target(&t, 2, level);
	t.page[0].dtlb = (struct mt_tlb){ 64, 4 };
	for (unsigned kind = SIM_IDENTITY; kind <= SIM_HUGETLB; kind++) {
		unsigned calls = 0;
		struct sim_options o = { .frames = (enum sim_frames)kind,
					 .kinds = true,
					 .node_of = odd_node,
					 .arg = &calls };
		struct sim *s = sim_of(&t, &o);
		struct sim_counts n;

		for (unsigned turn = 0; turn < 3; turn++) {
			sim_range(s, 0, BASE, 8 * 4096, true);
			sim_access(s, 0, BASE, 8, true);
			sim_forget(s, BASE, turn < 2 ? 8 * 4096 : 4096 + 256);
			sim_is_whole(s);
		}
		assert_int_equal(calls, kind >= SIM_THP ? 3 : 24);
		sim_counts(s, 0, &n);
		/* never a line of before, and nothing written back */
		assert_int_equal(n.misses[0], 3 * 512);
		assert_int_equal(n.kind[0][SIM_COMPULSORY], 3 * 512);
		assert_int_equal(n.writebacks[1], 0);
		sim_reset_counts(s);
		/* a page and four lines of the next are gone, the rest is warm */
		sim_range(s, 0, BASE, 8 * 4096, false);
		sim_counts(s, 0, &n);
		assert_int_equal(n.misses[0], 68);
		assert_int_equal(n.misses[1], 68);
		sim_destroy(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spans),	     cmocka_unit_test(test_tlbs),
		cmocka_unit_test(test_huge_tlb),     cmocka_unit_test(test_frames),
		cmocka_unit_test(test_permutation),  cmocka_unit_test(test_pagemap),
		cmocka_unit_test(test_real_pagemap), cmocka_unit_test(test_forget),
	};

	return cmocka_run_group_tests_name("sim_memory", tests, NULL, NULL);
}
