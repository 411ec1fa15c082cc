/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "workloads/mix.h"

const char *const mix_draw_names[] = { "even", "small", NULL };

uint64_t mix_size(const struct mix_params *p, unsigned k)
{
	double ratio = (double)p->largest_size / (double)p->object_size;
	uint64_t size;

	if (!k)
		return p->object_size;
	if (k == p->classes - 1)
		return p->largest_size;
	size = (uint64_t)((double)p->object_size * pow(ratio, (double)k / (p->classes - 1)));
	return (size + 7) & ~UINT64_C(7);
}

double mix_chance(const struct mix_params *p, unsigned k)
{
	if (p->draw == MIX_EVEN)
		return 1.0 / p->classes;
	return ldexp(1, -(int)(k + (k < p->classes - 1))); /* the last two are alike */
}

double mix_mean(const struct mix_params *p)
{
	double sum = 0;

	for (unsigned k = 0; k < p->classes; k++)
		sum += (double)mix_size(p, k) * mix_chance(p, k);
	return sum;
}

int mix_check(const struct mix_params *p, struct err *e)
{
	for (unsigned k = 1; k < p->classes; k++)
		if (mix_size(p, k) <= mix_size(p, k - 1))
			return err_set(e, -EINVAL,
				       "classes: %u classes from %" PRIu64 " to %" PRIu64
				       " bytes are not all of different sizes",
				       p->classes, p->object_size, p->largest_size);
	return 0;
}

int mix_create(struct wl_env *env, const struct mix_params *p, const char *name, struct err *e)
{
	for (unsigned k = 0; k < p->classes; k++) {
		char full[64];
		int err;

		if (p->classes == 1)
			snprintf(full, sizeof(full), "%s", name);
		else
			snprintf(full, sizeof(full), "%s-%" PRIu64, name, mix_size(p, k));
		err = wl_cache_create(env, full, mix_size(p, k), e);
		if (err)
			return err;
	}
	return 0;
}
