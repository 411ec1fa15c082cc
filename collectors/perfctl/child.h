/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_PERFCTL_CHILD_H
#define SLABSCOPE_PERFCTL_CHILD_H

/*
 * A perf process that is steered through --control.
 *
 *	perfctl_child_start    fork, exec, and wait until perf answers
 *	perfctl_child_command  "enable\n", "disable\n": sent, and acknowledged by "ack\n" and a NUL
 *	perfctl_child_finish   SIGINT, wait; SIGKILL if it does not go
 *	perfctl_child_release  what it wrote is forgotten; harmless on a zeroed one
 *
 * Nothing lies in the file system: commands and answers go through a socket that perf inherits
 * (--control fd:N,N), and what perf writes goes into two anonymous files. The child dies with the
 * thread that started it.
 *
 * It is made without copying the page tables (as posix_spawn does): a fork would make every page of
 * ours fault once more when it is next written, perhaps in the measured region.
 */

#include <stddef.h>
#include <sys/types.h>

#define PERFCTL_ARGS_MAX 40
#define PERFCTL_WHY_MAX 400
#define PERFCTL_NUMBER 16

struct perfctl_child {
	unsigned timeout_ms; /* to wait for any answer; the caller's */
	/* the command line: the caller fills args[] with what child_fd() says in it */
	const char *args[PERFCTL_ARGS_MAX + 1];
	pid_t pid; /* 0: none, or reaped */
	int ctl[2], log, err;
	int fds; /* the four above are open */
	char ctl_text[PERFCTL_NUMBER * 3], log_text[PERFCTL_NUMBER];
	int error; /* errno of what failed first; 0 with `why`: perf's own refusal */
	char why[PERFCTL_WHY_MAX]; /* "" while all is well; one line */
};

/* Opens what perf will inherit: then ctl_text is "fd:N,N" and log_text the number for --log-fd. */
int perfctl_child_prepare(struct perfctl_child *c);
/* 0; or -errno with the reason in c->why and nothing running. */
int perfctl_child_start(struct perfctl_child *c);
int perfctl_child_command(struct perfctl_child *c, const char *command);
/* Ends perf; what it wrote can be read afterwards. 0, or -errno and c->why. */
int perfctl_child_finish(struct perfctl_child *c);
void perfctl_child_release(struct perfctl_child *c);

/* All of c->log or c->err: malloc'd, with a NUL behind; NULL when there is no memory. */
char *perfctl_child_read(int fd, size_t *len);

#endif
