/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small machines drawn from the first bytes, accesses from the rest. One CPU: counts equal the twin's to the unit, and
 * those of the same machine where another core has touched memory before, so that a directory is kept. Several CPUs and
 * memory that goes: every invariant holds, and all that is counted is the same to the unit as by the general way.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/model/sim.h"
#include "tests/fuzz.h"
#include "tests/sim_twin.h"

const struct fuzz_slice fuzz_slice = { 2000, 4096 };

#define PAGE 4096u
#define LINE 64u
#define FAR (UINT64_C(1) << 30)

static void expect(int ok, const char *what, const char *detail)
{
	if (!ok) {
		fprintf(stderr, "fuzz_sim: %s: %s\n", what, detail);
		abort();
	}
}

static struct sim *make(const struct mt_target *t, const struct sim_options *o)
{
	struct err e = { "" };
	struct sim *s;

	expect(!sim_create(&s, t, o, &e), "a machine that is refused", e.text);
	return s;
}

static void check(const struct sim *s)
{
	struct err e = { "" };

	expect(!sim_check(s, &e), "an invariant", e.text);
}

/* Two bytes: near the last access or anywhere in 16 pages; a load or a store. */
static uint64_t next_line(const uint8_t *in, uint64_t *at, bool *write)
{
	*write = in[0] & 1;
	*at = in[0] & 2 ? (*at + (in[1] & 7)) % (16 * PAGE / LINE) :
			  ((in[0] >> 2 & 3) << 8 | in[1]);
	return PAGE + *at * LINE;
}

static void compare(const struct sim_counts *a, const struct sim_counts *b, unsigned levels,
		    const char *what)
{
	char text[128];

	for (unsigned j = 0; j < levels; j++) {
		snprintf(text, sizeof(text),
			 "level %u: %llu misses, %llu write-backs; not %llu and %llu", j + 1,
			 (unsigned long long)a->misses[j], (unsigned long long)a->writebacks[j],
			 (unsigned long long)b->misses[j], (unsigned long long)b->writebacks[j]);
		expect(a->accesses[j] == b->accesses[j] && a->misses[j] == b->misses[j] &&
			       a->writebacks[j] == b->writebacks[j] &&
			       !memcmp(a->kind[j], b->kind[j], sizeof(a->kind[j])),
		       what, text);
	}
	expect(a->local == b->local, what, "fills from memory");
}

/* Sets of other policies remember what was taken out. */
static bool is_lru(const struct mt_target *t)
{
	for (unsigned j = 0; j < t->nr_levels; j++)
		if (t->cache[j].policy != MT_LRU)
			return false;
	return true;
}

static void run_alone(const struct mt_target *t, const struct sim_options *o, const uint8_t *data,
		      size_t size)
{
	struct mt_target two = *t;
	struct sim_options general = *o;
	struct sim *alone = make(t, o), *other, *slow;
	struct sim_counts a, b;
	struct twin w;
	uint64_t at = 0;

	general.general = true;
	slow = make(t, &general);
	two.cpus = 2;
	other = make(&two, o);
	sim_access(other, 1, FAR, 8, true);
	sim_access(other, 0, FAR + PAGE, 8, true); /* both have come: from here on MESI */
	sim_forget(other, FAR, 2 * PAGE);
	sim_reset_counts(other);
	twin_init(&w, t, o->seed, o->kinds);
	for (size_t i = 0; i + 2 <= size; i += 2) {
		bool write;
		uint64_t addr = next_line(data + i, &at, &write);

		sim_access(alone, 0, addr + (i & 31), 8, write);
		sim_access(other, 0, addr + (i & 31), 8, write);
		sim_access(slow, 0, addr + (i & 31), 8, write);
		twin_line(&w, addr, addr, write);
	}
	check(alone);
	check(other);
	sim_counts(alone, 0, &a);
	compare(&a, &w.n, t->nr_levels, "the twin");
	sim_counts(slow, 0, &b);
	expect(!memcmp(&a, &b, sizeof(a)), "not as by the general way", "one CPU");
	sim_counts(other, 0, &b);
	if (is_lru(t))
		compare(&a, &b, t->nr_levels, "with a directory");
	twin_fini(&w);
	sim_destroy(alone);
	sim_destroy(other);
	sim_destroy(slow);
}

static void many_step(struct sim *s, uint8_t what, unsigned cpu, uint64_t addr, unsigned off,
		      bool write)
{
	if (what == 0xff)
		sim_forget(s, addr, PAGE * (1 + (addr >> 6 & 3)));
	else if (what >= 0xf0)
		sim_range(s, cpu, addr + 3, LINE * (what & 15), write);
	else
		sim_access(s, cpu, addr + off, 8, write);
}

static void same_counts(const struct sim *s, const struct sim *slow)
{
	uint64_t a[MT_NODES][MT_NODES], b[MT_NODES][MT_NODES];

	for (int cpu = 0; cpu < 4; cpu++) {
		struct sim_counts n, m;
		char name[32];

		sim_counts(s, cpu, &n);
		sim_counts(slow, cpu, &m);
		snprintf(name, sizeof(name), "CPU %d", cpu);
		compare(&n, &m, SIM_LEVELS, name);
		expect(!memcmp(&n, &m, sizeof(n)), "not as by the general way", name);
	}
	sim_traffic(s, a);
	sim_traffic(slow, b);
	expect(!memcmp(a, b, sizeof(a)), "not as by the general way", "the matrix");
}

static void run_many(struct mt_target *t, const struct sim_options *o, unsigned shared,
		     const uint8_t *data, size_t size)
{
	struct sim_options general = *o;
	struct sim *s, *slow;
	uint64_t at = 0;

	t->cpus = 4;
	t->nodes = 2;
	t->node_of[2] = t->node_of[3] = 1;
	for (unsigned j = 0; j < t->nr_levels; j++) /* none, the last, the last two; threads */
		t->cache[j].shared_by = shared == 3 ? 2 : j + shared >= t->nr_levels && j ? 4 : 1;
	t->page[0].dtlb = (struct mt_tlb){ 4, shared & 1 ? 4 : 2 };
	t->page[0].stlb = (struct mt_tlb){ 20, 20 };
	general.general = true;
	s = make(t, o);
	slow = make(t, &general);
	for (size_t i = 0; i + 3 <= size; i += 3) {
		bool write;
		uint64_t addr = next_line(data + i + 1, &at, &write);
		unsigned cpu = i < size / 4 ? 1 : data[i] & 3;

		many_step(s, data[i], cpu, addr, i & 31, write);
		many_step(slow, data[i], cpu, addr, i & 31, write);
		if (i / 3 % 128 == 127)
			check(s);
	}
	check(s);
	same_counts(s, slow);
	sim_destroy(s);
	sim_destroy(slow);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum sim_frames frames[] = { SIM_IDENTITY, SIM_RANDOM_FRAMES, SIM_THP };
	struct sim_options o = { .frames = SIM_IDENTITY };
	struct mt_target t;
	struct rng r;

	if (size < 4)
		return 0;
	rng_seed(&r, (uint64_t)data[0] << 8 | data[1]);
	o.seed = data[2];
	o.kinds = data[3] & 1;
	o.sets = data[3] & 2;
	twin_draw(&t, &r);
	if (data[3] & 4) {
		o.frames = frames[data[2] % 3];
		run_many(&t, &o, data[3] >> 3 & 3, data + 4, size - 4);
	} else {
		run_alone(&t, &o, data + 4, size - 4);
	}
	return 0;
}
