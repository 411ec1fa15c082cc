/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options as data: what each type takes and refuses, its canonical text, ranges, and the real
 * tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/slab_config.h"
#include "lib/opt.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

struct thing {
	unsigned flag, count, level, kind, bytes;
	uint64_t size, seed, pow2;
	double share, any;
	char text[OPT_STR_MAX], word[6];
};

static const char *const kinds[] = { "node", "cpu", "inter-leave", NULL };

#define FIELD(f) .name = #f, .offset = offsetof(struct thing, f)

/* clang-format off */
static const struct opt table[] = {
	{ FIELD(flag), .type = OPT_BOOL, .def = "on", .help = "a flag" },
	{ FIELD(count), .type = OPT_UINT, .max = 100, .def = "7", .flags = OPT_AUTO | OPT_OFF, .help = "a count" },
	{ FIELD(level), .type = OPT_UINT, .min = 1, .def = "1", .help = "no upper bound" },
	{ FIELD(kind), .type = OPT_ENUM, .names = kinds, .def = "cpu", .help = "a kind" },
	{ FIELD(bytes), .type = OPT_UINT, .max = 1 << 20, .unit = "bytes", .def = "auto", .flags = OPT_AUTO,
	  .help = "a size in an unsigned" },
	{ FIELD(size), .type = OPT_SIZE, .min = 8, .def = "4k", .flags = OPT_AUTO, .help = "a size" },
	{ FIELD(seed), .type = OPT_U64, .def = "0x10", .help = "a seed" },
	{ FIELD(pow2), .type = OPT_SIZE, .max = 65536, .def = "0", .flags = OPT_POW2, .help = "a power of two" },
	{ FIELD(share), .type = OPT_DOUBLE, .dmin = 0, .dmax = 1, .def = "0.25", .help = "a share" },
	{ FIELD(any), .type = OPT_DOUBLE, .def = "-1.5e3", .help = "any number" },
	{ FIELD(text), .type = OPT_STR, .def = "a, b", .help = "a text" },
	{ FIELD(word), .type = OPT_STR, .max = 5, .def = "", .help = "a short text" },
	{ .name = NULL },
};
/* clang-format on */

static const struct opt *row(const char *name)
{
	const struct opt *r = opt_find(table, name);

	if (!r)
		fail_msg("no row %s", name);
	return r;
}

static void test_accepted(void **state)
{
	/* clang-format off */
	static const struct {
		const char *name, *text, *canonical;
	} rows[] = {
		{ "flag", "on", "on" },	     { "flag", "0", "off" },	   { "flag", "yes", "on" },
		{ "flag", "false", "off" }, { "count", "0", "0" }, { "count", "100", "100" },
		{ "count", "007", "7" },     { "count", "auto", "auto" },  { "count", "off", "0" },
		{ "level", "4294967295", "4294967295" }, { "kind", "inter-leave", "inter-leave" },
		{ "bytes", "4k", "4096" }, { "bytes", "1MiB", "1048576" },
		{ "bytes", "auto", "auto" },
		{ "size", "64", "64" },	     { "size", "64B", "64" },	   { "size", "4k", "4096" },
		{ "size", "4K", "4096" }, { "size", "2KiB", "2048" }, { "size", "2kB", "2048" },
		{ "size", "1M", "1048576" }, { "size", "1GiB", "1073741824" },
		{ "size", "2T", "2199023255552" },
		{ "size", "18446744073709551614", "18446744073709551614" },
		{ "size", "auto", "auto" },
		{ "seed", "0xff", "255" },
		{ "seed", "18446744073709551615", "18446744073709551615" },
		{ "pow2", "0", "0" },	     { "pow2", "64k", "65536" },   { "share", "0", "0" },
		{ "share", "1", "1" }, { "share", ".5", "0.5" }, { "share", "1e-3", "0.001" },
		{ "any", "-0", "0" }, { "any", "0.1", "0.1" }, { "any", "1e300", "1e+300" },
		{ "any", "3.141592653589793", "3.141592653589793" },
		{ "text", "", "" }, { "text", "x,y=z ;#", "x,y=z ;#" },
		{ "text", "\xc3\xa4", "\xc3\xa4" },
	};
	/* clang-format on */
	struct thing a, b;
	char buf[OPT_STR_MAX];
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		const struct opt *r = row(rows[i].name);

		memset(&a, 0x55, sizeof(a));
		b = a;
		if (opt_parse(r, &a, rows[i].text, &e))
			fail_msg("%s: %s", rows[i].text, e.text);
		assert_int_equal(opt_format(r, &a, buf, sizeof(buf)), strlen(rows[i].canonical));
		assert_string_equal(buf, rows[i].canonical);
		assert_int_equal(opt_parse(r, &b, buf, &e), 0);
		assert_true(opt_equal(r, &a, &b));
		assert_memory_equal(&a, &b, sizeof(a));
	}
}

static void test_refused(void **state)
{
	/* clang-format off */
	static const struct {
		const char *name, *text, *says;
	} rows[] = {
		{ "flag", "", "on or off" }, { "flag", "2", "on or off" },
		{ "flag", "ON", "on or off" },
		{ "count", "101", "0 to 100" }, { "count", "-1", "0 to 100" },
		{ "count", "+1", "0 to 100" },
		{ "count", " 1", "or auto" }, { "count", "1 ", "or off" },
		{ "count", "", "a number" },
		{ "count", "1k", "a number" }, { "count", "0x10", "a number" },
		{ "count", "1.0", "a number" },
		{ "count", "4294967295", "0 to 100" }, { "level", "0", "from 1 up" },
		{ "level", "off", "a number" },
		{ "level", "4294967296", "a number" }, { "level", "auto", "a number" },
		{ "kind", "Node", "node, cpu, inter-leave" }, { "kind", "", "one of" },
		{ "kind", "0", "one of" },
		{ "bytes", "2M", "a size" }, { "bytes", "4kk", "a size" },
		{ "size", "7", "from 8" },
		{ "size", "4x", "a size" }, { "size", "k", "a size" }, { "size", "4 k", "a size" },
		{ "size", "18446744073709551615", "from 8" }, /* the value that stands for auto */
		{ "size", "18446744073709551616", "a size" }, { "size", "16777216T", "a size" },
		{ "seed", "0x", "a number" }, { "seed", "0xfg", "a number" },
		{ "seed", "-1", "a number" },
		{ "pow2", "3", "a power of two" }, { "pow2", "128k", "to 65536" },
		{ "share", "1.1", "from 0 to 1" },
		{ "share", "-0.1", "from 0 to 1" }, { "share", "nan", "decimal" },
		{ "any", "inf", "decimal" },
		{ "any", "0x1p3", "decimal" }, { "any", "1e999", "decimal" },
		{ "any", "", "decimal" },
		{ "any", "1,5", "decimal" }, { "any", "1e", "decimal" },
		{ "text", "a\nb", "printable" },
		{ "text", "a\tb", "printable" },
	};
	/* clang-format on */
	struct thing a, before;
	struct err e;
	size_t i;

	(void)state;
	memset(&a, 0x55, sizeof(a));
	before = a;
	for (i = 0; i < COUNT(rows); i++) {
		size_t n = strlen(rows[i].name);

		if (opt_parse(row(rows[i].name), &a, rows[i].text, &e) != -EINVAL)
			fail_msg("%s took '%s'", rows[i].name, rows[i].text);
		assert_memory_equal(&a, &before, sizeof(a));
		assert_memory_equal(e.text, rows[i].name, n);
		assert_memory_equal(e.text + n, ": expected ", 11);
		if (!strstr(e.text, rows[i].says))
			fail_msg("'%s' does not say '%s'", e.text, rows[i].says);
		assert_int_equal(opt_parse(row(rows[i].name), &a, rows[i].text, NULL), -EINVAL);
	}
}

static void test_long_text(void **state)
{
	char text[OPT_STR_MAX + 1];
	struct err e = { "" };
	struct thing a;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[OPT_STR_MAX] = '\0';
	assert_int_equal(opt_parse(row("text"), &a, text, NULL), -EINVAL);
	text[OPT_STR_MAX - 1] = '\0';
	assert_int_equal(opt_parse(row("text"), &a, text, NULL), 0);
	assert_string_equal(a.text, text);
	/* a field that is shorter says so in its row */
	text[5] = '\0';
	assert_int_equal(opt_parse(row("word"), &a, text, NULL), 0);
	assert_string_equal(a.word, "xxxxx");
	assert_int_equal(opt_format(row("word"), &a, text, sizeof(text)), 5);
	text[5] = 'y';
	text[6] = '\0';
	assert_int_equal(opt_parse(row("word"), &a, text, &e), -EINVAL);
	assert_non_null(strstr(e.text, "at most 5 bytes"));
	assert_string_equal(a.word, "xxxxx");
	memset(text, 'x', OPT_STR_MAX - 1);
	/* every other type refuses it without reading beyond */
	assert_int_equal(opt_parse(row("count"), &a, text, NULL), -EINVAL);
	assert_int_equal(opt_parse(row("any"), &a, text, NULL), -EINVAL);
}

static void test_defaults(void **state)
{
	struct thing a;

	(void)state;
	memset(&a, 0x55, sizeof(a));
	opt_defaults(table, &a);
	assert_int_equal(a.flag, 1);
	assert_int_equal(a.count, 7);
	assert_int_equal(a.kind, 1);
	assert_true(a.bytes == OPT_AUTO_UINT);
	assert_true(a.size == 4096);
	assert_true(a.seed == 16);
	assert_true(a.share == 0.25 && a.any == -1500);
	assert_string_equal(a.text, "a, b");
}

static void test_find(void **state)
{
	(void)state;
	assert_ptr_equal(opt_find(slab_config_opts, "colour_off"),
			 opt_find(slab_config_opts, "colour-off"));
	assert_non_null(opt_find(slab_config_opts, "colour-off"));
	assert_null(opt_find(slab_config_opts, "colour off"));
	assert_null(opt_find(slab_config_opts, "colour_of"));
	assert_null(opt_find(slab_config_opts, "colour_offs"));
	assert_null(opt_find(slab_config_opts, ""));
}

static void test_metavar(void **state)
{
	/* clang-format off */
	static const char *const rows[][2] = {
		{ "flag", "on|off" }, { "count", "N|auto|off" }, { "kind", "node|cpu|inter-leave" },
		{ "bytes", "SIZE|auto" }, { "size", "SIZE|auto" }, { "seed", "N" },
		{ "share", "X" }, { "text", "TEXT" },
	};
	/* clang-format on */
	char buf[64];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_int_equal(opt_metavar(row(rows[i][0]), buf, sizeof(buf)),
				 strlen(rows[i][1]));
		assert_string_equal(buf, rows[i][1]);
	}
	/* like snprintf where there is no room */
	assert_int_equal(opt_metavar(row("kind"), buf, 6), 20);
	assert_string_equal(buf, "node|");
	assert_int_equal(opt_metavar(row("kind"), NULL, 0), 20);
}

static void test_lists(void **state)
{
	/* clang-format off */
	static const struct {
		const char *name, *text, *values; /* with blanks between */
	} rows[] = {
		{ "count", "5", "5" },			{ "count", "1,2,3", "1 2 3" },
		{ "count", "0-3", "0 1 2 3" },		{ "count", "4-4", "4" },
		{ "count", "auto,0-2,off", "auto 0 1 2 0" },
		{ "count", "0-100+25", "0 25 50 75 100" }, { "count", "0-99+25", "0 25 50 75" },
		{ "count", "3-60*4", "3 12 48" }, { "size", "8-512*2", "8 16 32 64 128 256 512" },
		{ "size", "1k-4k+1k", "1024 2048 3072 4096" },
		{ "pow2", "64-65536*32", "64 2048 65536" },
		{ "seed", "18446744073709551614-18446744073709551615", "18446744073709551614 18446744073709551615" },
		{ "level", "4294967290-4294967295*2", "4294967290" },
		{ "flag", "on,off", "on off" }, { "kind", "cpu,inter-leave", "cpu inter-leave" },
		{ "share", "0,0.5,1e-3", "0 0.5 0.001" }, { "any", "-1,2", "-1 2" },
		{ "text", "a,b-c", "a,b-c" },
	};
	/* clang-format on */
	char joined[512], **list;
	struct err e;
	int n, k;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		n = opt_list(row(rows[i].name), rows[i].text, 8, &list, &e);
		if (n < 1)
			fail_msg("%s: %s", rows[i].text, e.text);
		joined[0] = '\0';
		for (k = 0; k < n; k++)
			sprintf(joined + strlen(joined), "%s%s", k ? " " : "", list[k]);
		assert_string_equal(joined, rows[i].values);
		opt_list_free(list, n);
	}
}

static void test_bad_lists(void **state)
{
	/* clang-format off */
	static const struct {
		const char *name, *text;
		int code;
		const char *says;
	} rows[] = {
		{ "count", "", -EINVAL, "count: expected" },
		{ "count", "1,", -EINVAL, "at character 3: count" },
		{ "count", ",1", -EINVAL, "at character 1: count" },
		{ "count", "1,,2", -EINVAL, "at character 3" },
		{ "count", "1,x", -EINVAL, "at character 3" },
		{ "count", "3-1", -EINVAL, "goes up" },
		{ "count", "1-", -EINVAL, "FROM-TO" },
		{ "count", "-3", -EINVAL, "FROM-TO" },
		{ "count", "1-2-3", -EINVAL, "FROM-TO" },
		{ "count", "1-3*", -EINVAL, "FROM-TO" },
		{ "count", "1-auto", -EINVAL, "FROM-TO" },
		{ "count", "1-9+0", -EINVAL, "step of 1" },
		{ "count", "1-9*1", -EINVAL, "factor of 2" },
		{ "count", "0-8*2", -EINVAL, "from 1 up" },
		{ "count", "98-102", -EINVAL, "0 to 100" },
		{ "pow2", "1-4", -EINVAL, "power of two" },
		{ "count", "0-8", -E2BIG, "more than 8" },
		{ "size", "8-18446744073709551615", -E2BIG, "more than 8" },
		{ "kind", "node-cpu", -EINVAL, "one of" },
		{ "share", "0-1", -EINVAL, "decimal" },
	};
	/* clang-format on */
	char **list = (char **)(uintptr_t)1;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		int ret = opt_list(row(rows[i].name), rows[i].text, 8, &list, &e);

		if (ret != rows[i].code || !strstr(e.text, rows[i].says))
			fail_msg("%s %s: %d '%s'", rows[i].name, rows[i].text, ret, e.text);
		assert_ptr_equal(list, (char **)(uintptr_t)1);
	}
}

/* A decimal comma in the process's locale changes neither what is read nor what is written. */
static void test_locale(void **state)
{
	static const char *const names[] = { "de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE",
					     "fr_FR" };
	struct thing a;
	char buf[32];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(names) && !setlocale(LC_ALL, names[i]); i++)
		;
	/* without such a locale this still checks that the switch to C and back is sound */
	assert_int_equal(opt_parse(row("any"), &a, "1.5", NULL), 0);
	assert_true(a.any == 1.5);
	opt_format(row("any"), &a, buf, sizeof(buf));
	setlocale(LC_ALL, "C");
	assert_string_equal(buf, "1.5");
}

/* ---- the toggles ---- */

/* Each row: its default parses, prints as it is written, has one field of its own, and says
 * something. */
static void check_table(const struct opt *t, size_t size)
{
	const struct opt *r, *other;
	char buf[OPT_STR_MAX];
	struct err e;
	void *base = calloc(1, size);

	assert_non_null(base);
	for (r = t; r->name; r++) {
		if (opt_parse(r, base, r->def, &e))
			fail_msg("default of %s", e.text);
		opt_format(r, base, buf, sizeof(buf));
		assert_string_equal(buf, r->def);
		assert_non_null(r->help);
		assert_true(strlen(r->help) > 10 && r->help[strlen(r->help) - 1] != '.');
		assert_null(strpbrk(r->name, "- "));
		for (other = t; other != r; other++) {
			assert_string_not_equal(other->name, r->name);
			assert_int_not_equal(other->offset, r->offset);
		}
	}
	free(base);
}

static void test_toggle_table(void **state)
{
	size_t covered = 0;
	const struct opt *r;

	(void)state;
	check_table(slab_config_opts, sizeof(struct slab_config));
	for (r = slab_config_opts; r->name; r++)
		covered += r->type == OPT_STR			       ? r->max + 1 :
			   r->type == OPT_U64 || r->type == OPT_DOUBLE ? 8 :
									 4;
	/* no field without a row: only padding (less than a word per 8-byte field) is left */
	assert_in_range(sizeof(struct slab_config) - covered, 0, 8);
}

static void test_profiles(void **state)
{
	/* clang-format off */
	static const struct {
		const char *name;
		unsigned rules, limit, batchcount, break_order;
	} rows[] = { { "kernel-2.6.22", RULES_2_6_22, KMEM_AUTO, KMEM_AUTO, 1 },
		     { "kernel-6.1", RULES_6_1, KMEM_AUTO, KMEM_AUTO, 1 },
		     { "fast", RULES_2_6_22, 256, 128, 7 } };
	const struct slab_profile *p;
	struct slab_config c;
	struct err e;
	size_t i = 0;

	(void)state;
	for (p = slab_profiles; p->name; p++, i++) {
		assert_true(i < COUNT(rows));
		assert_string_equal(p->name, rows[i].name);
		assert_int_equal(slab_config_profile(&c, p->name, &e), 0);
		assert_int_equal(slab_config_validate(&c, 0, &e), 0);
		assert_int_equal(slab_config_validate(&c, 1, &e), 0);
		assert_int_equal(c.rules, rows[i].rules);
		assert_true(c.limit == rows[i].limit && c.batchcount == rows[i].batchcount);
		assert_true(c.colour == KMEM_AUTO && c.alien == 1);
		assert_int_equal(c.break_order, rows[i].break_order);
	}
	assert_int_equal(i, COUNT(rows));
	assert_int_equal(slab_config_profile(&c, "none", &e), -EINVAL);
	assert_non_null(strstr(e.text, "kernel-2.6.22, kernel-6.1, fast"));
}

static void test_validate(void **state)
{
	static const struct {
		const char *settings[3][2];
		unsigned nodes;
		const char *says; /* NULL: valid */
	} rows[] = {
		{ { { "align", "64" }, { "colour_off", "128" } }, 0, NULL },
		{ { { "align", "64" }, { "colour_off", "96" } }, 0, "colour_off" },
		{ { { "limit", "10" }, { "batchcount", "10" } }, 0, NULL },
		{ { { "limit", "10" }, { "batchcount", "11" } }, 0, "batchcount" },
		{ { { "order", "2" }, { "colour_slack", "order" } }, 0, "colour_slack" },
		{ { { "order", "2" }, { "colour_slack", "object" } }, 0, NULL },
		{ { { "placement", "bind" }, { "place_node", "1" } }, 2, NULL },
		{ { { "placement", "bind" }, { "place_node", "2" } }, 2, "place_node" },
		{ { { "placement", "preferred" }, { "place_node", "2" } }, 2, "place_node" },
		{ { { "placement", "local" }, { "place_node", "2" } }, 2, NULL },
		{ { { "placement", "bind" }, { "place_node", "63" } }, 0, NULL },
		{ { { "placement", "weighted" }, { "place_weights", "3:1:1" } }, 3, NULL },
		{ { { "placement", "weighted" }, { "place_weights", "3:1:1" } }, 2, "place_weights" },
		{ { { "placement", "weighted" }, { "place_weights", "0:0" } }, 2, "above 0" },
		{ { { "placement", "weighted" }, { "place_weights", "0:x" } }, 2, "place_weights" },
		{ { { "placement", "weighted" }, { "place_weights", "3:1:1" } }, 0, NULL },
	};
	/* clang-format on */
	struct slab_config c;
	struct err e;
	size_t i, k;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		int ret;

		slab_config_profile(&c, "kernel-2.6.22", &e);
		for (k = 0; k < 3 && rows[i].settings[k][0]; k++)
			assert_int_equal(
				opt_parse(opt_find(slab_config_opts, rows[i].settings[k][0]), &c,
					  rows[i].settings[k][1], &e),
				0);
		e.text[0] = '\0';
		ret = slab_config_validate(&c, rows[i].nodes, &e);
		if (ret != (rows[i].says ? -EINVAL : 0) ||
		    (rows[i].says && !strstr(e.text, rows[i].says)))
			fail_msg("row %zu: %d '%s'", i, ret, e.text);
	}
}

/* Fields that were filled in by hand are held to their rows as well. */
static void test_validate_fields(void **state)
{
#define SET(f, v)                                      \
	{                                              \
#f, offsetof(struct slab_config, f), v \
	}
	/* clang-format off */
	static const struct {
		const char *name;
		size_t offset;
		unsigned value;
	} rows[] = {
		SET(rules, 6), SET(align, 3), SET(hwcache_align, 2), SET(order, 11), SET(mgmt, 3),
		SET(index, 5),
		SET(colour, 65536), SET(colour_off, 0), SET(colour_run, 0), SET(limit, 0),
		SET(batchcount, 0),
		SET(placement, 7), SET(place_node, 64), SET(backing, BACKING_NR), SET(fail_nth, 0),
		SET(stats, 2),
	};
	/* clang-format on */
#undef SET
	struct slab_config c;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		slab_config_profile(&c, "kernel-2.6.22", &e);
		memcpy((char *)&c + rows[i].offset, &rows[i].value, sizeof(unsigned));
		assert_int_equal(slab_config_validate(&c, 0, &e), -EINVAL);
		assert_memory_equal(e.text, rows[i].name, strlen(rows[i].name));
	}
	slab_config_profile(&c, "kernel-2.6.22", &e);
	c.fail_prob = 1.5;
	assert_int_equal(slab_config_validate(&c, 0, &e), -EINVAL);
}

static void test_weights(void **state)
{
	/* clang-format off */
	static const struct {
		const char *text;
		unsigned nodes;
		int ret;
		uint8_t w[4];
	} rows[] = {
		{ "", 4, 0, { 1, 1, 1, 1 } }, { "3:1:1", 3, 0, { 3, 1, 1 } },
		{ "3", 3, 0, { 3, 1, 1 } },
		{ "0:2", 2, 0, { 0, 2 } }, { "255:0:0", 3, 0, { 255 } },
		{ "256", 1, -EINVAL, { 0 } },
		{ "1:", 2, -EINVAL, { 0 } }, { ":1", 2, -EINVAL, { 0 } },
		{ "1::1", 3, -EINVAL, { 0 } },
		{ "1,1", 2, -EINVAL, { 0 } }, { "-1", 1, -EINVAL, { 0 } },
		{ "0", 1, -EINVAL, { 0 } },
		{ "1:1:1", 2, -EINVAL, { 0 } },	 { "99999999999", 1, -EINVAL, { 0 } },
	};
	/* clang-format on */
	struct slab_config c;
	uint8_t w[4];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		slab_config_profile(&c, "kernel-2.6.22", NULL);
		strcpy(c.place_weights, rows[i].text);
		if (slab_config_weights(&c, rows[i].nodes, w, NULL) != rows[i].ret)
			fail_msg("weights '%s'", rows[i].text);
		if (!rows[i].ret)
			assert_memory_equal(w, rows[i].w, rows[i].nodes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_long_text),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_metavar),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_bad_lists),
		cmocka_unit_test(test_locale),
		cmocka_unit_test(test_toggle_table),
		cmocka_unit_test(test_profiles),
		cmocka_unit_test(test_validate),
		cmocka_unit_test(test_validate_fields),
		cmocka_unit_test(test_weights),
	};

	return cmocka_run_group_tests_name("opt", tests, NULL, NULL);
}
