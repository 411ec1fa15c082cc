/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/emulator_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

void emulator_lacks(const char *what)
{
	const char *emulator = getenv("SLABSCOPE_EMULATOR");

	if (!emulator || !*emulator)
		return;
	printf("skipped: not under an emulator of user programs: %s\n", what);
	skip();
}
