/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/gnuplot.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/escape.h"

#define NO_GNUPLOT "there is no gnuplot here (Debian and Ubuntu: package gnuplot-nox)"

const char *const picture_formats[] = { "svg", "png", "pdf", "terminal", NULL };

/* gnuplot's name of each. */
static const char *const terminals[] = { "svg", "pngcairo", "pdfcairo", "dumb" };

void gnuplot_terminal(struct gnuplot_how *how, int fd)
{
	const char *no_colour = getenv("NO_COLOR");
	struct winsize w;

	how->colour = isatty(fd) && !(no_colour && *no_colour);
	if (!ioctl(fd, TIOCGWINSZ, &w) && w.ws_col > 40)
		how->columns = w.ws_col - 1u;
	if (how->columns && w.ws_row > 20)
		how->lines = w.ws_row - 2u;
}

void gnuplot_set_terminal(FILE *f, const struct gnuplot_how *how, unsigned below)
{
	fputs("set encoding utf8\n", f); /* whatever the locale is: texts are */
	switch (how->format) {
	case FORMAT_TERMINAL:
		/* a grid of letters hides what it is there for */
		fprintf(f, "set terminal dumb size %u, %u %s noenhanced\nPLAIN = 1\n",
			how->columns ? how->columns : GNUPLOT_COLUMNS,
			how->lines ? how->lines : GNUPLOT_LINES, how->colour ? "ansi256" : "mono");
		return;
	case FORMAT_SVG:
		fprintf(f,
			"set terminal svg size 800, %u dynamic noenhanced font 'DejaVu Sans,Helvetica,sans-serif,13' "
			"background 'white'\n",
			480 + 7 * below);
		return;
	case FORMAT_PNG:
		fprintf(f,
			"set terminal pngcairo size 1200, %u noenhanced font 'DejaVu Sans,11' background 'white'\n",
			720 + 9 * below);
		return;
	default:
		fprintf(f,
			"set terminal pdfcairo size 20cm, %.1fcm noenhanced font 'DejaVu Sans,10'\n",
			12 + 0.19 * below);
	}
}

/* In a child: gnuplot in folder @dir (NULL: here) with @args behind its name; its output to @fd. */
static pid_t start(const char *dir, const char *const args[], int fd)
{
	const char *argv[8] = { "gnuplot", "-d" };
	unsigned i;
	pid_t pid;

	for (i = 0; i < 5 && args[i]; i++)
		argv[i + 2] = args[i];
	fflush(stdout);
	pid = fork();
	if (pid)
		return pid;
	if ((dir && chdir(dir)) || (fd >= 0 && dup2(fd, STDOUT_FILENO) < 0))
		_exit(126);
	/* texts are UTF-8, and the scripts say so: in another locale gnuplot 5.4 complains of each */
	setenv("LC_ALL", "C.UTF-8", 1);
	execvp(argv[0], (char *const *)(void *)argv);
	_exit(errno == ENOENT ? 127 : 126);
}

/* 0, -ENOSYS, -EIO. */
static int finish(pid_t pid, const char *what, struct err *e)
{
	int status;

	while (pid > 0 && waitpid(pid, &status, 0) != pid)
		if (errno != EINTR)
			pid = -1;
	if (pid < 0)
		return err_set(e, -errno, "gnuplot: %s", strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return err_set(e, -ENOSYS, NO_GNUPLOT);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return err_set(e, -EIO, "gnuplot failed on %s", what);
	return 0;
}

/* " canvas cgm dumb ... ": the names of its terminals. */
static int ask_terminals(char *buf, size_t len, struct err *e)
{
	static const char *const args[] = { "-e", "set print '-'; print GPVAL_TERMINALS, ' '",
					    NULL };
	size_t have = 0;
	ssize_t n = 1;
	int fd[2], rc;
	pid_t pid;

	if (pipe(fd))
		return err_set(e, -errno, "pipe: %s", strerror(errno));
	pid = start(NULL, args, fd[1]);
	close(fd[1]);
	while (n > 0 && have + 1 < len) {
		n = read(fd[0], buf + have, len - 1 - have);
		have += n > 0 ? (size_t)n : 0;
	}
	buf[have] = '\0';
	close(fd[0]);
	rc = finish(pid, "the question for its terminals", e);
	return rc;
}

static int has(const char *all, const char *terminal)
{
	size_t n = strlen(terminal);

	for (const char *p = all; (p = strstr(p, terminal)); p += n)
		if ((p == all || p[-1] == ' ') && strchr(" \n", p[n]))
			return 1;
	return 0;
}

int gnuplot_can(enum picture_format format, struct err *e)
{
	char all[4096];
	int rc = ask_terminals(all, sizeof(all), e);

	if (rc || has(all, terminals[format]))
		return rc;
	return err_set(e, -ENOSYS, "the gnuplot here has no terminal '%s' for --format %s",
		       terminals[format], picture_formats[format]);
}

int gnuplot_lacks(char *buf, size_t len, struct err *e)
{
	char all[4096];
	int rc = ask_terminals(all, sizeof(all), e);
	size_t n = 0;

	*buf = '\0';
	for (unsigned i = 0; !rc && picture_formats[i] && n < len; i++)
		if (!has(all, terminals[i]))
			n += (size_t)snprintf(buf + n, len - n, "%s%s (--format %s)", n ? ", " : "",
					      terminals[i], picture_formats[i]);
	return rc;
}

int gnuplot_run(const char *dir, const char *script, const char *out, struct err *e)
{
	char *set = NULL;
	size_t len;
	FILE *f = open_memstream(&set, &len);
	const char *args[] = { "-e", NULL, script, NULL };
	int rc;

	if (!f)
		return err_set(e, -ENOMEM, "out of memory");
	fputs("OUTPUT=", f);
	escape_gnuplot(f, out, 0, 0);
	fclose(f);
	args[1] = set;
	rc = finish(start(dir, args, -1), script, e);
	if (rc == -EIO)
		err_set(e, rc, "gnuplot failed on %s/%s", dir, script);
	free(set);
	return rc;
}
