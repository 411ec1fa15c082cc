/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts of unknown origin in five languages: shown, not obeyed, on their line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doc.h"
#include "lib/csv.h"
#include "lib/escape.h"
#include "lib/rng.h"

typedef void escape_fn(FILE *f, const char *s, size_t most);

static void gnuplot_text(FILE *f, const char *s, size_t most)
{
	escape_gnuplot(f, s, most, 0);
}

static void gnuplot_label(FILE *f, const char *s, size_t most)
{
	escape_gnuplot(f, s, most, 1);
}

static char *escaped(escape_fn *fn, const char *s, size_t most)
{
	char *out = NULL;
	size_t len;
	FILE *f = open_memstream(&out, &len);

	assert_non_null(f);
	fn(f, s, most);
	fclose(f);
	return out;
}

static void is(escape_fn *fn, const char *s, const char *want)
{
	char *out = escaped(fn, s, 0);

	assert_string_equal(out, want);
	free(out);
}

static void test_html(void **state)
{
	(void)state;
	is(escape_html, "a<b>\"c'&amp;", "a&lt;b&gt;&quot;c&#39;&amp;amp;");
	is(escape_html, "one\ntwo\tx\033[1m", "one\\ntwo\\tx\\x1b[1m");
	is(escape_html, "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
	   "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
	/* turned direction, broken line, no UTF-8, too long a form, a surrogate, cut off */
	is(escape_html,
	   "a\xe2\x80\xae"
	   "b\xe2\x80\xa8",
	   "a\\u202eb\\u2028");
	is(escape_html, "\xff\xc0\xaf", "\\xff\\xc0\\xaf");
	is(escape_html, "\xed\xa0\x80", "\\xed\\xa0\\x80");
	is(escape_html, "x\xe2\x82", "x\\xe2\\x82");
	is(escape_html, "\xc2\x9b", "\\u009b");
}

static void test_markdown(void **state)
{
	(void)state;
	is(escape_markdown, "a|b", "a\\|b");
	is(escape_markdown, "time.ns_per_op", "time.ns_per_op");
	is(escape_markdown, "_a_ *b* `c` [d](e) <f> ~g~ @h",
	   "\\_a\\_ \\*b\\* \\`c\\` \\[d\\](e) &lt;f\\> \\~g\\~ &#64;h");
	is(escape_markdown, "# a", "\\# a");
	is(escape_markdown, "- a", "\\- a");
	is(escape_markdown, "1. a", "1\\. a");
	is(escape_markdown, "-1.5 to +2", "-1.5 to +2");
	is(escape_markdown, "4.633", "4.633");
	is(escape_markdown, "a\nb&lt;", "a\\\\nb&amp;lt;");
}

/* What a format says is escaped, but for its own newline. */
static void test_print(void **state)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	assert_non_null(f);
	escape_print(f, "%s of %d\n", "a\n\033[31m", 3);
	escape_print(f, "%s", "no end\t");
	escape_print(f, "%s", "");
	fclose(f);
	assert_string_equal(text, "a\\n\\x1b[31m of 3\nno end\\t");
	free(text);
}

static void test_gnuplot(void **state)
{
	(void)state;
	is(gnuplot_text, "it's `x` $y @z \"q\" \\n", "'it''s `x` $y @z \"q\" \\n'");
	is(gnuplot_text, "a\nsystem('x')", "'a\\nsystem(''x'')'");
	is(gnuplot_text, "50 %", "'50 %'");
	is(gnuplot_label, "50 %s", "'50 %%s'");
	is(gnuplot_text, "a]]>b ]> >", "'a]] >b ]> >'");
}

static void test_most(void **state)
{
	char *out = escaped(escape_terminal, "\xc3\xa4\xc3\xb6\xc3\xbcx", 3), *s;

	(void)state;
	assert_string_equal(out, "\xc3\xa4\xc3\xb6\xc3\xbc...");
	free(out);
	out = escaped(escape_terminal, "abc", 3);
	assert_string_equal(out, "abc");
	free(out);
	assert_int_equal(escape_columns("a\nb", 0), 4);
	assert_int_equal(escape_columns("\xc3\xa4", 0), 1);
	assert_int_equal(escape_columns("abcdef", 3), 6);
	/* 10 kB are shown, or cut where that was asked for */
	s = malloc(10241);
	assert_non_null(s);
	memset(s, '<', 10240);
	s[10240] = '\0';
	out = escaped(escape_html, s, 0);
	assert_int_equal(strlen(out), 4 * 10240);
	free(out);
	out = escaped(escape_html, s, 100);
	assert_int_equal(strlen(out), 403);
	free(out);
	free(s);
}

/* Whatever bytes: one line, printable, and inside the language's own marks. */
static void test_any_bytes(void **state)
{
	static escape_fn *const fns[] = { escape_html, escape_markdown, gnuplot_text, gnuplot_label,
					  escape_terminal };
	struct rng r;
	unsigned round, i, k;

	(void)state;
	rng_seed(&r, 7);
	for (round = 0; round < 20000; round++) {
		char s[24];
		size_t n = rng_below(&r, sizeof(s));

		for (i = 0; i < n; i++)
			s[i] = (char)(1 + rng_below(&r, 255));
		s[n] = '\0';
		for (k = 0; k < sizeof(fns) / sizeof(fns[0]); k++) {
			char *out = escaped(fns[k], s, 0), *p;

			for (p = out; *p; p++)
				assert_true((unsigned char)*p >= ' ' && *p != 0x7f);
			if (k == 0)
				assert_null(strpbrk(out, "<>\"'"));
			if (k == 1)
				assert_null(strchr(out, '<'));
			if (k == 2 || k == 3) { /* closed where it ends, and nowhere before */
				for (p = out + 1, i = 0; p[1]; p++)
					i += *p == '\'' ? 1 : 0;
				assert_int_equal(i % 2, 0);
				assert_true(*out == '\'' && *p == '\'');
			}
			if (k == 4)
				assert_int_equal(strlen(out) >= escape_columns(s, 0), 1);
			free(out);
		}
	}
}

static char *a_document(enum doc_format format, const char *name)
{
	struct table t = { .columns = 2 };
	char *out = NULL;
	size_t len;
	struct doc d = { .format = format, .f = open_memstream(&out, &len) };

	assert_non_null(d.f);
	doc_begin(&d, name);
	doc_heading(&d, 2, "x", "%s", name);
	doc_item(&d, DOC_GOOD, name, "%s", name);
	doc_link(&d, name, "%s", name);
	doc_code(&d, name);
	table_cell(&t, "config");
	table_cell(&t, "%s", name);
	table_cell(&t, "%s", name);
	table_cell(&t, "1");
	doc_table(&d, &t, 0, "%s", name);
	doc_end(&d);
	fclose(d.f);
	table_release(&t);
	return out;
}

static unsigned times(const char *s, const char *what)
{
	unsigned n = 0;

	for (; (s = strstr(s, what)); s += strlen(what))
		n++;
	return n;
}

/* The same document, with a good name and a bad one: the same rows and the same elements. */
static void test_document(void **state)
{
	static const char bad[] = "</td></table><script>alert(1)</script>|x|\n| y |\033]0;t\007\"'";
	char *good, *out;

	(void)state;
	good = a_document(DOC_HTML, "name");
	out = a_document(DOC_HTML, bad);
	assert_int_equal(times(good, "<tr>"), times(out, "<tr>"));
	assert_int_equal(times(good, "<td"), times(out, "<td"));
	assert_int_equal(times(good, "\n"), times(out, "\n") - 1); /* code has lines */
	assert_null(strstr(out, "<script"));
	assert_null(strchr(out, '\033'));
	assert_non_null(strstr(out, "&lt;script&gt;alert(1)"));
	assert_non_null(strstr(out, "href=\"%3C/td%3E%3C/table%3E"));
	free(good);
	free(out);
	good = a_document(DOC_MARKDOWN, "name");
	out = a_document(DOC_MARKDOWN, bad);
	assert_int_equal(times(good, "\n"), times(out, "\n") - 1);
	/* two edges and one between, three lines; what else there is, is escaped */
	assert_int_equal(times(good, "|"), 9);
	assert_int_equal(times(out, "|") - times(out, "\\|"), 9 + 4 /* in the code */);
	assert_null(strstr(out, "\n<script"));
	free(good);
	free(out);
	out = a_document(DOC_TERMINAL, bad);
	assert_null(strchr(out, '\033'));
	assert_null(strchr(out, '\007'));
	free(out);
	/* a link is no scheme */
	out = a_document(DOC_HTML, "javascript:alert(1)");
	assert_non_null(strstr(out, "href=\"./javascript%3Aalert%281%29\""));
	free(out);
}

static void test_csv(void **state)
{
	char *out = NULL;
	size_t len;
	FILE *f = open_memstream(&out, &len);

	(void)state;
	csv_write_cell(f, "a,\"b\"\nc\033", CSV_ONE_LINE);
	fclose(f);
	assert_string_equal(out, "\"a,\"\"b\"\" c \"");
	free(out);
}

/* Names within a picture are its own; greys follow the page; what is cut off is said. */
static void test_svg(void **state)
{
	static const char svg[] =
		"<?xml version=\"1.0\"?>\n<svg viewBox=\"0 0 9 9\">\n<title>Gnuplot</title>\n"
		"<rect x=\"0\" y=\"0\" width=\"9\" height=\"9\" fill=\"#ffffff\"/>"
		"<circle id='gpPt5' r='1'/><use xlink:href='#gpPt5' color='rgb( 34,  34, 34)'/>"
		"<g fill = \"url(#gpPt5)\" stroke=\"rgb(1,2,3)\"><text>a > b</text></g></svg>\n";
	char *out = NULL;
	size_t len;
	FILE *f = open_memstream(&out, &len);
	struct err e;

	(void)state;
	assert_int_equal(doc_svg(f, svg, "p1-", &e), 0);
	fclose(f);
	assert_null(strstr(out, "<?xml"));
	assert_null(strstr(out, "<title"));
	assert_null(strstr(out, "<rect"));
	assert_non_null(strstr(out, "id='p1-gpPt5'"));
	assert_non_null(strstr(out, "href='#p1-gpPt5' color='var(--ink)'"));
	assert_non_null(strstr(out, "stroke=\"rgb(1,2,3)\"><text>a > b</text>"));
	free(out);
	f = open_memstream(&out, &len);
	assert_true(doc_svg(f, "no picture", "p", &e) < 0);
	assert_true(doc_svg(f, "<svg a='", "p", &e) < 0);
	assert_true(doc_svg(f, "<svg><g", "p", &e) < 0);
	fclose(f);
	free(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_html),	 cmocka_unit_test(test_markdown),
		cmocka_unit_test(test_gnuplot),	 cmocka_unit_test(test_print),
		cmocka_unit_test(test_most),	 cmocka_unit_test(test_any_bytes),
		cmocka_unit_test(test_document), cmocka_unit_test(test_csv),
		cmocka_unit_test(test_svg),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
