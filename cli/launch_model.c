/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/launch_model.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/plan.h"
#include "cli/trial_model.h"

int model_program(char path[PATH_MAX], struct err *e)
{
	static const char *const places[] = { "", "../libexec/slabscope/" };
	char exe[PATH_MAX], *dir;
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	unsigned i;

	if (n < 0)
		return err_set(e, -errno, "/proc/self/exe: %s", strerror(errno));
	exe[n] = '\0';
	dir = dirname(exe);
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (snprintf(path, PATH_MAX, "%s/%s" MODEL_PROGRAM, dir, places[i]) < PATH_MAX &&
		    !access(path, X_OK))
			return 0;
	return err_set(e, -ENOENT,
		       "collect: model needs the program " MODEL_PROGRAM
		       ", and it is neither in %s nor in %s/../libexec/slabscope; `make` builds it",
		       dir, dir);
}

/* ---- one trial of two ---- */

/* The value of `effective NAME` in @out, up to @len; NULL: it is not there. */
static const char *effective(const char *out, const char *name, size_t n, size_t *len)
{
	static const char word[] = "effective ";
	const char *p = out;

	while (p && *p) {
		const char *at = p + sizeof(word) - 1;

		if (!strncmp(p, word, sizeof(word) - 1) && !strncmp(at, name, n) &&
		    (at[n] == ' ' || at[n] == '\n')) {
			*len = strcspn(at + n, "\n");
			return at + n;
		}
		p = strchr(p, '\n');
		p += p != NULL;
	}
	return NULL;
}

/* One line of the modelled part, as the trial says it. */
static void put_line(FILE *f, const char *line, size_t len, const char *native)
{
	static const char word[] = "effective ";
	const char *name = line + sizeof(word) - 1, *was;
	size_t n, was_len;

	if (strncmp(line, word, sizeof(word) - 1)) {
		fprintf(f, "%.*s\n", (int)len, line);
		return;
	}
	n = strcspn(name, " \n");
	was = effective(native, name, n, &was_len);
	if (!was)
		fprintf(f, "%.*s\n", (int)len, line);
	else if (was_len != len - n - (sizeof(word) - 1) || strncmp(was, name + n, was_len))
		fprintf(f, "%smodel.%.*s\n", word, (int)(len - (sizeof(word) - 1)), name);
}

/* Whole lines of @from but for the word that all was said, which the end of both says. */
static void put_lines(FILE *f, const char *from, const char *native)
{
	const char *p = from, *nl;

	for (; p && (nl = strchr(p, '\n')); p = nl + 1) {
		size_t len = (size_t)(nl - p);

		if (len == 3 && !strncmp(p, "end", 3))
			continue;
		if (native)
			put_line(f, p, len, native);
		else
			fprintf(f, "%.*s\n", (int)len, p);
	}
}

static void worse(struct launch *r, const struct launch *model)
{
	if (model->status == LAUNCH_OK)
		return;
	r->status = model->status;
	r->code = model->code;
	snprintf(r->phase, sizeof(r->phase), "%s", model->phase);
	snprintf(r->note, sizeof(r->note), "model: %.*s", (int)sizeof(r->note) - 8, model->note);
	memcpy(r->said, model->said, sizeof(r->said));
	r->said_len = model->said_len;
}

int launch_merge(struct launch *native, const struct launch *model, struct err *e)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	int bad;

	if (!f)
		return err_set(e, -ENOMEM, "out of memory");
	put_lines(f, native->out, NULL);
	put_lines(f, model->out, native->out ? native->out : "");
	if (model->status == LAUNCH_OK)
		fputs("end\n", f);
	bad = ferror(f);
	if (fclose(f) || bad) {
		free(text);
		return err_set(e, -ENOMEM, "out of memory");
	}
	free(native->out);
	native->out = text;
	native->out_len = len;
	native->seconds += model->seconds;
	worse(native, model);
	return 0;
}

/* ---- running ---- */

static int launch_part(struct launcher *l, const char *program, struct trial_spec *s,
		       const char *collect, struct launch *r, struct err *e)
{
	char *text;
	int rc;

	snprintf(s->run.collect, sizeof(s->run.collect), "%s", collect);
	text = plan_spec_text(s);
	if (!text)
		return err_set(e, -ENOMEM, "out of memory");
	rc = launch_program(l, program, text, r, e);
	free(text);
	return rc;
}

int launch_modelled(struct launcher *l, struct trial_spec *s, struct launch *r, struct err *e)
{
	char program[PATH_MAX], rest[OPT_STR_MAX];
	struct launch model;
	int rc = model_program(program, e);

	if (rc)
		return rc;
	trial_model_split(s->run.collect, rest);
	if (!*rest) {
		rc = launch_part(l, program, s, "model", r, e);
		if (!rc && r->status != LAUNCH_OK && r->status != LAUNCH_INTERRUPTED) {
			model = *r;
			worse(r, &model);
		}
		return rc;
	}
	rc = launch_part(l, NULL, s, rest, r, e);
	if (rc || r->status != LAUNCH_OK)
		return rc;
	rc = launch_part(l, program, s, "model", &model, e);
	if (rc) {
		launch_release(r);
		return rc;
	}
	rc = launch_merge(r, &model, e);
	launch_release(&model);
	if (rc)
		launch_release(r);
	return rc;
}
