/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The doctor's findings for people: 100 columns, no colours, most of it lists of name and value. */

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "cli/doctor_parts.h"
#include "cli/table.h"

#define WIDTH 100
#define NAME 26 /* columns of a fact's name, with the blanks around it */

/* @text from column @at on, in lines that begin at @indent; ends the line. */
static void wrap(FILE *f, unsigned indent, unsigned at, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, " ");

		if (at > indent && at + 1 + n > WIDTH) {
			fprintf(f, "\n%*s", (int)indent, "");
			at = indent;
		} else if (at > indent) {
			fputc(' ', f);
			at++;
		}
		fwrite(text, 1, n, f);
		at += (unsigned)n;
		text += n;
		text += strspn(text, " ");
	}
	fputc('\n', f);
}

static void heading(FILE *f, const char *text)
{
	fprintf(f, "\n%s\n", text);
}

/* Settings and calls that are written so everywhere else too. */
static bool is_own_name(const char *name)
{
	static const char *const names[] = { "perf_event_paranoid", "kptr_restrict", "ptrace_scope",
					     "numa_balancing",	    "nmi_watchdog",  "move_pages" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

/* "  name ...  value": the name without its unit, and with blanks for '_'. */
static void line(FILE *f, const char *name, const char *value)
{
	char words[NAME];

	char *unit;

	snprintf(words, sizeof(words), "%s", name);
	unit = strrchr(words, '_');
	if (unit && !strcmp(unit, "_ns"))
		*unit = '\0';
	for (char *c = words; *c && !is_own_name(name); c++)
		if (*c == '_')
			*c = ' ';
	fprintf(f, "  %-*s", NAME - 2, words);
	wrap(f, NAME, NAME, value);
}

static void facts(FILE *f, const struct facts *all)
{
	char text[400];

	for (unsigned i = 0; i < all->nr; i++) {
		snprintf(text, sizeof(text), "%s%s",
			 all->f[i].type == FACT_UNKNOWN ? "unknown: " : "", all->f[i].text);
		line(f, all->f[i].name, text);
	}
}

/* ---- the machine ---- */

static void caches(FILE *f, const struct doctor_machine *m)
{
	char text[200], ways[40], lines[40];

	for (unsigned i = 0; i < m->nr_caches; i++) {
		const struct doctor_cache *c = &m->cache[i];

		if (c->ways > 0)
			snprintf(ways, sizeof(ways), "%d ways", c->ways);
		else
			strcpy(ways, c->ways < 0 ? "fully associative" : "ways unknown");
		if (c->line)
			snprintf(lines, sizeof(lines), "lines of %u bytes", c->line);
		else
			strcpy(lines, "length of lines unknown");
		snprintf(text, sizeof(text), "L%u%s: %u x %.6g KiB, %s, %s, shared by %u CPU%s",
			 c->level, c->data ? " data" : "", c->count, (double)c->size / 1024, ways,
			 lines, c->shared, c->shared == 1 ? "" : "s");
		line(f, i ? "" : "caches", text);
	}
	if (!m->nr_caches)
		line(f, "caches", "unknown: hwloc finds none");
}

static void nodes(FILE *f, const struct doctor_machine *m)
{
	char text[KMEM_MAX_NODES * 5 + 80];

	for (unsigned i = 0; i < m->nr_nodes; i++) {
		const struct doctor_node *n = &m->node[i];
		size_t at =
			(size_t)snprintf(text, sizeof(text), "node %u: %u CPUs, ", n->os, n->cpus);

		if (n->bytes > 0)
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%.4g GiB",
					       n->bytes / (1u << 30));
		else
			at += (size_t)snprintf(text + at, sizeof(text) - at, "memory unknown");
		for (unsigned j = 0; m->nr_nodes > 1 && j < m->nr_nodes && at < sizeof(text); j++)
			at += n->distance[j] ?
				      (size_t)snprintf(text + at, sizeof(text) - at, "%s%u",
						       j ? " " : "; distances ", n->distance[j]) :
				      0;
		line(f, i ? "" : "memory_nodes", text);
	}
	if (!m->nr_nodes)
		line(f, "memory_nodes", "unknown: hwloc finds none");
}

static void machine(FILE *f, const struct doctor *d)
{
	heading(f, "Machine");
	if (*d->fs.root) {
		fputs("  ", f);
		wrap(f, 2, 2,
		     "(files of /proc and /sys are read below SLABSCOPE_HOSTFS: that machine is shown, "
		     "and calls are made on this one)");
	}
	facts(f, &d->machine.facts);
	caches(f, &d->machine);
	nodes(f, &d->machine);
	if (!d->machine.native && !*d->machine.topology_error)
		line(f, "", "(CPUs, caches and nodes are not this machine's, but a description's)");
}

/* ---- quantities ---- */

static void state_text(const struct doctor_quantity *q, char *buf, size_t len)
{
	char off[32];

	if (q->state == Q_APPROXIMATE && q->proved && !isnan(q->proof.off))
		snprintf(buf, len, "approximate, %s",
			 proof_off_text(q->proof.off, off, sizeof(off)));
	else
		snprintf(buf, len, "%s", quantity_state_names[q->state]);
}

/* What is opened, read or done for it, and the codes of its events. */
static void how(FILE *f, const struct doctor_quantity *q, unsigned indent)
{
	char text[sizeof(q->expression) + EV_TERMS_MAX * 96 + 8];
	size_t n = (size_t)snprintf(text, sizeof(text), "%s",
				    *q->expression ? q->expression : q->help);

	for (unsigned i = 0; i < q->nr_codes; i++) {
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%u:0x%" PRIx64, i ? "," : " [",
				      q->code[i].type, q->code[i].config);
		if (q->code[i].config1 || q->code[i].config2)
			n += (size_t)snprintf(text + n, sizeof(text) - n,
					      "/0x%" PRIx64 "/0x%" PRIx64, q->code[i].config1,
					      q->code[i].config2);
	}
	if (q->nr_codes)
		snprintf(text + n, sizeof(text) - n, "]");
	wrap(f, indent, indent, text);
}

static void measurable(FILE *f, const struct doctor *d)
{
	char state[48];

	for (unsigned i = 0; i < d->nr_quantities; i++) {
		const struct doctor_quantity *q = &d->quantity[i];

		if (!doctor_measurable(q) || !doctor_asked(d, q->name))
			continue;
		state_text(q, state, sizeof(state));
		fprintf(f, "  %-18s %-19s %-9s ", q->name, state, q->source);
		how(f, q, 51);
		if (*q->why.reason) {
			fprintf(f, "%*s", 21, "");
			wrap(f, 21, 21, q->why.reason);
		}
	}
}

static bool same_refusal(const struct doctor_quantity *a, const struct doctor_quantity *b)
{
	return a->state == b->state && a->why.error == b->why.error &&
	       !strcmp(a->why.reason, b->why.reason) && !strcmp(a->why.remedy, b->why.remedy);
}

/* Is it told, and not among those of an earlier one? */
static bool begins_group(const struct doctor *d, unsigned at)
{
	const struct doctor_quantity *q = &d->quantity[at];

	if (doctor_measurable(q) || !doctor_asked(d, q->name))
		return false;
	for (unsigned i = 0; i < at; i++)
		if (doctor_asked(d, d->quantity[i].name) && same_refusal(&d->quantity[i], q))
			return false;
	return true;
}

static void refusal_group(FILE *f, const struct doctor *d, unsigned at)
{
	const struct doctor_quantity *q = &d->quantity[at];
	char text[DOCTOR_QUANTITIES * 66], number[24];
	size_t n = 0;

	*text = '\0';
	for (unsigned i = at; i < d->nr_quantities && n < sizeof(text); i++)
		if (doctor_asked(d, d->quantity[i].name) && same_refusal(&d->quantity[i], q))
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", n ? ", " : "",
					      d->quantity[i].name);
	fputs("  ", f);
	wrap(f, 2, 2, text);
	snprintf(text, sizeof(text), "%s%s%s%s%s", q->state == Q_WRONG ? "wrong: " : "",
		 q->why.reason, q->why.error ? " (" : "",
		 q->why.error ? perf_errno_name(q->why.error, number, sizeof(number)) : "",
		 q->why.error ? ")" : "");
	fputs("      ", f);
	wrap(f, 6, 6, text);
	if (*q->why.remedy) {
		fputs("      remedy: ", f);
		wrap(f, 14, 14, q->why.remedy);
	}
}

static void quantities(FILE *f, const struct doctor *d)
{
	unsigned yes = 0, all = 0;

	for (unsigned i = 0; i < d->nr_quantities; i++) {
		all += doctor_asked(d, d->quantity[i].name);
		yes += doctor_asked(d, d->quantity[i].name) && doctor_measurable(&d->quantity[i]);
	}
	heading(f, "What can be measured");
	if (yes) {
		fprintf(f, "  %-18s %-19s %-9s %s\n", "quantity", "state", "source",
			"how, and [type:config] of events");
		measurable(f, d);
	} else {
		fprintf(f, "  %s\n",
			all == 1 ? "It cannot be measured here." :
				   "None of these can be measured here.");
	}
	if (yes == all)
		return;
	heading(f, "What cannot, why, and what would help");
	for (unsigned i = 0; i < d->nr_quantities; i++)
		if (begins_group(d, i))
			refusal_group(f, d, i);
}

/* ---- proofs ---- */

static void kernels_used(FILE *f, const struct doctor *d)
{
	for (unsigned i = 0; i < d->nr_quantities; i++) {
		const struct doctor_quantity *q = &d->quantity[i];
		unsigned j = 0;

		if (!q->proved)
			continue;
		while (j < i &&
		       !(d->quantity[j].proved && d->quantity[j].row->kernel == q->row->kernel))
			j++;
		if (j == i)
			line(f, q->row->kernel->name, q->row->kernel->help);
	}
}

static void proofs(FILE *f, const struct doctor *d)
{
	static const char *const head[] = { "  quantity", "ran",    "known",
					    "counted",	  "off by", "verdict" };
	struct table t = { .columns = 6 };
	unsigned n = 0;
	char off[32];

	for (unsigned i = 0; i < 6; i++)
		table_cell(&t, "%s", head[i]);
	for (unsigned i = 0; i < d->nr_quantities; i++) {
		const struct doctor_quantity *q = &d->quantity[i];

		if (!q->proved)
			continue;
		n++;
		table_cell(&t, "  %s", q->name);
		table_cell(&t, "%s", q->row->kernel->name);
		table_cell(&t, isnan(q->proof.known) ? "-" : "%.0f", q->proof.known);
		table_cell(&t, isnan(q->proof.counted) ? "-" : "%.0f", q->proof.counted);
		table_cell(&t, "%s",
			   isnan(q->proof.off) ? "-" :
			   !q->proof.off       ? "0" :
						 proof_off_text(q->proof.off, off, sizeof(off)));
		table_cell(&t, "%s", proof_verdict_names[q->proof.verdict]);
	}
	if (n) {
		heading(f, "Proofs: code of which it is known what it does, and what was counted");
		table_print(&t, f);
		kernels_used(f, d);
	} else if (!d->request.nr_names) {
		heading(f, "Proofs");
		fprintf(f, "  none: %s\n",
			d->request.no_proof ? "--no-proof" : "no event could be opened");
	}
	table_release(&t);
}

/* ---- noise, advice ---- */

static void noise(FILE *f, const struct doctor *d)
{
	const struct doctor_noise *n = &d->noise;
	char text[sizeof(n->aa_why) + 80];

	heading(f, "Noise");
	if (n->have_aa) {
		snprintf(text, sizeof(text),
			 "%.2g %% (half an interval of %u pairs of equal settings; %s, %s, on %s)",
			 100 * expm1(n->aa.noise_floor), n->aa.pairs, n->aa.workload, n->aa.metric,
			 n->aa.when);
		line(f, "noise_floor", text);
		snprintf(text, sizeof(text),
			 "%.2g %% is the least that %u pairs show, 4 times in 5",
			 100 * n->aa.smallest_effect, n->aa.pairs);
		line(f, "smallest_effect", text);
		snprintf(text, sizeof(text),
			 "%u of %u comparisons of equal settings said otherwise",
			 n->aa.false_alarms, n->aa.comparisons);
		line(f, "false_alarms", text);
	} else {
		snprintf(text, sizeof(text), "unknown: %s; `slabscope run --aa` measures it",
			 n->aa_why);
		line(f, "noise_floor", text);
	}
	facts(f, &n->facts);
}

static void advice(FILE *f, const struct doctor *d)
{
	heading(f, "What to do, most useful first");
	if (!d->nr_advice)
		fputs("  Nothing: all of what is looked at is as it should be.\n", f);
	for (unsigned i = 0; i < d->nr_advice; i++) {
		fprintf(f, "  %2u. ", i + 1);
		wrap(f, 6, 6, d->advice[i].what);
		if (*d->advice[i].command)
			fprintf(f, "          %s\n", d->advice[i].command);
	}
}

static void programs(FILE *f, const struct doctor *d)
{
	char text[400];

	heading(f, "Programs and libraries that are used where they are installed");
	for (unsigned i = 0; i < NR_PROGRAMS; i++) {
		const struct doctor_program *p = &d->program[i];

		if (p->works)
			snprintf(text, sizeof(text), "%s (for %s)", p->version, p->purpose);
		else
			snprintf(text, sizeof(text), "%s (for %s; Debian's package: %s)", p->why,
				 p->purpose, p->package);
		line(f, p->name, text);
	}
}

/* ---- all of it ---- */

static unsigned counted(const struct doctor *d, const char *source, unsigned *of)
{
	unsigned yes = 0;

	*of = 0;
	for (unsigned i = 0; i < d->nr_quantities; i++)
		if (d->quantity[i].counter && !strcmp(d->quantity[i].source, source)) {
			++*of;
			yes += doctor_measurable(&d->quantity[i]);
		}
	return yes;
}

/* First of all, the answer. */
static void summary(FILE *f, const struct doctor *d)
{
	const struct doctor_quantity *cycles = NULL;
	unsigned hard, soft, nr_hard, nr_soft;
	char text[PERF_REASON_MAX + 200], number[24];

	for (unsigned i = 0; i < d->nr_quantities; i++)
		if (!strcmp(d->quantity[i].name, "cycles"))
			cycles = &d->quantity[i];
	hard = counted(d, "hardware", &nr_hard);
	soft = counted(d, "software", &nr_soft);
	if (cycles && !doctor_measurable(cycles))
		snprintf(
			text, sizeof(text),
			"No hardware counters: %s%s%s%s. (PMU: performance monitoring unit, the part "
			"of a CPU that counts events.)",
			cycles->why.reason, cycles->why.error ? " (" : "",
			cycles->why.error ?
				perf_errno_name(cycles->why.error, number, sizeof(number)) :
				"",
			cycles->why.error ? ")" : "");
	else
		snprintf(
			text, sizeof(text),
			"Hardware counters work. The PMU (performance monitoring unit, the part of a CPU "
			"that counts events) is %s.",
			d->host && *ev_host_pmu(d->host) ? ev_host_pmu(d->host) :
							   "of unknown kind");
	wrap(f, 0, 0, text);
	snprintf(
		text, sizeof(text),
		"%u of %u quantities that hardware counts can be counted here, and %u of %u that the "
		"kernel counts.",
		hard, nr_hard, soft, nr_soft);
	wrap(f, 0, 0, text);
}

static void still_works(FILE *f, const struct doctor *d)
{
	char text[DOCTOR_QUANTITIES * 66];
	bool all = true;
	size_t n = 0;

	*text = '\0';
	for (unsigned i = 0; i < d->nr_quantities && n < sizeof(text); i++)
		if (doctor_measurable(&d->quantity[i]))
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", n ? ", " : "",
					      d->quantity[i].name);
		else
			all = false;
	heading(f, all ? "What works" : "What still works");
	fputs("  ", f);
	wrap(f, 2, 2,
	     "run, stat and compare: times, and everything that the allocator counts of itself (slabs, "
	     "objects, bytes, refills), which needs no PMU and no permission. What cannot be counted "
	     "is left out of a run, and said once.");
	fputs("  ", f);
	wrap(f, 2, 2, "geometry and slabinfo: they compute, and measure nothing.");
	fputs("  measured: ", f);
	wrap(f, 12, 12, text);
}

void doctor_text(const struct doctor *d, FILE *f)
{
	if (d->request.nr_names) {
		quantities(f, d);
		proofs(f, d);
		return;
	}
	summary(f, d);
	machine(f, d);
	heading(f, "Permissions");
	facts(f, &d->permissions);
	programs(f, d);
	quantities(f, d);
	proofs(f, d);
	noise(f, d);
	still_works(f, d);
	advice(f, d);
}
