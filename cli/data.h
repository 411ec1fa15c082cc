/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_DATA_H
#define SLABSCOPE_DATA_H

#include <limits.h>

#include "lib/err.h"

/*
 * Where a file that ships with the program lies: @name is relative to the project's root
 * ("plots/lines.gp"). Looked for in $SLABSCOPE_DATA, in ../share/slabscope beside the program's
 * folder (installed), and in the folders above the program (a build tree). 0, or -ENOENT naming
 * where was looked.
 */
int data_path(const char *name, char path[PATH_MAX], struct err *e);

#endif
