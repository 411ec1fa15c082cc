/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay's loop with single operations timed. */

#define WL_TIMED
#include "workloads/replay_step.c" /* NOLINT(bugprone-suspicious-include) */
