/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes in a ring buffer, with any head, tail and choice of fields: the decoder comes to an end,
 * reads nothing outside, and accounts for every byte; what it decodes is then looked up in a log of
 * slabs made from the same bytes.
 *
 *	byte 0..1	fields; 2: size of the ring; 3..6: tail; 7..10: bytes in it; the rest: the ring
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/sample/join.h"
#include "collectors/sample/ring.h"
#include "tests/fuzz.h"

#define HEAD 11

const struct fuzz_slice fuzz_slice = { 40000, 2048 };

static const uint64_t bits[] = {
	PERF_SAMPLE_IP,	       PERF_SAMPLE_TID,
	PERF_SAMPLE_TIME,      PERF_SAMPLE_ADDR,
	PERF_SAMPLE_CPU,       PERF_SAMPLE_PERIOD,
	PERF_SAMPLE_WEIGHT,    PERF_SAMPLE_DATA_SRC,
	PERF_SAMPLE_PHYS_ADDR, PERF_SAMPLE_DATA_PAGE_SIZE,
};

static void expect(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "fuzz_sample: %s\n", what);
		abort();
	}
}

static uint32_t u32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Few addresses and times, so that slabs meet: the low bits of what the bytes say. */
static void log_one(struct slab_log *l, const struct sample *s)
{
	static const struct slab_geometry g = { .size = 64, .object_size = 60, .num = 8 };
	uintptr_t bytes = (uintptr_t)4096 << (s->addr >> 8 & 3);
	uintptr_t page = (1u << 20) + (s->addr & 15) * bytes;
	struct kmem_slab_view v = { .page = (void *)page,
				    .s_mem = (void *)page,
				    .mgmt = (void *)(s->ip & 0xffff),
				    .bytes = bytes,
				    .geometry = &g };

	slab_log_tell(l, (enum kmem_watch_event)(s->time % 3), NULL, &v, s->time & 0xff);
}

static void check_log(struct slab_log *l, const struct sample *s)
{
	const struct slab_record *r;

	expect(!slab_log_settle(l), "out of memory");
	for (unsigned i = 0; i < l->nr; i++)
		expect(!i || l->rec[i - 1].page <= l->rec[i].page, "not sorted");
	r = slab_log_find(l, (uintptr_t)s->addr, s->time);
	expect(!r || s->addr - r->page < r->bytes, "an address outside the slab that was found");
	r = slab_log_find_mgmt(l, s->ip & 0xffff, s->time);
	expect(!r || r->mgmt == (s->ip & 0xffff), "another slab's management");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sample_reader r = { 0 };
	struct sample s = { 0 };
	struct slab_log *l;
	uint64_t steps = 0, before;
	uint8_t *ring;

	if (size < HEAD)
		return 0;
	for (unsigned i = 0; i < 10; i++)
		if (u32(data) & 1u << i)
			r.sample_type |= bits[i];
	r.size = UINT64_C(8) << data[2] % 10;
	r.tail = u32(data + 3);
	r.head = r.tail + u32(data + 7) % (2 * r.size);
	ring = calloc(1, r.size);
	expect(ring && !slab_log_create(&l, 16), "out of memory");
	memcpy(ring, data + HEAD, size - HEAD < r.size ? size - HEAD : r.size);
	r.data = ring;
	for (before = r.tail; sample_next(&r, &s); before = r.tail) {
		expect(r.tail > before && r.tail <= r.head, "a record of no length, or too long");
		expect(++steps <= r.size / 8, "more records than fit");
		log_one(l, &s);
	}
	expect(r.tail == r.head, "it stopped before the end");
	check_log(l, &s);
	slab_log_destroy(l);
	free(ring);
	return 0;
}
