/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TESTS_CONSTRUCT_H
#define SLABSCOPE_TESTS_CONSTRUCT_H

/*
 * Pieces of C whose loads and stores are known, compiled as the model's build compiles them; hooks_main.c has the
 * table of what each compiler makes seen of them.
 */

#include <stdint.h>

/* What the pieces read and write, line aligned. */
struct area {
	_Alignas(4096) unsigned char from[8192], to[8192];
};
extern struct area area;

struct construct {
	const char *name;
	void (*run)(void);
};
extern const struct construct constructs[]; /* NULL ends */

/* Atomic operations of every size: 0, or the number of the first that gave something else than it must. */
int construct_atomics(void);

/* "gcc", "clang" and the major version */
extern const char *const construct_compiler;
extern const int construct_version;

#endif
