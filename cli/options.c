/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "lib/escape.h"

_Static_assert(CLI_HELP == -ECANCELED, "CLI_HELP is an errno");

#define NAME_MAX_LEN 64
/* Values of getopt_long for rows and plain options: beyond any character. */
#define ROW_BASE 0x1000
#define PLAIN_BASE 0x100

/* One row or plain option that getopt_long can return. */
struct target {
	const struct cli_table *table;
	const struct opt *row;
};

struct longopts {
	struct option *opts;
	char (*names)[NAME_MAX_LEN];
	struct target *targets;
	char letters[256];
	unsigned nr_opts, nr_rows;
};

static unsigned count_rows(const struct cli_spec *s)
{
	const struct cli_table *t;
	const struct opt *row;
	unsigned n = 0;

	for (t = s->tables; t && t->table; t++)
		for (row = t->table; row->name; row++)
			n++;
	return n;
}

static unsigned count_plain(const struct cli_spec *s)
{
	const struct cli_plain *p;
	unsigned n = 0;

	for (p = s->plain; p && p->name; p++)
		n++;
	return n;
}

static void add_option(struct longopts *l, const char *name, int has_arg, int val)
{
	char *copy = l->names[l->nr_opts];
	size_t i;

	snprintf(copy, NAME_MAX_LEN, "%s", name);
	l->opts[l->nr_opts++] = (struct option){ copy, has_arg, NULL, val };
	if (!strchr(name, '_'))
		return;
	/* the same option again, in GNU's spelling: getopt takes equal values as one, not as
	 * ambiguous */
	copy = l->names[l->nr_opts];
	snprintf(copy, NAME_MAX_LEN, "%s", name);
	for (i = 0; copy[i]; i++)
		if (copy[i] == '_')
			copy[i] = '-';
	l->opts[l->nr_opts++] = (struct option){ copy, has_arg, NULL, val };
}

static void add_letter(struct longopts *l, int letter, int has_arg)
{
	size_t n = strlen(l->letters);

	if (n + 3 > sizeof(l->letters))
		return;
	l->letters[n++] = (char)letter;
	if (has_arg)
		l->letters[n++] = ':';
	l->letters[n] = '\0';
}

static void longopts_release(struct longopts *l)
{
	free(l->opts);
	free(l->names);
	free(l->targets);
}

static int longopts_build(struct longopts *l, const struct cli_spec *s)
{
	unsigned rows = count_rows(s), plain = count_plain(s), most = 2 * (rows + plain + 1) + 1;
	const struct cli_table *t;
	const struct opt *row;
	unsigned i;

	memset(l, 0, sizeof(*l));
	l->opts = calloc(most, sizeof(*l->opts));
	l->names = calloc(most, sizeof(*l->names));
	l->targets = calloc(rows + 1, sizeof(*l->targets));
	if (!l->opts || !l->names || !l->targets) {
		longopts_release(l);
		return -ENOMEM;
	}
	l->letters[0] = ':'; /* a missing value is told from an unknown option */
	l->letters[1] = 'h';
	add_option(l, "help", no_argument, 'h');
	for (i = 0; i < plain; i++) {
		const struct cli_plain *p = &s->plain[i];

		add_option(l, p->name, p->arg ? required_argument : no_argument,
			   (int)(PLAIN_BASE + i));
		if (p->letter)
			add_letter(l, p->letter, p->arg != NULL);
	}
	for (t = s->tables; t && t->table; t++)
		for (row = t->table; row->name; row++) {
			l->targets[l->nr_rows] = (struct target){ t, row };
			add_option(l, row->name,
				   row->type == OPT_BOOL ? optional_argument : required_argument,
				   (int)(ROW_BASE + l->nr_rows++));
		}
	return 0;
}

/* The value of a boolean row: after '=', or the next word if that reads as one, or plain "on". */
static const char *bool_value(const struct opt *row, int argc, char **argv)
{
	const char *next = optind < argc ? argv[optind] : NULL;
	char **list;
	int n;

	if (optarg)
		return optarg;
	n = next ? opt_list(row, next, 2, &list, NULL) : -EINVAL;
	if (n < 0)
		return "on";
	opt_list_free(list, n);
	optind++;
	return next;
}

static int take_row(const struct cli_spec *s, const struct target *t, int argc, char **argv,
		    void *arg, struct err *e)
{
	const char *text = t->row->type == OPT_BOOL ? bool_value(t->row, argc, argv) : optarg;

	if (s->row)
		return s->row(arg, t->table, t->row, text, e);
	return opt_parse(t->row, t->table->base, text, e);
}

static const struct cli_plain *plain_by_letter(const struct cli_spec *s, int letter)
{
	const struct cli_plain *p;

	for (p = s->plain; p && p->name; p++)
		if (p->letter == letter)
			return p;
	return NULL;
}

/* The long option that @val stands for, or its letter, for messages. */
static const char *option_name(const struct longopts *l, int val, char *buf, size_t len)
{
	unsigned i;

	for (i = 0; val >= PLAIN_BASE && i < l->nr_opts; i++)
		if (l->opts[i].val == val) {
			snprintf(buf, len, "--%s", l->names[i]);
			return buf;
		}
	snprintf(buf, len, "-%c", val);
	return buf;
}

/* getopt's '?' and ':': say which word of the command line was wrong, and how. */
static int bad_option(const struct longopts *l, int what, int argc, char **argv, struct err *e)
{
	const char *word = optind > 0 && optind <= argc ? argv[optind - 1] : "";
	char buf[NAME_MAX_LEN + 2];

	if (what == ':')
		return err_set(e, -EINVAL, "option %s needs a value",
			       option_name(l, optopt, buf, sizeof(buf)));
	if (optopt >= PLAIN_BASE)
		return err_set(e, -EINVAL, "option %s takes no value",
			       option_name(l, optopt, buf, sizeof(buf)));
	if (optopt && strncmp(word, "--", 2))
		return err_set(e, -EINVAL, "unknown option -%c", optopt);
	return err_set(e, -EINVAL, "unknown or ambiguous option %s", word);
}

static int take_option(const struct cli_spec *s, const struct longopts *l, int c, int argc,
		       char **argv, void *arg, struct err *e)
{
	const struct cli_plain *p;

	if (c == '?' || c == ':')
		return bad_option(l, c, argc, argv, e);
	if (c >= ROW_BASE)
		return take_row(s, &l->targets[c - ROW_BASE], argc, argv, arg, e);
	p = c >= PLAIN_BASE ? &s->plain[c - PLAIN_BASE] : plain_by_letter(s, c);
	if (!p) { /* -h; a command's own row for that letter comes first */
		cli_help(stdout, s);
		return CLI_HELP;
	}
	return s->option(arg, p, optarg, e);
}

int cli_parse(const struct cli_spec *s, int argc, char **argv, void *arg, struct err *e)
{
	struct longopts l;
	int c, ret;

	ret = longopts_build(&l, s);
	if (ret)
		return err_set(e, ret, "out of memory");
	optind = 0; /* glibc: start afresh, whatever was scanned before */
	opterr = 0;
	while (!ret && (c = getopt_long(argc, argv, l.letters, l.opts, NULL)) != -1)
		ret = take_option(s, &l, c, argc, argv, arg, e);
	longopts_release(&l);
	return ret ? ret : optind;
}

/* One entry of --help: the option in the left column, its text wrapped in the right one. */
static void help_entry(FILE *f, const char *left, const char *text, const char *tail)
{
	const int indent = 34, width = 100;
	int col = fprintf(f, "  %s", left);
	char line[1024], *word, *save;

	snprintf(line, sizeof(line), "%s%s", text, tail);
	if (col > indent - 2) {
		fputc('\n', f);
		col = 0;
	}
	col += fprintf(f, "%*s", indent - col, "");
	for (word = strtok_r(line, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (col > indent && col + 1 + (int)strlen(word) > width)
			col = fprintf(f, "\n%*s", indent, "") - 1;
		col += fprintf(f, "%s%s", col > indent ? " " : "", word);
	}
	fputc('\n', f);
}

/* A name that an earlier table has: the option means that one, unless only one of both is in use. */
static int shadowed(const struct cli_spec *s, const struct cli_table *table, const char *name)
{
	for (const struct cli_table *t = s->tables; t != table; t++)
		if (!(t->one_of && table->one_of) && opt_find(t->table, name))
			return 1;
	return 0;
}

static void help_row(FILE *f, const struct opt *row)
{
	char metavar[128], left[256], tail[OPT_STR_MAX + 64] = "";
	size_t i;

	opt_metavar(row, metavar, sizeof(metavar));
	i = (size_t)snprintf(left, sizeof(left), "--%s", row->name);
	for (; i; i--)
		if (left[i] == '_')
			left[i] = '-';
	i = strlen(left);
	snprintf(left + i, sizeof(left) - i, row->type == OPT_BOOL ? "[=%s]" : " %s", metavar);
	if (row->def && *row->def)
		snprintf(tail, sizeof(tail), " [%s%s%s]", row->def, row->unit ? " " : "",
			 row->unit ? row->unit : "");
	else if (row->unit)
		snprintf(tail, sizeof(tail), " [%s]", row->unit);
	help_entry(f, left, row->help, tail);
}

void cli_help(FILE *f, const struct cli_spec *s)
{
	const struct cli_table *t;
	const struct cli_plain *p;
	const struct opt *row;
	char left[128];

	fprintf(f, "Usage: %s %s\n", s->command, s->usage);
	if (s->about)
		fprintf(f, "\n%s\n", s->about);
	fputs("\nOptions:\n", f);
	for (p = s->plain; p && p->name; p++) {
		int n = p->letter ? snprintf(left, sizeof(left), "-%c, ", p->letter) : 0;

		snprintf(left + n, sizeof(left) - (size_t)n, "--%s%s%s", p->name, p->arg ? " " : "",
			 p->arg ? p->arg : "");
		help_entry(f, left, p->help, "");
	}
	help_entry(f, plain_by_letter(s, 'h') ? "--help" : "-h, --help", "this text", "");
	for (t = s->tables; t && t->table; t++) {
		if (t->one_of == CLI_UNLISTED)
			continue;
		fprintf(f, "\n%s:\n", t->title);
		for (row = t->table; row->name; row++)
			if (!shadowed(s, t, row->name))
				help_row(f, row);
	}
}

int cli_usage_error(const struct cli_spec *s, const struct err *e)
{
	/* names of files and what stands in them may be anything */
	escape_print(stderr, "%s: %s\n", s->command, e->text);
	fprintf(stderr, "Try '%s --help'.\n", s->command);
	return 2;
}

int cli_failure(const struct cli_spec *s, const struct err *e)
{
	escape_print(stderr, "%s: %s\n", s->command, e->text);
	return 1;
}
