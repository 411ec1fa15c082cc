/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A line to stderr. vsnprintf() takes no memory for text and whole numbers. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "preload/preload.h"

static void vsay(const char *fmt, va_list ap)
{
	static const char who[] = "libslabscope-malloc: ";
	char text[1024];
	size_t n = sizeof(who) - 1;
	int saved = errno, len;

	memcpy(text, who, n);
	len = vsnprintf(text + n, sizeof(text) - n - 1, fmt, ap);
	if (len > 0)
		n += (size_t)len < sizeof(text) - n - 1 ? (size_t)len : sizeof(text) - n - 2;
	text[n++] = '\n';
	len = (int)write(STDERR_FILENO, text, n);
	(void)len; /* nobody is left to be told */
	errno = saved;
}

void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsay(fmt, ap);
	va_end(ap);
}

void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsay(fmt, ap);
	va_end(ap);
	abort();
}
