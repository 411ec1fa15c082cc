/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Toggles from a file, as slabscope tune writes it. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "engine/slab_config.h"

#define LINE_MOST 256

struct reader {
	struct slab_config c;
	const char *file, *cache; /* cache: whose section counts, too; NULL: nobody's */
	unsigned line;
	bool ours;    /* before the first section, in [global], or in that of the cache */
	bool changed; /* a toggle was set: the profile comes too late */
	bool found;   /* the cache's section */
};

/* @s without blanks at either end; cuts it. */
static char *bare(char *s)
{
	char *end;

	s += strspn(s, " \t");
	end = s + strlen(s);
	while (end > s && strchr(" \t\r\n", end[-1]))
		*--end = '\0';
	return s;
}

static int set(struct reader *r, const char *name, const char *text, struct err *e)
{
	const struct opt *row = opt_find(slab_config_opts, name);

	if (!strcmp(name, "profile"))
		return r->changed ? err_set(e, -EINVAL, "profile: expected before any toggle") :
				    slab_config_profile(&r->c, text, e);
	if (!row)
		return err_set(e, -EINVAL, "there is no toggle '%.60s'", name);
	r->changed = true;
	return opt_parse(row, &r->c, text, e);
}

/* "[cache NAME]" of this very cache. The name is all up to the last bracket. */
static bool is_cache(const struct reader *r, const char *section)
{
	static const char begin[] = "[cache ";
	size_t n = r->cache ? strlen(r->cache) : 0, at = sizeof(begin) - 1;

	return r->cache && !strncmp(section, begin, at) && strlen(section) == at + n + 1 &&
	       !strncmp(section + at, r->cache, n);
}

static int take_section(struct reader *r, const char *text, struct err *e)
{
	bool global = !strcmp(text, "[global]"), cache = is_cache(r, text);

	if (text[strlen(text) - 1] != ']')
		return err_set(e, -EINVAL, "expected ']' at the end of '%.60s'", text);
	if (global && r->found)
		return err_set(e, -EINVAL, "[global] has to stand before '[cache %.60s]'",
			       r->cache);
	if (cache && r->found)
		return err_set(e, -EINVAL, "a second section '%.60s'", text);
	r->found |= cache;
	r->ours = global || cache;
	return 0;
}

static int take_line(struct reader *r, char *line, struct err *e)
{
	char *text = bare(line), *eq;

	if (!*text || *text == ';' || *text == '#')
		return 0;
	if (*text == '[')
		return take_section(r, text, e);
	if (!r->ours)
		return 0;
	eq = strchr(text, '=');
	if (!eq)
		return err_set(e, -EINVAL, "expected NAME = VALUE, got '%.60s'", text);
	*eq = '\0';
	return set(r, bare(text), bare(eq + 1), e);
}

static int take_lines(struct reader *r, FILE *f, struct err *e)
{
	char line[LINE_MOST];
	int rc = 0;

	while (!rc && fgets(line, sizeof(line), f)) {
		r->line++;
		if (!strchr(line, '\n') && !feof(f))
			rc = err_set(e, -EINVAL, "expected at most %d bytes in a line",
				     LINE_MOST - 2);
		else
			rc = take_line(r, line, e);
	}
	return rc ? err_prefix(e, rc, "%s:%u", r->file, r->line) : 0;
}

static int read_stream(struct slab_config *c, FILE *f, const char *name, const char *cache,
		       struct err *e)
{
	struct reader r = { .file = name, .cache = cache, .ours = true };
	int rc = slab_config_profile(&r.c, slab_profiles[0].name, e);

	if (!rc)
		rc = take_lines(&r, f, e);
	if (!rc && ferror(f))
		rc = err_set(e, -EIO, "%s: cannot be read", name);
	if (!rc && slab_config_validate(&r.c, 0, e))
		rc = err_prefix(e, -EINVAL, "%s", name);
	if (!rc)
		*c = r.c;
	return rc ? rc : r.found;
}

static int read_file(struct slab_config *c, const char *path, const char *cache, struct err *e)
{
	FILE *f = fopen(path, "re");
	int rc;

	if (!f)
		return err_set(e, -errno, "%s: %s", path, strerror(errno));
	rc = read_stream(c, f, path, cache, e);
	fclose(f);
	return rc;
}

int slab_config_read_stream(struct slab_config *c, FILE *f, const char *name, struct err *e)
{
	return read_stream(c, f, name, NULL, e);
}

int slab_config_read(struct slab_config *c, const char *path, struct err *e)
{
	return read_file(c, path, NULL, e);
}

int slab_config_read_cache(struct slab_config *c, const char *path, const char *cache,
			   struct err *e)
{
	return read_file(c, path, cache, e);
}

int slab_config_read_cache_stream(struct slab_config *c, FILE *f, const char *name,
				  const char *cache, struct err *e)
{
	return read_stream(c, f, name, cache, e);
}
