/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A load as it is, for other simulators to run, and to compare times with. */

#include "tests/model/load.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "engine/kmem_cache.h"

/* Whoever traces this program finds the rounds between a read of the first byte here and one of the second. */
#define MARK ((volatile char *)0x300000000)

static int marked;

int load_begin(const struct load_ask *ask, struct err *e)
{
	if (ask->target)
		return err_set(e, -EINVAL, "this build cannot simulate %s", ask->target);
	if (mmap((void *)(uintptr_t)MARK, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		 -1, 0) == MAP_FAILED)
		return err_set(e, -errno, "mmap: %s", strerror(errno));
	marked = 1;
	return MARK[0];
}

int load_end(FILE *f, struct err *e)
{
	(void)e;
	if (!marked || MARK[1])
		return 0;
	/* all that instrumented code has among the libraries' data */
	fprintf(f, "thread,%" PRIxPTR "\n", (uintptr_t)&kmem_tls_slot);
	return 0;
}
