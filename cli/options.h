/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_OPTIONS_H
#define SLABSCOPE_OPTIONS_H

/*
 * From option tables (lib/opt.h) to getopt_long and --help. A command names its tables and its plain
 * options in one struct cli_spec; every row becomes --row-name (an underscore is accepted too),
 * unique prefixes work as getopt_long has them, and --help/-h is there without being asked for.
 *
 * A row of type OPT_BOOL may stand alone (`--poison` is `--poison on`); its value may follow after
 * `=` or as the next word. Every other row takes exactly one value. Where two tables have a row of
 * the same name, the first table gets it.
 */

#include <stdio.h>

#include "lib/err.h"
#include "lib/opt.h"

#define CLI_UNLISTED 2

struct cli_table {
	const struct opt *table; /* NULL ends an array of tables */
	void *base;	   /* the struct the table describes; may be NULL if the spec has `row` */
	const char *title; /* heading in --help */
	int one_of; /* the option is of whichever of these tables is in use: --help has it in each;
		     * CLI_UNLISTED: the same, and --help leaves this one out */
};

struct cli_plain {
	const char *name; /* long name with '-'; NULL ends an array */
	int letter;	  /* short option, or 0 */
	const char *arg;  /* metavar of its value; NULL: takes none */
	const char *help;
	int id; /* the command's own */
};

struct cli_spec {
	const char *command; /* "slabscope geometry" */
	const char *usage;   /* what follows the command in the usage line */
	const char *about;   /* a paragraph for --help, or NULL */
	const struct cli_table *tables;
	const struct cli_plain *plain;
	/* Called for each row given; NULL: the text is parsed into the table's base. */
	int (*row)(void *arg, const struct cli_table *t, const struct opt *row, const char *text,
		   struct err *e);
	/* Called for each plain option given; @text is NULL when it takes none. */
	int (*option)(void *arg, const struct cli_plain *p, const char *text, struct err *e);
};

#define CLI_HELP (-125) /* -ECANCELED: help was printed, the command exits 0 */

/*
 * Go over @argv (argv[0] is the command's name). Returns the index of the first operand (getopt's
 * permutation: operands stand last), CLI_HELP, or the negative errno of whatever refused, with
 * "--option: why" in @e. Uses getopt's globals: one thread at a time.
 */
int cli_parse(const struct cli_spec *s, int argc, char **argv, void *arg, struct err *e);

/* What --help prints. */
void cli_help(FILE *f, const struct cli_spec *s);

/* Print "command: text" and where help is, on stderr. Returns 2, the exit status of a usage error. */
int cli_usage_error(const struct cli_spec *s, const struct err *e);

/* Print "command: text" on stderr. Returns 1, the exit status of a failure. */
int cli_failure(const struct cli_spec *s, const struct err *e);

#endif
