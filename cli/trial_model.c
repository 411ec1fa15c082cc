/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Workers of a simulated machine on one thread: see trial_model.h. */

#include "cli/trial_model.h"

#include <alloca.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "collectors/model/model.h"

#define IDLE_ROUNDS 64 /* in which nobody does anything: then they wait for each other */

/* Environment and arguments lie above the stack and are of any length up to this. */
#define STACK_ROUND ((uintptr_t)512 << 10)

static const struct model_params *params_of(const struct trial_spec *s)
{
	unsigned i = 0;

	while (collectors[i] != collector_find("model"))
		i++;
	return s->collector[i];
}

/* ---- before ---- */

void trial_model_split(const char *list, char rest[OPT_STR_MAX])
{
	const struct collector *model = collector_find("model");
	char copy[OPT_STR_MAX], *save = NULL;
	size_t n = 0;

	snprintf(copy, sizeof(copy), "%s", list);
	rest[0] = '\0';
	for (char *name = strtok_r(copy, ",", &save); name; name = strtok_r(NULL, ",", &save))
		if (collector_find(name) != model)
			n += (size_t)snprintf(rest + n, OPT_STR_MAX - n, "%s%s", n ? "," : "",
					      name);
}

/* @target is of @s, @m of @target. */
static int check(const struct trial_spec *s, const struct kmem_machine *m, struct err *e)
{
	if (s->run.nodes && s->run.nodes != m->nr_nodes)
		return err_set(e, -EINVAL, "nodes: %u, but the target has %u", s->run.nodes,
			       m->nr_nodes);
	if (s->run.reap_ms)
		return err_set(
			e, -EINVAL,
			"reap_ms: a modelled trial has no clock, so nothing is reaped; use reap_ms=off");
	return trial_cpus_check(&s->run, m, e);
}

static int keep_target(struct trial_model_target *kept, const struct model_params *p, struct err *e)
{
	int err;

	if (kept->have && !strcmp(kept->target, p->target) && !strcmp(kept->fill, p->fill))
		return 0;
	kept->have = false;
	err = model_target(&kept->t, p, e);
	if (err)
		return err;
	memcpy(kept->target, p->target, sizeof(kept->target));
	memcpy(kept->fill, p->fill, sizeof(kept->fill));
	kept->have = true;
	return 0;
}

int trial_model_validate(const struct trial_spec *s, struct kmem_machine *m,
			 struct trial_model_target *kept, struct err *e)
{
	int err = keep_target(kept, params_of(s), e);

	if (!err)
		err = model_machine(m, &kept->t, e);
	return err ? err : check(s, m, e);
}

int trial_model_check_record(const struct trial_spec *s, uint64_t trials, struct err *e)
{
	if (!*params_of(s)->record)
		return 0;
	if (!model_in_list(s->run.collect))
		return err_set(
			e, -EINVAL,
			"record: it is the model that sees loads and stores; add it: --collect +model");
	if (trials != 1)
		return err_set(e, -EINVAL,
			       "record: the file has room for one trial, and these are %" PRIu64
			       "; give one value of each setting, and --launches 1",
			       trials);
	return 0;
}

/* A native build, whose sanitizers want to know their stacks, simulates nothing. */
static int make_stacks(struct trial_model *t, unsigned workers, struct err *e)
{
	size_t bytes = workers * TRIAL_MODEL_STACK, page = (size_t)sysconf(_SC_PAGESIZE);
	void *p;

	if (!model_build())
		return 0;
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		 -1, 0);
	if (p == MAP_FAILED)
		return err_set(e, -errno, "no memory for the stacks of %u workers", workers);
	t->stacks = p;
	for (unsigned i = 0; i < workers; i++)
		if (mprotect(t->stacks + i * TRIAL_MODEL_STACK, page, PROT_NONE))
			return err_set(e, -errno, "mprotect: %s", strerror(errno));
	model_state.stacks = (uintptr_t)p;
	model_state.stacks_bytes = bytes;
	return 0;
}

int trial_model_open(struct trial_exec *x, struct err *e)
{
	const struct trial_opts *run = &x->spec->run;
	struct trial_model *t;
	uint64_t seed = run->seed ^ UINT64_C(0x6d6f64656c); /* a stream of its own */
	int err;

	if (!model_in_list(run->collect))
		return 0;
	t = calloc(1, sizeof(*t));
	if (!t)
		return err_set(e, -ENOMEM, "no memory for the target");
	x->model = t;
	t->params = params_of(x->spec);
	t->left = calloc(run->workers, sizeof(*t->left));
	t->order = calloc(run->workers, sizeof(*t->order));
	if (!t->left || !t->order)
		return err_set(e, -ENOMEM, "no memory for %u workers", run->workers);
	rng_seed(&t->rng, rng_splitmix64(&seed));
	err = make_stacks(t, run->workers, e);
	return err ? err : model_target(&t->target, t->params, e);
}

void trial_model_close(struct trial_exec *x)
{
	struct trial_model *t = x->model;

	if (!t)
		return;
	if (t->stacks) {
		munmap(t->stacks, x->spec->run.workers * TRIAL_MODEL_STACK);
		model_state.stacks = model_state.stacks_bytes = 0;
	}
	free(t->left);
	free(t->order);
	free(t);
	x->model = NULL;
}

int trial_model_machine(struct trial_exec *x, struct err *e)
{
	int err = model_machine(x->machine, &x->model->target, e);

	if (!err)
		err = check(x->spec, x->machine, e);
	return err ? err :
		     trial_cpus_model(&x->spec->run, x->machine,
				      model_core_threads(&x->model->target), x->cpu, e);
}

int trial_model_bind(struct trial_exec *x, unsigned cpu, struct err *e)
{
	int err = x->system ? kmem_thread_bind((int)cpu) : 0;

	model_state.cpu = cpu;
	return err ? err_set(e, err, "slot %u is taken: %s", cpu, strerror(-err)) : 0;
}

void trial_model_unbind(struct trial_exec *x)
{
	if (x->system)
		kmem_thread_bind(-1);
}

/* Two digits, as other numbers that are found and not given. */
uint64_t trial_model_ops(const struct trial_exec *x)
{
	uint64_t n = MODEL_AUTO_OPS / x->env.workers, unit = 1;

	while (n / unit >= 100)
		unit *= 10;
	return n ? n / unit * unit : 1;
}

/* ---- stepping ---- */

/* What a worker is to do, and what came of it. */
struct errand {
	struct trial_exec *x;
	struct wl_worker *w;
	uint64_t n, did;
	enum wl_status status;
	ucontext_t back;
};

static void run_errand(struct errand *a)
{
	uint64_t done = 0; /* the step writes it: on the worker's own stack */

	model_state.op = MODEL_OTHER;
	model_state.on = model_state.sim != NULL;
	a->status = wl_step(a->x->spec->wl, &a->x->env, a->w, a->n, &done);
	model_state.on = 0;
	a->did = done;
}

/* makecontext() hands over nothing but int. */
static void run_on_stack(unsigned high, unsigned low)
{
	run_errand((struct errand *)((uintptr_t)high << 16 << 16 | low));
}

static int run_there(struct errand *a, char *stack, struct err *e)
{
	uintptr_t p = (uintptr_t)a;
	ucontext_t there;

	if (getcontext(&there))
		return err_set(e, -errno, "getcontext: %s", strerror(errno));
	there.uc_stack.ss_sp = stack;
	there.uc_stack.ss_size = TRIAL_MODEL_STACK;
	there.uc_link = &a->back;
	makecontext(&there, (void (*)(void))run_on_stack, 2, (unsigned)(p >> 16 >> 16),
		    (unsigned)p);
	return swapcontext(&a->back, &there) ?
		       err_set(e, -errno, "swapcontext: %s", strerror(errno)) :
		       0;
}

/* One turn of a worker: 0 and *@did, or -errno. */
static int turn(struct trial_exec *x, unsigned worker, uint64_t *did, struct err *e)
{
	const struct trial_model *t = x->model;
	struct wl_worker *w = &x->env.worker[worker];
	struct errand a = { .x = x, .w = w, .n = t->left[worker] };
	int err = trial_model_bind(x, w->cpu, e);

	/* alone, nobody else's turn is awaited */
	if (x->env.workers > 1 && a.n > t->params->chunk)
		a.n = t->params->chunk;
	if (!err && t->stacks)
		err = run_there(&a, t->stacks + worker * TRIAL_MODEL_STACK, e);
	else if (!err)
		run_errand(&a);
	if (err)
		return err;
	*did = a.did;
	x->model->left[worker] -= a.did;
	return a.status == WL_FAILED ? err_set(e, w->error, "%s", w->err.text) : 0;
}

static int deadlock(const struct trial_exec *x, struct err *e)
{
	char who[64] = "";

	for (unsigned i = 0; i < x->env.workers; i++) {
		size_t n = strlen(who);

		if (x->model->left[i] && n < sizeof(who) - 1)
			snprintf(who + n, sizeof(who) - n, "%s%u", n ? ", " : "", i);
	}
	return err_set(e, -EDEADLK, "deadlock: all workers that are left wait: %s", who);
}

int trial_model_steps(struct trial_exec *x, uint64_t n, struct err *e)
{
	struct trial_model *t = x->model;
	unsigned nr = x->env.workers, idle = 0;

	for (unsigned i = 0; i < nr; i++) {
		t->left[i] = n;
		t->order[i] = i;
	}
	while (n && nr) {
		uint64_t did = 0;
		unsigned still = 0;

		rng_shuffle(&t->rng, t->order, nr, sizeof(*t->order));
		for (unsigned i = 0; i < nr; i++) {
			uint64_t one;
			int err = turn(x, t->order[i], &one, e);

			if (err)
				return err;
			did += one;
			if (t->left[t->order[i]])
				t->order[still++] = t->order[i];
		}
		nr = still;
		idle = did ? 0 : idle + 1;
		if (idle == IDLE_ROUNDS)
			return deadlock(x, e);
	}
	return 0;
}

/* ---- addresses ---- */

/*
 * Which sets a trial uses follows from its addresses. The runner starts it with address space
 * randomisation off and few variables in the environment; what is left of these is taken away here:
 * frames of instrumented code lie at the same addresses whatever stands above them.
 */
int trial_model_run(const struct trial_spec *s, int out)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	volatile char *room = __builtin_alloca(here % STACK_ROUND + 64);

	room[0] = 0;
	return trial_run(s, out);
}
