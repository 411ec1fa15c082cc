/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as what perf prints: rows that can be values of a trial, one line of words, a count. The
 * first byte is the separator. */

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/perfctl/parse.h"
#include "tests/fuzz.h"

static void expect(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "fuzz_perfctl: %s\n", what);
		abort();
	}
}

static void check_metric(const char *event, const char *asked)
{
	char metric[128];

	perfctl_metric(event, asked, metric, sizeof(metric));
	expect(!strncmp(metric, "perfctl.", 8), "a metric of another collector");
	for (const char *p = metric + 8; *p; p++)
		expect(islower((unsigned char)*p) || isdigit((unsigned char)*p) || *p == '_',
		       "a letter that no metric has");
}

static void check_count(const struct perfctl_count *c)
{
	expect(*c->event && !strchr(c->event, ' '), "an event without a name");
	expect(!strchr(c->unit, ' '), "a unit of two words");
	expect(c->share > 0 && c->share <= 1, "a share that is none");
	if (c->state == VALUE_UNAVAILABLE) {
		expect(c->word != NULL, "unavailable without a word");
	} else {
		expect(isfinite(c->value) && c->value >= 0, "a count that is none");
		expect((c->state == VALUE_SCALED) == (c->share < 1), "scaled, and all of it");
	}
	check_metric(c->event, c->event);
	check_metric(c->event, "");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct perfctl_count count[PERFCTL_EVENTS_MAX];
	char said[64];
	unsigned n;
	char *text;

	if (!size)
		return 0;
	/* of its own size, so that a byte too far is seen */
	text = malloc(size);
	expect(text != NULL, "out of memory");
	memcpy(text, data, size);
	n = perfctl_parse_stat(text + 1, size - 1, text[0], count, PERFCTL_EVENTS_MAX);
	expect(n <= PERFCTL_EVENTS_MAX, "more rows than room");
	for (unsigned i = 0; i < n; i++)
		check_count(&count[i]);
	expect(perfctl_parse_stat(text + 1, size - 1, text[0], count, 1) == (n > 0), "one row");
	for (size_t room = 1; room <= sizeof(said); room *= 2) {
		perfctl_say(text, size, said, room);
		expect(strlen(said) < room, "said more than there is room");
		for (const char *p = said; *p; p++)
			expect(isprint((unsigned char)*p), "a line of several");
	}
	expect(perfctl_parse_samples(text, size) >= -1, "a count of samples");
	free(text);
	return 0;
}
