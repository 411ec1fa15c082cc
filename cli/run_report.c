/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/run_report.h"

#include <math.h>

#include "cli/progress.h"

#define WHO "slabscope run: "
#define SHOWN_CONFIGS 5

int run_exit_status(const struct run_result *r)
{
	if (r->end == RUN_SIGNAL)
		return 128 + r->signal;
	return r->count.trials && !r->count.status[LAUNCH_OK] ? 1 : 0;
}

static void of_trials(FILE *f, unsigned n, unsigned all, const char *one, const char *many)
{
	fprintf(f, WHO "%u of %u trial%s %s", n, all, all == 1 ? "" : "s", n == 1 ? one : many);
}

static void report_repeats(FILE *f, const struct run_counts *n)
{
	unsigned aside = n->status[LAUNCH_DISTURBED];
	unsigned disturbed = n->repeated > aside ? n->repeated : aside;

	if (!n->repeated && !aside)
		return;
	of_trials(f, disturbed, n->trials, "was disturbed", "were disturbed");
	if (n->repeated)
		fputs(" and repeated", f);
	if (aside)
		fprintf(f, "; %u stay%s set aside (%s)", aside, aside == 1 ? "s" : "", n->aside);
	fputc('\n', f);
}

static void report_states(FILE *f, const struct run_counts *n)
{
	unsigned i, bad = n->trials - n->status[LAUNCH_OK] - n->status[LAUNCH_DISTURBED], first = 1;

	if (bad) {
		of_trials(f, bad, n->trials, "is not ok:", "are not ok:");
		for (i = LAUNCH_FAILED; i < LAUNCH_STATES; i++) {
			if (i == LAUNCH_DISTURBED || !n->status[i])
				continue;
			fprintf(f, "%s %u %s", first ? "" : ",", n->status[i],
				launch_status_names[i]);
			first = 0;
		}
		fputc('\n', f);
	}
	report_repeats(f, n);
}

static void report_configs(FILE *f, const struct plan *p, const struct run_result *r)
{
	unsigned c, shown = 0;

	for (c = 0; c < r->nr_empty && shown < SHOWN_CONFIGS; c++, shown++)
		fprintf(f, WHO "%s %s has no valid trial: %s: %s\n",
			p->exp[p->config[r->empty[c].config].exp].name,
			p->config[r->empty[c].config].label,
			launch_status_names[r->empty[c].status], r->empty[c].note);
	if (r->nr_empty > shown)
		fprintf(f, WHO "%u more configs have no valid trial\n", r->nr_empty - shown);
}

static void report_precision(FILE *f, const struct plan *p, const struct precision *x)
{
	unsigned i, shown = 0;

	if (!x->launches) {
		fprintf(f, WHO "precision not reached: the first look is after %u launches\n",
			x->look[0]);
		return;
	}
	if (precision_reached(x)) {
		fprintf(f,
			WHO
			"precision reached: %u of %u comparisons within %g %% after %u launches\n",
			x->within, x->nr, x->asked * 100, x->launches);
		return;
	}
	fprintf(f,
		WHO
		"precision not reached: %u of %u comparisons within %g %% after %u launches; not:",
		x->within, x->nr, x->asked * 100, x->launches);
	for (i = 0; i < x->nr; i++) {
		const struct precision_item *it = &x->item[i];

		if (it->half_width <= x->asked || shown++ >= SHOWN_CONFIGS)
			continue;
		fprintf(f, "%s %s %s (", shown > 1 ? "," : "",
			p->exp[p->config[it->config].exp].name, p->config[it->config].label);
		if (isnan(it->half_width))
			fputs("too few launches)", f);
		else
			fprintf(f, "%.2g %%)", it->half_width * 100);
	}
	if (shown > SHOWN_CONFIGS)
		fprintf(f, " and %u more", shown - SHOWN_CONFIGS);
	fputc('\n', f);
}

void run_report(FILE *f, const struct plan *p, const struct run_result *r, const char *path)
{
	char t[40];

	report_states(f, &r->count);
	report_configs(f, p, r);
	if (r->end == RUN_BUDGET)
		fprintf(f, WHO "%u of %u launches done, the next would not end within %s\n",
			r->blocks, p->blocks, progress_duration(r->budget_s, t, sizeof(t)));
	if (r->end == RUN_SIGNAL)
		fprintf(f, WHO "interrupted with %u of %u trials done\n", r->count.trials,
			r->planned);
	if (r->precision.nr_looks && r->end != RUN_SIGNAL)
		report_precision(f, p, &r->precision);
	if (r->end == RUN_BUDGET || r->end == RUN_SIGNAL)
		fprintf(f, "go on with: slabscope run --resume %s\n", path);
}

/* ---- the same for programs ---- */

static json_t *precision_json(const struct plan *p, const struct precision *x)
{
	json_t *list = json_array();
	unsigned i;

	for (i = 0; i < x->nr; i++) {
		const struct precision_item *it = &x->item[i];

		json_array_append_new(
			list,
			json_pack("{s:i, s:i, s:s, s:s, s:o}", "config", (int)it->config, "base",
				  (int)it->base, "experiment",
				  p->exp[p->config[it->config].exp].name, "label",
				  p->config[it->config].label, "half_width",
				  isnan(it->half_width) ? json_null() : json_real(it->half_width)));
	}
	return json_pack("{s:f, s:f, s:s, s:i, s:b, s:o}", "asked", x->asked, "confidence",
			 x->confidence, "metric", PRECISION_METRIC, "launches", (int)x->launches,
			 "reached", precision_reached(x), "comparisons", list);
}

json_t *run_report_json(const struct plan *p, const struct run_result *r)
{
	json_t *trials = json_object(), *o;
	unsigned i;

	for (i = 0; i < LAUNCH_STATES; i++)
		json_object_set_new(trials, launch_status_names[i],
				    json_integer(r->count.status[i]));
	o = json_pack("{s:s, s:i, s:i, s:i, s:o}", "end", run_end_names[r->end], "launches",
		      (int)r->blocks, "attempts", (int)r->count.attempts, "repeated",
		      (int)r->count.repeated, "trials", trials);
	if (o && r->precision.nr_looks)
		json_object_set_new(o, "precision", precision_json(p, &r->precision));
	return o;
}
