/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A target as INI: read, and written so that it reads back. A figure is
 *
 *	size = 1M | C geometry		the mark, and a row of [sources] with the text
 *	size = 1M | C: CPUID dump ...	the mark and the text
 *	size = 1M			no source
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/model/target_impl.h"
#include "lib/ini.h"

#define MARKS "CRKAHFM"
#define ROWS MT_SOURCES

struct source_row {
	char name[MT_NAME], text[MT_TEXT];
	unsigned line;
	bool used;
};

struct reader {
	struct mt_target *t;
	struct source_row row[ROWS];
	unsigned nr_rows;
	bool have_format, given[MT_LEVELS], have_policy[MT_LEVELS];
	/* figures that must not stand in front of those that they need */
	bool have_node_of, have_distance;
};

/* ---- [target], [sources] ---- */

static int take_text(char *to, size_t room, const char *text, struct err *e)
{
	if (strlen(text) >= room)
		return err_set(e, -EINVAL, "a text of at most %zu bytes, this one has %zu",
			       room - 1, strlen(text));
	strcpy(to, text);
	return 0;
}

/* Names of files, and words on a command line. */
static bool good_name(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

	return n && !s[n] && n < MT_NAME && *s != '.' && *s != '-';
}

static int take_names(char *to, const char *text, unsigned most, struct err *e)
{
	char copy[MT_TEXT], *s = copy, *word;
	unsigned n = 0;
	int r = take_text(to, most == 1 ? MT_NAME : MT_TEXT, text, e);

	if (r)
		return r;
	strcpy(copy, text);
	while ((word = strsep(&s, " ")))
		if (*word && (!good_name(word) || ++n > most))
			return err_set(e, -EINVAL,
				       "expected %s of letters, digits, '.', '_', '-', "
				       "got '%s'",
				       most == 1 ? "a name" : "names", text);
	return n ? 0 : err_set(e, -EINVAL, "expected a name");
}

static int target_item(struct reader *r, const struct ini_item *item, struct err *e)
{
	struct mt_target *t = r->t;
	const char *v = item->value;
	unsigned format;

	if (!strcmp(item->name, "format")) {
		if (mt_parse_uint(v, 1, 1000000, &format, e))
			return -EINVAL;
		if (format > MT_FORMAT)
			return err_set(e, -EINVAL,
				       "format %u of target files; this program reads up to %u",
				       format, MT_FORMAT);
		r->have_format = true;
		return 0;
	}
	if (!strcmp(item->name, "name"))
		return take_names(t->name, v, 1, e);
	if (!strcmp(item->name, "aliases"))
		return take_names(t->aliases, v, MT_TEXT, e);
	if (!strcmp(item->name, "cpu"))
		return take_text(t->cpu, MT_TEXT, v, e);
	if (!strcmp(item->name, "note"))
		return take_text(t->note, MT_TEXT, v, e);
	if (!strcmp(item->name, "version"))
		return mt_parse_uint(v, 1, 1000000, &t->version, e);
	if (!strcmp(item->name, "match")) {
		int bad = mt_match_check(v, e);

		return bad ? bad : take_text(t->match, MT_TEXT, v, e);
	}
	return err_set(e, -EINVAL,
		       "no '%s' in [target]; format, name, aliases, cpu, version, match, note",
		       item->name);
}

static int source_item(struct reader *r, const struct ini_item *item, struct err *e)
{
	struct source_row *s = &r->row[r->nr_rows];

	if (r->nr_rows == ROWS)
		return err_set(e, -EINVAL, "more than %u sources", ROWS);
	if (!*item->value)
		return err_set(e, -EINVAL, "%s: expected a text", item->name);
	s->line = item->line;
	if (take_text(s->name, sizeof(s->name), item->name, e) ||
	    take_text(s->text, sizeof(s->text) - 3, item->value, e))
		return -EINVAL;
	r->nr_rows++;
	return 0;
}

/* ---- figures ---- */

/* What stands behind '|'. */
static int take_mark(struct reader *r, const char *part, const char *figure, const char *s,
		     struct err *e)
{
	char mark;

	s += strspn(s, " \t");
	mark = *s;
	if (!mark || !strchr(MARKS, mark) || (s[1] != ' ' && s[1] != ':'))
		return err_set(e, -EINVAL,
			       "expected one of the marks " MARKS
			       " and a name of [sources], or 'MARK: text', behind '|', got '%s'",
			       s);
	if (s[1] == ':') {
		s += 2 + strspn(s + 2, " \t");
		if (!*s || strlen(s) > MT_TEXT - 4)
			return err_set(e, -EINVAL, "a source's text has 1 to %u bytes",
				       MT_TEXT - 4);
		mt_mark(r->t, part, figure, "%c: %s", mark, s);
		return 0;
	}
	s += 2 + strspn(s + 2, " \t");
	for (unsigned i = 0; i < r->nr_rows; i++)
		if (!strcmp(r->row[i].name, s)) {
			r->row[i].used = true;
			mt_mark(r->t, part, figure, "%c: %s", mark, r->row[i].text);
			return 0;
		}
	return err_set(e, -EINVAL, "no '%s' in [sources], which stands above", s);
}

static int figure_item(struct reader *r, const struct mt_field *fields, const char *section,
		       void *part, const struct ini_item *item, struct err *e)
{
	const struct mt_field *f = fields;
	char value[MT_LONGEST], *bar, *end;
	int bad;

	while (f->name && strcmp(f->name, item->name))
		f++;
	if (!f->name) {
		char names[256] = "";

		for (f = fields; f->name; f++)
			snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
				 *names ? ", " : "", f->name);
		return err_set(e, -EINVAL, "no '%s' in [%s]; %s", item->name, section, names);
	}
	if (strlen(item->value) >= sizeof(value))
		return err_set(e, -EINVAL, "%s: at most %zu bytes", f->name, sizeof(value) - 1);
	strcpy(value, item->value);
	bar = strchr(value, '|');
	if (bar) {
		for (end = bar; end > value && strchr(" \t", end[-1]); end--)
			;
		*end = '\0';
		bar++;
	}
	bad = f->set(r->t, part, value, e);
	if (!bad && bar)
		bad = take_mark(r, section, f->name, bar, e);
	return bad ? err_prefix(e, bad, "%s", f->name) : 0;
}

/* "page 4K" begins a page size. */
static int begin_page(struct reader *r, const char *section, struct err *e)
{
	struct mt_target *t = r->t;
	uint64_t size;

	if (mt_parse_size(section + strlen("page "), &size, e))
		return err_prefix(e, -EINVAL, "[%s]", section);
	if (t->nr_pages == MT_PAGE_SIZES)
		return err_set(e, -EINVAL, "[%s]: more than %u page sizes", section, MT_PAGE_SIZES);
	if (t->nr_pages && size <= t->page[t->nr_pages - 1].size)
		return err_set(e, -EINVAL, "[%s]: page sizes stand in ascending order", section);
	mt_default_page(&t->page[t->nr_pages++], size);
	return 0;
}

static int level_of(const char *section)
{
	for (int i = 0; i < MT_LEVELS; i++)
		if (!strcmp(section, mt_level_names[i]))
			return i;
	return -1;
}

static int machine_item(struct reader *r, const struct ini_item *item, struct err *e)
{
	bool shape = !strcmp(item->name, "cpus") || !strcmp(item->name, "nodes");

	if (shape && (r->have_node_of || r->have_distance))
		return err_set(e, -EINVAL, "%s: stands in front of node_of and distance",
			       item->name);
	r->have_node_of |= !strcmp(item->name, "node_of");
	r->have_distance |= !strcmp(item->name, "distance");
	return figure_item(r, mt_machine_fields, "machine", r->t, item, e);
}

static int item(void *ctx, const struct ini_item *it, struct err *e)
{
	struct reader *r = ctx;
	struct mt_target *t = r->t;
	int level = level_of(it->section), is_page = !strncmp(it->section, "page ", 5);
	char part[48];

	if (!it->name) {
		if (level >= 0)
			r->given[level] = true;
		if (is_page)
			return begin_page(r, it->section, e);
		if (level >= 0 || !strcmp(it->section, "target") ||
		    !strcmp(it->section, "sources") || !strcmp(it->section, "machine"))
			return 0;
		return err_set(e, -EINVAL,
			       "no section [%s]; target, sources, l1d, l2, l3, page SIZE, machine",
			       it->section);
	}
	if (!strcmp(it->section, "target"))
		return target_item(r, it, e);
	if (!r->have_format)
		return err_set(e, -EINVAL, "expected [target] with 'format = %u' first", MT_FORMAT);
	if (!strcmp(it->section, "sources"))
		return source_item(r, it, e);
	if (level >= 0)
		r->have_policy[level] |= !strcmp(it->name, "policy");
	if (level >= 0)
		return figure_item(r, mt_cache_fields, it->section, &t->cache[level], it, e);
	if (!strcmp(it->section, "machine"))
		return machine_item(r, it, e);
	mt_page_part(&t->page[t->nr_pages - 1], part, sizeof(part));
	return figure_item(r, mt_page_fields, part, &t->page[t->nr_pages - 1], it, e);
}

static const struct ini_reader_ops ops = { item };

/* What is missing, and what stands for it where something may. */
static int finish(struct reader *r, struct err *e)
{
	struct mt_target *t = r->t;

	if (!r->have_format)
		return err_set(e, -EINVAL, "expected [target] with 'format = %u'", MT_FORMAT);
	if (!*t->name)
		return err_set(e, -EINVAL, "[target] has no name");
	for (unsigned i = 0; i < MT_LEVELS; i++) {
		struct mt_cache *c = &t->cache[i];

		if (!r->given[i])
			continue;
		if (!c->size || !c->ways || !c->line)
			return err_set(e, -EINVAL, "[%s] needs size, ways and line",
				       mt_level_names[i]);
		if (!r->have_policy[i])
			mt_mark(t, mt_level_names[i], "policy", "A: assumed");
	}
	for (unsigned i = 0; i < r->nr_rows; i++)
		if (!r->row[i].used)
			return err_set(e, -EINVAL, "line %u: no figure has the source '%s'",
				       r->row[i].line, r->row[i].name);
	if (!t->nr_pages)
		mt_default_page(&t->page[t->nr_pages++], 4096);
	mt_complete(t);
	return mt_check(t, e);
}

int mt_read_ini(struct mt_target *t, const char *text, size_t len, const char *file, struct err *e)
{
	struct reader *r = calloc(1, sizeof(*r));
	int bad;

	if (!r)
		return err_set(e, -ENOMEM, "out of memory");
	mt_init(t);
	r->t = t;
	bad = ini_read_text(text, len, file, &ops, r, e);
	if (!bad) {
		bad = finish(r, e);
		if (bad)
			err_prefix(e, bad, "%s", file);
	}
	free(r);
	return bad;
}
