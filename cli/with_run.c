/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/with_run.h"

#include <errno.h>

int with_run(const struct cli_spec *spec, int argc, char **argv, void *request,
	     int (*show)(const struct results *r, const void *request))
{
	struct results r;
	struct err e;
	int n = cli_parse(spec, argc, argv, request, &e), status;

	if (n == CLI_HELP)
		return 0;
	if (n >= 0 && argc - n != 1)
		n = err_set(&e, -EINVAL, "expected the folder of one run, got %d", argc - n);
	if (n < 0)
		return cli_usage_error(spec, &e);
	n = results_read(&r, argv[n], &e);
	if (n)
		return n == -EINVAL ? cli_usage_error(spec, &e) : cli_failure(spec, &e);
	status = show(&r, request);
	results_release(&r);
	return status;
}
