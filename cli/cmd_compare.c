/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slabscope compare: a config against another, with a verdict. */

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/commands.h"
#include "cli/compare.h"
#include "cli/options.h"
#include "lib/escape.h"

enum plain_id {
	P_METRIC,
	P_BASELINE,
	P_DELTA,
	P_CONFIDENCE,
	P_FAIL_ON,
	P_REQUIRE,
	P_EXPLAIN,
	P_FORCE,
	P_JSON,
	P_MARKDOWN
};

static int add_metric(struct compare_request *q, const char *name, struct err *e)
{
	unsigned i;

	for (i = 0; i < q->nr_metrics; i++)
		if (!strcmp(q->metric[i], name))
			return 0;
	if (q->nr_metrics == COMPARE_MOST_METRICS)
		return err_set(e, -E2BIG, "--metric: more than %d", COMPARE_MOST_METRICS);
	q->metric[q->nr_metrics++] = name;
	return 0;
}

static int add_gate(struct compare_request *q, const char *text, struct err *e)
{
	int rc;

	if (q->nr_gates == COMPARE_MOST_GATES)
		return err_set(e, -E2BIG, "--fail-on: more than %d", COMPARE_MOST_GATES);
	rc = gate_parse(&q->gate[q->nr_gates++], text, e);
	return rc ? err_prefix(e, rc, "--fail-on") : 0;
}

static int take_percent(const char *option, const char *text, double lo, double hi, double *out,
			struct err *e)
{
	int rc = percent_parse(text, lo, hi, out, e);

	return rc ? err_prefix(e, rc, "--%s", option) : 0;
}

static int take_plain(void *arg, const struct cli_plain *p, const char *text, struct err *e)
{
	struct compare_request *q = arg;

	switch (p->id) {
	case P_METRIC:
		return add_metric(q, text, e);
	case P_BASELINE:
		return q->baseline = text, 0;
	case P_DELTA:
		return take_percent(p->name, text, 0, 100, &q->delta, e);
	case P_CONFIDENCE:
		return take_percent(p->name, text, 50, 99.9999, &q->confidence, e);
	case P_FAIL_ON:
		return add_gate(q, text, e);
	case P_REQUIRE:
		return q->require_verdict = 1, 0;
	case P_EXPLAIN:
		return q->explain = 1, 0;
	case P_FORCE:
		return q->force = 1, 0;
	case P_JSON:
		return q->json = 1, 0;
	default:
		return q->markdown = 1, 0;
	}
}

static const struct cli_plain options[] = {
	{ "metric", 'm', "NAME",
	  "metric to compare; may be given several times; time.ns_per_op if none is", P_METRIC },
	{ "baseline", 'b', "AXIS=VALUE,...",
	  "of one run: every other config against the one with these values and otherwise the same",
	  P_BASELINE },
	{ "delta", 'd', "PCT", "a difference within this does not matter: equivalent (default 1%)",
	  P_DELTA },
	{ "confidence", 0, "PCT", "of all comparisons together (default 95%)", P_CONFIDENCE },
	{ "fail-on", 0, "RULE",
	  "exit 3 where a comparison is slower[:PCT], faster[:PCT], more[:PCT], less[:PCT], invalid, "
	  "inconclusive, METRIC>PCT or METRIC<PCT, with its whole interval; may be given several times",
	  P_FAIL_ON },
	{ "require-verdict", 0, NULL, "exit 4 where a comparison is inconclusive or invalid",
	  P_REQUIRE },
	{ "explain", 0, NULL,
	  "also which other metrics changed, and which move along per launch; of modelled misses whose they are",
	  P_EXPLAIN },
	{ "unlike-hosts", 0, NULL, "compare runs of different hosts all the same", P_FORCE },
	{ "json", 0, NULL, "everything, as JSON", P_JSON },
	{ "markdown", 0, NULL, "as Markdown", P_MARKDOWN },
	{ NULL, 0, NULL, NULL, 0 },
};

static const struct cli_spec spec = {
	.command = "slabscope compare",
	.usage = "RUN[:CONFIG] [RUN[:CONFIG]]... [OPTION]...",
	.about =
		"Is it faster, slower, equivalent, or can that not be told? RUN is a folder that slabscope run made.\n"
		"The second is compared with the first, and so is each that follows.\n"
		"CONFIG is a label (AXIS=VALUE,...), enough of it to be the only one, with EXPERIMENT/ in front if\n"
		"need be. One RUN alone: its two configs, or all against --baseline. Two runs without CONFIG:\n"
		"configs of the same name. Launches of one run are compared in pairs within their blocks; two runs\n"
		"were not interleaved, so drift between them looks like an effect: that is said, and a stricter\n"
		"rule holds. Exit status: 0; 3 with --fail-on; 4 with --require-verdict; 2 for unlike hosts.",
	.plain = options,
	.option = take_plain,
};

/* ---- operands ---- */

struct operand {
	char path[PATH_MAX];
	const char *config; /* NULL: none said */
};

static int is_folder(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

/* A folder, or a folder, a colon and the rest: a path may have colons of its own. */
static int split(const char *text, struct operand *o, struct err *e)
{
	const char *colon = text;

	o->config = NULL;
	if (snprintf(o->path, sizeof(o->path), "%s", text) >= (int)sizeof(o->path))
		return err_set(e, -ENAMETOOLONG, "%.60s...: name too long", text);
	if (is_folder(o->path))
		return 0;
	while ((colon = strchr(colon, ':'))) {
		snprintf(o->path, sizeof(o->path), "%.*s", (int)(colon - text), text);
		o->config = ++colon;
		if (is_folder(o->path))
			return 0;
	}
	/* the message is about the part before the first colon */
	snprintf(o->path, sizeof(o->path), "%.*s", (int)strcspn(text, ":"), text);
	return err_set(e, -ENOENT, "%s: no run is there", o->path);
}

static int same_folder(const char *a, const char *b)
{
	struct stat s, t;

	return !stat(a, &s) && !stat(b, &t) && s.st_dev == t.st_dev && s.st_ino == t.st_ino;
}

/* ---- the command ---- */

static int add_two(struct compare *c, const struct compare_request *q, const struct operand *o,
		   struct err *e)
{
	const char *of_base = o[0].config, *of_mine = o[1].config;
	int a, b;

	/* said of one of two runs only: the same of the other */
	if (c->base != c->mine) {
		of_base = of_base ? of_base : of_mine;
		of_mine = of_mine ? of_mine : of_base;
	}
	if (!of_base && !of_mine && c->base != c->mine)
		return compare_add_runs(c, q, e);
	if (!of_base || !of_mine)
		return err_set(e, -EINVAL, "%s twice: say which configs (RUN:CONFIG)", o[0].path);
	b = results_config(c->base, of_base, e);
	a = b < 0 ? b : results_config(c->mine, of_mine, e);
	if (a < 0)
		return a;
	if (c->base == c->mine && a == b)
		return err_set(e, -EINVAL, "%s: '%s' and '%s' are the same config", o[0].path,
			       of_base, of_mine);
	return compare_add(c, q, (unsigned)a, (unsigned)b, e);
}

/* 0, or -errno. */
static int choose(struct compare *c, const struct compare_request *q, const struct operand *o,
		  unsigned nr, struct err *e)
{
	const struct env_diff *d;
	int rc;

	if (nr == 2 && q->baseline)
		return err_set(e, -EINVAL, "--baseline is for one run");
	if (nr == 1 && o->config)
		return err_set(e, -EINVAL, "'%s' against what? Name a second RUN[:CONFIG]",
			       o->config);
	rc = nr == 1 ? compare_add_run(c, q, e) : add_two(c, q, o, e);
	if (rc || c->base == c->mine)
		return rc;
	rc = compare_environment(c, e);
	d = compare_unlike(c);
	if (!rc && d && !q->force)
		rc = err_set(
			e, -EINVAL,
			"unlike hosts: %s: '%s' and '%s'; --unlike-hosts compares them all the same",
			d->name, d->base, d->mine);
	return rc;
}

/* 0, or the exit status that was asked for. */
static int status_of(const struct compare *c, unsigned nr, const struct compare_request *q)
{
	unsigned g, i, k, all = 0, without = 0;

	for (k = 0; k < nr; k++) {
		for (g = 0; g < q->nr_gates; g++)
			for (i = 0; i < c[k].nr; i++)
				if (gate_fails(&q->gate[g], &c[k].item[i])) {
					fprintf(stderr, "slabscope compare: --fail-on %s\n",
						q->gate[g].text);
					return EXIT_REGRESSION;
				}
		without += compare_count(&c[k], WORD_INCONCLUSIVE) +
			   compare_count(&c[k], WORD_INVALID);
		all += c[k].nr;
	}
	if (!q->require_verdict || !without)
		return 0;
	fprintf(stderr, "slabscope compare: --require-verdict: %u of %u without one\n", without,
		all);
	return EXIT_NO_VERDICT;
}

/* Of several: one array of JSON, or one after the other. */
/* Which two of several runs. */
static void heading(const struct compare *c, const struct compare_request *q, int gap)
{
	void (*put)(FILE * f, const char *s, size_t most) = q->markdown ? escape_markdown :
									  escape_terminal;

	printf("%s%s", gap ? "\n" : "", q->markdown ? "## " : "");
	put(stdout, c->mine->path, 0);
	fputs(" against ", stdout);
	put(stdout, c->base->path, 0);
	fputs("\n\n", stdout);
}

static int print_all(const struct compare *c, unsigned nr, const struct compare_request *q)
{
	unsigned i;
	int rc = 0;

	for (i = 0; i < nr && !rc; i++) {
		if (q->json) {
			fputs(nr > 1 ? i ? ",\n" : "[\n" : "", stdout);
			rc = compare_json(&c[i], q, stdout);
			continue;
		}
		if (nr > 1)
			heading(&c[i], q, i > 0);
		compare_text(&c[i], q, stdout);
	}
	if (q->json && nr > 1 && !rc)
		puts("]");
	return rc;
}

static int show(struct compare *c, unsigned nr, const struct compare_request *q)
{
	unsigned i, all = 0;

	for (i = 0; i < nr; i++)
		all += compare_testable(&c[i]);
	for (i = 0; i < nr; i++) {
		c[i].beside = all - compare_testable(&c[i]);
		compare_judge(&c[i], q);
	}
	return print_all(c, nr, q) ? EXIT_FAILURE : status_of(c, nr, q);
}

/* The first run of @run[nr] against itself or each of the others; the same folder twice is read once. */
static int with_runs(struct compare_request *q, const struct operand *o, unsigned nr,
		     const struct results *run)
{
	struct compare c[COMPARE_MOST_RUNS] = { { .base = NULL } };
	unsigned g, i, n = nr > 1 ? nr - 1 : 1;
	struct err e;
	int rc = 0, status;

	for (g = 0; g < q->nr_gates && !rc; g++)
		if (*q->gate[g].metric) {
			if (!q->nr_metrics)
				rc = add_metric(q, "time.ns_per_op", &e);
			rc = rc ? rc : add_metric(q, q->gate[g].metric, &e);
		}
	for (i = 0; i < n && !rc; i++) {
		const struct operand two[2] = { o[0], o[nr > 1 ? i + 1 : 0] };

		c[i].base = run;
		c[i].mine = nr > 1 && !same_folder(two[0].path, two[1].path) ? &run[i + 1] : run;
		rc = choose(&c[i], q, two, nr > 1 ? 2 : 1, &e);
	}
	if (rc)
		status = rc == -ENOMEM ? cli_failure(&spec, &e) : cli_usage_error(&spec, &e);
	else
		status = show(c, n, q);
	for (i = 0; i < n; i++)
		compare_release(&c[i]);
	return status;
}

int cmd_compare(int argc, char **argv)
{
	struct compare_request q = { .delta = JUDGE_DELTA, .confidence = RESULTS_CONFIDENCE };
	struct operand *o = calloc(COMPARE_MOST_RUNS, sizeof(*o));
	struct results *run = calloc(COMPARE_MOST_RUNS, sizeof(*run));
	struct err e;
	int n = cli_parse(&spec, argc, argv, &q, &e), rc = 0, status;
	unsigned i, nr = 0;

	if (n >= 0 && (argc - n < 1 || argc - n > COMPARE_MOST_RUNS))
		n = err_set(&e, -EINVAL, "expected 1 to %d of RUN[:CONFIG], got %d",
			    COMPARE_MOST_RUNS, argc - n);
	if (n >= 0 && q.json && q.markdown)
		n = err_set(&e, -EINVAL, "--json and --markdown: one of them");
	if (!o || !run)
		rc = err_set(&e, -ENOMEM, "out of memory");
	for (; n >= 0 && n < argc && !rc; n++) {
		rc = split(argv[n], &o[nr], &e);
		if (!rc && !(nr && same_folder(o[0].path, o[nr].path)))
			rc = results_read(&run[nr], o[nr].path, &e);
		nr++;
	}
	if (n < 0)
		status = n == CLI_HELP ? 0 : cli_usage_error(&spec, &e);
	else if (rc)
		status = rc == -EINVAL ? cli_usage_error(&spec, &e) : cli_failure(&spec, &e);
	else
		status = with_runs(&q, o, nr, run);
	for (i = 0; i < nr; i++)
		results_release(&run[i]);
	free(run);
	free(o);
	return status;
}
