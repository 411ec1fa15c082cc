/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A target written as a file: what target_ini.c reads. */

#include <errno.h>
#include <string.h>

#include "collectors/model/target_impl.h"

#define WIDTH 100

/* Texts of sources, each once; what is printed is their place. */
struct texts {
	const char *text[MT_SOURCES]; /* without the mark */
	unsigned nr;
};

/* Of "C: text" the text; NULL when it is not of that form. */
static const char *text_of(const char *source)
{
	return strlen(source) > 3 && source[1] == ':' && source[2] == ' ' ? source + 3 : NULL;
}

static unsigned place(struct texts *x, const char *text)
{
	unsigned i = 0;

	while (i < x->nr && strcmp(x->text[i], text))
		i++;
	if (i == x->nr)
		x->text[x->nr++] = text;
	return i + 1;
}

/* "name = value | C s1"; a long value goes on in further lines, which begin behind a comma. */
static void print_figure(FILE *f, const char *name, const char *value, const char *mark)
{
	const char *s = value;
	size_t used = (size_t)fprintf(f, "%s = ", name);

	while (*s) {
		size_t n = strcspn(s, ",");

		n += s[n] == ',';
		if (used + n > WIDTH && s > value) {
			fputs("\n\t", f);
			used = 8;
		}
		fwrite(s, 1, n, f);
		used += n;
		s += n;
	}
	fprintf(f, "%s\n", mark);
}

static void each_of(const struct mt_target *t, const char *part, const void *at,
		    const struct mt_field *fields, mt_figure *call, void *ctx)
{
	char value[MT_LONGEST], figure[MT_TEXT];

	call(ctx, part, NULL, NULL, NULL);
	for (; fields->name; fields++) {
		fields->get(t, at, value, sizeof(value));
		snprintf(figure, sizeof(figure), "%s.%s", part, fields->name);
		if (*value)
			call(ctx, part, fields->name, value, mt_source(t, figure));
	}
}

void mt_each(const struct mt_target *t, mt_figure *call, void *ctx)
{
	char part[48];

	for (unsigned i = 0; i < t->nr_levels; i++)
		each_of(t, mt_level_names[i], &t->cache[i], mt_cache_fields, call, ctx);
	for (unsigned i = 0; i < t->nr_pages; i++) {
		mt_page_part(&t->page[i], part, sizeof(part));
		each_of(t, part, &t->page[i], mt_page_fields, call, ctx);
	}
	each_of(t, "machine", t, mt_machine_fields, call, ctx);
}

struct printer {
	FILE *f;
	struct texts x;
};

static void collect(void *ctx, const char *part, const char *name, const char *value,
		    const char *source)
{
	struct printer *p = ctx;

	(void)part;
	(void)name;
	(void)value;
	if (source && text_of(source))
		place(&p->x, text_of(source));
}

static void print(void *ctx, const char *part, const char *name, const char *value,
		  const char *source)
{
	struct printer *p = ctx;
	char mark[32] = "";

	if (!name) {
		fprintf(p->f, "\n[%s]\n", part);
		return;
	}
	if (source && text_of(source))
		snprintf(mark, sizeof(mark), " | %c s%u", *source, place(&p->x, text_of(source)));
	print_figure(p->f, name, value, mark);
}

int mt_print(const struct mt_target *t, FILE *f)
{
	struct printer p = { .f = f };

	fprintf(f, "[target]\nformat = %d\nname = %s\n", MT_FORMAT, t->name);
	if (*t->aliases)
		fprintf(f, "aliases = %s\n", t->aliases);
	if (*t->cpu)
		fprintf(f, "cpu = %s\n", t->cpu);
	fprintf(f, "version = %u\n", t->version);
	if (*t->match)
		fprintf(f, "match = %s\n", t->match);
	if (*t->note)
		fprintf(f, "note = %s\n", t->note);
	mt_each(t, collect, &p);
	if (p.x.nr)
		fputs("\n[sources]\n", f);
	for (unsigned i = 0; i < p.x.nr; i++)
		fprintf(f, "s%u = %s\n", i + 1, p.x.text[i]);
	mt_each(t, print, &p);
	return ferror(f) ? -EIO : 0;
}
