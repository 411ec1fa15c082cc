/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/clock.h"

#define LOG_EVERY_NS 10000000000u /* a line in a log every 10 s */

const char *progress_duration(double seconds, char *buf, size_t len)
{
	unsigned long s = (unsigned long)(seconds + 0.5);

	if (s >= 3600)
		snprintf(buf, len, "%lu h %02lu min", s / 3600, s / 60 % 60);
	else if (s >= 60)
		snprintf(buf, len, "%lu min %02lu s", s / 60, s % 60);
	else
		snprintf(buf, len, "%lu s", s);
	return buf;
}

void progress_begin(struct progress *p, unsigned total, int quiet)
{
	memset(p, 0, sizeof(*p));
	p->total = total;
	p->quiet = quiet;
	p->terminal = isatty(STDERR_FILENO);
	p->begin = p->last = clock_ns();
}

static unsigned columns(void)
{
	struct winsize w;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) || !w.ws_col ? 80 : w.ws_col;
}

void progress_clear(struct progress *p)
{
	if (p->drawn)
		fputs("\r\033[K", stderr);
	p->drawn = 0;
}

/* "7/24 trials, 2 repeats, 1 not ok", and how long the others take at the mean, repeats included. */
static void describe(const struct progress *p, double seconds, char *line, size_t len)
{
	char repeats[32] = "", bad[32] = "", left[40] = "";

	if (p->repeats)
		snprintf(repeats, sizeof(repeats), ", %u repeat%s", p->repeats,
			 p->repeats == 1 ? "" : "s");
	if (p->bad)
		snprintf(bad, sizeof(bad), ", %u not ok", p->bad);
	if (p->done && p->done < p->total)
		progress_duration(seconds / p->done * (p->total - p->done), left, sizeof(left));
	snprintf(line, len, "%u/%u trials%s%s%s%s%s", p->done, p->total, repeats, bad,
		 *left ? ", " : "", left, *left ? " left" : "");
}

void progress_step(struct progress *p, enum progress_end end, int repeat, const char *what)
{
	uint64_t now = clock_ns();
	char line[256];

	p->done += end != PROGRESS_AGAIN;
	p->bad += end == PROGRESS_BAD;
	p->repeats += repeat != 0;
	if (p->quiet || (!p->terminal && now - p->last < LOG_EVERY_NS && p->done < p->total))
		return;
	p->last = now;
	describe(p, (now - p->begin) * 1e-9, line, sizeof(line));
	if (!p->terminal) {
		fprintf(stderr, "%s\n", line);
		return;
	}
	progress_clear(p);
	if (p->done == p->total)
		return;
	if (what)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), ": %s", what);
	fprintf(stderr, "%.*s", (int)columns() - 1, line);
	fflush(stderr);
	p->drawn = 1;
}
