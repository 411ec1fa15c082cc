/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TESTS_FUZZ_H
#define SLABSCOPE_TESTS_FUZZ_H

/*
 * A fuzzer is one file tests/fuzz_X.c with LLVMFuzzerTestOneInput(): it is given bytes and must not
 * crash; what it finds wrong it reports with abort(). It is built three ways: with fuzz_main.c
 * (replays files, makes inputs from a seed; any compiler), with libFuzzer (`make fuzz`), and with
 * AFL++ (`make fuzz-afl`). Files in tests/corpus/X/ are inputs to begin with.
 *
 * It may say how much of it runs in `make check`, by defining fuzz_slice; else 200000 inputs of up
 * to 4096 bytes.
 */

#include <stddef.h>
#include <stdint.h>

struct fuzz_slice {
	unsigned long inputs; /* how many random inputs */
	size_t max_len;	      /* bytes of the longest */
};

extern const struct fuzz_slice fuzz_slice __attribute__((weak));

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
