/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/geo.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "lib/csv.h"

#define INPUTS_MAX 16

/* Columns that a file may have; each is a row of geo_opts[] or slab_config_opts[]. */
static const char *const inputs[] = {
	"object_size", "align",	    "hwcache_align", "reclaim",	    "ctor", "rcu",
	"rules",       "page_size", "cache_line",    "break_order", "cpus", NULL,
};

/* Columns that are put behind them. */
static const struct {
	const char *name;
	size_t offset;
} outputs[] = {
#define OUTPUT(name, field)                                 \
	{                                                   \
		name, offsetof(struct slab_geometry, field) \
	}
	OUTPUT("size", size),
	OUTPUT("num", num),
	OUTPUT("gfporder", gfporder),
	OUTPUT("mgmt_size", slab_size),
	OUTPUT("left_over", left_over),
	OUTPUT("colour", colour),
	OUTPUT("colour_off", colour_off),
	OUTPUT("off_slab", off_slab),
	OUTPUT("objfreelist", objfreelist),
	OUTPUT("limit", limit),
	OUTPUT("batchcount", batchcount),
	OUTPUT("shared", shared),
#undef OUTPUT
};

struct column {
	const struct opt *row;
	int of_config; /* the row's field lies in the config, not in the query */
};

struct batch {
	struct csv_reader csv;
	struct column column[INPUTS_MAX];
	unsigned nr, object_size; /* columns, and which of them that is */
	const struct geo_query *base;
	FILE *out;
};

static const struct opt *input_row(const char *name, int *of_config)
{
	const char *const *n;
	const struct opt *row;

	row = opt_find(geo_opts, name);
	*of_config = !row;
	if (!row)
		row = opt_find(slab_config_opts, name);
	for (n = inputs; row && *n; n++)
		if (!strcmp(*n, row->name))
			return row;
	return NULL;
}

static int read_column(struct batch *b, unsigned i, struct err *e)
{
	const char *name = b->csv.cell[i].text;
	struct column c;
	unsigned k;

	c.row = input_row(name, &c.of_config);
	if (!c.row) {
		err_set(e, -EINVAL,
			"expected one of object_size, align, hwcache_align, reclaim, ctor, rcu, rules, "
			"page_size, cache_line, break_order, cpus, got '%.100s'",
			name);
		return csv_error_at(&b->csv, i, NULL, -EINVAL, e);
	}
	for (k = 0; k < b->nr; k++)
		if (b->column[k].row == c.row) {
			err_set(e, -EINVAL, "is column %u already", k + 1);
			return csv_error_at(&b->csv, i, c.row->name, -EINVAL, e);
		}
	b->column[b->nr++] = c; /* as many as there are inputs at most: each is there once */
	return 0;
}

static int read_header(struct batch *b, struct err *e)
{
	unsigned i;
	int ret = csv_read(&b->csv, e);

	if (ret < 0)
		return ret;
	if (!ret)
		return err_set(
			e, -EINVAL,
			"%s: line 1, column 1: expected a line with column names, got nothing",
			b->csv.name);
	for (i = 0; i < b->csv.nr; i++) {
		ret = read_column(b, i, e);
		if (ret)
			return ret;
	}
	for (i = 0; i < b->nr; i++)
		if (!strcmp(b->column[i].row->name, "object_size")) {
			b->object_size = i;
			return 0;
		}
	err_set(e, -EINVAL, "expected a column object_size");
	return csv_error_at(&b->csv, b->nr, NULL, -EINVAL, e);
}

static void write_header(const struct batch *b)
{
	size_t i;

	for (i = 0; i < b->nr; i++)
		fprintf(b->out, "%s%s", i ? "," : "", b->column[i].row->name);
	for (i = 0; i < sizeof(outputs) / sizeof(*outputs); i++)
		fprintf(b->out, ",%s", outputs[i].name);
	fputc('\n', b->out);
}

static void write_row(const struct batch *b, const struct slab_geometry *g)
{
	unsigned v;
	size_t i;

	for (i = 0; i < b->nr; i++) {
		if (i)
			fputc(',', b->out);
		/* a row of one empty field would be no row */
		csv_write_cell(b->out, b->csv.cell[i].text, b->nr == 1 ? CSV_KEEP_EMPTY : 0);
	}
	for (i = 0; i < sizeof(outputs) / sizeof(*outputs); i++) {
		memcpy(&v, (const char *)g + outputs[i].offset, sizeof(v));
		fprintf(b->out, ",%u", v);
	}
	fputc('\n', b->out);
}

/* The column that a refusal is about: its name stands in front of the text; if none does, it is the
 * size. */
static unsigned blame(const struct batch *b, struct err *e)
{
	unsigned i;

	for (i = 0; i < b->nr; i++) {
		const char *name = b->column[i].row->name;
		size_t n = strlen(name);

		if (!strncmp(e->text, name, n) && e->text[n] == ':') {
			memmove(e->text, e->text + n + 2, strlen(e->text + n + 2) + 1);
			return i;
		}
	}
	return b->object_size;
}

static int refuse(const struct batch *b, int ret, struct err *e)
{
	unsigned i = blame(b, e);

	return csv_error_at(&b->csv, i, b->column[i].row->name, ret, e);
}

static int parse_row(const struct batch *b, struct geo_query *q, struct err *e)
{
	unsigned i;
	int ret;

	for (i = 0; i < b->nr; i++) {
		const struct column *c = &b->column[i];
		const char *text = b->csv.cell[i].text;

		if (!*text)
			continue;
		ret = opt_parse(c->row, c->of_config ? (void *)&q->config : (void *)q, text, e);
		if (ret)
			return refuse(b, ret, e);
	}
	if (q->in.object_size)
		return 0;
	err_set(e, -EINVAL, "expected a size, got nothing");
	return csv_error_at(&b->csv, b->object_size, "object_size", -EINVAL, e);
}

static int check_width(const struct batch *b, struct err *e)
{
	unsigned short_of = b->csv.nr < b->nr;

	if (b->csv.nr == b->nr)
		return 0;
	err_set(e, -EINVAL, "expected %u fields as in the first line, got %u", b->nr, b->csv.nr);
	return csv_error_at(&b->csv, short_of ? b->csv.nr : b->nr,
			    short_of ? b->column[b->csv.nr].row->name : NULL, -EINVAL, e);
}

static int do_row(const struct batch *b, struct err *e)
{
	struct geo_query q = *b->base;
	struct slab_geometry g;
	int ret = check_width(b, e);

	if (!ret)
		ret = parse_row(b, &q, e);
	if (ret)
		return ret;
	ret = slab_config_validate(&q.config, 0, e);
	if (!ret)
		ret = slab_geometry(&q.in, &q.config, &g, e);
	if (ret)
		return refuse(b, ret, e);
	write_row(b, &g);
	return 0;
}

int geo_batch(FILE *in, const char *name, const struct geo_query *base, FILE *out, struct err *e)
{
	struct batch b = { .base = base, .out = out };
	struct err local; /* blame() reads the text */
	int ret;

	if (!e)
		e = &local;
	csv_reader_init(&b.csv, in, name, 0);
	ret = read_header(&b, e);
	if (!ret)
		write_header(&b);
	while (!ret) {
		ret = csv_read(&b.csv, e);
		if (ret <= 0)
			break;
		ret = do_row(&b, e);
	}
	csv_reader_release(&b.csv);
	return ret;
}
