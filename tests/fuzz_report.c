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

const struct fuzz_slice fuzz_slice = { .inputs = 3000, .max_len = 2048 };

#define MOST_WORK 20000 /* configs x metrics x blocks of one input */

static const char good_run[] =
	"{\"format\":1,\"blocks\":3,\"host\":{\"hostname\":\"h\"},\"job\":\"[x]\\n\",\"command\":[\"run\",\"a b\"],"
	"\"experiments\":[{\"name\":\"x\",\"first_config\":0,\"configs\":2,"
	"\"axes\":[{\"name\":\"a\",\"values\":[\"0\",\"1\"]}]}],\"configs\":[{\"label\":\"a=0\","
	"\"axes\":{\"a\":\"0\"}},{\"label\":\"a=1\",\"axes\":{\"a\":\"1\"}}]}";
static const char head[] = "# slabscope samples 3\n"
			   "trial,block,config,experiment,label,metric,value,unit,state,share,"
			   "source,worker,note\n";

static void expect(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "fuzz_report: %s\n", what);
		abort();
	}
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
	const uint8_t *nul = size ? memchr(data, '\0', size) : NULL;
	size_t n = nul ? (size_t)(nul - data) : strlen(good_run);
	json_t *run = json_loadb(nul ? (const char *)data : good_run, n, 0, NULL);
	const uint8_t *rest = nul ? nul + 1 : data;
	size_t len = (size_t)(data + size - rest), begin = nul ? 0 : strlen(head);
	struct results r;
	struct err e = { "" };
	char *text;
	int f, rc;

	if (!run)
		return 0;
	text = malloc(begin + len + 1);
	expect(text != NULL, "out of memory");
	memcpy(text, head, begin);
	if (len)
		memcpy(text + begin, rest, len);
	rc = results_make(&r, "in|<put>", run, text, begin + len, &e);
	json_decref(run);
	if (rc)
		return 0;
	if ((unsigned long long)r.nr_configs * r.nr_metrics * r.blocks <= MOST_WORK) {
		for (f = DOC_HTML; f <= DOC_TERMINAL; f++)
			tell(&r, (enum doc_format)f);
		draw(&r);
	}
	results_release(&r);
	return 0;
}
