/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flow's loops with single operations timed. */

#define WL_TIMED
#include "workloads/flow_step.c" /* NOLINT(bugprone-suspicious-include) */
