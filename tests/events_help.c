/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of the event data share. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/events_help.h"

struct ev_db *shipped(void)
{
	struct err e = { "" };
	struct ev_db *db = NULL;

	if (ev_db_open(&db, NULL, &e))
		fail_msg("%s", e.text);
	return db;
}

struct ev_host *open_host(const struct hostfs *h)
{
	struct ev_host *host = NULL;
	struct err e = { "" };

	assert_int_equal(ev_host_open_with(&host, h, NO_LIBRARY, &e), 0);
	assert_string_equal(ev_host_libpfm(host), "");
	assert_true(*ev_host_libpfm_missing(host));
	return host;
}
