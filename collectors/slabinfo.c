/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slabinfo: the engine's own counters over the measured region, and what its memory is made of at
 * the end of it; sums over the workload's caches. Peers have neither, and say so.
 *
 * utilisation = bytes_asked / (bytes_held + bytes_mgmt_off): what users hold over what it costs to
 * hold it. The split adds up: held == asked + free_objs + rounding + stride_pad + mgmt + colour +
 * tail.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/collector.h"

struct slabinfo_priv {
	struct kmem_cache_info *at[2]; /* [nr] each: start and stop */
	unsigned nr;
	int error; /* -errno of the sampling */
};

enum row_kind { DELTA, LEVEL, CPUSTAT };

static const struct {
	const char *metric, *unit;
	enum row_kind kind;
	size_t offset; /* of a uint64_t in struct kmem_cache_info */
} rows[] = {
#define ROW(name, unit, kind)                                                         \
	{                                                                             \
		"slabinfo." #name, unit, kind, offsetof(struct kmem_cache_info, name) \
	}
	ROW(grown, "slabs", DELTA),
	ROW(reaped, "slabs", DELTA),
	ROW(errors, "1", DELTA),
	ROW(grow_failures, "1", DELTA),
	ROW(fallbacks, "1", DELTA),
	ROW(refills, "1", DELTA),
	ROW(refills_shared, "1", DELTA),
	ROW(flushes, "1", DELTA),
	ROW(flushes_shared, "1", DELTA),
	ROW(lock_acquisitions, "1", DELTA),
	ROW(list_allocs, "objects", DELTA),
	ROW(list_frees, "objects", DELTA),
	ROW(node_allocs, "objects", DELTA),
	ROW(remote_frees, "objects", DELTA),
	ROW(alien_overflow, "1", DELTA),
	ROW(alloc_hit, "1", CPUSTAT),
	ROW(alloc_miss, "1", CPUSTAT),
	ROW(free_hit, "1", CPUSTAT),
	ROW(free_miss, "1", CPUSTAT),
	ROW(active_objs, "objects", LEVEL),
	ROW(num_objs, "objects", LEVEL),
	ROW(active_slabs, "slabs", LEVEL),
	ROW(num_slabs, "slabs", LEVEL),
	ROW(queued, "objects", LEVEL),
	ROW(bytes_held, "bytes", LEVEL),
	ROW(bytes_asked, "bytes", LEVEL),
	ROW(bytes_free_objs, "bytes", LEVEL),
	ROW(bytes_rounding, "bytes", LEVEL),
	ROW(bytes_stride_pad, "bytes", LEVEL),
	ROW(bytes_mgmt, "bytes", LEVEL),
	ROW(bytes_mgmt_off, "bytes", LEVEL),
	ROW(bytes_colour, "bytes", LEVEL),
	ROW(bytes_tail, "bytes", LEVEL),
#undef ROW
};

#define NR_ROWS (sizeof(rows) / sizeof(rows[0]))

static int slabinfo_open(struct collect_ctx *c, struct err *e)
{
	c->priv = calloc(1, sizeof(struct slabinfo_priv));
	return c->priv ? 0 : err_set(e, -ENOMEM, "no memory");
}

static void sample(struct collect_ctx *c, int at)
{
	struct slabinfo_priv *s = c->priv;

	if (!c->env->ops->is_slab || s->error)
		return;
	if (at == 0) { /* the caches exist since setup, which is after open */
		s->nr = c->env->nr_caches;
		for (int i = 0; i < 2; i++)
			s->at[i] = calloc(s->nr ? s->nr : 1, sizeof(*s->at[i]));
		if (!s->at[0] || !s->at[1]) {
			s->error = -ENOMEM;
			return;
		}
	}
	for (unsigned i = 0; i < s->nr; i++)
		kmem_cache_get_info(c->env->cache[i].slab, &s->at[at][i]);
}

static void slabinfo_start(struct collect_ctx *c)
{
	sample(c, 0);
}

static void slabinfo_stop(struct collect_ctx *c)
{
	sample(c, 1);
}

static uint64_t field(const struct kmem_cache_info *i, size_t offset)
{
	uint64_t v;

	memcpy(&v, (const char *)i + offset, sizeof(v));
	return v;
}

static double sum_of(const struct slabinfo_priv *s, int at, size_t offset)
{
	double sum = 0;

	for (unsigned i = 0; i < s->nr; i++)
		sum += (double)field(&s->at[at][i], offset);
	return sum;
}

static int have_cpustat(const struct slabinfo_priv *s)
{
	for (unsigned i = 0; i < s->nr; i++)
		if (!s->at[0][i].have_cpustat || !s->at[1][i].have_cpustat)
			return 0;
	return 1;
}

static void all_unavailable(struct value_sink *out, const char *why)
{
	for (size_t r = 0; r < NR_ROWS; r++)
		value_put_unavailable(out, rows[r].metric, rows[r].unit, "engine", why);
	value_put_unavailable(out, "slabinfo.utilisation", "1", "engine", why);
}

static void emit_utilisation(const struct slabinfo_priv *s, struct value_sink *out)
{
	double asked = sum_of(s, 1, offsetof(struct kmem_cache_info, bytes_asked));
	double held = sum_of(s, 1, offsetof(struct kmem_cache_info, bytes_held)) +
		      sum_of(s, 1, offsetof(struct kmem_cache_info, bytes_mgmt_off));

	if (held > 0)
		value_put(out, "slabinfo.utilisation", asked / held, "1", "engine", -1);
	else
		value_put_unavailable(out, "slabinfo.utilisation", "1", "engine",
				      "the workload's caches hold no memory");
}

static void slabinfo_emit(struct collect_ctx *c, struct value_sink *out)
{
	const struct slabinfo_priv *s = c->priv;

	if (!c->env->ops->is_slab) {
		all_unavailable(out,
				"this allocator has no slabs to look into; use allocator=slab");
		return;
	}
	if (s->error) {
		all_unavailable(out, strerror(-s->error));
		return;
	}
	if (!s->nr) {
		all_unavailable(out, "this workload has no caches");
		return;
	}
	for (size_t r = 0; r < NR_ROWS; r++) {
		double v = sum_of(s, 1, rows[r].offset);

		if (rows[r].kind == CPUSTAT && !have_cpustat(s)) {
			value_put_unavailable(out, rows[r].metric, rows[r].unit, "engine",
					      "hits are counted with stats=full only");
			continue;
		}
		if (rows[r].kind != LEVEL)
			v -= sum_of(s, 0, rows[r].offset);
		value_put(out, rows[r].metric, v, rows[r].unit, "engine", -1);
	}
	emit_utilisation(s, out);
}

static void slabinfo_close(struct collect_ctx *c)
{
	struct slabinfo_priv *s = c->priv;

	if (!s)
		return;
	free(s->at[0]);
	free(s->at[1]);
	free(s);
	c->priv = NULL;
}

const struct collector collector_slabinfo = {
	.name = "slabinfo",
	.help = "slabs grown and reaped, refills and flushes, and where the memory goes",
	.open = slabinfo_open,
	.start = slabinfo_start,
	.stop = slabinfo_stop,
	.emit = slabinfo_emit,
	.close = slabinfo_close,
};
