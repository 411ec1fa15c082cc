/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_PERF_PROOF_H
#define SLABSCOPE_PERF_PROOF_H

/*
 * Proofs: does an event count what its name says, on this machine? A kernel (proof_kernels.c) is code
 * of which it is known beforehand what it does: so many loads, lines, pages, switches. It runs between
 * start and stop, and what was counted is held against what is known.
 *
 *	exact        off by at most row->exact
 *	approximate  off by at most row->approximate; by how much is said
 *	wrong        off by more, or nothing at all was counted
 *	uncounted    there was no number: never on a counter, a short read, a refused open
 *	skipped      the kernel cannot run here (one CPU, one node, too little memory)
 *
 * "off" is counted / known - 1, for the median of the repetitions.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collectors/perf/choose.h"
#include "collectors/perf/event.h"
#include "collectors/perf/group.h"
#include "lib/err.h"

/* What a kernel knows of itself. */
enum proof_what {
	KNOWN_FAULTS,	/* page faults */
	KNOWN_SWITCHES, /* of threads on a CPU */
	KNOWN_MOVES,	/* to another CPU */
	KNOWN_CPU_NS,	/* time on a CPU */
	KNOWN_INSTRUCTIONS,
	KNOWN_BRANCHES,
	KNOWN_CYCLES, /* as many as the chain of dependent instructions is long */
	KNOWN_LOADS,
	KNOWN_STORES,
	KNOWN_LINES, /* cache lines that were not in the cache in question */
	KNOWN_PAGES, /* pages whose translation was in no TLB */
	KNOWN_WAITS, /* cycles of waiting: at least so many */
	NR_PROOF_WHAT
};
extern const char *const proof_what_names[]; /* "page faults", ... */

/* What the kernels have to know of the machine. 0: unknown. */
struct proof_machine {
	size_t page, line;   /* bytes */
	size_t l1d, l2, llc; /* bytes; llc: the last level, whichever it is */
	size_t memory;	     /* bytes that a kernel may take */
	unsigned nr_cpus;    /* that this thread may use */
	unsigned cpu[2];     /* the first two of them */
	int node_of_cpu;     /* the kernel's number of cpu[0]'s node */
	int remote;	     /* a node with memory, the farthest from it; -1: none */
	bool quick;	     /* leave out what takes longer than some milliseconds */
};

/* This machine's. @llc in bytes, 0 unknown. */
int proof_machine_init(struct proof_machine *m, size_t llc, struct err *e);

#define PROOF_REPEATS 5

/* A sanitizer's own loads and first touches would be counted too. */
#define PROOF_PLAIN __attribute__((no_sanitize("address"), no_sanitize("thread"), noinline))

/* One kernel, in use. */
struct proof_run {
	const struct proof_machine *machine;
	char *area; /* what it maps, */
	size_t len; /* so many bytes */
	void *at;   /* where it goes on */
	uint64_t steps;
	double known[NR_PROOF_WHAT]; /* NaN: it does not know */
};

struct proof_kernel {
	const char *name; /* "touch" */
	const char *help; /* "first touches of 512 pages": what it does, for people */
	bool slow;	  /* left out when machine->quick */
	bool any_cpu;	  /* is not bound to one CPU */
	int (*prepare)(struct proof_run *r, struct err *e); /* -errno: cannot run here, and why */
	void (*before)(struct proof_run *r);  /* each time, not counted; may be NULL */
	void (*go)(struct proof_run *r);      /* counted; `known` is valid behind it */
	void (*release)(struct proof_run *r); /* always, also after a failed prepare */
};

/* One row: this quantity is proved by that kernel. */
struct proof_row {
	const char *quantity;
	const struct proof_kernel *kernel;
	enum proof_what what;
	enum perf_side side;
	double exact, approximate; /* greatest |off| for each */
	bool at_least; /* known is a lower bound: reached, it is plausible, and never exact */
};

extern const struct proof_row proof_rows[]; /* quantity NULL ends */
const struct proof_row *proof_find(const char *quantity);

enum proof_verdict {
	PROOF_EXACT,
	PROOF_APPROXIMATE,
	PROOF_WRONG,
	PROOF_UNCOUNTED,
	PROOF_SKIPPED,
	NR_PROOF_VERDICTS
};
extern const char *const proof_verdict_names[]; /* "exact", ..., NULL */

struct proof_result {
	enum proof_verdict verdict;
	double known, counted;	 /* of the median repetition; NaN: none */
	double off;		 /* NaN: does not apply */
	bool scaled;		 /* it shared a counter with others: */
	double share;		 /* counted for so much of the time */
	struct perf_refusal why; /* all but exact */
};

/* "+1.5 %": ->off for people. Returns @buf (32 will do). */
char *proof_off_text(double off, char *buf, size_t len);

/* One repetition: what was known, what came. */
struct proof_sample {
	double known;
	struct perf_count count;
};

/* The verdict on @n >= 1 repetitions. Pure. */
void proof_judge(struct proof_result *out, const struct proof_row *row,
		 const struct proof_sample *s, unsigned n, const struct perf_place *place);

/*
 * Run the kernel of @row on the calling thread, and judge. @term[@nr] as in ev_candidate: the value is
 * the sum of factor x count. The thread's CPUs are as before when it returns.
 */
void proof_run(struct proof_result *out, const struct proof_row *row, const struct perf_sys *sys,
	       const struct proof_machine *m, const struct ev_term *term, unsigned nr,
	       const struct perf_place *place);

/* The kernels. */
extern const struct proof_kernel proof_touch, proof_sleep, proof_move, proof_spin, proof_loop,
	proof_loads, proof_stores, proof_chase_l2, proof_chase_memory, proof_chase_remote,
	proof_pages;

#endif
