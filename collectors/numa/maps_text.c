/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The texts of numa_maps and smaps. See numa.h. */
#include "collectors/numa/numa.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "collectors/proctext.h"

/* A hexadecimal number in lower case, as both files print addresses. */
static int hex_number(const char **text, uintptr_t *v)
{
	static const char digits[] = "0123456789abcdef";
	const char *t = *text, *d;
	uintptr_t n = 0;

	for (; *t && (d = strchr(digits, *t)) != NULL; t++) {
		if (n >> (8 * sizeof(n) - 4))
			return -ERANGE;
		n = n << 4 | (uintptr_t)(d - digits);
	}
	if (t == *text)
		return -EINVAL;
	*text = t;
	*v = n;
	return 0;
}

/* Does the word at @at end behind it? */
static bool ends(const char *at)
{
	return !*at || isspace((unsigned char)*at);
}

/* "N3=17": 1; another word: 0; -EINVAL. */
static int node_word(const char *word, struct numa_map *m)
{
	const char *at = word + 1;
	uint64_t node, pages;

	if (*word != 'N' || !isdigit((unsigned char)*at))
		return 0;
	if (proctext_number(&at, &node) || node > 1u << 20 || *at++ != '=' ||
	    proctext_number(&at, &pages) || !ends(at) || m->nr == NUMA_NODES)
		return -EINVAL;
	m->on[m->nr].node = (int)node;
	m->on[m->nr++].pages = pages;
	return 1;
}

static int map_word(const char *word, struct numa_map *m)
{
	static const char size[] = "kernelpagesize_kB=";
	const char *at = word + sizeof(size) - 1;

	if (!strncmp(word, size, sizeof(size) - 1))
		return proctext_number(&at, &m->page_kb) || !ends(at) || m->page_kb > 1u << 30 ?
			       -EINVAL :
			       0;
	if (!strncmp(word, "huge", 4) && ends(word + 4))
		m->hugetlb = 1;
	return node_word(word, m) < 0 ? -EINVAL : 0;
}

int numa_map_parse(const char *line, struct numa_map *m)
{
	*m = (struct numa_map){ .start = 0 };
	if (hex_number(&line, &m->start) || *line != ' ')
		return -EINVAL;
	for (;;) {
		line += strspn(line, " \t");
		if (!*line || *line == '\n')
			return 0;
		if (map_word(line, m))
			return -EINVAL;
		line += strcspn(line, " \t\n");
	}
}

/* "7f00-7f10 rw-p ..." begins a mapping; lines like "Rss:  8 kB" follow it. */
static int range_head(const char *line, struct numa_range *r)
{
	struct numa_range n = { .start = 0 };

	if (hex_number(&line, &n.start) || *line++ != '-' || hex_number(&line, &n.end) ||
	    *line != ' ' || n.end <= n.start)
		return -EINVAL;
	*r = n;
	return 0;
}

static int range_line(const char *line, struct numa_range *r)
{
	static const struct {
		const char *key;
		size_t offset;
	} keys[] = {
		{ "Rss:", offsetof(struct numa_range, rss) },
		{ "AnonHugePages:", offsetof(struct numa_range, anon_huge) },
		{ "Private_Hugetlb:", offsetof(struct numa_range, hugetlb) },
		{ "Shared_Hugetlb:", offsetof(struct numa_range, hugetlb) },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		size_t len = strlen(keys[i].key);
		const char *at = line + len;
		uint64_t kb;

		if (strncmp(line, keys[i].key, len))
			continue;
		at += strspn(at, " \t");
		if (proctext_number(&at, &kb) || kb >> 50)
			return -EINVAL;
		*(uint64_t *)(void *)((char *)r + keys[i].offset) += kb * 1024;
	}
	return 0;
}

int numa_ranges(const char *text, void (*fn)(const struct numa_range *r, void *arg), void *arg)
{
	struct numa_range r = { .start = 0 };
	bool have = false;

	for (const char *l = *text ? text : NULL; l; l = proctext_next_line(l)) {
		struct numa_range next;

		if (!range_head(l, &next)) {
			if (have)
				fn(&r, arg);
			r = next;
			have = true;
		} else if (!have || range_line(l, &r)) {
			return -EINVAL;
		}
	}
	if (!have)
		return -EINVAL;
	fn(&r, arg);
	return 0;
}
