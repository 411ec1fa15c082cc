/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/kmemtrace/pack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "lib/file.h"
#include "lib/kmemtrace/pack_bits.h"

#define RECORD_MAX (8 * 10 + KMEMTRACE_NAME_MAX) /* no record is longer */

struct kmempack {
	struct file_out out;
	struct archive *a;
	unsigned char *block; /* [KMEMPACK_WRITE] */
	size_t len;
	uint32_t records, caches;
	uint64_t ns;
};

static int failed(struct kmempack *p, struct err *e)
{
	const char *text = archive_error_string(p->a);

	return err_set(e, -EIO, "%s: %s", p->out.path, text ? text : "it cannot be written");
}

static int put(struct kmempack *p, const void *data, size_t len, struct err *e)
{
	return archive_write_data(p->a, data, len) == (la_ssize_t)len ? 0 : failed(p, e);
}

static void put32(unsigned char *to, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		to[i] = (unsigned char)(v >> 8 * i);
}

static int flush(struct kmempack *p, const char *type, struct err *e)
{
	unsigned char head[KMEMPACK_HEAD];
	int err;

	memcpy(head, type, 4);
	put32(head + 4, (uint32_t)p->len);
	put32(head + 8, p->records);
	put32(head + 12, (uint32_t)crc32(0, p->block, (uInt)p->len));
	err = put(p, head, sizeof(head), e);
	if (!err)
		err = put(p, p->block, p->len, e);
	p->len = 0;
	p->records = 0;
	return err;
}

static void add(struct kmempack *p, uint64_t v)
{
	p->len += kmempack_put(p->block + p->len, v);
}

static int add_cache(struct kmempack *p, const struct kmemtrace_cache *c)
{
	size_t len = strlen(c->name);

	add(p, KMEMPACK_CACHE);
	add(p, c->req);
	add(p, c->alloc);
	add(p, len);
	memcpy(p->block + p->len, c->name, len);
	p->len += len;
	p->caches++;
	return 0;
}

static void add_record(struct kmempack *p, const struct kmemtrace_record *r)
{
	unsigned kind = r->kind == KMEMTRACE_ALLOC && r->node >= 0 ? KMEMPACK_ALLOC_NODE :
								     (unsigned)r->kind;

	add(p, kind | (uint64_t)r->cpu << 3);
	add(p, kmempack_zigzag((int64_t)(r->ns - p->ns)));
	p->ns = r->ns;
	if (r->kind == KMEMTRACE_ALLOC)
		add(p, r->cache);
	add(p, r->slot);
	if (kind == KMEMPACK_ALLOC_NODE)
		add(p, (uint64_t)r->node);
	p->records++;
}

int kmempack_begin(struct kmempack **out, const char *path, struct err *e)
{
	struct kmempack *p = calloc(1, sizeof(*p));
	struct archive_entry *entry = archive_entry_new();
	int err = 0;

	if (p) {
		p->block = malloc(KMEMPACK_WRITE);
		p->a = archive_write_new();
	}
	if (!p || !entry || !p->block || !p->a) {
		err = err_set(e, -ENOMEM, "no memory");
		goto out;
	}
	err = file_begin(&p->out, path, e);
	if (err)
		goto out;
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_pathname(entry, "trace");
	if (archive_write_add_filter_zstd(p->a) != ARCHIVE_OK ||
	    archive_write_set_format_raw(p->a) != ARCHIVE_OK ||
	    archive_write_set_bytes_in_last_block(p->a, 1) != ARCHIVE_OK ||
	    archive_write_open_FILE(p->a, p->out.stream) != ARCHIVE_OK ||
	    archive_write_header(p->a, entry) != ARCHIVE_OK)
		err = failed(p, e);
	else
		err = put(p, "SLABTRC1", 8, e);
out:
	archive_entry_free(entry);
	if (err) {
		kmempack_abort(p);
		return err;
	}
	*out = p;
	return 0;
}

static int add_totals(struct kmempack *p, const struct kmemtrace_totals *n, struct err *e)
{
	int err = p->len ? flush(p, "DATA", e) : 0;

	if (err)
		return err;
	add(p, n->allocs);
	add(p, n->frees);
	add(p, n->implicit);
	add(p, n->unmatched);
	add(p, n->failed);
	add(p, n->other);
	add(p, n->lost);
	add(p, n->renamed);
	return flush(p, "END ", e);
}

int kmempack_copy(struct kmempack *p, struct kmemtrace *t, struct err *e)
{
	const struct kmemtrace_cache *cache;
	struct kmemtrace_record r;
	uint32_t nr;
	int got;

	while ((got = kmemtrace_next(t, &r, e)) > 0) {
		int err = 0;

		cache = kmemtrace_cache(t, &nr);
		while (!err && p->caches < nr) {
			if (p->len + 2 * RECORD_MAX > KMEMPACK_WRITE)
				err = flush(p, "DATA", e);
			if (!err)
				err = add_cache(p, &cache[p->caches]);
		}
		if (!err && p->len + RECORD_MAX > KMEMPACK_WRITE)
			err = flush(p, "DATA", e);
		if (err)
			return err;
		add_record(p, &r);
	}
	return got ? got : add_totals(p, kmemtrace_totals(t), e);
}

static void drop(struct kmempack *p)
{
	archive_write_free(p->a);
	file_abort(&p->out);
	free(p->block);
	free(p);
}

int kmempack_commit(struct kmempack *p, struct err *e)
{
	int err = archive_write_close(p->a) == ARCHIVE_OK ? 0 : failed(p, e);

	if (!err)
		err = file_commit(&p->out, e);
	drop(p);
	return err;
}

void kmempack_abort(struct kmempack *p)
{
	if (!p)
		return;
	if (p->a)
		archive_write_fail(p->a);
	drop(p);
}
