/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a run's folder, as in fuzz_run.c, told as HTML, Markdown and text: whatever stands in
 * names and notes, the HTML has no element but ours, no line has a control byte, and each row of a
 * table has as many cells as its heading. All pictures are made of it, and none has a point too many.
 */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/pictures.h"
#include "cli/report.h"
#include "tests/fuzz.h"
#include "tests/run_bytes.h"

const struct fuzz_slice fuzz_slice = { .inputs = 3000, .max_len = 2048 };

static const struct run_bytes input = {
	.fuzzer = "fuzz_report",
	.name = "in|<put>",
	.most = 20000,
	.good = "{\"format\":1,\"blocks\":3,\"host\":{\"hostname\":\"h\"},\"job\":\"[x]\\n\",\"command\":[\"run\",\"a b\"],"
		"\"experiments\":[{\"name\":\"x\",\"first_config\":0,\"configs\":2,"
		"\"axes\":[{\"name\":\"a\",\"values\":[\"0\",\"1\"]}]}],\"configs\":[{\"label\":\"a=0\","
		"\"axes\":{\"a\":\"0\"}},{\"label\":\"a=1\",\"axes\":{\"a\":\"1\"}}]}",
};

static void expect(int ok, const char *what)
{
	run_bytes_expect(&input, ok, what);
}

/* ---- what comes out ---- */

/* Every < begins one of our own elements, and none that could do something. */
static void check_html(const char *s)
{
	static const char ours[] =
		" !DOCTYPE html head meta title style body main h1 h2 h3 p ul li strong a pre code div table "
		"nav caption thead tbody tr th td details summary figure figcaption ";
	char name[24];

	s = strstr(s, "</style>"); /* the sheet has braces and arrows of its own */
	expect(s != NULL, "no sheet");
	for (; (s = strchr(s, '<')); s++) {
		const char *p = s + 1 + (s[1] == '/');
		size_t n = 0;

		while (isalnum((unsigned char)p[n]) || p[n] == '!')
			n++;
		snprintf(name, sizeof(name), " %.*s ", (int)(n < 20 ? n : 20), p);
		expect(n && strstr(ours, name) != NULL, "an element that is not ours");
	}
}

static void check_lines(const char *s)
{
	for (; *s; s++)
		expect((unsigned char)*s >= ' ' || *s == '\n', "a control byte");
}

/* Cells of a row of Markdown; a bar behind a backslash is text. */
static unsigned cells(const char *line, const char *end)
{
	unsigned n = 0;

	for (; line < end; line++) {
		if (*line == '\\')
			line++;
		else
			n += *line == '|';
	}
	return n;
}

static void check_markdown(const char *s)
{
	unsigned want = 0;

	while (*s) {
		const char *end = s + strcspn(s, "\n");

		if (*s == '|') {
			expect(!want || cells(s, end) == want, "a row of another width");
			want = cells(s, end);
		} else {
			want = 0;
		}
		s = end + (*end == '\n');
	}
}

static void tell(const struct results *run, enum doc_format format)
{
	struct report_request q = { .ask = { .delta = 0.01, .confidence = 0.9 },
				    .format = format,
				    .no_pictures = 1 };
	struct report r = { .q = &q, .run = run, .nr = 1, .d = { .format = format } };
	char *text = NULL;
	size_t len;
	struct err e;

	if (run->nr_metrics)
		q.ask.metric[q.ask.nr_metrics++] = run->metric[0].name;
	r.d.f = open_memstream(&text, &len);
	expect(r.d.f != NULL, "out of memory");
	expect(!report_choose(&r, &e), "a run was refused");
	report_write(&r);
	report_release(&r);
	fclose(r.d.f);
	expect(strlen(text) == len, "a NUL inside");
	check_lines(text);
	if (format == DOC_HTML)
		check_html(text);
	if (format == DOC_MARKDOWN)
		check_markdown(text);
	free(text);
}

static void draw(const struct results *run)
{
	const struct picture_row *row;
	struct picture *p = malloc(sizeof(*p));
	unsigned x, i;
	int rc;

	expect(p != NULL, "out of memory");
	for (x = 0; x < run->nr_exp; x++)
		for (row = pictures; row->name; row++)
			for (i = 0, rc = 1; rc == 1 && i < 3; i++) {
				struct picture_ask a = { .r = run, .exp = x };
				struct table t = { .columns = 0 };
				struct err e = { "" };

				if (run->nr_metrics)
					a.y = run->metric[run->nr_metrics - 1].name;
				rc = picture_make(row, &a, i, p, &e);
				expect(rc >= 0 || *e.text != '\0', "no picture and no word");
				if (rc == 1) {
					picture_table(p, &t);
					expect(table_rows(&t) == picture_points(p) + 1,
					       "a point without a row");
					expect(!p->name[strspn(p->name, "abcdefghijklmnopqrstuvwxyz"
									"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
									"0123456789-_.")],
					       "a file name that is none");
					table_release(&t);
				}
				picture_release(p);
			}
	free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct results r;

	if (!run_of_bytes(&input, &r, data, size))
		return 0;
	for (int f = DOC_HTML; f <= DOC_TERMINAL; f++)
		tell(&r, (enum doc_format)f);
	draw(&r);
	results_release(&r);
	return 0;
}
