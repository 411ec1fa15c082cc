/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/tempdir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int tempdir_make(char *out, size_t len, const char *what, const char *otherwise, struct err *e)
{
	static const char form[] = "%s/slabscope-%s.XXXXXX";
	const char *in = getenv("TMPDIR");
	int error;

	if (!in || !*in || snprintf(out, len, form, in, what) >= (int)len)
		snprintf(out, len, form, in = otherwise, what);
	if (mkdtemp(out))
		return 0;
	error = errno;
	*out = '\0';
	return err_set(e, -error, "no temporary folder in %s: %s", in, strerror(error));
}
