/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as operations on an engine (see ops.h): whatever they say, its promises hold. */
#include "tests/fuzz.h"
#include "tests/ops.h"

/* Each input makes and ends a system of its own; the seeded slice of millions of operations is test_engine_fuzz. */
const struct fuzz_slice fuzz_slice = { .inputs = 1000, .max_len = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ops_stats st = { .ops = 0 };
	struct ops_source in;

	ops_source_bytes(&in, data, size);
	ops_run(&in, size, &st);
	return 0;
}
