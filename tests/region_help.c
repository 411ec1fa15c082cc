/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A measured region without a runner: see region_help.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "tests/region_help.h"

void *region_params(const struct collector *c, const char *const *words)
{
	void *p = calloc(1, c->params_size ? c->params_size : 1);
	struct err e;

	assert_non_null(p);
	if (c->opts)
		opt_defaults(c->opts, p);
	for (; words && *words; words++) {
		const char *eq = strchr(*words, '=');
		const struct opt *row;
		char name[64];

		assert_non_null(eq);
		snprintf(name, sizeof(name), "%.*s", (int)(eq - *words), *words);
		row = opt_find(c->opts, name);
		assert_non_null(row);
		if (opt_parse(row, p, eq + 1, &e))
			fail_msg("%s: %s", *words, e.text);
	}
	return p;
}

static void keep(struct value_sink *s, const struct value *v)
{
	struct region *r = (struct region *)s;
	struct region_value *k;

	if (r->nr_values == REGION_VALUES)
		fail_msg("more than %d values", REGION_VALUES);
	k = &r->value[r->nr_values++];
	k->v = *v;
	snprintf(k->metric, sizeof(k->metric), "%s", v->metric);
	snprintf(k->unit, sizeof(k->unit), "%s", v->unit);
	snprintf(k->note, sizeof(k->note), "%s", v->note ? v->note : "");
	k->v.metric = k->metric;
	k->v.unit = k->unit;
	k->v.note = v->note ? k->note : NULL;
	if (v->state == VALUE_UNAVAILABLE && !*k->note)
		fail_msg("%s is unavailable without a reason", v->metric);
	if (strchr(k->metric, ' ') || strchr(k->unit, ' ') || strchr(k->note, '\n'))
		fail_msg("%s (%s): blanks, or a note of several lines: %s", v->metric, v->unit,
			 k->note);
	for (unsigned i = 0; i + 1 < r->nr_values; i++)
		if (r->value[i].v.worker == v->worker && !strcmp(r->value[i].metric, k->metric))
			fail_msg("%s is there twice", k->metric);
}

static void flag(struct value_sink *s, enum trial_flag f, const char *reason)
{
	(void)f;
	(void)reason;
	((struct region *)s)->nr_flags++;
}

static long faults(void)
{
	struct rusage u;

	getrusage(RUSAGE_THREAD, &u);
	return u.ru_minflt + u.ru_majflt;
}

struct hand {
	struct region *r;
	unsigned id;
	int error;
};

static void *hand_main(void *arg)
{
	struct hand *h = arg;
	struct region *r = h->r;
	const struct collector *c = r->collector;
	long before;

	h->error = c->thread_open ? c->thread_open(&r->ctx, h->id, NULL) : 0;
	before = faults();
	r->work(r, h->id, 1);
	r->faults[h->id] = faults() - before;
	pthread_barrier_wait(&r->gate);
	pthread_barrier_wait(&r->gate); /* practice of what follows */
	pthread_barrier_wait(&r->gate);
	if (c->thread_start)
		c->thread_start(&r->ctx, h->id);
	before = faults();
	r->work(r, h->id, 0);
	r->faults[h->id] = faults() - before;
	if (c->thread_stop)
		c->thread_stop(&r->ctx, h->id);
	pthread_barrier_wait(&r->gate);
	pthread_barrier_wait(&r->gate); /* stays alive until stop is over */
	return NULL;
}

void region_run(struct region *r)
{
	const struct collector *c = r->collector;
	struct hand hand[REGION_WORKERS];
	pthread_t thread[REGION_WORKERS];
	struct err e = { "" };

	r->sink = (struct value_sink){ .put = keep, .flag = flag };
	r->ctx.env = &r->env;
	r->ctx.workers = r->env.workers = r->workers;
	r->nr_values = r->nr_flags = 0;
	if (c->open(&r->ctx, &e))
		fail_msg("open: %s", e.text);
	pthread_barrier_init(&r->gate, NULL, r->workers + 1);
	for (unsigned i = 0; i < r->workers; i++) {
		hand[i] = (struct hand){ .r = r, .id = i };
		assert_int_equal(pthread_create(&thread[i], NULL, hand_main, &hand[i]), 0);
	}
	pthread_barrier_wait(&r->gate);
	pthread_barrier_wait(&r->gate);
	if (c->start)
		c->start(&r->ctx);
	pthread_barrier_wait(&r->gate);
	pthread_barrier_wait(&r->gate);
	if (c->stop)
		c->stop(&r->ctx);
	pthread_barrier_wait(&r->gate);
	for (unsigned i = 0; i < r->workers; i++) {
		pthread_join(thread[i], NULL);
		assert_int_equal(hand[i].error, 0);
	}
	pthread_barrier_destroy(&r->gate);
	c->emit(&r->ctx, &r->sink);
	c->close(&r->ctx);
	assert_null(r->ctx.priv);
}

const struct value *region_find(const struct region *r, const char *metric)
{
	for (unsigned i = 0; i < r->nr_values; i++)
		if (r->value[i].v.worker == -1 && !strcmp(r->value[i].metric, metric))
			return &r->value[i].v;
	return NULL;
}

double region_get(const struct region *r, const char *metric)
{
	const struct value *v = region_find(r, metric);

	if (!v)
		fail_msg("no %s", metric);
	if (v->state == VALUE_UNAVAILABLE)
		fail_msg("%s: %s", metric, v->note);
	return v->value;
}
