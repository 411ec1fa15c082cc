/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slabscope list: everything that can be named on a command line or in a job file. */

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/job.h"
#include "cli/list_targets.h"
#include "cli/options.h"
#include "cli/suggest.h"
#include "cli/trial.h"
#include "engine/geometry.h"

enum { P_JSON = 1 };

/* One kind of thing: how it is printed, and as JSON. */
struct kind {
	const char *name, *help;
	void (*print)(void);
	json_t *(*json)(void);
};

/* ---- options ---- */

static void print_rows(const struct opt *o, const char *indent)
{
	char metavar[128];

	for (; o && o->name; o++) {
		const int has_default = o->def && *o->def;

		opt_metavar(o, metavar, sizeof(metavar));
		printf("%s%-16s %-28s %s", indent, o->name, metavar, o->help);
		if (has_default)
			printf(" [%s%s%s]", o->def, o->unit ? " " : "", o->unit ? o->unit : "");
		putchar('\n');
	}
}

static json_t *rows_json(const struct opt *o)
{
	json_t *list = json_array();
	char metavar[128];
	json_t *j;

	for (; o && o->name; o++) {
		opt_metavar(o, metavar, sizeof(metavar));
		j = json_pack("{s:s, s:s, s:s, s:s}", "name", o->name, "values", metavar, "default",
			      o->def ? o->def : "", "help", o->help);
		if (o->unit)
			json_object_set_new(j, "unit", json_string(o->unit));
		json_array_append_new(list, j);
	}
	return list;
}

static json_t *named_json(const char *name, const char *help)
{
	return json_pack("{s:s, s:s}", "name", name, "help", help);
}

/* ---- the kinds ---- */

/* Lines of @text, each indented. */
static void print_text(const char *text, const char *indent)
{
	while (text && *text) {
		int n = strcspn(text, "\n");

		printf("%s%.*s\n", indent, n, text);
		text += n + (text[n] == '\n');
	}
}

static void print_workloads(void)
{
	unsigned i;

	for (i = 0; workloads[i]; i++) {
		printf("  %-16s %s\n", workloads[i]->name, workloads[i]->help);
		print_text(workloads[i]->doc, "      ");
		print_rows(workloads[i]->opts, "    --");
	}
}

static json_t *workloads_json(void)
{
	json_t *list = json_array();
	unsigned i;

	for (i = 0; workloads[i]; i++) {
		json_t *j = named_json(workloads[i]->name, workloads[i]->help);

		json_object_set_new(j, "doc", json_string(workloads[i]->doc));
		json_object_set_new(j, "options", rows_json(workloads[i]->opts));
		json_array_append_new(list, j);
	}
	return list;
}

static void print_collectors(void)
{
	unsigned i;

	for (i = 0; collectors[i]; i++) {
		printf("  %-16s %s\n", collectors[i]->name, collectors[i]->help);
		print_rows(collectors[i]->opts, "    --");
	}
}

static json_t *collectors_json(void)
{
	json_t *list = json_array();
	unsigned i;

	for (i = 0; collectors[i]; i++) {
		json_t *j = named_json(collectors[i]->name, collectors[i]->help);

		json_object_set_new(j, "options", rows_json(collectors[i]->opts));
		json_array_append_new(list, j);
	}
	return list;
}

static void print_allocators(void)
{
	unsigned i;

	for (i = 0; allocators[i]; i++)
		printf("  %-16s %s (%s)\n", allocators[i]->name, allocators[i]->help,
		       allocators[i]->version ? allocators[i]->version() : "version unknown");
}

static json_t *list_allocators(void)
{
	json_t *list = json_array();
	unsigned i;

	for (i = 0; allocators[i]; i++) {
		json_t *j = named_json(allocators[i]->name, allocators[i]->help);

		if (allocators[i]->version)
			json_object_set_new(j, "version", json_string(allocators[i]->version()));
		json_array_append_new(list, j);
	}
	return list;
}

static void print_toggles(void)
{
	print_rows(slab_config_opts, "  --");
}

static json_t *toggles_json(void)
{
	return rows_json(slab_config_opts);
}

static void print_profiles(void)
{
	const struct slab_profile *p;
	unsigned i;

	for (p = slab_profiles; p->name; p++) {
		printf("  %-16s %s\n", p->name, p->help);
		for (i = 0; p->settings && p->settings[i][0]; i++)
			printf("      %s=%s\n", p->settings[i][0], p->settings[i][1]);
	}
}

static json_t *profiles_json(void)
{
	json_t *list = json_array();
	const struct slab_profile *p;
	unsigned i;

	for (p = slab_profiles; p->name; p++) {
		json_t *j = named_json(p->name, p->help), *set = json_object();

		for (i = 0; p->settings && p->settings[i][0]; i++)
			json_object_set_new(set, p->settings[i][0], json_string(p->settings[i][1]));
		json_object_set_new(j, "settings", set);
		json_array_append_new(list, j);
	}
	return list;
}

static void print_rules(void)
{
	const struct slab_rules *r;

	for (r = slab_rules; r->name; r++)
		printf("  %-16s %s%s\n", r->name, r->help, r->runs ? "" : " (geometry only)");
}

static json_t *rules_json(void)
{
	json_t *list = json_array();
	const struct slab_rules *r;

	for (r = slab_rules; r->name; r++) {
		json_t *j = named_json(r->name, r->help);

		json_object_set_new(j, "runs", json_boolean(r->runs));
		json_array_append_new(list, j);
	}
	return list;
}

static void print_options(void)
{
	unsigned i;

	print_rows(run_opts_table, "  --");
	print_rows(trial_opts_table, "  --");
	for (i = 0; job_specials[i].name; i++)
		printf("  --%-16s %-28s %s\n", job_specials[i].name, job_specials[i].metavar,
		       job_specials[i].help);
}

static json_t *options_json(void)
{
	json_t *list = rows_json(run_opts_table), *more = rows_json(trial_opts_table);
	unsigned i;

	json_array_extend(list, more);
	json_decref(more);
	for (i = 0; job_specials[i].name; i++)
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s}", "name", job_specials[i].name, "values",
					job_specials[i].metavar, "help", job_specials[i].help));
	return list;
}

static const struct kind kinds[] = {
	{ "workloads", "what runs, with its options", print_workloads, workloads_json },
	{ "collectors", "what measures", print_collectors, collectors_json },
	{ "allocators", "what a workload allocates from", print_allocators, list_allocators },
	{ "options", "of a run and its trials", print_options, options_json },
	{ "toggles", "of the cache; each may be an axis", print_toggles, toggles_json },
	{ "profiles", "named sets of toggles", print_profiles, profiles_json },
	{ "rules", "generations of slab geometry", print_rules, rules_json },
	{ "targets", "CPUs whose memory hierarchy can be modelled", list_targets,
	  list_targets_json },
	{ NULL, NULL, NULL, NULL },
};

/* ---- the command ---- */

static int take_plain(void *arg, const struct cli_plain *p, const char *text, struct err *e)
{
	int *json = arg;

	(void)p;
	(void)text;
	(void)e;
	*json = 1;
	return 0;
}

static const struct cli_plain options[] = {
	{ "json", 0, NULL, "as JSON", P_JSON },
	{ NULL, 0, NULL, NULL, 0 },
};

static const struct cli_spec spec = {
	.command = "slabscope list",
	.usage =
		"[workloads|collectors|allocators|options|toggles|profiles|rules|targets [TARGET]] "
		"[--json]",
	.about =
		"What can be named on a command line or in a job file, with defaults in brackets. With a "
		"TARGET: all of its figures and where they are from, as a file that can be changed.",
	.plain = options,
	.option = take_plain,
};

static int unknown_kind(const char *name)
{
	const char *names[sizeof(kinds) / sizeof(kinds[0])], *near;
	struct err e;
	unsigned i;

	for (i = 0; kinds[i].name; i++)
		names[i] = kinds[i].name;
	names[i] = NULL;
	near = suggest(name, names);
	err_set(&e, -EINVAL, "no list '%s'%s%s%s", name, near ? "; did you mean '" : "",
		near ? near : "", near ? "'?" : "");
	return cli_usage_error(&spec, &e);
}

int cmd_list(int argc, char **argv)
{
	const struct kind *k, *only = NULL;
	json_t *all = NULL;
	struct err e;
	int json = 0, n = cli_parse(&spec, argc, argv, &json, &e);

	if (n == CLI_HELP)
		return 0;
	if (n >= 0 && argc - n == 2 && !strcmp(argv[n], "targets"))
		return list_target(argv[n + 1], json);
	if (n >= 0 && argc - n > 1)
		n = err_set(&e, -EINVAL, "expected one list, got %d", argc - n);
	if (n < 0)
		return cli_usage_error(&spec, &e);
	for (k = kinds; n < argc && k->name; k++)
		if (!strcmp(k->name, argv[n]))
			only = k;
	if (n < argc && !only)
		return unknown_kind(argv[n]);
	if (json)
		all = only ? only->json() : json_object();
	for (k = kinds; k->name; k++) {
		if (only && k != only)
			continue;
		if (json) {
			if (!only)
				json_object_set_new(all, k->name, k->json());
			continue;
		}
		if (!only)
			printf("%s%s: %s\n", k == kinds ? "" : "\n", k->name, k->help);
		k->print();
	}
	if (json) {
		json_dumpf(all, stdout, JSON_INDENT(1));
		putchar('\n');
		json_decref(all);
	}
	return 0;
}
