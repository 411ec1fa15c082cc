/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slabscope replay: a recorded trace as a workload: what it holds, or `run` with it. */

#include <ctype.h>
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
	"    slabscope run --workload replay --trace T --mgmt on,off --colour 0,auto\n"
	"Of several traces each is a variant, named after its file up to the first dot.";

static const struct cli_spec spec = {
	.command = "slabscope replay",
	.usage =
		"TRACE... [OPTION OF run]...\n       slabscope replay TRACE --info [--json] [--partial]",
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

/* ---- several traces: a variant of each, under the name of its file ---- */

static char *whole_path(const char *path)
{
	char *p = realpath(path, NULL);

	/* so that the run can be repeated from elsewhere; unless it is too long for an option */
	if (p && strlen(p) < OPT_STR_MAX)
		return p;
	free(p);
	return strdup(path);
}

/* The file's name up to its first dot, in letters that a variant's name may have. */
static void put_name(FILE *f, const char *path)
{
	const char *base = strrchr(path, '/');

	base = base ? base + 1 : path;
	if (!isalnum((unsigned char)*base))
		fputc('_', f);
	for (; *base && *base != '.'; base++)
		fputc(isalnum((unsigned char)*base) || *base == '-' ? *base : '_', f);
}

static int variants(int n, char **trace, char **out, struct err *e)
{
	size_t len;
	FILE *f = open_memstream(out, &len);

	if (!f)
		return err_set(e, -ENOMEM, "no memory");
	for (int i = 0; i < n; i++) {
		char *path = whole_path(trace[i]);

		if (path && path[strcspn(path, " \t|")]) {
			err_set(e, -EINVAL,
				"%s: of several traces, none may have a blank or '|' in its path",
				path);
			free(path);
			fclose(f);
			return -EINVAL;
		}
		fputs(i ? " | " : "", f);
		put_name(f, trace[i]);
		fprintf(f, ": trace=%s", path ? path : trace[i]);
		free(path);
	}
	return fclose(f) ? err_set(e, -ENOMEM, "no memory") : 0;
}

/* ---- the command ---- */

static int run_traces(int n, int argc, char **argv, struct err *e)
{
	char **args = calloc((size_t)argc + 5, sizeof(*args)), *text = NULL;
	int rc = args ? 0 : err_set(e, -ENOMEM, "no memory");

	if (!rc && n > 1)
		rc = variants(n, argv + 1, &text, e);
	else if (!rc && !(text = whole_path(argv[1])))
		rc = err_set(e, -ENOMEM, "no memory");
	if (!rc) {
		args[0] = argv[0]; /* it speaks as replay */
		args[1] = (char *)"--workload=replay";
		args[2] = (char *)(n > 1 ? "--variant" : "--trace");
		args[3] = text;
		memcpy(args + 4, argv + 1 + n, (size_t)(argc - 1 - n) * sizeof(*args));
		rc = cmd_run(argc + 3 - n, args);
	}
	free(text);
	free(args);
	return rc;
}

int cmd_replay(int argc, char **argv)
{
	struct err e = { "" };
	int n = 0, rc;

	if (asks_info(argc, argv))
		return info(argc, argv);
	while (n + 1 < argc && argv[n + 1][0] != '-')
		n++;
	if (!n) {
		err_set(&e, -EINVAL, "the trace comes first, then options of run");
		return cli_usage_error(&spec, &e);
	}
	rc = run_traces(n, argc, argv, &e);
	if (rc == -EINVAL)
		return cli_usage_error(&spec, &e);
	return rc < 0 ? cli_failure(&spec, &e) : rc;
}
