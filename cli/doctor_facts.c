/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts: adding them, and finding one. */

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "cli/doctor.h"

/* What a file holds goes to a terminal: nothing in it ends the line or steers. */
static void make_plain(char *text)
{
	for (; *text; text++)
		if (iscntrl((unsigned char)*text))
			*text = ' ';
}

static struct fact *add(struct facts *f, const char *name, enum fact_type type, const char *fmt,
			va_list args)
{
	struct fact *x;

	if (f->nr == FACTS_MAX)
		return NULL;
	x = &f->f[f->nr++];
	snprintf(x->name, sizeof(x->name), "%s", name);
	x->type = type;
	vsnprintf(x->text, sizeof(x->text), fmt, args);
	make_plain(x->text);
	return x;
}

void fact_said(struct facts *f, const char *name, const char *value, const char *fmt, ...)
{
	struct fact *x;
	va_list args;

	va_start(args, fmt);
	x = add(f, name, FACT_TEXT, fmt, args);
	va_end(args);
	if (!x)
		return;
	snprintf(x->value, sizeof(x->value), "%s", value);
	make_plain(x->value);
}

void fact_text(struct facts *f, const char *name, const char *value)
{
	fact_said(f, name, value, "%s", value);
}

void fact_number(struct facts *f, const char *name, double number, const char *fmt, ...)
{
	struct fact *x;
	va_list args;

	va_start(args, fmt);
	x = add(f, name, FACT_NUMBER, fmt, args);
	va_end(args);
	if (x)
		x->number = number;
}

void fact_bool(struct facts *f, const char *name, bool yes, const char *fmt, ...)
{
	struct fact *x;
	va_list args;

	va_start(args, fmt);
	x = add(f, name, FACT_BOOL, fmt, args);
	va_end(args);
	if (x)
		x->number = yes;
}

void fact_unknown(struct facts *f, const char *name, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(f, name, FACT_UNKNOWN, fmt, args);
	va_end(args);
}

void fact_file(struct facts *f, const char *name, const struct hostfs *fs, const char *path)
{
	char text[256], why[24];
	int n = hostfs_read(fs, text, sizeof(text), "%s", path);

	if (n >= 0) {
		text[strcspn(text, "\n")] = '\0';
		fact_text(f, name, text);
	} else {
		fact_unknown(f, name, "%s: %s", path, perf_errno_name(-n, why, sizeof(why)));
	}
}

const struct fact *fact_known(const struct facts *f, const char *name)
{
	for (unsigned i = 0; i < f->nr; i++)
		if (!strcmp(f->f[i].name, name))
			return f->f[i].type == FACT_UNKNOWN ? NULL : &f->f[i];
	return NULL;
}

double fact_value(const struct facts *f, const char *name, double otherwise)
{
	const struct fact *x = fact_known(f, name);

	return x && (x->type == FACT_NUMBER || x->type == FACT_BOOL) ? x->number : otherwise;
}
