/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/data.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int data_path(const char *name, char path[PATH_MAX], struct err *e)
{
	static const char *const beside[] = { "../share/slabscope", ".", "..", "../..",
					      "../../.." }; /* build/NAME/VARIANT */
	const char *env = getenv("SLABSCOPE_DATA");
	char exe[PATH_MAX], *dir;
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	unsigned i;

	if (env && *env && snprintf(path, PATH_MAX, "%s/%s", env, name) < PATH_MAX &&
	    !access(path, R_OK))
		return 0;
	if (n < 0)
		return err_set(e, -errno, "/proc/self/exe: %s", strerror(errno));
	exe[n] = '\0';
	dir = dirname(exe);
	for (i = 0; i < sizeof(beside) / sizeof(beside[0]); i++)
		if (snprintf(path, PATH_MAX, "%s/%s/%s", dir, beside[i], name) < PATH_MAX &&
		    !access(path, R_OK))
			return 0;
	return err_set(
		e, -ENOENT,
		"%s: not found in $SLABSCOPE_DATA, nor in %s/../share/slabscope, nor above %s",
		name, dir, dir);
}
