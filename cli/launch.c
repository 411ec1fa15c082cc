/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/trial.h"
#include "lib/clock.h"

#define MOST_OUT (64u << 20) /* a child that writes more than this has gone wrong */

const char *const launch_status_names[] = { "ok",      "failed",    "crashed",	  "timeout",
					    "invalid", "disturbed", "interrupted" };

int launcher_init(struct launcher *l, struct err *e)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction now;
	sigset_t set;
	unsigned i;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (!sigaction(ends[i], NULL, &now) &&
		    now.sa_handler != SIG_IGN) /* nohup's stay ignored */
			sigaddset(&set, ends[i]);
	signal(SIGCHLD, SIG_DFL); /* an inherited SIG_IGN would reap behind our back */
	if (sigprocmask(SIG_BLOCK, &set, &l->before))
		return err_set(e, -errno, "sigprocmask: %s", strerror(errno));
	l->sigfd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (l->sigfd < 0)
		return err_set(e, -errno, "signalfd: %s", strerror(errno));
	return 0;
}

void launcher_release(struct launcher *l)
{
	close(l->sigfd);
	sigprocmask(SIG_SETMASK, &l->before, NULL);
}

/* ---- the child's side ---- */

struct pipes {
	int spec[2], out[2], err[2];
};

static void pipes_close(struct pipes *p)
{
	int *fd = p->spec;
	unsigned i;

	for (i = 0; i < sizeof(*p) / sizeof(int); i++)
		if (fd[i] >= 0)
			close(fd[i]);
	memset(p, -1, sizeof(*p));
}

/* Another program, and its environment. */
struct other {
	const char *program;
	char **env; /* malloc'd, the strings are ours */
};

static int concerns_us(const char *var)
{
	static const char *const begins[] = { "SLABSCOPE_",    "HWLOC_",	"LD_",
					      "ASAN_OPTIONS=", "LSAN_OPTIONS=", "UBSAN_OPTIONS=" };
	unsigned i;

	for (i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (!strncmp(var, begins[i], strlen(begins[i])))
			return 1;
	return 0;
}

static int other_init(struct other *o, const char *program)
{
	size_t n = 0, i, k = 0;

	*o = (struct other){ program, NULL };
	if (!program)
		return 0;
	while (environ[n])
		n++;
	o->env = calloc(n + 1, sizeof(*o->env));
	for (i = 0; o->env && i < n; i++)
		if (concerns_us(environ[i]))
			o->env[k++] = environ[i];
	return o->env ? 0 : -ENOMEM;
}

static void become_other(const struct other *o, char *const argv[])
{
	int now = personality(0xffffffff);

	if (now >= 0)
		personality((unsigned long)now |
			    ADDR_NO_RANDOMIZE); /* refused: the trial says so */
	execve(o->program, argv, o->env);
}

/* Only async-signal-safe calls between fork and exec. */
static void become_trial(const struct launcher *l, const struct pipes *p, const struct other *o,
			 pid_t parent)
{
	static char *const argv[] = { (char *)"slabscope", (char *)"_trial", NULL };
	/* out of the way of 0..3, which dup2 fills */
	int spec = fcntl(p->spec[0], F_DUPFD_CLOEXEC, 10),
	    out = fcntl(p->out[1], F_DUPFD_CLOEXEC, 10);
	int err = fcntl(p->err[1], F_DUPFD_CLOEXEC, 10);

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	if (dup2(spec, 0) < 0 || dup2(err, 1) < 0 || dup2(err, 2) < 0 ||
	    dup2(out, TRIAL_OUT_FD) < 0)
		_exit(127);
	sigprocmask(SIG_SETMASK, &l->before, NULL);
	if (o->program)
		become_other(o, argv);
	else
		execv("/proc/self/exe", argv);
	_exit(127);
}

static int start(const struct launcher *l, const struct other *o, const char *spec, struct pipes *p,
		 pid_t *pid, struct err *e)
{
	pid_t parent = getpid();
	size_t len = strlen(spec);
	int rc = 0;

	memset(p, -1, sizeof(*p));
	if (pipe2(p->spec, O_CLOEXEC | O_NONBLOCK) || pipe2(p->out, O_CLOEXEC) ||
	    pipe2(p->err, O_CLOEXEC) || fcntl(p->spec[0], F_SETFL, 0) ||
	    fcntl(p->out[0], F_SETFL, O_NONBLOCK) || fcntl(p->err[0], F_SETFL, O_NONBLOCK))
		rc = err_set(e, -errno, "pipe: %s", strerror(errno));
	/* a pipe holds far more than a specification, so it can be written before anybody reads */
	else if (write(p->spec[1], spec, len) != (ssize_t)len)
		rc = err_set(e, -EIO, "a specification of %zu bytes does not fit into a pipe", len);
	if (!rc) {
		*pid = fork();
		if (!*pid)
			become_trial(l, p, o, parent);
		if (*pid < 0)
			rc = err_set(e, -errno, "fork: %s", strerror(errno));
		else
			setpgid(*pid, *pid); /* whichever of the two comes first */
	}
	if (rc)
		pipes_close(p);
	return rc;
}

/* ---- the parent's side ---- */

static int read_out(int fd, struct launch *r)
{
	ssize_t n;

	for (;;) {
		if (r->out_len > MOST_OUT)
			return -EFBIG;
		if (r->out_len % 65536 == 0 || !r->out) {
			char *p = realloc(r->out, r->out_len + 65536 + 1);

			if (!p)
				return -ENOMEM;
			r->out = p;
		}
		n = read(fd, r->out + r->out_len, 65536 - r->out_len % 65536);
		if (n <= 0)
			return n < 0 && errno != EAGAIN && errno != EINTR ? -errno : n == 0;
		r->out_len += n;
	}
}

/* Keeps the end of what is said. */
static int read_said(int fd, const struct launcher *l, struct launch *r)
{
	const size_t room = sizeof(r->said) - 1;
	char b[512];
	ssize_t n;

	while ((n = read(fd, b, sizeof(b))) > 0) {
		if (l->verbose)
			fwrite(b, 1, n, stderr);
		if (r->said_len + n > room) {
			size_t drop = r->said_len + n - room;

			memmove(r->said, r->said + drop, r->said_len - drop);
			r->said_len -= drop;
		}
		memcpy(r->said + r->said_len, b, n);
		r->said_len += n;
		r->said[r->said_len] = '\0';
	}
	return n == 0;
}

/* The first of SIGINT, SIGTERM, SIGHUP that is pending, or 0. SIGCHLD is only a reason to look
 * for the child. */
static int pending_signal(const struct launcher *l)
{
	struct signalfd_siginfo s;

	while (read(l->sigfd, &s, sizeof(s)) == sizeof(s))
		if (s.ssi_signo != SIGCHLD)
			return s.ssi_signo;
	return 0;
}

/* Wait for the child's end, reading all the while; kills it at the deadline or on a signal.
 * Returns wait's status. */
static int attend(const struct launcher *l, struct pipes *p, pid_t pid, struct launch *r)
{
	uint64_t begin = clock_ns(), deadline = begin + (uint64_t)(l->timeout * 1e9);
	struct pollfd fd[3] = { { p->out[0], POLLIN, 0 },
				{ p->err[0], POLLIN, 0 },
				{ l->sigfd, POLLIN, 0 } };
	int status = 0, killed = 0, rc;

	for (;;) {
		uint64_t now = clock_ns();
		int signo = pending_signal(l);

		rc = read_out(p->out[0], r);
		if (rc)
			fd[0].fd = -1; /* closed, or beyond use */
		if (read_said(p->err[0], l, r))
			fd[1].fd = -1;
		if (signo && !killed) {
			r->status = LAUNCH_INTERRUPTED;
			r->code = signo;
			killed = 1;
		} else if ((now >= deadline || rc < 0) && !killed) {
			r->status = rc < 0 ? LAUNCH_FAILED : LAUNCH_TIMEOUT;
			if (rc < 0)
				snprintf(r->note, sizeof(r->note),
					 "what it wrote cannot be read: %s", strerror(-rc));
			killed = 1;
		}
		if (killed == 1) {
			kill(-pid, SIGKILL);
			kill(pid, SIGKILL);
			killed = 2;
		}
		if (waitpid(pid, &status, WNOHANG) == pid)
			break;
		poll(fd, 3,
		     killed ? 100 :
			      (int)((deadline - now) / 1000000 < 1000 ?
					    (deadline - now) / 1000000 + 1 :
					    1000));
	}
	if (read_out(p->out[0], r) < 0 && !killed)
		r->status = LAUNCH_FAILED;
	read_said(p->err[0], l, r);
	r->seconds = (clock_ns() - begin) * 1e-9;
	return status;
}

static void last_phase(struct launch *r)
{
	const char *p, *at = NULL;

	for (p = r->out; p && (p = strstr(p, "phase ")); p++)
		if (p == r->out || p[-1] == '\n')
			at = p + 6;
	snprintf(r->phase, sizeof(r->phase), "%.*s", at ? (int)strcspn(at, "\n") : 0, at ? at : "");
}

/* Lines of the protocol by their first word: where the text of one that begins with @word is, or
 * NULL. */
static const char *find_line(const struct launch *r, const char *word)
{
	size_t n = strlen(word);
	const char *p;

	for (p = r->out; p && *p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL)
		if (!strncmp(p, word, n) && (p[n] == ' ' || p[n] == '\n'))
			return p + n + (p[n] == ' ');
	return NULL;
}

static void judge(const struct launcher *l, int status, struct launch *r)
{
	const char *error = find_line(r, "error"), *in = *r->phase ? r->phase : "start";
	const char *said = r->said + strspn(r->said, " \n\t");

	if (r->status == LAUNCH_INTERRUPTED)
		return;
	if (r->status == LAUNCH_TIMEOUT) {
		snprintf(r->note, sizeof(r->note), "killed after %g s, in %s", l->timeout, in);
		return;
	}
	if (WIFSIGNALED(status) && r->status == LAUNCH_OK) {
		r->status = LAUNCH_CRASHED;
		r->code = WTERMSIG(status);
		snprintf(r->note, sizeof(r->note), "SIG%s in %s%s%.400s", sigabbrev_np(r->code), in,
			 *said ? ": " : "", said);
		return;
	}
	r->code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
	if (r->status == LAUNCH_OK && !r->code && find_line(r, "end") && !error)
		return;
	r->status = LAUNCH_FAILED;
	if (*r->note)
		return;
	if (error)
		snprintf(r->note, sizeof(r->note), "%.*s", (int)strcspn(error, "\n"), error);
	else if (r->code)
		snprintf(r->note, sizeof(r->note), "exit status %d in %s%s%.400s", r->code, in,
			 *said ? ": " : "", said);
	else
		snprintf(r->note, sizeof(r->note), "ended in %s before all was said", in);
}

int launch_trial(struct launcher *l, const char *spec, struct launch *r, struct err *e)
{
	return launch_program(l, NULL, spec, r, e);
}

int launch_program(struct launcher *l, const char *program, const char *spec, struct launch *r,
		   struct err *e)
{
	struct other o;
	struct pipes p;
	pid_t pid;
	int rc, status;

	memset(r, 0, sizeof(*r));
	if (other_init(&o, program))
		return err_set(e, -ENOMEM, "out of memory");
	rc = start(l, &o, spec, &p, &pid, e);
	free(o.env);
	if (rc)
		return rc;
	close(p.spec[0]);
	close(p.spec[1]);
	close(p.out[1]);
	close(p.err[1]);
	p.spec[0] = p.spec[1] = p.out[1] = p.err[1] = -1;
	status = attend(l, &p, pid, r);
	pipes_close(&p);
	if (r->out)
		r->out[r->out_len] = '\0';
	last_phase(r);
	judge(l, status, r);
	return 0;
}

void launch_release(struct launch *r)
{
	free(r->out);
	r->out = NULL;
}
