/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The crew of worker threads: start, pin, hand out jobs, join. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/trial_model.h"

static int bind_cpu(struct trial_exec *x, hwloc_const_cpuset_t set, struct err *e)
{
	if (!hwloc_set_cpubind(x->topo, set, HWLOC_CPUBIND_THREAD))
		return 0;
	return err_set(e, -errno, "cannot bind a thread to CPUs 0x%lx...: %s",
		       hwloc_bitmap_to_ulong(set), strerror(errno));
}

static int uses_slots(const struct trial_exec *x)
{
	return x->system && x->machine->cpu_source == KMEM_CPU_SLOT;
}

int trial_bind(struct trial_exec *x, unsigned cpu, struct err *e)
{
	hwloc_bitmap_t set;
	int err;

	if (x->model)
		return trial_model_bind(x, cpu, e);
	set = hwloc_bitmap_alloc();
	if (!set)
		return err_set(e, -ENOMEM, "no memory");
	hwloc_bitmap_only(set, cpu);
	err = bind_cpu(x, set, e);
	hwloc_bitmap_free(set);
	if (!err && uses_slots(x)) {
		err = kmem_thread_bind((int)cpu);
		if (err)
			return err_set(e, err, "slot %u is taken: %s", cpu, strerror(-err));
	}
	return err;
}

int trial_unbind(struct trial_exec *x, struct err *e)
{
	if (x->model) {
		trial_model_unbind(x);
		return 0;
	}
	if (uses_slots(x))
		kmem_thread_bind(-1);
	return bind_cpu(x, x->home, e);
}

/* Wait for a job for this worker. NULL: go home. */
static trial_job *next_job(struct trial_hand *h)
{
	struct trial_exec *x = h->x;
	trial_job *job;

	pthread_mutex_lock(&x->lock);
	while (h->job_seen == x->job_nr ||
	       (x->job && x->job_for >= 0 && x->job_for != (int)h->w->id)) {
		h->job_seen = x->job_nr; /* somebody else's */
		pthread_cond_wait(&x->wake, &x->lock);
	}
	h->job_seen = x->job_nr;
	job = x->job;
	pthread_mutex_unlock(&x->lock);
	return job;
}

static void job_done(struct trial_hand *h)
{
	struct trial_exec *x = h->x;

	pthread_mutex_lock(&x->lock);
	if (!--x->pending)
		pthread_cond_signal(&x->done);
	pthread_mutex_unlock(&x->lock);
}

static void *hand_main(void *arg)
{
	struct trial_hand *h = arg;
	trial_job *job;
	char name[16];

	snprintf(name, sizeof(name), "worker-%u", h->w->id);
	pthread_setname_np(pthread_self(), name);
	while ((job = next_job(h)) != NULL) {
		h->error = job(h->x, h, &h->err);
		job_done(h);
	}
	return NULL;
}

static void post(struct trial_exec *x, trial_job *job, int whom, unsigned nr)
{
	pthread_mutex_lock(&x->lock);
	x->job = job;
	x->job_for = whom;
	x->pending = nr;
	x->job_nr++;
	pthread_cond_broadcast(&x->wake);
	while (x->pending)
		pthread_cond_wait(&x->done, &x->lock);
	pthread_mutex_unlock(&x->lock);
}

/* The first worker's error, if any; one that only gave up waiting for another counts last. */
static int crew_error(struct trial_exec *x, struct err *e)
{
	const struct trial_hand *bad = NULL;

	for (unsigned i = 0; i < x->nr_hands; i++) {
		const struct trial_hand *h = &x->hand[i];

		if (h->error && (!bad || (bad->error == -ECANCELED && h->error != -ECANCELED)))
			bad = h;
	}
	return bad ? err_set(e, bad->error, "%s", bad->err.text) : 0;
}

int trial_crew_all(struct trial_exec *x, trial_job *job, struct err *e)
{
	post(x, job, -1, x->nr_hands);
	return crew_error(x, e);
}

/* The main thread is one worker after the other. */
static int model_turns(struct trial_exec *x, trial_job *job, struct err *e)
{
	int err = 0;

	for (unsigned i = 0; i < x->env.workers && !err; i++) {
		struct trial_hand h = { .x = x, .w = &x->env.worker[i] };

		err = trial_model_bind(x, h.w->cpu, e);
		if (!err)
			err = job(x, &h, e);
	}
	return err;
}

int trial_crew_turns(struct trial_exec *x, trial_job *job, struct err *e)
{
	if (x->model)
		return model_turns(x, job, e);
	for (unsigned i = 0; i < x->nr_hands; i++) {
		int err;

		post(x, job, (int)i, 1);
		err = crew_error(x, e);
		if (err)
			return err;
	}
	return 0;
}

static int job_bind(struct trial_exec *x, struct trial_hand *h, struct err *e)
{
	return trial_bind(x, h->w->cpu, e);
}

int trial_crew_start(struct trial_exec *x, struct err *e)
{
	unsigned n = x->spec->run.workers;

	if (x->model)
		return 0;
	x->hand = aligned_alloc(_Alignof(struct trial_hand), n * sizeof(*x->hand));
	if (!x->hand)
		return err_set(e, -ENOMEM, "no memory for %u workers", n);
	memset(x->hand, 0, n * sizeof(*x->hand));
	for (unsigned i = 0; i < n; i++) {
		struct trial_hand *h = &x->hand[i];
		int err;

		h->x = x;
		h->w = &x->env.worker[i];
		err = pthread_create(&h->thread, NULL, hand_main, h);
		if (err)
			return err_set(e, -err, "worker %u cannot be started: %s", i,
				       strerror(err));
		x->nr_hands++;
	}
	return trial_crew_all(x, job_bind, e);
}

void trial_crew_stop(struct trial_exec *x)
{
	if (!x->hand)
		return;
	pthread_mutex_lock(&x->lock);
	x->job = NULL;
	x->job_nr++;
	pthread_cond_broadcast(&x->wake);
	pthread_mutex_unlock(&x->lock);
	for (unsigned i = 0; i < x->nr_hands; i++)
		pthread_join(x->hand[i].thread, NULL);
	x->nr_hands = 0;
	free(x->hand);
	x->hand = NULL;
}
