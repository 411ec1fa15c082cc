/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kmem_cache_check() finds what is broken inside the engine, broken here on purpose. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/debug_help.h"

/* Where a break goes: @len bytes at @at become @bytes. */
struct damage {
	void *at;
	size_t len;
	unsigned char bytes[8];
};

struct inside {
	struct bench *b;
	struct kmem_list3 *l3, *far; /* nodes 0 and 1 */
	struct slab *partial, *next_partial, *full, *empty;
	struct array_cache *ac, *shared, *alien;
	void *index; /* of partial */
};

static struct damage put_word(void *at, size_t len, uint64_t v)
{
	struct damage d = { .at = at, .len = len };

	memcpy(d.bytes, &v, len);
	return d;
}

#define BREAK(field, v) put_word(&(field), sizeof(field), (uint64_t)(v))
#define P(x) ((uintptr_t)(x))

static unsigned width(const struct inside *k)
{
	return k->b->g.index_bytes;
}

static struct damage index_damage(struct inside *k, unsigned i, unsigned v)
{
	return put_word((char *)k->index + (size_t)i * width(k), width(k), v);
}

static int is_bits(const struct inside *k)
{
	return !width(k);
}

/* The first word of the bits, which are so few here that there is one. */
static struct damage bits_damage(struct inside *k, uint64_t bits)
{
	return put_word(k->index, 8, bits);
}

/* The place in index[] that says which object is taken first. */
static unsigned first_free(const struct inside *k)
{
	return k->b->g.rules == RULES_6_1 ? k->partial->inuse : k->partial->free;
}

static unsigned twice(const struct inside *k)
{
	/* a stack names an object twice; a list comes back to where it was */
	return k->b->g.rules == RULES_6_1 ? index_get(k->index, width(k), k->partial->inuse + 1) :
					    k->partial->free;
}

static void *free_object(const struct inside *k)
{
	unsigned i = is_bits(k)			? (unsigned)__builtin_ctzll(*(uint64_t *)k->index) :
		     k->b->g.rules == RULES_6_1 ? index_get(k->index, width(k), k->partial->inuse) :
						  k->partial->free;

	return index_to_obj(k->partial, &k->b->g, i);
}

static struct damage pick_damage(struct inside *k, unsigned which, const char **name)
{
	const struct slab_geometry *g = &k->b->g;
	struct kmem_page *page = pages_lookup(k->b->s->map, slab_page(k->partial, g));
	struct kmem_cache *other = k->b->s->kmalloc[0];

#define CASE(n, text, expr)   \
	case n:               \
		*name = text; \
		return expr
	switch (which) {
		CASE(0, "index names an object twice, or one less",
		     is_bits(k) ?
			     bits_damage(k, *(uint64_t *)k->index & (*(uint64_t *)k->index - 1)) :
			     index_damage(k, first_free(k), twice(k)));
		CASE(1, "index names no object",
		     is_bits(k) ?
			     bits_damage(k, *(uint64_t *)k->index << 1 | UINT64_C(1) << g->num) :
			     index_damage(k, first_free(k), g->num));
		CASE(2, "inuse too high", BREAK(k->partial->inuse, k->partial->inuse + 1));
		CASE(3, "inuse of a partial slab 0", BREAK(k->partial->inuse, 0));
		CASE(4, "inuse of a full slab too low", BREAK(k->full->inuse, g->num - 1));
		CASE(5, "inuse of an empty slab 1", BREAK(k->empty->inuse, 1));
		CASE(6, "inuse beyond num", BREAK(k->partial->inuse, g->num + 5));
		CASE(7, "first slab's prev", BREAK(k->partial->list.prev, P(k->next_partial)));
		CASE(8, "second slab's prev",
		     BREAK(k->next_partial->list.prev, P(&k->l3->slabs_full)));
		CASE(9, "a list in a circle", BREAK(k->partial->list.next, P(&k->partial->list)));
		CASE(10, "a list cut short",
		     BREAK(k->partial->list.next, P(&k->l3->slabs_partial)));
		CASE(11, "page map says another cache", BREAK(page->cache, P(other)));
		CASE(12, "page map says no cache", BREAK(page->cache, 0));
		CASE(13, "page map says another slab", BREAK(page->slab, P(k->full)));
		CASE(14, "an object twice in a CPU's queue",
		     BREAK(k->ac->entry[0], P(k->ac->entry[1])));
		CASE(15, "an object in CPU's and shared queue",
		     BREAK(k->ac->entry[0], P(k->shared->entry[0])));
		CASE(16, "an object twice in the shared queue",
		     BREAK(k->shared->entry[1], P(k->shared->entry[0])));
		CASE(17, "an object twice in an alien queue",
		     BREAK(k->alien->entry[0], P(k->alien->entry[1])));
		CASE(18, "a free object in a queue", BREAK(k->ac->entry[0], P(free_object(k))));
		CASE(19, "a queue with the middle of an object",
		     BREAK(k->ac->entry[0], P(k->ac->entry[0]) + 8));
		CASE(20, "a queue with an address from elsewhere", BREAK(k->ac->entry[0], P(&k)));
		CASE(21, "a queue with NULL", BREAK(k->ac->entry[0], 0));
		CASE(22, "a queue with another node's object",
		     BREAK(k->ac->entry[0], P(k->alien->entry[0])));
		CASE(23, "an alien queue with a local object",
		     BREAK(k->alien->entry[0], P(k->ac->entry[0])));
		CASE(24, "a queue over its limit", BREAK(k->ac->limit, k->ac->avail - 1));
		CASE(25, "free_objects", BREAK(k->l3->free_objects, k->l3->free_objects + 1));
		CASE(26, "num_objs", BREAK(k->l3->num_objs, k->l3->num_objs - 1));
		CASE(27, "num_slabs", BREAK(k->l3->num_slabs, k->l3->num_slabs + 1));
		CASE(28, "num_full", BREAK(k->l3->num_full, k->l3->num_full + 1));
		CASE(29, "colour", BREAK(k->partial->colour, g->colour + 1));
		CASE(30, "colouroff", BREAK(k->partial->colouroff, k->partial->colouroff + 8));
		CASE(31, "s_mem", BREAK(k->partial->s_mem, P(k->partial->s_mem) + 8));
		CASE(32, "nodeid", BREAK(k->partial->nodeid, 1));
		CASE(33, "geometry without any", BREAK(k->partial->geometry, 77));
		CASE(34, "fewer slabs of a geometry",
		     BREAK(k->b->c->core->geo[k->partial->geometry]->nslabs, 1));
		CASE(35, "objects that are larger",
		     BREAK(k->b->c->core->geo[k->partial->geometry]->g.size, g->size + 8));
	}
#undef CASE
	*name = NULL;
	return (struct damage){ .at = NULL };
}

/* Slabs on every list, objects in every queue. */
static void fill(struct bench *b, struct inside *k, void **out, unsigned *left)
{
	unsigned num = b->g.num, n = 0;

	for (; n < 12 * num && n < 3000; n++)
		out[n] = kmem_cache_alloc_node(b->c, 0, n % 3 == 2);
	/* by page: every third stays full, every third becomes empty, every third half so; the last ones to be freed
	 * wait in the queues */
	for (unsigned turn = 2; turn; turn--)
		for (unsigned i = 0; i < n;) {
			uintptr_t at = (uintptr_t)out[i];

			if (at / 4096 % 3 == turn && (turn == 2 || at / 8 % 2)) {
				kmem_cache_free(b->c, out[i]);
				out[i] = out[--n];
			} else {
				i++;
			}
		}
	k->b = b;
	k->l3 = b->c->core->l3[0];
	k->far = b->c->core->l3[1];
	k->ac = *(b->c->core->slow_only ? &b->c->slot[0].home : &b->c->slot[0].ac);
	k->shared = k->l3->shared;
	k->alien = &atomic_load(&k->l3->alien[1])->ac;
	for (unsigned i = n; k->alien->avail < 2 && i-- > 0;)
		if (kmem_obj_node(b->s, out[i]) == 1) {
			kmem_cache_free(b->c, out[i]);
			out[i] = out[--n];
		}
	*left = n;
	assert_true(k->l3->slabs_partial.next->next != &k->l3->slabs_partial);
	k->partial = list_slab(k->l3->slabs_partial.next);
	k->next_partial = list_slab(k->l3->slabs_partial.next->next);
	assert_false(list_empty(&k->l3->slabs_full) || list_empty(&k->l3->slabs_free));
	k->full = list_slab(k->l3->slabs_full.next);
	k->empty = list_slab(k->l3->slabs_free.next);
	k->index = slab_index_base(k->partial, &b->g);
	assert_true(k->partial->inuse && k->partial->inuse + 2 <= num);
	assert_true(k->ac->avail >= 2 && k->shared->avail >= 2 && k->alien->avail >= 2);
}

static void check_finds(const char *profile, unsigned debug)
{
	struct slab_config cfg;
	void *out[3000];
	struct inside k;
	struct bench b;
	unsigned left, found = 0;
	const char *name;

	slab_config_profile(&cfg, profile, NULL);
	cfg.red_zone = debug;
	cfg.mgmt = MGMT_ON;
	cfg.min_objects = 0;
	cfg.break_order = 1;
	cfg.limit = 8;
	cfg.batchcount = 4;
	cfg.shared = 2;
	cfg.free_limit = 1000;
	bench_begin(&b, &cfg, 200, 2);
	memset(&k, 0, sizeof(k));
	fill(&b, &k, out, &left);
	bench_sound(&b);
	for (unsigned i = 0;; i++) {
		struct damage d = pick_damage(&k, i, &name);
		unsigned char was[8];
		struct err e = { "" };
		int r;

		if (!name)
			break;
		memcpy(was, d.at, d.len);
		memcpy(d.at, d.bytes, d.len);
		r = kmem_cache_check(b.c, &e);
		memcpy(d.at, was, d.len);
		if (r != -EINVAL || !e.text[0])
			fail_msg("%s: check did not find: %s", profile, name);
		found++;
		bench_sound(&b);
	}
	assert_int_equal(found, 36);
	for (unsigned i = 0; i < left; i++)
		kmem_cache_free(b.c, out[i]);
	assert_int_equal(b.reports, 0);
	bench_end(&b);
}

static void check_finds_damage(void **state)
{
	(void)state;
	check_finds("kernel-2.6.22", 0);
	check_finds("kernel-6.1", 0);
	check_finds("kernel-2.6.22", 1);
	check_finds("kernel-6.1", 1);
	check_finds("fast", 0);
	check_finds("fast", 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_finds_damage),
	};

	return cmocka_run_group_tests_name("engine_check", tests, NULL, NULL);
}
