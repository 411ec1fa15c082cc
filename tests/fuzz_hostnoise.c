/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as the file that an A/A run leaves for its host: refused by name, or sound. */

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/hostnoise.h"
#include "tests/fuzz.h"

static void expect(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "fuzz_hostnoise: %s\n", what);
		abort();
	}
}

static void check_text(const char *t, size_t room)
{
	expect(strnlen(t, room) < room, "a text without end");
	for (; *t; t++)
		expect(!iscntrl((unsigned char)*t), "a control character");
}

static void check_real(double v)
{
	expect(isnan(v) || (v >= 0 && v <= 1e6), "a number out of bounds");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hostnoise n;
	struct err e = { "" };

	if (hostnoise_parse(&n, (const char *)data, size, "input", &e)) {
		expect(!strncmp(e.text, "input:", 6), "a message without the file's name");
		return 0;
	}
	expect(strlen(n.host) == 16, "a host that is none");
	check_text(n.host, sizeof(n.host));
	check_text(n.when, sizeof(n.when));
	check_text(n.workload, sizeof(n.workload));
	check_text(n.metric, sizeof(n.metric));
	expect(n.comparisons && n.pairs && n.false_alarms <= n.comparisons, "counts");
	check_real(n.confidence);
	check_real(n.sd);
	check_real(n.noise_floor);
	check_real(n.smallest_effect);
	return 0;
}
