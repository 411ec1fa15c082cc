/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_SUGGEST_H
#define SLABSCOPE_SUGGEST_H

/* The one of @names (NULL ends) that @word was probably meant to be, or NULL if none is near. */
const char *suggest(const char *word, const char *const *names);

#endif
