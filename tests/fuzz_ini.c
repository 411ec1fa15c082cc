/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Any bytes as a job file: every item handed out is sound, or the file is refused with its name and
 * line. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ini.h"
#include "tests/fuzz.h"

struct state {
	unsigned line, items;
};

static void expect(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "fuzz_ini: %s\n", what);
		abort();
	}
}

static int item(void *ctx, const struct ini_item *it, struct err *e)
{
	struct state *s = ctx;

	(void)e;
	expect(it->line > s->line, "lines do not grow");
	s->line = it->line;
	s->items++;
	expect(strlen(it->section) < 50, "a section's name is too long");
	expect(!it->name == !it->value, "a name without value or the reverse");
	if (it->name)
		expect(*it->name && strlen(it->name) < 50 && !strchr(it->name, '\n') &&
			       !strchr(it->value, '\n'),
		       "a name that is none");
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct ini_reader_ops ops = { item };
	struct state s = { 0, 0 };
	struct err e = { "" };
	unsigned line;

	if (ini_read_text((const char *)data, size, "input", &ops, &s, &e))
		expect(sscanf(e.text, "input:%u: ", &line) == 1 && line >= s.line,
		       "a message without file and line");
	return 0;
}
