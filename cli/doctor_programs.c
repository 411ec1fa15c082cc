/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What slabscope calls or loads where it is installed: looked for, and tried. */

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/doctor_parts.h"

/* The first line that the shell's @command prints, and its exit status (-1: none). @command is a
 * constant. */
static int run(const char *command, char *line, size_t len)
{
	FILE *p = popen(command, "re");
	char rest[512];
	int status;

	*line = '\0';
	if (!p)
		return -1;
	if (fgets(line, (int)len, p))
		line[strcspn(line, "\n")] = '\0';
	while (fgets(rest, sizeof(rest), p))
		;
	status = pclose(p);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The first word that begins with a digit, to its end. */
static void version_in(const char *line, char *out, size_t len)
{
	const char *at = line + strcspn(line, "0123456789");

	snprintf(out, len, "%.*s", (int)strcspn(at, " \t"), at);
}

static void look(struct doctor_program *p, const char *command)
{
	char line[160];
	int status = run(command, line, sizeof(line));

	p->found = status != 127 && status != 126;
	p->works = !status;
	version_in(line, p->version, sizeof(p->version));
	if (!p->found)
		snprintf(p->why, sizeof(p->why), "no %s in PATH", p->name);
	else if (status)
		snprintf(p->why, sizeof(p->why), "`%s` fails: %.100s", command, line);
}

static void look_for_gnuplot(struct doctor_program *p)
{
	char line[100];

	look(p, "gnuplot --version 2>&1");
	if (!p->works)
		return;
	if (run("gnuplot -d -e \"set terminal svg; set output '/dev/null'; plot x\" 2>&1", line,
		sizeof(line))) {
		p->works = false;
		snprintf(p->why, sizeof(p->why), "it cannot draw SVG: %s", line);
	}
}

/* perf is steered through --control, which came with 5.10. Debian's perf is a script, which fails
 * where the package of the kernel's version is missing. */
static void look_for_perf(struct doctor_program *p)
{
	unsigned major = 0, minor = 0;

	look(p, "perf --version 2>&1");
	if (!p->works)
		return;
	if (sscanf(p->version, "%u.%u", &major, &minor) == 2 &&
	    (major < 5 || (major == 5 && minor < 10))) {
		p->works = false;
		snprintf(p->why, sizeof(p->why), "too old: --control came with 5.10");
	}
}

void doctor_programs(struct doctor *d)
{
	struct doctor_program *p = d->program;

	p[PROGRAM_PERF] = (struct doctor_program){ .name = "perf",
						   .purpose = "collect=perfctl",
						   .package = "linux-perf" };
	p[PROGRAM_GNUPLOT] = (struct doctor_program){ .name = "gnuplot",
						      .purpose = "slabscope plot",
						      .package = "gnuplot-nox" };
	p[PROGRAM_LIBPFM] = (struct doctor_program){ .name = "libpfm4",
						     .purpose = "names of hardware events",
						     .package = "libpfm4" };
	look_for_perf(&p[PROGRAM_PERF]);
	look_for_gnuplot(&p[PROGRAM_GNUPLOT]);
	if (!d->host)
		return;
	p[PROGRAM_LIBPFM].found = p[PROGRAM_LIBPFM].works = *ev_host_libpfm(d->host) != '\0';
	snprintf(p[PROGRAM_LIBPFM].version, sizeof(p[PROGRAM_LIBPFM].version), "%s",
		 ev_host_libpfm(d->host));
	snprintf(p[PROGRAM_LIBPFM].why, sizeof(p[PROGRAM_LIBPFM].why), "%s",
		 ev_host_libpfm_missing(d->host));
}
