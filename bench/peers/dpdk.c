/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * DPDK's rte_mempool as a plug-in of the seam (engine/peer.h), and the benchmark's loops with its inline calls in
 * them. Built where its headers are (Debian: libdpdk-dev), used where its libraries are (librte-mempool23 and
 * librte-mempool-ring23; their number goes with the ABI).
 *
 * A pool has a fixed number of objects, got at once; beyond it alloc gives NULL. SLABSCOPE_DPDK_OBJECTS sets it.
 */
#include <errno.h>
#include <rte_config.h>
#undef RTE_USE_LIBBSD /* its headers would want libbsd's, for two functions that nobody calls here */
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <rte_mempool.h>
#include <rte_version.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/loads.h"

enum { HOW_DPDK };
#define OBJECTS 131071u /* one less than a power of two: what its ring likes best */

LOAD_INLINE void *take(struct hands h, const int how)
{
	void *obj;

	(void)how;
	return rte_mempool_get(h.pool, &obj) ? NULL : obj;
}

LOAD_INLINE void give(struct hands h, void *p, const int how)
{
	(void)how;
	rte_mempool_put(h.pool, p);
}

LOADS(dpdk, HOW_DPDK);

static void dpdk_thread(void)
{
	if (rte_lcore_id() == LCORE_ID_ANY)
		rte_thread_register();
}

static int start(struct err *e)
{
	static char cpu[16];
	static char *args[] = { "slabscope",
				"--no-huge",
				"--no-pci",
				"--no-shconf",
				"--no-telemetry",
				"--log-level=lib.eal:critical",
				"-m",
				"1024",
				"-l",
				cpu,
				NULL };
	cpu_set_t was;
	int r;

	if (sched_getaffinity(0, sizeof(was), &was))
		return err_set(e, -errno, "dpdk: no affinity");
	snprintf(cpu, sizeof(cpu), "%d", sched_getcpu());
	r = rte_eal_init((int)(sizeof(args) / sizeof(*args)) - 1, args);
	sched_setaffinity(0, sizeof(was), &was); /* it pins whoever starts it */
	if (r < 0 && rte_errno != EALREADY)
		return err_set(e, -ENOSYS, "dpdk: rte_eal_init: %s", rte_strerror(rte_errno));
	return 0;
}

static void *dpdk_open(const char *name, size_t size, struct err *e)
{
	const char *text = getenv("SLABSCOPE_DPDK_OBJECTS");
	unsigned n = text ? (unsigned)strtoul(text, NULL, 10) : OBJECTS;
	struct rte_mempool *pool;

	if (start(e))
		return NULL;
	pool = rte_mempool_create(name, n, (unsigned)size, RTE_MEMPOOL_CACHE_MAX_SIZE, 0, NULL,
				  NULL, NULL, NULL, SOCKET_ID_ANY, 0);
	if (!pool)
		err_set(e, -ENOMEM, "dpdk: rte_mempool_create: %s", rte_strerror(rte_errno));
	return pool;
}

static void *dpdk_alloc(void *pool)
{
	void *obj;

	dpdk_thread();
	return rte_mempool_get(pool, &obj) ? NULL : obj;
}

static void dpdk_free(void *pool, void *obj)
{
	dpdk_thread();
	rte_mempool_put(pool, obj);
}

static void dpdk_close(void *pool)
{
	rte_mempool_free(pool);
}

extern const struct peer_plugin slabscope_peer;
const struct peer_plugin slabscope_peer = {
	.abi = PEER_PLUGIN_ABI,
	.open = dpdk_open,
	.alloc = dpdk_alloc,
	.free = dpdk_free,
	.close = dpdk_close,
	.version = rte_version,
	.thread = dpdk_thread,
	.loads = loads_dpdk,
};
