/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What sysfs says of PMUs: fields, aliases, boxes of the uncore. Machines are made of files; every
 * uncore row of the data is tried on one that has all boxes.
 */

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "collectors/perf/ev.h"
#include "tests/events_help.h"
#include "tests/fake_host.h"

#define NR(a) (sizeof(a) / sizeof((a)[0]))

/* ---- fields and aliases ---- */

static void test_formats(void **state)
{
	static const struct {
		const char *text;
		int rc;
		unsigned reg;
		uint64_t bits, value, want; /* the value put into the field */
	} cases[] = {
		{ "config:0-7", 0, 0, 0xff, 0x51, 0x51 },
		{ "config:0-7,21", 0, 0, 0x2000ff, 0x1ff, 0x2000ff },
		{ "config:0-7,32-35,59-60", 0, 0, 0x1800000f000000ff, 0x107, 0x100000007 },
		{ "config1:0-15", 0, 1, 0xffff, 0x20, 0x20 },
		{ "config2:63", 0, 2, UINT64_C(1) << 63, 1, UINT64_C(1) << 63 },
		{ "config:0-63", 0, 0, UINT64_MAX, UINT64_MAX, UINT64_MAX },
		{ "config:8", 0, 0, 0x100, 2, 0 }, /* too large */
		{ "config3:0-7", -EINVAL, 0, 0, 0, 0 },
		{ "config:", -EINVAL, 0, 0, 0, 0 },
		{ "config:7-0", -EINVAL, 0, 0, 0, 0 },
		{ "config:0-64", -EINVAL, 0, 0, 0, 0 },
		{ "config:0-", -EINVAL, 0, 0, 0, 0 },
		{ "config:1,", -EINVAL, 0, 0, 0, 0 },
		{ "config:1 2", -EINVAL, 0, 0, 0, 0 },
		{ "", -EINVAL, 0, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < NR(cases); i++) {
		struct perf_event ev = { .type = 0 };
		struct ev_format f;
		uint64_t reg;
		int rc = ev_format_parse(cases[i].text, &f, NULL);

		if (rc != cases[i].rc)
			fail_msg("'%s': %d", cases[i].text, rc);
		if (rc)
			continue;
		assert_int_equal(f.reg, cases[i].reg);
		assert_true(f.bits == cases[i].bits);
		rc = ev_format_put(&f, "x", cases[i].value, &ev, NULL);
		assert_int_equal(rc, cases[i].want ? 0 : -EINVAL);
		reg = f.reg == 0 ? ev.config : f.reg == 1 ? ev.config1 : ev.config2;
		assert_true(rc || reg == cases[i].want);
	}
}

static void test_boxes_of_a_kind(void **state)
{
	static const struct {
		const char *a, *b;
		bool like;
	} cases[] = {
		{ "uncore_imc", "uncore_imc_0", true },
		{ "uncore_imc_0", "uncore_imc_12", true },
		{ "uncore_imc", "uncore_imc_free_running_0", false },
		{ "uncore_imc_free_running", "uncore_imc_free_running_1", true },
		{ "uncore", "uncore_imc", false },
		{ "amd_l3", "amd_l3", true },
		{ "amd_l3", "amd_df", false },
		{ "hisi_sccl*_ddrc", "hisi_sccl3_ddrc1", true },
		{ "hisi_sccl*_ddrc", "hisi_sccl3_hha1", false },
		{ "uncore_l3c", "uncore_l3c_0", true },
		{ "cpu", "cpu_core", false },
	};

	(void)state;
	for (size_t i = 0; i < NR(cases); i++)
		if (ev_sysfs_like(cases[i].a, cases[i].b) != cases[i].like)
			fail_msg("%s, %s", cases[i].a, cases[i].b);
}

/* A core PMU with fields and aliases. */
static const struct fake_file cpu_files[] = {
	{ "/proc/cpuinfo", X86("GenuineIntel", "6", "254", "1") },
	{ PMUS "cpu/type", "4\n" },
	{ PMUS "cpu/format/event", "config:0-7\n" },
	{ PMUS "cpu/format/umask", "config:8-15\n" },
	{ PMUS "cpu/format/edge", "config:18\n" },
	{ PMUS "cpu/format/cmask", "config:24-31\n" },
	{ PMUS "cpu/format/ldlat", "config1:0-15\n" },
	{ PMUS "cpu/format/bad", "confg:1\n" },
	{ PMUS "cpu/events/cpu-cycles", "event=0x3c\n" },
	{ PMUS "cpu/events/cache-misses", "event=0x2e,umask=0x41\n" },
	{ PMUS "cpu/events/mem-loads", "event=0xcd,umask=0x1,ldlat=3\n" },
	{ PMUS "cpu/events/wants", "event=?\n" },
	{ PMUS "cpu/events/loop", "loop\n" },
	{ PMUS "cpu/events/broken", "event=zero\n" },
	{ PMUS "other/type", "x\n" },
};

static const struct {
	const char *text;
	const char *message; /* NULL: right */
	uint64_t config, config1;
} terms[] = {
	{ "cpu/cpu-cycles/", NULL, 0x3c, 0 },
	{ "cpu/cache-misses/", NULL, 0x412e, 0 },
	{ "cpu/mem-loads/", NULL, 0x1cd, 3 },
	{ "cpu/mem-loads,ldlat=32/", NULL, 0x1cd, 32 },
	{ "cpu/event=0x51,umask=1/", NULL, 0x151, 0 },
	{ "cpu/event=81,edge,cmask=0x4/", NULL, 0x4040051, 0 },
	{ "cpu/config=0x1234,config1=7/", NULL, 0x1234, 7 },
	{ "cpu//", NULL, 0, 0 },
	{ "r01b7", NULL, 0x1b7, 0 },
	{ "cpu/event=0x151/", "more bits than the field", 0, 0 },
	{ "cpu/nothing/", "column 1: the PMU cpu has no event or field 'nothing'", 0, 0 },
	{ "cpu/nothing=1/", "has no field 'nothing'", 0, 0 },
	{ "cpu/bad=1/", "expected config:", 0, 0 },
	{ "cpu/event=/", "event: expected a number, got ''", 0, 0 },
	{ "cpu/event=0x1z/", "event: expected a number", 0, 0 },
	{ "cpu/wants/", "wants values of its own", 0, 0 },
	{ "cpu/loop/", "no field 'loop'", 0, 0 },
	{ "cpu/broken/", "expected a number, got 'zero'", 0, 0 },
	{ "cpu/../../x/", "expected field=value or a name", 0, 0 },
	{ "cpu/event=1", "expected PMU/fields/", 0, 0 },
	{ "/event=1/", "expected PMU/fields/", 0, 0 },
	{ "gpu/event=1/", "there is no PMU 'gpu' in sysfs", 0, 0 },
	{ "r1 - other/event=1/", "column 6: there is no PMU 'other' in sysfs", 0, 0 },
	{ "cycles", "column 1: expected PMU::EVENT", 0, 0 },
	{ "perf::CYCELS", "none of Linux' own events", 0, 0 },
	{ "skx::L1D", "libpfm4 is not there", 0, 0 },
};

static void test_terms(void **state)
{
	struct ev_host *host;
	struct hostfs h;

	(void)state;
	fake_host(&h, cpu_files, NR(cpu_files));
	host = open_host(&h);
	for (size_t i = 0; i < NR(terms); i++) {
		struct ev_candidate c;
		struct err e = { "" };
		int rc = ev_expression(host, terms[i].text, &c, &e);

		if (!rc != !terms[i].message)
			fail_msg("'%s': %d %s", terms[i].text, rc, e.text);
		if (rc && !strstr(e.text, terms[i].message))
			fail_msg("'%s': %s", terms[i].text, e.text);
		if (rc)
			continue;
		assert_int_equal(c.nr_terms, 1);
		assert_int_equal(c.term[0].event.type, 4);
		assert_true(c.term[0].event.config == terms[i].config);
		assert_true(c.term[0].event.config1 == terms[i].config1);
		assert_false(c.term[0].event.cpu_wide);
	}
	ev_host_close(host);
	fake_remove(&h);
}

/* ---- uncore rows ---- */

#define BOX(name, type)                       \
	{ PMUS name "/type", type "\n" },     \
	{                                     \
		PMUS name "/cpumask", "0,8\n" \
	}
#define ALIAS(name, event)                                                   \
	{ PMUS name "/events/" event, "event=0x04,umask=0x03\n" },           \
		{ PMUS name "/events/" event ".scale", "6.103515625e-5\n" }, \
	{                                                                    \
		PMUS name "/events/" event ".unit", "MiB\n"                  \
	}
#define FORMAT(name)                                         \
	{ PMUS name "/format/event", "config:0-7,32-35\n" }, \
	{                                                    \
		PMUS name "/format/umask", "config:8-15\n"   \
	}

static const struct fake_file uncore_files[] = {
	BOX("uncore_imc_0", "20"),
	BOX("uncore_imc_1", "21"),
	BOX("uncore_imc_10", "22"),
	BOX("uncore_upi_0", "23"),
	BOX("uncore_qpi_0", "24"),
	BOX("uncore", "25"),
	BOX("uncore_l3c_0", "26"),
	BOX("uncore_dmc_0", "27"),
	BOX("amd_l3", "28"),
	BOX("amd_nb", "29"),
	BOX("amd_df", "30"),
	BOX("amd_umc_0", "31"),
	BOX("hisi_sccl1_ddrc0", "32"),
	BOX("hisi_sccl1_hha2", "33"),
	BOX("nest_mcs_read", "34"),
	BOX("uncore_imc_free_running_0", "35"),
	FORMAT("uncore_imc_0"),
	FORMAT("uncore_imc_1"),
	FORMAT("uncore_imc_10"),
	FORMAT("amd_l3"),
	FORMAT("amd_df"),
	FORMAT("amd_umc_0"),
	FORMAT("uncore_imc_free_running_0"),
	{ PMUS "amd_umc_0/format/rdwrmask", "config:8-9\n" },
	ALIAS("uncore_imc_0", "cas_count_read"),
	ALIAS("uncore_imc_0", "cas_count_write"),
	ALIAS("uncore_imc_0", "data_reads"),
	ALIAS("uncore_imc_0", "data_writes"),
	ALIAS("uncore_imc_free_running_0", "data_read"),
	ALIAS("uncore_imc_free_running_0", "data_write"),
};

static const struct ev_candidate *find(const struct ev_candidate *c, int n, const char *expression)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(c[i].expression, expression))
			return &c[i];
	return NULL;
}

/* Its number in the fake sysfs. */
static uint32_t type_of(const struct hostfs *h, const char *kind)
{
	char name[32][64];
	uint32_t type = 0;
	int n = ev_sysfs_devices(h, kind, name, 32);

	assert_true(n > 0 && n <= 32);
	assert_int_equal(ev_sysfs_type(h, name[0], &type), 0);
	return type;
}

/* Every row of a box gives the row's code and the box's type, on the first of its CPUs, without
 * exclude bits; aliases give bytes. */
static void test_uncore_rows(void **state)
{
	struct ev_candidate cand[EV_CANDIDATES_MAX];
	struct ev_db *db = shipped();
	unsigned rows = 0, aliases = 0;
	struct ev_host *host;
	struct hostfs h;

	(void)state;
	fake_host(&h, uncore_files, NR(uncore_files));
	host = open_host(&h);
	for (unsigned i = 0; i < db->nr_rows; i++) {
		const struct ev_row *r = &db->row[i];
		const struct ev_quantity *q = ev_db_quantity(db, r->quantity);
		struct ev_code code[EV_TERMS_MAX];
		int codes = ev_codes(r->encoding, code, NULL);
		const struct ev_candidate *c;

		if (!q->machine_wide || !*r->expression ||
		    !(codes ? *code[0].device : !strncmp(r->expression, "uncore_imc", 10)))
			continue;
		snprintf(host->core[0].pmu, sizeof(host->core[0].pmu), "%s", r->pmu);
		c = find(cand, ev_candidates(db, host, q, cand, NULL), r->expression);
		if (!c)
			fail_msg("%s:%u: no candidate", r->file, r->line);
		for (unsigned t = 0; t < c->nr_terms; t++) {
			const struct perf_event *ev = &c->term[t].event;

			assert_true(ev->cpu_wide && ev->no_exclude && ev->cpu == 0);
			if (!codes)
				continue;
			assert_int_equal(ev->type, type_of(&h, code[t].device));
			if (ev->config != code[t].config)
				fail_msg("%s:%u: config 0x%llx", r->file, r->line,
					 (unsigned long long)ev->config);
		}
		if (!codes) {
			assert_true(c->term[0].event.config == 0x304);
			assert_string_equal(c->unit, "bytes");
			assert_true(fabs(c->term[0].factor - 64) < 1e-9);
			aliases++;
		}
		rows++;
	}
	assert_true(rows >= 60);
	assert_true(aliases >= 20);
	ev_host_close(host);
	ev_db_close(db);
	fake_remove(&h);
}

static void test_expand(void **state)
{
	struct ev_candidate c;
	struct ev_host *host;
	struct ev_box box[8];
	struct hostfs h;
	struct err e;

	(void)state;
	fake_host(&h, uncore_files, NR(uncore_files));
	host = open_host(&h);
	assert_int_equal(ev_expression(host, "uncore_imc/cas_count_read/", &c, &e), 0);
	/* three boxes, two CPUs each; the one that runs freely is of another kind */
	assert_int_equal(ev_expand(host, &c, box, 8), 6);
	assert_string_equal(box[0].device, "uncore_imc_0");
	assert_string_equal(box[2].device, "uncore_imc_1");
	assert_string_equal(box[4].device, "uncore_imc_10");
	assert_int_equal(box[0].event.cpu, 0);
	assert_int_equal(box[1].event.cpu, 8);
	assert_int_equal(box[5].event.type, 22);
	assert_int_equal(ev_expand(host, &c, box, 2), 6);
	assert_int_equal(ev_expression(host, "r1", &c, &e), 0);
	assert_int_equal(ev_expand(host, &c, box, 8), -ENOENT);
	ev_host_close(host);
	fake_remove(&h);
}

static void test_no_box(void **state)
{
	static const struct fake_file f[] = { { "/proc/cpuinfo",
						X86("GenuineIntel", "6", "85", "4") } };
	struct ev_candidate c[EV_CANDIDATES_MAX];
	struct ev_db *db = shipped();
	struct perf_refusal why;
	struct ev_host *host;
	struct hostfs h;

	(void)state;
	fake_host(&h, f, NR(f));
	host = open_host(&h);
	assert_int_equal(ev_candidates(db, host, ev_db_quantity(db, "memory-read"), c, &why), 0);
	assert_int_equal(why.error, ENOENT);
	assert_non_null(strstr(why.reason, "no PMU 'uncore_imc' in sysfs"));
	assert_true(*why.remedy);
	/* and what no PMU of this CPU has */
	assert_int_equal(ev_candidates(db, host, ev_db_quantity(db, "l3-misses"), c, &why), 0);
	assert_int_equal(why.error, 0);
	assert_true(*why.reason && *why.remedy);
	ev_host_close(host);
	ev_db_close(db);
	fake_remove(&h);
}

/* An alias that does not say how large a count is gives no bytes. */
static void test_alias_without_unit(void **state)
{
	static const struct fake_file f[] = {
		{ "/proc/cpuinfo", X86("GenuineIntel", "6", "106", "6") },
		BOX("uncore_imc_0", "20"),
		FORMAT("uncore_imc_0"),
		{ PMUS "uncore_imc_0/events/cas_count_read", "event=0x04,umask=0x0f\n" },
	};
	struct ev_candidate c[EV_CANDIDATES_MAX];
	struct ev_db *db = shipped();
	struct perf_refusal why;
	struct ev_host *host;
	struct hostfs h;

	(void)state;
	fake_host(&h, f, NR(f));
	host = open_host(&h);
	assert_string_equal(ev_host_pmu(host), "icx");
	assert_int_equal(ev_candidates(db, host, ev_db_quantity(db, "memory-read"), c, &why), 0);
	assert_non_null(strstr(why.reason, "does not say how many bytes"));
	ev_host_close(host);
	ev_db_close(db);
	fake_remove(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_boxes_of_a_kind),
		cmocka_unit_test(test_terms),
		cmocka_unit_test(test_uncore_rows),
		cmocka_unit_test(test_expand),
		cmocka_unit_test(test_no_box),
		cmocka_unit_test(test_alias_without_unit),
	};

	setenv("LIBPFM_ENCODE_INACTIVE", "1", 1);
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	return cmocka_run_group_tests_name("events_sysfs", tests, NULL, NULL);
}
