/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The order of trials: what cli/order.h promises, counted. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cli/order.h"

#define SEEDS 4 /* each row of a table is tried with so many */

static void check_permutation(const uint32_t *row, unsigned k)
{
	unsigned char *seen = calloc(k, 1);
	unsigned i;

	assert_non_null(seen);
	for (i = 0; i < k; i++) {
		assert_true(row[i] < k && !seen[row[i]]);
		seen[row[i]] = 1;
	}
	free(seen);
}

/* One group of one experiment: at[c][place], follows[c][d] (d directly after c). */
static void check_group(const uint32_t *order, unsigned k, unsigned blocks)
{
	unsigned *at = calloc(2 * (size_t)k * k, sizeof(*at)), *follows = at + (size_t)k * k;
	unsigned b, i, c, d;

	assert_non_null(at);
	for (b = 0; b < blocks; b++, order += k)
		for (i = 0; i < k; i++) {
			at[order[i] * k + i]++;
			if (i)
				follows[order[i - 1] * k + order[i]]++;
		}
	for (c = 0; c < k; c++)
		for (d = 0; d < k; d++) {
			assert_int_equal(at[c * k + d], blocks / k);
			assert_int_equal(follows[c * k + d], c == d || k == 1 ? 0 : blocks / k);
		}
	free(at);
}

static const unsigned sizes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 25, 40 };
#define NR_SIZES (sizeof(sizes) / sizeof(sizes[0]))

/* In each whole group everything stands at each place, and after each other, equally often. */
static void test_whole_groups(void **state)
{
	unsigned i, g, groups = 3;
	uint64_t seed;
	uint32_t *order;

	(void)state;
	for (i = 0; i < NR_SIZES; i++)
		for (seed = 0; seed < SEEDS; seed++) {
			unsigned k = sizes[i], blocks = order_group(k);

			assert_int_equal(order_make(&order, &k, 1, groups * blocks, seed, NULL), 0);
			for (g = 0; g < groups; g++)
				check_group(order + (size_t)g * blocks * k, k, blocks);
			free(order);
		}
}

/* In each pair of blocks, whole group or not, the second is the first backwards. */
static void test_mirrored_pairs(void **state)
{
	unsigned i, b, c, blocks = 11;
	uint64_t seed;
	uint32_t *order;

	(void)state;
	for (i = 0; i < NR_SIZES; i++)
		for (seed = 0; seed < SEEDS; seed++) {
			unsigned k = sizes[i];

			assert_int_equal(order_make(&order, &k, 1, blocks, seed, NULL), 0);
			for (b = 0; b < blocks; b++)
				check_permutation(order + (size_t)b * k, k);
			for (b = 0; b + 1 < blocks; b += 2)
				for (c = 0; c < k; c++)
					assert_int_equal(order[b * k + c],
							 order[(b + 2) * k - 1 - c]);
			free(order);
		}
}

/* Of two, both directions come about equally often, and not in turn: ABBA and BAAB are drawn. */
static void test_directions_drawn(void **state)
{
	unsigned k = 2, i, first = 0, again = 0;
	const unsigned pairs = 1000;
	uint32_t *order;

	(void)state;
	assert_int_equal(order_make(&order, &k, 1, 2 * pairs, 7, NULL), 0);
	for (i = 0; i < pairs; i++) {
		first += order[4 * i] == 0;
		again += i && order[4 * i] == order[4 * (i - 1)];
	}
	/* 1000 throws: four standard deviations are 63; the seed is fixed, so this holds or not for good */
	assert_in_range(first, 437, 563);
	assert_in_range(again, 437, 563);
	free(order);
}

/* A run that ends in the middle of a group still has everything at different places: rows of a
 * design, no two of them alike. */
static void test_part_of_group(void **state)
{
	unsigned k = 12, b, c, i, blocks = 7;
	uint32_t *order;

	(void)state;
	assert_int_equal(order_make(&order, &k, 1, blocks, 3, NULL), 0);
	for (i = 0; i < k; i++) {
		unsigned seen[12] = { 0 };

		for (b = 0; b < blocks; b++)
			seen[order[b * k + i]]++;
		for (c = 0; c < k; c++)
			assert_true(seen[c] <= 1);
	}
	free(order);
}

/* Several experiments: each one's configs stand together, and each is balanced by itself. */
static void test_experiments(void **state)
{
	static const unsigned size[] = { 3, 1, 4, 2 };
	unsigned first[] = { 0, 3, 4, 8 }, total = 10, blocks = 24, b, i, x, n;
	uint32_t *order, *own, *turn;

	(void)state;
	assert_int_equal(order_make(&order, size, 4, blocks, 5, NULL), 0);
	turn = calloc(blocks, 4 * sizeof(*turn));
	assert_non_null(turn);
	for (x = 0; x < 4; x++) {
		own = calloc(blocks, size[x] * sizeof(*own));
		assert_non_null(own);
		for (b = 0, n = 0; b < blocks; b++) {
			unsigned at = total, places = 0, before = 0, y;

			for (i = 0; i < total; i++) {
				unsigned c = order[b * total + i];

				if (c < first[x] || c >= first[x] + size[x])
					continue;
				at = i < at ? i : at;
				places++;
				own[n++] = c - first[x];
				assert_int_equal(i - at + 1, places); /* no gap */
			}
			assert_int_equal(places, size[x]);
			for (y = 0; y < 4; y++) { /* its turn: how many stand before it */
				for (i = 0; order[b * total + i] != first[y]; i++)
					;
				before += y != x && i < at;
			}
			turn[b * 4 + before] = x;
		}
		for (b = 0; b < blocks; b += order_group(size[x]))
			check_group(own + (size_t)b * size[x], size[x], order_group(size[x]));
		free(own);
	}
	for (b = 0; b < blocks; b += 4)
		check_group(turn + (size_t)b * 4, 4, 4);
	free(turn);
	free(order);
}

static void test_pure(void **state)
{
	static const unsigned size[] = { 5, 2, 2 };
	uint32_t *a, *b, *c;

	(void)state;
	assert_int_equal(order_make(&a, size, 3, 20, 1, NULL), 0);
	assert_int_equal(order_make(&b, size, 3, 20, 1, NULL), 0);
	assert_int_equal(order_make(&c, size, 3, 20, 2, NULL), 0);
	assert_memory_equal(a, b, 20 * 9 * sizeof(*a));
	assert_true(memcmp(a, c, 20 * 9 * sizeof(*a)));
	free(b);
	/* more launches of the same are a continuation: what is there stays as it is */
	assert_int_equal(order_make(&b, size, 3, 33, 1, NULL), 0);
	assert_memory_equal(a, b, 20 * 9 * sizeof(*a));
	free(a);
	free(b);
	free(c);
}

/* As many as a plan may have. */
static void test_large(void **state)
{
	unsigned k = 20000, b, many[2000], i;
	uint32_t *order;

	(void)state;
	assert_int_equal(order_make(&order, &k, 1, 50, 1, NULL), 0);
	for (b = 0; b < 50; b++)
		check_permutation(order + (size_t)b * k, k);
	free(order);
	for (i = 0; i < 2000; i++)
		many[i] = 10;
	assert_int_equal(order_make(&order, many, 2000, 50, 1, NULL), 0);
	for (b = 0; b < 50; b++)
		check_permutation(order + (size_t)b * k, k);
	free(order);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_groups),
		cmocka_unit_test(test_mirrored_pairs),
		cmocka_unit_test(test_directions_drawn),
		cmocka_unit_test(test_part_of_group),
		cmocka_unit_test(test_experiments),
		cmocka_unit_test(test_pure),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
