/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_LIST_TARGETS_H
#define SLABSCOPE_LIST_TARGETS_H

/* `slabscope list targets`: what the model can be told to be. */

#include <jansson.h>

void list_targets(void);
json_t *list_targets_json(void);
/* One of them wholly, each figure with its source: any text that names a target. The exit status. */
int list_target(const char *spec, int json);

#endif
