/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/run_tables.h"

#include <string.h>

#include "cli/job.h"
#include "cli/trial.h"

#define WORKLOAD "Workload"

static unsigned add(struct run_tables *t, unsigned n, const char *kind, const char *name,
		    const struct opt *rows, int one_of)
{
	if (!rows || n >= RUN_TABLES_MOST - 1)
		return n;
	snprintf(t->title[n], sizeof(t->title[n]), "%s %s", kind, name);
	t->table[n] = (struct cli_table){ .table = rows, .title = t->title[n], .one_of = one_of };
	return n + 1;
}

void run_tables_init(struct run_tables *t)
{
	unsigned n = 0;

	memset(t, 0, sizeof(*t));
	t->table[n++] = (struct cli_table){ .table = run_opts_table, .title = "The run" };
	t->table[n++] = (struct cli_table){ .table = trial_opts_table, .title = "Trials" };
	for (unsigned i = 0; workloads[i]; i++)
		n = add(t, n, WORKLOAD, workloads[i]->name, workloads[i]->opts, 1);
	for (unsigned i = 0; collectors[i]; i++)
		n = add(t, n, "Collector", collectors[i]->name, collectors[i]->opts, 0);
	t->table[n] =
		(struct cli_table){ .table = slab_config_opts, .title = "Toggles of the cache" };
}

/* Is @name one of the comma list @list? */
static int is_named(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = list; (p = strstr(p, name)); p += n)
		if ((p == list || p[-1] == ',') && (!p[n] || p[n] == ','))
			return 1;
	return 0;
}

void run_tables_choose(struct run_tables *t, int argc, char **argv)
{
	const char *list = opt_find(trial_opts_table, "workload")->def;
	const size_t before = strlen(WORKLOAD " ");

	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (!strncmp(argv[i], "--workload=", 11))
			list = argv[i] + 11;
		else if (!strcmp(argv[i], "--workload") && i + 1 < argc)
			list = argv[i + 1];
	for (unsigned i = 0; t->table[i].table; i++)
		if (t->table[i].one_of && !is_named(list, t->title[i] + before))
			t->table[i].one_of = CLI_UNLISTED;
}
