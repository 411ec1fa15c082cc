/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TESTS_COLLECT_HELP_H
#define SLABSCOPE_TESTS_COLLECT_HELP_H

/* What tests of collectors share: a sink that keeps what is put, and an invented /proc and /sys. */

#include "collectors/collector.h"

#define CH_MOST 4096

struct ch_sink {
	struct value_sink sink; /* first */
	unsigned nr, nr_flags;
	struct value value[CH_MOST]; /* strings are copies */
	enum trial_flag flag[16];
	char *reason[16];
};
struct ch_sink *ch_sink_create(void);
void ch_sink_free(struct ch_sink *s);
/* The value of @metric of @worker; fails the test if there is none, or more than one. */
const struct value *ch_value(const struct ch_sink *s, const char *metric, int worker);
int ch_has(const struct ch_sink *s, const char *metric, int worker);
/* Exactly this number. */
void ch_is(const struct ch_sink *s, const char *metric, int worker, double v);
/* Unavailable, and the note has @text in it. */
void ch_lacks(const struct ch_sink *s, const char *metric, const char *text);

/* An empty tree, which SLABSCOPE_HOSTFS names until ch_tree_end(). */
void ch_tree_begin(void);
void ch_tree_end(void);
/* Make or replace (in place) a file of it: @path begins with "/"; NULL text takes it away. */
void ch_file(const char *path, const char *text);

#endif
