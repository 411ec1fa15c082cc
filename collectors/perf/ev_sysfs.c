/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel says of its PMUs in /sys/bus/event_source/devices: type numbers, which bits a
 * field has (format/), events with names (events/, with scale and unit), CPUs to count on.
 */

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/perf/ev.h"

#define DEVICES "/sys/bus/event_source/devices"
#define TEXT_MAX 512

/* A name that is one component of a path, and nothing else. */
static bool is_name(const char *text)
{
	return ev_word(text, 64);
}

/* ---- formats ---- */

static int format_bit(const char **s, unsigned *bit)
{
	unsigned n = 0, digits = 0;

	for (; isdigit((unsigned char)**s) && digits < 3; ++*s, digits++)
		n = n * 10 + (unsigned)(**s - '0');
	*bit = n;
	return !digits || n > 63 ? -EINVAL : 0;
}

int ev_format_parse(const char *text, struct ev_format *f, struct err *e)
{
	static const char *const regs[] = { "config:", "config1:", "config2:" };
	const char *s = text;
	char shown[EV_SHOWN];
	unsigned from, to;

	memset(f, 0, sizeof(*f));
	for (f->reg = 0; f->reg < 3; f->reg++)
		if (!strncmp(text, regs[f->reg], strlen(regs[f->reg])))
			break;
	if (f->reg == 3)
		return err_set(e, -EINVAL, "expected config:, config1: or config2:, got '%s'",
			       ev_shown(text, shown));
	for (s += strlen(regs[f->reg]);; s++) {
		if (format_bit(&s, &from))
			break;
		to = from;
		if (*s == '-' && (s++, format_bit(&s, &to)))
			break;
		if (to < from)
			break;
		for (; from <= to; from++)
			f->bits |= UINT64_C(1) << from;
		if (!*s)
			return 0;
		if (*s != ',')
			break;
	}
	return err_set(e, -EINVAL, "expected bits like 0-7,21 behind %s, got '%s'", regs[f->reg],
		       ev_shown(text, shown));
}

int ev_format_put(const struct ev_format *f, const char *name, uint64_t value,
		  struct perf_event *ev, struct err *e)
{
	uint64_t *to[] = { &ev->config, &ev->config1, &ev->config2 }, rest = value;

	*to[f->reg] &= ~f->bits;
	for (unsigned bit = 0; bit < 64; bit++) {
		if (!(f->bits & UINT64_C(1) << bit))
			continue;
		*to[f->reg] |= (rest & 1) << bit;
		rest >>= 1;
	}
	if (rest)
		return err_set(e, -EINVAL, "%s=0x%llx has more bits than the field", name,
			       (unsigned long long)value);
	return 0;
}

/* ---- fields ---- */

struct term {
	const struct hostfs *fs;
	const char *device;
	struct perf_event *ev;
	struct ev_scale *scale; /* NULL inside an alias: aliases do not nest */
};

static int put_field(const struct term *t, const char *key, uint64_t value, struct err *e)
{
	static const struct {
		const char *name;
		struct ev_format f;
	} whole[] = {
		{ "config", { 0, UINT64_MAX } },
		{ "config1", { 1, UINT64_MAX } },
		{ "config2", { 2, UINT64_MAX } },
	};
	char text[TEXT_MAX];
	struct ev_format f;
	int rc;

	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
		if (!strcmp(key, whole[i].name))
			return ev_format_put(&whole[i].f, key, value, t->ev, e);
	rc = hostfs_read(t->fs, text, sizeof(text), DEVICES "/%s/format/%s", t->device, key);
	if (rc < 0)
		return err_set(e, rc == -ENOENT ? -EINVAL : rc, "the PMU %s has no field '%s'",
			       t->device, key);
	rc = ev_format_parse(text, &f, e);
	if (rc)
		return err_prefix(e, rc, "%s/format/%s", t->device, key);
	return ev_format_put(&f, key, value, t->ev, e);
}

static int put_fields(const struct term *t, const char *text, struct err *e);

/* A count of the alias in words of its own: bytes in bytes, whatever the prefix. */
static int read_scale(const struct term *t, const char *alias, struct err *e)
{
	static const struct {
		const char *name;
		double bytes;
	} units[] = { { "Bytes", 1 },	  { "bytes", 1 },	 { "B", 1 },	   { "KiB", 1024 },
		      { "MiB", 1048576 }, { "GiB", 1073741824 }, { "64Bytes", 64 } };
	struct ev_scale *s = t->scale;
	char text[64], shown[EV_SHOWN], *end;
	int rc;

	rc = hostfs_read(t->fs, text, sizeof(text), DEVICES "/%s/events/%s.scale", t->device,
			 alias);
	if (rc >= 0) {
		double v = strtod(text, &end);

		if (!rc || *end || !isfinite(v) || v <= 0)
			return err_set(e, -EINVAL,
				       "%s/events/%s.scale: expected a number, got '%s'", t->device,
				       alias, ev_shown(text, shown));
		s->factor *= v;
	} else if (rc != -ENOENT) {
		return err_set(e, rc, "%s/events/%s.scale: %s", t->device, alias, strerror(-rc));
	}
	rc = hostfs_read(t->fs, text, sizeof(text), DEVICES "/%s/events/%s.unit", t->device, alias);
	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return err_set(e, rc, "%s/events/%s.unit: %s", t->device, alias, strerror(-rc));
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(text, units[i].name)) {
			s->factor *= units[i].bytes;
			snprintf(s->unit, sizeof(s->unit), "bytes");
			return 0;
		}
	if (ev_unit_check(text, NULL) || strlen(text) >= sizeof(s->unit))
		return err_set(e, -EINVAL, "%s/events/%s.unit: '%s' is no unit that is known here",
			       t->device, alias, ev_shown(text, shown));
	memcpy(s->unit, text, strlen(text) + 1);
	return 0;
}

/* @key alone: an alias of events/, or a field of one bit. */
static int put_alias(const struct term *t, const char *key, struct err *e)
{
	struct term inner = { t->fs, t->device, t->ev, NULL };
	char text[TEXT_MAX], shown[EV_SHOWN];
	int rc;

	if (!t->scale || strchr(key, '.'))
		return put_field(t, key, 1, e);
	rc = hostfs_read(t->fs, text, sizeof(text), DEVICES "/%s/events/%s", t->device, key);
	if (rc == -ENOENT) {
		rc = put_field(t, key, 1, e);
		return rc == -EINVAL ? err_set(e, -ENOENT, "the PMU %s has no event or field '%s'",
					       t->device, key) :
				       rc;
	}
	if (rc < 0)
		return err_set(e, rc, "%s/events/%s: %s", t->device, key, strerror(-rc));
	if (strchr(text, '?'))
		return err_set(e, -EINVAL, "the event %s/%s wants values of its own (%s)",
			       t->device, key, ev_shown(text, shown));
	rc = put_fields(&inner, text, e);
	return rc ? err_prefix(e, rc, "%s/events/%s", t->device, key) : read_scale(t, key, e);
}

static int field_value(const char *text, uint64_t *v)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	*v = strtoull(text, &end, text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? 16 : 10);
	return *end || errno ? -EINVAL : 0;
}

/* "event=0x51,umask=1,edge" */
static int put_fields(const struct term *t, const char *text, struct err *e)
{
	char word[128], shown[EV_SHOWN], *equals;
	uint64_t v;
	int rc;

	while (*text) {
		size_t n = strcspn(text, ",");

		if (n >= sizeof(word))
			return err_set(e, -EINVAL, "'%s' is too long", ev_shown(text, shown));
		memcpy(word, text, n);
		word[n] = '\0';
		text += n + (text[n] == ',');
		equals = strchr(word, '=');
		if (equals)
			*equals = '\0';
		if (!is_name(word))
			return err_set(e, -EINVAL, "expected field=value or a name, got '%s'",
				       ev_shown(word, shown));
		if (!equals)
			rc = put_alias(t, word, e);
		else if (field_value(equals + 1, &v))
			rc = err_set(e, -EINVAL, "%s: expected a number, got '%s'", word,
				     ev_shown(equals + 1, shown));
		else
			rc = put_field(t, word, v, e);
		if (rc)
			return rc;
	}
	return 0;
}

int ev_sysfs_type(const struct hostfs *fs, const char *device, uint32_t *type)
{
	uint64_t v;
	int rc = is_name(device) ? hostfs_u64(fs, &v, DEVICES "/%s/type", device) : -ENOENT;

	if (!rc && v > UINT32_MAX)
		rc = -EINVAL;
	if (!rc)
		*type = (uint32_t)v;
	return rc;
}

int ev_sysfs_term(const struct hostfs *fs, const char *device, const char *text,
		  struct perf_event *ev, struct ev_scale *scale, struct err *e)
{
	struct term t = { fs, device, ev, scale };
	int rc = ev_sysfs_type(fs, device, &ev->type);

	if (rc)
		return err_set(e, rc, "there is no PMU '%s' in sysfs", device);
	*scale = (struct ev_scale){ .factor = 1 };
	return put_fields(&t, text, e);
}

/* ---- devices ---- */

int ev_sysfs_cpus(const struct hostfs *fs, const char *device, const char *file, unsigned *cpu,
		  unsigned most)
{
	char text[4096];
	int n = hostfs_read(fs, text, sizeof(text), DEVICES "/%s/%s", device, file);

	return n < 0 ? n : hostfs_parse_list(text, cpu, most);
}

/* @text with '*' for each number, without one at its end: what boxes of a kind share. */
static void shape(const char *text, char *out, size_t len)
{
	size_t n = 0;

	while (*text && n + 1 < len) {
		bool digits = isdigit((unsigned char)*text) || *text == '*';

		out[n++] = digits ? '*' : *text;
		text += digits ? strspn(text, "0123456789*") : 1;
	}
	out[n] = '\0';
	if (n > 1 && out[n - 1] == '*')
		out[--n] = '\0';
	if (n > 1 && out[n - 1] == '_')
		out[--n] = '\0';
}

bool ev_sysfs_like(const char *a, const char *b)
{
	char of_a[64], of_b[64];

	shape(a, of_a, sizeof(of_a));
	shape(b, of_b, sizeof(of_b));
	return !strcmp(of_a, of_b);
}

/* uncore_imc_9 before uncore_imc_10 */
static int by_number(const void *a, const void *b)
{
	return strverscmp(a, b);
}

int ev_sysfs_devices(const struct hostfs *fs, const char *device, char name[][64], unsigned most)
{
	char path[PATH_MAX];
	struct dirent *entry;
	unsigned n = 0;
	DIR *dir;

	if (hostfs_path(fs, path, sizeof(path), DEVICES))
		return 0;
	dir = opendir(path);
	if (!dir)
		return 0;
	while ((entry = readdir(dir)) != NULL) {
		/* which has room in name[] */
		if (!is_name(entry->d_name) || (device && !ev_sysfs_like(device, entry->d_name)))
			continue;
		if (n < most)
			memcpy(name[n], entry->d_name, strlen(entry->d_name) + 1);
		n++;
	}
	closedir(dir);
	qsort(name, n < most ? n : most, sizeof(name[0]), by_number);
	return (int)n;
}
