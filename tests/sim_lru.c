/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/sim_lru.h"

static int touch(struct sim_lru *l, uint64_t line)
{
	uint64_t *set = l->line + (line % l->sets) * l->ways;
	unsigned i = 0;
	int hit;

	l->accesses++;
	while (i < l->ways && set[i] != line + 1)
		i++;
	hit = i < l->ways;
	l->misses += !hit;
	for (i = hit ? i : l->ways - 1; i; i--)
		set[i] = set[i - 1];
	set[0] = line + 1;
	return hit;
}

void sim_lru_access(struct sim_lru *l, unsigned levels, uint64_t addr, unsigned size, unsigned line)
{
	for (uint64_t n = addr / line; n <= (addr + size - 1) / line; n++)
		for (unsigned j = 0; j < levels && !touch(&l[j], n); j++)
			;
}
