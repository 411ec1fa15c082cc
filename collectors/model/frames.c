/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The frame map: see frames.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collectors/model/frames.h"
#include "lib/hostfs.h"
#include "lib/rng.h"

#define HUGE_SIZE (UINT64_C(2) << 20)
#define FEISTEL_ROUNDS 6

/* ---- numbers to dense numbers ---- */

static uint32_t head_of(const struct frames_map *m, uint64_t key)
{
	return (uint32_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 40) & (m->heads - 1);
}

static uint32_t map_find(const struct frames_map *m, uint64_t key)
{
	uint32_t i = m->heads ? m->head[head_of(m, key)] : FRAMES_NONE;

	while (i != FRAMES_NONE && m->key[i] != key)
		i = m->next[i];
	return i;
}

static int map_grow(struct frames_map *m)
{
	uint32_t room = m->room ? m->room * 2 : 256;
	uint64_t *key = realloc(m->key, room * sizeof(*key));
	uint32_t *next, *head;

	if (key)
		m->key = key;
	next = realloc(m->next, room * sizeof(*next));
	if (next)
		m->next = next;
	head = malloc(room * sizeof(*head));
	if (!key || !next || !head) {
		free(head);
		return -ENOMEM;
	}
	free(m->head);
	m->head = head;
	m->room = m->heads = room;
	memset(head, 0xff, room * sizeof(*head));
	/* only called with no number free, so all of them are in use */
	for (uint32_t i = 0; i < m->nr; i++) {
		uint32_t h = head_of(m, m->key[i]);

		m->next[i] = m->head[h];
		m->head[h] = i;
	}
	return 0;
}

/* There is room, and the key is not there. */
static uint32_t map_add(struct frames_map *m, uint64_t key)
{
	uint32_t i = m->free, h = head_of(m, key);

	if (i != FRAMES_NONE)
		m->free = m->next[i];
	else
		i = m->nr++;
	m->key[i] = key;
	m->next[i] = m->head[h];
	m->head[h] = i;
	return i;
}

static void map_del(struct frames_map *m, uint32_t dense)
{
	uint32_t *at = &m->head[head_of(m, m->key[dense])];

	while (*at != dense)
		at = &m->next[*at];
	*at = m->next[dense];
	m->next[dense] = m->free;
	m->free = dense;
}

/* Room for one more in the map and in the array beside it. */
static int make_room(struct frames_map *m, void *array, size_t size)
{
	void **a = array;
	void *p;
	int rc;

	if (m->nr < m->room || m->free != FRAMES_NONE)
		return 0;
	p = realloc(*a, (m->room ? (size_t)m->room * 2 : 256) * size);
	if (!p)
		return -ENOMEM;
	*a = p;
	rc = map_grow(m);
	return rc;
}

static void map_fini(struct frames_map *m)
{
	free(m->key);
	free(m->next);
	free(m->head);
}

/* ---- the order of frames ---- */

uint64_t frames_permute(uint64_t seed, uint64_t k, unsigned bits)
{
	unsigned half = bits / 2;
	uint64_t mask = (UINT64_C(1) << half) - 1, left = k >> half & mask, right = k & mask;

	for (unsigned round = 0; round < FEISTEL_ROUNDS; round++) {
		uint64_t state = seed ^ (right << 8 | round) * UINT64_C(0xd6e8feb86659fd93);
		uint64_t mixed = left ^ (rng_splitmix64(&state) & mask);

		left = right;
		right = mixed;
	}
	return (k >> (2 * half)) << (2 * half) | left << half | right;
}

/* The next frame of a node, of 2^shift base frames. Nodes have ranges of their own. */
static uint64_t draw(struct frames *f, unsigned node, unsigned shift)
{
	unsigned bits = (FRAMES_NODE_BITS - shift) / 2 * 2;
	uint64_t k = f->drawn[node]++, state = f->seed + node * UINT64_C(0x632be59bd9b4e019), n;

	n = f->kind == SIM_HUGETLB ? k : frames_permute(rng_splitmix64(&state), k, bits);
	return ((n >> bits) * MT_NODES + node) << bits | (n & ((UINT64_C(1) << bits) - 1));
}

/* ---- the real one ---- */

static int pagemap_frame(const struct frames *f, uint64_t page, uint64_t *frame)
{
	uint64_t entry;
	ssize_t n = pread(f->fd, &entry, sizeof(entry), (off_t)(page * sizeof(entry)));

	if (n != (ssize_t)sizeof(entry))
		return n < 0 ? -errno : -ENODATA;
	if (!(entry >> 63))
		return -ENODATA;
	*frame = entry & ((UINT64_C(1) << 55) - 1);
	return *frame ? 0 : -EPERM;
}

static int pagemap_open(struct frames *f, struct err *e)
{
	static const char what[] = "frames=pagemap: ";
	struct hostfs h;
	char path[4096];
	uint64_t frame;
	volatile char here = 0;
	int rc;

	if (f->page_size != (uint64_t)sysconf(_SC_PAGESIZE))
		return err_set(e, -EINVAL,
			       "%sthe target's pages have %llu bytes, this machine's %ld", what,
			       (unsigned long long)f->page_size, sysconf(_SC_PAGESIZE));
	hostfs_init(&h);
	rc = hostfs_path(&h, path, sizeof(path), "/proc/self/pagemap");
	if (rc)
		return err_set(e, rc, "%sthe path is too long", what);
	f->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (f->fd < 0) {
		rc = -errno;
		return err_set(e, rc, "%scannot open /proc/self/pagemap: %s", what, strerror(-rc));
	}
	/* this function's own page is in memory, so it must have a frame */
	rc = pagemap_frame(f, (uintptr_t)&here / f->page_size, &frame);
	if (rc == -EPERM)
		return err_set(e, rc,
			       "%s/proc/self/pagemap reads 0 for every frame: it takes "
			       "CAP_SYS_ADMIN (run as root, or use frames=random)",
			       what);
	if (rc)
		return err_set(e, rc, "%s/proc/self/pagemap says nothing of a page that is in use",
			       what);
	return 0;
}

/* ---- */

int frames_init(struct frames *f, const struct sim_options *o, uint64_t page_size, unsigned nodes,
		struct err *e)
{
	*f = (struct frames){ .kind = o->frames,
			      .seed = o->seed,
			      .page_size = page_size,
			      .nodes = nodes,
			      .node_of = o->node_of,
			      .arg = o->arg,
			      .fd = -1 };
	f->map.free = f->huge_map.free = FRAMES_NONE;
	if (!page_size || page_size & (page_size - 1))
		return err_set(e, -EINVAL, "a page of %llu bytes is no power of two",
			       (unsigned long long)page_size);
	if (f->kind == SIM_THP || f->kind == SIM_HUGETLB) {
		if (page_size > HUGE_SIZE)
			return err_set(e, -EINVAL,
				       "frames=%s has 2 MiB frames, the target's pages are larger",
				       sim_frames_names[f->kind]);
		f->huge_shift = (unsigned)__builtin_ctzll(HUGE_SIZE / page_size);
	}
	return f->kind == SIM_PAGEMAP ? pagemap_open(f, e) : 0;
}

void frames_fini(struct frames *f)
{
	map_fini(&f->map);
	map_fini(&f->huge_map);
	free(f->page);
	free(f->huge);
	if (f->fd > 0)
		close(f->fd);
	*f = (struct frames){ .fd = -1 };
}

static unsigned ask_node(const struct frames *f, uint64_t addr, unsigned cpu, unsigned node)
{
	if (f->node_of)
		node = f->node_of(f->arg, addr, cpu);
	return node < f->nodes ? node : node % f->nodes;
}

static uint32_t touch_huge(struct frames *f, uint64_t number, unsigned cpu, unsigned node)
{
	uint32_t i = map_find(&f->huge_map, number);

	if (i == FRAMES_NONE) {
		if (make_room(&f->huge_map, &f->huge, sizeof(*f->huge)))
			return FRAMES_NONE;
		node = ask_node(f, number * HUGE_SIZE, cpu, node);
		i = map_add(&f->huge_map, number);
		f->huge[i] = (struct frames_huge){ draw(f, node, f->huge_shift), node, 0 };
	}
	f->huge[i].pages++;
	return i;
}

static uint64_t base_frame(struct frames *f, uint64_t page, unsigned node)
{
	uint64_t frame = 0;

	if (f->kind == SIM_IDENTITY)
		return page;
	if (f->kind == SIM_PAGEMAP) {
		if (!pagemap_frame(f, page, &frame))
			return frame;
		f->unmapped++;
		return UINT64_C(1) << 55 | draw(f, node, 0); /* beyond what pagemap can say */
	}
	return draw(f, node, 0);
}

uint32_t frames_find(const struct frames *f, uint64_t page)
{
	return map_find(&f->map, page);
}

uint32_t frames_touch(struct frames *f, uint64_t page, unsigned cpu, unsigned node)
{
	struct frames_page p = { .page = page, .huge = FRAMES_NONE };
	uint32_t i = map_find(&f->map, page);

	if (i != FRAMES_NONE)
		return i;
	if (make_room(&f->map, &f->page, sizeof(*f->page)))
		return FRAMES_NONE;
	if (f->huge_shift) {
		uint64_t low = (UINT64_C(1) << f->huge_shift) - 1;

		p.huge = touch_huge(f, page >> f->huge_shift, cpu, node);
		if (p.huge == FRAMES_NONE)
			return FRAMES_NONE;
		p.frame = f->huge[p.huge].frame << f->huge_shift | (page & low);
		p.node = f->huge[p.huge].node;
	} else {
		p.node = ask_node(f, page * f->page_size, cpu, node);
		p.frame = base_frame(f, page, p.node);
	}
	i = map_add(&f->map, page);
	f->page[i] = p;
	return i;
}

void frames_forget(struct frames *f, uint32_t dense)
{
	uint32_t huge = f->page[dense].huge;

	map_del(&f->map, dense);
	if (huge != FRAMES_NONE && !--f->huge[huge].pages)
		map_del(&f->huge_map, huge);
}
