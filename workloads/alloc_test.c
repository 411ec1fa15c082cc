/* SPDX-License-Identifier: GPL-2.0-or-later */
/* alloc-test: few objects live short, many live long. The work is slots.c's. */

#include "workloads/slots.h"

static const struct opt alloc_test_opts[] = {
	SLOTS_OPTS("20000", "16", "1k", "7", "small", "pareto", "auto", "0", "off"),
	{ .name = NULL },
};

const struct workload workload_alloc_test = {
	.name = "alloc-test",
	.help = "slots chosen by a Pareto rule, sizes to 1 KiB, every object written whole",
	.doc = "After OLogN's alloc-test: which slot is replaced follows 80/20, six times over, so a\n"
	       "few thousandths of the objects are hot and the rest is old; sizes from 16 bytes to\n"
	       "1 KiB, small ones more often; each object is written from end to end. It stresses\n"
	       "slabs that mix short lives with long ones, which is how they come to be partly\n"
	       "used, and pays for memory that is cold.",
	.opts = alloc_test_opts,
	SLOTS_WORKLOAD,
};
