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

/* @reason in at most @room characters: a path in front loses its folders first, then the end goes. */
static void print_cut(FILE *f, const char *reason, size_t room)
{
	size_t path = *reason == '/' ? strcspn(reason, " :,;") : 0;
	const char *dots = "";

	if (strlen(reason) > room && path) {
		while (reason[path - 1] != '/')
			path--;
		reason += path - 1;
		dots = "...";
		room = room > 3 ? room - 3 : 0;
	}
	if (strlen(reason) <= room)
		fprintf(f, "%s%s", dots, reason);
	else
		fprintf(f, "%s%.*s...", dots, room > 3 ? (int)room - 3 : 0, reason);
}

/* One line: reason and list of collectors are cut so that what stands behind them is seen. */
static void print_group(FILE *f, const char *who, const struct group *g, const char *tail)
{
	char head[MISSING_LINE], what[128];
	size_t n, room;

	if (g->nr == 1)
		snprintf(what, sizeof(what), "%s", g->first);
	else
		snprintf(what, sizeof(what), "%u quantities: %s, ...", g->nr, g->first);
	snprintf(head, sizeof(head), "%s: not measured here: %.40s%s (%.60s%s): ", who,
		 g->collectors, strlen(g->collectors) > 40 ? "..." : "", what,
		 strlen(what) > 60 ? "..." : "");
	n = strlen(head) + strlen(tail);
	room = n < MISSING_LINE ? MISSING_LINE - n : 0;
	fputs(head, f);
	print_cut(f, g->reason, room);
	fprintf(f, "%s\n", tail);
}

static void print(FILE *f, const char *who, const struct group *g, unsigned nr)
{
	char more[48] = "", tail[96];
	unsigned i, rest = 0, shown = nr < SHOWN_REASONS ? nr : SHOWN_REASONS;

	for (i = shown; i < nr; i++)
		rest += g[i].nr;
	for (i = 0; i < shown; i++) {
		if (rest)
			snprintf(more, sizeof(more), "; and %u more for other reasons", rest);
		snprintf(tail, sizeof(tail), "%s; slabscope doctor has the remedies", more);
		print_group(f, who, &g[i], i + 1 == shown ? tail : "");
	}
}

unsigned missing_report(FILE *f, const char *who, const char *out, size_t len)
{
	struct group *g = calloc(MOST_REASONS, sizeof(*g));
	char *copy = malloc(len + 1), *p, *nl;
	unsigned nr = 0, values = 0;

	if (g && copy) {
		memcpy(copy, out, len);
		copy[len] = '\0';
		for (p = copy; (nl = strchr(p, '\n')); p = nl + 1) {
			struct trial_line l;

			*nl = '\0';
			if (trial_line_parse(p, &l, NULL) || l.kind != TRIAL_VALUE)
				continue;
			values++;
			if (l.value.state == VALUE_UNAVAILABLE && of_the_machine(l.value.source))
				add(g, &nr, &l.value);
		}
		qsort(g, nr, sizeof(*g), by_number);
		print(f, who, g, nr);
	}
	free(g);
	free(copy);
	return values;
}
