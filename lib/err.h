/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_ERR_H
#define SLABSCOPE_ERR_H

/*
 * The caller's error: what a failing function says besides its -errno.
 *
 * A function that can fail for more than one reason takes a `struct err *` as its last argument,
 * returns 0 or -errno, and on failure leaves one line of text here (no newline, no trailing dot).
 * The caller owns the struct; NULL is allowed and drops the text. Not for sharing among threads.
 */

#define ERR_TEXT_MAX 512

struct err {
	char text[ERR_TEXT_MAX];
};

/* Fill @e (may be NULL) and return @code, so that `return err_set(e, -EINVAL, ...)` reads well. */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Put "prefix: " in front of the text of @e; returns @code. For callers that know more (file, line). */
int err_prefix(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#ifdef __clang_analyzer__
/* It sees one file at a time and would otherwise follow paths on which a failure returns 0. */
#define err_set(e, code, ...) (err_set(e, code, __VA_ARGS__), (code))
#define err_prefix(e, code, ...) (err_prefix(e, code, __VA_ARGS__), (code))
#endif

#endif
