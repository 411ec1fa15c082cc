/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One load, as it is (model_plain) or with every access simulated (model_load):
 *
 *	model_load [--target SPEC] [--frames KIND] [--details] WORK N
 *	model_load [--target SPEC] [--frames KIND] [--details] WORKLOAD N "name=value ..."
 *
 * WORK is one of tests/model/work.c, WORKLOAD one of workloads/workloads.def on the engine with its default toggles.
 * Prints lines of `name,value`: what the machine counted, and the seconds of CPU time that the N rounds took.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <time.h>

#include "tests/model/load.h"
#include "tests/model/work.h"
#include "tests/workloads_help.h"

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

struct load {
	const char *name, *options;
	struct load_ask ask;
	uint64_t n;
	double seconds;
	uint64_t sum;
};

static int run_work(struct load *l, struct err *e)
{
	int err = work_map();

	if (err)
		return err_set(e, err, "the arena: %s", strerror(-err));
	err = load_begin(&l->ask, e);
	if (err)
		return err;
	l->seconds = -cpu_seconds();
	err = work_run(l->name, l->n, &l->sum);
	l->seconds += cpu_seconds();
	return err ? err_set(e, err, "no work named %s", l->name) : 0;
}

static int run_workload(struct load *l, struct err *e)
{
	uint64_t done = 0;
	struct rig r;
	int err;

	rig_init(&r, l->name, l->options, allocator_find("slab"), 1, 1);
	err = rig_setup(&r);
	if (err)
		return err_set(e, err, "%s", r.e.text);
	err = load_begin(&l->ask, e);
	if (err)
		return err;
	l->seconds = -cpu_seconds();
	if (l->n && wl_step(r.wl, &r.env, r.env.worker, l->n, &done) != WL_DONE)
		err = err_set(e, r.env.worker->error, "%s", r.env.worker->err.text);
	l->seconds += cpu_seconds();
	l->sum = done;
	return err;
}

static int parse(struct load *l, int argc, char **argv)
{
	char *end;
	int i = 1;

	for (; i < argc && !strncmp(argv[i], "--", 2); i++)
		if (!strcmp(argv[i], "--details"))
			l->ask.details = 1;
		else if (!strcmp(argv[i], "--target") && i + 1 < argc)
			l->ask.target = argv[++i];
		else if (!strcmp(argv[i], "--frames") && i + 1 < argc)
			l->ask.frames = argv[++i];
		else
			return -EINVAL;
	if (argc - i < 2 || argc - i > 3)
		return -EINVAL;
	l->name = argv[i];
	l->n = strtoull(argv[i + 1], &end, 10);
	l->options = argc - i == 3 ? argv[i + 2] : "";
	return *end || end == argv[i + 1] ? -EINVAL : 0;
}

int main(int argc, char **argv)
{
	struct load l = { 0 };
	struct err e;
	int err;

	if (parse(&l, argc, argv)) {
		fprintf(stderr,
			"usage: %s [--target SPEC] [--frames KIND] [--details] NAME N [OPTIONS]\n",
			argv[0]);
		return 2;
	}
	err = workload_find(l.name) ? run_workload(&l, &e) : run_work(&l, &e);
	if (!err)
		err = load_end(stdout, &e);
	if (err) {
		fprintf(stderr, "%s: %s\n", argv[0], e.text);
		return 1;
	}
	printf("seconds,%.9f\nsum,%llu\n", l.seconds, (unsigned long long)l.sum);
	/* libraries' ends are not part of the load: they miss more after more of it */
	fflush(stdout);
	_exit(0);
}
