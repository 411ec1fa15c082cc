/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flow: the loops that are measured. Compiled once more by flow_step_timed.c. */

#include <errno.h>
#include <inttypes.h>

#include "workloads/flow.h"
#include "workloads/timed.h"

/* What a loop needs, copied to the stack so that it stays in registers. */
struct flow_loop {
	struct wl_worker *w;
	struct seam_cache header, data;
	size_t line;
	unsigned touch, data_touch;
	bool aliases;
};

static enum wl_status no_memory(struct wl_worker *w, uint64_t number, size_t size)
{
	return wl_fail(w, -ENOMEM,
		       "worker %u: no memory for an object of %zu bytes, message %" PRIu64, w->id,
		       size, number);
}

/* One message in. WL_BLOCKED: the ring is full. */
static inline __attribute__((always_inline)) enum wl_status
flow_produce(struct flow_loop *f, struct ring *r, uint64_t key, const bool direct, const bool two)
{
	struct wl_worker *w = f->w;
	uint64_t number = r->head;
	char *obj, *data = NULL;

	if (__builtin_expect(!ring_room(r), 0))
		return WL_BLOCKED;
	WL_TIME(w, WL_ALLOC, obj = seam_alloc(&f->header, direct));
	if (__builtin_expect(!obj, 0))
		return no_memory(w, number, f->header.size);
	if (two) {
		WL_TIME(w, WL_ALLOC, data = seam_alloc(&f->data, direct));
		if (__builtin_expect(!data, 0)) {
			seam_free(&f->header, obj, direct);
			return no_memory(w, number, f->data.size);
		}
		WL_TIME_IF(f->data_touch, w, WL_VISIT,
			   wl_stamp_write(data, wl_stamp(key, number, data), f->line,
					  f->data_touch));
	}
	WL_TIME_IF(f->touch, w, WL_VISIT, {
		wl_stamp_write(obj, flow_header_stamp(key, number, obj, data), f->line, f->touch);
		if (two)
			*flow_data(obj) = data;
	});
	ring_put(r, obj);
	return WL_DONE;
}

/* Line @bad of @obj is not as it was written. */
static enum wl_status flow_broken(const struct flow_loop *f, uint64_t number, const char *obj,
				  uint64_t stamp, unsigned bad)
{
	return wl_broken(f->w, number, obj, bad, WL_READ(obj + bad * f->line), stamp + bad);
}

/* One message out. WL_BLOCKED: there is none. */
static inline __attribute__((always_inline)) enum wl_status
flow_consume(struct flow_loop *f, struct ring *r, uint64_t key, const bool direct, const bool two)
{
	struct wl_worker *w = f->w;
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): every consumer has a ring */
	uint64_t number = r->tail, stamp = 0;
	unsigned bad;
	char *obj, *data = NULL;

	if (__builtin_expect(!ring_ready(r), 0))
		return WL_BLOCKED;
	obj = ring_next(r);
	WL_TIME_IF(f->touch, w, WL_VISIT, {
		if (two)
			data = *flow_data(obj);
		stamp = flow_header_stamp(key, number, obj, data);
		bad = wl_stamp_read(obj, stamp, f->line, f->touch);
	});
	if (__builtin_expect(bad < f->touch && !f->aliases, 0))
		return flow_broken(f, number, obj, stamp, bad);
	if (two) {
		stamp = wl_stamp(key, number, data);
		WL_TIME_IF(f->data_touch, w, WL_VISIT,
			   bad = wl_stamp_read(data, stamp, f->line, f->data_touch));
		if (__builtin_expect(bad < f->data_touch, 0))
			return flow_broken(f, number, data, stamp, bad);
		WL_TIME(w, WL_FREE, seam_free(&f->data, data, direct));
	}
	ring_drop(r);
	WL_TIME(w, WL_FREE, seam_free(&f->header, obj, direct));
	return WL_DONE;
}

/* @direct, @two (header and data), @put and @take (what this worker does) are constants of each instance. */
static inline __attribute__((always_inline)) enum wl_status
flow_loop(struct wl_env *env, struct wl_worker *w, uint64_t n, uint64_t *done, const bool direct,
	  const bool two, const bool put, const bool take)
{
	const struct flow_env *fe = env->priv;
	const struct flow_worker fw = *(const struct flow_worker *)w->priv;
	struct flow_loop f = { .w = w,
			       .header = env->cache[0],
			       .data = env->cache[two ? 1 : 0],
			       .line = fe->line,
			       .touch = fe->touch,
			       .data_touch = fe->data_touch,
			       .aliases = fe->aliases };
	enum wl_status status = WL_DONE;
	uint64_t k;

	for (k = 0; k < n; k++) {
		/* half an operation is none */
		if (put && take && __builtin_expect(!ring_ready(fw.in), 0))
			status = WL_BLOCKED;
		else if (put)
			status = flow_produce(&f, fw.out, fw.key, direct, two);
		if (status == WL_DONE && take)
			status = flow_consume(&f, fw.in, fw.in_key, direct, two);
		if (__builtin_expect(status != WL_DONE, 0))
			break;
	}
	w->ops += k;
	*done = k;
	return status;
}

static inline __attribute__((always_inline)) enum wl_status
flow_step(struct wl_env *env, struct wl_worker *w, uint64_t n, uint64_t *done, const bool direct)
{
	const struct flow_worker *fw = w->priv;
	bool two = env->nr_caches > 1;

#define LOOP(put, take)                                              \
	(two ? flow_loop(env, w, n, done, direct, true, put, take) : \
	       flow_loop(env, w, n, done, direct, false, put, take))
	if (fw->in && fw->out)
		return LOOP(true, true);
	return fw->out ? LOOP(true, false) : LOOP(false, true);
#undef LOOP
}

enum wl_status WL_STEP(flow_step_table)(struct wl_env *env, struct wl_worker *w, uint64_t n,
					uint64_t *done)
{
	return flow_step(env, w, n, done, false);
}

enum wl_status WL_STEP(flow_step_direct)(struct wl_env *env, struct wl_worker *w, uint64_t n,
					 uint64_t *done)
{
	return flow_step(env, w, n, done, true);
}
