/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_SYSFILE_H
#define SLABSCOPE_SYSFILE_H

/*
 * Small files of /proc and /sys, read without stdio: the engine may stand behind malloc, and is then asked before it
 * is there.
 */

#include <stddef.h>

/* The beginning of @path, at most @n - 1 bytes, ended by a NUL. Bytes read, or -errno (and buf[0] is NUL). */
int kmem_read_file(const char *path, char *buf, size_t n);

/* The next range of a list as "0-3,8,10-11" at *@text, which moves behind it. 1, or 0: none is left. */
int kmem_next_range(const char **text, unsigned *first, unsigned *last);

#endif
