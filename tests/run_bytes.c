/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/run_bytes.h"

static const char head[] = "# slabscope samples 3\n"
			   "trial,block,config,experiment,label,metric,value,unit,state,share,"
			   "source,worker,note\n";

void run_bytes_expect(const struct run_bytes *b, int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "%s: %s\n", b->fuzzer, what);
		abort();
	}
}

int run_of_bytes(const struct run_bytes *b, struct results *r, const uint8_t *data, size_t size)
{
	const uint8_t *nul = size ? memchr(data, '\0', size) : NULL;
	size_t n = nul ? (size_t)(nul - data) : strlen(b->good);
	json_t *run = json_loadb(nul ? (const char *)data : b->good, n, 0, NULL);
	const uint8_t *rest = nul ? nul + 1 : data;
	size_t len = (size_t)(data + size - rest), begin = nul ? 0 : strlen(head);
	struct err e = { "" };
	char *text;
	int rc;

	if (!run)
		return 0;
	text = malloc(begin + len + 1);
	run_bytes_expect(b, text != NULL, "out of memory");
	memcpy(text, head, begin);
	if (len)
		memcpy(text + begin, rest, len);
	rc = results_make(r, b->name, run, text, begin + len, &e);
	json_decref(run);
	if (rc) {
		run_bytes_expect(b, *e.text != '\0', "refused without a word");
		return 0;
	}
	if ((unsigned long long)r->nr_configs * r->nr_metrics * r->blocks <= b->most)
		return 1;
	results_release(r);
	return 0;
}
