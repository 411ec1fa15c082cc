/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Targets by name: the user's files, then the ones in the program. */

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "collectors/model/target_impl.h"
#include "lib/file.h"

#define FILE_MOST ((size_t)1 << 20)
#define NEAREST 3

/* The user's folder, if there can be one. */
static bool user_folder(char path[PATH_MAX])
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	int n = PATH_MAX;

	if (config && *config == '/')
		n = snprintf(path, PATH_MAX, "%s/slabscope/targets", config);
	else if (home && *home == '/')
		n = snprintf(path, PATH_MAX, "%s/.config/slabscope/targets", home);
	return n < PATH_MAX;
}

/* 0, the error of a file that is there, or -ENOENT. */
static int find_user(struct mt_target *t, const char *name, struct err *e)
{
	char folder[PATH_MAX], path[PATH_MAX + MT_NAME + 8], *text;
	size_t len;
	int r;

	if (strlen(name) >= MT_NAME || !user_folder(folder))
		return -ENOENT;
	snprintf(path, sizeof(path), "%s/%s.ini", folder, name);
	if (access(path, F_OK))
		return -ENOENT;
	r = file_read(path, FILE_MOST, &text, &len, e);
	if (r)
		return r == -ENOENT ? -EIO : r;
	r = mt_read_ini(t, text, len, path, e);
	free(text);
	return r;
}

static bool has_word(const char *words, const char *word)
{
	char copy[MT_TEXT], *s = copy, *w;

	snprintf(copy, sizeof(copy), "%s", words);
	while ((w = strsep(&s, " ")))
		if (*w && !strcasecmp(w, word))
			return true;
	return false;
}

static int read_shipped(struct mt_target *t, const struct mt_file *f, struct err *e)
{
	char file[MT_NAME + 16];

	snprintf(file, sizeof(file), "targets/%s.ini", f->name);
	return mt_read_ini(t, f->text, (size_t)(f->end - f->text), file, e);
}

static int find_shipped(struct mt_target *t, const char *name, struct err *e)
{
	for (const struct mt_file *f = mt_shipped; f->name; f++)
		if (!strcasecmp(f->name, name))
			return read_shipped(t, f, e);
	for (const struct mt_file *f = mt_shipped; f->name; f++)
		if (!read_shipped(t, f, NULL) && has_word(t->aliases, name))
			return 0;
	return -ENOENT;
}

int mt_find_cpu(struct mt_target *t, const struct mt_cpu *cpu)
{
	for (const struct mt_file *f = mt_shipped; f->name; f++)
		if (!read_shipped(t, f, NULL) && mt_match(t->match, cpu))
			return 0;
	return -ENOENT;
}

/* ---- names ---- */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* @list[@n] = a copy of @name[0..@len), which is there once; false: no memory. */
static bool add_name(char ***list, size_t *n, const char *name, size_t len)
{
	char **more, *copy;

	for (size_t i = 0; i < *n; i++)
		if (strlen((*list)[i]) == len && !strncmp((*list)[i], name, len))
			return true;
	copy = strndup(name, len);
	more = realloc(*list, (*n + 2) * sizeof(*more));
	if (more)
		*list = more;
	if (!more || !copy) {
		free(copy);
		return false;
	}
	more[(*n)++] = copy;
	more[*n] = NULL;
	return true;
}

static bool add_folder(char ***list, size_t *n)
{
	char path[PATH_MAX];
	struct dirent *entry;
	bool ok = true;
	DIR *d;

	if (!user_folder(path) || !(d = opendir(path)))
		return true;
	while (ok && (entry = readdir(d))) {
		size_t len = strlen(entry->d_name);

		if (len > 4 && *entry->d_name != '.' && !strcmp(entry->d_name + len - 4, ".ini"))
			ok = add_name(list, n, entry->d_name, len - 4);
	}
	closedir(d);
	return ok;
}

char **mt_names(void)
{
	char **list = calloc(1, sizeof(*list));
	bool ok = list != NULL;
	size_t n = 0;

	ok = ok && add_folder(&list, &n);
	for (const struct mt_file *f = mt_shipped; ok && f->name; f++)
		ok = add_name(&list, &n, f->name, strlen(f->name));
	if (!ok) {
		mt_names_free(list);
		return NULL;
	}
	qsort(list, n, sizeof(*list), by_name);
	return list;
}

void mt_names_free(char **names)
{
	for (char **n = names; n && *n; n++)
		free(*n);
	free(names);
}

/* How unlike two names are: letters to change, add or leave out. */
static unsigned unlike(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	unsigned row[MT_NAME + 1];

	if (n > MT_NAME || m > MT_NAME)
		return MT_NAME;
	if (n >= 2 && strcasestr(b, a))
		return 1;
	for (size_t j = 0; j <= m; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned corner = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			unsigned change = corner + (strncasecmp(&a[i - 1], &b[j - 1], 1) ? 1 : 0);
			unsigned gap = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;

			corner = row[j];
			row[j] = change < gap ? change : gap;
		}
	}
	return row[m];
}

/* Up to three names like @name into @buf: "'zen4', 'zen5'". */
static void nearest(const char *name, char *buf, size_t len)
{
	char **names = mt_names();
	unsigned n = 0;
	size_t at = 0;

	*buf = '\0';
	for (unsigned most = 1; names && most <= 3 && !n; most++)
		for (char **s = names; *s && n < NEAREST && at < len; s++)
			if (unlike(name, *s) <= most && 2 * most <= strlen(*s)) {
				int w = snprintf(buf + at, len - at, "%s'%s'", n ? ", " : "", *s);

				at += (size_t)w;
				n++;
			}
	mt_names_free(names);
}

int mt_find(struct mt_target *t, const char *name, struct err *e)
{
	char near[256];
	int r = find_user(t, name, e);

	if (r == -ENOENT)
		r = find_shipped(t, name, e);
	if (r != -ENOENT)
		return r;
	nearest(name, near, sizeof(near));
	return err_set(e, -ENOENT,
		       "no target '%.60s'%s%s%s; 'slabscope list targets' has them, a FILE.ini or "
		       "FILE.xml, host, or l1d=32K/8/64,... are others",
		       name, *near ? "; did you mean " : "", near, *near ? "?" : "");
}
