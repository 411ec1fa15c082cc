/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of collectors, and how values are put. */

#include <stddef.h>

#include "collectors/collector.h"

#define COLLECTOR(c) extern const struct collector c;
#include "collectors/collectors.def"
#undef COLLECTOR

const struct collector *const collectors[] = {
#define COLLECTOR(c) &c,
#include "collectors/collectors.def"
#undef COLLECTOR
	NULL,
};
const unsigned nr_collectors = sizeof(collectors) / sizeof(collectors[0]) - 1;

const char *const value_state_names[] = { "exact", "scaled", "unavailable", NULL };
const char *const trial_flag_names[] = { "invalid", "disturbed", NULL };

static int same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (*a != *b && !((*a == '-' || *a == '_') && (*b == '-' || *b == '_')))
			return 0;
	return *a == *b;
}

const struct collector *collector_find(const char *name)
{
	for (const struct collector *const *c = collectors; *c; c++)
		if (same_name((*c)->name, name))
			return *c;
	return NULL;
}

const struct opt *collector_option(const char *name, unsigned *at)
{
	for (unsigned i = 0; collectors[i]; i++) {
		const struct opt *row = collectors[i]->opts ? opt_find(collectors[i]->opts, name) :
							      NULL;

		if (!row)
			continue;
		if (at)
			*at = i;
		return row;
	}
	return NULL;
}

void value_put(struct value_sink *s, const char *metric, double value, const char *unit,
	       const char *source, int worker)
{
	struct value v = {
		.metric = metric,
		.value = value,
		.unit = unit,
		.state = VALUE_EXACT,
		.share = 1,
		.source = source,
		.worker = worker,
	};

	s->put(s, &v);
}

void value_put_unavailable(struct value_sink *s, const char *metric, const char *unit,
			   const char *source, const char *note)
{
	struct value v = {
		.metric = metric,
		.unit = unit,
		.state = VALUE_UNAVAILABLE,
		.share = 1,
		.source = source,
		.worker = -1,
		.note = note,
	};

	s->put(s, &v);
}
