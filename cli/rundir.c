/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/rundir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

const char *rundir_file(const struct rundir *d, const char *name, char buf[PATH_MAX])
{
	/* rundir_lock() has seen to it that a short name fits behind the path */
	if (snprintf(buf, PATH_MAX, "%s/%s", d->path, name) >= PATH_MAX)
		buf[PATH_MAX - 1] = '\0';
	return buf;
}

static int make_folders(const char *path, struct err *e)
{
	char p[PATH_MAX], *s;

	snprintf(p, sizeof(p), "%s", path);
	for (s = p + 1;; s++) {
		char c = *s;

		if (c && c != '/')
			continue;
		*s = '\0';
		if (mkdir(p, 0777) && errno != EEXIST)
			return err_set(e, -errno, "%s: %s", p, strerror(errno));
		if (!c)
			return 0;
		*s = c;
	}
}

static int rundir_lock(struct rundir *d, const char *path, struct err *e)
{
	size_t len = strlen(path);

	d->lock = -1;
	if (!len || len > sizeof(d->path) - 80)
		return err_set(e, -ENAMETOOLONG, "'%.60s...': not a usable folder name", path);
	while (len > 1 && path[len - 1] == '/')
		len--;
	snprintf(d->path, sizeof(d->path), "%.*s", (int)len, path);
	d->lock = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->lock < 0)
		return err_set(e, -errno, "%s: %s", d->path, strerror(errno));
	if (!flock(d->lock, LOCK_EX | LOCK_NB))
		return 0;
	close(d->lock);
	d->lock = -1;
	return err_set(e, -EBUSY, "%s: another slabscope is running trials into it", d->path);
}

int rundir_open(struct rundir *d, const char *path, struct err *e)
{
	return rundir_lock(d, path, e);
}

void rundir_close(struct rundir *d)
{
	if (d->lock >= 0)
		close(d->lock);
	d->lock = -1;
}

/* Anything in the folder but what a killed start leaves behind (a temporary of run.json). */
static int has_entries(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *t;
	int n = 0;

	while (dir && (t = readdir(dir)))
		if (strcmp(t->d_name, ".") && strcmp(t->d_name, "..") &&
		    strncmp(t->d_name, RUN_FILE ".", 9) && strncmp(t->d_name, "." RUN_FILE, 9))
			n++;
	if (dir)
		closedir(dir);
	return n;
}

static void remove_plots(const struct rundir *d)
{
	static const char *const ours[] = { ".svg", ".png", ".pdf", ".gp", ".dat" };
	char plots[PATH_MAX], file[PATH_MAX];
	DIR *dir = opendir(rundir_file(d, "plots", plots));
	struct dirent *t;
	unsigned i;

	while (dir && (t = readdir(dir))) {
		const char *dot = strrchr(t->d_name, '.');

		for (i = 0; dot && i < sizeof(ours) / sizeof(ours[0]); i++)
			if (!strcmp(dot, ours[i]) &&
			    snprintf(file, sizeof(file), "%s/%s", plots, t->d_name) < PATH_MAX)
				unlink(file);
	}
	if (dir)
		closedir(dir);
}

/* Samples go first: a description without samples is a run that has not begun, the reverse would
 * be nothing. */
static int remove_earlier(const struct rundir *d, struct err *e)
{
	static const char *const ours[] = { SAMPLES_FILE, "summary.csv", RUN_FILE };
	char path[PATH_MAX];
	unsigned i;

	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (unlink(rundir_file(d, ours[i], path)) && errno != ENOENT)
			return err_set(e, -errno, "%s: %s", path, strerror(errno));
	remove_plots(d);
	return 0;
}

int rundir_create(struct rundir *d, const char *path, int force, struct err *e)
{
	int rc;

	d->lock = -1;
	if (strlen(path) > sizeof(d->path) - 80)
		return err_set(e, -ENAMETOOLONG, "'%.60s...': not a usable folder name", path);
	rc = make_folders(path, e);
	if (!rc)
		rc = rundir_lock(d, path, e);
	if (rc)
		return rc;
	if (force)
		rc = remove_earlier(d, e);
	else if (has_entries(d->path))
		rc = err_set(
			e, -EEXIST,
			"%s: is not empty: --resume %s goes on with it, --force starts it anew",
			d->path, d->path);
	if (rc)
		rundir_close(d);
	return rc;
}

/* ---- what is there already ---- */

static int status_of(const char *state)
{
	int i;

	for (i = 0; i < LAUNCH_STATES; i++)
		if (!strcmp(launch_status_names[i], state))
			return i;
	return -EINVAL;
}

static int put_states(const struct plan *p, const struct samples *s, struct run_states *states,
		      const char *path, struct err *e)
{
	size_t i;

	for (i = 0; i < s->nr; i++) {
		const struct sample *r = &s->row[i];
		unsigned block, config;
		int status;

		if (!samples_is_status(r))
			continue;
		if (plan_parse_id(r->trial, &block, &config) || block >= p->blocks ||
		    config >= p->nr_configs || block != r->block || config != r->config ||
		    strcmp(r->label, p->config[config].label) ||
		    strcmp(r->experiment, p->exp[p->config[config].exp].name))
			return err_set(e, -EINVAL, "%s: trial %s (%s %s) is not of this run's plan",
				       path, r->trial, r->experiment, r->label);
		status = status_of(r->state);
		if (status < 0)
			return err_set(e, -EINVAL, "%s: trial %s: '%.40s' is no state of a trial",
				       path, r->trial, r->state);
		states_put(states, block, config, (enum launch_status)status, r->note);
	}
	return 0;
}

int rundir_states(const struct rundir *d, const struct plan *p, struct run_states *states,
		  struct err *e)
{
	char path[PATH_MAX];
	struct samples s;
	struct stat st;
	int rc;

	rundir_file(d, SAMPLES_FILE, path);
	if (stat(path, &st))
		return errno == ENOENT ? 0 : err_set(e, -errno, "%s: %s", path, strerror(errno));
	if (!st.st_size)
		return 0; /* killed before its header: samples_open() writes that */
	rc = samples_read(&s, path, e);
	if (rc)
		return rc;
	rc = put_states(p, &s, states, path, e);
	if (!rc && truncate(path, s.whole_bytes))
		rc = err_set(e, -errno, "%s: cannot cut off the torn end: %s", path,
			     strerror(errno));
	samples_release(&s);
	return rc;
}

/* ---- what was measured ---- */

static void take_values(const struct plan *p, const struct samples *s, const char *metric,
			double *v)
{
	size_t i;
	int ok = 0;

	/* backwards: a trial's status is its last row */
	for (i = s->nr; i--;) {
		const struct sample *r = &s->row[i];

		if (samples_is_status(r))
			ok = !r->superseded && !strcmp(r->state, launch_status_names[LAUNCH_OK]) &&
			     r->config < p->nr_configs && r->block < p->blocks;
		else if (ok && r->worker < 0 && !strcmp(r->metric, metric))
			v[(size_t)r->config * p->blocks + r->block] = r->value;
	}
}

int rundir_values(const struct rundir *d, const struct plan *p, const char *metric, double **v,
		  struct err *e)
{
	size_t i, n = (size_t)p->nr_configs * p->blocks;
	char path[PATH_MAX];
	struct samples s;
	int rc = samples_read(&s, rundir_file(d, SAMPLES_FILE, path), e);

	*v = NULL;
	if (rc)
		return rc;
	*v = malloc(n * sizeof(**v));
	for (i = 0; *v && i < n; i++)
		(*v)[i] = NAN;
	if (*v)
		take_values(p, &s, metric, *v);
	else
		rc = err_set(e, -ENOMEM, "out of memory");
	samples_release(&s);
	return rc;
}
