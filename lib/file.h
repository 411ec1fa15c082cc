/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_FILE_H
#define SLABSCOPE_FILE_H

/*
 * Whole files in, whole files out. What is written appears under its name complete or not at all:
 * it goes to a temporary name beside it, and is renamed. Errors name the file.
 */

#include <stddef.h>
#include <stdio.h>

#include "lib/err.h"

/*
 * Read all of @path ("-" is standard input) into a malloc'd buffer with a NUL behind it; *@len (may
 * be NULL) is the length without that NUL. Works for files of /proc, whose size reads 0. -EFBIG
 * above @most bytes (0: no bound), -EISDIR for a folder. *@out is untouched on failure; free() it
 * on success.
 */
int file_read(const char *path, size_t most, char **out, size_t *len, struct err *e);

/* A file under construction. Between file_begin() and file_commit() or file_abort(), write to
 * ->stream. */
struct file_out {
	FILE *stream;
	char *path, *temp;
};

/* Open a temporary file in the folder of @path. On failure nothing is left to abort. */
int file_begin(struct file_out *f, const char *path, struct err *e);

/* Flush, check every earlier write, sync, rename over ->path. On failure the old file is as it was
 * and the temporary one is gone. Either way @f is done. */
int file_commit(struct file_out *f, struct err *e);

/* Throw the temporary file away. Harmless on a struct that is zero, committed or aborted. */
void file_abort(struct file_out *f);

/* The three in one. */
int file_write(const char *path, const void *data, size_t len, struct err *e);

#endif
