/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One run like any other (cli/runner.h), of the candidates that are left. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/runner.h"
#include "cli/tune_host.h"

/*
 * How long a launch measures, and how often one that was disturbed is repeated. Many short launches rather than few
 * long ones; and where most of them are disturbed all the same, shorter ones yet: on a computer with more work than
 * CPUs a region of 2 ms is either left alone or shows clearly that it was not.
 */
const struct tune_pace tune_paces[] = { { "20", "2" }, { "5", "6" }, { "2", "12" }, { NULL, NULL } };

const char *tune_contest_given(const struct tune_contest *c, const char *name)
{
	const struct job_section *s = &c->t->q->given;

	for (unsigned i = s->nr; i--;)
		if (!strcmp(s->set[i].name, name))
			return s->set[i].text;
	return NULL;
}

static int set_number(struct job_section *s, const char *name, uint64_t v, struct err *e)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, v);
	return job_set(s, name, text, "tune", e);
}

static int set_variants(const struct tune_contest *c, struct job_section *s, struct err *e)
{
	char *text = NULL, setting[512];
	size_t len;
	FILE *f = open_memstream(&text, &len);
	int rc;

	if (!f)
		return err_set(e, -ENOMEM, "out of memory");
	fputs("stands:", f);
	for (unsigned i = 0; i < c->n; i++)
		fprintf(f, " | p%u: %s", c->point[i],
			tune_point_text(&c->t->space, c->point[i], " ", setting, sizeof(setting)));
	rc = fclose(f) ? err_set(e, -ENOMEM, "out of memory") :
			 job_set(s, "variant", text, "tune", e);
	free(text);
	return rc;
}

static int make_job(const struct tune_contest *c, unsigned launches, struct job *j, struct err *e)
{
	const struct job_section *given = &c->t->q->given;
	int rc = job_section(j, "tune", e);

	if (!rc)
		rc = job_set(&j->exp[0], "duration_ms", tune_paces[c->pace].ms, "tune", e);
	if (!rc)
		rc = job_set(&j->global, "repeats", tune_paces[c->pace].repeats, "tune", e);
	for (unsigned i = 0; i < given->nr && !rc; i++) {
		const struct job_setting *s = &given->set[i];

		rc = job_set(opt_find(run_opts_table, s->name) ? &j->global : &j->exp[0], s->name,
			     s->text, s->where, e);
	}
	if (!rc)
		rc = set_number(&j->global, "launches", launches, e);
	if (!rc)
		rc = set_number(&j->global, "seed", c->seed + c->round, e);
	return rc ? rc : set_variants(c, &j->exp[0], e);
}

static int run(struct tune_contest *c, const struct plan *p, const struct job *j,
	       const char *folder, struct err *e)
{
	const struct run_request how = { .quiet = c->t->q->verbose ? 0 : 2,
					 .verbose = c->t->q->verbose };
	struct launcher *l = c->t->launcher;
	struct run_result r;
	struct rundir d;
	int rc = rundir_create(&d, folder, 0, e), again;

	if (rc)
		return rc;
	rc = rundir_describe(&d, p, j, 0, NULL, e);
	if (!rc) {
		launcher_release(l); /* the runner has one of its own */
		rc = run_trials(p, &d, &how, &r, e);
		if (!rc && r.end == RUN_SIGNAL)
			rc = err_set(e, -EINTR, "interrupted");
		run_result_release(&r);
		again = launcher_init(l, rc ? NULL : e);
		rc = rc ? rc : again;
	}
	rundir_close(&d);
	return rc;
}

int tune_contest_run(struct tune_contest *c, unsigned launches, const char *name, struct results *r,
		     struct err *e)
{
	char folder[PATH_MAX + 64];
	struct job j = { 0 };
	struct plan p;
	int rc = make_job(c, launches, &j, e);

	if (!rc)
		rc = plan_make(&p, &j, e);
	if (rc) {
		job_release(&j);
		return rc;
	}
	snprintf(folder, sizeof(folder), "%s/%s%s%s", c->folder, name, c->pace ? "-ms-" : "",
		 c->pace ? tune_paces[c->pace].ms : "");
	snprintf(c->last, sizeof(c->last), "%.*s", (int)sizeof(c->last) - 1, folder);
	rc = run(c, &p, &j, folder, e);
	if (!rc)
		rc = results_read(r, folder, e);
	plan_release(&p);
	job_release(&j);
	return rc;
}
