/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/collect_help.h"

static char *copy(const char *s)
{
	char *c = s ? strdup(s) : NULL;

	assert_true(!s || c);
	return c;
}

static void keep_value(struct value_sink *sink, const struct value *v)
{
	struct ch_sink *s = (struct ch_sink *)sink;
	struct value *to = &s->value[s->nr++];

	assert_true(s->nr < CH_MOST);
	assert_null(strpbrk(v->metric, " \t\n"));
	assert_null(strpbrk(v->unit, " \t\n"));
	assert_true(!v->note || !strchr(v->note, '\n'));
	*to = *v;
	to->metric = copy(v->metric);
	to->unit = copy(v->unit);
	to->source = copy(v->source);
	to->note = copy(v->note);
}

static void keep_flag(struct value_sink *sink, enum trial_flag flag, const char *reason)
{
	struct ch_sink *s = (struct ch_sink *)sink;

	assert_true(s->nr_flags < 16);
	assert_null(strchr(reason, '\n'));
	s->flag[s->nr_flags] = flag;
	s->reason[s->nr_flags++] = copy(reason);
}

struct ch_sink *ch_sink_create(void)
{
	struct ch_sink *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->sink.put = keep_value;
	s->sink.flag = keep_flag;
	return s;
}

void ch_sink_free(struct ch_sink *s)
{
	for (unsigned i = 0; i < s->nr; i++) {
		free((char *)(uintptr_t)s->value[i].metric);
		free((char *)(uintptr_t)s->value[i].unit);
		free((char *)(uintptr_t)s->value[i].source);
		free((char *)(uintptr_t)s->value[i].note);
	}
	for (unsigned i = 0; i < s->nr_flags; i++)
		free(s->reason[i]);
	free(s);
}

static const struct value *find(const struct ch_sink *s, const char *metric, int worker)
{
	const struct value *v = NULL;

	for (unsigned i = 0; i < s->nr; i++)
		if (!strcmp(s->value[i].metric, metric) && s->value[i].worker == worker) {
			if (v)
				fail_msg("%s is there twice", metric);
			v = &s->value[i];
		}
	return v;
}

int ch_has(const struct ch_sink *s, const char *metric, int worker)
{
	return find(s, metric, worker) != NULL;
}

const struct value *ch_value(const struct ch_sink *s, const char *metric, int worker)
{
	const struct value *v = find(s, metric, worker);

	if (!v)
		fail_msg("there is no %s of worker %d", metric, worker);
	return v;
}

void ch_is(const struct ch_sink *s, const char *metric, int worker, double want)
{
	const struct value *v = ch_value(s, metric, worker);

	if (v->state != VALUE_EXACT)
		fail_msg("%s is unavailable: %s", metric, v->note);
	if (v->value < want || v->value > want)
		fail_msg("%s is %.17g, not %.17g", metric, v->value, want);
}

void ch_lacks(const struct ch_sink *s, const char *metric, const char *text)
{
	const struct value *v = ch_value(s, metric, -1);

	if (v->state != VALUE_UNAVAILABLE)
		fail_msg("%s is %.17g, not unavailable", metric, v->value);
	if (!strstr(v->note, text))
		fail_msg("%s: '%s' does not say '%s'", metric, v->note, text);
}

/* ---- the tree ---- */

static char root[PATH_MAX / 2];

void ch_tree_begin(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(root, sizeof(root), "%s/slabscope-tree.XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(root));
	assert_int_equal(setenv("SLABSCOPE_HOSTFS", root, 1), 0);
}

static int take_away(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

void ch_tree_end(void)
{
	assert_int_equal(nftw(root, take_away, 16, FTW_DEPTH | FTW_PHYS), 0);
	assert_int_equal(unsetenv("SLABSCOPE_HOSTFS"), 0);
}

void ch_file(const char *path, const char *text)
{
	char full[PATH_MAX];
	FILE *f;

	assert_true(snprintf(full, sizeof(full), "%s%s", root, path) < (int)sizeof(full));
	if (!text) {
		assert_int_equal(unlink(full), 0);
		return;
	}
	for (char *at = full + strlen(root) + 1; (at = strchr(at, '/')) != NULL; at++) {
		*at = '\0';
		assert_true(!mkdir(full, 0755) || errno == EEXIST);
		*at = '/';
	}
	f = fopen(full, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}
