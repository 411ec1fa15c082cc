/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_CACHES_H
#define SLABSCOPE_CACHES_H

#include "cli/job.h"
#include "lib/slablist.h"

#define CACHES_SHIPPED "data/slabinfo/slub-6.18-x86_64-2cpu.txt"

/*
 * A listing by the name that a user gives: a file, "-" for standard input, or "auto": the machine's
 * own /proc/slabinfo where it can be read, else the shipped one. *@source (may be NULL) gets what
 * was read in the end.
 */
int caches_read(const char *name, struct slablist *l, char source[256], struct err *e);

/* Rows by active bytes (objects x size), largest first, as malloc'd pointers into @l; NULL: no
 * memory. */
const struct slablist_row **caches_by_bytes(const struct slablist *l);

/* Put `cache = NAME:SIZE:COUNT,...` in the place of every `caches` (and `top`) of @j. */
int caches_resolve(struct job *j, struct err *e);

#endif
