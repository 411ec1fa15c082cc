/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A trial's specification: three tables of options (of the run, of the cache, of the workload)
 * behind one set of names, and its text.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/trial_model.h"
#include "engine/machine.h"

#define FIELD(f) .offset = offsetof(struct trial_opts, f)
const struct opt trial_opts_table[] = {
	{ .name = "workload",
	  .type = OPT_STR,
	  FIELD(workload),
	  .def = "hot-header",
	  .help = "what runs (see `list workloads`)" },
	{ .name = "allocator",
	  .type = OPT_STR,
	  FIELD(allocator),
	  .def = "slab",
	  .help = "what it allocates from (see `list allocators`)" },
	{ .name = "profile",
	  .type = OPT_STR,
	  FIELD(profile),
	  .def = "kernel-2.6.22",
	  .help = "the set of toggles that the others change (see `list profiles`)" },
	{ .name = "collect",
	  .type = OPT_STR,
	  FIELD(collect),
	  .def = "rusage,slabinfo,numa,perf,interference,time",
	  .help = "what measures, as a comma list; the last one is nearest the measured region; +NAME,... adds to the default" },
	{ .name = "workers",
	  .type = OPT_UINT,
	  FIELD(workers),
	  .min = 1,
	  .max = KMEM_MAX_CPUS,
	  .unit = "threads",
	  .def = "1",
	  .help = "threads, one pinned to each of the CPUs in order" },
	{ .name = "cpus",
	  .type = OPT_STR,
	  FIELD(cpus),
	  .def = "auto",
	  .help = "CPUs of the workers, as in 0,2-3; auto: one of each core, nodes in turn" },
	{ .name = "nodes",
	  .type = OPT_UINT,
	  FIELD(nodes),
	  .max = KMEM_MAX_NODES,
	  .unit = "nodes",
	  .def = "0",
	  .help = "NUMA nodes to emulate by splitting the CPUs; 0: the machine's own" },
	{ .name = "ops",
	  .type = OPT_U64,
	  FIELD(ops),
	  .min = 1,
	  .unit = "operations",
	  .def = "auto",
	  .flags = OPT_AUTO,
	  .help = "measured operations of each worker; auto: as many as fill duration_ms" },
	{ .name = "duration_ms",
	  .type = OPT_UINT,
	  FIELD(duration_ms),
	  .min = 1,
	  .max = 3600000,
	  .unit = "ms",
	  .def = "100",
	  .help = "length of the measured region if ops is auto; the most that warming up takes" },
	{ .name = "warmup_ops",
	  .type = OPT_U64,
	  FIELD(warmup_ops),
	  .unit = "operations",
	  .def = "auto",
	  .flags = OPT_AUTO | OPT_OFF,
	  .help = "operations before the region; auto: as many as in it, up to duration_ms" },
	{ .name = "reap_ms",
	  .type = OPT_UINT,
	  FIELD(reap_ms),
	  .unit = "ms",
	  .max = 3600000,
	  .def = "off",
	  .flags = OPT_OFF,
	  .help = "period of the reaper that ages queues and frees empty slabs; the kernel's is 2000" },
	{ .name = "populate",
	  .type = OPT_BOOL,
	  FIELD(populate),
	  .def = "on",
	  .help = "touch memory when the engine takes it from the kernel, not at first use" },
	{ .name = "allow_debug",
	  .type = OPT_BOOL,
	  FIELD(allow_debug),
	  .def = "off",
	  .help = "measure even if this is a debug or sanitizer build" },
	{ .name = "seed",
	  .type = OPT_U64,
	  FIELD(seed),
	  .def = "1",
	  .help = "of everything random in a trial" },
	{ .name = NULL },
};

/* Options of every collector, at their defaults. */
static int init_collectors(struct trial_spec *s, struct err *e)
{
	s->collector = calloc(nr_collectors + 1, sizeof(*s->collector));
	for (unsigned i = 0; s->collector && i < nr_collectors; i++) {
		if (!collectors[i]->opts)
			continue;
		s->collector[i] = calloc(1, collectors[i]->params_size);
		if (!s->collector[i])
			return err_set(e, -ENOMEM, "no memory for the options of collector %s",
				       collectors[i]->name);
		opt_defaults(collectors[i]->opts, s->collector[i]);
	}
	return s->collector ? 0 : err_set(e, -ENOMEM, "no memory for the collectors' options");
}

static void release_collectors(struct trial_spec *s)
{
	for (unsigned i = 0; s->collector && i < nr_collectors; i++)
		free(s->collector[i]);
	free(s->collector);
	s->collector = NULL;
}

static int set_workload(struct trial_spec *s, const char *name, struct err *e)
{
	const struct workload *wl = workload_find(name);
	void *params = NULL;
	char names[256] = "";

	if (!wl) {
		for (const struct workload *const *w = workloads; *w; w++)
			snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
				 *names ? ", " : "", (*w)->name);
		return err_set(e, -EINVAL, "workload: expected one of %s, got '%s'", names, name);
	}
	if (wl->opts) {
		params = calloc(1, wl->params_size);
		if (!params)
			return err_set(e, -ENOMEM, "no memory for the options of workload %s",
				       wl->name);
		opt_defaults(wl->opts, params);
	}
	free(s->params);
	s->params = params;
	s->wl = wl;
	snprintf(s->run.workload, sizeof(s->run.workload), "%s", wl->name);
	return 0;
}

static int set_profile(struct trial_spec *s, const char *name, struct err *e)
{
	struct slab_config c;
	int err;

	memset(&c, 0, sizeof(c));
	err = slab_config_profile(&c, name, e);
	if (err)
		return err_prefix(e, err, "profile");
	s->config = c;
	if (name != s->run.profile) /* which is so where the default is set */
		snprintf(s->run.profile, sizeof(s->run.profile), "%s", name);
	return 0;
}

int trial_spec_init(struct trial_spec *s, struct err *e)
{
	int err;

	memset(s, 0, sizeof(*s));
	opt_defaults(trial_opts_table, &s->run);
	err = set_profile(s, s->run.profile, e);
	if (!err)
		err = set_workload(s, s->run.workload, e);
	if (!err)
		err = init_collectors(s, e);
	if (err)
		trial_spec_release(s);
	return err;
}

void trial_spec_release(struct trial_spec *s)
{
	free(s->params);
	release_collectors(s);
	memset(s, 0, sizeof(*s));
}

int trial_spec_copy(struct trial_spec *to, const struct trial_spec *from, struct err *e)
{
	int err;

	*to = *from;
	to->params = NULL;
	err = init_collectors(to, e);
	for (unsigned i = 0; !err && i < nr_collectors; i++)
		if (to->collector[i])
			memcpy(to->collector[i], from->collector[i], collectors[i]->params_size);
	if (!err && from->params) {
		to->params = malloc(from->wl->params_size);
		if (to->params)
			memcpy(to->params, from->params, from->wl->params_size);
		else
			err = err_set(e, -ENOMEM, "no memory for the options of workload %s",
				      from->wl->name);
	}
	if (err)
		trial_spec_release(to);
	return err;
}

static const struct opt *find_collector_option(const struct trial_spec *s, const char *name,
					       const struct opt **table, const void **base)
{
	unsigned at;
	const struct opt *row = collector_option(name, &at);

	if (row && table)
		*table = collectors[at]->opts;
	if (row && base)
		*base = s->collector[at];
	return row;
}

const struct opt *trial_spec_find(const struct trial_spec *s, const char *name,
				  const struct opt **table, const void **base)
{
	const struct opt *tables[] = { trial_opts_table, slab_config_opts,
				       s->wl ? s->wl->opts : NULL };
	const void *bases[] = { &s->run, &s->config, s->params };

	for (int i = 0; i < 3; i++) {
		const struct opt *row = tables[i] ? opt_find(tables[i], name) : NULL;

		if (!row)
			continue;
		if (table)
			*table = tables[i];
		if (base)
			*base = bases[i];
		return row;
	}
	return find_collector_option(s, name, table, base);
}

static int in_list(const char *list, const char *name, size_t n)
{
	for (; *list; list += strcspn(list, ","), list += *list == ',')
		if (strcspn(list, ",") == n && !strncmp(list, name, n))
			return 1;
	return 0;
}

/* "+latency,+perfctl": the default list with these in front of its last one, which stays nearest the
 * region. Those that are there already are not added. */
static int add_collectors(const struct opt *row, const char *text, char list[OPT_STR_MAX],
			  struct err *e)
{
	const char *last = strrchr(row->def, ',') + 1, *p;
	char more[OPT_STR_MAX] = "";
	size_t n, len = 0;

	for (p = text; *p; p += n + (p[n] == ',')) {
		p += *p == '+';
		n = strcspn(p, ",");
		if (!n)
			return err_set(e, -EINVAL, "%s: expected +NAME,..., got '%s'", row->name,
				       text);
		if (in_list(row->def, p, n) || in_list(more, p, n))
			continue;
		if (len + n + 2 > sizeof(more))
			return err_set(e, -EINVAL, "%s: more than %d characters", row->name,
				       OPT_STR_MAX - 1);
		len += (size_t)snprintf(more + len, sizeof(more) - len, "%.*s,", (int)n, p);
	}
	n = (size_t)snprintf(list, OPT_STR_MAX, "%.*s%s%s", (int)(last - row->def), row->def, more,
			     last);
	return n < OPT_STR_MAX ? 0 :
				 err_set(e, -EINVAL, "%s: more than %d characters", row->name,
					 OPT_STR_MAX - 1);
}

int trial_spec_set(struct trial_spec *s, const char *name, const char *text, struct err *e)
{
	const void *base;
	const struct opt *row = trial_spec_find(s, name, NULL, &base);

	if (!row)
		return err_set(e, -EINVAL, "unknown option '%s' (workload is %s)", name,
			       s->wl ? s->wl->name : "not known");
	if (strchr(text, '\n'))
		return err_set(e, -EINVAL, "%s: expected one line", row->name);
	if (row->offset == offsetof(struct trial_opts, workload) && base == &s->run)
		return set_workload(s, text, e);
	if (row->offset == offsetof(struct trial_opts, profile) && base == &s->run)
		return set_profile(s, text, e);
	if (row->offset == offsetof(struct trial_opts, collect) && base == &s->run &&
	    *text == '+') {
		char list[OPT_STR_MAX];
		int err = add_collectors(row, text, list, e);

		return err ? err : opt_parse(row, &s->run, list, e);
	}
	return opt_parse(row, (void *)(uintptr_t)base, text, e);
}

int trial_spec_set_pair(struct trial_spec *s, const char *pair, struct err *e)
{
	const char *eq = strchr(pair, '=');
	char name[64];

	if (!eq || eq == pair || (size_t)(eq - pair) >= sizeof(name))
		return err_set(e, -EINVAL, "expected name=value, got '%s'", pair);
	memcpy(name, pair, (size_t)(eq - pair));
	name[eq - pair] = '\0';
	return trial_spec_set(s, name, eq + 1, e);
}

static int check_collectors(const char *list, struct err *e)
{
	char copy[OPT_STR_MAX], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", list);
	for (char *name = strtok_r(copy, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
		const struct collector *c = collector_find(name);
		const char *again = save;
		size_t len = strlen(name);

		if (!c)
			return err_set(e, -EINVAL, "collect: there is no collector '%s'", name);
		for (; again && *again; again += strcspn(again, ","), again += *again == ',')
			if (!strncmp(again, name, len) && (again[len] == ',' || !again[len]))
				return err_set(e, -EINVAL, "collect: '%s' twice", name);
	}
	return 0;
}

/* Can slabs of the workload's objects be made at all? Better asked before a hundred trials than in each of them. */
static int check_geometry(const struct trial_spec *s, const struct kmem_machine *m, struct err *e)
{
	const struct opt *row = s->wl->opts ? opt_find(s->wl->opts, "object_size") : NULL;
	struct slab_geometry_in in;
	struct slab_geometry g;
	uint64_t size;
	int err;

	if (!row || row->type != OPT_SIZE)
		return 0;
	memcpy(&size, (const char *)s->params + row->offset, sizeof(size));
	slab_geometry_in_init(&in, (unsigned)size);
	in.page_size = m->page_size;
	in.cache_line = m->cache_line;
	in.cpus = m->nr_cpus;
	err = slab_rules_runs(s->config.rules, e);
	return err ? err : slab_geometry(&in, &s->config, &g, e);
}

static int check_cache(const struct trial_spec *s, const struct kmem_machine *m, struct err *e)
{
	int err = slab_config_validate(&s->config, m->nr_nodes, e);

	return !err && allocator_find(s->run.allocator)->is_slab ? check_geometry(s, m, e) : err;
}

/* Does the trial run on this machine, or on a simulated one alone? */
static int runs_here(const struct trial_spec *s)
{
	char rest[OPT_STR_MAX];

	trial_model_split(s->run.collect, rest);
	return *rest || !model_in_list(s->run.collect);
}

/* What depends on the machine: CPUs, nodes, geometry; for the model on the target's, too. */
static int check_machine(const struct trial_spec *s, const struct kmem_machine *native,
			 struct trial_model_target *target, struct err *e)
{
	struct kmem_machine *m = malloc(sizeof(*m));
	int err = 0;

	if (!m)
		return err_set(e, -ENOMEM, "no memory for the machine");
	if (runs_here(s)) {
		*m = *native;
		if (s->run.nodes)
			err = kmem_machine_emulate(m, s->run.nodes, e);
		if (!err)
			err = trial_cpus_check(&s->run, m, e);
		if (!err)
			err = check_cache(s, m, e);
	}
	if (!err && model_in_list(s->run.collect)) {
		err = trial_model_validate(s, m, target, e);
		if (!err)
			err = check_cache(s, m, e);
		if (err)
			err_prefix(e, err, "collect: model");
	}
	free(m);
	return err;
}

int trial_spec_validate_on(const struct trial_spec *s, const struct kmem_machine *m,
			   struct trial_model_target *target, struct err *e)
{
	int err;

	if (!s->wl)
		return err_set(e, -EINVAL, "workload: not set");
	if (!allocator_find(s->run.allocator))
		return err_set(e, -EINVAL, "allocator: there is no allocator '%s'",
			       s->run.allocator);
	err = check_collectors(s->run.collect, e);
	for (unsigned i = 0; i < nr_collectors && !err; i++)
		if (collectors[i]->validate)
			err = collectors[i]->validate(s->collector[i], e);
	if (!err && s->wl->validate)
		err = s->wl->validate(s->params, e);
	if (!err && s->wl->children && model_in_list(s->run.collect))
		err = err_set(
			e, -EINVAL,
			"collect: model sees this program's memory, and in %s another program does the work",
			s->wl->name);
	return err ? err : check_machine(s, m, target, e);
}

int trial_spec_validate(const struct trial_spec *s, struct err *e)
{
	struct kmem_machine *m = malloc(sizeof(*m));
	struct trial_model_target *target = calloc(1, sizeof(*target));
	int err = m && target ? 0 : err_set(e, -ENOMEM, "no memory for the machine");

	if (!err && runs_here(s)) /* a model looks at nothing here */
		err = kmem_machine_native(m, e);
	if (!err)
		err = trial_spec_validate_on(s, m, target, e);
	free(target);
	free(m);
	return err;
}

static int print_table(const struct opt *table, const void *base, const struct opt *not_in, FILE *f)
{
	char text[OPT_STR_MAX + 64];

	for (; table->name; table++) {
		if (not_in && opt_find(not_in, table->name))
			continue; /* shadowed: the name means the run's */
		opt_format(table, base, text, sizeof(text));
		if (fprintf(f, "%s=%s\n", table->name, text) < 0)
			return -EIO;
	}
	return 0;
}

int trial_spec_print(const struct trial_spec *s, FILE *f)
{
	/* the run's table begins with workload and profile, which reset what follows it */
	int err = print_table(trial_opts_table, &s->run, NULL, f);

	if (!err)
		err = print_table(slab_config_opts, &s->config, trial_opts_table, f);
	if (!err && s->wl && s->wl->opts)
		err = print_table(s->wl->opts, s->params, NULL, f);
	for (unsigned i = 0; i < nr_collectors && !err; i++)
		if (collectors[i]->opts)
			err = print_table(collectors[i]->opts, s->collector[i], NULL, f);
	return err;
}

int trial_spec_read(struct trial_spec *s, FILE *f, struct err *e)
{
	char line[TRIAL_LINE_MAX];

	for (unsigned nr = 1; fgets(line, sizeof(line), f); nr++) {
		size_t len = strcspn(line, "\n");
		int err;

		if (!line[len] && len + 1 == sizeof(line))
			return err_set(e, -EINVAL, "line %u: longer than %zu bytes", nr,
				       sizeof(line) - 1);
		line[len] = '\0';
		if (!*line || *line == '#')
			continue;
		err = trial_spec_set_pair(s, line, e);
		if (err)
			return err_prefix(e, err, "line %u", nr);
	}
	return ferror(f) ? err_set(e, -EIO, "the specification cannot be read") : 0;
}
