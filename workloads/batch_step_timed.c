/* SPDX-License-Identifier: GPL-2.0-or-later */
/* batch's loops with single operations timed. */

#define WL_TIMED
#include "workloads/batch_step.c" /* NOLINT(bugprone-suspicious-include) */
