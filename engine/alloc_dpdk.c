/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* DPDK's rte_mempool, without huge pages. Its calls are inline, so it comes as a plug-in: bench/peers/dpdk.c. */
#include "engine/peer.h"

#include <errno.h>
#include <stdlib.h>

/* Loaded by create; what is found once stays. */
static const struct peer_plugin *dpdk(struct err *e)
{
	return peer_plugin("dpdk", e);
}

static int dpdk_create(struct seam_cache *c, const struct allocator_request *r, struct err *e)
{
	struct peer_pool *d;

	if (!dpdk(e))
		return -ENOSYS;
	d = calloc(1, sizeof(*d));
	if (!d)
		return err_set(e, -ENOMEM, "dpdk: no memory");
	d->plugin = dpdk(e);
	d->pool = d->plugin->open(r->name, r->size, e);
	if (!d->pool) {
		free(d);
		return -ENOMEM;
	}
	c->size = r->size;
	c->priv = d;
	return 0;
}

static void *dpdk_alloc(struct seam_cache *c)
{
	const struct peer_pool *d = c->priv;

	return d->plugin->alloc(d->pool);
}

static void dpdk_free(struct seam_cache *c, void *obj)
{
	const struct peer_pool *d = c->priv;

	d->plugin->free(d->pool, obj);
}

static void dpdk_destroy(struct seam_cache *c)
{
	struct peer_pool *d = c->priv;

	d->plugin->close(d->pool);
	free(d);
	c->priv = NULL;
}

static const char *dpdk_version(void)
{
	const struct peer_plugin *p = dpdk(NULL);

	return p ? p->version() : "not here";
}

extern const struct allocator_ops allocator_dpdk;
const struct allocator_ops allocator_dpdk = {
	.name = "dpdk",
	.help = "DPDK's rte_mempool without huge pages, if its plug-in was built (`make peers`)",
	.create = dpdk_create,
	.alloc = dpdk_alloc,
	.free = dpdk_free,
	.destroy = dpdk_destroy,
	.version = dpdk_version,
};
