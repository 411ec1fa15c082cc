/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_SAMPLE_RING_H
#define SLABSCOPE_SAMPLE_RING_H

/*
 * Records out of a perf ring buffer.
 *
 *	data[]      a power of two of bytes, written round and round
 *	head        bytes ever written, by the kernel     } positions in data[]
 *	tail        bytes ever read, by us                } modulo its size
 *
 * Each record begins with its type and length, and may wrap at the end of data[]. Lengths are the
 * kernel's word and are checked all the same: what cannot be is counted and the rest is dropped,
 * since nothing says where the next record begins.
 *
 * Fields of a sample stand in the order of their bits in sample_type (with exceptions at the upper
 * end): IP, TID, TIME, ADDR, CPU, PERIOD, WEIGHT, DATA_SRC, PHYS_ADDR, DATA_PAGE_SIZE are known here.
 *
 * sample_ring_* opens, maps and empties one; sample_reader_* is the decoder alone.
 */

#include <stddef.h>
#include <stdint.h>

#include "collectors/perf/sys.h"

struct sample {
	uint64_t ip, time, addr, phys, weight, data_src, page_size, period; /* 0: not asked for */
	uint32_t pid, tid, cpu;
};

struct sample_reader {
	const uint8_t *data;
	uint64_t size; /* power of two */
	uint64_t head, tail;
	uint64_t sample_type;
	uint64_t lost;	    /* records that the kernel had no room for */
	uint64_t throttled; /* times that it stopped sampling for a while */
	uint64_t other;	    /* records of other types */
	uint64_t malformed; /* records that cannot be; the rest behind one is lost */
};

/* Bytes that a sample of @sample_type has behind its header; 0: a field that is not known here. */
size_t sample_bytes(uint64_t sample_type);

/* 1 and the next sample in @s; 0 at the end. */
int sample_next(struct sample_reader *r, struct sample *s);

struct sample_ring {
	const struct perf_sys *sys;
	int fd;
	struct perf_event_mmap_page *page; /* NULL: not mapped */
	size_t page_bytes, data_bytes;
	uint64_t sample_type;
};

/* Map the ring of @fd with @bytes of data, or half of it, and so on down to a page, where the limit on
 * locked memory forbids more. 0 or -errno. */
int sample_ring_map(struct sample_ring *r, const struct perf_sys *sys, int fd, size_t bytes,
		    uint64_t sample_type);
/* A reader of what is there now. The ring is full until sample_ring_done() says how far it was read. */
void sample_ring_read(const struct sample_ring *r, struct sample_reader *out);
void sample_ring_done(struct sample_ring *r, const struct sample_reader *done);
void sample_ring_unmap(struct sample_ring *r); /* harmless on a zeroed one */

#endif
