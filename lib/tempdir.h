/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_TEMPDIR_H
#define SLABSCOPE_TEMPDIR_H

#include <stddef.h>

#include "lib/err.h"

/*
 * A new folder slabscope-@what.XXXXXX, of this user alone, in TMPDIR; in @otherwise where that is not set or leaves no
 * room in @out[@len]. The caller removes it. -errno with a text, and @out empty, if it cannot be made.
 */
int tempdir_make(char *out, size_t len, const char *what, const char *otherwise, struct err *e);

#endif
