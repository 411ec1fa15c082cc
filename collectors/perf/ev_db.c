/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The event data in memory: opening, looking things up, and what only all files together can tell. */

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "collectors/perf/ev.h"
#include "lib/file.h"

#define FILE_MOST ((size_t)16 << 20)

/* ---- memory ---- */

void *ev_db_room(void *list, unsigned nr, size_t each)
{
	void *p, *more;

	memcpy(&p, list, sizeof(p)); /* whatever it points to */
	/* a power of two of them, so that it grows only now and then */
	if (p && (nr & (nr + 1)))
		return p;
	more = realloc(p, ((size_t)nr + 1) * 2 * each);
	if (more)
		memcpy(list, &more, sizeof(more));
	return more;
}

char *ev_db_keep(struct ev_db *db, const char *text, size_t len)
{
	char *copy = malloc(len + 1);

	if (!copy || !ev_db_room(&db->text, db->nr_texts, sizeof(*db->text))) {
		free(copy);
		return NULL;
	}
	memcpy(copy, text, len);
	copy[len] = '\0';
	db->text[db->nr_texts++] = copy;
	return copy;
}

struct ev_quantity *ev_db_add_quantity(struct ev_db *db, const char *name)
{
	struct ev_quantity *q = calloc(1, sizeof(*q));

	if (!q || !ev_db_room(&db->quantity, db->nr_quantities, sizeof(struct ev_quantity *))) {
		free(q);
		return NULL;
	}
	snprintf(q->name, sizeof(q->name), "%s", name);
	db->quantity[db->nr_quantities++] = q;
	db->quantity[db->nr_quantities] = NULL;
	return q;
}

void ev_db_close(struct ev_db *db)
{
	if (!db)
		return;
	for (unsigned i = 0; i < db->nr_quantities; i++)
		free(db->quantity[i]);
	for (unsigned i = 0; i < db->nr_groups; i++) {
		free(db->group[i]->quantity);
		free(db->group[i]);
	}
	for (unsigned i = 0; i < db->nr_derived; i++)
		free(db->derived[i]);
	for (unsigned i = 0; i < db->nr_texts; i++)
		free(db->text[i]);
	free(db->quantity);
	free(db->row);
	free(db->group);
	free(db->derived);
	free(db->text);
	free(db);
}

/* ---- problems ---- */

int ev_db_problem(struct ev_db *db, const char *file, unsigned line, struct err *e, const char *fmt,
		  ...)
{
	char text[ERR_TEXT_MAX];
	struct err full;
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (!*file)
		err_set(&full, 0, "%s", text); /* it says where itself */
	else if (line)
		err_set(&full, 0, "%s:%u: %s", file, line, text);
	else
		err_set(&full, 0, "%s: %s", file, text);
	db->nr_problems++;
	if (!db->problem)
		return err_set(e, -EINVAL, "%s", full.text);
	db->problem(db->problem_ctx, full.text);
	return 0;
}

bool ev_word(const char *text, size_t most)
{
	size_t n = strlen(text);

	return n && n < most && text[0] != '-' && text[0] != '.' &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
		       n;
}

/* ---- looking up ---- */

const struct ev_quantity *const *ev_db_quantities(const struct ev_db *db)
{
	return (const struct ev_quantity *const *)db->quantity;
}

const struct ev_quantity *ev_db_quantity(const struct ev_db *db, const char *name)
{
	for (unsigned i = 0; i < db->nr_quantities; i++)
		if (!strcmp(db->quantity[i]->name, name))
			return db->quantity[i];
	return NULL;
}

const struct ev_derived *const *ev_db_derived(const struct ev_db *db)
{
	static const struct ev_derived *const none[] = { NULL };

	return db->derived ? (const struct ev_derived *const *)db->derived : none;
}

const struct ev_group *ev_db_find_group(const struct ev_db *db, const char *name)
{
	for (unsigned i = 0; i < db->nr_groups; i++)
		if (!strcmp(db->group[i]->name, name))
			return db->group[i];
	return NULL;
}

int ev_db_group(const struct ev_db *db, const char *group, const char *name[], unsigned most)
{
	const struct ev_group *g = ev_db_find_group(db, group);

	if (!g)
		return -ENOENT;
	for (unsigned i = 0; i < g->nr && i < most; i++)
		name[i] = g->quantity[i];
	return (int)g->nr;
}

bool ev_row_is_for(const struct ev_row *r, const char *pmu)
{
	size_t n = strlen(pmu);

	if (!strcmp(r->pmu, "*"))
		return strcmp(pmu, "perf") && strcmp(pmu, "sysfs");
	if (!n)
		return false;
	/* the user's may name several: "skx clx" */
	for (const char *at = r->pmu; (at = strstr(at, pmu)) != NULL; at += n)
		if ((at == r->pmu || at[-1] == ' ') && (!at[n] || at[n] == ' '))
			return true;
	return false;
}

const struct ev_row *ev_db_row(const struct ev_db *db, const char *pmu, const char *quantity,
			       const struct ev_row *after)
{
	/* in the order shipped_rows .. nr_rows - 1, 0 .. shipped_rows - 1 */
	unsigned i = db->shipped_rows, nr = db->nr_rows;

	if (after)
		i = (unsigned)(after - db->row) + 1;
	if (!after || after >= db->row + db->shipped_rows) {
		for (; i < nr; i++)
			if (!strcmp(db->row[i].quantity, quantity) &&
			    ev_row_is_for(&db->row[i], pmu))
				return &db->row[i];
		i = 0;
	}
	for (; i < db->shipped_rows; i++)
		if (!strcmp(db->row[i].quantity, quantity) && ev_row_is_for(&db->row[i], pmu))
			return &db->row[i];
	return NULL;
}

/* ---- what only all files together can tell ---- */

static int check_rows(struct ev_db *db, struct err *e)
{
	for (unsigned i = 0; i < db->nr_rows; i++) {
		const struct ev_row *r = &db->row[i];
		int rc;

		if (ev_db_quantity(db, r->quantity))
			continue;
		rc = ev_db_problem(db, r->file, r->line, e, "no quantity is called '%s'",
				   r->quantity);
		if (rc)
			return rc;
	}
	return 0;
}

static int check_groups(struct ev_db *db, struct err *e)
{
	for (unsigned i = 0; i < db->nr_groups; i++) {
		const struct ev_group *g = db->group[i];

		for (unsigned k = 0; k < g->nr; k++) {
			int rc = 0;

			if (!ev_db_quantity(db, g->quantity[k]))
				rc = ev_db_problem(db, g->file, g->line, e,
						   "[group %s]: no quantity is called '%s'",
						   g->name, g->quantity[k]);
			if (rc)
				return rc;
		}
		if (!g->nr) {
			int rc = ev_db_problem(db, g->file, g->line, e,
					       "[group %s]: expected quantities = ...", g->name);

			if (rc)
				return rc;
		}
	}
	return 0;
}

struct names {
	const struct ev_db *db;
	const struct ev_group *group;
};

static const char *unit_in_group(void *ctx, const char *name)
{
	const struct names *n = ctx;
	const struct ev_quantity *q;

	for (unsigned i = 0; i < n->group->nr; i++)
		if (!strcmp(n->group->quantity[i], name)) {
			q = ev_db_quantity(n->db, name);
			return q ? q->unit : "1";
		}
	return NULL;
}

static int check_derived(struct ev_db *db, struct err *e)
{
	for (unsigned i = 0; i < db->nr_derived; i++) {
		const struct ev_derived *d = db->derived[i];
		struct names names = { db, ev_db_find_group(db, d->group) };
		struct err why = { "" };
		int rc = 0;

		if (!names.group)
			rc = ev_db_problem(db, d->file, d->line, e,
					   "[derived %s]: no group is called '%s'", d->name,
					   d->group);
		else if (ev_formula_check(d->formula, d->unit, unit_in_group, &names, &why))
			rc = ev_db_problem(db, d->file, d->line, e, "[derived %s] of group %s: %s",
					   d->name, d->group, why.text);
		if (rc)
			return rc;
	}
	return 0;
}

int ev_db_check(struct ev_db *db, struct err *e)
{
	int rc = check_rows(db, e);

	if (!rc)
		rc = check_groups(db, e);
	return rc ? rc : check_derived(db, e);
}

/* ---- files ---- */

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n > m && !strcmp(name + n - m, end);
}

static bool is_ours(const char *name)
{
	return ends_with(name, ".csv") || ends_with(name, ".ini") || ends_with(name, ".events");
}

int ev_db_text(struct ev_db *db, const char *name, const char *text, size_t len, struct err *e)
{
	char *copy = ev_db_keep(db, text, len), *kept = ev_db_keep(db, name, strlen(name));

	if (!copy || !kept)
		return err_set(e, -ENOMEM, "no memory for %s", name);
	if (ends_with(name, ".csv"))
		return ev_db_csv(db, kept, copy, len, e);
	return ev_db_ini(db, kept, copy, len, e);
}

static int read_one(struct ev_db *db, const char *path, struct err *e)
{
	char *text;
	size_t len;
	int rc;

	if (!is_ours(path))
		return err_set(e, -EINVAL, "%s: expected a name that ends in .csv, .ini or .events",
			       path);
	rc = file_read(path, FILE_MOST, &text, &len, e);
	if (rc)
		return rc;
	rc = ev_db_text(db, path, text, len, e);
	free(text);
	return rc;
}

static int of_ours(const struct dirent *d)
{
	return d->d_name[0] != '.' && is_ours(d->d_name);
}

static int read_folder(struct ev_db *db, const char *path, struct err *e)
{
	struct dirent **entry = NULL;
	int n = scandir(path, &entry, of_ours, alphasort), rc = 0;
	char name[4096];

	if (n < 0)
		return err_set(e, -errno, "%s: %s", path, strerror(errno));
	for (int i = 0; i < n; i++) {
		if (!rc && snprintf(name, sizeof(name), "%s/%s", path, entry[i]->d_name) >=
				   (int)sizeof(name))
			rc = err_set(e, -ENAMETOOLONG, "%s: the path is too long", path);
		if (!rc)
			rc = read_one(db, name, e);
		free(entry[i]);
	}
	free(entry);
	return rc;
}

static int read_path(struct ev_db *db, const char *path, struct err *e)
{
	struct stat st;

	if (stat(path, &st))
		return err_set(e, -errno, "%s: %s", path, strerror(errno));
	return S_ISDIR(st.st_mode) ? read_folder(db, path, e) : read_one(db, path, e);
}

static int read_user_folder(struct ev_db *db, struct err *e)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	char path[4096];
	struct stat st;
	int n;

	/* the standard says that a relative one is to be ignored */
	if (config && *config == '/')
		n = snprintf(path, sizeof(path), "%s/slabscope/events", config);
	else if (home && *home == '/')
		n = snprintf(path, sizeof(path), "%s/.config/slabscope/events", home);
	else
		return 0;
	if (n >= (int)sizeof(path) || stat(path, &st) || !S_ISDIR(st.st_mode))
		return 0;
	return read_folder(db, path, e);
}

static int read_list(struct ev_db *db, const char *list, struct err *e)
{
	char path[4096];

	while (list && *list) {
		size_t n = strcspn(list, ":");
		int rc = 0;

		if (n >= sizeof(path))
			return err_set(e, -ENAMETOOLONG, "a path of %zu bytes is too long", n);
		memcpy(path, list, n);
		path[n] = '\0';
		if (n)
			rc = read_path(db, path, e);
		if (rc)
			return rc;
		list += n + (list[n] == ':');
	}
	return 0;
}

static int read_all(struct ev_db *db, const char *path, struct err *e)
{
	int rc = 0;

	for (unsigned i = 0; ev_shipped[i].name && !rc; i++)
		rc = ev_db_text(db, ev_shipped[i].name, ev_shipped[i].text,
				(size_t)(ev_shipped[i].end - ev_shipped[i].text), e);
	db->shipped_rows = db->nr_rows;
	if (!rc)
		rc = read_user_folder(db, e);
	if (!rc)
		rc = read_list(db, path, e);
	return rc ? rc : ev_db_check(db, e);
}

int ev_db_open_lint(struct ev_db **out, const char *path, void (*problem)(void *, const char *),
		    void *ctx, struct err *e)
{
	struct ev_db *db = calloc(1, sizeof(*db));
	int rc;

	if (!db)
		return err_set(e, -ENOMEM, "no memory");
	db->problem = problem;
	db->problem_ctx = ctx;
	rc = read_all(db, path, e);
	if (rc) {
		ev_db_close(db);
		return rc;
	}
	*out = db;
	return 0;
}

int ev_db_open(struct ev_db **db, const char *path, struct err *e)
{
	return ev_db_open_lint(db, path, NULL, NULL, e);
}
