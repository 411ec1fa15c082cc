/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/run_command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What a job file and a specification leave as it is, and a blank ends no word of. */
static int is_plain(char c)
{
	return c > ' ' && c < 0x7f && !strchr("'%;#", c);
}

/* @words as the option `command` has them. */
static int join_words(char *const *words, char out[OPT_STR_MAX], struct err *e)
{
	size_t at = 0;

	for (; *words; words++) {
		const char *p = *words;
		int quote = !*p;

		for (; *p; p++)
			quote |= !is_plain(*p);
		at += (size_t)snprintf(out + at, OPT_STR_MAX - at, "%s%s", at ? " " : "",
				       quote ? "'" : "");
		for (p = *words; *p && at < OPT_STR_MAX; p++)
			at += (size_t)snprintf(out + at, OPT_STR_MAX - at,
					       is_plain(*p) || *p == ' ' ? "%c" : "%%%02x",
					       (unsigned char)*p);
		if (at < OPT_STR_MAX && quote)
			at += (size_t)snprintf(out + at, OPT_STR_MAX - at, "'");
		if (at >= OPT_STR_MAX)
			return err_set(
				e, -E2BIG,
				"the command is longer than %d characters as text: put it into a script",
				OPT_STR_MAX - 1);
	}
	return 0;
}

int run_command(struct job_section *given, char *const *words, int from_file, struct err *e)
{
	static const char *const deflt[][2] = { { "profile", "fast" },
						{ "ops", "1" },
						{ "warmup_ops", "off" } };
	char text[OPT_STR_MAX];
	unsigned i, k;
	int rc = *words ? join_words(words, text, e) :
			  err_set(e, -EINVAL, "expected a command behind --");

	if (!rc)
		rc = job_set(given, "workload", "command", "--", e);
	if (!rc)
		rc = job_set(given, "command", text, "--", e);
	for (i = 0; i < sizeof(deflt) / sizeof(deflt[0]) && !rc && !from_file; i++) {
		for (k = 0; k < given->nr && strcmp(given->set[k].name, deflt[i][0]); k++)
			;
		if (k == given->nr)
			rc = job_set(given, deflt[i][0], deflt[i][1], "--", e);
	}
	return rc;
}
