/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/trial.h"

static const char *const state_names[] = {
	[VALUE_EXACT] = "exact",
	[VALUE_SCALED] = "scaled",
	[VALUE_UNAVAILABLE] = "unavailable",
};

static void put_value(struct samples_buf *b, struct sample s, const struct value *v)
{
	s.metric = v->metric;
	s.value = v->state == VALUE_UNAVAILABLE ? NAN : v->value;
	s.unit = v->unit;
	s.state = state_names[v->state];
	s.share = v->share;
	s.source = v->source;
	s.worker = v->worker;
	s.note = v->note;
	samples_buf_row(b, &s);
}

/* A number as a number, a word as a text. */
static void put_effective(struct samples_buf *b, struct sample s, const char *name,
			  const char *text)
{
	char metric[128], *end;

	snprintf(metric, sizeof(metric), "effective.%s", name);
	s.metric = metric;
	s.source = "config";
	s.value = strtod(text, &end);
	s.state = "exact";
	if (end == text || *end || !isfinite(s.value)) {
		s.value = NAN;
		s.state = "text";
		s.note = text;
	}
	samples_buf_row(b, &s);
}

static void put_status(struct samples_buf *b, struct sample s, const struct launch *r)
{
	s.source = "runner";
	s.metric = "trial.seconds";
	s.value = r->seconds;
	s.unit = "s";
	s.state = "exact";
	samples_buf_row(b, &s);
	s.metric = SAMPLES_STATUS;
	s.value = r->status == LAUNCH_TIMEOUT ? NAN : r->code;
	s.unit = "1";
	s.state = launch_status_names[r->status];
	s.note = r->note;
	samples_buf_row(b, &s);
}

/* What flagged the trial, invalid apart from disturbed, each once. */
struct flags {
	char invalid[250], disturbed[250]; /* both fit into a launch's note */
};

static void add_reason(char *list, size_t room, const char *reason)
{
	size_t len = strlen(list), n;
	const char *have;

	if (!*reason)
		reason = "no reason";
	n = strlen(reason);
	/* the same one again, as a whole item of the list? */
	for (have = list; (have = strstr(have, reason)); have++)
		if ((have == list || have[-1] == ' ') && (!have[n] || have[n] == ';'))
			return;
	snprintf(list + len, room - len, "%s%s", len ? "; " : "", reason);
}

/* All lines; 0, or -errno at the first that is none. Values only with @values. */
static int put_lines(struct samples_buf *b, const struct sample *base, struct launch *r, int values,
		     struct flags *f, struct err *e)
{
	char *p = r->out, *end = r->out + r->out_len;

	while (p < end) {
		char *nl = memchr(p, '\n', end - p), *line = p;
		struct trial_line l;
		int rc;

		if (!nl)
			break; /* a crash in the middle of a word */
		*nl = '\0';
		p = nl + 1;
		rc = trial_line_parse(line, &l, e);
		if (rc)
			return rc;
		if (l.kind == TRIAL_VALUE && values)
			put_value(b, *base, &l.value);
		else if (l.kind == TRIAL_EFFECTIVE)
			put_effective(b, *base, l.name, l.text);
		else if (l.kind == TRIAL_INVALID)
			add_reason(f->invalid, sizeof(f->invalid), l.text);
		else if (l.kind == TRIAL_DISTURBED)
			add_reason(f->disturbed, sizeof(f->disturbed), l.text);
	}
	return 0;
}

/* A trial that ran to its end, but is not to be believed. */
static void judge(struct launch *r, const struct flags *f)
{
	if (!*f->invalid && !*f->disturbed)
		return;
	r->status = *f->invalid ? LAUNCH_INVALID : LAUNCH_DISTURBED;
	snprintf(r->note, sizeof(r->note), "%s%s%s", f->invalid,
		 *f->invalid && *f->disturbed ? "; " : "", f->disturbed);
}

void record_trial(struct samples_buf *b, const struct plan *p, unsigned block, unsigned config,
		  struct launch *r)
{
	char id[PLAN_ID_MAX];
	struct sample base = {
		.trial = id, .block = block, .config = config, .share = 1, .worker = -1
	};
	struct flags f = { "", "" };
	size_t before = b->len;
	struct err e;

	plan_trial_id(block, config, id);
	base.experiment = p->exp[p->config[config].exp].name;
	base.label = p->config[config].label;
	if (r->out && put_lines(b, &base, r, r->status == LAUNCH_OK, &f, &e)) {
		b->len = before;
		r->status = LAUNCH_FAILED;
		snprintf(r->note, sizeof(r->note), "it said what is not of the protocol: %.400s",
			 e.text);
	} else if (r->status == LAUNCH_OK) {
		judge(r, &f);
	}
	put_status(b, base, r);
}
