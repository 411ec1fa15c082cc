/* SPDX-License-Identifier: GPL-2.0-or-later */
/* churn's loops with single operations timed. */

#define WL_TIMED
#include "workloads/churn_step.c" /* NOLINT(bugprone-suspicious-include) */
