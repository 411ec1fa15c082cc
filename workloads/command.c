/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * command: a program of somebody else's, launched once per operation. The toggles of the trial reach it by way of
 * libslabscope-malloc.so: LD_PRELOAD and SLABSCOPE_MALLOC in its environment.
 *
 * Its exit status is looked at: a command that fails makes the trial invalid. It may run on every CPU that this process's
 * parent may, not only the worker's, and writes to nowhere; what it says on standard error is the trial's.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/slab_config.h"
#include "workloads/workload.h"

#define LIBRARY "libslabscope-malloc.so"
#define WORDS_MAX (OPT_STR_MAX / 2 + 1)

extern char **environ;

struct command_params {
	char command[OPT_STR_MAX];
	unsigned pinned;
};

struct command_priv {
	char text[OPT_STR_MAX];
	char *argv[WORDS_MAX];
	char **env; /* [0], [1] are ours where set; the rest is this process's */
	char preload[PATH_MAX + sizeof("LD_PRELOAD=")];
	char settings[4096];
	cpu_set_t cpus;
	int have_cpus;
	char why[256]; /* a launch failed: the first */
};

#define FIELD(f) .offset = offsetof(struct command_params, f)

static const struct opt command_opts[] = {
	{ .name = "command",
	  .type = OPT_STR,
	  FIELD(command),
	  .def = "",
	  .help = "what is launched: words, '...' around those with blanks, %XX for a byte (after -- it is written so)" },
	{ .name = "command_pinned",
	  .type = OPT_BOOL,
	  FIELD(pinned),
	  .def = "off",
	  .help = "the command stays on the worker's CPU" },
	{ .name = NULL },
};

/* ---- words ---- */

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* @text into words, inside @buf. How many; -EINVAL. */
static int split(const char *text, char buf[OPT_STR_MAX], char *argv[WORDS_MAX], struct err *e)
{
	const char *p = text;
	char *to = buf;
	int n = 0;

	for (;;) {
		int quoted = 0;

		p += strspn(p, " ");
		if (!*p || n == WORDS_MAX - 1)
			break;
		argv[n++] = to;
		for (; *p && (quoted || *p != ' '); p++)
			if (*p == '\'') {
				quoted = !quoted;
			} else if (*p == '%' && hex(p[1]) >= 0 && hex(p[2]) >= 0) {
				*to++ = (char)(hex(p[1]) * 16 + hex(p[2]));
				p += 2;
			} else {
				*to++ = *p;
			}
		if (quoted)
			return err_set(e, -EINVAL, "command: a ' without its second");
		*to++ = '\0';
	}
	argv[n] = NULL;
	return n ? n : err_set(e, -EINVAL, "command: what is to run? (slabscope run -- COMMAND)");
}

/* Is there such a program, as execvp() would look for it? */
static int find_program(const char *name)
{
	const char *path = getenv("PATH"), *p;
	char file[PATH_MAX];
	size_t n;

	if (strchr(name, '/'))
		return !access(name, X_OK);
	for (p = path ? path : "/bin:/usr/bin"; *p; p += n + (p[n] == ':')) {
		n = strcspn(p, ":");
		if (snprintf(file, sizeof(file), "%.*s/%s", (int)n, p, name) < PATH_MAX &&
		    !access(file, X_OK))
			return 1;
	}
	return 0;
}

static int command_validate(const void *params, struct err *e)
{
	const struct command_params *p = params;
	char buf[OPT_STR_MAX], *argv[WORDS_MAX];
	int n = split(p->command, buf, argv, e);

	if (n < 0)
		return n;
	return find_program(argv[0]) ?
		       0 :
		       err_set(e, -EINVAL, "command: there is no program '%s'", argv[0]);
}

/* ---- the environment ---- */

/* Beside this program, or where it is installed. */
static int find_library(char path[PATH_MAX], struct err *e)
{
	static const char *const places[] = { "", "../lib/", "../lib64/" };
	char exe[PATH_MAX], *dir;
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n < 0)
		return err_set(e, -errno, "/proc/self/exe: %s", strerror(errno));
	exe[n] = '\0';
	dir = dirname(exe);
	for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (snprintf(path, PATH_MAX, "%s/%s" LIBRARY, dir, places[i]) < PATH_MAX &&
		    !access(path, R_OK))
			return 0;
	return err_set(e, -ENOENT, LIBRARY " is neither in %s nor in %s/../lib; `make` builds it",
		       dir, dir);
}

/* How many toggles of @c are not as @profile has them; with @out they are written there. */
static unsigned differences(const struct slab_config *c, const char *profile, char *out, size_t len)
{
	struct slab_config base;
	char text[OPT_STR_MAX + 64];
	unsigned n = 0;

	slab_config_profile(&base, profile, NULL);
	for (const struct opt *o = slab_config_opts; o->name; o++) {
		size_t at = out ? strlen(out) : 0;

		/* each trial has a seed of its own, which nothing may make a difference of */
		if (!strcmp(o->name, "seed") || opt_equal(o, &base, c))
			continue;
		n++;
		opt_format(o, c, text, sizeof(text));
		if (out)
			snprintf(out + at, len - at, " %s=%s", o->name, text);
	}
	return n;
}

/* SLABSCOPE_MALLOC: the profile that is nearest, and what differs from it. */
static void say_settings(const struct wl_env *env, struct command_priv *p)
{
	const char *best = slab_profiles[0].name;
	unsigned least = ~0u;
	int at;

	for (const struct slab_profile *s = slab_profiles; s->name; s++) {
		unsigned n = differences(env->config, s->name, NULL, 0);

		if (n < least) {
			best = s->name;
			least = n;
		}
	}
	at = snprintf(p->settings, sizeof(p->settings), "SLABSCOPE_MALLOC=profile=%s", best);
	if (env->machine->emulated)
		snprintf(p->settings + at, sizeof(p->settings) - (size_t)at, " nodes=%u",
			 env->machine->nr_nodes);
	differences(env->config, best, p->settings, sizeof(p->settings));
}

static int choose_library(const struct wl_env *env, struct command_priv *p, struct err *e)
{
	static const char *const known[][2] = { { "jemalloc", "libjemalloc.so.2" },
						{ "tcmalloc", "libtcmalloc_minimal.so.4" },
						{ "mimalloc", "libmimalloc.so.2.0" },
						{ "tbb", "libtbbmalloc_proxy.so.2" } };
	char path[PATH_MAX];
	int r;

	if (!strcmp(env->ops->name, "malloc"))
		return 0; /* as it would run anyway */
	if (env->ops->is_slab) {
		r = find_library(path, e);
		if (r)
			return r;
		snprintf(p->preload, sizeof(p->preload), "LD_PRELOAD=%s", path);
		say_settings(env, p);
		return 0;
	}
	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(env->ops->name, known[i][0])) {
			snprintf(p->preload, sizeof(p->preload), "LD_PRELOAD=%s", known[i][1]);
			return 0;
		}
	return err_set(e, -EINVAL, "allocator '%s' is no malloc of a program", env->ops->name);
}

static int make_env(struct command_priv *p, struct err *e)
{
	size_t n = 0, k = 0;

	while (environ[n])
		n++;
	p->env = calloc(n + 3, sizeof(*p->env));
	if (!p->env)
		return err_set(e, -ENOMEM, "no memory for the command's environment");
	if (*p->preload)
		p->env[k++] = p->preload;
	if (*p->settings)
		p->env[k++] = p->settings;
	for (size_t i = 0; i < n; i++)
		if ((!*p->preload || strncmp(environ[i], "LD_PRELOAD=", 11)) &&
		    (!*p->settings || strncmp(environ[i], "SLABSCOPE_MALLOC=", 17)))
			p->env[k++] = environ[i];
	return 0;
}

/* ---- hooks ---- */

static int command_setup(struct wl_env *env, struct err *e)
{
	const struct command_params *params = env->params;
	struct command_priv *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return err_set(e, -ENOMEM, "no memory for the command");
	env->priv = p;
	if (env->workers != 1)
		return err_set(e, -EINVAL, "command: one worker waits for it, not %u",
			       env->workers);
	r = split(params->command, p->text, p->argv, e);
	if (r < 0)
		return r;
	/* who started this trial has the CPUs that it was given */
	p->have_cpus = !params->pinned && !sched_getaffinity(getppid(), sizeof(p->cpus), &p->cpus);
	r = choose_library(env, p, e);
	return r ? r : make_env(p, e);
}

/* Between fork and exec. */
static void become(const struct command_priv *p, pid_t parent)
{
	int null = open("/dev/null", O_RDWR);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
		_exit(126);
	close(3); /* the trial's protocol */
	if (p->have_cpus)
		sched_setaffinity(0, sizeof(p->cpus), &p->cpus);
	execvpe(p->argv[0], p->argv, p->env);
	_exit(127);
}

static void say_failure(struct command_priv *p, int status)
{
	if (*p->why)
		return;
	if (WIFSIGNALED(status))
		snprintf(p->why, sizeof(p->why), "command: %s: killed by signal %d (%s)",
			 p->argv[0], WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(p->why, sizeof(p->why), "command: %s: exit status %d", p->argv[0],
			 WEXITSTATUS(status));
}

static enum wl_status command_step(struct wl_env *env, struct wl_worker *w, uint64_t n,
				   uint64_t *done)
{
	struct command_priv *p = env->priv;
	pid_t parent = getpid();

	for (*done = 0; *done < n; ++*done) {
		int status;
		pid_t pid = fork();

		if (!pid)
			become(p, parent);
		if (pid < 0)
			return wl_fail(w, -errno, "fork: %s", strerror(errno));
		while (waitpid(pid, &status, 0) < 0)
			if (errno != EINTR)
				return wl_fail(w, -errno, "waitpid: %s", strerror(errno));
		if (!WIFEXITED(status) || WEXITSTATUS(status))
			say_failure(p, status);
		w->ops++;
	}
	return WL_DONE;
}

static int command_verify(struct wl_env *env, struct err *e)
{
	(void)env;
	(void)e;
	return 0;
}

static void command_report(const struct wl_env *env, struct wl_report *r)
{
	const struct command_priv *p = env->priv;

	if (*p->why)
		r->invalid(r, p->why);
}

static void command_teardown(struct wl_env *env)
{
	struct command_priv *p = env->priv;

	if (p)
		free(p->env);
	free(p);
	env->priv = NULL;
}

static void command_cost(const struct wl_env *env, struct wl_cost *cost)
{
	(void)env;
	*cost = (struct wl_cost){ .unit = "launch" };
}

const struct workload workload_command = {
	.name = "command",
	.help = "a program of yours, with the trial's allocator behind its malloc (slabscope run -- COMMAND)",
	.doc = "Stands for itself. One operation is one launch, from fork to exit. With\n"
	       "allocator=slab the program has " LIBRARY " in LD_PRELOAD, with the\n"
	       "trial's toggles; with malloc it runs as it would; jemalloc, tcmalloc, mimalloc and\n"
	       "tbb are preloaded. A launch that fails makes the trial invalid. The toggles reach\n"
	       "objects of up to 256 KiB, and what the program does besides allocating is in the\n"
	       "time as well: differences are smaller than those of other workloads.",
	.opts = command_opts,
	.params_size = sizeof(struct command_params),
	.children = true,
	.setup = command_setup,
	.step = { command_step, command_step },
	.timed = { command_step, command_step }, /* allocations are the program's */
	.verify = command_verify,
	.teardown = command_teardown,
	.cost = command_cost,
	.report = command_report,
	.validate = command_validate,
};
