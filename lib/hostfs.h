/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_HOSTFS_H
#define SLABSCOPE_HOSTFS_H

/*
 * Small files of /proc and /sys, below a root that tests can replace: "" is the machine's own, any
 * other folder holds a `proc` and a `sys` of its own. Nothing allocates. Any thread may call these.
 */

#include <stddef.h>
#include <stdint.h>

#define HOSTFS_ROOT_MAX 256

struct hostfs {
	char root[HOSTFS_ROOT_MAX];
};

/* The machine's own, or what SLABSCOPE_HOSTFS names: a recorded or invented machine. */
void hostfs_init(struct hostfs *h);

/* The path that @fmt (from /) has below the root, into @buf; -ENAMETOOLONG. */
int hostfs_path(const struct hostfs *h, char *buf, size_t len, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* All of the file, without blanks and newlines at its end, and a NUL: its length. -errno; -EFBIG
 * when it does not fit. */
int hostfs_read(const struct hostfs *h, char *buf, size_t len, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* A file that is one number: decimal, or hexadecimal after 0x. -EINVAL when it is none. */
int hostfs_u64(const struct hostfs *h, uint64_t *v, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int hostfs_s64(const struct hostfs *h, int64_t *v, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* "0-3,8" -> cpu[] ascending; how many there are (at most @most are stored); -EINVAL. */
int hostfs_parse_list(const char *text, unsigned *cpu, unsigned most);

#endif
