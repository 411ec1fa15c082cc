/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which CPU has which PMU, by the names of the rows. Our own table: it knows CPUs that the libpfm4
 * of a distribution may not, and it works for a machine that is only described.
 */

#include <string.h>

#include "collectors/perf/ev.h"

struct model {
	unsigned short family, from, to; /* models, inclusive */
	const char *pmu, *little;	 /* hybrids: little is the E core's */
};

static const struct model intel[] = {
	{ 6, 0x01, 0x01, "p6", "" },
	{ 6, 0x03, 0x08, "p6", "" },
	{ 6, 0x0a, 0x0b, "p6", "" },
	{ 6, 0x09, 0x09, "pm", "" },
	{ 6, 0x0d, 0x0d, "pm", "" },
	{ 6, 0x0e, 0x0e, "coreduo", "" },
	{ 6, 0x0f, 0x0f, "core", "" },
	{ 6, 0x16, 0x17, "core", "" },
	{ 6, 0x1d, 0x1d, "core", "" },
	{ 6, 0x1a, 0x1a, "nhm", "" },
	{ 6, 0x1e, 0x1f, "nhm", "" },
	{ 6, 0x2e, 0x2e, "nhm_ex", "" },
	{ 6, 0x25, 0x25, "wsm", "" },
	{ 6, 0x2c, 0x2c, "wsm_dp", "" },
	{ 6, 0x2f, 0x2f, "wsm_dp", "" },
	{ 6, 0x2a, 0x2a, "snb", "" },
	{ 6, 0x2d, 0x2d, "snb_ep", "" },
	{ 6, 0x3a, 0x3a, "ivb", "" },
	{ 6, 0x3e, 0x3e, "ivb_ep", "" },
	{ 6, 0x3c, 0x3c, "hsw", "" },
	{ 6, 0x45, 0x46, "hsw", "" },
	{ 6, 0x3f, 0x3f, "hsw_ep", "" },
	{ 6, 0x3d, 0x3d, "bdw", "" },
	{ 6, 0x47, 0x47, "bdw", "" },
	{ 6, 0x4f, 0x4f, "bdw_ep", "" },
	{ 6, 0x56, 0x56, "bdw_ep", "" },
	{ 6, 0x4e, 0x4e, "skl", "" },
	{ 6, 0x5e, 0x5e, "skl", "" },
	{ 6, 0x8e, 0x8e, "skl", "" },
	{ 6, 0x9e, 0x9e, "skl", "" },
	{ 6, 0xa5, 0xa6, "skl", "" },
	{ 6, 0x55, 0x55, "skx", "" }, /* or clx, by stepping */
	{ 6, 0x7d, 0x7e, "icl", "" },
	{ 6, 0x8c, 0x8d, "icl", "" },
	{ 6, 0xa7, 0xa7, "icl", "" },
	{ 6, 0x6a, 0x6a, "icx", "" },
	{ 6, 0x6c, 0x6c, "icx", "" },
	{ 6, 0x8f, 0x8f, "spr", "" },
	{ 6, 0xcf, 0xcf, "spr", "" },
	{ 6, 0x97, 0x97, "adl_glc", "adl_grt" },
	{ 6, 0x9a, 0x9a, "adl_glc", "adl_grt" },
	{ 6, 0xb7, 0xb7, "adl_glc", "adl_grt" },
	{ 6, 0xba, 0xba, "adl_glc", "adl_grt" },
	{ 6, 0xbf, 0xbf, "adl_glc", "adl_grt" },
	{ 6, 0xbe, 0xbe, "adl_grt", "" },
	{ 6, 0x1c, 0x1c, "atom", "" },
	{ 6, 0x26, 0x27, "atom", "" },
	{ 6, 0x35, 0x36, "atom", "" },
	{ 6, 0x37, 0x37, "slm", "" },
	{ 6, 0x4a, 0x4a, "slm", "" },
	{ 6, 0x4c, 0x4d, "slm", "" },
	{ 6, 0x5a, 0x5a, "slm", "" },
	{ 6, 0x5d, 0x5d, "slm", "" },
	{ 6, 0x5c, 0x5c, "glm", "" },
	{ 6, 0x5f, 0x5f, "glm", "" },
	{ 6, 0x86, 0x86, "tmt", "" },
	{ 6, 0x96, 0x96, "tmt", "" },
	{ 6, 0x9c, 0x9c, "tmt", "" },
	{ 6, 0x57, 0x57, "knl", "" },
	{ 6, 0x85, 0x85, "knl", "" },
	{ 15, 0, 2, "netburst", "" },
	{ 15, 3, 6, "netburst_p", "" },
	{ 0, 0, 0, NULL, NULL },
};

static const struct model amd[] = {
	{ 6, 0, 255, "amd64_k7", "" },
	{ 15, 0x40, 0xff, "amd64_k8_revf", "" },
	{ 16, 2, 2, "amd64_fam10h_barcelona", "" },
	{ 16, 8, 8, "amd64_fam10h_istanbul", "" },
	{ 16, 9, 9, "amd64_fam10h_istanbul", "" }, /* Magny-Cours: two of them */
	{ 21, 0x00, 0x0f, "amd64_fam15h_interlagos", "" },
	{ 23, 0x00, 0x2f, "amd64_fam17h_zen1", "" },
	{ 23, 0x30, 0xff, "amd64_fam17h_zen2", "" },
	{ 25, 0x00, 0x0f, "amd64_fam19h_zen3", "" },
	{ 25, 0x10, 0x1f, "amd64_fam19h_zen4", "" },
	{ 25, 0x20, 0x5f, "amd64_fam19h_zen3", "" },
	{ 25, 0x60, 0x7f, "amd64_fam19h_zen4", "" },
	{ 25, 0xa0, 0xaf, "amd64_fam19h_zen4", "" },
	{ 26, 0x00, 0xff, "amd64_fam1ah_zen5", "" },
	{ 0, 0, 0, NULL, NULL },
};

const char *ev_cpu_x86(const char *vendor, unsigned family, unsigned model, unsigned stepping,
		       const char **little)
{
	const struct model *m = NULL;
	const char *dummy;

	if (!little)
		little = &dummy;
	*little = "";
	if (!strcmp(vendor, "GenuineIntel"))
		m = intel;
	else if (!strcmp(vendor, "AuthenticAMD"))
		m = amd;
	for (; m && m->pmu; m++) {
		if (m->family != family || model < m->from || model > m->to)
			continue;
		*little = m->little;
		/* Cascade Lake and Cooper Lake are Skylake-SP's later steppings */
		return family == 6 && model == 0x55 && stepping >= 5 ? "clx" : m->pmu;
	}
	return "";
}

const char *ev_cpu_arm(uint64_t midr)
{
	static const struct {
		unsigned implementer, part;
		const char *pmu;
	} cores[] = {
		{ 0x41, 0xd03, "arm_ac53" },	  { 0x41, 0xd07, "arm_ac57" },
		{ 0x41, 0xd0c, "arm_n1" },	  { 0x41, 0xd49, "arm_n2" },
		{ 0x41, 0xd40, "arm_v1" },	  { 0x41, 0xd4f, "arm_v2" },
		{ 0x42, 0x516, "arm_thunderx2" }, { 0x43, 0x0af, "arm_thunderx2" },
		{ 0x46, 0x001, "arm_a64fx" },	  { 0x48, 0xd01, "arm_kunpeng" },
		{ 0x50, 0x000, "arm_xgene" },
	};
	unsigned implementer = midr >> 24 & 0xff, part = midr >> 4 & 0xfff;

	for (size_t i = 0; i < sizeof(cores) / sizeof(cores[0]); i++)
		if (cores[i].implementer == implementer && cores[i].part == part)
			return cores[i].pmu;
	return "";
}

const char *ev_cpu_power(const char *name)
{
	/* "POWER8E (raw)", "POWER8NVL (raw)", "POWER9, altivec supported", "POWER10 ..." */
	if (!strncmp(name, "POWER10", 7))
		return "power10";
	if (!strncmp(name, "POWER8", 6))
		return "power8";
	return !strncmp(name, "POWER9", 6) ? "power9" : "";
}
