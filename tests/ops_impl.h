/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TESTS_OPS_IMPL_H
#define SLABSCOPE_TESTS_OPS_IMPL_H

/* Between ops.c (allocations), ops_system.c (systems and caches) and ops_rare.c (everything else). */

#include "engine/internal.h"
#include "tests/ops.h"

unsigned ops_here(struct ops *o); /* node of the CPU that we are */
size_t ops_size(struct ops_source *in);
unsigned ops_promised_align(const struct ops *o, const struct slab_config *c, unsigned size);

/* A system with general caches of random toggles; its end, with nothing left over. */
void ops_begin(struct ops *o);
void ops_end(struct ops *o);
void ops_create(struct ops *o);
void ops_destroy(struct ops *o, struct ops_pool *pool);
/* Note what is in force, for expectations and for the count of toggles used. */
void ops_in_force(struct ops *o, struct ops_pool *pool);
/* Every equation; and that the engine's own memory is what its structures account for. */
void ops_check_all(struct ops *o);

/* Blocks of the engine's own memory that its structures account for: meta_live() must be that. */
uint64_t ops_meta_expected(struct kmem_system *s);
/* Nobody is inside: the numbers of slabs and objects that grow and destroy count are those on the lists. 1: yes. */
int ops_accounts_still(struct kmem_system *s);
/* Shrinks the general caches; bytes of pages that are still handed out: 0 when all other caches are gone. */
uint64_t ops_pages_left(struct kmem_system *s);

/* @pool may be NULL. */
void ops_rare(struct ops *o, struct ops_pool *pool);

#endif
