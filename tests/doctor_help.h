/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TESTS_DOCTOR_HELP_H
#define SLABSCOPE_TESTS_DOCTOR_HELP_H

/*
 * An invented machine below a new folder: two sockets of two cores with a node each, an Intel CPU on
 * bare metal with a PMU, perf_event_paranoid 3, everything set so that there is much to advise.
 */

#include <stddef.h>

/* Makes the folder and writes its name to @root[@len]; not 0: there is none. */
int doctor_help_make(char *root, size_t len);
/* One file of it, and the folders above. */
void doctor_help_put(const char *root, const char *path, const char *text);
int doctor_help_remove(const char *root);

#endif
