/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/target_help.h"

static char *print_text(const struct mt_target *t, size_t *len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, len);

	assert_non_null(f);
	assert_int_equal(mt_print(t, f), 0);
	assert_int_equal(fclose(f), 0);
	return text;
}

static bool same(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

void target_same(const struct mt_target *a, const struct mt_target *b)
{
	assert_string_equal(a->name, b->name);
	assert_string_equal(a->cpu, b->cpu);
	assert_string_equal(a->aliases, b->aliases);
	assert_string_equal(a->match, b->match);
	assert_string_equal(a->note, b->note);
	assert_int_equal(a->version, b->version);
	assert_int_equal(a->nr_levels, b->nr_levels);
	for (unsigned i = 0; i < MT_LEVELS; i++) {
		const struct mt_cache *c = &a->cache[i], *d = &b->cache[i];

		assert_true(c->size == d->size && c->line == d->line && c->ways == d->ways);
		assert_true(c->sets == d->sets && c->slices == d->slices && c->hash == d->hash);
		assert_int_equal(c->policy, d->policy);
		assert_memory_equal(&c->qlru, &d->qlru, sizeof(c->qlru));
		assert_true(c->inclusion == d->inclusion && c->shared_by == d->shared_by);
		assert_true(c->write_through == d->write_through &&
			    c->no_write_allocate == d->no_write_allocate);
		assert_true(same(c->latency, d->latency));
		assert_true(same(c->outstanding, d->outstanding) &&
			    same(c->per_cycle, d->per_cycle));
	}
	assert_int_equal(a->nr_pages, b->nr_pages);
	for (unsigned i = 0; i < a->nr_pages; i++)
		assert_memory_equal(&a->page[i], &b->page[i], sizeof(a->page[i]));
	assert_true(a->cpus == b->cpus && a->nodes == b->nodes);
	assert_memory_equal(a->node_of, b->node_of, sizeof(a->node_of));
	assert_memory_equal(a->distance, b->distance, sizeof(a->distance));
	assert_true(same(a->ghz, b->ghz) && same(a->walk_cycles, b->walk_cycles));
	assert_true(same(a->stlb_cycles, b->stlb_cycles) && same(a->walks, b->walks));
	assert_true(same(a->dram_ns[0], b->dram_ns[0]) && same(a->dram_ns[1], b->dram_ns[1]));
	for (unsigned i = 0; i < a->nr_sources; i++) {
		const char *source = mt_source(b, a->source[i][0]);

		assert_non_null(source);
		assert_string_equal(source, a->source[i][1]);
	}
}

void target_round_trip(const struct mt_target *t)
{
	struct mt_target *back = malloc(sizeof(*back));
	size_t len, again_len;
	char *text = print_text(t, &len), *again;
	struct err e = { "" };

	assert_non_null(back);
	if (mt_read_ini(back, text, len, "printed", &e))
		fail_msg("%s: %s\n%s", t->name, e.text, text);
	target_same(t, back);
	again = print_text(back, &again_len);
	assert_string_equal(text, again);
	free(text);
	free(again);
	free(back);
}

void target_read(struct mt_target *t, const char *spec, const char *fill)
{
	struct err e = { "" };

	if (mt_read(t, spec, fill, &e))
		fail_msg("%s: %s", spec, e.text);
}
