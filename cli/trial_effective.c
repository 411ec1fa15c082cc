/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the request came to: geometry, machine, build, and where the pages really lie. */

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/trial_model.h"
#include "engine/pages.h"
#include "lib/host.h"

void trial_effective(int out, const char *name, const char *fmt, ...)
{
	char text[TRIAL_LINE_MAX / 2];
	struct trial_line l = { .kind = TRIAL_EFFECTIVE, .name = name, .text = text };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	trial_line_write(out, &l);
}

static const struct {
	const char *name;
	size_t offset; /* of an unsigned in struct slab_geometry */
} geometry_rows[] = {
#define ROW(field)                                            \
	{                                                     \
#field, offsetof(struct slab_geometry, field) \
	}
	ROW(object_size),   ROW(size),	       ROW(align),    ROW(gfporder),   ROW(num),
	ROW(slab_size),	    ROW(left_over),    ROW(colour),   ROW(colour_off), ROW(off_slab),
	ROW(objfreelist),   ROW(index_bytes),  ROW(limit),    ROW(batchcount), ROW(shared),
	ROW(slack_objects), ROW(slack_orders), ROW(red_zone), ROW(poison),     ROW(store_user),
#undef ROW
};

/* "colour" for the first cache, "colour.1" for the next: most workloads have one. */
static void emit_geometry(int out, const struct slab_geometry *g, unsigned cache)
{
	for (size_t i = 0; i < sizeof(geometry_rows) / sizeof(geometry_rows[0]); i++) {
		char name[64];
		unsigned v;

		memcpy(&v, (const char *)g + geometry_rows[i].offset, sizeof(v));
		snprintf(name, sizeof(name), cache ? "%s.%u" : "%s", geometry_rows[i].name, cache);
		/* the classic rule leaves queues to enable_cpucache, also when debugging */
		trial_effective(out, name, "%u", v);
	}
}

/* ---- where the pages are ---- */

#define PAGES_ASKED 4096 /* at once */

struct census {
	const struct trial_exec *x;
	void *addr[PAGES_ASKED];
	int want[PAGES_ASKED]; /* OS node */
	int is[PAGES_ASKED];
	size_t n;
	uint64_t slabs, pages, right, untouched;
	uint64_t colours[1024 / 64]; /* bits: colours seen, of the first 1024 */
	int error;
	struct err err;
};

/* Ask the kernel about what has been noted. */
static void census_ask(struct census *c)
{
	if (!c->n || c->error)
		return;
	c->error = pages_where(c->addr, c->n, c->is, &c->err);
	for (size_t i = 0; i < c->n && !c->error; i++) {
		c->pages += c->is[i] >= 0;
		c->untouched += c->is[i] == -ENOENT;
		c->right += c->is[i] == c->want[i];
		if (c->is[i] < 0 && c->is[i] != -ENOENT)
			c->error =
				err_set(&c->err, c->is[i], "move_pages: %s", strerror(-c->is[i]));
	}
	c->n = 0;
}

static void census_slab(const struct kmem_slab_view *v, void *arg)
{
	struct census *c = arg;
	const struct slab_config *config = &c->x->config;
	unsigned node = v->node;

	if (config->placement == PLACE_BIND || config->placement == PLACE_PREFERRED)
		node = config->place_node;
	c->slabs++;
	if (v->colour < 1024)
		c->colours[v->colour / 64] |= UINT64_C(1) << v->colour % 64;
	for (size_t at = 0; at < v->bytes; at += c->x->machine->page_size) {
		c->addr[c->n] = (char *)(uintptr_t)v->page + at;
		c->want[c->n] = c->x->machine->os_node[node];
		if (++c->n == PAGES_ASKED)
			census_ask(c);
	}
}

static void emit_placement(const struct census *c, struct value_sink *sink)
{
	static const char metric[] = "placement.on_asked_node";

	if (c->x->model)
		return; /* there are no pages of such nodes, and nobody asked for any */
	if (c->x->machine->emulated)
		value_put_unavailable(sink, metric, "1", "kernel",
				      "nodes are emulated: pages lie on the machine's own");
	else if (c->error)
		value_put_unavailable(sink, metric, "1", "kernel", c->err.text);
	else if (!c->pages)
		value_put_unavailable(sink, metric, "1", "kernel",
				      "no page of a slab has been touched");
	else
		value_put(sink, metric, (double)c->right / (double)c->pages, "1", "kernel", -1);
}

static void emit_census(struct trial_exec *x, struct value_sink *sink)
{
	struct census *c = calloc(1, sizeof(*c));
	unsigned colours = 0;

	if (!c) {
		value_put_unavailable(sink, "placement.on_asked_node", "1", "kernel",
				      "no memory to ask for pages");
		return;
	}
	c->x = x;
	for (unsigned i = 0; i < x->env.nr_caches; i++)
		kmem_for_each_slab(x->env.cache[i].slab, census_slab, c);
	census_ask(c);
	for (size_t i = 0; i < sizeof(c->colours) / sizeof(c->colours[0]); i++)
		colours += (unsigned)__builtin_popcountll(c->colours[i]);
	trial_effective(x->out, "slabs", "%" PRIu64, c->slabs);
	trial_effective(x->out, "colours_seen", "%u", colours);
	emit_placement(c, sink);
	free(c);
}

static void emit_machine(struct trial_exec *x)
{
	const struct kmem_machine *m = x->machine;
	char cpus[TRIAL_LINE_MAX / 4] = "";

	for (unsigned i = 0; i < x->env.workers; i++) {
		size_t at = strlen(cpus);

		snprintf(cpus + at, sizeof(cpus) - at, "%s%u", i ? "," : "", x->cpu[i]);
	}
	trial_effective(x->out, "cpus", "%s", cpus);
	trial_effective(x->out, "nodes", "%u", m->nr_nodes);
	if (x->model)
		trial_effective(x->out, "target", "%s", x->model->target.name);
	else
		trial_effective(x->out, "emulated", "%u", m->emulated);
	trial_effective(x->out, "page_size", "%u", m->page_size);
	trial_effective(x->out, "cache_line", "%u", m->cache_line);
	if (m->l1d_size && m->l1d_ways) { /* what is not known is left out */
		trial_effective(x->out, "l1d_size", "%u", m->l1d_size);
		trial_effective(x->out, "l1d_ways", "%u", m->l1d_ways);
	}
	if (x->system)
		trial_effective(x->out, "cpu_source", "%s",
				m->cpu_source == KMEM_CPU_RSEQ ? "rseq" : "slot");
}

void trial_emit_effective(struct trial_exec *x, struct value_sink *sink)
{
	trial_effective(x->out, "build", "%s", host_build_variant());
	trial_effective(x->out, "allocator_version", "%s",
			x->allocator->version ? x->allocator->version() : "unknown");
	trial_effective(x->out, "ops", "%" PRIu64, x->ops);
	trial_effective(x->out, "warmup_ops", "%" PRIu64, x->warmup_ops);
	emit_machine(x);
	if (!x->allocator->is_slab || x->spec->wl->children)
		return;
	for (unsigned i = 0; i < x->env.nr_caches; i++) {
		struct slab_geometry g;

		kmem_cache_geometry(x->env.cache[i].slab, &g);
		emit_geometry(x->out, &g, i);
	}
	emit_census(x, sink);
}
