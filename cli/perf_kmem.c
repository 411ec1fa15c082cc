/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/perf_kmem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/tempdir.h"

#define ARGS_MAX 32u /* of perf's own */

extern char **environ;

/* A folder for perf's data and what it says. */
struct place {
	char dir[200], data[240], said[240], text[240];
};

static int make_place(struct place *p, struct err *e)
{
	/* not /tmp, which may be memory: recordings are large */
	int rc = tempdir_make(p->dir, sizeof(p->dir), "record", "/var/tmp", e);

	if (rc)
		return rc;
	snprintf(p->data, sizeof(p->data), "%s/perf.data", p->dir);
	snprintf(p->said, sizeof(p->said), "%s/said", p->dir);
	snprintf(p->text, sizeof(p->text), "%s/text", p->dir);
	return 0;
}

static void remove_place(const struct place *p)
{
	unlink(p->data);
	unlink(p->said);
	rmdir(p->dir);
}

/* Run @args with standard output and error as given (NULL: ours). Its wait status, or -errno. */
static int run(char *const *args, const char *out, const char *err)
{
	posix_spawn_file_actions_t fa;
	int status, rc;
	pid_t pid;

	posix_spawn_file_actions_init(&fa);
	if (out)
		posix_spawn_file_actions_addopen(&fa, STDOUT_FILENO, out,
						 O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (err)
		posix_spawn_file_actions_addopen(&fa, STDERR_FILENO, err,
						 O_WRONLY | O_CREAT | O_TRUNC, 0600);
	rc = posix_spawnp(&pid, args[0], &fa, NULL, args, environ);
	posix_spawn_file_actions_destroy(&fa);
	if (rc)
		return -rc;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return status;
}

/* The last line that perf said, for a message. */
static void what_it_said(const struct place *p, char *to, size_t room)
{
	char *text, *line, *next;

	snprintf(to, room, "perf failed");
	if (file_read(p->said, 1 << 16, &text, NULL, NULL))
		return;
	for (line = text; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (*line &&
		    (strstr(line, "rror") || strstr(line, "ermission") || strstr(line, "denied")))
			snprintf(to, room, "perf: %.200s", line);
	}
	free(text);
}

static bool has_event(const char *name)
{
	static const char *const roots[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	char path[128];

	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/events/kmem/%s", roots[i], name);
		if (!access(path, F_OK))
			return true;
	}
	return false;
}

/* perf record's command line into @args; @limit and @size are room for numbers. */
static int record_args(const struct perf_kmem *r, const struct place *p, char **args, char *size,
		       char *limit)
{
	unsigned n = 0;

	sprintf(size, "--max-size=%" PRIu64 "K", (r->max_bytes + 1023) / 1024);
	sprintf(limit, "%u", r->seconds);
	args[n++] = (char *)"perf";
	args[n++] = (char *)"record";
	args[n++] = (char *)"-q";
	args[n++] = (char *)"-m";
	args[n++] = (char *)"8M";
	args[n++] = size;
	if (r->system || !r->command)
		args[n++] = (char *)"-a";
	args[n++] = (char *)"-e";
	args[n++] = (char *)"kmem:kmem_cache_alloc";
	if (has_event("kmem_cache_alloc_node")) {
		args[n++] = (char *)"-e";
		args[n++] = (char *)"kmem:kmem_cache_alloc_node";
	}
	args[n++] = (char *)"-e";
	args[n++] = (char *)"kmem:kmem_cache_free";
	args[n++] = (char *)"-o";
	args[n++] = (char *)p->data;
	args[n++] = (char *)"--";
	if (!r->command) {
		args[n++] = (char *)"sleep";
		args[n++] = limit;
	} else if (r->seconds) {
		args[n++] = (char *)"timeout";
		args[n++] = limit;
	}
	return (int)n;
}

static int record(const struct perf_kmem *r, const struct place *p, int *status, struct err *e)
{
	unsigned words = 0, n;
	char size[48], limit[16], said[256], **args;
	struct stat st;
	int rc;

	while (r->command && r->command[words])
		words++;
	args = calloc(ARGS_MAX + words, sizeof(*args));
	if (!args)
		return err_set(e, -ENOMEM, "no memory");
	n = (unsigned)record_args(r, p, args, size, limit);
	if (words)
		memcpy(args + n, r->command, words * sizeof(*args));
	/* perf speaks on the command's standard error; it is shown only when nothing was recorded */
	rc = run(args, NULL, p->said);
	free(args);
	if (rc == -ENOENT)
		return err_set(e, rc, "there is no perf here (Debian: linux-perf)");
	if (rc < 0)
		return err_set(e, rc, "perf: %s", strerror(-rc));
	*status = WIFEXITED(rc) ? WEXITSTATUS(rc) : 128 + WTERMSIG(rc);
	if (!stat(p->data, &st) && st.st_size)
		return 0;
	what_it_said(p, said, sizeof(said));
	return err_set(
		e, -EACCES,
		"nothing was recorded (%s). It needs root or CAP_PERFMON, a kernel with the kmem "
		"tracepoints, and tracefs: mount -t tracefs nodev /sys/kernel/tracing",
		said);
}

static int make_text(const struct place *p, struct err *e)
{
	char *const args[] = { (char *)"perf",
			       (char *)"script",
			       (char *)"-i",
			       (char *)p->data,
			       (char *)"--ns",
			       (char *)"--show-lost-events",
			       (char *)"-F",
			       (char *)"comm,tid,cpu,time,event,trace",
			       NULL };
	char said[256];
	int rc = run(args, p->text, p->said);

	if (!rc)
		return 0;
	if (rc < 0)
		return err_set(e, rc, "perf script: %s", strerror(-rc));
	what_it_said(p, said, sizeof(said));
	return err_set(e, -EIO, "perf script: %s", said);
}

int perf_kmem_record(const struct perf_kmem *r, char **text, int *status, struct err *e)
{
	struct place p;
	int err = make_place(&p, e);

	if (err)
		return err;
	err = record(r, &p, status, e);
	if (!err)
		err = make_text(&p, e);
	if (!err) {
		char kept[240];

		snprintf(kept, sizeof(kept), "%s.txt", p.dir);
		if (rename(p.text, kept))
			err = err_set(e, -errno, "%s: %s", kept, strerror(errno));
		else if (!(*text = strdup(kept)))
			err = err_set(e, -ENOMEM, "no memory");
	}
	unlink(p.text);
	remove_place(&p);
	return err;
}
