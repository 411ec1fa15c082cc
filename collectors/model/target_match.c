/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which CPUs a target is, as text in its file: words by blanks, of which one must fit.
 *
 *	VENDOR/FAMILY/MODEL[-MODEL][/STEPPING[-STEPPING]]	x86: GenuineIntel/6/85/0-4
 *	arm/IMPLEMENTER/PART					arm/0x41/0xd0c
 *	power/NAME						power/POWER9
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/model/target_impl.h"

/* "16-31" or "17", decimal or 0x. */
static bool take_range(const char *s, unsigned *from, unsigned *to)
{
	char *end;
	unsigned long a, b;

	if (*s < '0' || *s > '9')
		return false;
	a = b = strtoul(s, &end, 0);
	if (*end == '-' && end[1] >= '0' && end[1] <= '9')
		b = strtoul(end + 1, &end, 0);
	*from = (unsigned)a;
	*to = (unsigned)b;
	return !*end && a <= b && b <= 0xffff;
}

struct range {
	unsigned from, to;
};

/* A word, cut in place: false when it is of no form above. @r: up to three ranges. */
static bool cut(char *word, const char **who, const char **name, struct range *r, unsigned *nr)
{
	char *part;

	*who = strsep(&word, "/");
	*name = word;
	*nr = 0;
	if (!**who || !word || !*word)
		return false;
	if (!strcmp(*who, "power"))
		return !strchr(word, '/');
	while ((part = strsep(&word, "/"))) {
		if (*nr == 3 || !take_range(part, &r[*nr].from, &r[*nr].to))
			return false;
		++*nr;
	}
	return *nr >= 2 && (*nr == 2 || strcmp(*who, "arm"));
}

static bool within(const struct range *r, unsigned v)
{
	return v >= r->from && v <= r->to;
}

static bool word_is(char *word, const struct mt_cpu *cpu)
{
	const char *who, *name;
	struct range r[3];
	unsigned nr;

	if (!cut(word, &who, &name, r, &nr))
		return false;
	if (!strcmp(who, "power"))
		return !strcmp(cpu->power, name);
	if (!strcmp(who, "arm"))
		return cpu->part && within(&r[0], cpu->implementer) && within(&r[1], cpu->part);
	return !strcmp(who, cpu->vendor) && within(&r[0], cpu->family) &&
	       within(&r[1], cpu->model) && (nr == 2 || within(&r[2], cpu->stepping));
}

bool mt_match(const char *match, const struct mt_cpu *cpu)
{
	char copy[MT_TEXT], *s = copy, *word;

	snprintf(copy, sizeof(copy), "%s", match);
	while ((word = strsep(&s, " ")))
		if (*word && word_is(word, cpu))
			return true;
	return false;
}

int mt_match_check(const char *match, struct err *e)
{
	char copy[MT_TEXT], *s = copy, *word;
	const char *who, *name;
	struct range r[3];
	unsigned nr;

	if (strlen(match) >= sizeof(copy))
		return err_set(e, -EINVAL, "match: at most %zu bytes", sizeof(copy) - 1);
	strcpy(copy, match);
	while ((word = strsep(&s, " ")))
		if (*word && !cut(word, &who, &name, r, &nr))
			return err_set(e, -EINVAL,
				       "match: expected VENDOR/FAMILY/MODEL[/STEPPING], "
				       "arm/IMPLEMENTER/PART or power/NAME, got '%s'",
				       match);
	return 0;
}
