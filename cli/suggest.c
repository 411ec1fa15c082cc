/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/suggest.h"

#include <string.h>

#define LONGEST 64

/* Levenshtein's distance; words longer than LONGEST are far from everything. */
static unsigned distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b), i, j;
	unsigned row[LONGEST + 1];

	if (n > LONGEST || m > LONGEST)
		return LONGEST;
	for (j = 0; j <= m; j++)
		row[j] = j;
	for (i = 1; i <= n; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (j = 1; j <= m; j++) {
			unsigned change = diagonal + (a[i - 1] != b[j - 1]);
			unsigned shift = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;

			diagonal = row[j];
			row[j] = change < shift ? change : shift;
		}
	}
	return row[m];
}

const char *suggest(const char *word, const char *const *names)
{
	const char *best = NULL;
	unsigned least = 3; /* up to two slips, and about half of the letters */

	for (; *names; names++) {
		unsigned d = distance(word, *names);

		if (*word && !strncmp(word, *names, strlen(word)))
			d = 1;
		if (d < least && 2 * d <= strlen(*names) + 1) {
			least = d;
			best = *names;
		}
	}
	return best;
}
