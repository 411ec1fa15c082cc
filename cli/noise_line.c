/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an A/A run said of the host, in one line. */

#include "cli/noise_line.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/results.h"

static void percent(double log_ratio, char *buf, size_t len)
{
	results_number(100 * expm1(log_ratio), buf, len);
}

static void none(const json_t *run, const char *fingerprint, char *line, size_t len)
{
	const char *host =
		json_string_value(json_object_get(json_object_get(run, "host"), "hostname"));
	char here[sizeof(((struct hostnoise *)0)->host)];

	if (!hostnoise_fingerprint(here, sizeof(here), NULL) && !strcmp(here, fingerprint))
		snprintf(line, len, "no A/A run on this host yet: slabscope run --aa");
	else
		snprintf(line, len, "no A/A run of the host that made it (%.60s) is known here",
			 host ? host : "of unknown name");
}

int noise_line(const json_t *run, struct hostnoise *n, char *line, size_t len)
{
	char fingerprint[sizeof(n->host)], floor[32], smallest[32];
	struct err e;
	int rc;

	rc = hostnoise_fingerprint_run(run, fingerprint, sizeof(fingerprint), &e);
	if (!rc)
		rc = hostnoise_read(n, fingerprint, &e);
	if (rc == -ENOENT)
		none(run, fingerprint, line, len);
	else if (rc)
		snprintf(line, len, "noise floor: not known: %.200s", e.text);
	if (rc)
		return 0;
	percent(n->noise_floor, floor, sizeof(floor));
	results_number(100 * n->smallest_effect, smallest, sizeof(smallest));
	snprintf(
		line, len,
		"noise floor of the host: %s %% (A/A of %s, %u pairs, %.10s); %u of %u comparisons were false alarms; "
		"%u pairs show an effect of %s %% or more",
		floor, n->workload, n->pairs, n->when, n->false_alarms, n->comparisons, n->pairs,
		smallest);
	return 1;
}
