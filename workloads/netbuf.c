/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netbuf: network buffers, a header and its data. The work is flow.c's. */

#include "workloads/flow.h"

static const struct opt netbuf_opts[] = {
	FLOW_OBJECT_SIZE("232", "size of each header, which holds a stamp and a pointer"),
	{ FLOW_FIELD(data_size), .type = OPT_SIZE, .min = 1, .max = KMALLOC_MAX_SIZE,
	  .unit = "bytes", .def = "2048", .help = "size of each header's data" },
	FLOW_TOUCH(touch, "2",
		   "cache lines of the header that are written and read, at least 1; auto: all"),
	FLOW_TOUCH(data_touch, "2", "cache lines of the data that are written and read; auto: all"),
	FLOW_BATCH("64"),
	FLOW_DEPTH("512"),
	FLOW_PAIRS("any"),
	FLOW_ROLES("split"),
	{ .name = NULL },
};

const struct workload workload_netbuf = {
	.name = "netbuf",
	.help = "network buffers: a header and its data, filled by one CPU, read and freed by another",
	.doc = "Stands for the receive path of a network stack: the CPU that takes interrupts\n"
	       "allocates a header of 232 bytes and a data buffer of a power of two, writes the\n"
	       "first lines of both and queues them, 64 at a time as a poll does; the one that\n"
	       "runs the reader follows the pointer, reads the same lines and frees both. Data of a\n"
	       "power of two begins in few cache sets unless it is coloured; two caches run in\n"
	       "step, and both are freed by strangers. data_touch=auto is a copy of the packet.",
	.opts = netbuf_opts,
	FLOW_WORKLOAD,
};
