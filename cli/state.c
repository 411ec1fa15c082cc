/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/state.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int states_init(struct run_states *s, const struct plan *p, struct err *e)
{
	memset(s, 0, sizeof(*s));
	s->nr_configs = p->nr_configs;
	s->blocks = p->blocks;
	s->repeats = p->run.repeats;
	s->of = calloc((size_t)p->blocks * p->nr_configs, sizeof(*s->of));
	return s->of ? 0 : err_set(e, -ENOMEM, "out of memory");
}

void states_release(struct run_states *s)
{
	free(s->of);
	s->of = NULL;
}

static struct trial_state *at(const struct run_states *s, unsigned block, unsigned config)
{
	return &s->of[(size_t)block * s->nr_configs + config];
}

void states_reason_word(const char *note, char word[STATE_REASON_MAX])
{
	note += strspn(note, " ");
	snprintf(word, STATE_REASON_MAX, "%.*s", (int)strcspn(note, " :;,("), note);
	if (!*word)
		strcpy(word, "no reason");
}

/* 1 + index of the note's word. */
static unsigned reason_of(struct run_states *s, const char *note)
{
	char word[STATE_REASON_MAX];
	struct state_reason *r;
	unsigned i;

	states_reason_word(note, word);
	for (i = 0; i < s->nr_reasons; i++)
		if (!strcmp(s->reason[i].word, word))
			return i + 1;
	if (s->nr_reasons == STATE_REASONS)
		return STATE_REASONS;
	r = &s->reason[s->nr_reasons++];
	strcpy(r->word, i == STATE_REASONS - 1 ? "other reasons" : word);
	snprintf(r->note, sizeof(r->note), "%.159s", note);
	return s->nr_reasons;
}

void states_put(struct run_states *s, unsigned block, unsigned config, enum launch_status status,
		const char *note)
{
	struct trial_state *t = at(s, block, config);

	t->attempts += t->attempts < UCHAR_MAX;
	t->status = status;
	t->reason = status == LAUNCH_OK ? 0 : reason_of(s, note);
}

int states_pending(const struct run_states *s, unsigned block, unsigned config)
{
	const struct trial_state *t = at(s, block, config);

	return !t->attempts || (t->status == LAUNCH_DISTURBED && t->attempts <= s->repeats);
}

unsigned states_left(const struct run_states *s, unsigned block)
{
	unsigned c, n = 0;

	for (c = 0; c < s->nr_configs; c++)
		n += states_pending(s, block, c);
	return n;
}

unsigned states_blocks(const struct run_states *s)
{
	unsigned b;

	for (b = 0; b < s->blocks; b++)
		if (states_left(s, b))
			break;
	return b;
}

static void list_reasons(const struct run_states *s, unsigned used, struct run_counts *n)
{
	size_t len;
	unsigned i;

	for (i = 0; i < s->nr_reasons; i++) {
		len = strlen(n->aside);
		if (used & 1u << i)
			snprintf(n->aside + len, sizeof(n->aside) - len, "%s%s", len ? ", " : "",
				 s->reason[i].word);
	}
}

void states_count(const struct run_states *s, struct run_counts *n)
{
	size_t i, all = (size_t)s->blocks * s->nr_configs;
	unsigned used = 0;

	memset(n, 0, sizeof(*n));
	for (i = 0; i < all; i++) {
		const struct trial_state *t = &s->of[i];

		if (!t->attempts)
			continue;
		n->trials++;
		n->attempts += t->attempts;
		n->status[t->status]++;
		n->repeated += t->attempts > 1;
		if (t->status == LAUNCH_DISTURBED)
			used |= 1u << (t->reason - 1);
	}
	list_reasons(s, used, n);
}

/* The config's last attempt in @t; 1 if some trial of it is ok. */
static int last_of(const struct run_states *s, unsigned config, struct trial_state *t)
{
	unsigned b;

	t->attempts = 0;
	for (b = 0; b < s->blocks; b++) {
		if (!at(s, b, config)->attempts)
			continue;
		*t = *at(s, b, config);
		if (t->status == LAUNCH_OK)
			return 1;
	}
	return 0;
}

int states_empty(const struct run_states *s, struct state_empty **list, unsigned *nr, struct err *e)
{
	unsigned c;

	*nr = 0;
	*list = NULL;
	for (c = 0; c < s->nr_configs; c++) {
		struct state_empty *more;
		struct trial_state t;

		if (last_of(s, c, &t) || !t.attempts)
			continue;
		more = realloc(*list, (*nr + 1) * sizeof(*more));
		if (!more)
			return err_set(e, -ENOMEM, "out of memory");
		*list = more;
		more[*nr].config = c;
		more[*nr].status = (enum launch_status)t.status;
		strcpy(more[(*nr)++].note, s->reason[t.reason - 1].note);
	}
	return 0;
}
