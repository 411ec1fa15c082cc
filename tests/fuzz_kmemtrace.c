/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a trace of a slab allocator: refused with a reason, or records that keep their rules. By the first byte
 * the rest is taken as it is, as lines put together of pieces of real ones, or as blocks of our own format with a
 * right head and checksum.
 */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "lib/kmemtrace/count.h"
#include "lib/kmemtrace/pack_bits.h"
#include "tests/fuzz.h"

const struct fuzz_slice fuzz_slice = { 10000, 2048 };

static void expect(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "fuzz_kmemtrace: %s\n", what);
		abort();
	}
}

#define MOST 65536u

struct input {
	unsigned char *p;
	size_t len;
};

static void add(struct input *in, const void *p, size_t len)
{
	if (in->len + len > MOST)
		return;
	memcpy(in->p + in->len, p, len);
	in->len += len;
}

/* One piece for each byte; some bytes as they are. */
static void make_lines(struct input *in, const uint8_t *data, size_t size)
{
	static const char *const piece[] = {
		"sh 1 [000] 1.0: ",
		"x y [001] d... 2.000001: ",
		"kmem:",
		"kmem_cache_alloc: ",
		"kmem_cache_free: ",
		"kmem_cache_alloc_node: ",
		"kfree: ",
		"call_site=f+0x1 ",
		"call_site=g ",
		"ptr=0xffff0001 ",
		"ptr=0xffff0002 ",
		"ptr=ab ",
		"ptr=(nil) ",
		"name=x ",
		"name=yy z ",
		"bytes_req=8 ",
		"bytes_req=100 ",
		"bytes_alloc=8 ",
		"bytes_alloc=128 ",
		"node=-1 ",
		"node=1 ",
		"gfp_flags=A|B ",
		"\n",
		"[LOST 3 EVENTS]\n",
		"sh 1 [000] 1.1: kmem_cache_alloc: call_site=f ptr=0xa bytes_req=8 bytes_alloc=8\n",
		"sh 1 [001] 1.2: kmem_cache_free: call_site=f ptr=0xa name=q\n",
		"sh 1 [000] 1.3: kmem_cache_alloc: call_site=f ptr=0xb name=q bytes_req=8 bytes_alloc=8\n",
	};

	for (size_t i = 0; i < size; i++) {
		const char *s = piece[data[i] % (sizeof(piece) / sizeof(piece[0]))];

		if (data[i] >= 250)
			add(in, &data[i], 1);
		else
			add(in, s, strlen(s));
	}
}

static void put32(unsigned char *to, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		to[i] = (unsigned char)(v >> 8 * i);
}

/* Blocks of up to 63 bytes; the count of records is right or nearly. */
static void make_blocks(struct input *in, const uint8_t *data, size_t size)
{
	add(in, "SLABTRC1", 8);
	while (size >= 3) {
		unsigned char head[KMEMPACK_HEAD];
		size_t len = data[0] & 63;

		if (len > size - 2)
			len = size - 2;
		memcpy(head, data[0] & 64 ? "END " : "DATA", 4);
		put32(head + 4, (uint32_t)len);
		put32(head + 8, data[1] & 15);
		put32(head + 12, (uint32_t)crc32(0, data + 2, (uInt)len));
		add(in, head, sizeof(head));
		add(in, data + 2, len);
		data += 2 + len;
		size -= 2 + len;
	}
}

/* Whether it was refused; *records: what came before. */
static bool read_all(const struct input *in, bool partial, uint64_t *records)
{
	struct kmemcounts counts = { .cache = NULL };
	struct kmemtrace_record r;
	struct kmemtrace *t;
	struct err e = { "" };
	int got;

	*records = 0;
	if (kmemtrace_open_memory(&t, in->p, in->len, partial, &e)) {
		expect(*e.text, "refused without a reason");
		return true;
	}
	while ((got = kmemtrace_next(t, &r, &e)) > 0) {
		const struct kmemtrace_totals *n = kmemtrace_totals(t);
		uint32_t nr;

		kmemtrace_cache(t, &nr);
		expect(r.cache < nr && r.slot < n->slots && r.cpu < n->cpus,
		       "a record out of its bounds");
		expect(n->slots == n->peak && n->live <= n->peak, "slots");
		expect(n->allocs == n->frees + n->implicit + n->live, "a sum");
		expect(!kmemcount_add(&counts, t, &r, &e), "counts");
		++*records;
	}
	expect(got == 0 || *e.text, "an error without a reason");
	if (partial)
		got = *kmemtrace_totals(t)->damage.text ? -1 : 0;
	kmemcounts_fini(&counts);
	kmemtrace_close(t);
	return got < 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { malloc(MOST), 0 };
	uint64_t records, again;
	bool refused;

	if (!size || !in.p) {
		free(in.p);
		return 0;
	}
	if (data[0] % 3 == 0)
		add(&in, data + 1, size - 1);
	else if (data[0] % 3 == 1)
		make_lines(&in, data + 1, size - 1);
	else
		make_blocks(&in, data + 1, size - 1);
	refused = read_all(&in, false, &records);
	expect(read_all(&in, true, &again) == refused || !again, "damage that was not told");
	expect(again == records, "other records up to the damage");
	free(in.p);
	return 0;
}
