/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lines that a trial writes, and how its parent reads them. The form is described in
 * cli/trial.h. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/trial.h"

static const char *const kind_names[] = { "value", "effective", "phase",    "error",
					  "end",   "invalid",	"disturbed" };

/* Cut the next word off *@rest; NULL when there is none. */
static char *word(char **rest)
{
	char *w = *rest;
	size_t len;

	if (!w || !*w)
		return NULL;
	len = strcspn(w, " ");
	*rest = w + len;
	if (**rest)
		*(*rest)++ = '\0';
	return len ? w : NULL;
}

static int parse_number(const char *text, double *out)
{
	char *end;

	*out = strtod(text, &end);
	return *text && !*end ? 0 : -EINVAL;
}

static int parse_state(const char *text)
{
	for (int i = 0; value_state_names[i]; i++)
		if (!strcmp(text, value_state_names[i]))
			return i;
	return -EINVAL;
}

static int parse_value(char *rest, struct value *v, struct err *e)
{
	char *field[7], *end;
	int state;

	for (int i = 0; i < 7; i++) {
		field[i] = word(&rest);
		if (!field[i])
			return err_set(e, -EINVAL, "value: expected 7 fields, got %d", i);
	}
	state = parse_state(field[3]);
	if (state < 0)
		return err_set(e, -EINVAL, "value %s: unknown state '%s'", field[0], field[3]);
	*v = (struct value){ .metric = field[0],
			     .unit = field[2],
			     .state = (enum value_state)state,
			     .source = field[5],
			     .note = rest && *rest ? rest : NULL };
	if (v->state != VALUE_UNAVAILABLE && parse_number(field[1], &v->value))
		return err_set(e, -EINVAL, "value %s: expected a number, got '%s'", field[0],
			       field[1]);
	if (parse_number(field[4], &v->share) || v->share < 0 || v->share > 1)
		return err_set(e, -EINVAL, "value %s: expected a share from 0 to 1, got '%s'",
			       field[0], field[4]);
	v->worker = (int)strtol(field[6], &end, 10);
	if (*end || v->worker < -1)
		return err_set(e, -EINVAL, "value %s: expected a worker or -1, got '%s'", field[0],
			       field[6]);
	return 0;
}

int trial_line_parse(char *line, struct trial_line *out, struct err *e)
{
	char *rest = line, *kind = word(&rest);

	memset(out, 0, sizeof(*out));
	if (kind && !strcmp(kind, kind_names[TRIAL_VALUE])) {
		out->kind = TRIAL_VALUE;
		return parse_value(rest, &out->value, e);
	}
	if (kind && !strcmp(kind, kind_names[TRIAL_EFFECTIVE])) {
		out->kind = TRIAL_EFFECTIVE;
		out->name = word(&rest);
		out->text = rest;
		return out->name ? 0 : err_set(e, -EINVAL, "effective: expected a name");
	}
	if (kind && !strcmp(kind, kind_names[TRIAL_PHASE])) {
		out->kind = TRIAL_PHASE;
		out->name = word(&rest);
		return out->name ? 0 : err_set(e, -EINVAL, "phase: expected a name");
	}
	if (kind && !strcmp(kind, kind_names[TRIAL_ERROR])) {
		out->kind = TRIAL_ERROR;
		out->text = rest;
		return 0;
	}
	for (int k = TRIAL_INVALID; kind && k <= TRIAL_DISTURBED; k++)
		if (!strcmp(kind, kind_names[k])) {
			out->kind = (enum trial_line_kind)k;
			out->text = rest;
			return 0;
		}
	if (kind && !strcmp(kind, kind_names[TRIAL_END]) && !*rest) {
		out->kind = TRIAL_END;
		return 0;
	}
	return err_set(
		e, -EINVAL,
		"expected value, effective, invalid, disturbed, phase, error or end, got '%.80s'",
		kind ? kind : "");
}

static int format_value(const struct value *v, char *buf, size_t len)
{
	char number[40] = "-";

	if (v->state != VALUE_UNAVAILABLE)
		snprintf(number, sizeof(number), "%.17g", v->value);
	return snprintf(buf, len, "value %s %s %s %s %.6g %s %d%s%s", v->metric, number, v->unit,
			value_state_names[v->state], v->state == VALUE_SCALED ? v->share : 1.0,
			v->source, v->worker, v->note ? " " : "", v->note ? v->note : "");
}

static int format_line(const struct trial_line *l, char *buf, size_t len)
{
	switch (l->kind) {
	case TRIAL_VALUE:
		return format_value(&l->value, buf, len);
	case TRIAL_EFFECTIVE:
		return snprintf(buf, len, "effective %s %s", l->name, l->text);
	case TRIAL_PHASE:
		return snprintf(buf, len, "phase %s", l->name);
	case TRIAL_ERROR:
	case TRIAL_INVALID:
	case TRIAL_DISTURBED:
		return snprintf(buf, len, "%s %s", kind_names[l->kind], l->text);
	case TRIAL_END:
		break;
	}
	return snprintf(buf, len, "end");
}

int trial_line_write(int fd, const struct trial_line *l)
{
	char buf[TRIAL_LINE_MAX];
	int n = format_line(l, buf, sizeof(buf) - 1);
	size_t len, done = 0;

	if (n < 0)
		return -EINVAL;
	len = (size_t)n < sizeof(buf) - 1 ? (size_t)n : sizeof(buf) - 2;
	for (size_t i = 0; i < len; i++)
		if (buf[i] == '\n')
			buf[i] = ' '; /* one item, one line, whatever a note holds */
	buf[len++] = '\n';
	while (done < len) { /* pipes take such lines whole; a file system that is full does not */
		ssize_t w = write(fd, buf + done, len - done);

		if (w < 0 && errno != EINTR)
			return -errno;
		done += w > 0 ? (size_t)w : 0;
	}
	return 0;
}
