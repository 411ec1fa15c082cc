/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slabscope report: one document about a run, or about several. */

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/report.h"
#include "lib/file.h"

enum plain_id { P_METRIC, P_BASELINE, P_DELTA, P_CONFIDENCE, P_FORMAT, P_OUT, P_NO_PICTURES };

static int take_format(struct report_request *q, const char *text, struct err *e)
{
	unsigned i;

	for (i = 0; doc_formats[i]; i++)
		if (!strcmp(doc_formats[i], text))
			return q->format = (enum doc_format)i, 0;
	return err_set(e, -EINVAL, "--format: expected html, markdown or terminal, got '%.60s'",
		       text);
}

static int take_plain(void *arg, const struct cli_plain *p, const char *text, struct err *e)
{
	struct report_request *q = arg;
	int rc;

	switch (p->id) {
	case P_METRIC:
		if (q->ask.nr_metrics == COMPARE_MOST_METRICS)
			return err_set(e, -E2BIG, "--metric: more than %d", COMPARE_MOST_METRICS);
		return q->ask.metric[q->ask.nr_metrics++] = text, 0;
	case P_BASELINE:
		return q->ask.baseline = text, 0;
	case P_DELTA:
		rc = percent_parse(text, 0, 100, &q->ask.delta, e);
		return rc ? err_prefix(e, rc, "--delta") : 0;
	case P_CONFIDENCE:
		rc = percent_parse(text, 50, 99.9999, &q->ask.confidence, e);
		return rc ? err_prefix(e, rc, "--confidence") : 0;
	case P_FORMAT:
		return take_format(q, text, e);
	case P_OUT:
		return q->out = text, 0;
	default:
		return q->no_pictures = 1, 0;
	}
}

static const struct cli_plain options[] = {
	{ "metric", 'm', "NAME",
	  "what is compared; may be given several times, pictures are of the first [time.ns_per_op]",
	  P_METRIC },
	{ "baseline", 'b', "AXIS=VALUE,...",
	  "what configs are compared with [the first value of the first axis that is neither n nor cache]",
	  P_BASELINE },
	{ "delta", 'd', "PCT", "a difference within this does not matter: equivalent [1%]",
	  P_DELTA },
	{ "confidence", 0, "PCT", "of all comparisons of an experiment together [95%]",
	  P_CONFIDENCE },
	{ "format", 'f', "FORMAT", "html, markdown or terminal [html]", P_FORMAT },
	{ "out", 'o', "FILE",
	  "where to; - is standard output [RUN/report.html, RUN/report.md; terminal: standard output]",
	  P_OUT },
	{ "no-pictures", 0, NULL, "words and tables only", P_NO_PICTURES },
	{ NULL, 0, NULL, NULL, 0 },
};

static const struct cli_spec spec = {
	.command = "slabscope report",
	.usage = "RUN [RUN]... [OPTION]...",
	.about =
		"Tells RUN, a folder that slabscope run made: verdicts with effect, interval and reason; the numbers of\n"
		"both sides; what explains them; pictures; method, noise floor, what was in the way; environment; how\n"
		"to do it again; raw data; what the words mean. One HTML file that needs nothing else, or Markdown, or\n"
		"text. With several runs every other is also compared with the first, and what differs between them is\n"
		"named. Pictures, their data and gnuplot files go to each run's plots/; without gnuplot there are\n"
		"tables. Prints the file's path.",
	.plain = options,
	.option = take_plain,
};

/* ---- where it goes ---- */

/* The file, or "" for standard output; and the folder that links start from. */
static int choose_out(const struct report_request *q, const struct results *last,
		      char out[PATH_MAX], char folder[PATH_MAX], struct err *e)
{
	char copy[PATH_MAX];
	int n;

	*out = *folder = '\0';
	if (q->out ? !strcmp(q->out, "-") : q->format == DOC_TERMINAL)
		return 0;
	if (q->out)
		n = snprintf(out, PATH_MAX, "%s", q->out);
	else
		n = snprintf(out, PATH_MAX, "%s/report.%s", last->path,
			     q->format == DOC_HTML ? "html" : "md");
	if (n >= PATH_MAX)
		return err_set(e, -ENAMETOOLONG, "%.60s...: name too long", out);
	memcpy(copy, out, sizeof(copy));
	snprintf(folder, PATH_MAX, "%s", dirname(copy));
	return 0;
}

static int write_to(struct report *r, const char *out, struct err *e)
{
	struct file_out f;
	int rc;

	if (!*out) {
		r->d.f = stdout;
		r->d.colour = r->q->format == DOC_TERMINAL && r->q->how.colour;
		r->d.width = r->q->how.columns;
		report_write(r);
		return 0;
	}
	rc = file_begin(&f, out, e);
	if (rc)
		return rc;
	r->d.f = f.stream;
	report_write(r);
	return file_commit(&f, e);
}

static int tell(const struct report_request *q, const struct results *run, unsigned nr)
{
	struct report r = { .q = q, .run = run, .nr = nr, .d = { .format = q->format } };
	char out[PATH_MAX];
	struct err e;
	int rc = choose_out(q, &run[nr - 1], out, r.folder, &e);

	rc = rc ? rc : report_choose(&r, &e);
	rc = rc ? rc : write_to(&r, out, &e);
	report_release(&r);
	if (rc)
		return cli_failure(&spec, &e);
	if (*out)
		puts(out);
	return 0;
}

int cmd_report(int argc, char **argv)
{
	struct report_request q = { .ask = { .delta = JUDGE_DELTA,
					     .confidence = RESULTS_CONFIDENCE } };
	struct results *run;
	struct err e;
	int n = cli_parse(&spec, argc, argv, &q, &e), rc = 0, status;
	unsigned i, nr = 0;

	if (n == CLI_HELP)
		return 0;
	if (n >= 0 && (argc - n < 1 || argc - n > REPORT_MOST_RUNS))
		n = err_set(&e, -EINVAL, "expected 1 to %d folders of runs, got %d",
			    REPORT_MOST_RUNS, argc - n);
	if (n < 0)
		return cli_usage_error(&spec, &e);
	run = calloc(REPORT_MOST_RUNS, sizeof(*run));
	if (!run)
		return EXIT_FAILURE;
	gnuplot_terminal(&q.how, STDOUT_FILENO);
	q.how.colour = q.how.colour && (!q.out || !strcmp(q.out, "-"));
	q.how.format = q.format == DOC_TERMINAL ? FORMAT_TERMINAL : FORMAT_SVG;
	for (; n < argc && !rc; n++)
		rc = results_read(&run[nr++], argv[n], &e);
	if (rc)
		status = rc == -EINVAL ? cli_usage_error(&spec, &e) : cli_failure(&spec, &e);
	else
		status = tell(&q, run, nr);
	for (i = 0; i < nr; i++)
		results_release(&run[i]);
	free(run);
	return status;
}
