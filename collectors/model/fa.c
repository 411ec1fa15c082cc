/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fully associative LRU: see fa.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/model/fa.h"

static uint32_t *head_of(const struct fa *f, uint32_t tag)
{
	return &f->head[(tag * UINT32_C(0x9e3779b1) >> 7) & (f->heads - 1)];
}

int fa_init(struct fa *f, uint32_t room)
{
	*f = (struct fa){ .room = room, .heads = 16 };
	while (f->heads < room)
		f->heads *= 2;
	f->node = calloc((size_t)room + 1, sizeof(*f->node));
	f->head = calloc(f->heads, sizeof(*f->head)); /* 0: nothing; nodes are from 1 */
	if (!f->node || !f->head) {
		fa_fini(f);
		return -ENOMEM;
	}
	return 0;
}

void fa_fini(struct fa *f)
{
	free(f->node);
	free(f->head);
	*f = (struct fa){ 0 };
}

static void list_out(struct fa *f, uint32_t i)
{
	struct fa_node *n = f->node;

	n[n[i].newer].older = n[i].older;
	n[n[i].older].newer = n[i].newer;
}

static void list_front(struct fa *f, uint32_t i)
{
	struct fa_node *n = f->node;

	n[i].newer = 0;
	n[i].older = n[0].older;
	n[n[0].older].newer = i;
	n[0].older = i;
}

static uint32_t find(const struct fa *f, uint32_t tag)
{
	uint32_t i = *head_of(f, tag);

	while (i && f->node[i].tag != tag)
		i = f->node[i].hash_next;
	return i;
}

static void take_out(struct fa *f, uint32_t i)
{
	uint32_t *at = head_of(f, f->node[i].tag);

	while (*at != i)
		at = &f->node[*at].hash_next;
	*at = f->node[i].hash_next;
	list_out(f, i);
}

bool fa_access(struct fa *f, uint32_t tag)
{
	uint32_t i, *head;

	if (f->nr && f->node[f->node[0].older].tag == tag)
		return true;
	i = find(f, tag);
	if (i) {
		list_out(f, i);
		list_front(f, i);
		return true;
	}
	if (f->free) {
		i = f->free;
		f->free = f->node[i].hash_next;
		f->nr++;
	} else if (f->nr < f->room) {
		i = ++f->nr;
	} else {
		i = f->node[0].newer; /* the oldest: the list is a ring */
		take_out(f, i);
	}
	head = head_of(f, tag);
	f->node[i].tag = tag;
	f->node[i].hash_next = *head;
	*head = i;
	list_front(f, i);
	return false;
}

void fa_remove(struct fa *f, uint32_t tag)
{
	uint32_t i = find(f, tag);

	if (!i)
		return;
	take_out(f, i);
	f->node[i].hash_next = f->free;
	f->free = i;
	f->nr--;
}
