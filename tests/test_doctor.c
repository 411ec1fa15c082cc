/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slabscope doctor: an invented machine below SLABSCOPE_HOSTFS, what is said of it, and how. */

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "cli/doctor_parts.h"
#include "tests/doctor_help.h"
#include "tests/temp_help.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* ---- the invented machine ---- */

static char root[64];

static int make_machine(void **state)
{
	(void)state;
	return doctor_help_make(root, sizeof(root)) || setenv("SLABSCOPE_HOSTFS", root, 1);
}

static int remove_machine(void **state)
{
	(void)state;
	unsetenv("SLABSCOPE_HOSTFS");
	return doctor_help_remove(root);
}

static struct doctor *invented(void)
{
	struct doctor *d = calloc(1, sizeof(*d));

	assert_non_null(d);
	hostfs_init(&d->fs);
	assert_string_equal(d->fs.root, root);
	doctor_permissions(d);
	doctor_machine(d);
	return d;
}

/* ---- facts ---- */

static const char *text_of(const struct facts *f, const char *name)
{
	const struct fact *x = fact_known(f, name);

	return x ? x->text : "(unknown)";
}

static void test_machine(void **state)
{
	static const struct {
		const char *name, *text;
	} want[] = {
		{ "cpu", "Invented Xeon 1" },
		{ "microcode", "0x2007006" },
		{ "kernel", "6.1.0-invented" },
		{ "cpus", "4" },
		{ "sockets", "2" },
		{ "cores", "4, each of one" },
		{ "smt", "on (threads" },
		{ "hypervisor", "none seen" },
		{ "huge_pages", "2048 KiB (5 reserved), 1048576 KiB (0 reserved)" },
		{ "transparent_huge_pages", "never" },
		{ "clocksource", "hpet" },
		{ "tsc_steady", "yes" },
		{ "governor", "powersave (intel_pstate)" },
		{ "boost", "on (intel_pstate/no_turbo 0)" },
		{ "numa_balancing", "on" },
		{ "nmi_watchdog", "on (it takes one hardware counter)" },
	};
	struct doctor *d = invented();
	const struct doctor_machine *m = &d->machine;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		if (strncmp(text_of(&m->facts, want[i].name), want[i].text, strlen(want[i].text)))
			fail_msg("%s: '%s'", want[i].name, text_of(&m->facts, want[i].name));
	assert_string_equal(m->topology_error, "");
	assert_false(m->native);
	assert_int_equal(m->nr_caches, 2);
	assert_true(m->cache[0].level == 1 && m->cache[0].data && m->cache[0].size == 48 * 1024 &&
		    m->cache[0].ways == 12 && m->cache[0].line == 64 && m->cache[0].count == 4 &&
		    m->cache[0].shared == 1);
	assert_true(m->cache[1].level == 2 && !m->cache[1].data &&
		    m->cache[1].size == 2048 * 1024 && m->cache[1].ways == 16);
	assert_int_equal(doctor_llc(m), 2048 * 1024);
	assert_int_equal(m->nr_nodes, 2);
	assert_true(m->node[0].cpus == 2 && m->node[1].cpus == 2);
	assert_true(m->node[0].distance[1] == 21 && m->node[1].distance[1] == 10);
	assert_true(m->node[1].bytes == 2147483648.0);
	assert_null(getenv("HWLOC_FSROOT"));
	assert_null(getenv("HWLOC_COMPONENTS"));
	free(d);
}

/* A machine that has these clues: what doctor calls it. */
static void test_emulated(void **state)
{
	struct doctor *d = invented();

	(void)state;
	d->place.hypervisor = d->place.emulated = true;
	strcpy(d->place.hypervisor_name, "QEMU TCG");
	memset(&d->machine, 0, sizeof(d->machine));
	doctor_machine(d);
	assert_string_equal(
		text_of(&d->machine.facts, "hypervisor"),
		"QEMU TCG (this is a virtual machine, each instruction of which is emulated: "
		"no time means anything)");
	free(d);
}

static void test_permissions(void **state)
{
	struct doctor *d = invented();
	const struct facts *f = &d->permissions;

	(void)state;
	assert_int_equal(d->place.paranoid, 3);
	assert_false(d->place.perfmon);
	assert_true(d->place.pmu);
	assert_true(fact_value(f, "perf_event_paranoid", -9) == 3);
	assert_true(fact_value(f, "capable", -9) == 0);
	assert_true(fact_value(f, "kptr_restrict", -9) == 1);
	assert_true(fact_value(f, "ptrace_scope", -9) == 1);
	assert_true(fact_value(f, "user_space_reads", -9) == 0);
	assert_true(fact_value(f, "seccomp", -9) == 1);
	assert_string_equal(text_of(f, "resctrl"), "no: it is not mounted");
	doctor_help_put(root, "/sys/fs/resctrl/info/L3_MON/mon_features",
			"llc_occupancy\nmbm_total_bytes\n");
	memset(&d->permissions, 0, sizeof(d->permissions));
	doctor_permissions(d);
	assert_true(fact_value(f, "resctrl", 0) == 1);
	free(d);
}

static void test_noise(void **state)
{
	struct doctor *d = invented();
	const struct facts *f = &d->noise.facts;

	(void)state;
	d->request.quick = true;
	clock_measure(&d->clock, 1);
	doctor_noise(d);
	assert_true(fact_value(f, "load", 0) == 1.5);
	assert_true(fact_value(f, "cpu_pressure", 0) == 7.25);
	assert_true(fact_value(f, "steal", 0) == 10);
	assert_true(fact_value(f, "cpu_limit", 0) == 0.5);
	assert_true(fact_value(f, "longest_stall_ns", -1) >= 0);
	free(d);
}

/* A machine of which nothing can be read has unknowns, and no zeros. */
static void test_empty_machine(void **state)
{
	static const char *const names[] = { "cpu",
					     "microcode",
					     "kernel",
					     "smt",
					     "huge_pages",
					     "governor",
					     "boost",
					     "clocksource",
					     "nmi_watchdog",
					     "numa_balancing",
					     "transparent_huge_pages" };
	struct doctor *d = calloc(1, sizeof(*d));
	char empty[TEMP_MAX];

	(void)state;
	assert_non_null(temp_folder(empty, "doctor-empty"));
	strcpy(d->fs.root, empty);
	doctor_permissions(d);
	doctor_machine(d);
	d->request.quick = true;
	clock_measure(&d->clock, 1);
	doctor_noise(d);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (fact_known(&d->machine.facts, names[i]))
			fail_msg("%s: %s", names[i], text_of(&d->machine.facts, names[i]));
	assert_true(*d->machine.topology_error);
	assert_null(fact_known(&d->machine.facts, "cpus"));
	assert_int_equal(d->machine.nr_nodes + d->machine.nr_caches, 0);
	assert_null(fact_known(&d->permissions, "perf_event_paranoid"));
	assert_null(fact_known(&d->noise.facts, "load"));
	assert_null(fact_known(&d->noise.facts, "steal"));
	assert_null(fact_known(&d->noise.facts, "cpu_limit"));
	free(d);
	assert_int_equal(rmdir(empty), 0);
}

/* ---- advice ---- */

static bool advised(const struct doctor *d, const char *part)
{
	for (unsigned i = 0; i < d->nr_advice; i++)
		if (strstr(d->advice[i].command, part))
			return true;
	return false;
}

static void test_advice(void **state)
{
	static const char *const due[] = {
		"apt-get install libpfm4",
		"apt-get install gnuplot-nox",
		"apt-get install linux-perf",
		"slabscope run --aa",
		"kernel.numa_balancing=0",
		"kernel.nmi_watchdog=0",
		"cpupower frequency-set -g performance",
		"intel_pstate/no_turbo",
		"dmesg | grep -i -E 'tsc",
		"kernel.perf_event_paranoid=0",
		"setcap cap_perfmon+ep",
		"ps -eo",
	};
	struct doctor *d = invented(), *well = calloc(1, sizeof(*well));
	struct doctor_quantity *q = doctor_add(d, "memory-read", "hardware", "");

	(void)state;
	q->counter = q->wide = true;
	doctor_say(q, Q_UNAVAILABLE, EACCES, "", "no");
	d->program[PROGRAM_LIBPFM].package = "libpfm4";
	d->program[PROGRAM_GNUPLOT].package = "gnuplot-nox";
	d->program[PROGRAM_PERF].package = "linux-perf";
	fact_number(&d->noise.facts, "cpu_pressure", 50, "50");
	doctor_advice(d);
	for (size_t i = 0; i < ARRAY_SIZE(due); i++)
		if (!advised(d, due[i]))
			fail_msg("not advised: %s", due[i]);
	assert_false(advised(d, "qemu"));
	/* where all is well there is nothing to say */
	for (unsigned i = 0; i < NR_PROGRAMS; i++)
		well->program[i].works = true;
	well->place.pmu = true;
	well->machine.cpus = 4;
	well->noise.have_aa = true;
	strcpy(well->fs.root, "/nowhere");
	doctor_advice(well);
	assert_int_equal(well->nr_advice, 0);
	/* a guest without a PMU */
	well->place.pmu = false;
	well->place.hypervisor = true;
	doctor_advice(well);
	assert_int_equal(well->nr_advice, 1);
	assert_true(advised(well, "pmu=on"));
	free(well);
	free(d);
}

/* ---- what is printed ---- */

static char *printed(const struct doctor *d, bool json)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	if (json)
		assert_int_equal(doctor_json(d, f, NULL), 0);
	else
		doctor_text(d, f);
	assert_int_equal(fclose(f), 0);
	return text;
}

/* One quantity in each state, and three that share a refusal. */
static struct doctor *with_quantities(void)
{
	static const struct {
		const char *name, *source;
		enum quantity_state state;
		int error;
		const char *reason, *remedy;
	} rows[] = {
		{ "instructions", "hardware", Q_EXACT, 0, "", "" },
		{ "branches", "hardware", Q_SCALED, 0, "it had a counter for 37 % of the time",
		  "less" },
		{ "l1d-loads", "hardware", Q_APPROXIMATE, 0, "off by +1.5 %", "" },
		{ "l1d-misses", "hardware", Q_WRONG, 0, "it opens and counts nothing",
		  "bare metal" },
		{ "cycles", "hardware", Q_UNAVAILABLE, ENOENT, "no hardware PMU", "enable it" },
		{ "llc-misses", "hardware", Q_UNAVAILABLE, ENOENT, "no hardware PMU", "enable it" },
		{ "dram-local", "hardware", Q_UNAVAILABLE, 4711, "strange", "" },
	};
	struct doctor *d = invented();

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct doctor_quantity *q =
			doctor_add(d, rows[i].name, rows[i].source, "a quantity");

		q->counter = true;
		q->row = proof_find(rows[i].name);
		doctor_say(q, rows[i].state, rows[i].error, rows[i].remedy, "%s", rows[i].reason);
		strcpy(q->expression, "x::Y + z::\"Q\"");
		q->nr_codes = 2;
		q->code[0].config = 0xffffffffffffffffu;
		if (rows[i].state == Q_APPROXIMATE) {
			q->proved = true;
			q->proof = (struct proof_result){ .verdict = PROOF_APPROXIMATE,
							  .known = 1000,
							  .counted = 1015,
							  .off = 0.015,
							  .share = 1 };
		}
	}
	for (unsigned i = 0; i < NR_PROGRAMS; i++) {
		d->program[i].name = i ? i == 1 ? "b" : "c" : "a";
		d->program[i].purpose = "nothing";
		d->program[i].package = "none";
	}
	return d;
}

static void test_text(void **state)
{
	static const char *const parts[] = {
		"No hardware counters: no hardware PMU (ENOENT).",
		"perf_event_paranoid     3 (",
		"node 0: 2 CPUs, 1 GiB; distances 10 21",
		"L1 data: 4 x 48 KiB, 12 ways, lines of 64 bytes, shared by 1 CPU\n",
		"instructions       exact ",
		"branches           scaled ",
		"l1d-loads          approximate, +1.5 % hardware",
		"  l1d-misses\n      wrong: it opens and counts nothing\n      remedy: bare metal\n",
		"  cycles, llc-misses\n      no hardware PMU (ENOENT)\n      remedy: enable it\n",
		"  dram-local\n      strange (errno 4711)\n",
		"noise floor             unknown: ",
		"read below SLABSCOPE_HOSTFS",
	};
	struct doctor *d = with_quantities();
	char *text, *line, *save;

	(void)state;
	text = printed(d, false);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (!strstr(text, parts[i]))
			fail_msg("no '%s' in:\n%s", parts[i], text);
	assert_null(strchr(text, '\033'));
	assert_null(strstr(text, " \n"));
	assert_null(strstr(text, " nan "));
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (strlen(line) > 100)
			fail_msg("more than 100 columns: %s", line);
	free(text);
	/* asked for some only, nothing else is told */
	d->request.name[d->request.nr_names++] = "llc_misses";
	text = printed(d, false);
	assert_non_null(strstr(text, "It cannot be measured here."));
	assert_non_null(strstr(text, "  llc-misses\n"));
	assert_null(strstr(text, "cycles"));
	assert_null(strstr(text, "paranoid"));
	free(text);
	free(d);
}

static const char *const keys[] = { "name",  "state",  "source", "expression",
				    "errno", "reason", "remedy" };

static void check_quantity(json_t *q)
{
	static const char *const states[] = { "exact", "scaled", "approximate", "wrong",
					      "unavailable" };
	const char *name = json_string_value(json_object_get(q, "name"));
	const char *state = json_string_value(json_object_get(q, "state"));
	size_t i;

	assert_int_equal(json_object_size(q), ARRAY_SIZE(keys));
	assert_true(name && *name && state);
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		json_t *v = json_object_get(q, keys[i]);

		if (!v || (!json_is_string(v) && (i < 3 || !json_is_null(v))))
			fail_msg("%s of %s", keys[i], name);
		if (json_is_string(v))
			assert_true(*json_string_value(v));
	}
	for (i = 0; i < ARRAY_SIZE(states) && strcmp(state, states[i]); i++)
		;
	assert_true(i < ARRAY_SIZE(states));
	if (i >= 3) /* wrong and unavailable never come without a reason */
		assert_true(json_is_string(json_object_get(q, "reason")));
}

static void check_json(const char *text, size_t quantities)
{
	static const char *const objects[] = { "machine", "permissions", "programs", "events",
					       "noise" };
	static const char *const lists[] = { "quantities", "proofs", "advice" };
	json_error_t error;
	json_t *o = json_loads(text, 0, &error), *list, *q;
	size_t i;

	if (!o)
		fail_msg("%s, line %d:\n%s", error.text, error.line, text);
	for (i = 0; i < ARRAY_SIZE(objects); i++)
		assert_true(json_is_object(json_object_get(o, objects[i])));
	for (i = 0; i < ARRAY_SIZE(lists); i++)
		assert_true(json_is_array(json_object_get(o, lists[i])));
	list = json_object_get(o, "quantities");
	if (quantities)
		assert_int_equal(json_array_size(list), quantities);
	json_array_foreach(list, i, q) check_quantity(q);
	json_decref(o);
}

static void test_json(void **state)
{
	struct doctor *d = with_quantities();
	json_t *o, *q, *list;
	char *text;
	size_t i;

	(void)state;
	/* what comes from outside may be anything */
	fact_text(&d->machine.facts, "strange", "a\x80\xff\"b\n");
	fact_number(&d->machine.facts, "none", NAN, "none");
	d->quantity[0].proved = true;
	d->quantity[0].proof = (struct proof_result){
		.verdict = PROOF_UNCOUNTED, .known = NAN, .counted = NAN, .off = NAN
	};
	text = printed(d, true);
	check_json(text, 7);
	o = json_loads(text, 0, NULL);
	list = json_object_get(o, "quantities");
	json_array_foreach(list, i, q)
		assert_string_equal(json_string_value(json_object_get(q, "state")),
				    quantity_state_names[d->quantity[i].state]);
	q = json_array_get(list, 4);
	assert_string_equal(json_string_value(json_object_get(q, "name")), "cycles");
	assert_string_equal(json_string_value(json_object_get(q, "errno")), "ENOENT");
	assert_string_equal(json_string_value(json_object_get(q, "remedy")), "enable it");
	assert_true(json_is_null(json_object_get(json_array_get(list, 0), "reason")));
	assert_true(json_is_null(json_object_get(json_object_get(o, "machine"), "none")));
	assert_int_equal(json_array_size(json_object_get(o, "proofs")), 2);
	json_decref(o);
	free(text);
	d->request.name[d->request.nr_names++] = "cycles";
	text = printed(d, true);
	check_json(text, 1);
	free(text);
	free(d);
}

/* The whole examination, with this machine's counters: whatever it finds, it can be told. */
static void test_for_real(void **state)
{
	struct doctor *d = calloc(1, sizeof(*d));
	const struct doctor_quantity *faults, *cycles;
	struct err e = { "" };
	char *text;

	(void)state;
	unsetenv("SLABSCOPE_HOSTFS");
	d->request.quick = true;
	if (doctor_open(d, &e))
		fail_msg("%s", e.text);
	clock_measure(&d->clock, 1);
	doctor_permissions(d);
	doctor_machine(d);
	doctor_programs(d);
	if (doctor_counters(d, &e))
		fail_msg("%s", e.text);
	doctor_others(d);
	doctor_noise(d);
	doctor_advice(d);
	setenv("SLABSCOPE_HOSTFS", root, 1);
	faults = doctor_find(d, "page_faults");
	cycles = doctor_find(d, "cycles");
	assert_non_null(faults);
	assert_non_null(cycles);
	if (faults->proved && faults->proof.verdict != PROOF_UNCOUNTED)
		assert_int_equal(faults->state, Q_EXACT);
	if (!d->place.pmu)
		assert_int_equal(cycles->state, Q_UNAVAILABLE);
	for (unsigned i = 0; i < d->nr_quantities; i++) {
		const struct doctor_quantity *q = &d->quantity[i];

		if (!doctor_measurable(q) && !*q->why.reason)
			fail_msg("%s is %s without a reason", q->name,
				 quantity_state_names[q->state]);
		/* that it opens, or gives samples, is no proof that it is right */
		if (q->counter && !strcmp(q->source, "hardware") && !q->proved)
			assert_true(q->state == Q_APPROXIMATE || q->state == Q_UNAVAILABLE);
		assert_ptr_equal(doctor_find(d, q->name), q); /* none twice */
	}
	text = printed(d, true);
	check_json(text, d->nr_quantities);
	free(text);
	text = printed(d, false);
	assert_null(strstr(text, " nan "));
	free(text);
	doctor_release(d);
	free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_machine),	      cmocka_unit_test(test_emulated),
		cmocka_unit_test(test_permissions),   cmocka_unit_test(test_noise),
		cmocka_unit_test(test_empty_machine), cmocka_unit_test(test_advice),
		cmocka_unit_test(test_text),	      cmocka_unit_test(test_json),
		cmocka_unit_test(test_for_real),
	};

	return cmocka_run_group_tests_name("doctor", tests, make_machine, remove_machine);
}
