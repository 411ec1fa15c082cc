/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_STAMP_H
#define SLABSCOPE_STAMP_H

/*
 * What workloads write into objects, so that one that was handed out twice, or damaged while it was
 * live, is found: word 0 of each of its first `touch` lines is a stamp that depends on a key, on the
 * object's place in the workload and on its address.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workloads/workload.h"

static inline uint64_t wl_stamp(uint64_t key, uint64_t place, const void *obj)
{
	return key ^ (uintptr_t)obj ^ (place * UINT64_C(0x9e3779b97f4a7c15));
}

/* Lines of an object of @size bytes that have room for a whole stamp. */
static inline size_t wl_stamp_lines(size_t size, size_t line)
{
	return size < sizeof(uint64_t) ? 0 : (size - sizeof(uint64_t)) / line + 1;
}

static inline __attribute__((always_inline)) void wl_stamp_write(char *obj, uint64_t stamp,
								 size_t line, unsigned touch)
{
	for (unsigned l = 0; l < touch; l++)
		WL_WRITE(obj + l * line, stamp + l);
}

/* Looks at all @touch lines, whatever it finds: the first that is not right, or @touch. */
static inline __attribute__((always_inline)) unsigned wl_stamp_read(const char *obj, uint64_t stamp,
								    size_t line, unsigned touch)
{
	unsigned bad = touch;

	for (unsigned l = touch; l-- > 0;)
		if (WL_READ(obj + l * line) != stamp + l)
			bad = l;
	return bad;
}

/*
 * A `touch` option, resolved: the lines of an object of @size bytes that are written (auto: all).
 * -EINVAL: they do not fit.
 */
int wl_touch(unsigned *touch, unsigned asked, uint64_t size, size_t line, const char *name,
	     struct err *e);
/* The same before the line size is known: whether a stamp fits at all. For validate. */
int wl_touch_check(unsigned asked, uint64_t size, const char *name, struct err *e);

/* Leave in @w that line @line of @obj, which is at @place, holds @is instead of @should. */
enum wl_status wl_broken(struct wl_worker *w, uint64_t place, const void *obj, unsigned line,
			 uint64_t is, uint64_t should);

#endif
