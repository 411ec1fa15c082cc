/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slabscope replay: a recorded trace as a workload: what it holds, or `run` with it. */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/trace_info.h"

enum { ID_INFO, ID_JSON, ID_PARTIAL };

struct request {
	bool info, json, partial;
};

static const struct cli_plain plain[] = {
	{ "info", 'i', NULL,
	  "what the trace holds: counts, peaks and lifetimes by cache; nothing is run", ID_INFO },
	{ "json", 0, NULL, "the same as JSON", ID_JSON },
	{ "partial", 0, NULL, "use a damaged trace up to the damage", ID_PARTIAL },
	{ .name = NULL },
};

static int on_option(void *arg, const struct cli_plain *p, const char *text, struct err *e)
{
	struct request *q = arg;

	(void)text;
	(void)e;
	q->info |= p->id == ID_INFO;
	q->json |= p->id == ID_JSON;
	q->partial |= p->id == ID_PARTIAL;
	return 0;
}

static const char about[] =
	"Ask our caches for what a kernel was asked for: a trace of `slabscope record`, or the text of perf\n"
	"script, ftrace or trace-cmd with the events kmem_cache_alloc and kmem_cache_free, packed by gzip,\n"
	"bzip2, xz, zstd, lz4 or not.\n\n"
	"Every option of `slabscope run` may follow: toggles to compare, --allocator, --workers, --collect\n"
	"(model, too), --target; `slabscope list workloads` has those of the workload `replay`. So\n"
	"    slabscope replay T --mgmt on,off --colour 0,auto\n"
	"is\n"
	"    slabscope run --workload replay --trace T --mgmt on,off --colour 0,auto";

static const struct cli_spec spec = {
	.command = "slabscope replay",
	.usage =
		"TRACE [OPTION OF run]...\n       slabscope replay TRACE --info [--json] [--partial]",
	.about = about,
	.plain = plain,
	.option = on_option,
};

static bool asks_info(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--info") || !strcmp(argv[i], "-i") ||
		    !strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return true;
	return false;
}

static int info(int argc, char **argv)
{
	struct request q = { .info = false };
	struct err e = { "" };
	int n = cli_parse(&spec, argc, argv, &q, &e), rc;

	if (n == CLI_HELP)
		return 0;
	if (n >= 0 && argc - n != 1)
		n = err_set(&e, -EINVAL, n == argc ? "which trace?" : "one trace at a time");
	if (n < 0)
		return cli_usage_error(&spec, &e);
	rc = trace_info(stdout, argv[n], q.partial, q.json, &e);
	if (rc == -EINVAL || rc == -ESPIPE)
		return cli_usage_error(&spec, &e);
	return rc ? cli_failure(&spec, &e) : 0;
}

int cmd_replay(int argc, char **argv)
{
	struct err e = { "" };
	char **args, *path;
	int rc;

	if (asks_info(argc, argv))
		return info(argc, argv);
	if (argc < 2 || argv[1][0] == '-') {
		err_set(&e, -EINVAL, "the trace comes first, then options of run");
		return cli_usage_error(&spec, &e);
	}
	args = calloc((size_t)argc + 5, sizeof(*args));
	if (!args) {
		err_set(&e, -ENOMEM, "no memory");
		return cli_failure(&spec, &e);
	}
	/* whole, so that the run can be repeated from elsewhere; unless it is too long for an option */
	path = realpath(argv[1], NULL);
	if (path && strlen(path) >= OPT_STR_MAX) {
		free(path);
		path = NULL;
	}
	args[0] = (char *)"run";
	args[1] = (char *)"--workload=replay";
	args[2] = (char *)"--trace";
	args[3] = path ? path : argv[1];
	memcpy(args + 4, argv + 2, (size_t)(argc - 2) * sizeof(*args));
	rc = cmd_run(argc + 2, args);
	free(path);
	free(args);
	return rc;
}
