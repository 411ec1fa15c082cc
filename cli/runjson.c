/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run.json: what was asked, what it came to as a plan, and where it ran. */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <zlib.h>

#include "cli/rundir.h"
#include "engine/machine.h"
#include "lib/file.h"
#include "lib/host.h"

/* ---- writing ---- */

static json_t *command_json(int argc, char **argv)
{
	json_t *a = json_array();
	int i;

	for (i = 0; i < argc; i++)
		json_array_append_new(a, json_string_nocheck(argv[i]));
	return a;
}

static json_t *axes_json(const struct plan_exp *x)
{
	json_t *axes = json_array();
	unsigned a, v;

	for (a = 0; a < x->nr_axes; a++) {
		json_t *values = json_array();

		for (v = 0; v < x->axis[a].nr; v++)
			json_array_append_new(values, json_string(x->axis[a].value[v].label));
		json_array_append_new(axes, json_pack("{s:s, s:o}", "name", x->axis[a].name,
						      "values", values));
	}
	return axes;
}

static json_t *experiments_json(const struct plan *p)
{
	json_t *list = json_array();
	unsigned i;

	for (i = 0; i < p->nr_exp; i++)
		json_array_append_new(
			list, json_pack("{s:s, s:i, s:i, s:o}", "name", p->exp[i].name,
					"first_config", (int)p->exp[i].first, "configs",
					(int)p->exp[i].nr_configs, "axes", axes_json(&p->exp[i])));
	return list;
}

/* Every option that the trial will be given, as canonical text. */
static json_t *requested_json(const struct plan *p, unsigned config)
{
	struct trial_spec s;
	json_t *o = json_object();
	char *text, *line, *save, *eq;

	if (plan_spec(p, config, &s, NULL))
		return o;
	text = plan_spec_text(&s);
	for (line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		eq = strchr(line, '=');
		if (!eq || *line == '#')
			continue;
		*eq = '\0';
		if (strcmp(line, "seed")) /* the block's: see `seed` above */
			json_object_set_new(o, line, json_string(eq + 1));
	}
	free(text);
	trial_spec_release(&s);
	return o;
}

static json_t *configs_json(const struct plan *p)
{
	json_t *list = json_array();
	unsigned c, a;

	for (c = 0; c < p->nr_configs; c++) {
		const struct plan_exp *x = &p->exp[p->config[c].exp];
		json_t *axes = json_object();

		for (a = 0; a < x->nr_axes; a++)
			json_object_set_new(
				axes, x->axis[a].name,
				json_string(x->axis[a].value[plan_value_of(p, c, a)].label));
		json_array_append_new(list,
				      json_pack("{s:i, s:s, s:s, s:o, s:o}", "config", (int)c,
						"experiment", x->name, "label", p->config[c].label,
						"axes", axes, "requested", requested_json(p, c)));
	}
	return list;
}

/* So that a run can be repeated with the same file: bytes, and zlib's CRC of all of them. */
static json_t *file_json(const char *path)
{
	FILE *f = fopen(path, "rbe");
	unsigned char buf[1 << 14];
	json_int_t bytes = 0;
	uLong crc = crc32(0, NULL, 0);
	char text[16];
	size_t n;
	int bad;

	if (!f)
		return json_pack("{s:s}", "unknown", strerror(errno));
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0) {
		crc = crc32(crc, buf, (uInt)n);
		bytes += (json_int_t)n;
	}
	bad = ferror(f);
	fclose(f);
	if (bad)
		return json_pack("{s:s}", "unknown", "cannot be read");
	snprintf(text, sizeof(text), "%08lx", crc);
	return json_pack("{s:I, s:s}", "bytes", bytes, "crc32", text);
}

/* The files that @configs replay, by path. */
static json_t *traces_json(const json_t *configs)
{
	static const char *const names[] = { "trace", "cache_toggles" };
	json_t *o = json_object(), *config;
	size_t i;

	json_array_foreach(configs, i, config)
	{
		const json_t *r = json_object_get(config, "requested");
		const char *load = json_string_value(json_object_get(r, "workload"));

		for (unsigned k = 0; k < 2 && load && !strcmp(load, "replay"); k++) {
			const char *path = json_string_value(json_object_get(r, names[k]));

			if (path && strcmp(path, "none") != 0 && !json_object_get(o, path))
				json_object_set_new(o, path, file_json(path));
		}
	}
	return o;
}

static json_t *host_json(void)
{
	struct host_fact f[HOST_FACTS_MAX];
	unsigned i, n = host_facts(f);
	json_t *o = json_object();

	for (i = 0; i < n; i++)
		json_object_set_new(o, f[i].name,
				    f[i].error ? json_pack("{s:s}", "unknown", f[i].text) :
						 json_string(f[i].text));
	return o;
}

static json_t *machine_json(void)
{
	struct kmem_machine *m = malloc(sizeof(*m));
	struct err e;
	json_t *o;

	if (!m)
		return json_null();
	if (kmem_machine_native(m, &e))
		o = json_pack("{s:s}", "unknown", e.text);
	else
		o = json_pack("{s:i, s:i, s:i, s:i, s:b, s:i, s:i, s:i, s:i}", "page_size",
			      (int)m->page_size, "cache_line", (int)m->cache_line, "cpus",
			      (int)m->nr_cpus, "nodes", (int)m->nr_nodes, "emulated",
			      (int)m->emulated, "l1d_size", (int)m->l1d_size, "l1d_ways",
			      (int)m->l1d_ways, "l2_size", (int)m->l2_size, "l2_ways",
			      (int)m->l2_ways);
	free(m);
	return o;
}

static json_t *allocators_json(void)
{
	json_t *o = json_object();
	unsigned i;

	for (i = 0; allocators[i]; i++)
		json_object_set_new(o, allocators[i]->name,
				    json_string(allocators[i]->version ? allocators[i]->version() :
									 ""));
	return o;
}

/* The run's own options, as they came out. */
static json_t *asked_json(const struct run_opts *o)
{
	return json_pack("{s:i, s:f, s:i, s:s, s:s}", "launches", (int)o->launches, "timeout",
			 o->timeout, "repeats", (int)o->repeats, "time_budget", o->time_budget,
			 "precision", o->precision);
}

static json_t *describe(const struct plan *p, const struct job *j, int argc, char **argv)
{
	char seed[32], began[40], *job = job_text(j);
	time_t now = time(NULL);
	struct tm tm;
	json_t *o, *traces;

	snprintf(seed, sizeof(seed), "%" PRIu64, p->seed);
	strftime(began, sizeof(began), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	o = json_pack("{s:i, s:s, s:s, s:o, s:s, s:s, s:s, s:i, s:i, s:i, s:o}", "format",
		      RUN_FORMAT, "program", "slabscope", "began", began, "command",
		      command_json(argc, argv), "job", job ? job : "", "seed", seed, "plan_hash",
		      p->hash, "blocks", (int)p->blocks, "samples_version", SAMPLES_VERSION,
		      "plan_version", PLAN_VERSION, "asked", asked_json(&p->run));
	json_object_set_new(o, "versions",
			    json_pack("{s:s, s:s, s:s, s:s, s:s}", "slabscope",
				      host_build_version(), "variant", host_build_variant(),
				      "sanitizer", host_build_sanitizer(), "compiler",
				      host_build_compiler(), "flaw", trial_build_flaw()));
	json_object_set_new(o, "allocators", allocators_json());
	json_object_set_new(o, "machine", machine_json());
	json_object_set_new(o, "host", host_json());
	json_object_set_new(o, "experiments", experiments_json(p));
	json_object_set_new(o, "configs", configs_json(p));
	traces = traces_json(json_object_get(o, "configs"));
	if (json_object_size(traces))
		json_object_set(o, "traces", traces);
	json_decref(traces);
	free(job);
	return o;
}

static int write_json(const struct rundir *d, const json_t *o, struct err *e)
{
	char path[PATH_MAX];
	char *text = o ? json_dumps(o, JSON_INDENT(1)) : NULL;
	int rc = text ? file_write(rundir_file(d, RUN_FILE, path), text, strlen(text), e) :
			err_set(e, -ENOMEM, "run.json: out of memory");

	free(text);
	return rc;
}

int rundir_describe(const struct rundir *d, const struct plan *p, const struct job *j, int argc,
		    char **argv, struct err *e)
{
	json_t *o = describe(p, j, argc, argv);
	int rc = write_json(d, o, e);

	json_decref(o);
	return rc;
}

int rundir_note(const struct rundir *d, const char *name, json_t *value, struct err *e)
{
	json_t *o;
	int rc = run_json_read(d->path, &o, e);

	if (rc) {
		json_decref(value);
		return rc;
	}
	rc = value && !json_object_set_new(o, name, value) ?
		     write_json(d, o, e) :
		     err_set(e, -ENOMEM, "run.json: out of memory");
	json_decref(o);
	return rc;
}

/* ---- reading ---- */

int run_json_read(const char *path, json_t **out, struct err *e)
{
	char file[PATH_MAX], *text;
	json_error_t je;
	size_t len;
	int rc, format = 0;

	if (snprintf(file, sizeof(file), "%s/%s", path, RUN_FILE) >= (int)sizeof(file))
		return err_set(e, -ENAMETOOLONG, "%.60s...: name too long", path);
	rc = file_read(file, 1u << 30, &text, &len, e);
	if (rc == -ENOENT || rc == -ENOTDIR)
		return err_set(e, rc, "%s: no run is there (no %s)", path, RUN_FILE);
	if (rc)
		return rc;
	*out = json_loadb(text, len, 0, &je);
	free(text);
	if (!*out)
		return err_set(e, -EINVAL, "%s:%d:%d: %s", file, je.line, je.column, je.text);
	if (json_unpack(*out, "{s:i}", "format", &format) || format != RUN_FORMAT)
		rc = err_set(e, -EINVAL, "%s: format: expected %d", file, RUN_FORMAT);
	if (rc)
		json_decref(*out);
	return rc;
}

/* The run's traces are what they were when it began. */
static int check_traces(json_t *run, const char *path, struct err *e)
{
	json_t *traces = json_object_get(run, "traces"), *then;
	const char *trace;

	json_object_foreach(traces, trace, then)
	{
		json_t *now = file_json(trace);
		int same = json_equal(now, then);

		json_decref(now);
		if (!same)
			return err_set(
				e, -EINVAL,
				"%s: the trace %s is not the file any more that it was when the run began: start anew",
				path, trace);
	}
	return 0;
}

int run_json_plan(json_t *run, const char *path, struct job *j, struct plan *p, struct err *e)
{
	const char *text, *hash;
	int rc, version = 1; /* which did not say */

	if (json_unpack(run, "{s:s, s:s, s?i}", "job", &text, "plan_hash", &hash, "plan_version",
			&version))
		return err_set(e, -EINVAL,
			       "%s/%s: job, plan_hash: expected texts; plan_version: a number",
			       path, RUN_FILE);
	if (version != PLAN_VERSION)
		return err_set(
			e, -EINVAL,
			"%s: was planned by plan version %d, this program makes version %d, whose order of trials is another: "
			"go on with the program that began it, or start anew",
			path, version, PLAN_VERSION);
	rc = check_traces(run, path, e);
	if (!rc)
		rc = job_read_text(j, text, RUN_FILE, e);
	if (rc)
		return rc;
	rc = plan_make(p, j, e);
	if (!rc && strcmp(p->hash, hash)) {
		rc = err_set(
			e, -EINVAL,
			"%s: its plan has hash %s, this program makes %s of the same job: another version? "
			"Go on with the program that began it, or start anew",
			path, hash, p->hash);
		plan_release(p);
	}
	if (rc)
		job_release(j);
	return rc;
}
