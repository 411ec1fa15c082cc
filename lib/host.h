/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_HOST_H
#define SLABSCOPE_HOST_H

/*
 * Facts about the machine and the build that a result depends on, for a run's run.json and for
 * reports. What cannot be read says why; nothing is made up.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/err.h"

struct host_fact {
	const char *name; /* "kernel", "cpu_model", "governor", ... */
	int error;	  /* 0, or -errno: not known, and text says why */
	char text[192];
};

#define HOST_FACTS_MAX 32

/* "hypervisor" is "no", "yes", or begins with this where instructions are emulated (lib/virt.h). */
#define HOST_EMULATED "emulated"

/* Fill @out[HOST_FACTS_MAX] in a fixed order; returns how many. Never fails as a whole. */
unsigned host_facts(struct host_fact *out);

/* The fact called @name among @n, or NULL. */
const struct host_fact *host_fact_find(const struct host_fact *f, unsigned n, const char *name);

/* "release", "debug", "asan", ...: the variant this was built as. */
const char *host_build_variant(void);

/* "none", "address", "thread", "undefined" (as far as the compiler tells). */
const char *host_build_sanitizer(void);

/* True for a build whose times mean nothing: sanitized, or not optimised. */
bool host_build_is_slow(void);

/* "gcc 12.2.0", "clang 14.0.6". */
const char *host_build_compiler(void);

/* The project's version, "0.1.0". */
const char *host_build_version(void);

#endif
