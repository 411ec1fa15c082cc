/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slabscope: a command, its function, its one line of help. */

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/suggest.h"
#include "cli/trial.h"
#include "lib/host.h"

struct command {
	const char *name;
	int (*fn)(int argc, char **argv);
	const char *help;
};

static int cmd_help(int argc, char **argv);
static int cmd_version(int argc, char **argv);

static const struct command commands[] = {
	{ "doctor", cmd_doctor,
	  "what can be measured here, how well, and what to do about the rest" },
	{ "events", cmd_events,
	  "what each quantity is on this CPU or another: events, codes, caveats; checks event files" },
	{ "geometry", cmd_geometry,
	  "what slabs of an object size look like: order, objects, waste, colours" },
	{ "slabinfo", cmd_slabinfo,
	  "a /proc/slabinfo listing beside what our rules make of its caches" },
	{ "list", cmd_list, "workloads, collectors, allocators, toggles, profiles, rules" },
	{ "run", cmd_run, "run a job's trials, each in a fresh process, into a results folder" },
	{ "stat", cmd_stat,
	  "medians and exact intervals of a run, as a table; ratios to a baseline" },
	{ "compare", cmd_compare,
	  "faster, slower, equivalent, or not to be told: configs of a run or of two" },
	{ "plot", cmd_plot, "pictures of a run, with the gnuplot files that make them" },
	{ "report", cmd_report,
	  "runs told from the verdicts to the raw data: one HTML file, Markdown, or text" },
	{ "record", cmd_record,
	  "record the kernel's own slab allocator, or make a trace of recorded text" },
	{ "replay", cmd_replay, "a recorded trace as a workload; or what it holds" },
	{ "tune", cmd_tune,
	  "which toggles are best for a workload on this or a modelled CPU, and why" },
	{ "model", cmd_model,
	  "a stored address trace through a modelled memory hierarchy: misses by level" },
	{ "help", cmd_help, "this text, or a command's own" },
	{ "version", cmd_version, "version, build and licences" },
	{ NULL, NULL, NULL },
};

static void usage(FILE *f)
{
	const struct command *c;

	fputs("Usage: slabscope COMMAND [OPTION]...\n\n"
	      "A slab allocator whose colouring, slab order, management and placement are options, and\n"
	      "what measures them.\n\nCommands:\n",
	      f);
	for (c = commands; c->name; c++)
		fprintf(f, "  %-10s %s\n", c->name, c->help);
	fputs("\n'slabscope COMMAND --help' or 'slabscope help COMMAND' has a command's options.\n"
	      "Exit status: 0 done, 1 failed, 2 usage, 3 regression (compare --fail-on), 4 no verdict (compare\n"
	      "--require-verdict), 77 cannot be done here, 130 interrupted.\n",
	      f);
}

static const struct command *find(const char *name)
{
	const struct command *c;

	for (c = commands; c->name; c++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

static int unknown(const char *name)
{
	const char *names[sizeof(commands) / sizeof(commands[0])];
	const char *near;
	unsigned i;

	for (i = 0; commands[i].name; i++)
		names[i] = commands[i].name;
	names[i] = NULL;
	near = suggest(name, names);
	fprintf(stderr, "slabscope: no command '%s'", name);
	if (near)
		fprintf(stderr, "; did you mean '%s'?", near);
	fputs("\nTry 'slabscope --help'.\n", stderr);
	return EXIT_USAGE;
}

static int cmd_help(int argc, char **argv)
{
	char *const help[] = { argc > 1 ? argv[1] : NULL, (char *)"--help", NULL };
	const struct command *c;

	if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
		usage(stdout);
		return 0;
	}
	c = find(argv[1]);
	return c ? c->fn(2, (char **)help) : unknown(argv[1]);
}

static int cmd_version(int argc, char **argv)
{
	const char *flaw = trial_build_flaw();

	(void)argc;
	(void)argv;
	printf("slabscope %s%s\n", host_build_version(),
#ifdef SLABSCOPE_COMMIT
	       " (" SLABSCOPE_COMMIT ")"
#else
	       ""
#endif
	);
	printf("variant %s, sanitizer %s, %s\n", host_build_variant(), host_build_sanitizer(),
	       host_build_compiler());
	if (*flaw)
		printf("figures of this build do not count: %s\n", flaw);
	puts("engine and lib: LGPL-2.1-or-later; the rest: GPL-2.0-or-later. There is no warranty.");
	return 0;
}

/* All output has been written, or the status says that it has not (a full disk, a closed pipe). */
static int finish(int status)
{
	if (fflush(stdout) || ferror(stdout)) {
		if (errno != EPIPE)
			fprintf(stderr, "slabscope: standard output: %s\n", strerror(errno));
		return status ? status : EXIT_FAILURE;
	}
	return status;
}

int main(int argc, char **argv)
{
	const struct command *c;

	setlocale(LC_ALL, "C"); /* numbers look the same everywhere */
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "_trial"))
		return trial_main(STDIN_FILENO, TRIAL_OUT_FD);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return finish(cmd_help(1, argv + 1));
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))
		return finish(cmd_version(1, argv + 1));
	c = find(argv[1]);
	return c ? finish(c->fn(argc - 1, argv + 1)) : unknown(argv[1]);
}
