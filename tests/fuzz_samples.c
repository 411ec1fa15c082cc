/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes behind a samples file's header: refused with the file's name, or read; and then what
 * is whole, cut off behind its last trial, reads to the same rows with nothing torn. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/samples.h"
#include "tests/fuzz.h"

#define HEAD                      \
	"# slabscope samples 3\n" \
	"trial,block,config,experiment,label,metric,value,unit,state,share,source,worker,note\n"

static void expect(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "fuzz_samples: %s\n", what);
		abort();
	}
}

static int parse(struct samples *s, const char *head, const uint8_t *data, size_t size,
		 struct err *e)
{
	size_t n = strlen(head);
	char *text = malloc(n + size + 1);

	expect(text != NULL, "out of memory");
	memcpy(text, head, n);
	if (size)
		memcpy(text + n, data, size);
	return samples_parse(s, text, n + size, "input", e);
}

/* Of each trial one attempt counts, and those that do not were disturbed. */
static void check_attempts(const struct samples *s)
{
	size_t i, counting = 0;

	for (i = 0; i < s->nr; i++) {
		const struct sample *r = &s->row[i];

		if (!samples_is_status(r)) {
			expect(r->attempt == r[1].attempt && r->superseded == r[1].superseded,
			       "rows of one attempt differ");
			continue;
		}
		counting += !r->superseded;
		expect(!r->superseded || !strcmp(r->state, SAMPLES_DISTURBED),
		       "a trial that was not disturbed is superseded");
	}
	expect(counting == s->nr_trials, "not one attempt of each trial counts");
}

static void check(const uint8_t *data, size_t size)
{
	struct samples s, again;
	struct err e = { "" };
	size_t i, status = 0;

	if (parse(&s, HEAD, data, size, &e)) {
		expect(!strncmp(e.text, "input:", 6), "a message without the file's name");
		return;
	}
	for (i = 0; i < s.nr; i++) {
		expect(*s.row[i].trial && *s.row[i].metric && *s.row[i].state, "an empty word");
		expect(isnan(s.row[i].value) || isfinite(s.row[i].value), "an infinite value");
		status += samples_is_status(&s.row[i]);
	}
	expect(status == s.nr_attempts, "attempts and status rows differ in number");
	check_attempts(&s);
	expect(!s.nr || samples_is_status(&s.row[s.nr - 1]), "the last row is no status");
	expect((size_t)s.whole_bytes >= strlen(HEAD) &&
		       (size_t)s.whole_bytes <= strlen(HEAD) + size,
	       "whole_bytes");
	expect(!parse(&again, HEAD, data, s.whole_bytes - strlen(HEAD), &e),
	       "what is whole is refused");
	expect(again.nr == s.nr && !again.torn_lines, "what is whole reads otherwise");
	samples_release(&again);
	samples_release(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct samples s;

	check(data, size);
	if (!parse(&s, "", data, size, NULL))
		samples_release(&s);
	return 0;
}
