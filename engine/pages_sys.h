/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_PAGES_SYS_H
#define SLABSCOPE_PAGES_SYS_H

/*
 * The system calls of pages.c, behind one const table, so that tests can make each of them fail;
 * and what only tests need to see of struct pages. Private to pages*.c and tests.
 */

#include <stddef.h>
#include <stdint.h>

#include "engine/pages.h"

/* All return 0 or -errno and leave errno undefined. */
struct pages_sys {
	int (*map)(void **addr, size_t len, int prot, int flags); /* *addr: in: wish, out: place */
	int (*unmap)(void *addr, size_t len);
	int (*protect)(void *addr, size_t len, int prot);
	int (*advise)(void *addr, size_t len, int advice);
	int (*bind)(void *addr, size_t len, unsigned os_node); /* MPOL_BIND to that node alone */
	int (*where)(size_t n, void *const *addr, int *node);
	int (*resident)(void *addr, size_t len, unsigned char *vec); /* mincore */
	size_t (*thp_size)(void); /* bytes of a transparent huge page; never 0 */
	size_t (*hugetlb_size)(
		void); /* bytes of a page of the default hugetlb pool; 0: none in this kernel */
};
extern const struct pages_sys pages_sys_native;

int pages_create_with(struct pages **out, const struct kmem_machine *m,
		      const struct pages_config *c, const struct pages_sys *sys, struct err *e);
int pages_where_with(const struct pages_sys *sys, void *const *addr, size_t n, int *node,
		     struct err *e);

/* Make [addr, addr + len) resident; contents become undefined. 0 or -errno. */
int pages_populate(const struct pages_sys *sys, void *addr, size_t len);

/* Free blocks of one order in the arena of (node, backing). */
uint64_t pages_free_blocks(struct pages *p, unsigned node, unsigned backing, unsigned order);
/* Bytes that one commit takes at least, and bytes of address space per (node, backing). */
uint64_t pages_chunk_bytes(const struct pages *p, unsigned backing);
uint64_t pages_arena_bytes(const struct pages *p);

#endif
