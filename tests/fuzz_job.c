/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a job: refused with a reason, or printed and read again to the same text; and a
 * plan of few configs is the cross product that it says, in complete blocks. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/job.h"
#include "cli/plan.h"
#include "tests/fuzz.h"

const struct fuzz_slice fuzz_slice = { 8000, 1024 };

static void expect(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "fuzz_job: %s\n", what);
		abort();
	}
}

static void check_plan(const struct plan *p)
{
	unsigned b, i, n = 0;

	for (i = 0; i < p->nr_exp; i++) {
		expect(p->exp[i].first == n, "experiments are not one behind the other");
		n += p->exp[i].nr_configs;
	}
	expect(n == p->nr_configs, "configs are not the experiments'");
	for (b = 0; b < p->blocks; b++) {
		uint64_t sum = 0;

		for (i = 0; i < n; i++)
			sum += p->order[(size_t)b * n + i];
		expect(sum == (uint64_t)n * (n - 1) / 2, "a block is not complete");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *once, *twice;
	struct err e = { "" };
	struct job j, k;
	struct plan p;

	expect(text != NULL, "out of memory");
	memcpy(text, data, size);
	text[size] = '\0';
	if (job_read_text(&j, text, "input", &e)) {
		expect(*e.text, "refused without a word");
		free(text);
		return 0;
	}
	free(text);
	once = job_text(&j);
	expect(!job_read_text(&k, once, "again", &e), e.text);
	twice = job_text(&k);
	expect(!strcmp(once, twice), "printed, read and printed again it differs");
	free(once);
	free(twice);
	job_release(&k);
	*e.text = '\0';
	if (!plan_make(&p, &j, &e)) {
		check_plan(&p);
		plan_release(&p);
	} else {
		expect(*e.text, "no plan, without a word");
	}
	job_release(&j);
	return 0;
}
