/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Samples with addresses: the ring, the log of slabs, the join, what the machine has, and real faults. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collectors/sample/join.h"
#include "collectors/sample/ring.h"
#include "collectors/sample/source.h"
#include "lib/clock.h"
#include "tests/region_help.h"

extern const struct collector collector_sample;

/* ---- the ring ---- */

#define RING 256

struct writer {
	uint8_t data[RING];
	uint64_t head;
};

static void put(struct writer *w, const void *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		w->data[w->head++ % RING] = ((const uint8_t *)p)[i];
}

static void put_record(struct writer *w, unsigned type, unsigned words, const uint64_t *word)
{
	struct perf_event_header h = { .type = type, .size = (uint16_t)(8 + 8 * words) };

	put(w, &h, sizeof(h));
	put(w, word, 8 * words);
}

#define ALL                                                                                 \
	(PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_ADDR |           \
	 PERF_SAMPLE_CPU | PERF_SAMPLE_PERIOD | PERF_SAMPLE_WEIGHT | PERF_SAMPLE_DATA_SRC | \
	 PERF_SAMPLE_PHYS_ADDR | PERF_SAMPLE_DATA_PAGE_SIZE)

/* Each field where the kernel puts it, at every place of the ring that a record can wrap at. */
static void test_fields(void **state)
{
	static const uint64_t word[] = {
		0x1111, 7 | UINT64_C(9) << 32, 0x3333, 0x4444, 5, 0x6666, 0x7777, 0x8888, 0x9999,
		4096
	};

	(void)state;
	assert_int_equal(sample_bytes(ALL), sizeof(word));
	for (uint64_t at = 0; at < RING; at += 8) {
		struct writer w = { .head = 40 * RING + at };
		struct sample_reader r = {
			.data = w.data, .size = RING, .tail = w.head, .sample_type = ALL
		};
		struct sample s;

		put_record(&w, PERF_RECORD_SAMPLE, 10, word);
		r.head = w.head;
		assert_int_equal(sample_next(&r, &s), 1);
		assert_int_equal(s.ip, 0x1111);
		assert_int_equal(s.pid, 7);
		assert_int_equal(s.tid, 9);
		assert_int_equal(s.time, 0x3333);
		assert_int_equal(s.addr, 0x4444);
		assert_int_equal(s.cpu, 5);
		assert_int_equal(s.period, 0x6666);
		assert_int_equal(s.weight, 0x7777);
		assert_int_equal(s.data_src, 0x8888);
		assert_int_equal(s.phys, 0x9999);
		assert_int_equal(s.page_size, 4096);
		assert_int_equal(sample_next(&r, &s), 0);
		assert_int_equal(r.tail, r.head);
		assert_int_equal(r.malformed + r.lost + r.other, 0);
	}
}

/* Which fields are there decides where the others are. */
static void test_field_subsets(void **state)
{
	static const uint64_t bits[] = { PERF_SAMPLE_IP,       PERF_SAMPLE_TID,
					 PERF_SAMPLE_TIME,     PERF_SAMPLE_ADDR,
					 PERF_SAMPLE_CPU,      PERF_SAMPLE_PERIOD,
					 PERF_SAMPLE_WEIGHT,   PERF_SAMPLE_DATA_SRC,
					 PERF_SAMPLE_PHYS_ADDR };

	(void)state;
	for (unsigned set = 0; set < 1u << 9; set++) {
		struct writer w = { .head = RING - 16 };
		struct sample_reader r = { .data = w.data, .size = RING, .tail = w.head };
		uint64_t word[9];
		unsigned n = 0;
		struct sample s;

		for (unsigned i = 0; i < 9; i++)
			if (set & 1u << i) {
				r.sample_type |= bits[i];
				word[n++] = i + 1;
			}
		put_record(&w, PERF_RECORD_SAMPLE, n, word);
		r.head = w.head;
		assert_int_equal(sample_next(&r, &s), 1);
		assert_int_equal(s.ip, set & 1 ? 1 : 0);
		assert_int_equal(s.pid, set & 2 ? 2 : 0);
		assert_int_equal(s.addr, set & 8 ? 4 : 0);
		assert_int_equal(s.weight, set & 64 ? 7 : 0);
		assert_int_equal(s.phys, set & 256 ? 9 : 0);
	}
	assert_int_equal(sample_bytes(PERF_SAMPLE_ADDR | PERF_SAMPLE_CALLCHAIN), 0);
}

/* Records one after the other -> what is counted. Sizes of 0 mean: as long as the words say. */
struct raw {
	unsigned type, words, size;
	uint64_t word[3];
};
static const struct {
	struct raw record[5];
	unsigned cut; /* bytes missing at the end */
	unsigned samples, lost, throttled, other, malformed;
} rings[] = {
	{ { { 0 } }, 0, 0, 0, 0, 0, 0 },
	{ { { PERF_RECORD_SAMPLE, 1, 0, { 1 } }, { PERF_RECORD_SAMPLE, 1, 0, { 2 } } },
	  0,
	  2,
	  0,
	  0,
	  0,
	  0 },
	{ { { PERF_RECORD_LOST, 2, 0, { 1, 40 } },
	    { PERF_RECORD_SAMPLE, 1, 0, { 1 } },
	    { PERF_RECORD_LOST_SAMPLES, 1, 0, { 2 } } },
	  0,
	  1,
	  42,
	  0,
	  0,
	  0 },
	{ { { PERF_RECORD_LOST, 2, 0, { 1, UINT64_MAX } }, { PERF_RECORD_LOST, 2, 0, { 1, 5 } } },
	  0,
	  0,
	  UINT32_MAX,
	  0,
	  0,
	  0 }, /* UINT32_MAX: saturated */
	{ { { PERF_RECORD_THROTTLE, 3, 0, { 1, 2, 3 } },
	    { PERF_RECORD_UNTHROTTLE, 3, 0, { 1 } },
	    { PERF_RECORD_EXIT, 3, 0, { 1 } },
	    { 4711, 0, 0, { 0 } } },
	  0,
	  0,
	  0,
	  1,
	  3,
	  0 },
	/* too short for what it says it is: passed over, and what follows is read */
	{ { { PERF_RECORD_SAMPLE, 0, 0, { 0 } }, { PERF_RECORD_SAMPLE, 1, 0, { 2 } } },
	  0,
	  1,
	  0,
	  0,
	  0,
	  1 },
	{ { { PERF_RECORD_LOST, 1, 0, { 2 } }, { PERF_RECORD_SAMPLE, 1, 0, { 2 } } },
	  0,
	  1,
	  0,
	  0,
	  0,
	  1 },
	/* longer than it need be: newer kernels may add to the end */
	{ { { PERF_RECORD_SAMPLE, 3, 0, { 1, 2, 3 } }, { PERF_RECORD_SAMPLE, 1, 0, { 2 } } },
	  0,
	  2,
	  0,
	  0,
	  0,
	  0 },
	/* lengths that lead nowhere: the rest is dropped */
	{ { { PERF_RECORD_SAMPLE, 1, 4, { 1 } }, { PERF_RECORD_SAMPLE, 1, 0, { 2 } } },
	  0,
	  0,
	  0,
	  0,
	  0,
	  1 },
	{ { { PERF_RECORD_SAMPLE, 1, 65535, { 1 } }, { PERF_RECORD_SAMPLE, 1, 0, { 2 } } },
	  0,
	  0,
	  0,
	  0,
	  0,
	  1 },
	{ { { PERF_RECORD_SAMPLE, 1, 0, { 1 } }, { PERF_RECORD_SAMPLE, 1, 0, { 2 } } },
	  3,
	  1,
	  0,
	  0,
	  0,
	  1 },
	{ { { PERF_RECORD_SAMPLE, 1, 0, { 1 } } }, 9, 0, 0, 0, 0, 1 },
};

static void test_records(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rings) / sizeof(rings[0]); i++) {
		struct writer w = { .head = RING - 24 };
		struct sample_reader r = { .data = w.data,
					   .size = RING,
					   .tail = w.head,
					   .sample_type = PERF_SAMPLE_ADDR };
		unsigned n = 0;
		struct sample s;

		for (int k = 0; k < 5 && rings[i].record[k].type; k++) {
			const struct raw *raw = &rings[i].record[k];
			uint64_t from = w.head;

			put_record(&w, raw->type, raw->words, raw->word);
			if (raw->size)
				for (int b = 0; b < 2; b++)
					w.data[(from + 6 + b) % RING] =
						(uint8_t)(raw->size >> (8 * b));
		}
		r.head = w.head - rings[i].cut;
		while (sample_next(&r, &s))
			n++;
		if (n != rings[i].samples || r.throttled != rings[i].throttled ||
		    r.other != rings[i].other || r.malformed != rings[i].malformed)
			fail_msg("ring %zu: %u samples, %lu other, %lu malformed", i, n,
				 (unsigned long)r.other, (unsigned long)r.malformed);
		assert_true(r.lost == (rings[i].lost == UINT32_MAX ? UINT64_MAX : rings[i].lost));
		assert_int_equal(r.tail, r.head);
	}
	/* a head that is farther ahead than the ring is long */
	struct writer w = { .head = 0 };
	struct sample_reader r = { .data = w.data, .size = RING, .head = RING + 8 };
	struct sample s;

	assert_int_equal(sample_next(&r, &s), 0);
	assert_int_equal(r.malformed, 1);
}

/* ---- a kernel that says no ---- */

static int open_errors[3]; /* of the next calls */
static unsigned nr_opens, nr_closes, exclude_kernel;
static size_t mmap_most;
static int mmap_error;

static int fake_open(struct perf_event_attr *attr, pid_t pid, int cpu, int group,
		     unsigned long flags)
{
	int error = nr_opens < 3 ? open_errors[nr_opens] : 0;

	assert_int_equal(pid, 0);
	assert_int_equal(cpu, -1);
	(void)group;
	(void)flags;
	exclude_kernel = attr->exclude_kernel;
	nr_opens++;
	return error ? -error : 100 + (int)nr_opens;
}

static int fake_close(int fd)
{
	(void)fd;
	nr_closes++;
	return 0;
}

static void *fake_mmap(size_t len, int prot, int fd)
{
	(void)prot;
	(void)fd;
	if (!mmap_error || len <= mmap_most)
		return calloc(1, len);
	errno = mmap_error;
	return NULL;
}

static int fake_munmap(void *p, size_t len)
{
	(void)len;
	free(p);
	return 0;
}

static const struct perf_sys fake_sys = {
	.open = fake_open,
	.close = fake_close,
	.mmap = fake_mmap,
	.munmap = fake_munmap,
};

/* Errors of the calls in turn -> what is returned, and on which side it counts. */
static const struct {
	enum sample_event which;
	int errors[3], rc;
	enum perf_side side;
} opens[] = {
	{ SAMPLE_PAGE_FAULTS, { 0 }, 0, PERF_BOTH },
	{ SAMPLE_PAGE_FAULTS, { EACCES }, 0, PERF_USER },
	{ SAMPLE_PAGE_FAULTS, { EPERM }, 0, PERF_USER },
	{ SAMPLE_PAGE_FAULTS, { EACCES, EACCES }, -EACCES, PERF_USER },
	{ SAMPLE_PAGE_FAULTS, { ENOENT }, -ENOENT, PERF_BOTH },
	{ SAMPLE_PAGE_FAULTS, { ENOSYS }, -ENOSYS, PERF_BOTH },
	{ SAMPLE_PAGE_FAULTS, { EMFILE }, -EMFILE, PERF_BOTH },
	{ SAMPLE_PAGE_FAULTS, { EOPNOTSUPP }, -EOPNOTSUPP, PERF_BOTH },
	{ SAMPLE_PAGE_FAULTS, { EINVAL }, -EINVAL, PERF_BOTH },
};

static void test_refused(void **state)
{
	struct perf_place place = { .paranoid = 2 };
	struct hostfs h = { "/nonexistent" };

	(void)state;
	for (size_t i = 0; i < sizeof(opens) / sizeof(opens[0]); i++) {
		struct sample_source s;
		struct perf_refusal why;
		char text[600];
		int leader, rc;

		nr_opens = nr_closes = 0;
		memcpy(open_errors, opens[i].errors, sizeof(open_errors));
		assert_int_equal(sample_source_describe(opens[i].which, 0, 30, &h, &s, &why), 0);
		rc = sample_source_open(&s, &fake_sys, &place, &leader, &why);
		assert_int_equal(rc > 0 ? 0 : rc, opens[i].rc);
		assert_int_equal(s.side, opens[i].side);
		if (rc > 0) {
			assert_int_equal(exclude_kernel, s.side == PERF_USER);
			continue;
		}
		assert_int_equal(why.error, -opens[i].rc);
		assert_true(*why.reason);
		perf_refusal_text(&why, text, sizeof(text));
		assert_null(strchr(text, '\n'));
	}
	memset(open_errors, 0, sizeof(open_errors));
}

/* A limit on locked memory makes the ring smaller, not absent; other errors are told. */
static void test_ring_limits(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct sample_ring r;

	(void)state;
	mmap_error = EPERM;
	mmap_most = 9 * page;
	assert_int_equal(sample_ring_map(&r, &fake_sys, 5, 64 * page, PERF_SAMPLE_ADDR), 0);
	assert_int_equal(r.data_bytes, 8 * page);
	sample_ring_unmap(&r);
	sample_ring_unmap(&r);
	mmap_most = page;
	assert_int_equal(sample_ring_map(&r, &fake_sys, 5, 64 * page, PERF_SAMPLE_ADDR), -EPERM);
	mmap_error = EINVAL;
	mmap_most = 9 * page;
	assert_int_equal(sample_ring_map(&r, &fake_sys, 5, 64 * page, PERF_SAMPLE_ADDR), -EINVAL);
	mmap_error = 0;
	assert_int_equal(sample_ring_map(&r, &fake_sys, 5, 1, PERF_SAMPLE_ADDR), 0);
	assert_int_equal(r.data_bytes, page);
	sample_ring_unmap(&r);
}

/* ---- machines ---- */

static void write_file(const char *root, const char *path, const char *text)
{
	char buf[512];
	FILE *f;

	snprintf(buf, sizeof(buf), "%s/sys/bus/event_source/devices/%s", root, path);
	for (char *p = buf + 1; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		mkdir(buf, 0777);
		*p = '/';
	}
	f = fopen(buf, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

#define MOST_FILES 6
static const struct {
	const char *file[MOST_FILES][2];
	enum sample_event which;
	int rc;
	uint64_t config, config1;
	unsigned type, leader; /* config of the leader; 0: none */
	const char *words;     /* refused: part of reason and remedy */
} machines[] = {
	{ { { "cpu/type", "4" }, { "cpu/events/mem-loads", "event=0xcd,umask=0x1,ldlat=3" } },
	  SAMPLE_LOADS,
	  0,
	  0x1cd,
	  50,
	  4,
	  0,
	  NULL },
	{ { { "cpu/type", "4" },
	    { "cpu/events/mem-loads", "event=0xcd,umask=0x1,ldlat=3" },
	    { "cpu/events/mem-loads-aux", "event=0x03,umask=0x82" },
	    { "cpu/events/mem-stores", "event=0xcd,umask=0x2" } },
	  SAMPLE_LOADS,
	  0,
	  0x1cd,
	  50,
	  4,
	  0x8203,
	  NULL },
	{ { { "cpu/type", "4" }, { "cpu/events/mem-stores", "event=0xd0,umask=0x82" } },
	  SAMPLE_STORES,
	  0,
	  0x82d0,
	  0,
	  4,
	  0,
	  NULL },
	{ { { "cpu_core/type", "4" },
	    { "cpu_core/events/mem-loads", "event=0xcd,umask=0x1,ldlat=3" } },
	  SAMPLE_LOADS,
	  0,
	  0x1cd,
	  50,
	  4,
	  0,
	  NULL },
	{ { { "ibs_op/type", "11" }, { "ibs_op/format/cnt_ctl", "config:19" } },
	  SAMPLE_IBS,
	  0,
	  1 << 19,
	  0,
	  11,
	  0,
	  NULL },
	{ { { "ibs_op/type", "11" } }, SAMPLE_IBS, 0, 0, 0, 11, 0, NULL },
	{ { { "ibs_op/type", "11" } }, SAMPLE_LOADS, -ENOENT, 0, 0, 0, 0, "sample_event=ibs" },
	{ { { "arm_spe_0/type", "8" } }, SAMPLE_STORES, -ENOENT, 0, 0, 0, 0, "perfctl_mode=mem" },
	{ { { "cpu/type", "4" } }, SAMPLE_LOADS, -ENOENT, 0, 0, 0, 0, "page-faults" },
	{ { { "cpu/type", "4" } }, SAMPLE_IBS, -ENOENT, 0, 0, 0, 0, "no IBS" },
	{ { { "cpu/type", "4" }, { "cpu/events/mem-loads", "event=0xcd,offcore_rsp=1" } },
	  SAMPLE_LOADS,
	  -ENOENT,
	  0,
	  0,
	  0,
	  0,
	  "no precise" },
	{ { { "cpu/type", "4" }, { "cpu/events/mem-loads", "event=" } },
	  SAMPLE_LOADS,
	  -ENOENT,
	  0,
	  0,
	  0,
	  0,
	  "no precise" },
	{ { { "cpu/type", "four" }, { "cpu/events/mem-loads", "event=1" } },
	  SAMPLE_LOADS,
	  -ENOENT,
	  0,
	  0,
	  0,
	  0,
	  "no precise" },
};

static void test_machines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
		char root[] = "/tmp/test_sample.XXXXXX", cmd[64];
		struct sample_source s;
		struct perf_refusal why;
		struct hostfs h;
		int rc;

		assert_non_null(mkdtemp(root));
		for (int k = 0; k < MOST_FILES && machines[i].file[k][0]; k++)
			write_file(root, machines[i].file[k][0], machines[i].file[k][1]);
		snprintf(h.root, sizeof(h.root), "%s", root);
		rc = sample_source_describe(machines[i].which, 0, 50, &h, &s, &why);
		snprintf(cmd, sizeof(cmd), "rm -rf %s", root);
		assert_int_equal(system(cmd), 0);
		if (rc != machines[i].rc)
			fail_msg("machine %zu: %d", i, rc);
		if (rc) {
			if (!strstr(why.reason, machines[i].words) &&
			    !strstr(why.remedy, machines[i].words))
				fail_msg("machine %zu: %s / %s", i, why.reason, why.remedy);
			continue;
		}
		assert_true(s.event.config == machines[i].config);
		assert_true(s.event.config1 == machines[i].config1);
		assert_int_equal(s.event.type, machines[i].type);
		assert_int_equal(s.has_leader, machines[i].leader != 0);
		if (s.has_leader)
			assert_true(s.leader.config == machines[i].leader);
		assert_true(s.period > 0);
		assert_true(sample_bytes(s.sample_type) == 40);
		assert_true(s.which != SAMPLE_IBS || s.period % 16 == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),	    cmocka_unit_test(test_field_subsets),
		cmocka_unit_test(test_records),	    cmocka_unit_test(test_refused),
		cmocka_unit_test(test_ring_limits), cmocka_unit_test(test_machines),
	};

	return cmocka_run_group_tests_name("sample", tests, NULL, NULL);
}
