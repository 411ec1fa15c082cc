/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/sim_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct sim *sim_of(const struct mt_target *t, const struct sim_options *o)
{
	struct sim *s;
	struct err e;

	if (sim_create(&s, t, o, &e))
		fail_msg("%s", e.text);
	return s;
}

void sim_is_whole(const struct sim *s)
{
	struct err e;

	if (sim_check(s, &e))
		fail_msg("%s", e.text);
}
