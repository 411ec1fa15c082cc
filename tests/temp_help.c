/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/temp_help.h"

#include <stdio.h>
#include <stdlib.h>

char *temp_folder(char path[TEMP_MAX], const char *name)
{
	const char *tmp = getenv("TMPDIR");
	int n = snprintf(path, TEMP_MAX, "%s/slabscope-%s-XXXXXX", tmp && *tmp ? tmp : P_tmpdir,
			 name);

	return n > 0 && n < TEMP_MAX ? mkdtemp(path) : NULL;
}
