/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The texts of schedstat, /proc/pressure, /proc/stat and /proc/interrupts. */
#include "collectors/interference/interference.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collectors/proctext.h"

/* @n numbers with blanks between them; -EINVAL when there are fewer. */
static int numbers(const char *text, uint64_t *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int err;

		text += strspn(text, " \t");
		err = proctext_number(&text, &v[i]);
		if (err)
			return err;
	}
	return !*text || isspace((unsigned char)*text) ? 0 : -EINVAL;
}

int schedstat_parse(const char *text, struct schedstat *s)
{
	uint64_t v[3];
	int err = numbers(text, v, 3);

	if (!err)
		*s = (struct schedstat){ .run = v[0], .wait = v[1], .slices = v[2] };
	return err;
}

/* "12.34" without a locale; at most six digits in front of the point. */
static int percent(const char **text, double *v)
{
	uint64_t whole, part = 0;
	const char *t = *text, *point;
	double scale = 1;

	if (proctext_number(&t, &whole) || whole >= 1000000)
		return -EINVAL;
	if (*t == '.') {
		point = ++t;
		if (proctext_number(&t, &part) || t - point > 9)
			return -EINVAL;
		for (; point < t; point++)
			scale *= 10;
	}
	*v = (double)whole + (double)part / scale;
	*text = t;
	return 0;
}

static int pressure_line(const char *at, struct pressure *p)
{
	struct pressure n = { .avg10 = 0 };
	const char *end = at + strcspn(at, "\n"), *avg = strstr(at, " avg10="),
		   *total = strstr(at, " total=");

	if (!avg || avg > end || !total || total > end)
		return -EINVAL;
	avg += strlen(" avg10=");
	total += strlen(" total=");
	if (percent(&avg, &n.avg10) || *avg != ' ' || proctext_number(&total, &n.total_us) ||
	    (*total && !isspace((unsigned char)*total)))
		return -EINVAL;
	*p = n;
	return 0;
}

int pressure_parse(const char *text, const char *line, struct pressure *p)
{
	size_t len = strlen(line);

	for (const char *l = *text ? text : NULL; l; l = proctext_next_line(l))
		if (!strncmp(l, line, len) && l[len] == ' ')
			return pressure_line(l + len, p);
	return -ENOENT;
}

int cpu_ticks_parse(const char *text, unsigned cpu, struct cpu_ticks *t)
{
	char name[16];
	size_t len = (size_t)snprintf(name, sizeof(name), "cpu%u", cpu);
	uint64_t v[8];
	int err;

	for (const char *l = *text ? text : NULL; l; l = proctext_next_line(l)) {
		if (strncmp(l, name, len) || l[len] != ' ')
			continue;
		err = numbers(l + len, v, 8);
		if (!err)
			*t = (struct cpu_ticks){ v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7] };
		return err;
	}
	return -ENOENT;
}

/* The heading "  CPU0  CPU1 ...": which CPU each column is of. */
static int interrupt_heading(const char *text, struct interrupts *t)
{
	const char *end = text + strcspn(text, "\n");

	for (t->nr = 0;; t->nr++) {
		uint64_t n;

		text += strspn(text, " \t");
		if (text >= end)
			return t->nr ? 0 : -EINVAL;
		if (strncmp(text, "CPU", 3) || t->nr == KMEM_MAX_CPUS)
			return -EINVAL;
		text += 3;
		if (proctext_number(&text, &n) || n >= 1u << 20 ||
		    (*text && !isspace((unsigned char)*text)))
			return -EINVAL;
		t->cpu[t->nr] = (unsigned)n;
		t->sum[t->nr] = 0;
	}
}

/* Numbers behind the label, one per CPU; "ERR:  0" and "MIS:  0" have one, which is of no CPU. */
static int interrupt_line(const char *line, struct interrupts *t)
{
	const char *at = line + strcspn(line, ":\n"), *from;
	unsigned columns = 0;
	uint64_t n;

	if (*at != ':')
		return -EINVAL;
	if (at - line >= 3 && (!strncmp(at - 3, "ERR", 3) || !strncmp(at - 3, "MIS", 3)))
		return 0;
	from = ++at;
	for (; columns < t->nr; columns++) {
		at += strspn(at, " \t");
		if (proctext_number(&at, &n))
			break;
	}
	for (unsigned i = 0; columns == t->nr && i < columns; i++) {
		from += strspn(from, " \t");
		if (proctext_number(&from, &n) || __builtin_add_overflow(t->sum[i], n, &t->sum[i]))
			return -ERANGE;
	}
	return 0;
}

int interrupts_parse(const char *text, struct interrupts *t)
{
	int err = interrupt_heading(text, t);

	for (const char *l = proctext_next_line(text); l && !err; l = proctext_next_line(l))
		err = interrupt_line(l, t);
	if (err)
		t->nr = 0;
	return err;
}

int interrupts_of(const struct interrupts *t, unsigned cpu, uint64_t *n)
{
	for (unsigned i = 0; i < t->nr; i++)
		if (t->cpu[i] == cpu) {
			*n = t->sum[i];
			return 0;
		}
	return -ENOENT;
}
