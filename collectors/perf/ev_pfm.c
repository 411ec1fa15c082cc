/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libpfm4, which knows events by their makers' names. It is loaded when it is wanted and may be
 * missing: then the encodings of the rows do. Types come from its headers, nothing is linked.
 *
 * It keeps its state in the library, which stays loaded: pfm_initialize() is done once per process
 * and says the same when called again. Not for several threads at a time.
 */

#include <dlfcn.h>
#include <errno.h>
#include <perfmon/pfmlib_perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/perf/ev.h"

enum { INITIALIZE, STRERROR, ENCODE, PMU_INFO, NR_FUNCTIONS };
static const char *const functions[NR_FUNCTIONS] = {
	[INITIALIZE] = "pfm_initialize",
	[STRERROR] = "pfm_strerror",
	[ENCODE] = "pfm_get_os_event_encoding",
	[PMU_INFO] = "pfm_get_pmu_info",
};

_Static_assert(NR_FUNCTIONS <= sizeof(((struct ev_pfm *)0)->fn) / sizeof(void *), "room");

/* ISO C has no way from an object pointer to one of a function but its bytes. */
#define call(p, which, type) (*(type *)(void *)&(p)->fn[which])

typedef pfm_err_t initialize_fn(void);
typedef const char *strerror_fn(int code);
typedef pfm_err_t encode_fn(const char *str, int dfl_plm, pfm_os_t os, void *args);
typedef pfm_err_t pmu_info_fn(pfm_pmu_t pmu, pfm_pmu_info_t *output);

static void miss(struct ev_pfm *p, const char *why)
{
	snprintf(p->missing, sizeof(p->missing), "%s", why);
	if (p->lib)
		dlclose(p->lib);
	p->lib = NULL;
}

/* pfm_get_version() says 4.0 whatever it is: the file's own name knows more. */
static void find_version(struct ev_pfm *p)
{
	char *real = NULL, *at = NULL;
	Dl_info info;

	if (dladdr(p->fn[INITIALIZE], &info) && info.dli_fname)
		real = realpath(info.dli_fname, NULL);
	if (real)
		at = strstr(real, ".so.");
	snprintf(p->version, sizeof(p->version), "%.15s", at ? at + 4 : "4");
	free(real);
}

void ev_pfm_open(struct ev_pfm *p, const char *library)
{
	int rc;

	memset(p, 0, sizeof(*p));
	p->lib = dlopen(library, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (!p->lib) {
		const char *why = dlerror();

		miss(p, why ? why : "it does not load");
		return;
	}
	for (unsigned i = 0; i < NR_FUNCTIONS; i++) {
		p->fn[i] = dlsym(p->lib, functions[i]);
		if (!p->fn[i]) {
			miss(p, "the library that goes by its name has no such functions");
			return;
		}
	}
	rc = call(p, INITIALIZE, initialize_fn *)();
	if (rc != PFM_SUCCESS) {
		miss(p, call(p, STRERROR, strerror_fn *)(rc));
		return;
	}
	find_version(p);
}

void ev_pfm_close(struct ev_pfm *p)
{
	if (p->lib)
		dlclose(p->lib);
	p->lib = NULL;
}

int ev_pfm_encode(const struct ev_pfm *p, const char *text, struct perf_event *ev, struct err *e)
{
	struct perf_event_attr attr;
	pfm_perf_encode_arg_t arg = { .attr = &attr, .size = sizeof(arg), .cpu = -1 };
	int rc;

	if (!p->lib)
		return err_set(e, -ENOENT, "libpfm4 is not there (%s)", p->missing);
	memset(&attr, 0, sizeof(attr));
	rc = call(p, ENCODE, encode_fn *)(text, PFM_PLM3, PFM_OS_PERF_EVENT_EXT, &arg);
	if (rc == PFM_ERR_NOTFOUND || rc == PFM_ERR_NOTSUPP)
		return err_set(e, -ENOENT, "libpfm4 knows no '%s'%s", text,
			       getenv("LIBPFM_ENCODE_INACTIVE") ?
				       "" :
				       " (it has the events of this CPU only)");
	if (rc != PFM_SUCCESS)
		return err_set(e, -EINVAL, "libpfm4: %s: %s", text,
			       call(p, STRERROR, strerror_fn *)(rc));
	ev->type = attr.type;
	ev->config = attr.config;
	ev->config1 = attr.config1;
	ev->config2 = attr.config2;
	ev->precise = attr.precise_ip;
	return 0;
}

void ev_pfm_present(const struct ev_pfm *p, char *name, size_t len)
{
	pfm_pmu_info_t info;

	snprintf(name, len, "%s", "");
	for (int i = PFM_PMU_NONE; p->lib && i < PFM_PMU_MAX; i++) {
		memset(&info, 0, sizeof(info));
		info.size = sizeof(info);
		if (call(p, PMU_INFO, pmu_info_fn *)((pfm_pmu_t)i, &info) == PFM_SUCCESS &&
		    info.is_present && info.type == PFM_PMU_TYPE_CORE &&
		    !strstr(info.name, "ix86arch"))
			snprintf(name, len, "%s", info.name);
	}
}

const char *ev_pfm_arch(void)
{
#if defined(__x86_64__)
	return "amd64";
#elif defined(__i386__)
	return "i386";
#elif defined(__aarch64__)
	return "arm64";
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
	return "ppc64el";
#else
	return "";
#endif
}
