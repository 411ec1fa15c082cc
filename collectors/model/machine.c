/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The target of a modelled trial, and the machine that the engine is told of. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collectors/collector.h"
#include "collectors/model/params.h"

int model_in_list(const char *collect)
{
	const struct collector *model = collector_find("model");
	char list[OPT_STR_MAX], *save = NULL;

	snprintf(list, sizeof(list), "%s", collect);
	for (char *name = strtok_r(list, ",", &save); name; name = strtok_r(NULL, ",", &save))
		if (collector_find(name) == model)
			return 1;
	return 0;
}

int model_target(struct mt_target *t, const struct model_params *p, struct err *e)
{
	return mt_read(t, p->target, *p->fill ? p->fill : NULL, e);
}

static int check_page(uint64_t page, struct err *e)
{
	uint64_t host = (uint64_t)sysconf(_SC_PAGESIZE);

	if (page % host || page > UINT32_MAX)
		return err_set(e, -EINVAL,
			       "target: pages of %" PRIu64
			       " bytes cannot be made of this host's, of %" PRIu64,
			       page, host);
	return 0;
}

static void take_cache(const struct mt_target *t, unsigned level, unsigned *size, unsigned *ways)
{
	const struct mt_cache *c = &t->cache[level];

	if (level >= t->nr_levels || !c->size || c->size > UINT32_MAX)
		return; /* 0: not known */
	*size = (unsigned)c->size;
	*ways = c->ways;
}

int model_machine(struct kmem_machine *m, const struct mt_target *t, struct err *e)
{
	uint64_t page = t->nr_pages ? t->page[0].size : (uint64_t)sysconf(_SC_PAGESIZE);
	int err = check_page(page, e);

	if (!err)
		err = kmem_machine_synthetic(m, t->cpus, t->nodes, e);
	if (err)
		return err;
	m->page_size = (unsigned)page;
	m->cache_line = t->cache[0].line;
	take_cache(t, 0, &m->l1d_size, &m->l1d_ways);
	take_cache(t, 1, &m->l2_size, &m->l2_ways);
	for (unsigned c = 0; c < t->cpus; c++)
		m->cpu_node[c] = (uint8_t)t->node_of[c];
	for (unsigned i = 0; i < t->nodes; i++)
		for (unsigned j = 0; j < t->nodes; j++)
			if (t->distance[i][j])
				m->distance[i][j] = (uint8_t)(t->distance[i][j] < UINT8_MAX ?
								      t->distance[i][j] :
								      UINT8_MAX);
	return 0;
}

unsigned model_core_threads(const struct mt_target *t)
{
	return t->cache[0].shared_by ? t->cache[0].shared_by : 1;
}
