/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hot-header's loops with single visits timed. */

#define WL_TIMED
#include "workloads/hot_step.c" /* NOLINT(bugprone-suspicious-include) */
