/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slabscope events: what each quantity is here or elsewhere, and whether event files are right. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/events.h"
#include "cli/options.h"
#include "cli/suggest.h"
#include "collectors/perf/ev.h"

enum plain_id { P_PMU, P_ALL_PMUS, P_GROUPS, P_LINT, P_FILES, P_JSON };

static int take_plain(void *arg, const struct cli_plain *p, const char *text, struct err *e)
{
	struct events_request *q = arg;

	(void)e;
	switch (p->id) {
	case P_PMU:
		q->pmu = text;
		break;
	case P_ALL_PMUS:
		q->all_pmus = true;
		break;
	case P_GROUPS:
		q->groups = true;
		break;
	case P_LINT:
		q->lint = true;
		break;
	case P_FILES:
		q->files = text;
		break;
	default:
		q->json = true;
	}
	return 0;
}

static const struct cli_plain options[] = {
	{ "pmu", 'p', "NAME", "as on the CPU whose PMU is NAME; nothing is opened", P_PMU },
	{ "all-pmus", 0, NULL, "the PMUs that have rows, and how many", P_ALL_PMUS },
	{ "groups", 'g', NULL, "named lists of quantities, and what is computed of them",
	  P_GROUPS },
	{ "lint", 0, NULL, "check every event, term and unit of the shipped files and of FILE...",
	  P_LINT },
	{ "files", 'f', "PATH", "also event files of your own: files or folders, ':' between them",
	  P_FILES },
	{ "json", 0, NULL, "as JSON", P_JSON },
	{ NULL, 0, NULL, NULL, 0 },
};

static const struct cli_spec spec = {
	.command = "slabscope events",
	.usage = "[QUANTITY|GROUP|EXPRESSION]...  or  --lint [FILE]...",
	.about =
		"What each quantity is on this machine: the event, its code, where that comes from, and what to\n"
		"keep in mind; or why there is none. With names, all that is known of them.\n\n"
		"An expression is a sum of events: PMU::EVENT as libpfm4 has them, PMU/fields/ as sysfs has them,\n"
		"r and hexadecimal digits, perf::EVENT; with factors: '2*cpu/event=0x51,umask=1/ - r01d1'.\n\n"
		"Files of your own in $XDG_CONFIG_HOME/slabscope/events/ (~/.config without it) are read, too:\n"
		"*.csv has rows as the shipped files, *.ini and *.events have\n"
		"  [group NAME]    quantities = A, B      help = ...\n"
		"  [event NAME]    expression = ...       unit = lines    help = ...   pmu = skx clx\n"
		"  [derived NAME]  formula = A / (A + B)  unit = 1        group = ...  help = ...",
	.plain = options,
	.option = take_plain,
};

/* ---- names ---- */

static bool is_expression(const char *text)
{
	return strpbrk(text, ":/* ") || (*text == 'r' && text[1] >= '0' && text[1] <= '9');
}

/* "did you mean" among all quantities and groups. */
static int no_such(const struct ev_db *db, const char *name, struct err *e)
{
	unsigned nr = db->nr_quantities, i;
	const char **names = calloc(nr + db->nr_groups + 1, sizeof(*names));
	const char *near = NULL;

	for (i = 0; names && i < nr; i++)
		names[i] = db->quantity[i]->name;
	for (i = 0; names && i < db->nr_groups; i++)
		names[nr + i] = db->group[i]->name;
	if (names)
		near = suggest(name, names);
	free(names);
	return err_set(e, -EINVAL, "no quantity or group '%s'%s%s%s", name,
		       near ? "; did you mean '" : "", near ? near : "",
		       near ? "'?" : " ('slabscope events' lists them)");
}

static int check_pmu(const struct ev_db *db, const char *pmu, struct err *e)
{
	const char **names = calloc(db->nr_rows + 1, sizeof(*names));
	const char *near = NULL;
	bool found = false;

	if (!names)
		return err_set(e, -ENOMEM, "no memory");
	for (unsigned i = 0; i < db->nr_rows; i++) {
		names[i] = db->row[i].pmu;
		found |= strcmp(names[i], "*") && ev_row_is_for(&db->row[i], pmu);
	}
	if (!found)
		near = suggest(pmu, names);
	free(names);
	if (found)
		return 0;
	return err_set(e, -EINVAL, "--pmu: no rows for '%s'%s%s%s", pmu,
		       near ? "; did you mean '" : "", near ? near : "",
		       near ? "'?" : " ('slabscope events --all-pmus' lists them)");
}

static int check_names(const struct events *s, struct err *e)
{
	const struct events_request *q = s->request;
	int rc = 0;

	for (int i = 0; i < q->nr_names && !rc; i++)
		if (!is_expression(q->name[i]) && !ev_db_quantity(s->db, q->name[i]) &&
		    !ev_db_find_group(s->db, q->name[i]))
			rc = no_such(s->db, q->name[i], e);
	return rc;
}

static int check_request(const struct events_request *q, struct err *e)
{
	if (q->all_pmus + q->groups + q->lint > 1)
		return err_set(e, -EINVAL,
			       "--all-pmus, --groups and --lint: one of them at a time");
	if ((q->all_pmus || q->groups) && (q->nr_names || q->pmu))
		return err_set(e, -EINVAL, "--all-pmus and --groups take no names and no --pmu");
	if (q->lint && (q->pmu || q->files))
		return err_set(e, -EINVAL,
			       "--lint takes files as operands, no --pmu and no --files");
	return 0;
}

/* ---- the command ---- */

static int open_all(struct events *s, struct err *e)
{
	const struct events_request *q = s->request;
	struct hostfs fs;
	int rc;

	hostfs_init(&fs);
	rc = ev_db_open(&s->db, q->files, e);
	if (!rc && q->pmu)
		rc = check_pmu(s->db, q->pmu, e);
	if (!rc)
		rc = q->pmu ? ev_host_pretend(&s->host, q->pmu, EV_PFM_LIBRARY, e) :
			      ev_host_open(&s->host, &fs, e);
	perf_place_read(&s->place, &fs);
	/* a machine that is only described opens nothing */
	s->tries = !q->pmu && !*fs.root;
	return rc;
}

/* A quantity, each one of a group, or an expression. */
static int show_name(const struct events *s, const char *name)
{
	const struct ev_quantity *q = ev_db_quantity(s->db, name);
	const struct ev_group *g = q ? NULL : ev_db_find_group(s->db, name);
	int status = 0;

	if (q)
		return events_quantity(s, q);
	if (!g)
		return events_expression(s, name);
	for (unsigned i = 0; i < g->nr && !status; i++) {
		if (i && !s->request->json)
			putchar('\n');
		q = ev_db_quantity(s->db, g->quantity[i]);
		if (q)
			status = events_quantity(s, q);
	}
	return status;
}

static int show(const struct events *s)
{
	const struct events_request *q = s->request;
	int status = 0;

	if (q->all_pmus)
		return events_pmus(s);
	if (q->groups)
		return events_groups(s);
	if (!q->nr_names)
		return events_table(s);
	for (int i = 0; i < q->nr_names && !status; i++) {
		if (i && !q->json)
			putchar('\n');
		status = show_name(s, q->name[i]);
	}
	return status;
}

int cmd_events(int argc, char **argv)
{
	struct events_request q = { .pmu = NULL };
	struct events s = { .request = &q };
	struct err e;
	int n = cli_parse(&spec, argc, argv, &q, &e), status;

	if (n == CLI_HELP)
		return 0;
	if (n >= 0) {
		q.name = argv + n;
		q.nr_names = argc - n;
		n = check_request(&q, &e);
	}
	if (n < 0)
		return cli_usage_error(&spec, &e);
	/* these are of other CPUs, whose events libpfm4 encodes only if told so before it is loaded */
	if (q.pmu || q.all_pmus || q.lint)
		setenv("LIBPFM_ENCODE_INACTIVE", "1", 0);
	if (q.lint)
		return events_lint(&q);
	n = open_all(&s, &e);
	if (!n)
		n = check_names(&s, &e);
	if (n)
		status = n == -EINVAL ? cli_usage_error(&spec, &e) : cli_failure(&spec, &e);
	else
		status = show(&s);
	ev_host_close(s.host);
	ev_db_close(s.db);
	return status;
}
