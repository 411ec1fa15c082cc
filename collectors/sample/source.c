/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What gives samples with addresses: see source.h. */
#include "collectors/sample/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DEVICES "/sys/bus/event_source/devices/"

const char *const sample_event_names[] = { "auto",  "page-faults", "minor-faults", "major-faults",
					   "loads", "stores",	   "ibs",	   NULL };

static const char no_pmu[] =
	"a guest needs its host's PMU, precise events included; sample_event=page-faults works everywhere";
static const char use_perf[] =
	"perfctl_mode=mem lets perf decode it; sample_event=page-faults works everywhere";

static int refuse(struct perf_refusal *why, int error, const char *reason, const char *remedy)
{
	*why = (struct perf_refusal){ .error = error };
	snprintf(why->reason, sizeof(why->reason), "%s", reason);
	snprintf(why->remedy, sizeof(why->remedy), "%s", remedy);
	return -error;
}

/* ---- software ---- */

static int software(uint64_t config, const char *word, struct sample_source *out)
{
	out->event.type = PERF_TYPE_SOFTWARE;
	out->event.config = config;
	snprintf(out->event.name, sizeof(out->event.name), "perf::%s", word);
	out->source = "software";
	if (!out->period)
		out->period = 1;
	return 0;
}

/* ---- Intel ---- */

/* "event=0xcd,umask=0x1,ldlat=3" of sysfs; anything else in it is an encoding that we do not know. */
static int parse_alias(const char *text, struct perf_event *ev)
{
	while (*text) {
		size_t n = strcspn(text, "=");
		char *end = NULL;
		uint64_t v = text[n] == '=' ? strtoull(text + n + 1, &end, 0) : 0;

		if (!end || end == text + n + 1 || (*end && *end != ','))
			return -EINVAL;
		if (n == 5 && !memcmp(text, "event", n))
			ev->config |= v;
		else if (n == 5 && !memcmp(text, "umask", n))
			ev->config |= v << 8;
		else if (n == 5 && !memcmp(text, "ldlat", n))
			ev->config1 = v;
		else
			return -EINVAL;
		text = end + (*end == ',');
	}
	return 0;
}

static int alias(const struct hostfs *h, const char *pmu, const char *name, struct perf_event *ev)
{
	char text[128];
	uint64_t type;
	int rc = hostfs_read(h, text, sizeof(text), DEVICES "%s/events/%s", pmu, name);

	if (rc < 0)
		return rc;
	rc = hostfs_u64(h, &type, DEVICES "%s/type", pmu);
	if (rc)
		return rc;
	memset(ev, 0, sizeof(*ev));
	ev->type = (uint32_t)type;
	snprintf(ev->name, sizeof(ev->name), "%s/%s/", pmu, name);
	return parse_alias(text, ev);
}

static bool has_pmu(const struct hostfs *h, const char *pmu)
{
	uint64_t type;

	return !hostfs_u64(h, &type, DEVICES "%s/type", pmu);
}

static int intel(const char *name, unsigned ldlat, const struct hostfs *h,
		 struct sample_source *out, struct perf_refusal *why)
{
	static const char *const pmus[] = { "cpu", "cpu_core" };

	for (size_t i = 0; i < sizeof(pmus) / sizeof(pmus[0]); i++) {
		if (alias(h, pmus[i], name, &out->event))
			continue;
		if (out->event.config1)
			out->event.config1 = ldlat;
		out->event.precise = 2;
		out->has_leader = !strcmp(name, "mem-loads") &&
				  !alias(h, pmus[i], "mem-loads-aux", &out->leader);
		out->source = "hardware";
		out->side = PERF_USER; /* the kernel's accesses have the kernel's addresses */
		out->sample_type |= PERF_SAMPLE_WEIGHT | PERF_SAMPLE_DATA_SRC;
		if (!out->period)
			out->period = 1009; /* prime, so as not to beat with a loop */
		return 0;
	}
	if (has_pmu(h, "ibs_op"))
		return refuse(why, ENOENT, "this CPU samples loads and stores together",
			      "sample_event=ibs");
	if (has_pmu(h, "arm_spe_0"))
		return refuse(why, ENOENT, "this CPU's samples (SPE) need a decoder", use_perf);
	return refuse(why, ENOENT, "no precise memory events on this machine", no_pmu);
}

/* ---- AMD ---- */

static int ibs(const struct hostfs *h, struct sample_source *out, struct perf_refusal *why)
{
	uint64_t type;
	char text[32];
	unsigned bit;

	if (hostfs_u64(h, &type, DEVICES "ibs_op/type"))
		return refuse(why, ENOENT, "this machine has no IBS", no_pmu);
	out->event.type = (uint32_t)type;
	/* count operations, not cycles, where it can: then every operation is as likely as any other */
	if (hostfs_read(h, text, sizeof(text), DEVICES "ibs_op/format/cnt_ctl") > 0 &&
	    sscanf(text, "config:%u", &bit) == 1 && bit < 64)
		out->event.config = UINT64_C(1) << bit;
	snprintf(out->event.name, sizeof(out->event.name), "ibs_op//");
	out->source = "hardware";
	out->sample_type |= PERF_SAMPLE_WEIGHT | PERF_SAMPLE_DATA_SRC;
	out->period = out->period ? out->period & ~UINT64_C(15) : 65536; /* the last 4 bits are 0 */
	if (!out->period)
		out->period = 16;
	return 0;
}

int sample_source_describe(enum sample_event which, uint64_t period, unsigned ldlat,
			   const struct hostfs *h, struct sample_source *out,
			   struct perf_refusal *why)
{
	memset(out, 0, sizeof(*out));
	memset(why, 0, sizeof(*why));
	out->which = which;
	out->period = period;
	out->sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_ADDR;
	out->side = PERF_BOTH;
	switch (which) {
	case SAMPLE_MINOR_FAULTS:
		out->word = "minor_faults";
		return software(PERF_COUNT_SW_PAGE_FAULTS_MIN, out->word, out);
	case SAMPLE_MAJOR_FAULTS:
		out->word = "major_faults";
		return software(PERF_COUNT_SW_PAGE_FAULTS_MAJ, out->word, out);
	case SAMPLE_LOADS:
		out->word = "loads";
		return intel("mem-loads", ldlat, h, out, why);
	case SAMPLE_STORES:
		out->word = "stores";
		return intel("mem-stores", ldlat, h, out, why);
	case SAMPLE_IBS:
		out->word = "ibs";
		return ibs(h, out, why);
	default:
		out->word = "page_faults";
		return software(PERF_COUNT_SW_PAGE_FAULTS, out->word, out);
	}
}

/* ---- opening ---- */

static void fill(struct perf_event_attr *a, const struct perf_event *ev, enum perf_side side)
{
	memset(a, 0, sizeof(*a));
	a->size = sizeof(*a);
	a->type = ev->type;
	a->config = ev->config;
	a->config1 = ev->config1;
	a->config2 = ev->config2;
	a->disabled = 1;
	a->exclude_kernel = side == PERF_USER;
	a->exclude_hv = side == PERF_USER;
	a->precise_ip = ev->precise & 3;
}

static int open_on(const struct sample_source *s, enum perf_side side, const struct perf_sys *sys,
		   int *leader)
{
	struct perf_event_attr a;
	int fd;

	*leader = -1;
	if (s->has_leader) {
		fill(&a, &s->leader, side);
		*leader = sys->open(&a, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
		if (*leader < 0)
			return *leader;
	}
	fill(&a, &s->event, side);
	a.disabled = !s->has_leader; /* with one, the leader switches it on and off */
	a.sample_period = s->period;
	a.sample_type = s->sample_type;
	a.use_clockid = 1;
	a.clockid = CLOCK_MONOTONIC;
	a.watermark = 1; /* nobody waits for it */
	a.wakeup_watermark = UINT32_MAX;
	fd = sys->open(&a, 0, -1, *leader, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0 && *leader >= 0) {
		sys->close(*leader);
		*leader = -1;
	}
	return fd;
}

int sample_source_open(struct sample_source *s, const struct perf_sys *sys,
		       const struct perf_place *place, int *leader, struct perf_refusal *why)
{
	int fd = open_on(s, s->side, sys, leader);

	if ((fd == -EACCES || fd == -EPERM) && s->side == PERF_BOTH && s->which != SAMPLE_IBS) {
		s->side = PERF_USER;
		fd = open_on(s, s->side, sys, leader);
	}
	if (fd < 0)
		perf_refusal_of(why, -fd, &s->event, s->side, place);
	return fd;
}
