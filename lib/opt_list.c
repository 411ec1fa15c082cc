/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Axis grammar of opt_list(): comma lists and ranges over one row. */
#include "lib/opt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct list {
	const struct opt *row;
	char **text;
	unsigned n, room, most;
};

/* A field that stands alone: any row of an integer type, without its bounds, parses into it. */
struct number {
	union {
		unsigned u;
		uint64_t q;
	} v;
};

static int is_integer(const struct opt *row)
{
	return row->type == OPT_UINT || row->type == OPT_SIZE || row->type == OPT_U64;
}

static int list_grow(struct list *l)
{
	unsigned room = l->room ? 2 * l->room : 8;
	char **grown = realloc(l->text, room * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	l->text = grown;
	l->room = room;
	return 0;
}

/* Check @text against the row and append its canonical spelling. */
static int list_add(struct list *l, const char *text, struct err *e)
{
	struct opt row = *l->row;
	char value[OPT_STR_MAX], buf[OPT_STR_MAX];
	int ret;

	row.offset = 0;
	ret = opt_parse(&row, value, text, e);
	if (ret)
		return ret;
	if (l->n == l->most)
		return err_set(e, -E2BIG, "%s: more than %u values", row.name, l->most);
	opt_format(&row, value, buf, sizeof(buf));
	if ((l->n == l->room && list_grow(l)) || !(l->text[l->n] = strdup(buf)))
		return err_set(e, -ENOMEM, "%s: out of memory", row.name);
	l->n++;
	return 0;
}

/* One end of a range: a number as the row spells it, whatever its bounds. */
static int range_number(const struct opt *row, const char *text, uint64_t *v)
{
	struct opt plain = *row;
	struct number n;
	int ret;

	plain.offset = 0;
	plain.min = plain.max = 0;
	plain.flags = 0;
	ret = opt_parse(&plain, &n, text, NULL);
	if (!ret)
		*v = row->type == OPT_UINT ? n.v.u : n.v.q;
	return ret;
}

static int bad_range(const struct list *l, const char *item, const char *why, struct err *e)
{
	return err_set(e, -EINVAL, "%s: expected %s, got '%.100s'", l->row->name, why, item);
}

static int add_range(struct list *l, const char *item, uint64_t from, uint64_t to, char op,
		     uint64_t by, struct err *e)
{
	uint64_t v = from;
	char text[24];
	int ret;

	if (from > to)
		return bad_range(l, item, "a range that goes up", e);
	if (op == '*' && (by < 2 || !from))
		return bad_range(l, item, "a range from 1 up with a factor of 2 or more", e);
	if (op == '+' && !by)
		return bad_range(l, item, "a step of 1 or more", e);
	do {
		snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
		ret = list_add(l, text, e);
		if (ret)
			return ret;
		if (op == '*' ? __builtin_mul_overflow(v, by, &v) :
				__builtin_add_overflow(v, by, &v))
			break;
	} while (v <= to);
	return 0;
}

/* "FROM-TO", "FROM-TO*FACTOR", "FROM-TO+STEP". */
static int parse_range(struct list *l, const char *item, struct err *e)
{
	char part[OPT_STR_MAX], *dash, *op;
	uint64_t from, to, by = 1;
	char kind = '+';

	snprintf(part, sizeof(part), "%s", item);
	dash = strchr(part, '-');
	op = strpbrk(dash, "*+");
	*dash = '\0';
	if (op) {
		kind = *op;
		*op = '\0';
	}
	if (range_number(l->row, part, &from) || range_number(l->row, dash + 1, &to) ||
	    (op && range_number(l->row, op + 1, &by)))
		return bad_range(l, item, "FROM-TO, FROM-TO*FACTOR or FROM-TO+STEP", e);
	return add_range(l, item, from, to, kind, by, e);
}

static int parse_item(struct list *l, const char *text, size_t len, struct err *e)
{
	char item[OPT_STR_MAX];

	if (len >= sizeof(item))
		return err_set(e, -EINVAL, "%s: a value of %zu bytes", l->row->name, len);
	memcpy(item, text, len);
	item[len] = '\0';
	if (is_integer(l->row) && strchr(item, '-'))
		return parse_range(l, item, e);
	return list_add(l, item, e);
}

static int parse_items(struct list *l, const char *text, struct err *e)
{
	size_t at, len;
	int ret;

	if (l->row->type == OPT_STR) /* a comma is text there */
		return list_add(l, text, e);
	for (at = 0;; at += len + 1) {
		len = strcspn(text + at, ",");
		ret = parse_item(l, text + at, len, e);
		if (ret == -EINVAL && strchr(text, ','))
			return err_prefix(e, ret, "at character %zu", at + 1);
		if (ret || !text[at + len])
			return ret;
	}
}

int opt_list(const struct opt *row, const char *text, unsigned most, char ***out, struct err *e)
{
	struct list l = { .row = row, .most = most };
	int ret = parse_items(&l, text, e);

	if (ret) {
		opt_list_free(l.text, (int)l.n);
		return ret;
	}
	*out = l.text;
	return (int)l.n;
}

void opt_list_free(char **list, int n)
{
	int i;

	for (i = 0; i < n; i++)
		free(list[i]);
	free(list);
}
