/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory for arenas, chunk by chunk, and back to the kernel. See pages_impl.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "engine/pages_impl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

const char *pages_bytes_text(uint64_t n, char buf[PAGES_TEXT])
{
	static const char *const unit[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
	unsigned u = 0;

	while (u < 4 && n && !(n & 1023)) {
		n >>= 10;
		u++;
	}
	snprintf(buf, PAGES_TEXT, "%llu %s", (unsigned long long)n, unit[u]);
	return buf;
}

/* Back to address space without memory. */
static int decommit(struct pages *p, void *addr, size_t len)
{
	return p->sys->map(&addr, len, PROT_NONE,
			   MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
}

static int map_hugetlb(struct pages *p, void *addr, size_t len, struct err *e)
{
	/* Without MAP_NORESERVE: an empty pool is said here, not by a SIGBUS at the first touch. */
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB;
	void *probe = NULL;
	int r;

	if (!p->hugetlb)
		return err_set(e, -ENOSYS, "this kernel has no hugetlb pages; use base or thp");
	/* A MAP_FIXED that fails may leave a hole in the range, where another thread's mapping
	 * could land: ask somewhere else first. */
	r = p->sys->map(&probe, len, PROT_READ | PROT_WRITE, flags);
	if (!r) {
		p->sys->unmap(probe, len);
		r = p->sys->map(&addr, len, PROT_READ | PROT_WRITE, flags | MAP_FIXED);
	}
	if (r == -ENOMEM)
		return err_set(
			e, r,
			"hugetlb pool is empty: echo N > /proc/sys/vm/nr_hugepages (as root)");
	if (r)
		return err_set(e, r, "mmap of %llu hugetlb bytes: %s", (unsigned long long)len,
			       strerror(-r));
	return 0;
}

static int map_chunk(struct pages *p, unsigned backing, void *addr, size_t len, struct err *e)
{
	int r;

	if (backing == BACKING_HUGETLB)
		return map_hugetlb(p, addr, len, e);
	r = p->sys->protect(addr, len, PROT_READ | PROT_WRITE);
	if (r)
		return err_set(e, r, "no more memory to commit: mprotect of %llu bytes: %s",
			       (unsigned long long)len, strerror(-r));
	r = p->sys->advise(addr, len, backing == BACKING_THP ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	/* A kernel without THP refuses both: base pages are what it gives anyway. */
	if (r && backing == BACKING_THP)
		return err_set(
			e, r, "transparent huge pages: madvise: %s (not in this kernel?); use base",
			strerror(-r));
	return 0;
}

int pages_commit(struct pages *p, unsigned n, unsigned backing, unsigned order, struct err *e)
{
	struct node *node = &p->node[n];
	struct arena *a = &node->arena[backing];
	unsigned chunk = pages_log2(p->chunk[backing]) - p->map.page_shift;
	enum buddy_kind kind;
	uint64_t at;
	char buf[PAGES_TEXT];
	size_t len;
	void *addr;
	int r;

	if (order < chunk)
		order = chunk;
	if (order > a->buddy.max_order)
		return err_set(
			e, -ENOMEM,
			"node %u: one page of this backing is larger than its %s of address space",
			n, pages_bytes_text(p->arena_bytes, buf));
	at = buddy_take(&a->buddy, BUDDY_SET_SPACE, order, &kind);
	if (at == BUDDY_NOTHING)
		return err_set(e, -ENOMEM, "node %u is full: its %s of address space are in use", n,
			       pages_bytes_text(p->arena_bytes, buf));
	addr = pages_addr(p, a, at);
	len = (size_t)1 << (order + p->map.page_shift);
	r = map_chunk(p, backing, addr, len, e);
	if (r)
		goto failed;
	if (node->os_node >= 0) {
		r = p->sys->bind(addr, len, (unsigned)node->os_node);
		if (r) {
			err_set(e, r, "node %u: mbind to the kernel's node %d: %s", n,
				node->os_node, strerror(-r));
			goto failed;
		}
	}
	/* hugetlb always: reservations do not know of nodes, so a bound chunk may still find its
	 * node's pool empty; populating says so, touching would be a SIGBUS. */
	kind = BUDDY_CLEAN;
	if (p->populate || backing == BACKING_HUGETLB) {
		r = pages_populate(p->sys, addr, len);
		if (r) {
			if (backing == BACKING_HUGETLB)
				err_set(e, r,
					"hugetlb pool is empty on node %u: echo N > "
					"/proc/sys/vm/nr_hugepages (as root): %s",
					n, strerror(-r));
			else
				err_set(e, r, "node %u: cannot populate a chunk: %s", n,
					strerror(-r));
			goto failed;
		}
		kind = BUDDY_DIRTY;
	}
	buddy_give(&a->buddy, at, order, kind);
	return 0;
failed:
	decommit(p, addr, len);
	buddy_give(&a->buddy, at, order, BUDDY_SPACE);
	return r;
}

/* ---- trim ---- */

/* Bytes of [addr, addr + len) that are in memory. */
static uint64_t resident_bytes(struct pages *p, char *addr, size_t len)
{
	size_t host = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char vec[4096];
	uint64_t n = 0;

	for (size_t at = 0; at < len; at += sizeof(vec) * host) {
		size_t part = len - at < sizeof(vec) * host ? len - at : sizeof(vec) * host;

		if (p->sys->resident(addr + at, part, vec))
			return len;
		for (size_t i = 0; i < part / host; i++)
			n += vec[i] & 1;
	}
	return n * host;
}

/* One free block, taken from the lists by the caller: what it is afterwards. */
static enum buddy_kind trim_block(struct pages *p, unsigned backing, void *addr, size_t len,
				  uint64_t *bytes)
{
	uint64_t had = resident_bytes(p, addr, len);

	if (backing == BACKING_HUGETLB) {
		/* After MADV_DONTNEED a hugetlb page has no reservation: a touch could be a SIGBUS.
		 * Unmap. */
		if (decommit(p, addr, len))
			return BUDDY_DIRTY;
		*bytes += had;
		return BUDDY_SPACE;
	}
	if (p->sys->advise(addr, len, MADV_DONTNEED))
		return BUDDY_DIRTY;
	*bytes += had;
	return BUDDY_CLEAN;
}

static uint64_t trim_arena(struct pages *p, struct arena *a, unsigned backing)
{
	/* Less than a huge page is not taken out of one: the objects beside it would lose it too.
	 * */
	size_t whole = backing == BACKING_THP	  ? p->sys->thp_size() :
		       backing == BACKING_HUGETLB ? p->hugetlb :
						    1;
	struct buddy *b = &a->buddy;
	uint64_t bytes = 0;

	for (unsigned order = 0; order <= b->max_order; order++) {
		size_t len = (size_t)1 << (order + p->map.page_shift);

		/* Dirty blocks are in front, clean ones go to the back: done when a clean one is in
		 * front. */
		while (len >= whole && b->filled[BUDDY_SET_FREE] >> order & 1) {
			enum buddy_kind was, is;
			uint64_t at = buddy_take(b, BUDDY_SET_FREE, order, &was);

			is = was == BUDDY_DIRTY ?
				     trim_block(p, backing, pages_addr(p, a, at), len, &bytes) :
				     was;
			buddy_give(b, at, order, is);
			if (was == BUDDY_CLEAN || is == BUDDY_DIRTY)
				break;
		}
	}
	return bytes;
}

uint64_t pages_trim(struct pages *p)
{
	uint64_t bytes = 0;

	for (unsigned n = 0; n < p->nr_nodes; n++)
		for (unsigned i = 0; i < BACKING_NR; i++) {
			struct arena *a = &p->node[n].arena[i];

			kmem_lock(&a->lock);
			if (a->ready)
				bytes += trim_arena(p, a, i);
			kmem_unlock(&a->lock);
		}
	return bytes;
}
