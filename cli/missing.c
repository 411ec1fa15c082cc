/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/missing.h"

#include <stdlib.h>
#include <string.h>

#include "cli/trial.h"

#define MOST_REASONS 64
#define SHOWN_REASONS 2

/* Quantities that have one reason. */
struct group {
	const char *reason; /* points into the copy */
	char collectors[80];
	char first[96]; /* the first quantity */
	unsigned nr;
};

/* What else is unavailable is so by what was asked (statistics that are off), on any machine. */
static int of_the_machine(const char *source)
{
	static const char *const sources[] = { "hardware", "software", "kernel", "placement" };
	unsigned i;

	for (i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		if (!strcmp(source, sources[i]))
			return 1;
	return 0;
}

static void name_collector(struct group *g, const char *metric)
{
	char name[32], *have;
	size_t n, len = strlen(g->collectors);

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(metric, "."), metric);
	n = strlen(name);
	for (have = g->collectors; (have = strstr(have, name)); have += n)
		if ((have == g->collectors || have[-1] == ' ') && (!have[n] || have[n] == ','))
			return;
	snprintf(g->collectors + len, sizeof(g->collectors) - len, "%s%s", len ? ", " : "", name);
}

static void add(struct group *g, unsigned *nr, const struct value *v)
{
	const char *reason = v->note ? v->note : "no reason given";
	unsigned i;

	for (i = 0; i < *nr && i < MOST_REASONS - 1; i++)
		if (!strcmp(g[i].reason, reason))
			break;
	if (i == *nr) {
		g[(*nr)++] = (struct group){ .reason = reason };
		snprintf(g[i].first, sizeof(g[i].first), "%s", v->metric);
	}
	name_collector(&g[i], v->metric);
	g[i].nr++;
}

static int by_number(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	return x->nr < y->nr ? 1 : x->nr > y->nr ? -1 : strcmp(x->first, y->first);
}

static void print(FILE *f, const char *who, const struct group *g, unsigned nr)
{
	unsigned i, rest = 0, shown = nr < SHOWN_REASONS ? nr : SHOWN_REASONS;

	for (i = shown; i < nr; i++)
		rest += g[i].nr;
	for (i = 0; i < shown; i++) {
		fprintf(f, "%s: not measured here: %s (", who, g[i].collectors);
		if (g[i].nr == 1)
			fputs(g[i].first, f);
		else
			fprintf(f, "%u quantities: %s, ...", g[i].nr, g[i].first);
		fprintf(f, "): %s", g[i].reason);
		if (i + 1 == shown && rest)
			fprintf(f, "; and %u more for other reasons", rest);
		fputs(i + 1 == shown ? "; slabscope doctor has the remedies\n" : "\n", f);
	}
}

void missing_report(FILE *f, const char *who, const char *out, size_t len)
{
	struct group *g = calloc(MOST_REASONS, sizeof(*g));
	char *copy = malloc(len + 1), *p, *nl;
	unsigned nr = 0;

	if (g && copy) {
		memcpy(copy, out, len);
		copy[len] = '\0';
		for (p = copy; (nl = strchr(p, '\n')); p = nl + 1) {
			struct trial_line l;

			*nl = '\0';
			if (!trial_line_parse(p, &l, NULL) && l.kind == TRIAL_VALUE &&
			    l.value.state == VALUE_UNAVAILABLE && of_the_machine(l.value.source))
				add(g, &nr, &l.value);
		}
		qsort(g, nr, sizeof(*g), by_number);
		print(f, who, g, nr);
	}
	free(g);
	free(copy);
}
