/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_MODEL_FA_H
#define SLABSCOPE_MODEL_FA_H

/*
 * A fully associative LRU store of any size: a hash and a list. TLBs of more than 16 ways, and the twins that tell
 * capacity from conflict.
 */

#include <stdbool.h>
#include <stdint.h>

struct fa_node {
	uint32_t tag, hash_next, newer, older;
};

struct fa {
	struct fa_node *node; /* [0]: the ends of the list */
	uint32_t *head;
	uint32_t nr, room, heads, free;
};

int fa_init(struct fa *f, uint32_t room); /* -ENOMEM */
void fa_fini(struct fa *f);
/* Look @tag up; it is the newest afterwards, and the oldest has gone if there was no room. 1: it was there. */
bool fa_access(struct fa *f, uint32_t tag);
void fa_remove(struct fa *f, uint32_t tag);

#endif
