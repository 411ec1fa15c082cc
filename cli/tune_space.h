/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TUNE_SPACE_H
#define SLABSCOPE_TUNE_SPACE_H

/*
 * What `slabscope tune` chooses from: toggles, each with candidate values, and their cross product.
 *
 * Many settings come to the same: colours where there is no room, an order that the rules take
 * anyway. The geometry is a pure function, so that is known without a trial: settings with the same
 * layout and queues are one point, named by the setting of it that changes fewest toggles. Point 0 is
 * what the command line says, with nothing changed.
 */

#include "engine/geometry.h"
#include "lib/err.h"

#define TUNE_TOGGLES_MOST 24u
#define TUNE_VALUES_MOST 64u
#define TUNE_SETTINGS_MOST (1u << 20) /* of the cross product */
#define TUNE_NONE (~0u)

struct tune_toggle {
	const struct opt *row; /* of slab_config_opts[] */
	char **value;	       /* canonical texts; value[0] is as it stands */
	unsigned nr;
};

struct tune_point {
	uint8_t at[TUNE_TOGGLES_MOST]; /* which value of each toggle */
	unsigned changes;	       /* toggles that are not value[0] */
	struct slab_config config;
	struct slab_geometry geometry;
	double bytes_per_object; /* what full slabs take, management in other caches included */
};

struct tune_space {
	struct tune_toggle toggle[TUNE_TOGGLES_MOST];
	unsigned nr_toggles;
	struct tune_point *point;
	unsigned nr_points;
	unsigned *point_of; /* [settings]: TUNE_NONE: not possible, or over the memory limit */
	unsigned settings, possible, over; /* of the cross product; over: dropped for memory */
};

struct tune_space_in {
	struct slab_geometry_in machine; /* object, page, line, CPUs of the target */
	unsigned nodes, workers;
	const struct slab_config *base;
	const char *const *vary; /* "toggle=LIST": instead of the built-in candidates */
	unsigned nr_vary;
	double memory; /* bytes per object at most, as a ratio to the base; 0: any */
};

/* -EINVAL for a toggle or value that is none; -E2BIG above TUNE_SETTINGS_MOST. */
int tune_space_make(struct tune_space *s, const struct tune_space_in *in, struct err *e);
void tune_space_release(struct tune_space *s);

/* The point of @p with toggle @t at value @v, or TUNE_NONE. */
unsigned tune_space_step(const struct tune_space *s, unsigned p, unsigned t, unsigned v);
/* "colour_slack=object order=1", or "nothing changed"; @sep stands between. Returns @buf. */
const char *tune_point_text(const struct tune_space *s, unsigned p, const char *sep, char *buf,
			    size_t len);

#endif
