/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_MODEL_FA_H
#define SLABSCOPE_MODEL_FA_H

/*
 * A fully associative LRU store of any size: TLBs of more than 16 ways, and the twins that tell capacity from conflict.
 *
 * No list: each use is written to a log, and a tag knows the place of its last use in it. An older entry of the same tag
 * is then stale. What has to go is found at the log's old end, behind stale entries; a log that is full is written
 * anew without them. So a use costs two stores, and each entry is passed over once.
 *
 * Tags are dense numbers: what is kept by tag is an array that grows.
 */

#include <stdbool.h>
#include <stdint.h>

/* A word by tag: its place in the log + 1, 0: it is not in the store; and two marks that stay when it has gone. */
#define FA_PLACE UINT32_C(0x3fffffff)
#define FA_SEEN UINT32_C(0x40000000)  /* it was in the store at some time */
#define FA_TAKEN UINT32_C(0x80000000) /* the caller's; a use clears it */

struct fa {
	uint32_t *at;	     /* [tags] */
	uint32_t *log;	     /* [log_room] */
	uint32_t head, tail; /* the next use, the oldest that may count */
	uint32_t nr, room;   /* tags in the store */
	uint32_t tags, log_room;
};

int fa_init(struct fa *f, uint32_t room); /* -ENOMEM */
void fa_fini(struct fa *f);
void fa_remove(struct fa *f, uint32_t tag);

/* Room for the tag's word. 0 or -ENOMEM. */
int fa_grow(struct fa *f, uint32_t tag);
/* The log is full: without what is stale it is not. */
void fa_pack(struct fa *f);
/* One too many: the oldest goes. */
void fa_evict(struct fa *f);

/*
 * Look @tag up: the word that it had; it is the newest afterwards, and the oldest has gone if there was no room.
 * There is memory for it (fa_grow()).
 */
static inline uint32_t fa_use(struct fa *f, uint32_t tag)
{
	uint32_t was;

	if (__builtin_expect(f->head == f->log_room, 0))
		fa_pack(f);
	was = f->at[tag];
	f->log[f->head++] = tag;
	f->at[tag] = f->head | FA_SEEN;
	if (!(was & FA_PLACE) && ++f->nr > f->room)
		fa_evict(f);
	return was;
}

/* @tag's word will be needed soon. */
static inline void fa_ask(const struct fa *f, uint32_t tag)
{
	if (tag < f->tags)
		__builtin_prefetch(&f->at[tag], 1);
}

/* The common case by itself: 1: it was there, and is the newest now. 0: nothing was done, fa_access() knows. */
static inline bool fa_hit(struct fa *f, uint32_t tag)
{
	if (tag >= f->tags || !(f->at[tag] & FA_PLACE) || f->head == f->log_room)
		return false;
	f->log[f->head++] = tag;
	f->at[tag] = f->head | FA_SEEN;
	return true;
}

/* The same for any tag. 1: it was there. */
static inline bool fa_access(struct fa *f, uint32_t tag)
{
	if (__builtin_expect(tag >= f->tags, 0) && fa_grow(f, tag))
		return false;
	return fa_use(f, tag) & FA_PLACE;
}

#endif
