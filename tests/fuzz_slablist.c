/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Any bytes as a listing: accepted and sound, or refused with a message that names the source. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/slablist.h"
#include "tests/fuzz.h"

static void expect(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "fuzz_slablist: %s\n", what);
		abort();
	}
}

/* Print a row again: it must parse to the same numbers. */
static void round_trip(const struct slablist_row *r)
{
	size_t room = strlen(r->name) + 512;
	char *text = malloc(room);
	struct slablist again;
	int n;

	if (!text)
		return;
	n = snprintf(
		text, room,
		"slabinfo - version: 2.1\n%s %llu %llu %u %u %u : tunables %u %u %u : slabdata %llu %llu %llu\n",
		r->name, (unsigned long long)r->active_objs, (unsigned long long)r->num_objs,
		r->objsize, r->objperslab, r->pagesperslab, r->limit, r->batchcount, r->shared,
		(unsigned long long)r->active_slabs, (unsigned long long)r->num_slabs,
		(unsigned long long)r->sharedavail);
	expect(n > 0 && (size_t)n < room, "row does not fit");
	/* a name that would begin a comment cannot be written back */
	if (r->name[0] != '#') {
		expect(!slablist_parse(text, (size_t)n, "again", &again, NULL),
		       "a printed row is refused");
		expect(again.n == 1 && !strcmp(again.row[0].name, r->name), "the name changed");
		expect(again.row[0].objsize == r->objsize && again.row[0].num_objs == r->num_objs &&
			       again.row[0].sharedavail == r->sharedavail &&
			       again.row[0].limit == r->limit,
		       "numbers changed");
		slablist_release(&again);
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = { "" };
	struct slablist l;

	if (slablist_parse((const char *)data, size, "input", &l, &e)) {
		expect(!strncmp(e.text, "input:", 6), "the message does not name the source");
		return 0;
	}
	expect(l.n > 0 && (l.version == 20 || l.version == 21), "accepted without rows or version");
	for (size_t i = 0; i < l.n; i++) {
		const struct slablist_row *r = &l.row[i];

		expect(r->name[0] && r->objsize && r->objperslab && r->pagesperslab && r->line > 1,
		       "an empty field");
		expect(slablist_find(&l, r->name) != NULL, "a row is not found by its name");
		round_trip(r);
	}
	slablist_release(&l);
	return 0;
}
