/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hot-header: the loops that are measured. Compiled once more by hot_step_timed.c. */

#include "workloads/hot_header.h"
#include "workloads/timed.h"

static inline __attribute__((always_inline)) char *hot_at(const struct hot_worker *hw, uint64_t i,
							  const bool wide)
{
	return wide ? hw->hot[i] : hw->base + ((uint64_t)hw->order[i] << hw->shift);
}

/* Visit @lines lines from @p on; @sum and what was read there, unless it is written back. */
static inline __attribute__((always_inline)) uint64_t
hot_visit(char *p, unsigned lines, size_t line, const bool rmw, uint64_t sum)
{
	for (unsigned l = 0; l < lines; l++, p += line) {
		uint64_t v = WL_READ(p);

		if (rmw)
			WL_WRITE(p, v + 1);
		else
			sum += v;
	}
	return sum;
}

/* The other lines of an object whose first one, at @at, was the link. */
static inline __attribute__((always_inline)) uint64_t hot_rest(const char *at, unsigned lines,
							       size_t line, uint64_t sum)
{
	for (unsigned l = 1; l < lines; l++)
		sum += WL_READ(at += line);
	return sum;
}

static inline __attribute__((always_inline)) void
hot_visits(struct wl_env *env, struct wl_worker *w, uint64_t n, const bool rmw, const bool wide)
{
	const struct hot_env *he = env->priv;
	struct hot_worker *hw = w->priv;
	size_t line = he->line;
	unsigned lines = he->lines;
	uint64_t sum = hw->sum, pos = hw->pos;

	while (n) {
		uint64_t end = n < hw->n - pos ? pos + n : hw->n;

		n -= end - pos;
		for (; pos < end; pos++) {
			char *p = hot_at(hw, pos, wide);

			WL_TIME(w, WL_VISIT, sum = hot_visit(p, lines, line, rmw, sum));
		}
		if (pos == hw->n)
			pos = 0;
	}
	hw->sum = sum;
	hw->pos = pos;
}

static void hot_chase(struct wl_env *env, struct wl_worker *w, uint64_t n)
{
	const struct hot_env *he = env->priv;
	struct hot_worker *hw = w->priv;
	size_t line = he->line;
	unsigned lines = he->lines;
	const char *p = hw->cursor;
	uint64_t sum = hw->sum;

	if (lines == 1) {
		while (n--)
			WL_TIME(w, WL_VISIT, p = (const char *)(uintptr_t)WL_READ(p));
	} else {
		while (n--) {
			const char *at = p;

			WL_TIME(w, WL_VISIT, p = (const char *)(uintptr_t)WL_READ(at);
				sum = hot_rest(at, lines, line, sum));
		}
	}
	hw->cursor = p;
	hw->sum = sum;
}

/* Nothing is allocated in the measured region, so there is one step for both paths. */
enum wl_status WL_STEP(hot_step)(struct wl_env *env, struct wl_worker *w, uint64_t n,
				 uint64_t *done)
{
	const struct hot_params *p = env->params;
	const struct hot_worker *hw = w->priv;

	if (p->access == HOT_CHASE)
		hot_chase(env, w, n);
	else if (p->access == HOT_RMW && hw->order)
		hot_visits(env, w, n, true, false);
	else if (p->access == HOT_RMW)
		hot_visits(env, w, n, true, true);
	else if (hw->order)
		hot_visits(env, w, n, false, false);
	else
		hot_visits(env, w, n, false, true);
	w->sum = hw->sum;
	w->ops += n;
	*done = n;
	return WL_DONE;
}
