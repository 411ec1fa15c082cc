/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_RECORD_H
#define SLABSCOPE_RECORD_H

#include "cli/launch.h"
#include "cli/plan.h"
#include "cli/samples.h"

/*
 * What a trial said, as rows: its values, `effective.NAME` rows, `trial.seconds`, and
 * `trial.status` as the last. Values of a trial that is not ok are left out: they were measured by
 * something that then went wrong. A trial that ran and flagged itself becomes `invalid` or
 * `disturbed` (invalid if it said both), its note all reasons; its values are kept. Cuts up
 * @r->out; a line that is not of the protocol makes the trial `failed`.
 */
void record_trial(struct samples_buf *b, const struct plan *p, unsigned block, unsigned config,
		  struct launch *r);

#endif
