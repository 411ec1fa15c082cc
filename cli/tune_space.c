/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/tune_space.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Candidates where nothing else is asked for, in the grammar of axes. What stands already is added in
 * front. A toggle that is not here costs or changes nothing that a trial could show by itself (debugging,
 * failure injection), or is another question (rules, alignment: the caller's contract).
 */
static const struct {
	const char *toggle, *values;
	bool nodes, workers; /* only where there are several */
} candidates[] = {
	{ "colour_slack", "none,object,order", false, false },
	{ "colour", "auto,0", false, false },
	{ "colour_off", "auto,128", false, false },
	{ "colour_seq", "sequential,odd", false, false },
	{ "order", "auto,0,1,2,3", false, false },
	{ "mgmt", "auto,on,off", false, false },
	{ "colour_header", "on,off", false, false },
	{ "stride_pad", "0,64", false, false },
	{ "limit", "auto,30,120,240", false, false },
	{ "shared", "auto,0", false, false },
	{ "placement", "local,interleave-page", true, false },
	{ "alien", "on,off", true, true },
};

/* Toggles whose whole effect is in the geometry; the others count by their text. */
static const char *const in_geometry[] = {
	"colour_slack", "colour",     "colour_off", "colour_seq",    "order",	   "break_order",
	"mgmt",		"index",      "stride_pad", "hwcache_align", "align",	   "reclaim",
	"limit",	"batchcount", "shared",	    "colour_header", "colour_run",
};

static bool all_in_geometry(const char *name)
{
	for (size_t i = 0; i < sizeof(in_geometry) / sizeof(*in_geometry); i++)
		if (!strcmp(name, in_geometry[i]))
			return true;
	return false;
}

/* ---- toggles ---- */

static int add_value(struct tune_toggle *t, const char *text, struct err *e)
{
	char *copy;

	for (unsigned i = 0; i < t->nr; i++)
		if (!strcmp(t->value[i], text))
			return 0;
	copy = strdup(text);
	if (!copy)
		return err_set(e, -ENOMEM, "out of memory");
	t->value[t->nr++] = copy;
	return 0;
}

static int add_toggle(struct tune_space *s, const struct slab_config *base, const char *name,
		      const char *list, struct err *e)
{
	struct tune_toggle *t = &s->toggle[s->nr_toggles];
	char text[OPT_STR_MAX + 32], **value;
	int n, rc;

	t->row = opt_find(slab_config_opts, name);
	if (!t->row)
		return err_set(e, -EINVAL, "vary: there is no toggle '%.60s'", name);
	for (unsigned i = 0; i < s->nr_toggles; i++)
		if (s->toggle[i].row == t->row)
			return err_set(e, -EINVAL, "vary: %s is given twice", t->row->name);
	if (s->nr_toggles == TUNE_TOGGLES_MOST)
		return err_set(e, -E2BIG, "vary: at most %u toggles", TUNE_TOGGLES_MOST);
	n = opt_list(t->row, list, TUNE_VALUES_MOST, &value, e);
	if (n < 0)
		return n;
	t->nr = 0;
	t->value = calloc((size_t)n + 1, sizeof(*t->value));
	s->nr_toggles++;
	opt_format(t->row, base, text, sizeof(text));
	rc = t->value ? add_value(t, text, e) : err_set(e, -ENOMEM, "out of memory");
	for (int i = 0; i < n && !rc; i++)
		rc = add_value(t, value[i], e);
	opt_list_free(value, n);
	return rc;
}

static int add_toggles(struct tune_space *s, const struct tune_space_in *in, struct err *e)
{
	int rc = 0;

	for (unsigned i = 0; i < in->nr_vary && !rc; i++) {
		const char *eq = strchr(in->vary[i], '=');
		char name[64];

		if (!eq || eq - in->vary[i] >= (ptrdiff_t)sizeof(name))
			return err_set(e, -EINVAL, "vary: expected TOGGLE=LIST, got '%.60s'",
				       in->vary[i]);
		snprintf(name, sizeof(name), "%.*s", (int)(eq - in->vary[i]), in->vary[i]);
		rc = add_toggle(s, in->base, name, eq + 1, e);
	}
	for (size_t i = 0; i < sizeof(candidates) / sizeof(*candidates) && !in->nr_vary && !rc; i++)
		if ((!candidates[i].nodes || in->nodes > 1) &&
		    (!candidates[i].workers || in->workers > 1))
			rc = add_toggle(s, in->base, candidates[i].toggle, candidates[i].values, e);
	s->settings = 1;
	for (unsigned t = 0; t < s->nr_toggles && !rc; t++) {
		if (s->settings > TUNE_SETTINGS_MOST / s->toggle[t].nr)
			return err_set(e, -E2BIG, "vary: more than %u settings",
				       TUNE_SETTINGS_MOST);
		s->settings *= s->toggle[t].nr;
	}
	return rc;
}

/* ---- settings to points ---- */

/* Setting number @i: the first toggle changes fastest. */
static void digits(const struct tune_space *s, unsigned i, uint8_t *at)
{
	for (unsigned t = 0; t < s->nr_toggles; t++) {
		at[t] = (uint8_t)(i % s->toggle[t].nr);
		i /= s->toggle[t].nr;
	}
}

static unsigned number(const struct tune_space *s, const uint8_t *at)
{
	unsigned i = 0;

	for (unsigned t = s->nr_toggles; t--;)
		i = i * s->toggle[t].nr + at[t];
	return i;
}

/* What a full slab costs per object: the slab, and what lies in a general cache. */
static double price(const struct slab_geometry *g, unsigned line)
{
	double bytes = (double)g->page_size * (1u << g->gfporder);

	if (g->off_slab)
		bytes += kmalloc_size_for(g->slab_size, line);
	return bytes / g->num;
}

/* All that tells two points apart, in one string of bytes. */
struct key {
	struct slab_geometry g;
	unsigned seq, run;
	uint8_t other[TUNE_TOGGLES_MOST];
};

static void key_of(const struct tune_space *s, const struct tune_point *p, struct key *k)
{
	memset(k, 0, sizeof(*k));
	memcpy(&k->g, &p->geometry, sizeof(k->g));
	k->g.slack_objects = k->g.slack_orders = 0; /* how it was come by */
	if (k->g.colour <= 1) {
		k->g.colour = k->g.colour_off = 0;
		k->g.colour_header = 0;
	} else {
		k->seq = p->config.colour_seq;
		k->run = k->seq == SEQ_RUNS ? p->config.colour_run : 0;
		if (k->g.off_slab || !k->g.header_bytes)
			k->g.colour_header = 0;
	}
	for (unsigned t = 0; t < s->nr_toggles; t++)
		if (!all_in_geometry(s->toggle[t].row->name))
			k->other[t] = p->at[t];
}

static uint64_t hash(const struct key *k)
{
	const unsigned char *p = (const unsigned char *)k;
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < sizeof(*k); i++)
		h = (h ^ p[i]) * UINT64_C(0x100000001b3);
	return h ^ h >> 29;
}

/* Which point has which key: open addressing. */
struct index {
	struct key *key; /* by point */
	unsigned *slot, mask, room;
};

static int make_room(struct tune_space *s, struct index *x, struct err *e)
{
	unsigned room = x->room ? x->room * 2 : 256;
	struct tune_point *p = realloc(s->point, room * sizeof(*p));
	struct key *k;

	if (p)
		s->point = p;
	k = realloc(x->key, room * sizeof(*k));
	if (k)
		x->key = k;
	if (!p || !k)
		return err_set(e, -ENOMEM, "no memory for %u settings", room);
	x->room = room;
	return 0;
}

/* The point like @p, new or known; *@out is its number. */
static int enter(struct tune_space *s, struct index *x, const struct tune_point *p, unsigned *out,
		 struct err *e)
{
	struct key k;
	unsigned at;

	key_of(s, p, &k);
	for (at = (unsigned)hash(&k) & x->mask; x->slot[at] != TUNE_NONE; at = (at + 1) & x->mask)
		/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): a slot that is taken has a key */
		if (!memcmp(&x->key[x->slot[at]], &k, sizeof(k))) {
			*out = x->slot[at];
			if (p->changes < s->point[*out].changes)
				s->point[*out] = *p;
			return 0;
		}
	if (s->nr_points == x->room && make_room(s, x, e))
		return -ENOMEM;
	x->slot[at] = *out = s->nr_points;
	x->key[*out] = k; /* NOLINT(clang-analyzer-core.NullDereference): make_room() */
	s->point[s->nr_points++] = *p;
	return 0;
}

/* 0; 1: there is no such setting. */
static int resolve(const struct tune_space *s, const struct tune_space_in *in, struct tune_point *p,
		   struct err *e)
{
	p->config = *in->base;
	p->changes = 0;
	for (unsigned t = 0; t < s->nr_toggles; t++) {
		p->changes += p->at[t] != 0;
		if (p->at[t] &&
		    opt_parse(s->toggle[t].row, &p->config, s->toggle[t].value[p->at[t]], e))
			return 1;
	}
	memset(&p->geometry, 0, sizeof(p->geometry));
	if (slab_config_validate(&p->config, in->nodes, e) ||
	    slab_geometry(&in->machine, &p->config, &p->geometry, e))
		return 1;
	p->bytes_per_object = price(&p->geometry, in->machine.cache_line);
	return 0;
}

static int fill(struct tune_space *s, struct index *x, const struct tune_space_in *in,
		struct err *e)
{
	struct tune_point p;
	int rc = 0;

	for (unsigned i = 0; i < s->settings && !rc; i++) {
		s->point_of[i] = TUNE_NONE;
		memset(&p, 0, sizeof(p));
		digits(s, i, p.at);
		if (resolve(s, in, &p, e)) {
			if (!i)
				return -EINVAL; /* what stands is not possible: @e says why */
			continue;
		}
		s->possible++;
		if (i && in->memory > 0 &&
		    p.bytes_per_object > s->point[0].bytes_per_object * in->memory * (1 + 1e-9)) {
			s->over++;
			continue;
		}
		rc = enter(s, x, &p, &s->point_of[i], e);
	}
	return rc;
}

int tune_space_make(struct tune_space *s, const struct tune_space_in *in, struct err *e)
{
	struct index x = { .mask = 1 };
	int rc;

	memset(s, 0, sizeof(*s));
	rc = add_toggles(s, in, e);
	while (!rc && x.mask < 2 * s->settings)
		x.mask *= 2;
	if (!rc) {
		x.slot = malloc(x.mask * sizeof(*x.slot));
		s->point_of = malloc(s->settings * sizeof(*s->point_of));
		if (!x.slot || !s->point_of)
			rc = err_set(e, -ENOMEM, "no memory for %u settings", s->settings);
		else
			memset(x.slot, 0xff, x.mask * sizeof(*x.slot));
		x.mask--;
	}
	if (!rc)
		rc = fill(s, &x, in, e);
	free(x.slot);
	free(x.key);
	if (rc)
		tune_space_release(s);
	return rc;
}

void tune_space_release(struct tune_space *s)
{
	for (unsigned t = 0; t < s->nr_toggles; t++) {
		for (unsigned v = 0; v < s->toggle[t].nr; v++)
			free(s->toggle[t].value[v]);
		free(s->toggle[t].value);
	}
	free(s->point);
	free(s->point_of);
	memset(s, 0, sizeof(*s));
}

unsigned tune_space_step(const struct tune_space *s, unsigned p, unsigned t, unsigned v)
{
	uint8_t at[TUNE_TOGGLES_MOST];

	memcpy(at, s->point[p].at, sizeof(at));
	at[t] = (uint8_t)v;
	return s->point_of[number(s, at)];
}

const char *tune_point_text(const struct tune_space *s, unsigned p, const char *sep, char *buf,
			    size_t len)
{
	size_t n = 0;

	buf[0] = '\0';
	for (unsigned t = 0; t < s->nr_toggles; t++) {
		unsigned v = s->point[p].at[t];

		if (v && n < len)
			n += (size_t)snprintf(buf + n, len - n, "%s%s=%s", n ? sep : "",
					      s->toggle[t].row->name, s->toggle[t].value[v]);
	}
	if (!n)
		snprintf(buf, len, "nothing changed");
	return buf;
}
