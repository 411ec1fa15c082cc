/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of workloads, and what all of them need. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/workload.h"

#define WORKLOAD(w) extern const struct workload w;
#include "workloads/workloads.def"
#undef WORKLOAD

const struct workload *const workloads[] = {
#define WORKLOAD(w) &w,
#include "workloads/workloads.def"
#undef WORKLOAD
	NULL,
};

static int same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (*a != *b && !((*a == '-' || *a == '_') && (*b == '-' || *b == '_')))
			return 0;
	return *a == *b;
}

const struct workload *workload_find(const char *name)
{
	for (const struct workload *const *w = workloads; *w; w++)
		if (same_name((*w)->name, name))
			return *w;
	return NULL;
}

struct wl_worker *wl_workers_create(unsigned n, uint64_t seed)
{
	struct wl_worker *w;

	if (!n)
		return NULL;
	w = aligned_alloc(_Alignof(struct wl_worker), n * sizeof(*w));
	if (!w)
		return NULL;
	memset(w, 0, n * sizeof(*w));
	for (unsigned i = 0; i < n; i++) {
		w[i].id = i;
		/* one splitmix step per worker: streams of near seeds and near workers are
		 * unrelated, and worker i's stream does not depend on how many workers there are */
		rng_seed(&w[i].rng, rng_splitmix64(&seed));
	}
	return w;
}

void wl_workers_destroy(struct wl_worker *w)
{
	free(w);
}

int wl_cache_create(struct wl_env *env, const char *name, size_t size, struct err *e)
{
	struct allocator_request r = {
		.name = name,
		.size = size,
		.config = env->config,
		.system = env->system,
	};
	struct seam_cache *all = realloc(env->cache, (env->nr_caches + 1) * sizeof(*all));
	struct seam_cache *c;
	int err;

	if (!all)
		return err_set(e, -ENOMEM, "no memory for the list of caches");
	env->cache = all;
	c = &all[env->nr_caches];
	memset(c, 0, sizeof(*c));
	c->ops = env->ops;
	c->size = size;
	err = env->ops->create(c, &r, e);
	if (err)
		return err_prefix(e, err, "cache %s of %s", name, env->ops->name);
	env->nr_caches++;
	return 0;
}

void wl_caches_destroy(struct wl_env *env)
{
	while (env->nr_caches) {
		struct seam_cache *c = &env->cache[--env->nr_caches];

		c->ops->destroy(c);
	}
	free(env->cache);
	env->cache = NULL;
}

enum wl_status wl_fail(struct wl_worker *w, int error, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(w->err.text, sizeof(w->err.text), fmt, ap);
	va_end(ap);
	w->error = error;
	return WL_FAILED;
}
