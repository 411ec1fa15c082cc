/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/list_targets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "collectors/model/target.h"

/* @call with each target that has a name; one that cannot be read with NULL and the reason. */
static void each_target(void (*call)(void *ctx, const char *name, const struct mt_target *t,
				     const char *why),
			void *ctx)
{
	struct mt_target *t = malloc(sizeof(*t));
	char **names = mt_names();
	struct err e;

	for (char **n = names; t && n && *n; n++) {
		int bad = mt_read(t, *n, NULL, &e);

		call(ctx, *n, bad ? NULL : t, e.text);
	}
	mt_names_free(names);
	free(t);
}

static void print_one(void *ctx, const char *name, const struct mt_target *t, const char *why)
{
	(void)ctx;
	printf("  %-16s %s\n", name, t ? t->cpu : why);
	if (t && *t->aliases)
		printf("  %-16s also: %s\n", "", t->aliases);
}

void list_targets(void)
{
	each_target(print_one, NULL);
	printf("  %-16s %s\n", "host", "this machine, as hwloc reads it");
}

static json_t *summary(const char *name, const struct mt_target *t)
{
	json_t *j = json_pack("{s:s, s:s, s:s, s:i, s:i, s:i}", "name", name, "help", t->cpu,
			      "aliases", t->aliases, "version", (int)t->version, "cpus",
			      (int)t->cpus, "nodes", (int)t->nodes);

	if (*t->note)
		json_object_set_new(j, "note", json_string(t->note));
	return j;
}

static void add_one(void *ctx, const char *name, const struct mt_target *t, const char *why)
{
	json_array_append_new(ctx, t ? summary(name, t) :
				       json_pack("{s:s, s:s}", "name", name, "error", why));
}

json_t *list_targets_json(void)
{
	json_t *list = json_array();

	each_target(add_one, list);
	return list;
}

static void add_figure(void *ctx, const char *part, const char *name, const char *value,
		       const char *source)
{
	json_t *parts = ctx;

	if (!name)
		json_object_set_new(parts, part, json_object());
	else
		json_object_set_new(json_object_get(parts, part), name,
				    json_pack("{s:s, s:s?}", "value", value, "source", source));
}

int list_target(const char *spec, int json)
{
	struct mt_target *t = malloc(sizeof(*t));
	int status = 0;
	struct err e;

	if (!t || mt_read(t, spec, NULL, &e)) {
		fprintf(stderr, "slabscope list: %s\n", t ? e.text : "out of memory");
		status = EXIT_USAGE;
	} else if (json) {
		json_t *j = summary(t->name, t), *parts = json_object();

		mt_each(t, add_figure, parts);
		json_object_set_new(j, "figures", parts);
		json_dumpf(j, stdout, JSON_INDENT(1));
		putchar('\n');
		json_decref(j);
	} else if (mt_print(t, stdout)) {
		status = 1;
	}
	free(t);
	return status;
}
