/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * uncore: memory traffic and the like of the whole machine, from the PMUs of memory controllers,
 * links and shared caches.
 *
 * Each PMU (a box) counts for its whole socket: it is opened once per socket, on the CPU that its
 * cpumask names, for no task, without exclude bits. A sum over boxes is exact if each box's count
 * is, and unavailable if one's is.
 */

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/perf/sys.h"
#include "collectors/uncore.h"

/* ---- values ---- */

struct emitter {
	const struct uncore *u;
	const struct uncore_quantity *q;
	struct value_sink *s;
	char name[64]; /* "uncore.memory_read" */
};

static void put(const struct emitter *m, const char *suffix, const struct perf_count *c, double by,
		const char *unit, const char *note)
{
	char metric[192], why[3 * PERF_REASON_MAX];
	struct value v = {
		.metric = metric,
		.value = c->value * by,
		.unit = unit,
		.state = c->state,
		.share = c->share,
		.source = "hardware",
		.worker = -1,
		.note = note,
	};

	snprintf(metric, sizeof(metric), "%s%s", m->name, suffix);
	if (c->state == VALUE_UNAVAILABLE)
		v.note = perf_refusal_text(&c->why, why, sizeof(why));
	m->s->put(m->s, &v);
}

static void put_sockets(const struct emitter *m)
{
	char suffix[32];

	for (int socket = 0; socket < UNCORE_SOCKETS_MAX; socket++) {
		struct perf_count c;
		bool any = false;

		for (unsigned i = 0; i < m->q->nr; i++)
			any |= m->q->box[i].socket == socket;
		if (!any)
			continue;
		uncore_sum(m->q, socket, NULL, 0, &c);
		snprintf(suffix, sizeof(suffix), "_s%d", socket);
		put(m, suffix, &c, 1, m->q->cand.unit, NULL);
		if (!m->u->whole_nodes || m->u->node_of[socket] < 0)
			continue;
		snprintf(suffix, sizeof(suffix), "_n%d", m->u->node_of[socket]);
		put(m, suffix, &c, 1, m->q->cand.unit, NULL);
	}
}

static void put_boxes(const struct emitter *m)
{
	for (unsigned i = 0; i < m->q->nr; i++) {
		const struct uncore_box *b = &m->q->box[i];
		char suffix[96];
		bool first = true;
		struct perf_count c;

		/* a box that counts several events of a sum is one box */
		for (unsigned k = 0; k < i; k++)
			first &= m->q->box[k].cpu != b->cpu ||
				 strcmp(m->q->box[k].device, b->device) != 0;
		if (!first)
			continue;
		uncore_sum(m->q, -1, b->device, b->cpu, &c);
		snprintf(suffix, sizeof(suffix), "_%s_cpu%d", b->device, b->cpu);
		for (char *s = suffix; *s; s++)
			*s = isalnum((unsigned char)*s) ? *s : '_';
		put(m, suffix, &c, 1, m->q->cand.unit, NULL);
	}
}

static void put_quantity(const struct emitter *m)
{
	const struct uncore_quantity *q = m->q;
	const struct uncore *u = m->u;
	double seconds = (double)(u->end - u->begin) / 1e9;
	char note[320], unit[32];
	struct perf_count c;

	if (!q->nr) {
		c = (struct perf_count){ .state = VALUE_UNAVAILABLE, .share = 1, .why = q->why };
		put(m, "", &c, 1, q->quantity->unit, NULL);
		return;
	}
	uncore_sum(q, -1, NULL, 0, &c);
	snprintf(note, sizeof(note), "machine-wide: %u counters, all that ran%s%s", q->nr,
		 *q->cand.note ? "; " : "", q->cand.note);
	put(m, "", &c, 1, q->cand.unit, note);
	snprintf(unit, sizeof(unit), "%s/s", q->cand.unit);
	if (seconds > 0)
		put(m, "_per_s", &c, 1 / seconds, unit, NULL);
	if (u->params.baseline_ms && q->baseline_s > 0) {
		snprintf(note, sizeof(note), "while this process slept for %u ms before the trial",
			 u->params.baseline_ms);
		put(m, "_baseline_per_s", &q->baseline, 1 / q->baseline_s, unit, note);
	}
	put_sockets(m);
	if (u->params.boxes)
		put_boxes(m);
}

void uncore_emit(const struct uncore *u, struct value_sink *s)
{
	for (unsigned i = 0; i < u->nr; i++) {
		struct emitter m = { .u = u, .q = &u->q[i], .s = s };

		snprintf(m.name, sizeof(m.name), "uncore.%s", u->q[i].quantity->name);
		for (char *c = m.name; *c; c++)
			*c = *c == '-' ? '_' : *c;
		put_quantity(&m);
	}
}

/* ---- the collector ---- */

struct uncore_priv {
	struct ev_db *db;
	struct uncore *u;
};

static int check_params(const void *params, struct err *e)
{
	const struct uncore_params *o = params;
	struct ev_db *db;
	int rc = ev_db_open(&db, NULL, e);

	if (rc)
		return rc;
	rc = uncore_names_check(o->quantities, db, e);
	ev_db_close(db);
	return rc;
}

static int open_hook(struct collect_ctx *c, struct err *e)
{
	struct uncore_priv *p = calloc(1, sizeof(*p));
	struct hostfs fs;
	int rc;

	if (!p)
		return err_set(e, -ENOMEM, "no memory");
	c->priv = p;
	hostfs_init(&fs);
	rc = ev_db_open(&p->db, NULL, e);
	return rc ? rc : uncore_open(&p->u, c->params, p->db, &perf_sys_kernel, &fs, e);
}

static void start_hook(struct collect_ctx *c)
{
	uncore_start(((struct uncore_priv *)c->priv)->u);
}

static void stop_hook(struct collect_ctx *c)
{
	uncore_stop(((struct uncore_priv *)c->priv)->u);
}

static void emit_hook(struct collect_ctx *c, struct value_sink *s)
{
	uncore_emit(((struct uncore_priv *)c->priv)->u, s);
}

static void close_hook(struct collect_ctx *c)
{
	struct uncore_priv *p = c->priv;

	if (!p)
		return;
	uncore_close(p->u);
	ev_db_close(p->db);
	free(p);
	c->priv = NULL;
}

static const struct opt uncore_opts[] = {
	{ .name = "uncore_quantities",
	  .type = OPT_STR,
	  .offset = offsetof(struct uncore_params, quantities),
	  .def = "bandwidth",
	  .help = "machine-wide quantities and groups of them (slabscope events)" },
	{ .name = "uncore_baseline_ms",
	  .type = OPT_UINT,
	  .offset = offsetof(struct uncore_params, baseline_ms),
	  .max = 10000,
	  .unit = "ms",
	  .def = "100",
	  .flags = OPT_OFF,
	  .help = "how long the idle machine is measured before the trial" },
	{ .name = "uncore_boxes",
	  .type = OPT_BOOL,
	  .offset = offsetof(struct uncore_params, boxes),
	  .def = "off",
	  .help = "also what each single PMU counted" },
	{ .name = NULL },
};

const struct collector collector_uncore = {
	.name = "uncore",
	.help = "memory bandwidth, links and shared caches of the whole machine",
	.opts = uncore_opts,
	.params_size = sizeof(struct uncore_params),
	.validate = check_params,
	.open = open_hook,
	.start = start_hook,
	.stop = stop_hook,
	.emit = emit_hook,
	.close = close_hook,
};
