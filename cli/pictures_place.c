/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pictures of nodes: who reaches for whose memory, and where pages lie. */

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/pictures.h"

#define MOST_NODES 24 /* series of one picture */

/* Nodes that traffic of @source ("numa", "model") names. */
static unsigned traffic_nodes(const struct results *r, const char *source)
{
	char name[64];
	unsigned n;

	for (n = 0; n < MOST_NODES; n++) {
		snprintf(name, sizeof(name), "%s.traffic_%u_%u", source, n, n);
		if (results_metric(r, name, NULL) < 0)
			break;
	}
	return n;
}

static int put_matrix(struct picture *p, const struct results *r, unsigned config,
		      const char *source, unsigned nodes)
{
	char name[64];
	unsigned from, to;
	double v;
	int rc = 0;

	picture_begin(p, 0, r->config[config].label);
	for (from = 0; from < nodes && !rc; from++) {
		snprintf(name, sizeof(name), "node %u", from);
		rc = picture_group(p, name);
		rc = rc ? rc : picture_row(p, name);
		for (to = 0; to < nodes && !rc; to++) {
			snprintf(name, sizeof(name), "%s.traffic_%u_%u", source, from, to);
			v = picture_median(r, config, name);
			if (!isnan(v))
				rc = picture_add(p, to, from, v, v);
		}
	}
	return rc;
}

/* A field of zeroes says nothing. */
static int any_traffic(const struct results *r, unsigned exp, const char *source)
{
	const struct res_exp *x = &r->exp[exp];
	size_t len = strlen(source);
	unsigned m, c;

	for (m = 0; m < r->nr_metrics; m++) {
		const char *name = r->metric[m].name;

		if (strncmp(name, source, len) || strncmp(name + len, ".traffic_", 9))
			continue;
		for (c = x->first; c < x->first + x->nr_configs; c++)
			if (picture_median(r, c, name) > 0)
				return 1;
	}
	return 0;
}

int picture_traffic(struct picture *p, const struct picture_ask *a, unsigned index, struct err *e)
{
	const struct results *r = a->r;
	const char *source = traffic_nodes(r, "model") > 1 ? "model" : "numa";
	unsigned config[PICTURE_MOST_GROUPS], nodes = traffic_nodes(r, source), n;
	char text[240];
	int rc;

	n = picture_values(r, a->exp, 8, config);
	if (!n || nodes < 2)
		return err_set(e, -ENODATA,
			       nodes ? "%s: one node: no traffic between nodes" :
				       "%s: no traffic between nodes was measured",
			       r->exp[a->exp].name);
	if (index >= n)
		return 0;
	if (!any_traffic(r, a->exp, source))
		return err_set(e, -ENODATA, "%s: no line came from memory", r->exp[a->exp].name);
	rc = put_matrix(p, r, config[index], source, nodes);
	snprintf(text, sizeof(text), "%.120s, %s lines from node to node",
		 r->config[config[index]].label, strcmp(source, "numa") ? "modelled" : "predicted");
	picture_title(p, a, text, 0);
	snprintf(p->xlabel, sizeof(p->xlabel), "node of the memory");
	snprintf(p->ylabel, sizeof(p->ylabel), "node of the CPU");
	snprintf(p->zlabel, sizeof(p->zlabel), "lines (off the diagonal lower is better)");
	snprintf(p->name, sizeof(p->name), "-%u", index);
	return rc ? err_set(e, rc, "out of memory") : 1;
}

int picture_pages(struct picture *p, const struct picture_ask *a, unsigned index, struct err *e)
{
	struct picture_part part[MOST_NODES] = { { "", "" } };
	double scale[PICTURE_MOST_GROUPS];
	unsigned n, i;
	int rc;

	if (index)
		return 0;
	for (n = 0; n < MOST_NODES; n++) {
		snprintf(part[n].metric, sizeof(part[n].metric), "numa.node%u", n);
		snprintf(part[n].name, sizeof(part[n].name), "node %u", n);
		if (results_metric(a->r, part[n].metric, NULL) < 0)
			break;
	}
	if (n < 2)
		return err_set(e, -ENODATA,
			       n ? "%s: one node: all pages are on it" :
				   "%s: pages were not counted by node",
			       a->r->exp[a->exp].name);
	for (i = 0; i < PICTURE_MOST_GROUPS; i++)
		scale[i] = 1;
	rc = picture_stack(p, a, part, n, scale);
	picture_title(p, a, "where the slabs' pages lie", 0);
	snprintf(p->ylabel, sizeof(p->ylabel), "pages");
	return rc ? err_set(e, rc, "out of memory") : 1;
}
