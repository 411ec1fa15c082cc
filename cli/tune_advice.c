/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/tune_advice.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int tune_advise(struct tune_advice *a, const struct tune_request *q,
		const struct job_section *given, const char *target, struct launcher *l,
		struct err *e)
{
	struct tuning *t = calloc(1, sizeof(*t));
	int rc;

	if (!t)
		return err_set(e, -ENOMEM, "out of memory");
	rc = tune_one(t, q, given, target, l, e);
	if (!rc) {
		a->verdict = t->verdict;
		a->ratio = t->pick ? t->gain.ratio : 1;
		a->bytes = t->space.point[t->pick].bytes_per_object;
		a->was = t->space.point[0].bytes_per_object;
		a->config = t->space.point[t->pick].config;
		a->base = t->space.point[0].config;
		tune_point_text(&t->space, t->pick, " ", a->pick, sizeof(a->pick));
		snprintf(a->why, sizeof(a->why), "%.250s", t->why_not);
	}
	tuning_release(t);
	free(t);
	if (rc && rc != -EINTR && rc != -ENOMEM) {
		a->failed = 1;
		snprintf(a->why, sizeof(a->why), "%.250s", e->text);
		rc = 0;
	}
	return rc;
}

/* Toggles of @b that are not @a's, in words. */
static json_t *changes(const struct slab_config *a, const struct slab_config *b)
{
	char text[OPT_STR_MAX + 32];
	json_t *o = json_object();

	for (const struct opt *row = slab_config_opts; row->name; row++)
		if (!opt_equal(row, a, b)) {
			opt_format(row, b, text, sizeof(text));
			json_object_set_new(o, row->name, json_string(text));
		}
	return o;
}

/* Names are the kernel's, or whatever stood in a file. */
static json_t *any_text(const char *s)
{
	json_t *o = json_string(s);
	char *copy;

	if (o)
		return o;
	copy = strdup(s); /* it is no UTF-8 */
	for (char *p = copy; p && *p; p++)
		if ((unsigned char)*p > 126)
			*p = '?';
	o = copy ? json_string(copy) : NULL;
	free(copy);
	return o;
}

json_t *tune_advice_json(const struct tune_advice *a)
{
	json_t *o =
		json_pack("{s:o, s:i}", "cache", any_text(a->cache), "object_size", (int)a->size);

	if (a->failed)
		json_object_set_new(o, "failed", any_text(a->why));
	else
		json_object_update_new(o, json_pack("{s:s, s:o, s:s, s:f, s:f, s:f}", "verdict",
						    tune_verdict_names[a->verdict], "pick",
						    changes(&a->base, &a->config), "why_not",
						    a->why, "ratio", a->ratio, "bytes_per_object",
						    a->bytes, "was", a->was));
	return o;
}

/* Toggles of @c that are not @but's, a line each. */
static void put_toggles(FILE *f, const struct slab_config *c, const struct slab_config *but)
{
	char text[OPT_STR_MAX + 32];

	for (const struct opt *row = slab_config_opts; row->name; row++)
		if (!opt_equal(row, c, but)) {
			opt_format(row, c, text, sizeof(text));
			fprintf(f, "%s = %s\n", row->name, text);
		}
}

/* A section's name has to be found again: one line, no blanks at its ends. */
static int writable(const char *name)
{
	size_t n = strlen(name);

	for (const char *p = name; *p; p++)
		if ((unsigned char)*p < 32 || *p == 127)
			return 0;
	return n && name[0] != ' ' && name[n - 1] != ' ';
}

static void put(FILE *f, const struct tune_advice *const *a, unsigned n, const char *profile)
{
	struct slab_config c;

	fprintf(f,
		"; slabscope tune: toggles by cache\n"
		"; run: --workload replay --cache-toggles FILE    library: slab_config_read_cache()\n");
	fprintf(f, "[global]\nprofile = %s\n", profile);
	slab_config_profile(&c, profile, NULL);
	if (n)
		put_toggles(f, &a[0]->base, &c);
	for (unsigned i = 0; i < n; i++) {
		if (!writable(a[i]->cache)) {
			fputs("\n; one cache is left out: its name cannot stand here\n", f);
			continue;
		}
		fprintf(f, "\n; objective x %.4g, bytes per object x %.4g\n[cache %s]\n",
			a[i]->ratio, a[i]->bytes / a[i]->was, a[i]->cache);
		put_toggles(f, &a[i]->config, &a[i]->base);
	}
}

int tune_advice_write(const char *file, const struct tune_advice *const *a, unsigned n,
		      const char *profile, struct err *e)
{
	const struct tune_advice **use = calloc(n + 1, sizeof(*use));
	FILE *f = use ? fopen(file, "w") : NULL;
	unsigned used = 0;
	int bad, rc = 0;

	if (!f) {
		rc = err_set(e, use ? -errno : -ENOMEM, "%s: %s", file, strerror(errno));
		free(use);
		return rc;
	}
	for (unsigned i = 0; i < n; i++)
		if (!a[i]->failed && a[i]->verdict == TUNE_CHANGE)
			use[used++] = a[i];
	put(f, use, used, profile);
	free(use);
	bad = ferror(f);
	if (fclose(f) || bad)
		rc = err_set(e, -EIO, "%s: %s", file, strerror(errno));
	return rc;
}

void tune_advice_terms(const struct tune_request *q, FILE *f)
{
	fprintf(f, "objective: %s", q->objective);
	if (isfinite(q->memory))
		fprintf(f, "; settings that take more than %+.3g %% memory are left out (--memory)",
			(q->memory - 1) * 100);
	fputs("\n\n", f);
}

void tune_advice_progress(unsigned ended, unsigned nr)
{
	if (ended == nr)
		fprintf(stderr, "\r%30s\r", "");
	else
		fprintf(stderr, "\r%u of %u caches", ended, nr);
}
