/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TESTS_SIM_LRU_H
#define SLABSCOPE_TESTS_SIM_LRU_H

/* The golden measure: LRU one way after the other. */

#include <stdint.h>

struct sim_lru {
	unsigned sets, ways;
	uint64_t *line; /* by set in order of use; 0: empty, else line + 1 */
	uint64_t accesses, misses;
};

/* @levels of them, each asked when the one above has it not, once per line of @line bytes. */
void sim_lru_access(struct sim_lru *l, unsigned levels, uint64_t addr, unsigned size,
		    unsigned line);

#endif
