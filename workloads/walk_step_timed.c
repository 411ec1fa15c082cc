/* SPDX-License-Identifier: GPL-2.0-or-later */
/* walk's loops with single operations timed. */

#define WL_TIMED
#include "workloads/walk_step.c" /* NOLINT(bugprone-suspicious-include) */
