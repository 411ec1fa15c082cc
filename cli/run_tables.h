/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_RUN_TABLES_H
#define SLABSCOPE_RUN_TABLES_H

#include "cli/options.h"

/* The option tables of commands that run trials: the run's, the trials', each workload's, each
 * collector's, the toggles. */

#define RUN_TABLES_MOST 64

struct run_tables {
	struct cli_table table[RUN_TABLES_MOST + 1];
	char title[RUN_TABLES_MOST][80];
};

void run_tables_init(struct run_tables *t);

/* Before cli_parse(): --help has the options of those workloads only that --workload names on this command line, or of
 * the default one. All are taken as before. */
void run_tables_choose(struct run_tables *t, int argc, char **argv);

#endif
