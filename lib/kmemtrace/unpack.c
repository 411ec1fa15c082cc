/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Our own format, block by block, into records. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "lib/kmemtrace/pack.h"
#include "lib/kmemtrace/pack_bits.h"
#include "lib/kmemtrace/source_impl.h"

static int bad(const struct kmemtrace *t, int code, const char *what, struct err *e)
{
	return err_set(e, code, "%s: block at byte %" PRIu64 ": %s", t->name, t->block_offset,
		       what);
}

static uint32_t get32(const unsigned char *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* A number of the block; false: it ends before, or is too long. */
static bool get(struct kmemtrace *t, uint64_t *v)
{
	*v = 0;
	for (unsigned shift = 0; shift < 64 && t->block_at < t->block_len; shift += 7) {
		unsigned char c = t->block[t->block_at++];

		if (shift == 63 && c > 1)
			return false;
		*v |= (uint64_t)(c & 0x7f) << shift;
		if (!(c & 0x80))
			return true;
	}
	return false;
}

/* The whole head and payload, checked. 1 a block of data, 0 the end. */
static int next_block(struct kmemtrace *t, struct err *e)
{
	unsigned char head[KMEMPACK_HEAD];
	bool end;
	int got;

	t->block_offset = stream_offset(t->s);
	got = stream_read(t->s, head, sizeof(head), e);
	if (!got)
		return bad(t, -ENODATA,
			   "the file ends here, without its last block: it was cut off", e);
	if (got < 0)
		return got;
	end = !memcmp(head, "END ", 4);
	if (!end && memcmp(head, "DATA", 4) != 0)
		return bad(t, -EBADMSG, "no head of a block", e);
	t->block_len = get32(head + 4);
	t->block_left = get32(head + 8);
	t->block_at = 0;
	if (!t->block_len || t->block_len > KMEMPACK_BLOCK)
		return bad(t, -EBADMSG, "its length is none", e);
	if (!t->block)
		t->block = malloc(KMEMPACK_BLOCK);
	if (!t->block)
		return err_set(e, -ENOMEM, "no memory");
	got = stream_read(t->s, t->block, t->block_len, e);
	if (got <= 0)
		return got == -EIO ? got : bad(t, -ENODATA, "it is cut off", e);
	if ((uint32_t)crc32(0, t->block, (uInt)t->block_len) != get32(head + 12))
		return bad(t, -EBADMSG, "its checksum is wrong", e);
	return !end;
}

/* What the file says of itself against what was read. */
static int last_block(struct kmemtrace *t, struct err *e)
{
	uint64_t v[8];
	const unsigned char *p;

	for (int i = 0; i < 8; i++)
		if (!get(t, &v[i]))
			return bad(t, -EINVAL, "totals that cannot be read", e);
	if (t->block_at != t->block_len || t->block_left)
		return bad(t, -EINVAL, "more than totals", e);
	if (v[0] != t->n.allocs || v[1] != t->n.frees || v[2] != t->n.implicit)
		return bad(t, -EINVAL, "its totals are not those of its records", e);
	t->n.unmatched = v[3];
	t->n.failed = v[4];
	t->n.other = v[5];
	t->n.lost = v[6];
	t->n.renamed = v[7];
	if (stream_peek(t->s, &p, 1, NULL))
		return bad(t, -EINVAL, "something follows the last block", e);
	return 0;
}

static int take_cache(struct kmemtrace *t, struct err *e)
{
	uint64_t req, alloc, len;
	int64_t id;

	if (!get(t, &req) || !get(t, &alloc) || !get(t, &len) || len >= KMEMTRACE_NAME_MAX ||
	    len > t->block_len - t->block_at || !req || req > alloc || alloc > KMEM_EVENT_SIZE_MAX)
		return bad(t, -EINVAL, "a cache that is none", e);
	id = kmemtrace_add_cache(t, (const char *)t->block + t->block_at, len, req, alloc, e);
	t->block_at += len;
	return id < 0 ? (int)id : 0;
}

static int take_record(struct kmemtrace *t, uint64_t tag, struct kmemtrace_record *r, struct err *e)
{
	unsigned kind = tag & 7;
	bool alloc = kind == KMEMTRACE_ALLOC || kind == KMEMPACK_ALLOC_NODE;
	uint64_t dt, cache = 0, slot, node = 0;

	if (kind > KMEMPACK_ALLOC_NODE || tag >> 3 > UINT16_MAX)
		return bad(t, -EINVAL, "a record of an unknown kind", e);
	if (!t->block_left)
		return bad(t, -EINVAL, "more records than it says", e);
	t->block_left--;
	if (!get(t, &dt) || (alloc && (!get(t, &cache) || cache >= t->nr_caches)) ||
	    !get(t, &slot) || slot > UINT32_MAX ||
	    (kind == KMEMPACK_ALLOC_NODE && (!get(t, &node) || node > 1023)))
		return bad(t, -EINVAL, "a record that cannot be read", e);
	t->at += (uint64_t)kmempack_unzigzag(dt);
	*r = (struct kmemtrace_record){
		.ns = t->at,
		.kind = alloc ? KMEMTRACE_ALLOC : (enum kmemtrace_kind)kind,
		.cache = (uint32_t)cache,
		.slot = (uint32_t)slot,
		.cpu = (uint16_t)(tag >> 3),
		.node = (int16_t)(kind == KMEMPACK_ALLOC_NODE ? (int)node : -1),
	};
	return 0;
}

int kmemtrace_next_packed(struct kmemtrace *t, struct kmemtrace_record *r, struct err *e)
{
	for (;;) {
		uint64_t tag;
		int err;

		if (t->block_at == t->block_len) {
			if (t->block_left)
				return bad(t, -EINVAL, "fewer records than it says", e);
			err = next_block(t, e);
			if (err <= 0)
				return err ? err : last_block(t, e);
		}
		if (!get(t, &tag))
			return bad(t, -EINVAL, "a record that cannot be read", e);
		if (tag == KMEMPACK_CACHE) {
			err = take_cache(t, e);
			if (err)
				return err;
			continue;
		}
		err = take_record(t, tag, r, e);
		if (err)
			return err;
		err = kmemtrace_account(t, r, e);
		return err ? err_prefix(e, err, "%s: block at byte %" PRIu64, t->name,
					t->block_offset) :
			     1;
	}
}
