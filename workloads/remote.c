/* SPDX-License-Identifier: GPL-2.0-or-later */
/* remote: live sets whose objects are freed by strangers. The work is slots.c's. */

#include "workloads/slots.h"

static const struct opt remote_opts[] = {
	SLOTS_OPTS("1000", "256", "1k", "1", "even", "random", "1", "50", "off"),
	{ .name = NULL },
};

const struct workload workload_remote = {
	.name = "remote",
	.help = "a live set of which a given share is freed by another worker",
	.doc = "Stands for programs in which most objects die where they were born and some do not:\n"
	       "work that was migrated, replies that were sent on, sh8bench, rptest. Each operation\n"
	       "frees an object of the live set and allocates another; of so many in a hundred\n"
	       "(share) the object that goes is handed to the partner, who frees it. With share=0 it\n"
	       "is churn in rounds of one; with pairs=other every handed object is freed on another\n"
	       "node than it lies on. It stresses alien caches, their limits and the node's lock, and\n"
	       "the way of lines between CPUs.",
	.opts = remote_opts,
	SLOTS_WORKLOAD,
};
