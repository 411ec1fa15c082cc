/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_WITH_RUN_H
#define SLABSCOPE_WITH_RUN_H

#include "cli/options.h"
#include "cli/results.h"

/*
 * A command about one run: parse @argv into @request, read the folder that is its only operand,
 * hand both to @show and give the folder back. Returns the command's exit status: @show's, unless
 * it never came to that.
 */
int with_run(const struct cli_spec *spec, int argc, char **argv, void *request,
	     int (*show)(const struct results *r, const void *request));

#endif
