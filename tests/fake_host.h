/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TESTS_FAKE_HOST_H
#define SLABSCOPE_TESTS_FAKE_HOST_H

/* A machine made of files: a temporary folder that struct hostfs points to. */

#include <stddef.h>

#include "lib/hostfs.h"

struct fake_file {
	const char *name; /* from the root; its folders are made */
	const char *text; /* NULL: it is a folder */
};

void fake_host(struct hostfs *h, const struct fake_file *file, size_t nr);
void fake_write(const struct hostfs *h, const struct fake_file *file);
void fake_unlink(const struct hostfs *h, const char *name); /* a file or an empty folder */
void fake_remove(const struct hostfs *h);		    /* with all that is in it */
unsigned fake_count_files(const char *folder, const char *end);

#endif
