/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the geometry takes as given: the generations of rules, the general caches, the queue sizes;
 * and the equations that every result must satisfy.
 */
#include "engine/geometry.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

/*
 * Header sizes are those of struct slab: list, colouroff, s_mem, inuse, free, and nodeid
 * from 2.6.13 on. From 3.13 on these fields live in struct page.
 */
/* clang-format off */
const struct slab_rules slab_rules[] = {
	[RULES_2_6_22] = {
	  .name = "2.6.22", .header = 48, .header32 = 28, .index = 4, .off_slab_div = 8, .runs = 1,
	  .help = "per-node lists; header and 4-byte index list in front of the objects" },
	[RULES_6_1] = {
	  .name = "6.1", .colour_pre_advance = 1, .runs = 1,
	  .help = "1- or 2-byte index inside a free object, off-slab, or at the slab's end" },
	{ .name = "2.6.7", .header = 40, .header32 = 24, .index = 4, .mgmt_line_rounded = 1,
	  .off_slab_div = 8,
	  .help = "management rounded to the L1 line, number of objects found by stepping" },
	{ .name = "2.6.8", .header = 40, .header32 = 24, .index = 2, .off_slab_div = 8,
	  .help = "2-byte index, management rounded to the objects' alignment" },
	{ .name = "3.13", .index = 4, .off_slab_div = 8,
	  .help = "header moved to the page descriptor, 4-byte index in front of the objects" },
	{ .name = "3.15", .off_slab_div = 32,
	  .help = "1- or 2-byte index in front of the objects, off-slab from a 32nd of a page on" },
	{ .name = NULL },
};
/* clang-format on */

int slab_rules_runs(unsigned rules, struct err *e)
{
	unsigned i;

	for (i = 0; slab_rules[i].name; i++) {
		if (i != rules)
			continue;
		if (slab_rules[i].runs)
			return 0;
		return err_set(
			e, -EINVAL,
			"rules %s can be computed (slabscope geometry) but not run; the engine "
			"runs 2.6.22 and 6.1",
			slab_rules[i].name);
	}
	return err_set(e, -EINVAL, "no rules number %u", rules);
}

/*
 * General caches as <linux/kmalloc_sizes.h> of 2.6.22 lists them: 96 where the line is under 64
 * bytes and 192 where it is under 128, since above they would be stored as 128 and 256. By that the
 * list holds *stored* sizes, which is what rules 6.1 compare with.
 */
#define POWERS_FROM_256                                                                         \
	256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072, 262144, 524288, 1048576, \
		2097152, KMALLOC_MAX_SIZE, 0

const unsigned *kmalloc_sizes(unsigned cache_line)
{
	static const unsigned below_64[] = { 32, 64, 96, 128, 192, POWERS_FROM_256 };
	static const unsigned below_128[] = { 32, 64, 128, 192, POWERS_FROM_256 };
	static const unsigned others[] = { 32, 64, 128, POWERS_FROM_256 };

	return cache_line < 64 ? below_64 : cache_line < 128 ? below_128 : others;
}

unsigned kmalloc_size_for(unsigned bytes, unsigned cache_line)
{
	const unsigned *size = kmalloc_sizes(cache_line);

	while (*size && *size < bytes)
		size++;
	return *size;
}

/* enable_cpucache() of mm/slab.c, the same from 2.6.22 to 6.1. */
void slab_tunables(unsigned objsize, unsigned page_size, unsigned cpus, unsigned *limit,
		   unsigned *batchcount, unsigned *shared)
{
	if (objsize > 131072)
		*limit = 1;
	else if (objsize > page_size)
		*limit = 8;
	else if (objsize > 1024)
		*limit = 24;
	else if (objsize > 256)
		*limit = 54;
	else
		*limit = 120;
	*batchcount = (*limit + 1) / 2;
	*shared = objsize <= page_size && cpus > 1 ? 8 : 0;
}

void slab_geometry_in_init(struct slab_geometry_in *in, unsigned object_size)
{
	*in = (struct slab_geometry_in){
		.object_size = object_size,
		.cpus = 2,
		.page_size = 4096,
		.cache_line = 64,
		.word = 8,
	};
}

unsigned slab_front(const struct slab_geometry *g)
{
	/* index at the slab's end from 4.6 on, which is where the three modes came */
	if (g->off_slab || g->objfreelist || !slab_rules[g->rules].off_slab_div)
		return 0;
	return g->slab_size;
}

unsigned slab_sets(const struct slab_geometry *g, unsigned line, unsigned sets, int coloured)
{
	unsigned colours = coloured && g->colour > 1 ? g->colour : 1;
	unsigned char *seen = calloc(sets ? sets : 1, 1);
	unsigned c, k, n = 0;

	if (!seen)
		return 0;
	for (c = 0; c < colours && n < sets; c++) {
		uint64_t at = (uint64_t)c * g->colour_off + slab_front(g) + g->obj_offset;

		for (k = 0; k < g->num; k++, at += g->size) {
			unsigned set = (unsigned)(at / line % sets);

			n += !seen[set];
			seen[set] = 1;
		}
	}
	free(seen);
	return n;
}

/* ---- the equations ---- */

#define EQ(cond, fmt, ...)                                                            \
	do {                                                                          \
		if (!(cond))                                                          \
			return err_set(e, -EINVAL, "%s: " fmt, #cond, ##__VA_ARGS__); \
	} while (0)

static int is_pow2(unsigned v)
{
	return v && !(v & (v - 1));
}

static int check_management(const struct slab_geometry *g, struct err *e)
{
	uint64_t index = (uint64_t)g->header_bytes + slab_index_size(g);

	EQ(!(g->off_slab && g->objfreelist), "management in two places");
	EQ(g->slab_size >= index, "slab_size %u, header and index take %llu", g->slab_size,
	   (unsigned long long)index);
	if (slab_front(g))
		EQ(g->slab_size % g->align == 0,
		   "slab_size %u, align %u: s_mem would be misaligned", g->slab_size, g->align);
	else
		EQ(g->slab_size == index, "slab_size %u, header and index take %llu", g->slab_size,
		   (unsigned long long)index);
	if (g->objfreelist)
		EQ(g->slab_size <= g->object_size, "index of %u bytes in an object of %u",
		   g->slab_size, g->object_size);
	return 0;
}

static int check_object(const struct slab_geometry *g, struct err *e)
{
	uint64_t used = (uint64_t)g->obj_offset + g->object_size + (g->red_zone ? 8 : 0) +
			g->red_align_word;
	uint64_t last = (uint64_t)(g->num - 1) * g->size;

	EQ(used <= g->size, "object and debug words take %llu of %u", (unsigned long long)used,
	   g->size);
	EQ(g->obj_offset == (g->red_zone ? 8 : 0), "obj_offset %u, red_zone %u", g->obj_offset,
	   g->red_zone);
	EQ((g->red_align_word != 0) == (g->store_user != 0), "red_align_word %u, store_user %u",
	   g->red_align_word, g->store_user);
	EQ((last * g->recip_m) >> 32 == g->num - 1, "recip_m %u, size %u, num %u", g->recip_m,
	   g->size, g->num);
	return 0;
}

static int check_room(const struct slab_geometry *g, struct err *e)
{
	uint64_t S = (uint64_t)g->page_size << g->gfporder;
	uint64_t on_slab = g->off_slab || g->objfreelist ? 0 : g->slab_size;
	uint64_t sum = (uint64_t)g->num * g->size + on_slab + g->left_over;

	EQ(sum == S, "num %u * size %u + management %llu + left_over %u = %llu, slab %llu", g->num,
	   g->size, (unsigned long long)on_slab, g->left_over, (unsigned long long)sum,
	   (unsigned long long)S);
	EQ((uint64_t)g->colour * g->colour_off <= g->left_over,
	   "colour %u, colour_off %u, left_over %u", g->colour, g->colour_off, g->left_over);
	return 0;
}

int slab_geometry_check(const struct slab_geometry *g, struct err *e)
{
	int ret;

	EQ(g->rules < sizeof(slab_rules) / sizeof(*slab_rules) - 1, "rules %u", g->rules);
	EQ(is_pow2(g->page_size), "page_size %u", g->page_size);
	EQ(g->gfporder <= KMALLOC_MAX_ORDER, "gfporder %u", g->gfporder);
	EQ(is_pow2(g->align), "align %u", g->align);
	EQ(g->size && g->size % g->align == 0, "size %u, align %u", g->size, g->align);
	EQ(g->colour_off && g->colour_off % g->align == 0, "colour_off %u, align %u", g->colour_off,
	   g->align);
	EQ(g->num >= 1, "num %u", g->num);
	EQ(!g->index_bytes || g->index_bytes == 1 || g->index_bytes == 2 || g->index_bytes == 4,
	   "index_bytes %u", g->index_bytes);
	EQ(g->index_bytes || g->header_bytes, "bits, and the header in the page's descriptor");
	EQ(!g->index_bytes || g->index_bytes == 4 || g->num <= (1u << 8 * g->index_bytes) - 1,
	   "num %u, index_bytes %u", g->num, g->index_bytes);
	EQ(g->batchcount >= 1 && g->batchcount <= g->limit, "batchcount %u, limit %u",
	   g->batchcount, g->limit);
	ret = check_management(g, e);
	if (!ret)
		ret = check_room(g, e);
	return ret ? ret : check_object(g, e);
}
