/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening and counting on the PMUs of the uncore. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collectors/perf/ev.h"
#include "collectors/uncore.h"
#include "lib/clock.h"

#define BOXES_MAX 1024
#define NODES_MAX 1024

/* ---- names ---- */

/* Each name of @names, a group's one by one, to @take. */
static int each_name(const char *names, const struct ev_db *db, void *ctx,
		     int (*take)(void *ctx, const struct ev_quantity *q), struct err *e)
{
	while (*(names += strspn(names, ", "))) {
		size_t len = strcspn(names, ", ");
		const char *member[UNCORE_QUANTITIES_MAX * 2];
		char name[64];
		int n = 1, rc = 0;

		if (len >= sizeof(name))
			return err_set(e, -EINVAL, "uncore_quantities: '%.40s...' is too long",
				       names);
		memcpy(name, names, len);
		name[len] = '\0';
		for (char *c = name; *c; c++)
			*c = *c == '_' ? '-' : *c;
		names += len;
		member[0] = name;
		if (!ev_db_quantity(db, name))
			n = ev_db_group(db, name, member, UNCORE_QUANTITIES_MAX * 2);
		if (n < 0)
			return err_set(e, -EINVAL,
				       "uncore_quantities: no quantity and no group '%s'", name);
		for (int i = 0; i < n && i < UNCORE_QUANTITIES_MAX * 2 && !rc; i++) {
			const struct ev_quantity *q = ev_db_quantity(db, member[i]);

			if (!q || !q->machine_wide)
				return err_set(
					e, -EINVAL,
					"uncore_quantities: '%s' is a thread's: perf_events counts "
					"it (collect=perf)",
					member[i]);
			rc = take(ctx, q);
		}
		if (rc)
			return err_set(e, rc, "uncore_quantities: more than %d of them",
				       UNCORE_QUANTITIES_MAX);
	}
	return 0;
}

static int add_quantity(void *ctx, const struct ev_quantity *q)
{
	struct uncore *u = ctx;

	for (unsigned i = 0; i < u->nr; i++)
		if (u->q[i].quantity == q)
			return 0;
	if (u->nr == UNCORE_QUANTITIES_MAX)
		return -EINVAL;
	u->q[u->nr++].quantity = q;
	return 0;
}

static int count_name(void *ctx, const struct ev_quantity *q)
{
	unsigned *n = ctx;

	(void)q;
	return ++*n > UNCORE_QUANTITIES_MAX ? -EINVAL : 0;
}

int uncore_names_check(const char *names, const struct ev_db *db, struct err *e)
{
	unsigned n = 0;
	int rc = each_name(names, db, &n, count_name, e);

	return rc || n ? rc : err_set(e, -EINVAL, "uncore_quantities: expected a name");
}

/* ---- sockets and nodes ---- */

static int socket_of(const struct hostfs *fs, int cpu)
{
	int64_t v;

	if (hostfs_s64(fs, &v, "/sys/devices/system/cpu/cpu%d/topology/physical_package_id", cpu) ||
	    v < 0 || v >= UNCORE_SOCKETS_MAX)
		return -1;
	return (int)v;
}

/* A socket's number is a node's as well only where each has one node. */
static void find_nodes(struct uncore *u)
{
	unsigned *node = calloc(NODES_MAX, sizeof(*node)), cpu;
	char text[4096];
	int n = 0;

	memset(u->node_of, 0xff, sizeof(u->node_of));
	if (node && hostfs_read(&u->fs, text, sizeof(text), "/sys/devices/system/node/has_cpu") > 0)
		n = hostfs_parse_list(text, node, NODES_MAX);
	u->whole_nodes = n > 0;
	for (int i = 0; i < n && i < NODES_MAX && u->whole_nodes; i++) {
		int socket = -1;

		if (hostfs_read(&u->fs, text, sizeof(text),
				"/sys/devices/system/node/node%u/cpulist", node[i]) > 0 &&
		    hostfs_parse_list(text, &cpu, 1) > 0)
			socket = socket_of(&u->fs, (int)cpu);
		if (socket < 0 || u->node_of[socket] >= 0)
			u->whole_nodes = false;
		else
			u->node_of[socket] = (int)node[i];
	}
	free(node);
}

/* ---- opening ---- */

static void close_boxes(struct uncore_quantity *q)
{
	for (unsigned i = 0; i < q->nr; i++)
		perf_group_close(&q->box[i].group);
	free(q->box);
	q->box = NULL;
	q->nr = 0;
}

/* All of @from[@n], or none. */
static int open_boxes(struct uncore *u, struct uncore_quantity *q, const struct ev_box *from,
		      unsigned n, struct perf_refusal *why)
{
	q->box = calloc(n, sizeof(*q->box));
	if (!q->box)
		return -ENOMEM;
	for (q->nr = 0; q->nr < n; q->nr++) {
		struct uncore_box *b = &q->box[q->nr];
		const struct ev_box *f = &from[q->nr];
		int rc = perf_group_open(&b->group, u->sys, &f->event, 1, PERF_BOTH, 0, &u->place,
					 why, NULL);

		if (rc) {
			close_boxes(q);
			return rc;
		}
		b->factor = q->cand.term[f->term].factor;
		b->cpu = f->event.cpu;
		b->socket = socket_of(&u->fs, b->cpu);
		memcpy(b->device, f->device, sizeof(b->device));
	}
	return 0;
}

/* The first of @cand[@n] whose boxes all open. @box has BOXES_MAX of room. */
static void choose(struct uncore *u, struct uncore_quantity *q, const struct ev_candidate *cand,
		   int n, struct ev_box *box)
{
	for (int i = 0; i < n; i++) {
		struct perf_refusal why = { .error = 0 };
		int boxes = ev_expand(u->host, &cand[i], box, BOXES_MAX);

		if (boxes <= 0) {
			snprintf(why.reason, sizeof(why.reason),
				 "%.120s has no PMU that counts for a socket", cand[i].expression);
		} else if (boxes > BOXES_MAX) {
			snprintf(why.reason, sizeof(why.reason), "%d counters, more than %d", boxes,
				 BOXES_MAX);
		} else {
			q->cand = cand[i];
			if (!open_boxes(u, q, box, (unsigned)boxes, &why))
				return;
		}
		if (!i || (why.error && !q->why.error))
			q->why = why;
	}
}

static int open_quantities(struct uncore *u, const struct ev_db *db)
{
	struct ev_candidate *cand = calloc(EV_CANDIDATES_MAX, sizeof(*cand));
	struct ev_box *box = calloc(BOXES_MAX, sizeof(*box));

	for (unsigned i = 0; i < u->nr && cand && box; i++) {
		struct uncore_quantity *q = &u->q[i];
		int n = ev_candidates(db, u->host, q->quantity, cand, &q->why);

		choose(u, q, cand, n, box);
	}
	free(box);
	free(cand);
	return cand && box ? 0 : -ENOMEM;
}

/* ---- counting ---- */

static void start_all(struct uncore *u)
{
	for (unsigned i = 0; i < u->nr; i++)
		for (unsigned k = 0; k < u->q[i].nr; k++)
			perf_group_start(&u->q[i].box[k].group);
	u->begin = clock_ns();
}

static void stop_all(struct uncore *u)
{
	u->end = clock_ns();
	for (unsigned i = 0; i < u->nr; i++)
		for (unsigned k = 0; k < u->q[i].nr; k++)
			perf_group_stop(&u->q[i].box[k].group);
}

/* Of the boxes of @socket (-1: all), and @device on @cpu (NULL: all). */
void uncore_sum(const struct uncore_quantity *q, int socket, const char *device, int cpu,
		struct perf_count *sum)
{
	*sum = (struct perf_count){ .state = VALUE_EXACT, .share = 1 };
	for (unsigned i = 0; i < q->nr && sum->state != VALUE_UNAVAILABLE; i++) {
		const struct uncore_box *b = &q->box[i];
		struct perf_count c;

		if ((socket >= 0 && b->socket != socket) ||
		    (device && (b->cpu != cpu || strcmp(b->device, device))))
			continue;
		perf_group_result(&b->group, &c);
		if (c.state == VALUE_UNAVAILABLE) {
			*sum = c;
			return;
		}
		sum->value += b->factor * c.value;
		if (c.state == VALUE_SCALED)
			sum->state = VALUE_SCALED;
		if (c.share < sum->share)
			sum->share = c.share;
	}
}

/* What the machine does while nothing is asked of it: before set-up, this process only waits. */
static void measure_baseline(struct uncore *u)
{
	struct timespec t = { u->params.baseline_ms / 1000,
			      (long)(u->params.baseline_ms % 1000) * 1000000 };

	if (!u->params.baseline_ms)
		return;
	start_all(u);
	while (nanosleep(&t, &t) && errno == EINTR)
		;
	stop_all(u);
	for (unsigned i = 0; i < u->nr; i++) {
		u->q[i].baseline_s = (double)(u->end - u->begin) / 1e9;
		if (u->q[i].nr)
			uncore_sum(&u->q[i], -1, NULL, 0, &u->q[i].baseline);
	}
}

int uncore_open(struct uncore **out, const struct uncore_params *o, const struct ev_db *db,
		const struct perf_sys *sys, const struct hostfs *fs, struct err *e)
{
	struct uncore *u = calloc(1, sizeof(*u));
	int rc;

	if (!u)
		return err_set(e, -ENOMEM, "no memory");
	u->sys = sys;
	u->fs = *fs;
	u->params = *o;
	rc = each_name(o->quantities, db, u, add_quantity, e);
	if (!rc)
		rc = ev_host_open(&u->host, fs, e);
	if (!rc) {
		perf_place_read(&u->place, fs);
		find_nodes(u);
		rc = open_quantities(u, db);
		if (rc)
			err_set(e, rc, "no memory for the uncore PMUs");
	}
	if (rc) {
		uncore_close(u);
		return rc;
	}
	measure_baseline(u);
	*out = u;
	return 0;
}

void uncore_start(struct uncore *u)
{
	start_all(u);
}

void uncore_stop(struct uncore *u)
{
	stop_all(u);
}

void uncore_close(struct uncore *u)
{
	if (!u)
		return;
	for (unsigned i = 0; i < u->nr; i++)
		close_boxes(&u->q[i]);
	ev_host_close(u->host);
	free(u);
}
