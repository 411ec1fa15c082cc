/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One trial from the specification to the last line. The order of events is that of collector.h and
 * workload.h. */

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cli/trial_model.h"
#include "collectors/model/model.h"
#include "lib/host.h"

struct fd_sink {
	struct value_sink sink; /* first: put() gets it back */
	int fd;
};

static void sink_put(struct value_sink *s, const struct value *v)
{
	struct trial_line l = { .kind = TRIAL_VALUE, .value = *v };

	trial_line_write(((struct fd_sink *)s)->fd, &l);
}

static void sink_flag(struct value_sink *s, enum trial_flag flag, const char *reason)
{
	struct trial_line l = {
		.kind = flag == FLAG_INVALID ? TRIAL_INVALID : TRIAL_DISTURBED,
		.text = reason,
	};

	trial_line_write(((struct fd_sink *)s)->fd, &l);
}

static void say_phase(int out, const char *name)
{
	struct trial_line l = { .kind = TRIAL_PHASE, .name = name };

	trial_line_write(out, &l);
}

static void say_error(int out, const char *text)
{
	struct trial_line l = { .kind = TRIAL_ERROR, .text = text };

	trial_line_write(out, &l);
}

/* Misuse or corruption in the engine: locks may be held, so there is no way on but out. */
static void report(void *arg, const char *text)
{
	struct trial_exec *x = arg;

	say_error(x->out, text);
	_exit(1);
}

const char *trial_build_flaw(void)
{
	if (strcmp(host_build_sanitizer(), "none"))
		return host_build_sanitizer();
	if (strcmp(host_build_variant(), "release"))
		return host_build_variant();
	return host_build_is_slow() ? "not optimised" : "";
}

/* ---- the machine, the system ---- */

static int setup_topology(struct trial_exec *x, struct err *e)
{
	/* the CPUs to bind to are this machine's, also where HWLOC_XMLFILE describes another one */
	if (hwloc_topology_init(&x->topo))
		return err_set(e, -ENOMEM, "hwloc: no memory for the topology");
	x->have_topo = 1;
	hwloc_topology_set_flags(x->topo, HWLOC_TOPOLOGY_FLAG_IS_THISSYSTEM);
	if (hwloc_topology_load(x->topo))
		return err_set(e, -EIO, "hwloc: cannot load the topology: %s", strerror(errno));
	x->home = hwloc_bitmap_alloc();
	if (!x->home || hwloc_get_cpubind(x->topo, x->home, HWLOC_CPUBIND_THREAD))
		return err_set(e, -EIO, "hwloc: cannot tell where this process may run: %s",
			       strerror(errno));
	return 0;
}

static int setup_machine(struct trial_exec *x, struct err *e)
{
	const struct trial_opts *run = &x->spec->run;
	int err;

	x->machine = malloc(sizeof(*x->machine));
	x->cpu = calloc(run->workers, sizeof(*x->cpu));
	if (!x->machine || !x->cpu)
		return err_set(e, -ENOMEM, "no memory for the machine");
	if (x->model)
		return trial_model_machine(x, e);
	err = kmem_machine_native(x->machine, e);
	if (!err && run->nodes)
		err = kmem_machine_emulate(x->machine, run->nodes, e);
	if (!err)
		err = trial_cpus(run, x->machine, x->cpu, e);
	return err ? err : setup_topology(x, e);
}

static int setup_system(struct trial_exec *x, struct err *e)
{
	struct kmem_system_config c = {
		.machine = x->machine,
		.populate = x->spec->run.populate,
		.report = report,
		.report_arg = x,
	};

	int err;

	if (!x->allocator->is_slab)
		return 0;
	err = kmem_system_create(&x->system, &c, e);
	if (!err && x->spec->run.reap_ms)
		err = kmem_reaper_start(x->system, x->spec->run.reap_ms, e);
	return err;
}

static int setup_env(struct trial_exec *x, struct err *e)
{
	const struct trial_spec *s = x->spec;
	uint64_t seed = s->run.seed;

	/* streams of their own for the engine and the workers */
	x->config.seed = rng_splitmix64(&seed);
	x->env = (struct wl_env){
		.params = s->params,
		.ops = x->allocator,
		.system = x->system,
		.machine = x->machine,
		.config = &x->config,
		.workers = s->run.workers,
		.worker = wl_workers_create(s->run.workers, rng_splitmix64(&seed)),
		.seed = s->run.seed,
	};
	if (!x->env.worker)
		return err_set(e, -ENOMEM, "no memory for %u workers", s->run.workers);
	for (unsigned i = 0; i < s->run.workers; i++)
		x->env.worker[i].cpu = x->cpu[i];
	return 0;
}

/* Which row of the table a collector is, for its options. */
static unsigned collector_index(const struct collector *c)
{
	unsigned i = 0;

	while (collectors[i] != c)
		i++;
	return i;
}

static void say_left_out(int out, const char *collector)
{
	struct fd_sink sink = { .sink = { .put = sink_put }, .fd = out };

	value_put_unavailable(
		&sink.sink, collector, "1", "engine",
		"it measures threads of the trial, and another program does the work");
}

static int open_collectors(struct trial_exec *x, struct err *e)
{
	char list[OPT_STR_MAX], *save = NULL;

	snprintf(list, sizeof(list), "%s", x->spec->run.collect);
	for (char *name = strtok_r(list, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
		const struct collector *c = collector_find(name);
		struct collect_ctx *ctx = &x->ctx[x->nr_collectors];
		int err;

		if (x->model && c && (c->thread_start || c->own_passes))
			return err_set(
				e, -EINVAL,
				"collect: '%s' measures this machine, and the trial is modelled",
				name);
		if (!c || x->nr_collectors == TRIAL_MAX_COLLECTORS)
			return err_set(e, -EINVAL, "collect: %s '%s'",
				       c ? "too many, at" : "there is no collector", name);
		if (x->spec->wl->children && !c->children) {
			say_left_out(x->out, c->name);
			continue;
		}
		*ctx = (struct collect_ctx){ .env = &x->env,
					     .wl = x->spec->wl,
					     .workers = x->env.workers,
					     .params = x->spec->collector[collector_index(c)] };
		x->collector[x->nr_collectors++] = c;
		err = c->open ? c->open(ctx, e) : 0;
		if (err)
			return err_prefix(e, err, "collector %s", c->name);
	}
	return 0;
}

/* Which passes of the region there are, and whose: those that all share first. */
static void plan_passes(struct trial_exec *x)
{
	unsigned i;

	x->passes = 0;
	for (i = 0; i < x->nr_collectors; i++) {
		const struct collector *c = x->collector[i];
		unsigned n = c->passes ? c->passes(&x->ctx[i]) : 1;

		x->passes_of[i] = n ? n : 1;
		if (!c->own_passes && x->passes_of[i] > x->passes)
			x->passes = x->passes_of[i];
	}
	for (i = 0; i < x->nr_collectors; i++) {
		if (!x->collector[i]->own_passes)
			continue;
		x->first_pass[i] = x->passes;
		x->passes += x->passes_of[i];
	}
	if (!x->passes)
		x->passes = 1; /* nobody measures */
}

static int setup(struct trial_exec *x, struct err *e)
{
	int err = trial_model_open(x, e);

	if (!err)
		err = setup_machine(x, e);
	if (!err)
		err = trial_bind(x, x->cpu[0],
				 e); /* pages that the system touches first lie there */
	if (!err)
		err = setup_system(x, e);
	if (!err)
		err = setup_env(x, e);
	if (!err)
		err = open_collectors(x, e);
	if (!err)
		err = trial_bind(x, x->cpu[0], e); /* again: now there may be a slot to take */
	if (err)
		return err;
	plan_passes(x);
	x->have_setup = 1;
	err = x->spec->wl->setup(&x->env, e);
	if (err)
		return err_prefix(e, err, "workload %s", x->spec->wl->name);
	err = trial_unbind(x, e);
	if (!err)
		err = trial_crew_start(x, e);
	return err ? err : trial_prepare_workers(x, e);
}

/* ---- afterwards ---- */

static int verify(struct trial_exec *x, struct err *e)
{
	uint64_t want = x->warmup_ops + x->passes * x->ops;
	int err;

	trial_crew_stop(x); /* before the main thread takes worker 0's CPU and slot */
	err = trial_bind(x, x->cpu[0], e);
	if (err)
		return err;
	for (unsigned i = 0; i < x->env.workers; i++)
		if (x->env.worker[i].ops != want)
			return err_set(e, -EILSEQ,
				       "worker %u counted %" PRIu64 " operations, not %" PRIu64, i,
				       x->env.worker[i].ops, want);
	err = x->spec->wl->verify(&x->env, e);
	for (unsigned i = 0; i < x->env.nr_caches && !err && x->allocator->is_slab; i++)
		err = kmem_cache_check(x->env.cache[i].slab, e);
	return err ? err_prefix(e, err, "verify") : 0;
}

struct own_values {
	struct wl_report report;
	struct value_sink *sink;
};

static void own_value(struct wl_report *r, const char *metric, double value, const char *unit)
{
	value_put(((struct own_values *)r)->sink, metric, value, unit, "engine", -1);
}

static void own_missing(struct wl_report *r, const char *metric, const char *unit, const char *why)
{
	value_put_unavailable(((struct own_values *)r)->sink, metric, unit, "engine", why);
}

static void own_invalid(struct wl_report *r, const char *why)
{
	struct value_sink *sink = ((struct own_values *)r)->sink;

	sink->flag(sink, FLAG_INVALID, why);
}

static void emit(struct trial_exec *x)
{
	struct fd_sink sink = { .sink = { .put = sink_put, .flag = sink_flag }, .fd = x->out };
	struct own_values own = { { own_value, own_missing, own_invalid }, &sink.sink };

	trial_emit_effective(x, &sink.sink);
	/* the native part of a trial says it, and it would be twice in one that is modelled as well */
	if (x->spec->wl->report && !x->model)
		x->spec->wl->report(&x->env, &own.report);
	for (unsigned i = 0; i < x->nr_collectors; i++)
		if (x->collector[i]->emit)
			x->collector[i]->emit(&x->ctx[i], &sink.sink);
}

static int teardown(struct trial_exec *x, struct err *e)
{
	int err = 0;

	trial_crew_stop(x);
	while (x->nr_collectors) {
		unsigned i = --x->nr_collectors;

		if (x->collector[i]->close)
			x->collector[i]->close(&x->ctx[i]);
	}
	if (x->have_setup)
		x->spec->wl->teardown(&x->env);
	if (x->system)
		err = kmem_system_destroy(x->system, e);
	wl_workers_destroy(x->env.worker);
	if ((x->home || x->model) && !err)
		trial_unbind(x, NULL);
	trial_model_close(x);
	hwloc_bitmap_free(x->home);
	if (x->have_topo)
		hwloc_topology_destroy(x->topo);
	free(x->machine);
	free(x->cpu);
	return err;
}

/* Each phase is announced, then done. */
static int run_phases(struct trial_exec *x, struct err *e)
{
	int err;

	say_phase(x->out, "setup");
	err = setup(x, e);
	if (err)
		return err;
	say_phase(x->out, "warmup");
	err = trial_warm_up(x, e);
	if (err)
		return err;
	say_phase(x->out, "measure");
	err = trial_measure(x, e);
	if (err)
		return err;
	say_phase(x->out, "verify");
	err = verify(x, e);
	if (err)
		return err;
	say_phase(x->out, "emit");
	emit(x);
	return 0;
}

static int bad_spec(int out, const struct err *e)
{
	say_error(out, e->text);
	return 2;
}

int trial_run(const struct trial_spec *s, int out)
{
	struct trial_exec *x = aligned_alloc(_Alignof(struct trial_exec), sizeof(*x));
	struct trial_line end = { .kind = TRIAL_END };
	struct err e = { .text = "no memory" }, late = { .text = "" };
	int err, late_err;

	if (!x)
		return bad_spec(out, &e);
	memset(x, 0, sizeof(*x));
	x->spec = s;
	x->out = out;
	x->config = s->config;
	pthread_mutex_init(&x->lock, NULL);
	pthread_cond_init(&x->wake, NULL);
	pthread_cond_init(&x->done, NULL);
	x->allocator = allocator_find(s->run.allocator);
	err = run_phases(x, &e);
	if (err)
		say_error(out, e.text);
	say_phase(out, "teardown");
	late_err = teardown(x, &late);
	if (late_err && !err)
		say_error(out, late.text);
	if (!err && !late_err)
		trial_line_write(out, &end);
	free(x);
	return err || late_err;
}

/* What a modelled trial needs makes others meaningless. */
static int check_program(const struct trial_spec *s, struct err *e)
{
	if (model_build() == model_in_list(s->run.collect))
		return 0;
	return err_set(e, -EINVAL,
		       model_build() ? "collect: slabscope-model runs trials with `model` only" :
				       "collect: `model` runs in slabscope-model only");
}

int trial_main(int in, int out)
{
	struct trial_spec s = { .wl = NULL };
	struct err e = { .text = "" };
	int fd = dup(in), status = 2;
	FILE *f;

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody would read what an orphan writes */
	say_phase(out, "spec");
	f = fd >= 0 ? fdopen(fd, "r") : NULL;
	if (!f) {
		if (fd >= 0)
			close(fd);
		err_set(&e, -errno, "the specification cannot be read: %s", strerror(errno));
		return bad_spec(out, &e);
	}
	if (trial_spec_init(&s, &e) || trial_spec_read(&s, f, &e) || trial_spec_validate(&s, &e) ||
	    check_program(&s, &e))
		status = bad_spec(out, &e);
	else if (*trial_build_flaw() && !s.run.allow_debug) {
		err_set(&e, -EPERM,
			"this build (%s) is not for measuring; allow_debug=on runs it all the same",
			trial_build_flaw());
		status = bad_spec(out, &e);
	} else {
		prctl(PR_SET_NAME, "slabscope-trial");
		status = model_build() ? trial_model_run(&s, out) : trial_run(&s, out);
	}
	fclose(f);
	trial_spec_release(&s);
	return status;
}
