/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_NOISE_LINE_H
#define SLABSCOPE_NOISE_LINE_H

#include <jansson.h>

#include "cli/hostnoise.h"

/*
 * The noise floor of the host that wrote @run (a run.json), as a sentence in @line. 1 and @n filled;
 * 0: there is none, and the sentence says why.
 */
int noise_line(const json_t *run, struct hostnoise *n, char *line, size_t len);

#endif
