/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/job.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/trial.h"
#include "lib/file.h"
#include "lib/ini.h"
#include "workloads/workload.h"

const struct opt run_opts_table[] = {
	{ .name = "launches",
	  .type = OPT_UINT,
	  .offset = offsetof(struct run_opts, launches),
	  .min = 1,
	  .max = 100000,
	  .unit = "blocks",
	  .flags = OPT_AUTO,
	  .def = "auto",
	  .help = "how often each config is run, each time in a fresh process, at most; auto: 10, or 64 with a precision" },
	{ .name = "seed",
	  .type = OPT_U64,
	  .offset = offsetof(struct run_opts, seed),
	  .flags = OPT_AUTO,
	  .def = "auto",
	  .help = "seed of the order and of every trial; auto: drawn and recorded" },
	{ .name = "timeout",
	  .type = OPT_DOUBLE,
	  .offset = offsetof(struct run_opts, timeout),
	  .dmin = 0.05,
	  .dmax = 86400,
	  .unit = "s",
	  .def = "60",
	  .help = "a trial that takes longer is killed" },
	{ .name = "repeats",
	  .type = OPT_UINT,
	  .offset = offsetof(struct run_opts, repeats),
	  .max = 20,
	  .unit = "trials",
	  .def = "2",
	  .help = "how often a trial that something disturbed is repeated, at the end of its block" },
	{ .name = "time_budget",
	  .type = OPT_STR,
	  .offset = offsetof(struct run_opts, time_budget),
	  .def = "off",
	  .help = "begin no block that would not end within this time (90s, 10m, 1.5h); --resume goes on" },
	{ .name = "precision",
	  .type = OPT_STR,
	  .offset = offsetof(struct run_opts, precision),
	  .def = "off",
	  .help = "stop when the time per operation is known so well against each experiment's first config (1%)" },
	{ .name = NULL },
};

const struct job_special job_specials[] = {
	{ "cache", "NAME:SIZE[:COUNT],...", "object sizes (and live counts) under a name" },
	{ "caches", "FILE[:NAME,...]|auto",
	  "`cache` from a slabinfo listing: FILE's, or this machine's own" },
	{ "top", "N",
	  "caches without names: so many of them, those with the most active bytes (6)" },
	{ "variant", "NAME: KEY=VALUE ... | ...", "settings that go together, under a name" },
	{ NULL, NULL, NULL },
};

/* '-' and '_' are the same; C spelling is stored. */
static char *c_spelling(const char *name)
{
	char *s = strdup(name), *p;

	for (p = s; p && *p; p++)
		if (*p == '-')
			*p = '_';
	return s;
}

static int same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (*a != *b && !((*a == '-' || *a == '_') && (*b == '-' || *b == '_')))
			return 0;
	return *a == *b;
}

const struct opt *job_option(const char *name, const struct workload *wl)
{
	const struct opt *o = opt_find(run_opts_table, name);
	unsigned i;

	if (!o)
		o = opt_find(trial_opts_table, name);
	if (!o)
		o = opt_find(slab_config_opts, name);
	if (!o)
		o = collector_option(name, NULL);
	if (o || (wl && !wl->opts))
		return o;
	if (wl)
		return opt_find(wl->opts, name);
	for (i = 0; !o && workloads[i]; i++)
		if (workloads[i]->opts)
			o = opt_find(workloads[i]->opts, name);
	return o;
}

static int is_special(const char *name)
{
	unsigned i;

	for (i = 0; job_specials[i].name; i++)
		if (same_name(job_specials[i].name, name))
			return 1;
	return 0;
}

/* ---- filling ---- */

static void setting_release(struct job_setting *s)
{
	free(s->name);
	free(s->text);
	free(s->where);
}

static void section_release(struct job_section *s)
{
	unsigned i;

	for (i = 0; i < s->nr; i++)
		setting_release(&s->set[i]);
	free(s->set);
	free(s->name);
	memset(s, 0, sizeof(*s));
}

void job_release(struct job *j)
{
	unsigned i;

	for (i = 0; i < j->nr_exp; i++)
		section_release(&j->exp[i]);
	free(j->exp);
	section_release(&j->global);
	memset(j, 0, sizeof(*j));
}

static struct job_setting *section_find(const struct job_section *s, const char *name)
{
	unsigned i;

	for (i = 0; i < s->nr; i++)
		if (same_name(s->set[i].name, name))
			return &s->set[i];
	return NULL;
}

static int section_put(struct job_section *s, const struct job_setting *n)
{
	struct job_setting *old = section_find(s, n->name);

	if (!old) {
		struct job_setting *set = realloc(s->set, (s->nr + 1) * sizeof(*set));

		if (!set)
			return -ENOMEM;
		s->set = set;
		old = &set[s->nr++];
	} else {
		setting_release(old);
	}
	*old = *n;
	return 0;
}

int job_set(struct job_section *s, const char *name, const char *text, const char *where,
	    struct err *e)
{
	struct job_setting n = { c_spelling(name), strdup(text), strdup(where) };

	if (strpbrk(text, "\n\r") || strstr(text, " ;") || *text == ';' || strlen(name) > 48) {
		setting_release(&n);
		return err_set(
			e, -EINVAL,
			"%.48s: a newline, ';' at a word's start or a name this long cannot be in a job",
			name);
	}

	if (n.name && n.text && n.where && !is_special(name) && !job_option(name, NULL)) {
		setting_release(&n);
		return err_set(e, -EINVAL, "no option '%s' (slabscope list shows all)", name);
	}
	if (!n.name || !n.text || !n.where || section_put(s, &n)) {
		setting_release(&n);
		return err_set(e, -ENOMEM, "out of memory");
	}
	return 0;
}

void job_unset(struct job_section *s, const char *name)
{
	struct job_setting *set = section_find(s, name);

	if (!set)
		return;
	setting_release(set);
	s->nr--;
	memmove(set, set + 1, (s->set + s->nr - set) * sizeof(*set));
}

int job_override(struct job *j, const char *name, const char *text, const char *where,
		 struct err *e)
{
	unsigned i;

	for (i = 0; i < j->nr_exp; i++)
		job_unset(&j->exp[i], name);
	return job_set(&j->global, name, text, where, e);
}

int job_section(struct job *j, const char *name, struct err *e)
{
	struct job_section *exp;
	const char *p;
	unsigned i;

	for (p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("-_.", *p))
			break;
	if (*p || p == name || p - name > 60)
		return err_set(e, -EINVAL,
			       "section '%s': expected a name of letters, digits, '-', '_', '.'",
			       name);
	for (i = 0; i < j->nr_exp; i++)
		if (!strcmp(j->exp[i].name, name))
			return err_set(e, -EINVAL, "section '%s' is there twice", name);
	exp = realloc(j->exp, (j->nr_exp + 1) * sizeof(*exp));
	if (!exp)
		return err_set(e, -ENOMEM, "out of memory");
	j->exp = exp;
	memset(&exp[j->nr_exp], 0, sizeof(*exp));
	exp[j->nr_exp].name = strdup(name);
	if (!exp[j->nr_exp].name)
		return err_set(e, -ENOMEM, "out of memory");
	j->nr_exp++;
	return 0;
}

/* ---- reading ---- */

struct reading {
	struct job *job;
	const char *file;
};

static int read_item(void *ctx, const struct ini_item *item, struct err *e)
{
	struct reading *r = ctx;
	struct job *j = r->job;
	struct job_section *s = j->nr_exp ? &j->exp[j->nr_exp - 1] : NULL;
	char where[300];

	snprintf(where, sizeof(where), "%s:%u", r->file, item->line);
	if (!*item->section)
		return err_set(e, -EINVAL,
			       "%s: expected [global] or [EXPERIMENT] before the first setting",
			       item->name);
	if (!strcmp(item->section, "global"))
		return item->name ? job_set(&j->global, item->name, item->value, where, e) : 0;
	if (!item->name)
		return job_section(j, item->section, e);
	return s ? job_set(s, item->name, item->value, where, e) : -EINVAL;
}

int job_read_text(struct job *j, const char *text, const char *name, struct err *e)
{
	static const struct ini_reader_ops ops = { read_item };
	struct reading r = { j, name };
	int rc;

	memset(j, 0, sizeof(*j));
	rc = ini_read_text(text, strlen(text), name, &ops, &r, e);
	if (rc)
		job_release(j);
	return rc;
}

int job_read(struct job *j, const char *path, struct err *e)
{
	char *text;
	size_t len;
	int rc = file_read(path, 1 << 24, &text, &len, e);

	if (rc)
		return rc;
	if (strlen(text) != len)
		rc = err_set(e, -EINVAL, "%s: a zero byte: not a job file", path);
	else
		rc = job_read_text(j, text, strcmp(path, "-") ? path : "standard input", e);
	free(text);
	return rc;
}

/* ---- asking ---- */

const struct job_setting *job_find(const struct job *j, const struct job_section *exp,
				   const char *name)
{
	const struct job_setting *s = exp ? section_find(exp, name) : NULL;

	return s ? s : section_find(&j->global, name);
}

/* A positive number, and what follows it. */
static int number_and_rest(const char *text, double *v, const char **rest)
{
	char *end;

	/* digits and a point: no sign, exponent, hexadecimal, inf or nan */
	*v = strtod(text, &end);
	*rest = end;
	return end == text || text + strspn(text, "0123456789.") != end || *v <= 0 ? -EINVAL : 0;
}

int job_duration(const char *text, double *seconds, struct err *e)
{
	static const struct {
		const char *unit;
		double seconds;
	} units[] = { { "s", 1 }, { "m", 60 }, { "min", 60 }, { "h", 3600 } };
	const char *rest;
	unsigned i;
	double v;

	*seconds = 0;
	if (!strcmp(text, "off"))
		return 0;
	for (i = 0; !number_and_rest(text, &v, &rest) && i < 4; i++)
		if (!strcmp(rest, units[i].unit) && v * units[i].seconds <= 366 * 86400.0) {
			*seconds = v * units[i].seconds;
			return 0;
		}
	return err_set(e, -EINVAL,
		       "expected a time with its unit (90s, 10m, 1.5h) or off, got '%.40s'", text);
}

int job_ratio(const char *text, double *ratio, struct err *e)
{
	const char *rest;
	double v;

	*ratio = 0;
	if (!strcmp(text, "off"))
		return 0;
	if (!number_and_rest(text, &v, &rest) && (!*rest || !strcmp(rest, "%"))) {
		v /= *rest ? 100 : 1;
		if (v >= 0.0001 && v <= 1) {
			*ratio = v;
			return 0;
		}
	}
	return err_set(e, -EINVAL,
		       "expected 0.01%% to 100%% (1%%, or 0.01 for the same) or off, got '%.40s'",
		       text);
}

/* What one row alone cannot say. */
static int finish_run_opts(const struct job *j, struct run_opts *o, struct err *e)
{
	const struct job_setting *s = section_find(&j->global, "time_budget");
	int rc = job_duration(o->time_budget, &o->budget_s, e);

	if (rc)
		return err_prefix(e, rc, "%s: time_budget", s->where);
	s = section_find(&j->global, "precision");
	rc = job_ratio(o->precision, &o->half_width, e);
	if (rc)
		return err_prefix(e, rc, "%s: precision", s->where);
	if (o->launches == OPT_AUTO_UINT)
		o->launches = o->half_width > 0 ? RUN_LAUNCHES_PRECISION : RUN_LAUNCHES;
	return 0;
}

int job_run_opts(const struct job *j, struct run_opts *o, struct err *e)
{
	const struct opt *row;
	int rc;

	opt_defaults(run_opts_table, o);
	for (row = run_opts_table; row->name; row++) {
		const struct job_setting *s = section_find(&j->global, row->name);

		rc = s ? opt_parse(row, o, s->text, e) : 0;
		if (rc)
			return err_prefix(e, rc, "%s", s->where);
	}
	return finish_run_opts(j, o, e);
}

/* ---- printing ---- */

/* May the text be broken behind @p[0]? lib/ini.h joins lines without a blank, and an indented
 * line holds no '=' and does not begin like a comment or a section. */
static int may_break(const char *p, const char *blanks)
{
	return p[1] && !strchr(blanks, p[0]) && !strchr(" \t;#[", p[1]) && !strchr(p + 1, '=');
}

/*
 * "name = value" such that reading it gives the same and printing that again, too: no blanks behind
 * ',' and '|'; each variant on a line of its own, as KEY:VALUE; long lists broken behind a ',', or
 * where need be.
 */
static void print_setting(const struct job_setting *s, FILE *f)
{
	const int variants = !strcmp(s->name, "variant") && strchr(s->text, '|');
	char *text = strdup(s->text), *to = text;
	const char *p;
	unsigned column;

	for (p = s->text; text && *p; p++) {
		*to++ = variants && *p == '=' ? ':' : *p;
		if (*p == ',' || *p == '|')
			p += strspn(p + 1, " \t");
	}
	if (!text)
		return;
	*to = '\0';
	column = fprintf(f, "%s = ", s->name);
	for (p = text; *p; p++) {
		fputc(*p, f);
		column++;
		if (!((*p == '|' && variants) || (*p == ',' && column > 80) || column > 150) ||
		    !may_break(p, " \t"))
			continue;
		fputs("\n    ", f);
		column = 4;
	}
	fputc('\n', f);
	free(text);
}

static void print_section(const struct job_section *s, const char *name, FILE *f)
{
	unsigned i;

	fprintf(f, "[%s]\n", name);
	for (i = 0; i < s->nr; i++)
		print_setting(&s->set[i], f);
}

void job_print(const struct job *j, FILE *f)
{
	unsigned i;

	print_section(&j->global, "global", f);
	for (i = 0; i < j->nr_exp; i++) {
		fputc('\n', f);
		print_section(&j->exp[i], j->exp[i].name, f);
	}
}

char *job_text(const struct job *j)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	job_print(j, f);
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}
