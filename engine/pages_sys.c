/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "engine/pages_sys.h"

#include <errno.h>
#include <limits.h>
#include <linux/mempolicy.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/sysfile.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

#define WHERE_BATCH 4096 /* pages per question: the kernel holds mmap_lock meanwhile */

static int sys_map(void **addr, size_t len, int prot, int flags)
{
	void *p = mmap(*addr, len, prot, flags, -1, 0);

	if (p == MAP_FAILED)
		return -errno;
	*addr = p;
	return 0;
}

static int sys_unmap(void *addr, size_t len)
{
	return munmap(addr, len) ? -errno : 0;
}

static int sys_protect(void *addr, size_t len, int prot)
{
	return mprotect(addr, len, prot) ? -errno : 0;
}

static int sys_advise(void *addr, size_t len, int advice)
{
	return madvise(addr, len, advice) ? -errno : 0;
}

static int sys_bind(void *addr, size_t len, unsigned os_node)
{
	unsigned long mask[1024 / (8 * sizeof(unsigned long))] = {
		0
	}; /* MAX_NUMNODES is at most 1024 */
	const unsigned bits = 8 * sizeof(mask[0]);

	if (os_node >= 8 * sizeof(mask))
		return -EINVAL;
	mask[os_node / bits] = 1ul << os_node % bits;
	/* The kernel takes one off maxnode: one more than the bits in use. */
	return syscall(SYS_mbind, addr, len, MPOL_BIND, mask, (unsigned long)os_node + 2, 0u) ?
		       -errno :
		       0;
}

static int sys_where(size_t n, void *const *addr, int *node)
{
	return syscall(SYS_move_pages, 0, (unsigned long)n, addr, NULL, node, 0) < 0 ? -errno : 0;
}

static int sys_resident(void *addr, size_t len, unsigned char *vec)
{
	return mincore(addr, len, vec) ? -errno : 0;
}

/* The number in a file that begins with one, or after @key at a line's start; 0: not there. */
static unsigned long long number_in(const char *path, const char *key)
{
	char buf[4096];
	const char *p = buf;

	kmem_read_file(path, buf, sizeof(buf));
	while (strncmp(p, key, strlen(key))) {
		p = strchr(p, '\n');
		if (!p++)
			return 0;
	}
	return strtoull(p + strlen(key), NULL, 10);
}

static size_t sys_thp_size(void)
{
	size_t n = number_in("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size", "");
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (n && !(n & (n - 1)))
		return n;
	/* No THP in this kernel: what one page of the lowest page table spans (2 MiB with 4 KiB
	 * pages, 512 MiB with 64 KiB), so that addresses are laid out alike. */
	return page * (page / sizeof(uint64_t));
}

static size_t sys_hugetlb_size(void)
{
	size_t n = number_in("/proc/meminfo", "Hugepagesize:") * 1024;

	return n & (n - 1) ? 0 : n;
}

const struct pages_sys pages_sys_native = {
	.map = sys_map,
	.unmap = sys_unmap,
	.protect = sys_protect,
	.advise = sys_advise,
	.bind = sys_bind,
	.where = sys_where,
	.resident = sys_resident,
	.thp_size = sys_thp_size,
	.hugetlb_size = sys_hugetlb_size,
};

int pages_populate(const struct pages_sys *sys, void *addr, size_t len)
{
	size_t step = (size_t)sysconf(_SC_PAGESIZE);
	int r = sys->advise(addr, len, MADV_POPULATE_WRITE);

	if (r != -EINVAL && r != -ENOSYS)
		return r;
	for (size_t i = 0; i < len; i += step)
		((volatile char *)addr)[i] = 0;
	return 0;
}

int pages_where_with(const struct pages_sys *sys, void *const *addr, size_t n, int *node,
		     struct err *e)
{
	for (size_t done = 0; done < n;) {
		size_t batch = n - done < WHERE_BATCH ? n - done : WHERE_BATCH;
		int r = sys->where(batch, addr + done, node + done);

		if (r == -ENOSYS)
			return err_set(e, r,
				       "move_pages: this kernel cannot tell where pages are "
				       "(it needs CONFIG_NUMA and CONFIG_MIGRATION)");
		if (r == -EPERM)
			return err_set(e, r,
				       "move_pages: not permitted (a container's seccomp filter? "
				       "it wants CAP_SYS_NICE)");
		if (r)
			return err_set(e, r, "move_pages: %s", strerror(-r));
		done += batch;
	}
	return 0;
}

int pages_where(void *const *addr, size_t n, int *node, struct err *e)
{
	return pages_where_with(&pages_sys_native, addr, n, node, e);
}
