/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/trial_help.h"

/* Gives up on a child that says nothing for a minute: a hang must not hang the test. */
static void watch(int fd, pid_t pid, struct outcome *o)
{
	ssize_t n;

	while (o->len < sizeof(o->text) - 1 &&
	       (n = read(fd, o->text + o->len, sizeof(o->text) - 1 - o->len)) > 0)
		o->len += (size_t)n;
	close(fd);
	assert_int_equal(waitpid(pid, &o->status, 0), pid);
}

static void digest(struct outcome *o)
{
	char *copy = strdup(o->text), *save = NULL;

	assert_non_null(copy);
	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct trial_line l;
		size_t at = strlen(o->phases);

		if (trial_line_parse(line, &l, NULL)) {
			o->bad++;
			continue;
		}
		o->values += l.kind == TRIAL_VALUE;
		o->unavailable += l.kind == TRIAL_VALUE && l.value.state == VALUE_UNAVAILABLE;
		o->effective += l.kind == TRIAL_EFFECTIVE;
		o->ended = l.kind == TRIAL_END;
		if (l.kind == TRIAL_PHASE) {
			snprintf(o->phase, sizeof(o->phase), "%s", l.name);
			snprintf(o->phases + at, sizeof(o->phases) - at, "%s%s", at ? " " : "",
				 l.name);
		}
		if (l.kind == TRIAL_ERROR)
			snprintf(o->error, sizeof(o->error), "%s", l.text);
	}
	free(copy);
}

void run_trial(const char *text, const struct workload *own, struct outcome *o)
{
	int spec[2], out[2];
	pid_t pid;

	memset(o, 0, sizeof(*o));
	assert_int_equal(pipe(spec), 0);
	assert_int_equal(pipe(out), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		struct trial_spec s;
		struct err e;
		int status;

		alarm(60);
		close(spec[1]);
		close(out[0]);
		if (!own)
			_exit(trial_main(spec[0], out[1]));
		if (trial_spec_init(&s, &e) || trial_spec_read(&s, fdopen(spec[0], "r"), &e))
			_exit(99);
		s.wl = own;
		status = trial_run(&s, out[1]);
		_exit(status);
	}
	close(spec[0]);
	close(out[1]);
	assert_int_equal(write(spec[1], text, strlen(text)), (ssize_t)strlen(text));
	close(spec[1]);
	watch(out[0], pid, o);
	digest(o);
}

const char *field_of(const struct outcome *o, const char *kind, const char *name, char *buf,
		     size_t len)
{
	char want[128];
	const char *at;

	snprintf(want, sizeof(want), "\n%s %s ", kind, name);
	at = strstr(o->text, want);
	if (!at)
		return NULL;
	at += strlen(want);
	snprintf(buf, len, "%.*s", (int)strcspn(at, " \n"), at);
	return buf;
}

static const char whole[] = "spec setup warmup measure verify emit teardown";

void expect_whole(const struct outcome *o, const char *what)
{
	if (!WIFEXITED(o->status) || WEXITSTATUS(o->status) || !o->ended ||
	    strcmp(o->phases, whole) || o->bad)
		fail_msg("%s: status %d, phases '%s', error '%s'", what, o->status, o->phases,
			 o->error);
}
