/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slabscope record: the kernel's allocations and frees, by perf or from text, into a trace. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/perf_kmem.h"
#include "cli/trace_info.h"
#include "lib/kmemtrace/pack.h"

enum { ID_OUTPUT, ID_FROM, ID_SYSTEM, ID_PARTIAL };

struct request {
	const char *output, *from;
	unsigned seconds;
	uint64_t max_size;
	bool system, partial;
};

static const struct opt rows[] = {
	{ .name = "seconds",
	  .type = OPT_UINT,
	  .offset = offsetof(struct request, seconds),
	  .max = 86400,
	  .unit = "seconds",
	  .def = "off",
	  .flags = OPT_OFF,
	  .help = "stop after so long; off: as long as the command runs" },
	{ .name = "max_size",
	  .type = OPT_SIZE,
	  .offset = offsetof(struct request, max_size),
	  .min = 1u << 20,
	  .max = UINT64_C(1) << 40,
	  .unit = "bytes",
	  .def = "256M",
	  .help = "most that perf writes; it stops there. An event takes it some 100 bytes" },
	{ .name = NULL },
};

static const struct cli_plain plain[] = {
	{ "output", 'o', "FILE", "the trace [kmem.slabtrace]", ID_OUTPUT },
	{ "from", 0, "FILE",
	  "make it of recorded text instead: of perf script, ftrace or trace-cmd report, packed or not; "
	  "'-' is standard input",
	  ID_FROM },
	{ "system", 'a', NULL, "every task of the machine, not only the command's", ID_SYSTEM },
	{ "partial", 0, NULL, "use damaged text up to the damage", ID_PARTIAL },
	{ .name = NULL },
};

static int on_option(void *arg, const struct cli_plain *p, const char *text, struct err *e)
{
	struct request *q = arg;

	(void)e;
	switch (p->id) {
	case ID_OUTPUT:
		q->output = text;
		break;
	case ID_FROM:
		q->from = text;
		break;
	case ID_SYSTEM:
		q->system = true;
		break;
	case ID_PARTIAL:
		q->partial = true;
		break;
	}
	return 0;
}

static const char about[] =
	"Record what the running kernel asks its slab allocator for, by perf and the tracepoints\n"
	"kmem:kmem_cache_alloc and kmem:kmem_cache_free, while a command runs or for some seconds. The trace\n"
	"is for `slabscope replay`. Without --system only what the command's own tasks do is seen: frees by\n"
	"others (softirqs, RCU) are then missing, and become implicit when an address is used again.\n\n"
	"    slabscope record -o tar.slabtrace -- tar xf linux.tar\n"
	"    slabscope record -a --seconds 5 -o all.slabtrace\n"
	"    slabscope record --from trace.txt.xz -o old.slabtrace";

static int check(const struct request *q, bool command, struct err *e)
{
	if (q->from && command)
		return err_set(e, -EINVAL, "--from reads a file; no command is run");
	if (q->from && (q->system || q->seconds))
		return err_set(e, -EINVAL,
			       "--from reads a file; --system and --seconds are for recording");
	if (!q->from && !command && !q->seconds)
		return err_set(e, -EINVAL,
			       "what? a command after --, or --system --seconds N, or --from FILE");
	if (!q->from && !command && !q->system)
		return err_set(e, -EINVAL,
			       "without a command it is the whole machine: say --system");
	return 0;
}

/* Text into a trace. */
static int convert(const struct request *q, const char *text, struct err *e)
{
	struct kmempack *p;
	struct kmemtrace *t;
	int err = kmemtrace_open(&t, text, q->partial, e);

	if (err)
		return err;
	err = kmempack_begin(&p, q->output, e);
	if (!err) {
		err = kmempack_copy(p, t, e);
		if (err)
			kmempack_abort(p);
		else
			err = kmempack_commit(p, e);
	}
	if (!err) {
		const struct kmemtrace_totals *n = kmemtrace_totals(t);

		printf("%s: ", q->output);
		trace_totals_line(stdout, n);
		if (n->lost)
			fprintf(stderr, "slabscope record: perf lost at least %llu events\n",
				(unsigned long long)n->lost);
		if (*n->damage.text)
			fprintf(stderr, "slabscope record: damaged, used up to there: %s\n",
				n->damage.text);
		printf("look: slabscope replay %s --info\n", q->output);
	}
	kmemtrace_close(t);
	return err;
}

static int record(const struct request *q, char *const *command, int *status, struct err *e)
{
	const struct perf_kmem r = { .command = command,
				     .system = q->system,
				     .seconds = q->seconds,
				     .max_bytes = q->max_size };
	char *text = NULL;
	int err = perf_kmem_record(&r, &text, status, e);

	if (err)
		return err;
	err = convert(q, text, e);
	unlink(text);
	free(text);
	return err;
}

static int exit_status(const struct cli_spec *spec, int err, const struct err *e)
{
	if (err == -EINVAL || err == -ESPIPE)
		return cli_usage_error(spec, e);
	cli_failure(spec, e);
	return err == -ENOENT || err == -EACCES ? EXIT_CANNOT : EXIT_FAILURE;
}

int cmd_record(int argc, char **argv)
{
	struct request q = { .output = "kmem.slabtrace" };
	const struct cli_table tables[] = {
		{ .table = rows, .base = &q, .title = "Bounds" },
		{ .table = NULL },
	};
	const struct cli_spec spec = {
		.command = "slabscope record",
		.usage = "[OPTION]... -- COMMAND [ARGUMENT]...\n"
			 "       slabscope record --system --seconds N\n"
			 "       slabscope record --from FILE",
		.about = about,
		.tables = tables,
		.plain = plain,
		.option = on_option,
	};
	struct err e = { "" };
	int n, err, status = 0;

	opt_defaults(rows, &q);
	n = cli_parse(&spec, argc, argv, &q, &e);
	if (n == CLI_HELP)
		return 0;
	if (n < 0 || check(&q, n < argc, &e))
		return cli_usage_error(&spec, &e);
	err = q.from ? convert(&q, q.from, &e) :
		       record(&q, n < argc ? argv + n : NULL, &status, &e);
	if (err)
		return q.from && err == -ENOENT ? cli_failure(&spec, &e) :
						  exit_status(&spec, err, &e);
	if (status)
		fprintf(stderr, "slabscope record: the command exited with %d\n", status);
	return 0;
}
