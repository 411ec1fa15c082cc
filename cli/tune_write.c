/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pick for others: a config file, and C source. */
#include <ctype.h>
#include <string.h>

#include "cli/tune.h"

/* What a comment of either may hold: one line, and no end of it. */
static void one_line(FILE *f, const char *text)
{
	for (; *text; text++)
		if (*text == '*' && text[1] == '/')
			fputc(' ', f);
		else
			fputc((unsigned char)*text < 32 || *text == 127 ? ' ' : *text, f);
}

static void summary(const struct tuning *t, FILE *f, const char *begin)
{
	fprintf(f, "%sslabscope tune: %s, objects of %u bytes, target ", begin,
		t->spec.run.workload, t->space.point[0].geometry.object_size);
	one_line(f, t->target);
	fprintf(f, "; %s", tune_verdict_names[t->verdict]);
	if (t->verdict == TUNE_CHANGE && t->gain.source)
		fprintf(f, ": %s x %.4g (%s)", t->gain.metric, t->gain.ratio, t->gain.source);
}

/* Toggles that are not the profile's, the pick's among them. */
static int is_set(const struct opt *row, const struct slab_config *c,
		  const struct slab_config *profile)
{
	return !opt_equal(row, c, profile);
}

void tune_write_config(const struct tuning *t, FILE *f)
{
	const struct slab_config *c = &t->space.point[t->pick].config;
	struct slab_config profile;
	char text[OPT_STR_MAX + 32];

	summary(t, f, "; ");
	fprintf(f,
		"\n; run: slabscope run FILE    library: slab_config_read()\n[global]\nprofile = %s\n",
		t->spec.run.profile);
	slab_config_profile(&profile, t->spec.run.profile, NULL);
	for (const struct opt *row = slab_config_opts; row->name; row++)
		if (is_set(row, c, &profile)) {
			opt_format(row, c, text, sizeof(text));
			fprintf(f, "%s = %s\n", row->name, text);
		}
	fprintf(f, "\n[tuned]\nworkload = %s\n", t->spec.run.workload);
	for (const struct opt *row = t->spec.wl->opts; row && row->name; row++) {
		opt_format(row, t->spec.params, text, sizeof(text));
		fprintf(f, "%s = %s\n", row->name, text);
	}
}

/* A value as C: numbers as they are, words of an enum by their number with the word beside it. */
static void c_value(const struct opt *row, const struct slab_config *c, FILE *f)
{
	char text[OPT_STR_MAX + 32];
	unsigned v;

	opt_format(row, c, text, sizeof(text));
	switch (row->type) {
	case OPT_STR:
		fprintf(f, "\tsnprintf(c.%s, sizeof(c.%s), \"%%s\", \"", row->name, row->name);
		for (const char *p = text; *p; p++)
			fprintf(f, *p == '"' || *p == '\\' ? "\\%c" : "%c", *p);
		fputs("\");\n", f);
		return;
	case OPT_BOOL:
	case OPT_ENUM:
		memcpy(&v, (const char *)c + row->offset, sizeof(v));
		fprintf(f, "\tc.%s = %u; /* %s */\n", row->name, v, text);
		return;
	default:
		if (!isdigit((unsigned char)*text))
			fprintf(f, "\tc.%s = %s;\n", row->name,
				!strcmp(text, "auto") ? "KMEM_AUTO" : "0");
		else
			fprintf(f, "\tc.%s = %s;\n", row->name, text);
	}
}

void tune_write_c(const struct tuning *t, FILE *f)
{
	const struct slab_config *c = &t->space.point[t->pick].config;
	struct slab_config profile;

	summary(t, f, "/* ");
	fprintf(f,
		" */\n#include <slabscope/kmem_cache.h>\n#include <stdio.h>\n\n"
		"/* A cache with the tuned toggles; otherwise as kmem_cache_create(). */\n"
		"int tuned_cache_create(struct kmem_system *s, const char *name, size_t size,\n"
		"\t\t       void (*ctor)(void *obj), struct kmem_cache **out, struct err *e);\n"
		"int tuned_cache_create(struct kmem_system *s, const char *name, size_t size,\n"
		"\t\t       void (*ctor)(void *obj), struct kmem_cache **out, struct err *e)\n{\n"
		"\tstruct slab_config c;\n\tint rc = slab_config_profile(&c, \"%s\", e);\n\n"
		"\tif (rc)\n\t\treturn rc;\n",
		t->spec.run.profile);
	slab_config_profile(&profile, t->spec.run.profile, NULL);
	for (const struct opt *row = slab_config_opts; row->name; row++)
		if (is_set(row, c, &profile))
			c_value(row, c, f);
	fputs("\treturn kmem_cache_create(s, name, size, &c, ctor, out, e);\n}\n", f);
}
