/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TESTS_TEMP_HELP_H
#define SLABSCOPE_TESTS_TEMP_HELP_H

#define TEMP_MAX 160

/* Make a folder of its own for a test, where TMPDIR says (else where temporary files lie), with @name in its name. The
 * caller removes it. Returns @path, or NULL. */
char *temp_folder(char path[TEMP_MAX], const char *name);

#endif
