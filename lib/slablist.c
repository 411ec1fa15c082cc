/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/slablist.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/file.h"

#define FILE_MOST ((size_t)64 << 20)

/* Where we are in a listing, for messages. */
struct place {
	const char *file;
	unsigned line;
	struct err *e;
};

#define bad(p, ...) \
	err_prefix((p)->e, err_set((p)->e, -EINVAL, __VA_ARGS__), "%s:%u", (p)->file, (p)->line)

/* One number column of a line: where it goes and what it may be. */
struct column {
	const char *name;
	size_t offset;
	unsigned bytes; /* 4 or 8 */
	uint64_t min;
};

#define SIZE_OF(field) sizeof(((struct slablist_row *)0)->field)
/* clang-format off */
#define COL(field, least) { #field, offsetof(struct slablist_row, field), SIZE_OF(field), least }
/* clang-format on */

static const struct column counts[] = {
	COL(active_objs, 0), COL(num_objs, 0),	   COL(objsize, 1),
	COL(objperslab, 1),  COL(pagesperslab, 1),
};
static const struct column tunables[] = { COL(limit, 0), COL(batchcount, 0), COL(shared, 0) };
static const struct column slabdata[] = { COL(active_slabs, 0), COL(num_slabs, 0),
					  COL(sharedavail, 0) };

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The next word of *@s, NUL-terminated in place; NULL at the end. */
static char *next_word(char **s)
{
	char *word = *s;

	while (blank(*word))
		word++;
	if (!*word)
		return NULL;
	*s = word;
	while (**s && !blank(**s))
		(*s)++;
	if (**s)
		*(*s)++ = '\0';
	return word;
}

/* Decimal digits and nothing else. */
static int parse_number(const char *s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (!*s)
		return -EINVAL;
	for (; *s; s++) {
		unsigned digit = (unsigned)(*s - '0');

		if (digit > 9)
			return -EINVAL;
		if (v > (max - digit) / 10)
			return -ERANGE;
		v = v * 10 + digit;
	}
	*out = v;
	return 0;
}

static int set_column(const struct place *p, struct slablist_row *row, const struct column *c,
		      const char *word)
{
	uint64_t v = 0, max = c->bytes == 4 ? UINT32_MAX : UINT64_MAX;
	uint32_t narrow;
	int ret = word ? parse_number(word, max, &v) : 0;

	if (!word)
		return bad(p, "%s: the line ends here", c->name);
	if (ret == -ERANGE)
		return bad(p, "%s: %s is too large", c->name, word);
	if (ret || v < c->min)
		return bad(p, "%s: expected a whole number%s, got '%s'", c->name,
			   c->min ? " above 0" : "", word);
	narrow = (uint32_t)v;
	memcpy((char *)row + c->offset, c->bytes == 4 ? (void *)&narrow : (void *)&v, c->bytes);
	return 0;
}

static int set_columns(const struct place *p, struct slablist_row *row, const struct column *c,
		       size_t n, char **s)
{
	for (size_t i = 0; i < n; i++) {
		int ret = set_column(p, row, &c[i], next_word(s));

		if (ret)
			return ret;
	}
	return 0;
}

/* "NAME n n n n n" in @s: names may hold blanks, so the numbers are taken from the end. */
static int parse_head(const struct place *p, char *s, struct slablist_row *row)
{
	char *word[ARRAY_SIZE(counts)];
	char *end = s + strlen(s);

	for (size_t i = ARRAY_SIZE(counts); i--;) {
		while (end > s && blank(end[-1]))
			end--;
		*end = '\0';
		while (end > s && !blank(end[-1]))
			end--;
		if (end == s)
			return bad(
				p,
				"expected a name and %zu numbers (%s ... %s) before ' : tunables'",
				ARRAY_SIZE(counts), counts[0].name,
				counts[ARRAY_SIZE(counts) - 1].name);
		word[i] = end;
	}
	while (end > s && blank(end[-1]))
		end--;
	*end = '\0';
	if (end == s)
		return bad(p, "name: expected one before the numbers");
	row->name = s;
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		int ret = set_column(p, row, &counts[i], word[i]);

		if (ret)
			return ret;
	}
	if (row->pagesperslab & (row->pagesperslab - 1))
		return bad(p, "pagesperslab: expected a power of two, got '%u'", row->pagesperslab);
	return 0;
}

/*
 * What follows slabdata: nothing, or ": globalstat n..." and ": cpustat n...". A '-' is what our own
 * engine prints for what it did not count.
 */
static int parse_statistics(const struct place *p, char *s)
{
	const char *word = next_word(&s), *group;
	uint64_t v;

	while (word) {
		if (strcmp(word, ":"))
			return bad(p, "expected ':' or the line's end after the numbers, got '%s'",
				   word);
		group = next_word(&s);
		if (!group || (strcmp(group, "globalstat") && strcmp(group, "cpustat")))
			return bad(p, "expected 'globalstat' or 'cpustat' after ':', got '%s'",
				   group ? group : "");
		word = next_word(&s);
		if (!word || !strcmp(word, ":"))
			return bad(p, "%s: expected numbers", group);
		for (; word && strcmp(word, ":"); word = next_word(&s))
			if (strcmp(word, "-") && parse_number(word, UINT64_MAX, &v))
				return bad(p, "%s: expected a whole number, got '%s'", group, word);
	}
	return 0;
}

static int parse_group(const struct place *p, const char *name, const struct column *c, size_t n,
		       struct slablist_row *row, char **s)
{
	const char *colon = next_word(s);
	const char *word = next_word(s);

	if (!colon || strcmp(colon, ":") || !word || strcmp(word, name))
		return bad(p, "expected ' : %s' here, got '%s%s%s'", name, colon ? colon : "",
			   word ? " " : "", word ? word : "");
	return set_columns(p, row, c, n, s);
}

static int parse_line(const struct place *p, char *line, struct slablist_row *row)
{
	char *rest = strstr(line, " : tunables");
	int ret;

	*row = (struct slablist_row){ .line = p->line };
	if (!rest)
		return bad(p, "expected ' : tunables' after the numbers");
	*rest++ = '\0';
	ret = parse_head(p, line, row);
	if (!ret)
		ret = parse_group(p, "tunables", tunables, ARRAY_SIZE(tunables), row, &rest);
	if (!ret)
		ret = parse_group(p, "slabdata", slabdata, ARRAY_SIZE(slabdata), row, &rest);
	if (!ret)
		ret = parse_statistics(p, rest);
	row->has_tunables = row->limit || row->batchcount || row->shared;
	return ret;
}

static int parse_header(const struct place *p, const char *line, struct slablist *l)
{
	static const char start[] = "slabinfo - version: ";
	const char *v = line + sizeof(start) - 1;

	if (strncmp(line, start, sizeof(start) - 1))
		return bad(p, "expected '%s2.1' (or 2.0) first: not /proc/slabinfo", start);
	if (strncmp(v, "2.0", 3) && strncmp(v, "2.1", 3))
		return bad(p, "version: expected 2.0 or 2.1, got '%s'", v);
	l->version = v[2] == '1' ? 21 : 20;
	v += 3;
	v += strspn(v, " \t\r");
	l->statistics = !strncmp(v, "(statistics)", 12);
	if (l->statistics)
		v += 12 + strspn(v + 12, " \t\r");
	if (*v)
		return bad(p, "version: expected the line to end after it, got '%s'", v);
	return 0;
}

static int add_line(const struct place *p, char *line, struct slablist *l, size_t *room)
{
	if (l->n == *room) {
		size_t more = *room ? *room * 2 : 128;
		struct slablist_row *row = realloc(l->row, more * sizeof(*row));

		if (!row)
			return err_set(p->e, -ENOMEM, "%s: out of memory", p->file);
		l->row = row;
		*room = more;
	}
	return parse_line(p, line, &l->row[l->n]) ?: (l->n++, 0);
}

static int parse_text(const struct place *start, struct slablist *l)
{
	struct place p = *start;
	char *line = l->text;
	bool header = false;
	size_t room = 0;
	int ret = 0;

	for (char *next; line && !ret; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		p.line++;
		if (line[0] == '#' || !line[strspn(line, " \t\r")])
			continue;
		ret = header ? add_line(&p, line, l, &room) : parse_header(&p, line, l);
		header = true;
	}
	if (!ret && !header)
		return err_set(p.e, -EINVAL, "%s: empty: not a listing of /proc/slabinfo", p.file);
	if (!ret && !l->n)
		return err_set(p.e, -EINVAL, "%s: has a header and no caches", p.file);
	return ret;
}

int slablist_parse(const char *text, size_t len, const char *file, struct slablist *out,
		   struct err *e)
{
	struct place start = { file, 0, e };
	struct slablist l = { .text = malloc(len + 1) };
	int ret;

	if (!l.text)
		return err_set(e, -ENOMEM, "%s: out of memory", file);
	memcpy(l.text, text, len);
	l.text[len] = '\0';
	if (memchr(text, '\0', len)) {
		slablist_release(&l);
		return err_set(e, -EINVAL, "%s: holds a NUL byte: not a listing of /proc/slabinfo",
			       file);
	}
	ret = parse_text(&start, &l);
	if (ret)
		slablist_release(&l);
	else
		*out = l;
	return ret;
}

int slablist_read(const char *path, struct slablist *out, struct err *e)
{
	char *text;
	size_t len;
	int ret = file_read(path, FILE_MOST, &text, &len, e);

	if (ret)
		return ret;
	ret = slablist_parse(text, len, strcmp(path, "-") ? path : "standard input", out, e);
	free(text);
	return ret;
}

const struct slablist_row *slablist_find(const struct slablist *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->row[i].name, name))
			return &l->row[i];
	return NULL;
}

void slablist_release(struct slablist *l)
{
	free(l->row);
	free(l->text);
	*l = (struct slablist){ 0 };
}
