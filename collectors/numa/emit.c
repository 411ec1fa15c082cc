/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the witnesses say, as values; and the flag of a trial whose pages lie elsewhere. */
#include "collectors/numa/numa.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/proctext.h"

/* ---- census ---- */

static const char *sample_note(const struct numa_census *c, char *buf, size_t len)
{
	if (c->asked == c->total)
		return NULL;
	snprintf(buf, len,
		 "counted in an even sample of %llu of %llu pages: numa_pages=%llu asks for all",
		 (unsigned long long)c->asked, (unsigned long long)c->total,
		 (unsigned long long)c->total);
	return buf;
}

/* @when: "" after the region, "_before" before it. */
static void emit_nodes(const struct numa_priv *p, const struct numa_census *c, const char *when,
		       struct value_sink *out)
{
	char metric[64], note[160];
	const char *sample = sample_note(c, note, sizeof(note));

	for (unsigned i = 0; i < p->nodes.nr; i++) {
		snprintf(metric, sizeof(metric), "numa.node%d%s", p->nodes.os[i], when);
		if (c->error)
			value_put_unavailable(out, metric, "pages", "kernel", c->err.text);
		else
			proctext_put(out, metric, (double)c->node[i], "pages", "kernel", -1,
				     sample);
	}
}

static void emit_counts(const struct numa_census *c, struct value_sink *out)
{
	const struct {
		const char *metric;
		uint64_t v;
		const char *note;
	} rows[] = {
		{ "numa.pages_total", c->total, NULL },
		{ "numa.pages_asked", c->asked, NULL },
		{ "numa.absent", c->absent, NULL },
		{ "numa.unknown", c->unknown, c->unknown ? strerror(-c->unknown_error) : NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (c->error)
			value_put_unavailable(out, rows[i].metric, "pages", "kernel", c->err.text);
		else
			proctext_put(out, rows[i].metric, (double)rows[i].v, "pages",
				     i < 2 ? "engine" : "kernel", -1, rows[i].note);
	if (c->page_size)
		value_put(out, "numa.page_size", (double)c->page_size, "bytes", "kernel", -1);
}

/* Why the census says nothing about placement; NULL: it does. */
static const char *no_placement(const struct collect_ctx *c, const struct numa_census *n)
{
	if (n->error)
		return n->err.text;
	if (c->env->machine->emulated)
		return "nodes are emulated: all pages lie on the machine's own nodes, wherever the "
		       "policy asks for them";
	return n->present ? NULL : "no page of a slab has been touched";
}

static double placement(const struct numa_census *n)
{
	return (double)n->right / (double)n->present;
}

/* "node 0 has 624, node 1 has 400" */
static void node_text(const struct numa_priv *p, const struct numa_census *n, char *buf, size_t len)
{
	size_t at = 0;

	for (unsigned i = 0; i < p->nodes.nr && at < len; i++)
		if (n->node[i])
			at += (size_t)snprintf(buf + at, len - at, "%snode %d has %llu",
					       at ? ", " : "", p->nodes.os[i],
					       (unsigned long long)n->node[i]);
}

static void flag_placement(const struct collect_ctx *c, const struct numa_census *n,
			   const char *when, struct value_sink *out)
{
	const struct numa_params *params = c->params;
	char text[512], nodes[256] = "";

	if (placement(n) >= params->least)
		return;
	node_text(c->priv, n, nodes, sizeof(nodes));
	snprintf(
		text, sizeof(text),
		"placement: %.1f %% of %llu pages lie where asked, less than %g %%: %s the region %s",
		100 * placement(n), (unsigned long long)n->present, 100 * params->least, when,
		nodes);
	out->flag(out, FLAG_INVALID, text);
}

static void emit_placement(const struct collect_ctx *c, struct value_sink *out)
{
	static const char *const metric[] = { "numa.placement_before", "numa.placement" };
	static const char *const when[] = { "before", "after" };
	const struct numa_priv *p = c->priv;
	int flagged = 0;

	for (int i = 1; i >= 0; i--) {
		const struct numa_census *n = &p->census[i];
		const char *why = no_placement(c, n);
		char note[160];

		if (why) {
			value_put_unavailable(out, metric[i], "1", "kernel", why);
			continue;
		}
		proctext_put(out, metric[i], placement(n), "1", "kernel", -1,
			     sample_note(n, note, sizeof(note)));
		if (!flagged)
			flag_placement(c, n, when[i], out);
		flagged |= placement(n) < ((const struct numa_params *)c->params)->least;
	}
}

void numa_emit_census(const struct collect_ctx *c, struct value_sink *out)
{
	const struct numa_priv *p = c->priv;

	emit_counts(&p->census[1], out);
	emit_nodes(p, &p->census[0], "_before", out);
	emit_nodes(p, &p->census[1], "", out);
	emit_placement(c, out);
}

/* ---- numa_maps, smaps ---- */

void numa_emit_maps(const struct collect_ctx *c, struct value_sink *out)
{
	const struct numa_priv *p = c->priv;
	const struct numa_maps *m = &p->maps;
	char metric[64];

	for (unsigned i = 0; i < p->nodes.nr; i++) {
		snprintf(metric, sizeof(metric), "numa.maps_node%d", p->nodes.os[i]);
		if (m->error)
			value_put_unavailable(out, metric, "pages", "kernel", m->err.text);
		else
			proctext_put(
				out, metric, (double)m->node[i], "pages", "kernel", -1,
				"whole mappings: slabs, and what the engine holds beside them");
	}
	if (m->differ_error)
		value_put_unavailable(out, "numa.maps_differ", "pages", "kernel",
				      m->differ_err.text);
	else
		proctext_put(out, "numa.maps_differ", (double)m->differ, "pages", "kernel", -1,
			     m->differ ?
				     "numa_maps and move_pages disagree about so many: pages moved "
				     "between the two questions" :
				     NULL);
	if (m->huge_error)
		value_put_unavailable(out, "numa.huge_share", "1", "kernel", m->huge_err.text);
	else
		proctext_put(out, "numa.huge_share", (double)m->huge / (double)m->rss, "1",
			     "kernel", -1,
			     "of the resident bytes of the mappings in which the slabs lie");
}

/* ---- traffic ---- */

/* What the prediction rests on. */
static const char *traffic_note(const struct collect_ctx *c, const struct numa_traffic *t,
				char *buf, size_t len)
{
	unsigned policy = c->env->config->placement;
	const char *own = policy == PLACE_LOCAL	   ? "of its own node's slabs" :
			  policy == PLACE_FARTHEST ? "of the farthest node's slabs" :
						     "of all slabs";

	snprintf(
		buf, len,
		"predicted, not counted: %g lines of objects per operation, each worker at all objects "
		"in use %s alike%s%s; the workload's own data is left out",
		c->cost.lines, own, t->spread ? " (of all slabs where there are none)" : "",
		c->env->machine->emulated ?
			"; nodes are emulated, this is where the engine put the slabs" :
			", which lie where move_pages found them");
	return buf;
}

/* The engine's nodes where they are emulated, else the kernel's. */
static unsigned traffic_nodes(const struct collect_ctx *c)
{
	const struct kmem_machine *m = c->env->machine;

	return m->emulated ? m->nr_nodes : ((const struct numa_priv *)c->priv)->nodes.nr;
}

static int node_number(const struct collect_ctx *c, unsigned i)
{
	return c->env->machine->emulated ? (int)i :
					   ((const struct numa_priv *)c->priv)->nodes.os[i];
}

/* @t NULL: there is none, and @note says why. */
static void put_traffic(const struct collect_ctx *c, const struct numa_traffic *t, const char *note,
			struct value_sink *out)
{
	unsigned nr = t ? t->nr : traffic_nodes(c);
	char metric[64];

	for (unsigned i = 0; i < nr; i++)
		for (unsigned k = 0; k < nr; k++) {
			snprintf(metric, sizeof(metric), "numa.traffic_%d_%d", node_number(c, i),
				 node_number(c, k));
			if (t)
				proctext_put(out, metric, t->access[(size_t)i * nr + k], "lines",
					     "placement", -1,
					     "predicted, not counted: numa.remote_share says how");
			else
				value_put_unavailable(out, metric, "lines", "placement", note);
		}
	if (t)
		proctext_put(out, "numa.remote_share", t->remote / t->all, "1", "placement", -1,
			     note);
	else
		value_put_unavailable(out, "numa.remote_share", "1", "placement", note);
}

void numa_emit_traffic(struct collect_ctx *c, struct value_sink *out)
{
	struct numa_priv *p = c->priv;
	const struct numa_census *n = &p->census[1];
	double lines = (double)c->worker_ops * c->cost.lines;
	struct numa_traffic t;
	char note[512];
	struct err e;

	if (n->error) {
		put_traffic(c, NULL, n->err.text, out);
	} else if (!(lines > 0)) {
		put_traffic(c, NULL, "the workload touches no object's memory", out);
	} else if (numa_traffic(&t, n, &p->nodes, c->env, lines, &e)) {
		put_traffic(c, NULL, e.text, out);
	} else {
		put_traffic(c, &t, traffic_note(c, &t, note, sizeof(note)), out);
		free(t.access);
	}
}
