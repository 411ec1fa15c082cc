/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/run_tables.h"

#include <string.h>

#include "cli/job.h"
#include "cli/trial.h"

static unsigned add(struct run_tables *t, unsigned n, const char *kind, const char *name,
		    const struct opt *rows, int one_of)
{
	if (!rows || n >= RUN_TABLES_MOST - 1)
		return n;
	snprintf(t->title[n], sizeof(t->title[n]), "%s %s", kind, name);
	t->table[n] = (struct cli_table){ rows, NULL, t->title[n], one_of };
	return n + 1;
}

void run_tables_init(struct run_tables *t)
{
	unsigned n = 0;

	memset(t, 0, sizeof(*t));
	t->table[n++] = (struct cli_table){ run_opts_table, NULL, "The run", 0 };
	t->table[n++] = (struct cli_table){ trial_opts_table, NULL, "Trials", 0 };
	for (unsigned i = 0; workloads[i]; i++)
		n = add(t, n, "Workload", workloads[i]->name, workloads[i]->opts, 1);
	for (unsigned i = 0; collectors[i]; i++)
		n = add(t, n, "Collector", collectors[i]->name, collectors[i]->opts, 0);
	t->table[n] = (struct cli_table){ slab_config_opts, NULL, "Toggles of the cache", 0 };
}
