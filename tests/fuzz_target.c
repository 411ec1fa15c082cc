/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any text as a target: a line, an INI file and hwloc's XML. The first byte says which. What is read passes the check, and
 * is printed as a file that reads to the same print.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/model/target_impl.h"
#include "tests/fuzz.h"

static void expect(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "fuzz_target: %s\n", what);
		abort();
	}
}

static char *print(const struct mt_target *t, size_t *len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, len);

	expect(f && !mt_print(t, f) && !fclose(f), "cannot print");
	return text;
}

static void check(const struct mt_target *t)
{
	static struct mt_target back;
	size_t len, again_len;
	char *text = print(t, &len), *again;
	struct err e = { "" };

	expect(!mt_check(t, &e), e.text);
	if (mt_read_ini(&back, text, len, "printed", &e)) {
		fprintf(stderr, "%s\n", text);
		expect(0, e.text);
	}
	again = print(&back, &again_len);
	expect(len == again_len && !memcmp(text, again, len), "what is printed reads otherwise");
	free(text);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mt_target t;
	struct err e = { "" };
	char *text = malloc(size + 1);
	int bad;

	expect(text != NULL, "out of memory");
	memcpy(text, data, size);
	text[size] = '\0';
	if (size && *text == '<')
		bad = mt_read_xml(&t, text, size, "input", size & 1 ? "zen4" : NULL, &e);
	else if (size && (*text == '[' || *text == ';'))
		bad = mt_read_ini(&t, text, size, "input", &e);
	else
		bad = mt_read_line(&t, text, &e);
	if (!bad)
		check(&t);
	else
		expect(*e.text != '\0', "an error without a text");
	free(text);
	return 0;
}

/* An XML with a fill reads a shipped file, too. */
const struct fuzz_slice fuzz_slice = { 30000, 4096 };
