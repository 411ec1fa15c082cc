/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A load as it is, for other simulators to run, and to compare times with. */

#include "tests/model/load.h"

#include <errno.h>

int load_begin(const struct load_ask *ask, struct err *e)
{
	return ask->target ? err_set(e, -EINVAL, "this build cannot simulate %s", ask->target) : 0;
}

int load_end(FILE *f, struct err *e)
{
	(void)f;
	(void)e;
	return 0;
}
