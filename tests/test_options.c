/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Option tables on a command line: spellings, booleans, plain options, operands, and what is said
 * of mistakes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "engine/slab_config.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

struct seen {
	char text[256]; /* plain options in order: "name" or "name=value", with blanks between */
};

static const struct cli_plain plain[] = {
	{ "dry-run", 'n', NULL, "do nothing", 1 },
	{ "output", 'o', "FILE", "where to", 2 },
	{ "seed", 0, "N", "hides the toggle of that name: plain options come first", 3 },
	{ .name = NULL },
};

static int on_option(void *arg, const struct cli_plain *p, const char *text, struct err *e)
{
	struct seen *s = arg;
	size_t n = strlen(s->text);

	if (text && !strcmp(text, "bad"))
		return err_set(e, -ERANGE, "refused");
	snprintf(s->text + n, sizeof(s->text) - n, "%s%s%s%s", n ? " " : "", p->name,
		 text ? "=" : "", text ? text : "");
	return 0;
}

/* Parse a command line of words between blanks. The operands go to @rest. */
static int parse(const char *line, struct slab_config *c, struct seen *s, char *rest, struct err *e)
{
	const struct cli_table tables[] = { { slab_config_opts, c, "Toggles", 0 },
					    { NULL, NULL, NULL, 0 } };
	const struct cli_spec spec = { .command = "test",
				       .usage = "",
				       .tables = tables,
				       .plain = plain,
				       .option = on_option };
	char copy[256], *argv[32], *save;
	int argc = 1, n, i;

	slab_config_profile(c, "kernel-2.6.22", NULL);
	memset(s, 0, sizeof(*s));
	snprintf(copy, sizeof(copy), "%s", line);
	argv[0] = copy + sizeof(copy) - 1;
	for (argv[1] = strtok_r(copy, " ", &save); argv[argc];
	     argv[argc] = strtok_r(NULL, " ", &save))
		argc++;
	n = cli_parse(&spec, argc, argv, s, e);
	*rest = '\0';
	for (i = n; n > 0 && i < argc; i++)
		sprintf(rest + strlen(rest), "%s%s", *rest ? " " : "", argv[i]);
	return n;
}

static void test_accepted(void **state)
{
	static const struct {
		const char *line, *name, *value, *plain, *rest;
	} rows[] = {
		{ "--colour-off 128", "colour_off", "128", "", "" },
		{ "--colour_off 128", "colour_off", "128", "", "" },
		{ "--colour-off=128", "colour_off", "128", "", "" },
		{ "--stride 64", "stride_pad", "64", "", "" },
		{ "--order 1 --order 2", "order", "2", "", "" },
		{ "--poison", "poison", "on", "", "" },
		{ "--poison=off", "poison", "off", "", "" },
		{ "--alien off", "alien", "off", "", "" },
		{ "--alien 0 x", "alien", "off", "", "x" },
		{ "--poison x", "poison", "on", "", "x" },
		{ "--poison --order 3", "poison", "on", "", "" },
		{ "x --order 3 y", "order", "3", "", "x y" },
		{ "--order 3 -- --order 4", "order", "3", "", "--order 4" },
		{ "-n -o f - --output=g", "order", "auto", "dry-run output=f output=g", "-" },
		{ "-nof", "order", "auto", "dry-run output=f", "" },
		{ "--seed 5", "seed", "1", "seed=5", "" },
	};
	struct slab_config c;
	struct seen s;
	char rest[256], value[OPT_STR_MAX];
	struct err e = { "" };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		if (parse(rows[i].line, &c, &s, rest, &e) < 1)
			fail_msg("%s: %s", rows[i].line, e.text);
		opt_format(opt_find(slab_config_opts, rows[i].name), &c, value, sizeof(value));
		assert_string_equal(value, rows[i].value);
		assert_string_equal(s.text, rows[i].plain);
		assert_string_equal(rest, rows[i].rest);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *line;
		int code;
		const char *says;
	} rows[] = {
		{ "--bogus", -EINVAL, "unknown or ambiguous option --bogus" },
		{ "--bogus=1", -EINVAL, "unknown or ambiguous option --bogus=1" },
		{ "--col 1", -EINVAL, "unknown or ambiguous option --col" },
		{ "-x", -EINVAL, "unknown option -x" },
		{ "--order", -EINVAL, "option --order needs a value" },
		{ "-o", -EINVAL, "option -o needs a value" },
		{ "--dry-run=1", -EINVAL, "option --dry-run takes no value" },
		{ "--order 11", -EINVAL, "order: expected" },
		{ "--poison=maybe", -EINVAL, "poison: expected on or off" },
		{ "--output bad", -ERANGE, "refused" },
	};
	struct slab_config c;
	struct seen s;
	char rest[256];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct err e = { "" };
		int ret = parse(rows[i].line, &c, &s, rest, &e);

		if (ret != rows[i].code || !strstr(e.text, rows[i].says))
			fail_msg("%s: %d '%s'", rows[i].line, ret, e.text);
	}
}

/* Every row and every plain option stands in the help, and no line runs beyond the terminal's usual
 * 100 columns. */
static void test_help(void **state)
{
	struct slab_config c;
	const struct cli_table tables[] = { { slab_config_opts, &c, "Toggles", 0 },
					    { NULL, NULL, NULL, 0 } };
	const struct cli_spec spec = { .command = "test",
				       .usage = "[OPTION]...",
				       .about = "About.",
				       .tables = tables,
				       .plain = plain };
	char *text = NULL, name[64], *line, *save;
	const struct opt *row;
	size_t len = 0, i;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	assert_non_null(f);
	cli_help(f, &spec);
	fclose(f);
	assert_non_null(strstr(text, "Usage: test [OPTION]...\n\nAbout.\n"));
	assert_non_null(strstr(text, "  -o, --output FILE "));
	assert_non_null(strstr(text, "  -h, --help "));
	for (row = slab_config_opts; row->name; row++) {
		snprintf(name, sizeof(name), "  --%s%s", row->name,
			 row->type == OPT_BOOL ? "[=" : " ");
		for (i = 4; name[i]; i++)
			if (name[i] == '_')
				name[i] = '-';
		if (!strstr(text, name))
			fail_msg("no '%s' in the help", name);
	}
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (strlen(line) > 100)
			fail_msg("%zu characters: %s", strlen(line), line);
	free(text);
}

/* Tables of which one is in use have their rows of one name each, with its default; a name that an
 * earlier table hides for good is told once. */
static void test_help_of_one_name(void **state)
{
	static const struct opt first[] = {
		{ .name = "n", .type = OPT_UINT, .def = "64", .help = "first's" }, { .name = NULL }
	};
	static const struct opt second[] = {
		{ .name = "n", .type = OPT_UINT, .def = "1000", .help = "second's" },
		{ .name = NULL }
	};
	static const struct {
		int one_of[2], shown;
	} rows[] = { { { 1, 1 }, 1 }, { { 0, 1 }, 0 }, { { 1, 0 }, 0 }, { { 0, 0 }, 0 } };
	size_t i, len;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		const struct cli_table tables[] = { { first, NULL, "First", rows[i].one_of[0] },
						    { second, NULL, "Second", rows[i].one_of[1] },
						    { NULL, NULL, NULL, 0 } };
		const struct cli_spec spec = { .command = "t", .usage = "", .tables = tables };
		char *text = NULL;
		FILE *f = open_memstream(&text, &len);

		assert_non_null(f);
		cli_help(f, &spec);
		fclose(f);
		assert_non_null(strstr(text, "first's [64]"));
		assert_int_equal(strstr(text, "second's [1000]") != NULL, rows[i].shown);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_help_of_one_name),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
