/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/samples.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/csv.h"
#include "lib/file.h"

static const char columns[] =
	"trial,block,config,experiment,label,metric,value,unit,state,share,source,worker,note";
#define NR_COLUMNS 13

static const char *const column_name[NR_COLUMNS] = {
	"trial", "block", "config", "experiment", "label",  "metric", "value",
	"unit",	 "state", "share",  "source",	  "worker", "note",
};

int samples_is_status(const struct sample *s)
{
	return !strcmp(s->metric, SAMPLES_STATUS);
}

/* ---- writing ---- */

static int buf_room(struct samples_buf *b, size_t more)
{
	size_t cap = b->cap ? b->cap : 4096;
	char *text;

	if (b->len + more <= b->cap)
		return 0;
	while (cap < b->len + more)
		cap *= 2;
	text = realloc(b->text, cap);
	if (!text) {
		b->oom = 1;
		return -ENOMEM;
	}
	b->text = text;
	b->cap = cap;
	return 0;
}

/* One field, then @end. A row is a line. */
static void buf_field(struct samples_buf *b, const char *s, char end)
{
	if (buf_room(b, CSV_CELL_ROOM(strlen(s)) + 1))
		return;
	b->len += csv_put_cell(b->text + b->len, s, CSV_ONE_LINE);
	b->text[b->len++] = end;
}

static void buf_number(struct samples_buf *b, double v, char end)
{
	char t[CSV_NUMBER_MAX];

	buf_field(b, csv_number(t, v), end);
}

void samples_buf_row(struct samples_buf *b, const struct sample *s)
{
	char n[40];

	buf_field(b, s->trial, ',');
	snprintf(n, sizeof(n), "%u,%u", s->block, s->config);
	if (buf_room(b, sizeof(n) + 1))
		return;
	memcpy(b->text + b->len, n, strlen(n));
	b->len += strlen(n);
	b->text[b->len++] = ',';
	buf_field(b, s->experiment, ',');
	buf_field(b, s->label, ',');
	buf_field(b, s->metric, ',');
	buf_number(b, s->value, ',');
	buf_field(b, s->unit ? s->unit : "", ',');
	buf_field(b, s->state, ',');
	buf_number(b, s->share, ',');
	buf_field(b, s->source ? s->source : "", ',');
	snprintf(n, sizeof(n), "%d", s->worker);
	buf_field(b, n, ',');
	buf_field(b, s->note ? s->note : "", '\n');
}

void samples_buf_release(struct samples_buf *b)
{
	free(b->text);
	memset(b, 0, sizeof(*b));
}

/* @len bytes in one write, or none: what came out short is cut off again. */
static int write_all_or_none(int fd, const char *text, size_t len, struct err *e)
{
	off_t before = lseek(fd, 0, SEEK_END);
	ssize_t n;
	int err;

	if (before < 0)
		return err_set(e, -errno, "samples: %s", strerror(errno));
	do {
		n = write(fd, text, len);
	} while (n < 0 && errno == EINTR);
	if (n == (ssize_t)len)
		return 0;
	err = n < 0 ? errno : ENOSPC;
	if (n > 0 && ftruncate(fd, before))
		return err_set(e, -err, "samples: %s, and the torn rows cannot be cut off: %s",
			       strerror(err), strerror(errno));
	return err_set(e, -err, "samples: cannot write: %s", strerror(err));
}

int samples_open(const char *path, int *fd, struct err *e)
{
	char head[sizeof(columns) + 40], have[sizeof(head)];
	ssize_t n;
	int rc = 0;

	*fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (*fd < 0)
		return err_set(e, -errno, "%s: %s", path, strerror(errno));
	snprintf(head, sizeof(head), "# slabscope samples %d\n%s\n", SAMPLES_VERSION, columns);
	n = pread(*fd, have, strlen(head), 0);
	if (n < 0)
		rc = err_set(e, -errno, "%s: %s", path, strerror(errno));
	else if (memcmp(have, head, n))
		rc = err_set(e, -EINVAL,
			     "%s: line 1: expected '# slabscope samples %d' to append to", path,
			     SAMPLES_VERSION);
	else if ((size_t)n < strlen(head)) /* new, or killed while it was made */
		rc = ftruncate(*fd, 0) ? err_set(e, -errno, "%s: %s", path, strerror(errno)) :
					 write_all_or_none(*fd, head, strlen(head), e);
	if (rc) {
		close(*fd);
		*fd = -1;
	}
	return rc;
}

int samples_append(int fd, const struct samples_buf *b, struct err *e)
{
	int rc;

	if (b->oom)
		return err_set(e, -ENOMEM, "samples: out of memory");
	rc = write_all_or_none(fd, b->text, b->len, e);
	if (rc)
		return rc;
	if (fdatasync(fd) && errno != EINVAL && errno != EROFS)
		return err_set(e, -errno, "samples: cannot sync: %s", strerror(errno));
	return 0;
}

/* ---- reading ---- */

struct reader {
	struct samples *s;
	const char *path;
	struct csv_reader csv;
	size_t cap, pending; /* rows from `pending` on belong to a trial that is not whole yet */
};

static int number(const char *t, double *v)
{
	char *end;

	*v = NAN;
	if (!*t)
		return 0;
	*v = strtod(t, &end);
	return *end || !isfinite(*v) ? -EINVAL : 0;
}

static int whole_number(const char *t, long long lo, long long hi, long long *v)
{
	char *end;

	errno = 0;
	*v = strtoll(t, &end, 10);
	return end == t || *end || errno || *v < lo || *v > hi ? -EINVAL : 0;
}

static int bad_field(const struct reader *r, int column, const char *want, struct err *e)
{
	int code = err_set(e, -EINVAL, "expected %s, got '%.40s'", want, r->csv.cell[column].text);

	return csv_error_at(&r->csv, column, column_name[column], code, e);
}

/* The row just read as a sample. */
static int parse_row(const struct reader *r, struct sample *s, struct err *e)
{
	const char *f[NR_COLUMNS];
	long long block, config, worker;
	unsigned i;

	if (r->csv.nr != NR_COLUMNS)
		return err_set(e, -EINVAL, "%s: line %u: expected %d columns, got %u", r->path,
			       r->csv.line, NR_COLUMNS, r->csv.nr);
	for (i = 0; i < NR_COLUMNS; i++)
		f[i] = r->csv.cell[i].text;
	for (i = 0; i < 9; i++)
		if (!*f[i] && (i == 0 || i == 5 || i == 8))
			return bad_field(r, i, "a word", e);
	if (whole_number(f[1], 0, UINT32_MAX, &block))
		return bad_field(r, 1, "a block's number", e);
	if (whole_number(f[2], 0, UINT32_MAX, &config))
		return bad_field(r, 2, "a config's number", e);
	if (whole_number(f[11], -1, INT32_MAX, &worker))
		return bad_field(r, 11, "a worker's number or -1", e);
	if (number(f[6], &s->value))
		return bad_field(r, 6, "a number or nothing", e);
	if (number(f[9], &s->share))
		return bad_field(r, 9, "a number or nothing", e);
	s->trial = f[0];
	s->block = block;
	s->config = config;
	s->experiment = f[3];
	s->label = f[4];
	s->metric = f[5];
	s->unit = f[7];
	s->state = f[8];
	s->source = f[10];
	s->worker = worker;
	s->note = f[12];
	s->attempt = 0;
	s->superseded = 0;
	return 0;
}

static int add_row(struct reader *r, const struct sample *row, struct err *e)
{
	struct samples *s = r->s;

	if (s->nr == r->cap) {
		size_t cap = r->cap ? 2 * r->cap : 1024;
		struct sample *p = realloc(s->row, cap * sizeof(*p));

		if (!p)
			return err_set(e, -ENOMEM, "%s: out of memory", r->path);
		s->row = p;
		r->cap = cap;
	}
	s->row[s->nr++] = *row;
	return 0;
}

/* Lines 1 and 2. */
static int check_head(const struct reader *r, char *text, char **rest, struct err *e)
{
	int *version = &r->s->version;
	char *nl = strchr(text, '\n'), *nl2 = nl ? strchr(nl + 1, '\n') : NULL;

	if (sscanf(text, "# slabscope samples %d", version) != 1)
		return err_set(e, -EINVAL,
			       "%s: line 1: expected '# slabscope samples %d': not a samples file",
			       r->path, SAMPLES_VERSION);
	if (*version < SAMPLES_OLDEST || *version > SAMPLES_VERSION)
		return err_set(
			e, -EINVAL,
			"%s: line 1: samples version %d; this program reads versions %d to %d",
			r->path, *version, SAMPLES_OLDEST, SAMPLES_VERSION);
	if (!nl2 || (size_t)(nl2 - nl - 1) != strlen(columns) ||
	    strncmp(nl + 1, columns, strlen(columns)))
		return err_set(e, -EINVAL, "%s: line 2: expected the columns %s", r->path, columns);
	*rest = nl2 + 1;
	return 0;
}

/* One attempt: rows begin .. status, the last of which is its status row. */
struct attempt {
	const char *trial;
	size_t begin, status;
};

static int by_trial(const void *a, const void *b)
{
	const struct attempt *x = a, *y = b;
	int c = strcmp(x->trial, y->trial);

	return c ? c : x->status < y->status ? -1 : x->status > y->status;
}

/* @a is followed by @next, of the same trial. */
static int supersede(const struct reader *r, const struct attempt *a, const struct attempt *next,
		     struct err *e)
{
	struct sample *row = r->s->row;
	size_t i;

	if (r->s->version < 2)
		return err_set(e, -EINVAL, "%s: trial %s is there twice", r->path, a->trial);
	if (strcmp(row[a->status].state, SAMPLES_DISTURBED))
		return err_set(
			e, -EINVAL,
			"%s: trial %s is there again after it was %.40s, not " SAMPLES_DISTURBED,
			r->path, a->trial, row[a->status].state);
	for (i = a->begin; i <= a->status; i++)
		row[i].superseded = 1;
	for (i = next->begin; i <= next->status; i++)
		row[i].attempt = row[a->status].attempt + 1;
	return 0;
}

/* Which attempt of its trial is which: their status rows by trial, and in the file's order. */
static int count_attempts(const struct reader *r, struct err *e)
{
	struct samples *s = r->s;
	struct attempt *a = calloc(s->nr_attempts + 1, sizeof(*a));
	size_t i, n = 0, begin = 0;
	int rc = 0;

	if (!a)
		return err_set(e, -ENOMEM, "%s: out of memory", r->path);
	for (i = 0; i < s->nr; i++)
		if (samples_is_status(&s->row[i])) {
			a[n++] = (struct attempt){ s->row[i].trial, begin, i };
			begin = i + 1;
		}
	qsort(a, n, sizeof(*a), by_trial);
	s->nr_trials = n > 0;
	for (i = 1; i < n && !rc; i++) {
		if (strcmp(a[i].trial, a[i - 1].trial))
			s->nr_trials++;
		else
			rc = supersede(r, &a[i - 1], &a[i], e);
	}
	free(a);
	return rc;
}

/* One row more; @bad says why it cannot be one, and is left as it is where it can. */
static int take_row(struct reader *r, struct sample *row, struct err *bad)
{
	const struct samples *s = r->s;
	int rc = parse_row(r, row, bad);

	if (rc || s->nr == r->pending || !strcmp(s->row[r->pending].trial, row->trial))
		return rc;
	err_set(bad, -EINVAL, "trial %s begins before the last row of %s", row->trial,
		s->row[r->pending].trial);
	return csv_error_at(&r->csv, 0, column_name[0], -EINVAL, bad);
}

/* The rows behind the header. A bad line is an error only if a whole trial follows it: the first
 * is kept in @bad until then. */
static int parse_rows(struct reader *r, struct err *e)
{
	struct samples *s = r->s;
	struct err bad;
	int rc, have_bad = 0;
	struct sample row;

	while ((rc = csv_read(&r->csv, have_bad ? NULL : &bad)) != 0) {
		if (rc == -ENOMEM)
			return err_set(e, rc, "%s: out of memory", r->path);
		row.metric = "";
		if (rc < 0 || take_row(r, &row, have_bad ? NULL : &bad))
			have_bad = 1;
		if (!have_bad && add_row(r, &row, e))
			return -ENOMEM;
		if (!samples_is_status(&row))
			continue;
		if (have_bad)
			return err_set(e, -EINVAL, "%s", bad.text);
		r->pending = s->nr;
		s->nr_attempts++;
		s->whole_bytes = r->csv.in - s->text;
		s->torn_lines = r->csv.at_line; /* until the end is known */
	}
	s->nr = r->pending;
	s->torn_lines = r->csv.at_line - s->torn_lines;
	return 0;
}

int samples_parse(struct samples *s, char *text, size_t len, const char *path, struct err *e)
{
	struct reader r = { .s = s, .path = path };
	char *rest = text, *end;
	int rc;

	memset(s, 0, sizeof(*s));
	s->text = text;
	text[len] = '\0';
	rc = check_head(&r, text, &rest, e);
	if (!rc) {
		end = memrchr(rest, '\n', text + len - rest); /* a line without its end is torn */
		end = end ? end + 1 : rest;
		s->whole_bytes = rest - text;
		s->torn_lines = 3;
		csv_reader_init_text(&r.csv, rest, end - rest, path, 3);
		rc = parse_rows(&r, e);
		csv_reader_release(&r.csv);
		s->torn_lines += end < text + len;
	}
	if (!rc)
		rc = count_attempts(&r, e);
	if (rc)
		samples_release(s);
	return rc;
}

int samples_read(struct samples *s, const char *path, struct err *e)
{
	char *text;
	size_t len;
	int rc = file_read(path, 0, &text, &len, e);

	memset(s, 0, sizeof(*s));
	if (rc)
		return rc;
	return samples_parse(s, text, len, path, e);
}

void samples_release(struct samples *s)
{
	free(s->row);
	free(s->text);
	memset(s, 0, sizeof(*s));
}
