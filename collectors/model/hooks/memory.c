/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memcpy, memset and memmove of instrumented code. Compilers leave them out (or hand them to a runtime that is not
 * there), so the model build's objects call these instead: its Makefile rule renames the symbols in the objects, which
 * also catches the calls that a compiler makes of struct copies. Newer versions of clang call __tsan_memcpy and
 * friends.
 */

#include <string.h>

#include "collectors/model/hooks/touch.h"

/* Source and target of a long copy are read and written in turns, as they are in truth. */
#define TURN 4096

static void copied(void *to, const void *from, size_t n)
{
	if (!model_state.on)
		return;
	for (size_t at = 0; at < n; at += TURN) {
		size_t part = n - at < TURN ? n - at : TURN;

		model_touch_range((const char *)from + at, part, false);
		model_touch_range((char *)to + at, part, true);
	}
}

void *model_memcpy(void *restrict to, const void *restrict from, size_t n)
{
	copied(to, from, n);
	return memcpy(to, from, n);
}

void *model_memmove(void *to, const void *from, size_t n)
{
	copied(to, from, n);
	return memmove(to, from, n);
}

void *model_memset(void *to, int c, size_t n)
{
	model_touch_range(to, n, true);
	return memset(to, c, n);
}

void *__tsan_memcpy(void *to, const void *from, size_t n)
{
	return model_memcpy(to, from, n);
}

void *__tsan_memmove(void *to, const void *from, size_t n)
{
	return model_memmove(to, from, n);
}

void *__tsan_memset(void *to, int c, size_t n)
{
	return model_memset(to, c, n);
}
