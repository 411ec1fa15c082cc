/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/tune_many.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define AT_ONCE_MOST 64u

/* What a child leaves: the end of its work, then its result. */
struct left {
	int rc;
	struct err e;
};

struct crew {
	const struct tune_many *m;
	struct launcher *l;
	struct left *left; /* [nr], shared */
	char *result;	   /* [nr], shared */
	size_t bytes;
	struct {
		pid_t pid; /* 0: free */
		unsigned piece;
	} place[AT_ONCE_MOST];
	unsigned places, running, next, ended;
};

static unsigned cpus(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);

	return n < 1 ? 1 : n > (int)AT_ONCE_MOST ? AT_ONCE_MOST : (unsigned)n;
}

static void be_child(const struct crew *c, unsigned piece, pid_t parent)
{
	struct left *left = &c->left[piece];
	struct launcher l = *c->l;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	launcher_release(&l); /* signals to the parent are not ours */
	left->rc = launcher_init(&l, &left->e);
	if (!left->rc)
		left->rc =
			c->m->work(c->m->arg, piece, c->result + piece * c->m->size, &l, &left->e);
	_exit(0);
}

static int begin_one(struct crew *c, struct err *e)
{
	pid_t parent = getpid();
	unsigned i = 0;

	while (c->place[i].pid)
		i++;
	fflush(NULL); /* or each child would say again what is still in a buffer */
	c->left[c->next].rc = -ECHILD;
	c->place[i].pid = fork();
	if (!c->place[i].pid)
		be_child(c, c->next, parent);
	if (c->place[i].pid < 0) {
		c->place[i].pid = 0;
		return err_set(e, -errno, "fork: %s", strerror(errno));
	}
	c->place[i].piece = c->next++;
	c->running++;
	return 0;
}

/* Those who have ended. */
static int reap(struct crew *c, struct err *e)
{
	int rc = 0, status;

	for (unsigned i = 0; i < c->places; i++) {
		const struct left *left = &c->left[c->place[i].piece];

		if (!c->place[i].pid || waitpid(c->place[i].pid, &status, WNOHANG) <= 0)
			continue;
		c->place[i].pid = 0;
		c->running--;
		c->ended++;
		if (rc)
			continue;
		if (left->rc == -ECHILD)
			rc = err_set(e, -ECHILD, "a process that tuned has ended (%s %d)",
				     WIFSIGNALED(status) ? "signal" : "status",
				     WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		else if (left->rc)
			rc = err_set(e, left->rc, "%s", left->e.text);
		if (c->m->ended)
			c->m->ended(c->m->arg, c->ended, c->m->nr);
	}
	return rc;
}

/* Until a child ends or somebody wants us to. */
static int wait_for_one(struct crew *c, struct err *e)
{
	struct pollfd fd = { c->l->sigfd, POLLIN, 0 };
	struct signalfd_siginfo s;

	poll(&fd, 1, 200);
	while (read(c->l->sigfd, &s, sizeof(s)) == sizeof(s))
		if (s.ssi_signo != SIGCHLD)
			return err_set(e, -EINTR, "interrupted");
	return reap(c, e);
}

/* On an error: nobody is left behind. Trials die with those who began them. */
static void end_all(struct crew *c)
{
	for (unsigned i = 0; i < c->places; i++)
		if (c->place[i].pid) {
			kill(c->place[i].pid, SIGKILL);
			waitpid(c->place[i].pid, NULL, 0);
		}
}

static int crew_init(struct crew *c, const struct tune_many *m, struct launcher *l, struct err *e)
{
	size_t head = (m->nr * sizeof(struct left) + 63) / 64 * 64; /* results are aligned */
	void *p;

	memset(c, 0, sizeof(*c));
	c->m = m;
	c->l = l;
	c->places = m->at_once ? m->at_once : cpus();
	c->places = c->places > AT_ONCE_MOST ? AT_ONCE_MOST : c->places;
	c->bytes = head + m->nr * m->size + 1;
	p = mmap(NULL, c->bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return err_set(e, -ENOMEM, "out of memory");
	c->left = p;
	c->result = (char *)p + head;
	return 0;
}

int tune_many(const struct tune_many *m, struct launcher *l, void *results, struct err *e)
{
	struct crew c;
	int rc = crew_init(&c, m, l, e);

	if (rc)
		return rc;
	memcpy(c.result, results, m->nr * m->size);
	while (!rc && (c.next < m->nr || c.running)) {
		if (c.next < m->nr && c.running < c.places)
			rc = begin_one(&c, e);
		else
			rc = wait_for_one(&c, e);
	}
	if (rc)
		end_all(&c);
	else
		memcpy(results, c.result, m->nr * m->size);
	munmap(c.left, c.bytes);
	return rc;
}
