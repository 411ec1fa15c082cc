/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checks that run inside a guest: guest-check NAME... */
#include <stdio.h>
#include <string.h>

#include "tests/guest/help.h"

static const struct {
	const char *name;
	void (*run)(void);
} checks[] = {
	{ "topology", check_topology }, { "policies", check_policies },
	{ "fallback", check_fallback }, { "pools", check_pools },
	{ "alien", check_alien },	{ "numastat", check_numastat },
	{ "counters", check_counters },
};

int main(int argc, char **argv)
{
	guest_read_nodes();
	for (int i = 1; i < argc; i++) {
		unsigned before = guest_checked, k = 0;

		while (k < sizeof(checks) / sizeof(*checks) && strcmp(argv[i], checks[k].name))
			k++;
		if (k == sizeof(checks) / sizeof(*checks))
			die("there is no check %s", argv[i]);
		checks[k].run();
		check(guest_checked > before, "%s: something was checked", argv[i]);
	}
	printf("%u checks, %u failed\n", guest_checked, guest_failed);
	return guest_failed || !guest_checked;
}
