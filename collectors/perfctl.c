/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * perfctl: the same region, counted or sampled by the system's perf.
 *
 * perf is started by open with its events disabled (-D -1) and attached to this process (-p); the
 * threads that are created later inherit the events. It is told to enable them by start, when the
 * workers stand still, and to disable them by stop, and says when it has done so. So it counts all
 * threads, the main thread's way from one answer to the other included, and the workers' way from
 * being woken to their region and back: what a collector in the workers' own hooks counts, and a
 * little more. When nothing on that way happens for the first time, page faults agree exactly.
 *
 * perf sleeps meanwhile, and looks once a second whether we still live.
 */

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collectors/collector.h"
#include "collectors/perfctl/child.h"
#include "collectors/perfctl/parse.h"
#include "lib/clock.h"

#define ANSWER_MS 10000
#define SEP ";"
#define PATH_MAX_HERE 512

enum perfctl_mode { MODE_STAT, MODE_RECORD, MODE_MEM, MODE_C2C };
static const char *const mode_names[] = { "stat", "record", "mem", "c2c", NULL };

static const char portable[] =
	"page-faults,minor-faults,major-faults,context-switches,cpu-migrations,task-clock,cycles,"
	"instructions,cache-misses,branches";

struct perfctl_params {
	unsigned mode;
	char events[OPT_STR_MAX], program[OPT_STR_MAX], dir[OPT_STR_MAX];
};

static const struct opt perfctl_opts[] = {
	{ .name = "perfctl_mode",
	  .type = OPT_ENUM,
	  .offset = offsetof(struct perfctl_params, mode),
	  .names = mode_names,
	  .def = "stat",
	  .help = "which perf: counts, samples, or memory accesses with their addresses" },
	{ .name = "perfctl_events",
	  .type = OPT_STR,
	  .offset = offsetof(struct perfctl_params, events),
	  .def = "auto",
	  .help = "perf's -e; auto: portable events for stat, perf's own choice otherwise" },
	{ .name = "perfctl_program",
	  .type = OPT_STR,
	  .offset = offsetof(struct perfctl_params, program),
	  .def = "perf",
	  .help = "the perf to run: a name or a path" },
	{ .name = "perfctl_dir",
	  .type = OPT_STR,
	  .offset = offsetof(struct perfctl_params, dir),
	  .def = "",
	  .help = "folder that keeps what record, mem and c2c write; it is made if it is not there" },
	{ .name = NULL },
};

struct perfctl_priv {
	struct perfctl_child child;
	char pid[16], path[PATH_MAX_HERE];
	char note[PERFCTL_WHY_MAX + 200]; /* why there is no number, with the remedy */
};

static int perfctl_validate(const void *params, struct err *e)
{
	const struct perfctl_params *p = params;

	if (p->mode != MODE_STAT && !*p->dir)
		return err_set(e, -EINVAL,
			       "perfctl_mode=%s keeps its data: perfctl_dir says in which folder",
			       mode_names[p->mode]);
	if (!*p->program)
		return err_set(e, -EINVAL, "perfctl_program: expected a name or a path");
	if (!*p->events || *p->events == '-')
		return err_set(e, -EINVAL, "perfctl_events: expected names of events, got '%s'",
			       p->events);
	return 0;
}

static const char *events_of(const struct perfctl_params *p)
{
	if (strcmp(p->events, "auto") != 0)
		return p->events;
	return p->mode == MODE_STAT ? portable : NULL;
}

/* ---- starting ---- */

static void arguments(struct perfctl_priv *s, const struct perfctl_params *p)
{
	const char **a = s->child.args, *events = events_of(p);

	*a++ = p->program;
	*a++ = p->mode == MODE_RECORD ? "record" : mode_names[p->mode];
	if (p->mode == MODE_MEM || p->mode == MODE_C2C)
		*a++ = "record";
	*a++ = "-D";
	*a++ = "-1";
	*a++ = "--control";
	*a++ = s->child.ctl_text;
	*a++ = "-p";
	*a++ = s->pid;
	if (p->mode == MODE_STAT) {
		*a++ = "-x" SEP;
		*a++ = "--log-fd";
		*a++ = s->child.log_text;
	} else {
		*a++ = "-o";
		*a++ = s->path;
	}
	if (events) {
		*a++ = "-e";
		*a++ = events;
	}
	*a = NULL;
}

static const char *remedy(const struct perfctl_child *c)
{
	if (c->error == ENOENT || c->error == EACCES)
		return "install perf (Debian: linux-perf), or name it with perfctl_program";
	if (strstr(c->why, "unknown option"))
		return "perf 5.10 or newer has --control";
	if (strstr(c->why, "paranoid") || strstr(c->why, "ermission"))
		return "sysctl kernel.perf_event_paranoid=1, or CAP_PERFMON for perf";
	if (strstr(c->why, "memory events not supported"))
		return "a machine with PEBS, IBS or SPE; perfctl_mode=record samples everywhere";
	if (strstr(c->why, "event syntax error") || strstr(c->why, "parser error"))
		return "perf list names the events; perfctl_events takes them";
	return "";
}

static void refuse(struct perfctl_priv *s)
{
	const struct perfctl_child *c = &s->child;
	const char *r = remedy(c);

	if (!*s->note)
		snprintf(s->note, sizeof(s->note), "%s%s%s", c->why, *r ? ". Remedy: " : "", r);
}

static int make_path(struct perfctl_priv *s, const struct perfctl_params *p)
{
	struct stat st;
	int n = snprintf(s->path, sizeof(s->path), "%s/perf-%s-%" PRIu64 "-%s.data", p->dir,
			 mode_names[p->mode], clock_ns(), s->pid);

	if (n >= (int)sizeof(s->path))
		return -ENAMETOOLONG;
	if (mkdir(p->dir, 0777) && errno != EEXIST)
		return -errno;
	if (stat(p->dir, &st))
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	return access(p->dir, W_OK | X_OK) ? -errno : 0;
}

static int perfctl_open(struct collect_ctx *c, struct err *e)
{
	const struct perfctl_params *p = c->params;
	struct perfctl_priv *s = calloc(1, sizeof(*s));
	int rc = 0;

	if (!s)
		return err_set(e, -ENOMEM, "no memory");
	c->priv = s;
	s->child.timeout_ms = ANSWER_MS;
	snprintf(s->pid, sizeof(s->pid), "%d", (int)getpid());
	if (p->mode != MODE_STAT)
		rc = make_path(s, p);
	if (rc) {
		snprintf(s->note, sizeof(s->note), "perfctl_dir=%.300s: %s", p->dir, strerror(-rc));
		return 0;
	}
	rc = perfctl_child_prepare(&s->child);
	if (!rc) {
		arguments(s, p);
		rc = perfctl_child_start(&s->child);
	}
	if (rc)
		refuse(s);
	return 0;
}

static void command(struct collect_ctx *c, const char *text)
{
	struct perfctl_priv *s = c->priv;

	if (!*s->note && perfctl_child_command(&s->child, text))
		refuse(s);
}

static void perfctl_start(struct collect_ctx *c)
{
	command(c, "enable\n");
}

static void perfctl_stop(struct collect_ctx *c)
{
	command(c, "disable\n");
}

/* ---- counts ---- */

static const struct {
	const char *event, *unit;
	int software;
} known[] = {
	{ "page-faults", "faults", 1 },
	{ "faults", "faults", 1 },
	{ "minor-faults", "faults", 1 },
	{ "major-faults", "faults", 1 },
	{ "alignment-faults", "faults", 1 },
	{ "emulation-faults", "faults", 1 },
	{ "context-switches", "switches", 1 },
	{ "cs", "switches", 1 },
	{ "cpu-migrations", "migrations", 1 },
	{ "migrations", "migrations", 1 },
	{ "task-clock", "ns", 1 },
	{ "cpu-clock", "ns", 1 },
	{ "cycles", "cycles", 0 },
	{ "cpu-cycles", "cycles", 0 },
	{ "instructions", "instructions", 0 },
	{ "branches", "branches", 0 },
	{ "branch-misses", "branches", 0 },
	{ "cache-misses", "lines", 0 },
	{ "cache-references", "lines", 0 },
};

/* The row of `known` for "name" or "name:u"; -1. */
static int known_row(const char *event)
{
	size_t len = strcspn(event, ":");

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i].event) == len && !memcmp(known[i].event, event, len))
			return (int)i;
	return -1;
}

static void put_count(struct value_sink *out, const struct perfctl_count *n, const char *asked)
{
	int row = known_row(n->event), user;
	char metric[128], note[200];
	struct value v = {
		.metric = metric,
		.value = n->value,
		.unit = row >= 0 ? known[row].unit :
			*n->unit ? n->unit :
				   "events",
		.state = n->state,
		.share = n->share,
		.source = row >= 0 && known[row].software ? "software" : "hardware",
		.worker = -1,
	};

	user = perfctl_metric(n->event, asked, metric, sizeof(metric));
	if (!strcmp(n->unit, "msec")) {
		v.value = round(v.value * 1e6);
		v.unit = "ns";
	}
	if (n->state == VALUE_UNAVAILABLE) {
		snprintf(note, sizeof(note), "perf: <%s>%s", n->word,
			 strcmp(n->word, "not supported") ?
				 ": it was never on a counter; ask for fewer events" :
				 ": no such counter here (no hardware PMU, or one without it)");
		v.note = note;
	} else if (user) {
		snprintf(note, sizeof(note), "perf was allowed %s only", n->event);
		v.note = note;
	}
	out->put(out, &v);
}

/* The next name of a list such as "a,{b,cpu/event=1,umask=2/}:u" into @buf; NULL at the end. */
static const char *next_event(const char *at, char *buf, size_t size)
{
	size_t n = 0;
	int inside = 0;

	for (; *at && (inside || *at != ','); at++) {
		if (*at == '/')
			inside = !inside;
		if (*at != '{' && *at != '}' && n + 1 < size)
			buf[n++] = *at;
	}
	buf[n] = '\0';
	return n || *at ? at + (*at == ',') : NULL;
}

static void all_unavailable(struct value_sink *out, const char *asked, const char *why)
{
	char event[96], metric[128];

	for (const char *at = asked; (at = next_event(at, event, sizeof(event))) != NULL;) {
		int row = known_row(event);

		if (!*event)
			continue;
		perfctl_metric(event, asked, metric, sizeof(metric));
		value_put_unavailable(out, metric, row >= 0 ? known[row].unit : "events",
				      row >= 0 && known[row].software ? "software" : "hardware",
				      why);
	}
}

static void emit_stat(struct perfctl_priv *s, const char *asked, struct value_sink *out)
{
	struct perfctl_count *count = calloc(PERFCTL_EVENTS_MAX, sizeof(*count));
	size_t len;
	char *text = perfctl_child_read(s->child.log, &len);
	unsigned n = 0;

	if (count && text)
		n = perfctl_parse_stat(text, len, *SEP, count, PERFCTL_EVENTS_MAX);
	for (unsigned i = 0; i < n; i++) {
		unsigned k = 0;

		while (k < i && strcmp(count[k].event, count[i].event) != 0)
			k++;
		if (k == i) /* an event that was named twice is one metric */
			put_count(out, &count[i], asked);
	}
	if (!n)
		all_unavailable(out, asked, "perf stat printed no counts that can be read");
	free(count);
	free(text);
}

/* ---- samples ---- */

static void emit_data(struct perfctl_priv *s, const char *source, struct value_sink *out)
{
	char note[PATH_MAX_HERE + 64];
	size_t len;
	char *text = perfctl_child_read(s->child.err, &len);
	long long n = text ? perfctl_parse_samples(text, len) : -1;
	struct value bytes = { .metric = "perfctl.data_bytes",
			       .unit = "bytes",
			       .state = VALUE_EXACT,
			       .share = 1,
			       .source = source,
			       .worker = -1,
			       .note = note };
	struct stat st;

	free(text);
	if (stat(s->path, &st)) {
		snprintf(note, sizeof(note), "%s: %s", s->path, strerror(errno));
		value_put_unavailable(out, "perfctl.samples", "samples", source, note);
		return;
	}
	snprintf(note, sizeof(note), "kept in %s", s->path);
	bytes.value = (double)st.st_size;
	out->put(out, &bytes);
	if (n >= 0)
		value_put(out, "perfctl.samples", (double)n, "samples", source, -1);
	else
		value_put_unavailable(out, "perfctl.samples", "samples", source,
				      "perf did not say how many it wrote; perf report -i counts");
}

static void perfctl_emit(struct collect_ctx *c, struct value_sink *out)
{
	const struct perfctl_params *p = c->params;
	struct perfctl_priv *s = c->priv;
	const char *events = events_of(p);

	if (!*s->note && perfctl_child_finish(&s->child))
		refuse(s);
	if (p->mode == MODE_STAT && *s->note)
		all_unavailable(out, events, s->note);
	else if (p->mode == MODE_STAT)
		emit_stat(s, events, out);
	else if (*s->note)
		value_put_unavailable(out, "perfctl.samples", "samples", "software", s->note);
	else
		emit_data(s, p->mode == MODE_RECORD ? "software" : "hardware", out);
}

static void perfctl_close(struct collect_ctx *c)
{
	struct perfctl_priv *s = c->priv;

	if (!s)
		return;
	perfctl_child_release(&s->child);
	if (*s->note && *s->path)
		unlink(s->path); /* of a perf that went wrong: nothing says what is in it */
	free(s);
	c->priv = NULL;
}

const struct collector collector_perfctl = {
	.name = "perfctl",
	.help = "the region as the system's perf counts or samples it, steered through --control",
	.opts = perfctl_opts,
	.params_size = sizeof(struct perfctl_params),
	.validate = perfctl_validate,
	.open = perfctl_open,
	.start = perfctl_start,
	.stop = perfctl_stop,
	.emit = perfctl_emit,
	.close = perfctl_close,
};
