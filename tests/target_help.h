/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TESTS_TARGET_HELP_H
#define SLABSCOPE_TESTS_TARGET_HELP_H

/* What the tests of targets share. They fail the test that calls them. */

#include "collectors/model/target_impl.h"

void target_read(struct mt_target *t, const char *spec, const char *fill);
/* All fields, and the sources of all figures of @a. */
void target_same(const struct mt_target *a, const struct mt_target *b);
/* What is printed reads back to the same, and prints the same. */
void target_round_trip(const struct mt_target *t);

#endif
