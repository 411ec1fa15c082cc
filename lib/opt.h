/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_OPT_H
#define SLABSCOPE_OPT_H

/*
 * Options as data: each option is one field of some struct and one row of a table. Parser, --help,
 * sweep axis, job file, result column and report text all come from that row.
 *
 * Names are written as in C and in result columns (`colour_off`); the command line takes
 * `--colour-off` and `--colour_off` alike.
 *
 * C type of the field by row type:
 *	OPT_BOOL, OPT_UINT, OPT_ENUM	unsigned int
 *	OPT_SIZE, OPT_U64		uint64_t	(OPT_SIZE takes 64, 4k, 2KiB, 1M, 1GiB: powers of 1024)
 *	OPT_DOUBLE			double
 *	OPT_STR				char[max + 1]; max 0: char[OPT_STR_MAX], as long as any may be
 *
 * An OPT_UINT whose unit is "bytes" counts bytes and takes the same suffixes; an OPT_U64 takes 0x too.
 *
 * Values of an OPT_UINT or OPT_SIZE row that has OPT_AUTO may be "auto": stored as OPT_AUTO_UINT
 * (UINT_MAX) or OPT_AUTO_U64 (UINT64_MAX). With OPT_OFF, "off" is stored as 0.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

#define OPT_STR_MAX 1024
#define OPT_AUTO_UINT (~0u)
#define OPT_AUTO_U64 (~(uint64_t)0)

enum opt_type { OPT_BOOL, OPT_UINT, OPT_ENUM, OPT_SIZE, OPT_U64, OPT_DOUBLE, OPT_STR };

enum opt_flags {
	OPT_AUTO = 1 << 0,  /* "auto" is a value */
	OPT_OFF = 1 << 1,   /* "off" is a value and means 0 */
	OPT_POW2 = 1 << 2,  /* must be a power of two (0 and auto excepted) */
	OPT_FIXED = 1 << 3, /* fixed for the life of the thing it configures (not tunable live) */
};

struct opt {
	const char *name; /* C spelling, unique within its table; NULL ends a table */
	enum opt_type type;
	size_t offset;	   /* of the field in the struct the table describes */
	uint64_t min, max; /* inclusive; max 0 = no bound (not of BOOL, ENUM; OPT_STR: above) */
	double dmin, dmax; /* inclusive bounds of OPT_DOUBLE; equal: no bounds */
	const char *const *names; /* OPT_ENUM: NULL-terminated, index = value */
	const char *unit;	  /* "bytes", "objects", ... or NULL */
	const char *def;	  /* default, as text; what opt_defaults() parses */
	unsigned flags;		  /* enum opt_flags */
	const char *help;	  /* one sentence, no full stop */
};

/* Set every field of @base to its row's default. Defaults are tested to parse. */
void opt_defaults(const struct opt *table, void *base);

/* The row called @name ('-' and '_' are the same), or NULL. */
const struct opt *opt_find(const struct opt *table, const char *name);

/* Parse @text into the row's field. -EINVAL with "colour_off: expected ..., got '...'" on bad input;
 * the field is unchanged then. Numbers are in the C locale whatever the process's locale. */
int opt_parse(const struct opt *row, void *base, const char *text, struct err *e);

/* Canonical text of the field ("auto", "on", "4096", "2.6.22"); re-parses to the same value.
 * Returns the length as snprintf does. */
int opt_format(const struct opt *row, const void *base, char *buf, size_t len);

/* 1 if the field has the same value in @a and @b. */
int opt_equal(const struct opt *row, const void *a, const void *b);

/*
 * Axis grammar. @text is a comma list of values and ranges:
 *	64,128,256	values
 *	0-3		0,1,2,3			(OPT_UINT, OPT_SIZE, OPT_U64)
 *	8-512*2		8,16,32,...,512		geometric
 *	0-1024+256	0,256,...,1024		arithmetic
 * Ranges are expanded; each value is checked against the row. On success *@out is a malloc'd array of
 * malloc'd canonical strings and the count is returned (>= 1); free with opt_list_free().
 * -EINVAL on bad input (position and expectation in the text), -E2BIG above @most values.
 * OPT_STR rows are not split: one value.
 */
int opt_list(const struct opt *row, const char *text, unsigned most, char ***out, struct err *e);
void opt_list_free(char **list, int n);

/* "SIZE|auto", "on|off", "node|cpu|cache": the metavar for --help. Returns length as snprintf. */
int opt_metavar(const struct opt *row, char *buf, size_t len);

#endif
