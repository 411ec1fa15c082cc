/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Any bytes as a file of toggles: either they are valid toggles, or the file is refused with its name, and
 * what was there before stays. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/slab_config.h"
#include "tests/fuzz.h"

static void expect(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "fuzz_config: %s\n", what);
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FILE *f = size ? fmemopen((void *)(uintptr_t)data, size, "r") : NULL;
	struct slab_config c, before;
	struct err e = { "" };

	if (!f)
		return 0;
	memset(&c, 0x5a, sizeof(c));
	before = c;
	if (slab_config_read_stream(&c, f, "input", &e)) {
		expect(!strncmp(e.text, "input:", 6), "a message without the file");
		expect(!memcmp(&c, &before, sizeof(c)),
		       "toggles changed by a file that is refused");
	} else {
		expect(!slab_config_validate(&c, 0, &e), "toggles that are not valid");
	}
	rewind(f);
	before = c;
	if (slab_config_read_cache_stream(&c, f, "input", "filp", &e) < 0)
		expect(!memcmp(&c, &before, sizeof(c)),
		       "toggles of a cache changed by such a file");
	else
		expect(!slab_config_validate(&c, 0, &e), "toggles of a cache that are not valid");
	fclose(f);
	return 0;
}
