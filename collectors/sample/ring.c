/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records out of a perf ring buffer: see ring.h. */
#include "collectors/sample/ring.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* In the order in which the kernel writes them. Each takes 8 bytes. */
static const struct {
	uint64_t bit;
	size_t offset; /* in struct sample */
	size_t bytes;  /* of the 8: both IDs of a pair, or the CPU without what is reserved */
} fields[] = {
	{ PERF_SAMPLE_IP, offsetof(struct sample, ip), 8 },
	{ PERF_SAMPLE_TID, offsetof(struct sample, pid), 8 },
	{ PERF_SAMPLE_TIME, offsetof(struct sample, time), 8 },
	{ PERF_SAMPLE_ADDR, offsetof(struct sample, addr), 8 },
	{ PERF_SAMPLE_CPU, offsetof(struct sample, cpu), 4 },
	{ PERF_SAMPLE_PERIOD, offsetof(struct sample, period), 8 },
	{ PERF_SAMPLE_WEIGHT, offsetof(struct sample, weight), 8 },
	{ PERF_SAMPLE_DATA_SRC, offsetof(struct sample, data_src), 8 },
	{ PERF_SAMPLE_PHYS_ADDR, offsetof(struct sample, phys), 8 },
	{ PERF_SAMPLE_DATA_PAGE_SIZE, offsetof(struct sample, page_size), 8 },
};
#define NR_FIELDS (sizeof(fields) / sizeof(fields[0]))

_Static_assert(offsetof(struct sample, tid) == offsetof(struct sample, pid) + 4,
	       "pid and tid are one field of the kernel's");

/* The longest record that is looked into; longer ones are skipped by their length. */
#define RECORD_MAX (sizeof(struct perf_event_header) + 8 * NR_FIELDS)

size_t sample_bytes(uint64_t sample_type)
{
	size_t n = 0;

	for (size_t i = 0; i < NR_FIELDS; i++)
		if (sample_type & fields[i].bit) {
			sample_type &= ~fields[i].bit;
			n += 8;
		}
	return sample_type ? 0 : n;
}

/* @len bytes from position @at on, around the end. */
static void copy_out(const struct sample_reader *r, uint64_t at, void *to, size_t len)
{
	size_t from = (size_t)(at & (r->size - 1)), first = r->size - from;

	if (first > len)
		first = len;
	memcpy(to, r->data + from, first);
	memcpy((uint8_t *)to + first, r->data, len - first);
}

static void decode(const struct sample_reader *r, const uint8_t *p, struct sample *s)
{
	memset(s, 0, sizeof(*s));
	for (size_t i = 0; i < NR_FIELDS; i++) {
		if (!(r->sample_type & fields[i].bit))
			continue;
		memcpy((uint8_t *)s + fields[i].offset, p, fields[i].bytes);
		p += 8;
	}
}

/* What @r's next record is, without its contents: 0, or -1 when there is none that can be. */
static int next_header(struct sample_reader *r, struct perf_event_header *h)
{
	uint64_t left = r->head - r->tail;

	if (!left)
		return -1;
	if (left > r->size || left < sizeof(*h))
		goto malformed;
	copy_out(r, r->tail, h, sizeof(*h));
	if (h->size < sizeof(*h) || h->size > left)
		goto malformed;
	return 0;
malformed:
	r->malformed++;
	r->tail = r->head;
	return -1;
}

/* PERF_RECORD_LOST says which event and how many, PERF_RECORD_LOST_SAMPLES how many. */
static void count_lost(struct sample_reader *r, const struct perf_event_header *h,
		       const uint8_t *record)
{
	size_t at = sizeof(*h) + (h->type == PERF_RECORD_LOST ? 8 : 0);
	uint64_t n;

	if (h->size < at + sizeof(n)) {
		r->malformed++;
		return;
	}
	memcpy(&n, record + at, sizeof(n));
	r->lost = n > UINT64_MAX - r->lost ? UINT64_MAX : r->lost + n;
}

int sample_next(struct sample_reader *r, struct sample *s)
{
	size_t need = sizeof(struct perf_event_header) + sample_bytes(r->sample_type);
	uint8_t record[RECORD_MAX];
	struct perf_event_header h;

	while (!next_header(r, &h)) {
		copy_out(r, r->tail, record, h.size < RECORD_MAX ? h.size : RECORD_MAX);
		r->tail += h.size;
		switch (h.type) {
		case PERF_RECORD_SAMPLE:
			if (h.size < need) {
				r->malformed++;
				break;
			}
			decode(r, record + sizeof(h), s);
			return 1;
		case PERF_RECORD_LOST:
		case PERF_RECORD_LOST_SAMPLES:
			count_lost(r, &h, record);
			break;
		case PERF_RECORD_THROTTLE:
			r->throttled++;
			break;
		default:
			r->other++;
		}
	}
	return 0;
}

/* ---- mapped ---- */

int sample_ring_map(struct sample_ring *r, const struct perf_sys *sys, int fd, size_t bytes,
		    uint64_t sample_type)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int error = EINVAL;

	memset(r, 0, sizeof(*r));
	if (bytes < page)
		bytes = page;
	for (; bytes >= page; bytes /= 2) {
		errno = 0;
		r->page = sys->mmap(page + bytes, PROT_READ | PROT_WRITE, fd);
		if (r->page)
			break;
		error = errno ? errno : ENOMEM;
		if (error != EPERM && error != ENOMEM)
			break;
	}
	if (!r->page)
		return -error;
	r->sys = sys;
	r->fd = fd;
	r->page_bytes = page;
	r->data_bytes = bytes;
	r->sample_type = sample_type;
	return 0;
}

void sample_ring_read(const struct sample_ring *r, struct sample_reader *out)
{
	*out = (struct sample_reader){
		.data = (const uint8_t *)r->page + r->page_bytes,
		.size = r->data_bytes,
		/* what lies before head was written before head was */
		.head = __atomic_load_n(&r->page->data_head, __ATOMIC_ACQUIRE),
		.tail = r->page->data_tail,
		.sample_type = r->sample_type,
	};
}

void sample_ring_done(struct sample_ring *r, const struct sample_reader *done)
{
	__atomic_store_n(&r->page->data_tail, done->tail, __ATOMIC_RELEASE);
}

void sample_ring_unmap(struct sample_ring *r)
{
	if (r->page)
		r->sys->munmap(r->page, r->page_bytes + r->data_bytes);
	r->page = NULL;
}
