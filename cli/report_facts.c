/* SPDX-License-Identifier: GPL-2.0-or-later */
/* On what it ran, how to do it again, where the data lie, and what could not be measured. */

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/report.h"
#include "cli/rundir.h"

/* ---- paths ---- */

/* From folder @from to @to, both without links: up as far as they differ, and down again. */
static void relative(const char *from, const char *to, char *buf, size_t len)
{
	size_t same = 0, i, n = 0;

	for (i = 0; from[i] && from[i] == to[i]; i++)
		if (from[i] == '/')
			same = i;
	if (!from[i] && (to[i] == '/' || !to[i]))
		same = i;
	*buf = '\0';
	for (i = same; from[i] && n < len; i++)
		if (from[i] == '/' && from[i + 1])
			n += (size_t)snprintf(buf + n, len - n, "../");
	if (n < len)
		snprintf(buf + n, len - n, "%s", to + same + (to[same] == '/'));
}

const char *report_path(const struct report *r, const struct results *run, const char *path,
			char buf[PATH_MAX])
{
	char from[PATH_MAX], to[PATH_MAX], folder[PATH_MAX];

	if (!*r->folder || !realpath(r->folder, from) || !realpath(run->path, folder)) {
		if (snprintf(buf, PATH_MAX, "%s/%s", run->path, path) >= PATH_MAX)
			*buf = '\0';
		return buf;
	}
	if (snprintf(to, sizeof(to), "%s/%s", folder, path) >= PATH_MAX)
		*to = '\0';
	relative(from, to, buf, PATH_MAX);
	return buf;
}

/* ---- in a few words ---- */

static const char *fact(const struct results *r, const char *section, const char *name)
{
	const char *s = json_string_value(json_object_get(json_object_get(r->run, section), name));

	return s ? s : "unknown";
}

/* ", L1d 32 KiB of 8 ways, L2 1024 KiB of 8 ways", as far as they are known. */
static void caches_text(const struct results *run, char *buf, size_t len)
{
	static const char *const levels[] = { "l1d", "l2" }, *const names[] = { "L1d", "L2" };
	const json_t *machine = json_object_get(run->run, "machine");
	size_t n = 0;
	unsigned i;

	*buf = '\0';
	for (i = 0; i < 2 && n < len; i++) {
		char size[16], ways[16];
		json_int_t s, w;

		snprintf(size, sizeof(size), "%s_size", levels[i]);
		snprintf(ways, sizeof(ways), "%s_ways", levels[i]);
		s = json_integer_value(json_object_get(machine, size));
		w = json_integer_value(json_object_get(machine, ways));
		if (s > 0 && w > 0)
			n += (size_t)snprintf(buf + n, len - n,
					      ", %s %" JSON_INTEGER_FORMAT
					      " KiB of %" JSON_INTEGER_FORMAT " ways",
					      names[i], s / 1024, w);
	}
}

void report_introduce(struct report *r)
{
	char caches[120];
	unsigned i;

	for (i = 0; i < r->nr; i++) {
		const struct results *run = &r->run[i];
		const char *began = json_string_value(json_object_get(run->run, "began"));

		caches_text(run, caches, sizeof(caches));
		doc_text(
			&r->d,
			"Run %s: on %.80s (host %.80s), %.20s CPUs%s, Linux %.80s, hypervisor: %.40s; begun %.40s with slabscope %.40s. "
			"%u config%s in %u experiment%s, %u launches of each.",
			run->path, fact(run, "host", "cpu_model"), fact(run, "host", "hostname"),
			fact(run, "host", "cpus_online"), caches, fact(run, "host", "kernel"),
			fact(run, "host", "hypervisor"), began ? began : "at an unknown time",
			fact(run, "versions", "slabscope"), run->nr_configs,
			run->nr_configs == 1 ? "" : "s", run->nr_exp, run->nr_exp == 1 ? "" : "s",
			run->blocks);
	}
}

/* ---- environment ---- */

static const char *const sections[] = { "host", "machine", "versions", "allocators" };
#define NR_SECTIONS (sizeof(sections) / sizeof(sections[0]))

static void fact_cell(struct table *t, const json_t *v)
{
	const char *why = json_string_value(json_object_get(v, "unknown"));

	if (json_is_string(v))
		table_cell(t, "%s", json_string_value(v));
	else if (json_is_integer(v))
		table_cell(t, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else if (json_is_boolean(v))
		table_cell(t, "%s", json_is_true(v) ? "yes" : "no");
	else
		table_cell(t, "unknown%s%s", why ? ": " : "", why ? why : "");
}

/* Facts of a section that some run has; a column for each run. */
static void section_rows(struct report *r, struct table *t, const char *section)
{
	const char *name;
	unsigned i, k;
	json_t *v;

	for (i = 0; i < r->nr; i++) {
		json_t *facts = json_object_get(r->run[i].run, section);

		json_object_foreach(facts, name, v)
		{
			for (k = 0; k < i; k++)
				if (json_object_get(json_object_get(r->run[k].run, section), name))
					break;
			if (k < i)
				continue; /* said with an earlier run */
			table_cell(t, "%s.%s", section, name);
			for (k = 0; k < r->nr; k++)
				fact_cell(t,
					  json_object_get(json_object_get(r->run[k].run, section),
							  name));
		}
	}
}

/* What is not the same in two runs, as compare says it. */
static void differences(struct report *r, const struct family *f)
{
	unsigned i;

	doc_text(&r->d, "Between %s and %s:", f->c.base->path, f->c.mine->path);
	for (i = 0; i < f->c.nr_env; i++) {
		const struct env_diff *d = &f->c.env[i];

		doc_item(&r->d, d->unlike ? DOC_BAD : DOC_PLAIN, d->unlike ? "other host" : "",
			 "%s: %s, then %s", d->name, *d->base ? d->base : "(none)",
			 *d->mine ? d->mine : "(none)");
	}
	if (!f->c.nr_env)
		doc_item(&r->d, DOC_PLAIN, "", "host, build and settings are the same");
	if (*f->c.left_out)
		doc_item(&r->d, DOC_OPEN, "only in one of the runs", "%s", f->c.left_out);
}

void report_environment(struct report *r)
{
	struct table t = { .columns = r->nr + 1 };
	unsigned i;

	for (i = 0; i < r->families; i++)
		if (r->family[i].exp < 0)
			differences(r, &r->family[i]);
	table_cell(&t, "fact");
	for (i = 0; i < r->nr; i++)
		table_cell(&t, "%s", r->run[i].path);
	for (i = 0; i < NR_SECTIONS; i++)
		section_rows(r, &t, sections[i]);
	doc_table(&r->d, &t, 0, "Host, machine and build");
	table_release(&t);
}

/* ---- again ---- */

/* As a shell reads it back. */
static void shell_word(FILE *f, const char *s)
{
	if (*s && !s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			       "-_=,./:+@%")]) {
		fputs(s, f);
		return;
	}
	fputc('\'', f);
	for (; *s; s++)
		if (*s == '\'')
			fputs("'\\''", f);
		else
			fputc(*s, f);
	fputc('\'', f);
}

static void command_line(struct report *r, const struct results *run)
{
	const json_t *words = json_object_get(run->run, "command"), *w;
	char *text = NULL;
	size_t i, len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return;
	fputs("slabscope", f);
	json_array_foreach((json_t *)(uintptr_t)words, i, w)
	{
		fputc(' ', f);
		shell_word(f, json_is_string(w) ? json_string_value(w) : "");
	}
	fputc('\n', f);
	fclose(f);
	doc_code(&r->d, text);
	free(text);
}

void report_repeat(struct report *r)
{
	unsigned i;

	for (i = 0; i < r->nr; i++) {
		const char *job = json_string_value(json_object_get(r->run[i].run, "job"));

		doc_text(&r->d, "%s was made by", r->run[i].path);
		command_line(r, &r->run[i]);
		if (!job)
			continue;
		doc_text(
			&r->d,
			"which comes to this job. Put into a file, `slabscope run FILE --out FOLDER` runs the "
			"same trials in the same order anywhere, without the files of this host:");
		doc_code(&r->d, job);
	}
}

/* ---- files ---- */

static void file_of(struct report *r, const struct results *run, const char *name, const char *what)
{
	char path[PATH_MAX], shown[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", run->path, name) < PATH_MAX &&
	    !access(path, R_OK))
		doc_link(&r->d, report_path(r, run, name, shown), "%s", what);
}

void report_files(struct report *r)
{
	unsigned i;

	for (i = 0; i < r->nr; i++) {
		const struct results *run = &r->run[i];

		file_of(r, run, RUN_FILE, "what was asked, machine, versions, seed");
		file_of(r, run, SAMPLES_FILE,
			"every number of every launch, also of those that do not count");
		file_of(r, run, "summary.csv",
			"medians and intervals, one row per config and metric");
		file_of(r, run, "plots/",
			"pictures, their data, and the gnuplot files that draw them again");
	}
}

/* ---- what is missing ---- */

static const char *why_missing(const struct results *run, unsigned metric)
{
	unsigned c;

	for (c = 0; c < run->nr_configs; c++)
		if (!strcmp(results_state(run, c, metric), "unavailable"))
			return results_note(run, c, metric);
	return NULL;
}

/* A line per reason: how many metrics, and the first few. */
static void missing_of(struct report *r, const struct results *run)
{
	const char **why = calloc(run->nr_metrics + 1, sizeof(*why));
	unsigned m, k, n;

	for (m = 0; why && m < run->nr_metrics; m++)
		why[m] = why_missing(run, m);
	for (m = 0; why && m < run->nr_metrics; m++) {
		const char *reason = why[m];
		char names[300] = "";

		for (k = m, n = 0; reason && k < run->nr_metrics; k++) {
			if (!why[k] || strcmp(why[k], reason))
				continue;
			if (++n <= 4)
				snprintf(names + strlen(names), sizeof(names) - strlen(names),
					 "%s%s", n > 1 ? ", " : "", run->metric[k].name);
			why[k] = NULL;
		}
		if (reason)
			doc_item(&r->d, DOC_OPEN, "not measured", "%s%s: %s", names,
				 n > 4 ? ", and more" : "",
				 *reason ? reason : "no reason was given");
	}
	free(why);
}

void report_missing(struct report *r)
{
	unsigned i;

	doc_text(
		&r->d,
		"A number that is not there is never taken for 0. `slabscope doctor` has the remedies.");
	for (i = 0; i < r->nr; i++)
		missing_of(r, &r->run[i]);
}
