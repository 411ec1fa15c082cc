/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_DOCTOR_H
#define SLABSCOPE_DOCTOR_H

/*
 * What `slabscope doctor` finds out, as one struct that text (doctor_text.c) and JSON (doctor_json.c)
 * are made of:
 *
 *	machine      doctor_machine.c      CPUs, caches, nodes, what disturbs times
 *	permissions  doctor_permissions.c  what the kernel lets this process do: tried, not concluded
 *	programs     doctor_programs.c     what is installed of what we call or load
 *	quantities   doctor_counters.c     events, opened and proved (collectors/perf/proof.h)
 *	             doctor_others.c       everything that is not an event
 *	noise        doctor_noise.c        the stored A/A result, and what is to be seen at once
 *	advice       doctor_advice.c       what to do, most useful first
 *
 * Nothing here fails as a whole: what cannot be found out says why.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "cli/hostnoise.h"
#include "collectors/perf/proof.h"
#include "engine/machine.h"
#include "lib/clock.h"
#include "lib/hostfs.h"

/* ---- facts: one line each ---- */

enum fact_type { FACT_TEXT, FACT_NUMBER, FACT_BOOL, FACT_UNKNOWN };

struct fact {
	char name[32]; /* key in JSON; '_' is a blank for people */
	enum fact_type type;
	char text[300];	 /* for people; FACT_UNKNOWN: why */
	char value[200]; /* FACT_TEXT: for machines */
	double number;	 /* FACT_NUMBER, FACT_BOOL */
};

#define FACTS_MAX 48
struct facts {
	struct fact f[FACTS_MAX];
	unsigned nr;
};

void fact_text(struct facts *f, const char *name, const char *value);
/* @fmt: the same for people, with what is to be said about it */
void fact_said(struct facts *f, const char *name, const char *value, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* @fmt: the same for people, with its unit */
void fact_number(struct facts *f, const char *name, double number, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void fact_bool(struct facts *f, const char *name, bool yes, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void fact_unknown(struct facts *f, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A file of /proc or /sys that is one line: FACT_TEXT, or FACT_UNKNOWN with the file's name and errno. */
void fact_file(struct facts *f, const char *name, const struct hostfs *fs, const char *path);
/* NULL where there is none or it is unknown. */
const struct fact *fact_known(const struct facts *f, const char *name);
/* The number; @otherwise where there is none. */
double fact_value(const struct facts *f, const char *name, double otherwise);

/* ---- the machine ---- */

#define DOCTOR_CACHES 8
struct doctor_cache {
	unsigned level, count; /* so many of this kind */
	bool data;	       /* of data alone; else of data and instructions */
	size_t size;	       /* bytes */
	int ways;	       /* 0 unknown, -1 fully associative */
	unsigned line, shared; /* bytes, 0 unknown; CPUs that share one */
};

struct doctor_node {
	unsigned os, cpus;
	double bytes;
	unsigned distance[KMEM_MAX_NODES]; /* to each, in the order of node[]; 0 unknown */
};

struct doctor_machine {
	struct facts facts;
	bool native; /* the topology is this machine's */
	unsigned cpus, cores, packages;
	struct doctor_cache cache[DOCTOR_CACHES];
	unsigned nr_caches;
	struct doctor_node node[KMEM_MAX_NODES];
	unsigned nr_nodes;
	char topology_error[128]; /* "" if it was read */
};

/* ---- programs and libraries that are found at run time ---- */

struct doctor_program {
	const char *name, *purpose, *package; /* Debian's */
	bool found, works;
	char version[64];
	char why[160]; /* not found, or does not work */
};
enum { PROGRAM_PERF, PROGRAM_GNUPLOT, PROGRAM_LIBPFM, NR_PROGRAMS };

/* ---- quantities ---- */

enum quantity_state { Q_EXACT, Q_SCALED, Q_APPROXIMATE, Q_WRONG, Q_UNAVAILABLE };
extern const char *const quantity_state_names[]; /* "exact", ..., NULL */

struct doctor_quantity {
	char name[64];
	char help[160];
	enum quantity_state state;
	const char *source;   /* hardware, software, kernel, placement, engine, clock */
	char expression[256]; /* "" none */
	struct {
		uint32_t type;
		uint64_t config, config1, config2;
	} code[EV_TERMS_MAX]; /* what was opened, or refused */
	unsigned nr_codes;
	struct perf_refusal why;     /* reason "" where there is nothing to say */
	bool counter;		     /* an event; else one of doctor_others.c */
	bool wide;		     /* of the whole machine, not of a thread */
	bool proved;		     /* ->proof is filled */
	const struct proof_row *row; /* that proves it; NULL: none does */
	struct proof_result proof;
};

#define DOCTOR_QUANTITIES 128

/* ---- noise ---- */

struct doctor_noise {
	struct facts facts;
	bool have_aa;
	struct hostnoise aa;
	char aa_why[ERR_TEXT_MAX];
};

/* ---- advice ---- */

#define DOCTOR_ADVICE 24
struct doctor_advice {
	char what[240];	   /* one sentence */
	char command[200]; /* "" if no command does it */
};

/* ---- all of it ---- */

struct doctor_request {
	bool json, no_proof, quick;
	const char *files;		     /* --files, or NULL */
	const char *name[DOCTOR_QUANTITIES]; /* only these; none: all */
	unsigned nr_names;
};

struct doctor {
	struct hostfs fs;
	struct doctor_request request;
	struct perf_place place;
	struct doctor_machine machine;
	struct facts permissions;
	struct doctor_program program[NR_PROGRAMS];
	struct ev_db *db;
	struct ev_host *host;
	struct doctor_quantity quantity[DOCTOR_QUANTITIES];
	unsigned nr_quantities;
	struct clock_facts clock;
	struct doctor_noise noise;
	struct doctor_advice advice[DOCTOR_ADVICE];
	unsigned nr_advice;
};

/* The events' data and the machine's PMUs; -EINVAL for a file of the user's that is none of events. */
int doctor_open(struct doctor *d, struct err *e);
/* In this order; each needs the ones before it. */
void doctor_permissions(struct doctor *d);
void doctor_machine(struct doctor *d);
void doctor_programs(struct doctor *d);
int doctor_counters(struct doctor *d, struct err *e); /* -ENOMEM */
void doctor_others(struct doctor *d);
void doctor_noise(struct doctor *d);
void doctor_advice(struct doctor *d);
void doctor_release(struct doctor *d);

struct doctor_quantity *doctor_find(struct doctor *d,
				    const char *name);	     /* '-' and '_' are the same */
bool doctor_measurable(const struct doctor_quantity *q);     /* neither wrong nor unavailable */
bool doctor_asked(const struct doctor *d, const char *name); /* for this one, or for all */

void doctor_text(const struct doctor *d, FILE *f);
/* 0 or -ENOMEM, -EIO */
int doctor_json(const struct doctor *d, FILE *f, struct err *e);

#endif
