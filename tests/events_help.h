/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TESTS_EVENTS_HELP_H
#define SLABSCOPE_TESTS_EVENTS_HELP_H

/* What the tests of the event data share. cmocka.h comes first. */

#include "collectors/perf/ev.h"
#include "lib/hostfs.h"

#define NO_LIBRARY "libpfm-that-is-not-there.so"
#define PMUS "/sys/bus/event_source/devices/"

/* /proc/cpuinfo of two CPUs, of which the first counts. */
#define X86(vendor, family, model, stepping)                                                   \
	"processor\t: 0\nvendor_id\t: " vendor "\ncpu family\t: " family "\nmodel\t\t: " model \
	"\nmodel name\t: a CPU\nstepping\t: " stepping "\nflags\t\t: fpu\n\n"                  \
	"processor\t: 1\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 1\n\n"

/* The shipped data; fails the test where they cannot be read. ev_db_close(). */
struct ev_db *shipped(void);
/* The machine below @h, without libpfm4. ev_host_close(). */
struct ev_host *open_host(const struct hostfs *h);

#endif
