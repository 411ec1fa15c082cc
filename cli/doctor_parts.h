/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_DOCTOR_PARTS_H
#define SLABSCOPE_DOCTOR_PARTS_H

/* What the doctor's own files share among each other. */

#include "cli/doctor.h"

/* CPUs, caches and nodes through hwloc, of the machine below fs's root. */
void doctor_topology(struct doctor_machine *m, const struct hostfs *fs);

/* The last cache: its size in bytes, 0 unknown. */
size_t doctor_llc(const struct doctor_machine *m);

/* The value of "key : value" in the first CPU of /proc/cpuinfo: 0, -ENODATA, -errno. */
int doctor_cpuinfo(const struct hostfs *fs, const char *key, char *out, size_t len);
/* Whether "flags" (x86) or "Features" (arm64) has @flag. */
bool doctor_cpu_flag(const struct hostfs *fs, const char *flag);

/* Room for one more, zeroed; NULL when there is none. */
struct doctor_quantity *doctor_add(struct doctor *d, const char *name, const char *source,
				   const char *help);
/* Open @ev for samples with addresses, on this thread, and close it. 0 or -errno. */
int doctor_try_sampling(const struct perf_event *ev);
/* Set the state with its reason; @error positive or 0. */
void doctor_say(struct doctor_quantity *q, enum quantity_state state, int error, const char *remedy,
		const char *fmt, ...) __attribute__((format(printf, 5, 6)));

#endif
