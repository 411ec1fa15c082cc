/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/hostnoise.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/machine.h"
#include "lib/file.h"
#include "lib/host.h"

#define HOSTNOISE_FORMAT 1

/* ---- fingerprint ---- */

/* What has to be the same: facts of lib/host.h, and the number of nodes. */
static const char *const fact_names[] = { "cpu_model", "cpus_online", "kernel", "hostname" };
#define NR_FACTS (sizeof(fact_names) / sizeof(fact_names[0]))

static uint64_t hash_text(uint64_t h, const char *s)
{
	/* FNV-1a, the final NUL included so that facts do not run together */
	do {
		h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
	} while (*s++);
	return h;
}

static void fingerprint(const char *const fact[NR_FACTS], unsigned nodes, char *out, size_t len)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	char text[16];
	unsigned i;

	for (i = 0; i < NR_FACTS; i++)
		h = hash_text(h, fact[i]);
	snprintf(text, sizeof(text), "%u", nodes);
	snprintf(out, len, "%016" PRIx64, hash_text(h, text));
}

int hostnoise_fingerprint(char *out, size_t len, struct err *e)
{
	struct kmem_machine *m = malloc(sizeof(*m));
	struct host_fact f[HOST_FACTS_MAX];
	const char *fact[NR_FACTS];
	unsigned i, n = host_facts(f);
	int rc = m ? kmem_machine_native(m, e) : err_set(e, -ENOMEM, "out of memory");

	for (i = 0; i < NR_FACTS && !rc; i++) {
		const struct host_fact *one = host_fact_find(f, n, fact_names[i]);

		fact[i] = one && !one->error ? one->text : "";
	}
	if (!rc)
		fingerprint(fact, m->nr_nodes, out, len);
	free(m);
	return rc;
}

int hostnoise_fingerprint_run(const json_t *run, char *out, size_t len, struct err *e)
{
	const json_t *host = json_object_get(run, "host");
	const json_t *nodes = json_object_get(json_object_get(run, "machine"), "nodes");
	const char *fact[NR_FACTS];
	unsigned i;

	for (i = 0; i < NR_FACTS; i++) {
		const json_t *one = json_object_get(host, fact_names[i]);

		if (!one)
			return err_set(e, -EINVAL, "run.json: host: there is no %s", fact_names[i]);
		fact[i] = json_is_string(one) ? json_string_value(one) : ""; /* {"unknown": why} */
	}
	if (!json_is_integer(nodes))
		return err_set(e, -EINVAL, "run.json: machine: there is no number of nodes");
	fingerprint(fact, (unsigned)json_integer_value(nodes), out, len);
	return 0;
}

/* ---- the file ---- */

/* A fingerprint becomes part of a path: nothing but what fingerprint() makes. */
static int check_fingerprint(const char *f, struct err *e)
{
	size_t n = strspn(f, "0123456789abcdef");

	return n == 16 && !f[n] ?
		       0 :
		       err_set(e, -EINVAL,
			       "'%.40s' is no fingerprint of a host (16 hexadecimal digits)", f);
}

int hostnoise_path(char *buf, size_t len, const char *host, struct err *e)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int n, rc = check_fingerprint(host, e);

	if (rc)
		return rc;
	if (state && *state == '/') /* a relative one is to be ignored, says the specification */
		n = snprintf(buf, len, "%s/slabscope/aa/%s.json", state, host);
	else if (home && *home == '/')
		n = snprintf(buf, len, "%s/.local/state/slabscope/aa/%s.json", home, host);
	else
		return err_set(e, -ENOENT, "neither XDG_STATE_HOME nor HOME names a folder");
	return n < (int)len ? 0 : err_set(e, -ENAMETOOLONG, "%.60s...: name too long", buf);
}

static int take_text(json_t *o, const char *key, char *to, size_t room, const char *name,
		     struct err *e)
{
	const char *t = json_string_value(json_object_get(o, key));
	const char *p;

	for (p = t; p && *p; p++)
		if (iscntrl((unsigned char)*p))
			break;
	if (!t || *p || strlen(t) >= room)
		return err_set(e, -EINVAL, "%s: %s: expected a text of less than %zu bytes", name,
			       key, room);
	strcpy(to, t);
	return 0;
}

static int take_count(json_t *o, const char *key, unsigned least, unsigned *v, const char *name,
		      struct err *e)
{
	const json_t *j = json_object_get(o, key);
	json_int_t n = json_integer_value(j);

	if (!json_is_integer(j) || n < least || n > 1000000)
		return err_set(e, -EINVAL, "%s: %s: expected a number from %u to 1000000", name,
			       key, least);
	*v = (unsigned)n;
	return 0;
}

/* NaN is null. */
static int take_real(json_t *o, const char *key, double most, double *v, const char *name,
		     struct err *e)
{
	const json_t *j = json_object_get(o, key);

	*v = json_is_null(j) ? NAN : json_number_value(j);
	if (!json_is_number(j) && !json_is_null(j))
		*v = -1;
	return *v < 0 || *v > most ?
		       err_set(e, -EINVAL, "%s: %s: expected null or 0 to %g", name, key, most) :
		       0;
}

static int take_all(json_t *o, struct hostnoise *n, const char *name, struct err *e)
{
	unsigned format;

	if (take_count(o, "format", 1, &format, name, e))
		return -EINVAL;
	if (format != HOSTNOISE_FORMAT)
		return err_set(e, -EINVAL, "%s: format %u; this program reads %d", name, format,
			       HOSTNOISE_FORMAT);
	if (take_text(o, "host", n->host, sizeof(n->host), name, e))
		return -EINVAL;
	if (check_fingerprint(n->host, e))
		return err_prefix(e, -EINVAL, "%s: host", name);
	if (take_text(o, "when", n->when, sizeof(n->when), name, e) ||
	    take_text(o, "workload", n->workload, sizeof(n->workload), name, e) ||
	    take_text(o, "metric", n->metric, sizeof(n->metric), name, e) ||
	    take_count(o, "comparisons", 1, &n->comparisons, name, e) ||
	    take_count(o, "pairs", 1, &n->pairs, name, e) ||
	    take_count(o, "false_alarms", 0, &n->false_alarms, name, e) ||
	    take_real(o, "confidence", 1, &n->confidence, name, e) ||
	    take_real(o, "sd", 1e6, &n->sd, name, e) ||
	    take_real(o, "noise_floor", 1e6, &n->noise_floor, name, e) ||
	    take_real(o, "smallest_effect", 1e6, &n->smallest_effect, name, e))
		return -EINVAL;
	return n->false_alarms > n->comparisons ?
		       err_set(e, -EINVAL, "%s: false_alarms: expected at most comparisons", name) :
		       0;
}

int hostnoise_parse(struct hostnoise *n, const char *text, size_t len, const char *name,
		    struct err *e)
{
	json_error_t je;
	json_t *o = json_loadb(text, len, JSON_REJECT_DUPLICATES, &je);
	int rc;

	memset(n, 0, sizeof(*n));
	if (!o)
		return err_set(e, -EINVAL, "%s:%d:%d: %s", name, je.line, je.column, je.text);
	rc = take_all(o, n, name, e);
	json_decref(o);
	return rc;
}

int hostnoise_read(struct hostnoise *n, const char *host, struct err *e)
{
	char path[PATH_MAX], *text;
	size_t len;
	int rc = hostnoise_path(path, sizeof(path), host, e);

	if (rc)
		return rc;
	rc = file_read(path, 1 << 16, &text, &len, e);
	if (rc == -ENOENT || rc == -ENOTDIR)
		return err_set(e, -ENOENT,
			       "no A/A run was made on this host (slabscope run --aa makes one)");
	if (rc)
		return rc;
	rc = hostnoise_parse(n, text, len, path, e);
	free(text);
	if (!rc && strcmp(n->host, host))
		rc = err_set(e, -EINVAL, "%s: host: is that of another host, %s", path, n->host);
	return rc;
}

static int make_folders(char *path, struct err *e)
{
	char *s;

	for (s = strchr(path + 1, '/'); s; s = strchr(s + 1, '/')) {
		*s = '\0';
		if (mkdir(path, 0777) && errno != EEXIST)
			return err_set(e, -errno, "%s: %s", path, strerror(errno));
		*s = '/';
	}
	return 0;
}

static json_t *real_or_null(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

int hostnoise_write(const struct hostnoise *n, struct err *e)
{
	char path[PATH_MAX], *text;
	int rc = hostnoise_path(path, sizeof(path), n->host, e);
	json_t *o;

	if (!rc)
		rc = make_folders(path, e);
	if (rc)
		return rc;
	o = json_pack("{s:i, s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:o, s:o, s:o, s:o}", "format",
		      HOSTNOISE_FORMAT, "host", n->host, "when", n->when, "workload", n->workload,
		      "metric", n->metric, "comparisons", (int)n->comparisons, "pairs",
		      (int)n->pairs, "false_alarms", (int)n->false_alarms, "confidence",
		      real_or_null(n->confidence), "sd", real_or_null(n->sd), "noise_floor",
		      real_or_null(n->noise_floor), "smallest_effect",
		      real_or_null(n->smallest_effect));
	text = o ? json_dumps(o, JSON_INDENT(1)) : NULL;
	rc = text ? file_write(path, text, strlen(text), e) :
		    err_set(e, -ENOMEM, "%s: out of memory, or a text that is not UTF-8", path);
	free(text);
	json_decref(o);
	return rc;
}
