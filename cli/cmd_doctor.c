/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slabscope doctor: what can be measured on this machine, how well, and what to do about the rest. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/doctor.h"
#include "cli/options.h"
#include "cli/suggest.h"

enum plain_id { P_JSON, P_NO_PROOF, P_QUICK, P_FILES };

static int take_plain(void *arg, const struct cli_plain *p, const char *text, struct err *e)
{
	struct doctor_request *q = arg;

	(void)e;
	switch (p->id) {
	case P_JSON:
		q->json = true;
		break;
	case P_NO_PROOF:
		q->no_proof = true;
		break;
	case P_QUICK:
		q->quick = true;
		break;
	default:
		q->files = text;
	}
	return 0;
}

static const struct cli_plain options[] = {
	{ "json", 0, NULL, "as one JSON object", P_JSON },
	{ "no-proof", 0, NULL, "open events, and do not try whether they count right", P_NO_PROOF },
	{ "quick", 'q', NULL,
	  "leave out proofs that take long, and look for stalls a tenth as long", P_QUICK },
	{ "files", 'f', "PATH", "also events of your own: files or folders, with ':' in between",
	  P_FILES },
	{ NULL, 0, NULL, NULL, 0 },
};

static const struct cli_spec spec = {
	.command = "slabscope doctor",
	.usage = "[OPTION]... [QUANTITY|GROUP]...",
	.about =
		"Shows the machine and what slabscope may do on it, opens every event, proves those that open\n"
		"with code of known counts, and says what to do about what is missing. With names, only those:\n"
		"exit status 77 if none of them can be measured here.",
	.plain = options,
	.option = take_plain,
};

void doctor_release(struct doctor *d)
{
	if (d->host)
		ev_host_close(d->host);
	if (d->db)
		ev_db_close(d->db);
	d->host = NULL;
	d->db = NULL;
}

int doctor_open(struct doctor *d, struct err *e)
{
	int rc;

	hostfs_init(&d->fs);
	rc = ev_db_open(&d->db, d->request.files, e);
	return rc ? rc : ev_host_open(&d->host, &d->fs, e);
}

/* A name is a quantity's, or a group's of the events' data. */
static int take_name(struct doctor *d, const char *name, struct err *e)
{
	struct doctor_request *q = &d->request;
	unsigned room = DOCTOR_QUANTITIES - q->nr_names;
	int n = ev_db_group(d->db, name, q->name + q->nr_names, room);

	if (n > 0) {
		q->nr_names += (unsigned)n < room ? (unsigned)n : room;
		return 0;
	}
	if (!room)
		return err_set(e, -E2BIG, "more than %u names", DOCTOR_QUANTITIES);
	q->name[q->nr_names++] = name;
	return 0;
}

/* After everything that can be asked for is there. */
static int check_names(struct doctor *d, struct err *e)
{
	const char *names[DOCTOR_QUANTITIES + 1], *near;
	unsigned i;

	for (i = 0; i < d->nr_quantities; i++)
		names[i] = d->quantity[i].name;
	names[i] = NULL;
	for (i = 0; i < d->request.nr_names; i++) {
		const char *name = d->request.name[i];

		if (doctor_find(d, name))
			continue;
		near = suggest(name, names);
		return err_set(e, -EINVAL, "no quantity or group '%s'%s%s%s", name,
			       near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	}
	return 0;
}

/* With names: is any of them to be had? */
static int status_of(const struct doctor *d)
{
	for (unsigned i = 0; i < d->nr_quantities; i++)
		if (doctor_asked(d, d->quantity[i].name) && doctor_measurable(&d->quantity[i]))
			return 0;
	return d->request.nr_names ? EXIT_CANNOT : 0;
}

static int examine(struct doctor *d, int argc, char **argv, struct err *e)
{
	int rc = doctor_open(d, e);

	for (int i = 0; !rc && i < argc; i++)
		rc = take_name(d, argv[i], e);
	if (rc)
		return rc;
	clock_measure(&d->clock, 10);
	doctor_permissions(d);
	doctor_machine(d);
	doctor_programs(d);
	rc = doctor_counters(d, e);
	if (rc)
		return rc;
	doctor_others(d);
	rc = check_names(d, e);
	if (rc)
		return rc;
	doctor_noise(d);
	doctor_advice(d);
	return 0;
}

static int show(struct doctor *d)
{
	struct err e;

	if (d->request.json && doctor_json(d, stdout, &e))
		return cli_failure(&spec, &e);
	if (!d->request.json)
		doctor_text(d, stdout);
	return status_of(d);
}

int cmd_doctor(int argc, char **argv)
{
	struct doctor *d = calloc(1, sizeof(*d));
	struct err e = { "out of memory" };
	int status, rc, n;

	if (!d)
		return cli_failure(&spec, &e);
	n = cli_parse(&spec, argc, argv, &d->request, &e);
	if (n < 0) {
		free(d);
		return n == CLI_HELP ? 0 : cli_usage_error(&spec, &e);
	}
	rc = examine(d, argc - n, argv + n, &e);
	if (rc)
		status = rc == -ENOMEM ? cli_failure(&spec, &e) : cli_usage_error(&spec, &e);
	else
		status = show(d);
	doctor_release(d);
	free(d);
	return status;
}
