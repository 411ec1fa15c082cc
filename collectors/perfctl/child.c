/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting, steering and ending perf: see child.h. */
#include "collectors/perfctl/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collectors/perfctl/parse.h"
#include "lib/clock.h"

#define STACK_BYTES (256u << 10)
#define MOST_OUTPUT (1u << 20)

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

extern char **environ;

static int fail(struct perfctl_child *c, int error, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The first failure is the one that is told. */
static int fail(struct perfctl_child *c, int error, const char *fmt, ...)
{
	va_list args;

	if (!*c->why) {
		c->error = error;
		va_start(args, fmt);
		vsnprintf(c->why, sizeof(c->why), fmt, args);
		va_end(args);
	}
	return error ? -error : -EIO;
}

/* ---- descriptors ---- */

int perfctl_child_prepare(struct perfctl_child *c)
{
	*c->why = '\0';
	c->error = 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, c->ctl))
		return fail(c, errno, "socketpair: %s", strerror(errno));
	c->log = memfd_create("perf-log", MFD_CLOEXEC);
	c->err = memfd_create("perf-err", MFD_CLOEXEC);
	c->fds = 1;
	if (c->log < 0 || c->err < 0)
		return fail(c, errno, "memfd_create: %s", strerror(errno));
	snprintf(c->ctl_text, sizeof(c->ctl_text), "fd:%d,%d", c->ctl[1], c->ctl[1]);
	snprintf(c->log_text, sizeof(c->log_text), "%d", c->log);
	return 0;
}

static void shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

char *perfctl_child_read(int fd, size_t *len)
{
	struct stat st;
	char *text;
	ssize_t n;

	*len = 0;
	if (fd < 0 || fstat(fd, &st))
		return NULL;
	if (st.st_size > MOST_OUTPUT)
		st.st_size = MOST_OUTPUT;
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return NULL;
	n = pread(fd, text, (size_t)st.st_size, 0);
	*len = n > 0 ? (size_t)n : 0;
	text[*len] = '\0';
	return text;
}

/* ---- starting ---- */

struct birth {
	struct perfctl_child *c;
	char **env;
	sigset_t before;
	int error; /* errno of exec */
};

/* Runs in our memory, on a stack of its own, while the calling thread waits: system calls only. */
static __attribute__((no_sanitize("address", "thread", "undefined"))) int become_perf(void *arg)
{
	struct birth *b = arg;
	struct perfctl_child *c = b->c;
	cpu_set_t all;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* not on the CPU that the main thread prepares the workload on */
	memset(&all, 0xff, sizeof(all));
	sched_setaffinity(0, sizeof(all), &all);
	if (dup2(c->err, 1) < 0 || dup2(c->err, 2) < 0)
		goto out;
	/* nothing of ours but these: the trial's own pipe must end when the trial does */
	if (syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
		for (int fd = 3; fd < 1024; fd++)
			fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (fcntl(c->ctl[1], F_SETFD, 0) < 0 || fcntl(c->log, F_SETFD, 0) < 0)
		goto out;
	sigprocmask(SIG_SETMASK, &b->before, NULL);
	execvpe(c->args[0], (char *const *)(uintptr_t)c->args, b->env);
out:
	b->error = errno;
	_exit(127);
}

/* Ours in the C locale: perf's numbers have points, and its words are the ones we know. */
static char **c_locale(void)
{
	static const char c_text[] = "LC_ALL=C";
	size_t n = 0, k = 0;
	char **env;

	while (environ[n])
		n++;
	env = calloc(n + 2, sizeof(*env));
	if (!env)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (strncmp(environ[i], "LC_", 3) != 0 && strncmp(environ[i], "LANG", 4) != 0)
			env[k++] = environ[i];
	env[k] = (char *)(uintptr_t)c_text;
	return env;
}

static int spawn(struct perfctl_child *c)
{
	struct birth b = { .c = c, .env = c_locale() };
	char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	sigset_t all;
	int pid = -1, error;

	if (!b.env || stack == MAP_FAILED) {
		error = ENOMEM;
	} else {
		/* a handler of ours must not run in the child, which has our memory */
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &b.before);
		pid = clone(become_perf, stack + STACK_BYTES, CLONE_VM | CLONE_VFORK | SIGCHLD, &b);
		error = pid < 0 ? errno : b.error;
		pthread_sigmask(SIG_SETMASK, &b.before, NULL);
	}
	if (stack != MAP_FAILED)
		munmap(stack, STACK_BYTES);
	free(b.env);
	if (pid > 0 && error)
		waitpid(pid, NULL, 0);
	if (error)
		return fail(c, error, "%s cannot be run: %s", c->args[0], strerror(error));
	c->pid = pid;
	return 0;
}

/* ---- steering ---- */

/* 0 when perf is gone within @ms; its status in *status. */
static int await(struct perfctl_child *c, int *status, unsigned ms)
{
	uint64_t end = clock_ns() + (uint64_t)ms * 1000000;
	struct timespec nap = { .tv_nsec = 200000 };
	pid_t r;

	do {
		r = waitpid(c->pid, status, WNOHANG);
		if (r == c->pid || (r < 0 && errno == ECHILD)) {
			c->pid = 0;
			return 0;
		}
		nanosleep(&nap, NULL);
		if (nap.tv_nsec < 5000000)
			nap.tv_nsec *= 2;
	} while (clock_ns() < end);
	return -ETIMEDOUT;
}

static void kill_it(struct perfctl_child *c)
{
	int status;

	if (c->pid <= 0)
		return;
	kill(c->pid, SIGKILL);
	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	c->pid = 0;
}

/* perf has closed the socket, or is silent: its own words, if it left any. */
static int gone(struct perfctl_child *c, const char *doing, int error)
{
	char said[PERFCTL_WHY_MAX / 2], *text;
	int status = 0;
	size_t len;

	if (await(c, &status, error == ETIMEDOUT ? 0 : c->timeout_ms))
		kill_it(c);
	text = perfctl_child_read(c->err, &len);
	perfctl_say(text ? text : "", len, said, sizeof(said));
	free(text);
	if (*said)
		return fail(c, 0, "%s says: %s", c->args[0], said);
	if (error == ETIMEDOUT)
		return fail(c, error, "%s did not answer to %s within %u ms", c->args[0], doing,
			    c->timeout_ms);
	if (WIFSIGNALED(status))
		return fail(c, 0, "%s was killed by signal %d before it answered to %s", c->args[0],
			    WTERMSIG(status), doing);
	return fail(c, 0, "%s ended with status %d before it answered to %s", c->args[0],
		    WEXITSTATUS(status), doing);
}

/* The 5 bytes of an answer, which may come in pieces. 0, ETIMEDOUT, or EPIPE. */
static int read_ack(struct perfctl_child *c)
{
	uint64_t end = clock_ns() + (uint64_t)c->timeout_ms * 1000000;
	char ack[5];
	size_t have = 0;

	while (have < sizeof(ack)) {
		uint64_t now = clock_ns();
		struct pollfd p = { .fd = c->ctl[0], .events = POLLIN };
		int r = now >= end ? 0 : poll(&p, 1, (int)((end - now) / 1000000 + 1));
		ssize_t n;

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return ETIMEDOUT;
		n = recv(c->ctl[0], ack + have, sizeof(ack) - have, MSG_DONTWAIT);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return EPIPE;
		have += (size_t)n;
	}
	return memcmp(ack, "ack\n", sizeof(ack)) ? EPROTO : 0;
}

int perfctl_child_command(struct perfctl_child *c, const char *command)
{
	size_t len = strlen(command);
	char doing[16];
	int error = 0;

	if (*c->why || c->pid <= 0)
		return fail(c, EPIPE, "%s does not run", c->args[0] ? c->args[0] : "perf");
	snprintf(doing, sizeof(doing), "%.*s", (int)strcspn(command, "\n"), command);
	if (send(c->ctl[0], command, len, MSG_NOSIGNAL) != (ssize_t)len)
		error = EPIPE;
	if (!error)
		error = read_ack(c);
	return error ? gone(c, doing, error) : 0;
}

int perfctl_child_start(struct perfctl_child *c)
{
	int rc = spawn(c);

	shut(&c->ctl[1]); /* so that perf's end is the only one: when it goes, we see it */
	if (rc)
		return rc;
	/* events are disabled already: this only waits until all of them are open. Twice, since the
	 * first time reads and writes pages that it will need again in the region */
	rc = perfctl_child_command(c, "disable\n");
	return rc ? rc : perfctl_child_command(c, "disable\n");
}

int perfctl_child_finish(struct perfctl_child *c)
{
	int status = 0;

	if (c->pid <= 0)
		return *c->why ? -EIO : 0;
	kill(c->pid, SIGINT);
	if (!await(c, &status, c->timeout_ms))
		return 0; /* it dies of the signal after it has written, or exits: both are well */
	kill_it(c);
	return fail(c, ETIMEDOUT, "%s did not end within %u ms of SIGINT", c->args[0],
		    c->timeout_ms);
}

void perfctl_child_release(struct perfctl_child *c)
{
	kill_it(c);
	if (!c->fds)
		return;
	shut(&c->ctl[0]);
	shut(&c->ctl[1]);
	shut(&c->log);
	shut(&c->err);
	c->fds = 0;
}
