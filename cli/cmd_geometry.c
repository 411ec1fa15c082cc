/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slabscope geometry: what slabs of an object size look like; one explained, or many as CSV. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/geo.h"
#include "cli/options.h"

enum { ID_BATCH, ID_JSON, ID_PROFILE };

struct request {
	struct geo_query query;
	const char *batch;   /* file, or NULL */
	const char *profile; /* or NULL */
	int json;
	int skip_rows; /* first pass: only the profile is looked for */
};

static const struct cli_plain plain[] = {
	{ "batch", 'b', "FILE",
	  "read rows of CSV from FILE ('-' is standard input), print them with their geometry",
	  ID_BATCH },
	{ "json", 0, NULL, "print JSON", ID_JSON },
	{ "profile", 'p', "NAME",
	  "start from a profile's toggles: kernel-2.6.22, kernel-6.1 or fast", ID_PROFILE },
	{ .name = NULL },
};

static int on_row(void *arg, const struct cli_table *t, const struct opt *row, const char *text,
		  struct err *e)
{
	struct request *r = arg;

	return r->skip_rows ? 0 : opt_parse(row, t->base, text, e);
}

static int on_option(void *arg, const struct cli_plain *p, const char *text, struct err *e)
{
	struct request *r = arg;

	(void)e;
	switch (p->id) {
	case ID_BATCH:
		r->batch = text;
		break;
	case ID_JSON:
		r->json = 1;
		break;
	case ID_PROFILE:
		r->profile = text;
		break;
	}
	return 0;
}

/* Twice over the command line: toggles come on top of the profile wherever that stands. */
static int parse(const struct cli_spec *spec, struct request *r, int argc, char **argv,
		 struct err *e)
{
	int n;

	geo_query_init(&r->query);
	r->skip_rows = 1;
	n = cli_parse(spec, argc, argv, r, e);
	if (n < 0)
		return n;
	r->skip_rows = 0;
	if (r->profile) {
		int ret = slab_config_profile(&r->query.config, r->profile, e);

		if (ret)
			return ret;
	}
	n = cli_parse(spec, argc, argv, r, e);
	if (n < 0)
		return n;
	if (n < argc)
		return err_set(e, -EINVAL, "unexpected argument '%s'", argv[n]);
	if (r->batch && r->json)
		return err_set(e, -EINVAL, "--batch prints CSV; it does not go with --json");
	if (!r->batch && !r->query.in.object_size)
		return err_set(e, -EINVAL, "--object-size is needed, or --batch");
	return 0;
}

/* Standard output must have taken all of it. */
static int flushed(const struct cli_spec *spec)
{
	struct err e;

	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	err_set(&e, -EIO, "standard output: %s", strerror(errno));
	return cli_failure(spec, &e);
}

/* All rows or none: the output waits in memory until the last one was good. */
static int run_batch(const struct cli_spec *spec, const struct request *r)
{
	int is_stdin = !strcmp(r->batch, "-"), ret;
	FILE *in = is_stdin ? stdin : fopen(r->batch, "r"), *out;
	struct err e = { "" };
	char *text = NULL;
	size_t len = 0;

	if (!in) {
		err_set(&e, -errno, "%s: %s", r->batch, strerror(errno));
		return cli_usage_error(spec, &e);
	}
	out = open_memstream(&text, &len);
	ret = out ? geo_batch(in, is_stdin ? "standard input" : r->batch, &r->query, out, &e) :
		    err_set(&e, -ENOMEM, "out of memory");
	if (out && fclose(out) && !ret)
		ret = err_set(&e, -ENOMEM, "out of memory");
	if (!is_stdin)
		fclose(in);
	if (!ret)
		fwrite(text, 1, len, stdout);
	free(text);
	if (!ret)
		return flushed(spec);
	if (ret == -ENOMEM || ret == -EIO)
		return cli_failure(spec, &e);
	fprintf(stderr, "%s: %s\n", spec->command, e.text);
	return EXIT_USAGE;
}

static int run_one(const struct cli_spec *spec, const struct request *r)
{
	const struct geo_query *q = &r->query;
	struct slab_geometry g;
	struct slab_trace t;
	struct err e;

	if (slab_config_validate(&q->config, 0, &e) ||
	    slab_geometry_trace(&q->in, &q->config, &g, &t, &e))
		return cli_usage_error(spec, &e);
	if (!r->json)
		geo_explain(stdout, q, &g, &t);
	else if (geo_json(stdout, q, &g, &t, &e))
		return cli_failure(spec, &e);
	return flushed(spec);
}

int cmd_geometry(int argc, char **argv)
{
	struct request r = { .batch = NULL };
	const struct cli_table tables[] = {
		{ geo_opts, &r.query, "The cache and the machine", 0 },
		{ slab_config_opts, &r.query.config, "Toggles", 0 },
		{ NULL, NULL, NULL, 0 },
	};
	const struct cli_spec spec = {
		.command = "slabscope geometry",
		.usage = "--object-size N [OPTION]...\n"
			 "       slabscope geometry --batch FILE [OPTION]...",
		.about =
			"Compute what a slab of such objects looks like, and say why: order, objects, management,\n"
			"left-over bytes, colours, L1 sets, queue sizes. Nothing is allocated or measured.\n\n"
			"--batch reads CSV with a line of column names, any of object_size, align, hwcache_align,\n"
			"reclaim, ctor, rcu, rules, page_size, cache_line, break_order, cpus in any order; what a row\n"
			"leaves out or empty is as the options say. A bad row is named by line and column, exit 2.",
		.tables = tables,
		.plain = plain,
		.row = on_row,
		.option = on_option,
	};
	struct err e = { "" };
	int ret = parse(&spec, &r, argc, argv, &e);

	if (ret == CLI_HELP)
		return flushed(&spec);
	if (ret == -ENOMEM)
		return cli_failure(&spec, &e);
	if (ret)
		return cli_usage_error(&spec, &e);
	return r.batch ? run_batch(&spec, &r) : run_one(&spec, &r);
}
