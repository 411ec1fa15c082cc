/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_HOSTNOISE_H
#define SLABSCOPE_HOSTNOISE_H

/*
 * What an A/A run (`slabscope run --aa`) found out about this host, kept in
 * $XDG_STATE_HOME/slabscope/aa/HOST.json (~/.local/state without it): the newest one. HOST is made of
 * what must be the same for figures to be comparable: CPU model, CPUs, nodes, kernel release, hostname.
 */

#include <jansson.h>
#include <stddef.h>

#include "lib/err.h"

struct hostnoise {
	char host[64]; /* fingerprint, hexadecimal */
	char when[32]; /* ISO 8601, UTC */
	char workload[64], metric[64];
	unsigned comparisons, pairs; /* A/A comparisons made, pairs in each */
	unsigned false_alarms;	     /* that said faster or slower */
	double confidence;
	double sd;		/* median over the comparisons of the robust sd of log ratios */
	double noise_floor;	/* half width of the intervals, median, as a log ratio */
	double smallest_effect; /* ratio - 1 that `pairs` pairs show with power 0.8 */
};

/* Fingerprint of this host: 16 hexadecimal digits. */
int hostnoise_fingerprint(char *out, size_t len, struct err *e);
/* Of the host that wrote the run.json @run (its `host` and `machine` objects): the same for the same
 * host. -EINVAL where one of the facts is not in it. */
int hostnoise_fingerprint_run(const json_t *run, char *out, size_t len, struct err *e);
/* -ENOENT where no A/A run was made on the host @fingerprint; -EINVAL for a file that is not one. */
int hostnoise_read(struct hostnoise *n, const char *fingerprint, struct err *e);
/* Whole or not at all (lib/file.h); makes the folders. */
int hostnoise_write(const struct hostnoise *n, struct err *e);

/* Where it is kept, into buf[len]. -ENOENT where neither XDG_STATE_HOME nor HOME says. */
int hostnoise_path(char *buf, size_t len, const char *fingerprint, struct err *e);
/* Such a file's text; @name is what messages call it. */
int hostnoise_parse(struct hostnoise *n, const char *text, size_t len, const char *name,
		    struct err *e);

#endif
