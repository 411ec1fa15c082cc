/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slots' loops with single operations timed. */

#define WL_TIMED
#include "workloads/slots_step.c" /* NOLINT(bugprone-suspicious-include) */
