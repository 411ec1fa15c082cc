/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slabscope model: a stored address trace through a modelled memory hierarchy, or into another format. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/model_out.h"
#include "cli/options.h"
#include "collectors/model/sweep.h"
#include "lib/file.h"

#define BATCH 4096u

enum { ID_TARGET, ID_FILL, ID_TRACE, ID_CSV, ID_KINDS, ID_SETS, ID_SWEEP, ID_CPU, ID_OUTPUT };

static const struct opt rows[] = {
	{ .name = "format",
	  .type = OPT_ENUM,
	  .offset = offsetof(struct model_request, format),
	  .names = trace_format_names,
	  .def = "auto",
	  .help = "format of the trace; auto looks at its beginning" },
	{ .name = "frames",
	  .type = OPT_ENUM,
	  .offset = offsetof(struct model_request, frames),
	  .names = sim_frames_names,
	  .def = "identity",
	  .help = "from addresses to frames, which all below L1 is looked up by" },
	{ .name = "seed",
	  .type = OPT_U64,
	  .offset = offsetof(struct model_request, seed),
	  .def = "1",
	  .help = "of random frames and random replacement" },
	{ .name = "line",
	  .type = OPT_UINT,
	  .offset = offsetof(struct model_request, line),
	  .min = 8,
	  .max = 4096,
	  .unit = "bytes",
	  .def = "auto",
	  .flags = OPT_POW2 | OPT_AUTO,
	  .help = "of a sweep; auto: the target's L1 line, 64 without a target" },
	{ .name = "to",
	  .type = OPT_ENUM,
	  .offset = offsetof(struct model_request, to),
	  .names = trace_format_names,
	  .def = "auto",
	  .help = "format of --output: bin (auto), words (bin, 8 bytes a record), din or lackey" },
	{ .name = NULL },
};

static const struct cli_plain plain[] = {
	{ "target", 't', "TARGET",
	  "a name, an INI file, an hwloc XML, 'host', or 'l1d=32K/8/64:lru,l2=1M/8/64:lru'",
	  ID_TARGET },
	{ "fill", 0, "NAME", "named target that fills the gaps of an XML or of the host", ID_FILL },
	{ "trace", 0, "FILE", "the trace; '-' is standard input", ID_TRACE },
	{ "csv", 0, NULL, "print CSV: level,accesses,misses,writebacks", ID_CSV },
	{ "kinds", 'k', NULL, "also misses by kind: compulsory, capacity, conflict, coherence",
	  ID_KINDS },
	{ "cpu", 0, NULL, "a row for each CPU of the trace and level, and a column that says which",
	  ID_CPU },
	{ "sets", 0, "FILE", "write CSV of accesses and misses by set: level,set,accesses,misses",
	  ID_SETS },
	{ "sweep", 0, NULL,
	  "LRU caches of 64 to 8192 sets and 1 to 16 ways, all in one pass, as CSV:\n"
	  "line,sets,ways,size,accesses,misses",
	  ID_SWEEP },
	{ "output", 'o', "FILE", "convert: write the trace to FILE, '-' is standard output",
	  ID_OUTPUT },
	{ .name = NULL },
};

static int on_option(void *arg, const struct cli_plain *p, const char *text, struct err *e)
{
	struct model_request *q = arg;

	(void)e;
	switch (p->id) {
	case ID_TARGET:
		q->target = text;
		break;
	case ID_FILL:
		q->fill = text;
		break;
	case ID_TRACE:
		q->trace = text;
		break;
	case ID_CSV:
		q->csv = true;
		break;
	case ID_KINDS:
		q->kinds = true;
		break;
	case ID_CPU:
		q->by_cpu = true;
		break;
	case ID_SETS:
		q->sets = text;
		break;
	case ID_SWEEP:
		q->sweep = true;
		break;
	case ID_OUTPUT:
		q->output = text;
		break;
	}
	return 0;
}

static int check_request(const struct model_request *q, struct err *e)
{
	if (!q->trace)
		return err_set(e, -EINVAL, "--trace is needed");
	if (q->output && (q->sweep || q->sets || q->kinds || q->by_cpu || q->csv))
		return err_set(e, -EINVAL, "--output converts; nothing is simulated beside it");
	if (!q->output && q->to != TRACE_AUTO)
		return err_set(e, -EINVAL, "--to goes with --output");
	if (q->sweep && (q->sets || q->kinds || q->by_cpu))
		return err_set(e, -EINVAL, "--sweep does not go with --sets, --kinds or --cpu");
	if (!q->sweep && q->line != OPT_AUTO_UINT)
		return err_set(e, -EINVAL, "--line goes with --sweep; a target has its own");
	if (!q->target && !q->sweep && !q->output)
		return err_set(e, -EINVAL, "--target is needed, or --sweep, or --output");
	if (q->frames == SIM_PAGEMAP)
		return err_set(e, -EINVAL, "--frames: a stored trace has no page map");
	if (q->sweep && q->frames != SIM_IDENTITY)
		return err_set(e, -EINVAL, "--sweep takes addresses as they are: frames identity");
	return 0;
}

/* ---- what is done with each batch ---- */

struct sink {
	const struct model_request *q;
	struct model_seen *seen;
	struct sim *sim;
	struct sweep *sweep;
	struct trace_writer *writer;
	unsigned cpus;
};

static int simulate(struct sink *s, const struct trace_ref *ref, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		if (ref[i].cpu >= s->cpus)
			return err_set(e, -EINVAL,
				       "%s: an access of CPU %u; the target has CPUs 0 to %u",
				       s->q->trace, ref[i].cpu, s->cpus - 1);
		s->seen->cpu[ref[i].cpu] = true;
		sim_access(s->sim, ref[i].cpu, ref[i].addr, ref[i].size, ref[i].write);
	}
	return 0;
}

static int feed(struct sink *s, struct err *e)
{
	struct trace_ref *ref = malloc(BATCH * sizeof(*ref));
	struct trace_reader *r;
	long n;
	int rc;

	if (!ref)
		return err_set(e, -ENOMEM, "out of memory");
	rc = trace_open(&r, s->q->trace, (enum trace_format)s->q->format, e);
	if (rc) {
		free(ref);
		return rc;
	}
	while (!rc && (n = trace_read(r, ref, BATCH, e)) != 0) {
		rc = n < 0 ? (int)n : 0;
		s->seen->refs += n > 0 ? (uint64_t)n : 0;
		if (!rc && s->sim)
			rc = simulate(s, ref, (size_t)n, e);
		else if (!rc && s->sweep)
			sweep_refs(s->sweep, ref, (size_t)n);
		for (long i = 0; s->writer && i < n; i++)
			trace_writer_put(s->writer, ref[i].cpu, ref[i].addr, ref[i].size,
					 ref[i].write);
	}
	s->seen->skipped = trace_skipped(r);
	s->seen->format = trace_reader_format(r);
	if (n == -EINVAL && s->q->format == TRACE_AUTO && s->seen->format != TRACE_BIN) {
		size_t at = strlen(e->text);

		snprintf(e->text + at, sizeof(e->text) - at,
			 " (read as %s, by its first lines; --format says which)",
			 trace_format_names[s->seen->format]);
	}
	trace_close(r);
	free(ref);
	return rc;
}

/* ---- the three things it does ---- */

/* Nothing is left behind of a file that could not be made; what is no file (a device) stays. */
static int convert(const struct model_request *q, struct model_seen *seen, struct err *e)
{
	struct sink s = { .q = q, .seen = seen };
	int rc = trace_writer_open(&s.writer, q->output, (enum trace_format)q->to, e), closed;

	if (rc)
		return rc;
	rc = feed(&s, e);
	closed = trace_writer_close(s.writer, rc ? NULL : e);
	return rc ? rc : closed;
}

static int sweep(const struct model_request *q, struct model_seen *seen, struct err *e)
{
	struct sink s = { .q = q, .seen = seen };
	unsigned line = q->line == OPT_AUTO_UINT ? 64 : q->line;
	struct mt_target *t = q->target ? malloc(sizeof(*t)) : NULL;
	int rc = 0;

	if (q->target)
		rc = t ? mt_read(t, q->target, q->fill, e) : err_set(e, -ENOMEM, "out of memory");
	if (!rc && t && q->line == OPT_AUTO_UINT)
		line = t->cache[0].line;
	free(t);
	if (!rc)
		rc = sweep_create(&s.sweep, line, e);
	if (!rc)
		rc = feed(&s, e);
	if (!rc)
		rc = sweep_flush(s.sweep, e);
	if (!rc)
		model_print_sweep(stdout, s.sweep, line);
	sweep_destroy(s.sweep);
	return rc;
}

static int write_sets(const struct model_request *q, const struct sim *sim, struct err *e)
{
	struct file_out f;
	int rc;

	if (!strcmp(q->sets, "-"))
		return err_set(e, -EINVAL, "--sets writes a file; standard output has the levels");
	rc = file_begin(&f, q->sets, e);
	if (rc)
		return rc;
	model_print_sets(f.stream, sim);
	return file_commit(&f, e);
}

static int model(const struct model_request *q, struct model_seen *seen, struct err *e)
{
	const struct sim_options o = {
		.frames = (enum sim_frames)q->frames,
		.seed = q->seed,
		.kinds = q->kinds,
		.sets = q->sets != NULL,
	};
	struct sink s = { .q = q, .seen = seen };
	struct mt_target *t = calloc(1, sizeof(*t));
	int rc = t ? mt_read(t, q->target, q->fill, e) : err_set(e, -ENOMEM, "out of memory");

	if (!rc)
		rc = sim_create(&s.sim, t, &o, e);
	if (!rc) {
		s.cpus = t->cpus;
		rc = feed(&s, e);
		if (!rc) {
			sim_flush(s.sim);
			if (sim_failed(s.sim))
				rc = err_set(
					e, -ENOMEM,
					"the model ran out of memory or of line numbers: what it counted is not all");
			else if (q->sets)
				rc = write_sets(q, s.sim, e);
		}
		if (!rc)
			model_print(stdout, q, seen, t, s.sim);
		sim_destroy(s.sim);
	}
	free(t);
	return rc;
}

static const char about[] =
	"Feed a stored trace of addresses to a modelled memory hierarchy, and count. Every figure is a\n"
	"model's: no cycles, no prefetch, no kernel. Loads and stores look up, refresh and allocate alike;\n"
	"an access that spans lines counts once per line, in the TLBs once per page; write-backs do not\n"
	"touch the next level's order.\n\n"
	"Formats: din (Dinero: LABEL ADDR [SIZE [CPU]], label 0, 1, 2 or r, w, i; hexadecimal, the CPU\n"
	"decimal), lackey (valgrind --tool=lackey --trace-mem=yes), bin (slabscope's own, what a trial's\n"
	"--record writes). Instruction fetches are skipped. Memory does not grow with the trace.\n"
	"A bad line is named by line and column, a bad record by its offset; exit 2.\n\n"
	"--output writes the trace in another format instead, for cross-checks with other simulators.";

int cmd_model(int argc, char **argv)
{
	struct model_request q = { .target = NULL };
	const struct cli_table tables[] = {
		{ .table = rows, .base = &q, .title = "Settings" },
		{ .table = NULL },
	};
	const struct cli_spec spec = {
		.command = "slabscope model",
		.usage = "--target TARGET --trace FILE [OPTION]...\n"
			 "       slabscope model --sweep --trace FILE [--line BYTES]\n"
			 "       slabscope model --trace FILE --output FILE [--to FORMAT]",
		.about = about,
		.tables = tables,
		.plain = plain,
		.option = on_option,
	};
	struct model_seen *seen;
	struct err e = { "" };
	int n, rc;

	opt_defaults(rows, &q);
	n = cli_parse(&spec, argc, argv, &q, &e);
	if (n == CLI_HELP)
		return 0;
	if (n >= 0)
		n = n < argc ? err_set(&e, -EINVAL, "unexpected argument '%s'", argv[n]) :
			       check_request(&q, &e);
	if (n < 0)
		return cli_usage_error(&spec, &e);
	seen = calloc(1, sizeof(*seen));
	if (!seen)
		rc = err_set(&e, -ENOMEM, "out of memory");
	else
		rc = q.output ? convert(&q, seen, &e) :
		     q.sweep  ? sweep(&q, seen, &e) :
				model(&q, seen, &e);
	free(seen);
	if (!rc)
		return 0;
	if (rc == -ENOMEM || rc == -EIO || rc == -ENOSPC || rc == -EPIPE)
		return cli_failure(&spec, &e);
	fprintf(stderr, "%s: %s\n", spec.command, e.text);
	return EXIT_USAGE;
}
