/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Candidates for a quantity, and expressions as users write them: rows, libpfm4, sysfs and the
 * machine put together.
 */

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/perf/ev.h"

const char *const ev_origin_names[] = { "libpfm4", "raw", "sysfs", "generic", "software", NULL };

#define NR(a) (sizeof(a) / sizeof((a)[0]))

/* What a term needs besides its text. */
struct source {
	const struct ev_host *host;
	const struct ev_core *core; /* whose type it gets */
	const struct ev_code *code; /* of the row; NULL: it has none */
};

/* What came out besides the event. */
struct found {
	enum ev_origin origin;
	struct ev_scale scale;
	bool differs; /* libpfm4 says another code than the row */
};

/* ---- boxes: machine-wide PMUs ---- */

/* The first box of the kind and its first CPU into @ev. */
static int first_box(const struct ev_host *h, const char *kind, struct perf_event *ev, char box[64],
		     struct err *e)
{
	char name[1][64] = { "" };
	unsigned cpu = 0;
	int n = 0;

	if (h->pretended) {
		snprintf(box, 64, "%s", kind);
	} else if (!ev_sysfs_type(&h->fs, kind, &ev->type)) {
		snprintf(box, 64, "%s", kind);
	} else {
		/* sorted only among those that there is room for */
		char(*all)[64] = calloc(256, sizeof(*all));

		n = all ? ev_sysfs_devices(&h->fs, kind, all, 256) : 0;
		if (n > 0)
			snprintf(name[0], sizeof(name[0]), "%s", all[0]);
		free(all);
		if (n <= 0 || ev_sysfs_type(&h->fs, name[0], &ev->type))
			return err_set(e, -ENOENT, "there is no PMU '%s' in sysfs", kind);
		snprintf(box, 64, "%s", name[0]);
	}
	if (!h->pretended)
		ev->cpu_wide = ev_sysfs_cpus(&h->fs, box, "cpumask", &cpu, 1) > 0;
	else
		ev->cpu_wide = true;
	ev->no_exclude = ev->cpu_wide;
	ev->cpu = (int)cpu;
	return 0;
}

int ev_expand(const struct ev_host *h, const struct ev_candidate *c, struct ev_box *out,
	      unsigned most)
{
	char(*name)[64] = calloc(1024, sizeof(*name));
	unsigned *cpu = calloc(1024, sizeof(*cpu)), n = 0;
	int devices;

	if (!name || !cpu) {
		free(name);
		free(cpu);
		return -ENOMEM;
	}
	devices = ev_sysfs_devices(&h->fs, NULL, name, 1024);
	if (devices > 1024)
		devices = 1024;
	for (unsigned t = 0; t < c->nr_terms; t++) {
		const char *like = NULL;
		uint32_t type;

		for (int d = 0; d < devices && !like; d++)
			if (!ev_sysfs_type(&h->fs, name[d], &type) && type == c->term[t].event.type)
				like = name[d];
		for (int d = 0; d < devices && like && c->term[t].event.cpu_wide; d++) {
			int cpus = 0;

			if (ev_sysfs_like(like, name[d]) && !ev_sysfs_type(&h->fs, name[d], &type))
				cpus = ev_sysfs_cpus(&h->fs, name[d], "cpumask", cpu, 1024);
			for (int k = 0; k < cpus && k < 1024; k++, n++) {
				if (n >= most)
					continue;
				out[n] = (struct ev_box){ .term = t, .event = c->term[t].event };
				memcpy(out[n].device, name[d], sizeof(out[n].device));
				out[n].event.type = type;
				out[n].event.cpu = (int)cpu[k];
			}
		}
	}
	free(name);
	free(cpu);
	return n ? (int)n : -ENOENT;
}

/* ---- terms ---- */

/* The PMU of the core that is meant by "cpu". */
static const char *core_device(const struct source *s, const char *device)
{
	return !strcmp(device, "cpu") && s->core && *s->core->device ? s->core->device : device;
}

/* "cpu/event=0x51,umask=1/" */
static int sysfs_term(const struct source *s, const char *text, struct perf_event *ev,
		      struct found *f, struct err *e)
{
	char device[64], box[64], fields[PERF_NAME_MAX];
	const char *slash = strchr(text, '/');
	size_t n = (size_t)(slash - text), len = strlen(text);
	int rc;

	if (!n || n >= sizeof(device) || text[len - 1] != '/' || len < n + 2)
		return err_set(e, -EINVAL, "expected PMU/fields/, got '%s'", text);
	memcpy(device, text, n);
	device[n] = '\0';
	memcpy(fields, slash + 1, len - n - 2);
	fields[len - n - 2] = '\0';
	f->origin = EV_SYSFS;
	f->scale.factor = 1;
	if (s->host->pretended) {
		if (!s->code)
			return err_set(e, -ENOENT, "%s is known to the machine itself only", text);
		ev_code_put(s->code, ev);
		ev->cpu_wide = ev->no_exclude = *s->code->device != '\0';
		return 0;
	}
	rc = first_box(s->host, core_device(s, device), ev, box, e);
	if (rc)
		return rc;
	/* IBS has no filter of its own for the two sides */
	if (!strncmp(box, "ibs_", 4))
		ev->no_exclude = true;
	return ev_sysfs_term(&s->host->fs, box, fields, ev, &f->scale, e);
}

/* A generic event on one type of core of several: the PMU's number in the upper half. */
static void extend_generic(const struct source *s, struct perf_event *ev)
{
	if (s->host->hybrid && s->core &&
	    (ev->type == PERF_TYPE_HARDWARE || ev->type == PERF_TYPE_HW_CACHE))
		ev->config |= (uint64_t)s->core->type << 32;
	if (ev->type == PERF_TYPE_RAW && s->core)
		ev->type = s->core->type;
}

static bool same_code(const struct perf_event *a, const struct ev_code *c)
{
	return a->config == c->config && a->config1 == c->config1 && a->config2 == c->config2;
}

/* "skx::L1D:REPLACEMENT": libpfm4's, if it has the PMU, else the row's code. */
static int table_term(const struct source *s, const char *text, struct perf_event *ev,
		      struct found *f, struct err *e)
{
	char box[64];
	int rc;

	f->scale.factor = 1;
	if (s->code && *s->code->device) {
		ev_code_put(s->code, ev);
		f->origin = EV_RAW;
		return first_box(s->host, s->code->device, ev, box, e);
	}
	rc = ev_pfm_encode(&s->host->pfm, text, ev, e);
	f->origin = EV_ROW;
	if (rc && !s->code)
		return rc;
	if (rc) {
		ev_code_put(s->code, ev);
		f->origin = EV_RAW;
	} else if (s->code) {
		f->differs = !same_code(ev, s->code);
	}
	extend_generic(s, ev);
	return 0;
}

static int resolve(const struct source *s, const struct ev_part *p, struct ev_term *t,
		   struct found *f, struct err *e)
{
	int rc;

	memset(t, 0, sizeof(*t));
	memset(f, 0, sizeof(*f));
	t->factor = p->factor;
	snprintf(t->event.name, sizeof(t->event.name), "%s", p->text);
	rc = ev_raw(p->text, &t->event, e);
	if (rc == -ENOENT && !strncmp(p->text, "perf::", 6))
		rc = -EINVAL;
	if (!rc) {
		f->origin = t->event.type == PERF_TYPE_SOFTWARE ? EV_SOFTWARE :
			    t->event.type == PERF_TYPE_RAW	? EV_RAW :
								  EV_GENERIC;
		f->scale.factor = 1;
		extend_generic(s, &t->event);
	} else if (rc == -ENOENT && strchr(p->text, '/')) {
		rc = sysfs_term(s, p->text, &t->event, f, e);
	} else if (rc == -ENOENT && strstr(p->text, "::")) {
		rc = table_term(s, p->text, &t->event, f, e);
	} else if (rc == -ENOENT) {
		rc = err_set(
			e, -EINVAL,
			"expected PMU::EVENT, PMU/fields/, r and hexadecimal digits, or perf::EVENT, "
			"got '%s'",
			p->text);
	}
	t->factor *= f->scale.factor ? f->scale.factor : 1;
	return rc;
}

/* ---- a whole expression ---- */

static void note_more(struct ev_candidate *c, const char *more)
{
	size_t n = strlen(c->note);

	if (strstr(c->note, more))
		return;
	snprintf(c->note + n, sizeof(c->note) - n, "%s%s", n ? "; " : "", more);
}

/* All terms of @text into @c, and the unit if sysfs says one; the codes are the row's, @nr_codes of
 * them or 0. @at is the column of what was refused. */
static int whole(const struct ev_host *h, const struct ev_core *core, const char *text,
		 const struct ev_code *code, unsigned nr_codes, struct ev_candidate *c,
		 unsigned *at, struct err *e)
{
	struct ev_part part[EV_TERMS_MAX];
	int n = ev_parse(text, part, e), rc;

	*at = 0; /* it says where itself */
	if (n < 0)
		return n;
	snprintf(c->expression, sizeof(c->expression), "%s", text);
	snprintf(c->pmu, sizeof(c->pmu), "%s", core ? core->pmu : "");
	c->nr_terms = (unsigned)n;
	for (int i = 0; i < n; i++) {
		struct source s = { h, core, nr_codes ? &code[i] : NULL };
		struct found f;

		*at = part[i].at;
		rc = resolve(&s, &part[i], &c->term[i], &f, e);
		if (rc)
			return rc;
		if (!i || f.origin == EV_RAW)
			c->origin = f.origin;
		if (i && strcmp(c->unit, f.scale.unit))
			return err_set(e, -EINVAL,
				       "its unit is '%s', that of the event before '%s'",
				       f.scale.unit, c->unit);
		snprintf(c->unit, sizeof(c->unit), "%s", f.scale.unit);
		if (c->term[i].event.cpu_wide != c->term[0].event.cpu_wide)
			return err_set(e, -EINVAL,
				       "events of cores and machine-wide ones cannot be added");
		if (f.differs)
			note_more(c, "libpfm4 encodes it otherwise than the row");
	}
	return n;
}

int ev_expression(const struct ev_host *host, const char *text, struct ev_candidate *out,
		  struct err *e)
{
	const struct ev_core *core = NULL;
	unsigned at;
	int rc;

	memset(out, 0, sizeof(*out));
	if (strlen(text) >= sizeof(out->expression))
		return err_set(e, -EINVAL, "an expression has at most %zu bytes",
			       sizeof(out->expression) - 1);
	for (unsigned i = 0; i < host->nr_cores && !core; i++)
		if (host->core[i].wanted)
			core = &host->core[i];
	rc = whole(host, core, text, NULL, 0, out, &at, e);
	if (rc < 0)
		return at ? err_prefix(e, -EINVAL, "column %u", at) : -EINVAL;
	if (!*out->unit)
		snprintf(out->unit, sizeof(out->unit), "1");
	return 0;
}

/* ---- candidates ---- */

struct search {
	const struct ev_db *db;
	const struct ev_host *host;
	const struct ev_quantity *quantity;
	struct ev_candidate *out;
	unsigned nr;
	struct perf_refusal *why;
};

static void refuse(struct search *s, int error, const char *reason, const char *remedy)
{
	s->why->error = error;
	snprintf(s->why->reason, sizeof(s->why->reason), "%s", reason);
	snprintf(s->why->remedy, sizeof(s->why->remedy), "%s", remedy);
}

/* What it counts in: sysfs' word, the row's, the quantity's. Bytes have to be somebody's word. */
static int choose_unit(const struct ev_row *r, const struct ev_quantity *q, struct ev_candidate *c,
		       struct err *e)
{
	const char *arch;

	if (*c->unit)
		return 0;
	if (!strcmp(q->unit, "bytes") && ev_source_of(r->source, &arch) == EV_FROM_SYSFS)
		return err_set(e, -EINVAL, "sysfs does not say how many bytes a count of %s is",
			       r->expression);
	snprintf(c->unit, sizeof(c->unit), "%s", *r->unit ? r->unit : q->unit);
	return 0;
}

static void add_row(struct search *s, const struct ev_core *core, const struct ev_row *r)
{
	struct ev_candidate *c = &s->out[s->nr];
	struct ev_code code[EV_TERMS_MAX];
	struct err e = { "" };
	unsigned at;
	int rc;

	if (s->nr == EV_CANDIDATES_MAX)
		return;
	memset(c, 0, sizeof(*c));
	c->quantity = s->quantity;
	snprintf(c->note, sizeof(c->note), "%s", r->note);
	rc = ev_codes(r->encoding, code, &e);
	if (rc >= 0)
		rc = whole(s->host, core, r->expression, code, (unsigned)rc, c, &at, &e);
	if (rc >= 0)
		rc = choose_unit(r, s->quantity, c, &e);
	if (rc < 0) {
		/* of several, the first is the most telling */
		if (!*s->why->reason)
			refuse(s, -rc == EINVAL ? 0 : -rc, e.text,
			       s->quantity->machine_wide ?
				       "load the kernel's uncore driver; guests have none" :
				       "");
		return;
	}
	/* a whole socket's count is not the thread's */
	if (c->term[0].event.cpu_wide && !s->quantity->machine_wide)
		return;
	s->nr++;
}

/* All rows of one PMU, @name; true if one says that there is no such event. */
static bool add_rows(struct search *s, const struct ev_core *core, const char *name)
{
	const struct ev_row *r = NULL;

	while ((r = ev_db_row(s->db, name, s->quantity->name, r)) != NULL) {
		if (*r->expression) {
			add_row(s, core, r);
			continue;
		}
		if (!*s->why->reason)
			refuse(s, 0, r->note, "");
		return true;
	}
	return false;
}

static void hybrid_note(struct search *s, const struct ev_core *core, unsigned from)
{
	char text[160];

	snprintf(text, sizeof(text),
		 "counts on %s only: pin the workers to one type of core, or the rest is not seen",
		 core->device);
	for (unsigned i = from; i < s->nr; i++)
		if (s->out[i].origin != EV_SOFTWARE && !s->out[i].term[0].event.cpu_wide)
			note_more(&s->out[i], text);
}

static void add_core_candidates(struct search *s, const struct ev_core *core, unsigned wanted)
{
	unsigned from = s->nr;

	if (!add_rows(s, core, core->pmu)) {
		if (!s->quantity->machine_wide && !s->host->pretended)
			add_rows(s, core, "sysfs");
		add_rows(s, core, "perf");
	}
	if (s->host->hybrid && wanted > 1)
		hybrid_note(s, core, from);
}

int ev_candidates(const struct ev_db *db, const struct ev_host *host,
		  const struct ev_quantity *quantity, struct ev_candidate *out,
		  struct perf_refusal *why)
{
	struct perf_refusal ignored;
	struct search s = { db, host, quantity, out, 0, why ? why : &ignored };
	unsigned wanted = 0;

	memset(s.why, 0, sizeof(*s.why));
	for (unsigned i = 0; i < host->nr_cores; i++)
		wanted += host->core[i].wanted;
	for (unsigned i = 0; i < host->nr_cores; i++)
		if (host->core[i].wanted)
			add_core_candidates(&s, &host->core[i], wanted);
	if (!s.nr && !*s.why->reason)
		refuse(&s, 0,
		       *ev_host_pmu(host) ?
			       "not known to this version for this CPU" :
			       "not known to this version: the CPU is none that it knows",
		       "name the event in a file of your own (slabscope events --help)");
	return (int)s.nr;
}
