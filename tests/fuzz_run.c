/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a run's folder: a run.json, a NUL, and a samples.csv. Refused with a message, or read;
 * and then every config adds up, every comparison has a verdict that its own numbers bear out, and
 * the table, the summary and the JSON can be written. Names of configs find what they name.
 *
 * Bytes without a NUL are what may follow a good run's samples header.
 */

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/compare.h"
#include "cli/stat_tables.h"
#include "cli/summary.h"
#include "tests/fuzz.h"
#include "tests/run_bytes.h"

const struct fuzz_slice fuzz_slice = { .inputs = 20000, .max_len = 2048 };

static const struct run_bytes input = {
	.fuzzer = "fuzz_run",
	.name = "input",
	.most = 200000,
	.good = "{\"format\":1,\"blocks\":3,\"experiments\":[{\"name\":\"x\",\"first_config\":0,\"configs\":2,"
		"\"axes\":[{\"name\":\"a\",\"values\":[\"0\",\"1\"]}]}],\"configs\":[{\"label\":\"a=0\","
		"\"axes\":{\"a\":\"0\"}},{\"label\":\"a=1\",\"axes\":{\"a\":\"1\"}}]}",
};

static void expect(int ok, const char *what)
{
	run_bytes_expect(&input, ok, what);
}

static void check_comparison(const struct compare *c, const struct comparison *x)
{
	const struct verdict_result *v = &x->v;
	char text[900];

	compare_sentence(c, x, text, sizeof(text));
	expect(*text != '\0', "a comparison without a sentence");
	expect(x->word < NR_WORDS, "a word that is none");
	expect(!v->have_interval || v->lo <= v->hi, "an interval the wrong way round");
	if (x->word == WORD_INVALID || x->word == WORD_INCONCLUSIVE) {
		expect(*x->reason != '\0', "no verdict and no reason");
		return;
	}
	expect(v->have_interval, "a verdict without an interval");
	if (x->kind == JUDGE_PAIRED) {
		expect(v->lo <= v->ratio && v->ratio <= v->hi, "an estimate outside its interval");
		expect(v->pairs >= v->least && v->pairs <= c->base->blocks, "pairs");
	}
}

static void check_configs(const struct results *r)
{
	unsigned c;

	for (c = 0; c < r->nr_configs; c++) {
		const struct res_config *k = &r->config[c];
		unsigned ran =
			k->ok + k->failed + k->crashed + k->timeout + k->invalid + k->disturbed;
		char aside[160];
		int found;

		expect(ran <= r->blocks && results_not_run(r, c) == r->blocks - ran,
		       "trials do not add up to the blocks");
		expect(judge_aside(r, c, aside, sizeof(aside)) == ran - k->ok, "set aside");
		found = results_config(r, k->label, NULL);
		expect(found < 0 || !strcmp(r->config[found].label, k->label) ||
			       !strcmp(r->exp[r->config[found].exp].name, k->label) ||
			       strchr(k->label, '/'),
		       "a label finds another config");
	}
}

static void check_run(const struct results *r)
{
	struct compare_request q = { .delta = 0.01, .confidence = 0.9, .explain = 1 };
	struct compare c = { .base = r, .mine = r };
	FILE *f = fopen("/dev/null", "w");
	unsigned m, i;
	struct err e;

	expect(f != NULL, "/dev/null");
	check_configs(r);
	for (m = 0; m < r->nr_metrics && m < COMPARE_MOST_METRICS; m++)
		q.metric[q.nr_metrics++] = r->metric[m].name;
	for (i = 1; i < r->nr_configs && i < 4 && q.nr_metrics; i++)
		expect(!compare_add(&c, &q, i, i - 1, &e), "a comparison was refused");
	if (c.nr) {
		compare_judge(&c, &q);
		for (i = 0; i < c.nr; i++)
			check_comparison(&c, &c.item[i]);
		compare_text(&c, &q, f);
		expect(!compare_json(&c, &q, f), "JSON that cannot be written");
	}
	compare_release(&c);
	summary_csv(r, r->config[0].label, f);
	summary_json(r, r->config[0].label, f);
	fclose(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct results r;

	if (!run_of_bytes(&input, &r, data, size))
		return 0;
	check_run(&r);
	results_release(&r);
	return 0;
}
