/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_MODEL_TRACE_H
#define SLABSCOPE_MODEL_TRACE_H

/*
 * Address traces: readers and writers of three formats. Memory is one buffer, however long the
 * trace. docs/formats.md has the layouts.
 *
 *	din	text, Dinero's: "LABEL ADDR [SIZE [CPU]]", label 0 or r load, 1 or w store, 2 or i fetch
 *		(skipped); all numbers but the CPU hexadecimal. Without a size: 1, the line of ADDR
 *	lackey	text, valgrind --tool=lackey --trace-mem=yes: " L addr,size", " S ", " M " (load and
 *		store), "I  " (skipped); lines of valgrind's own ("==", "--") are skipped
 *	bin	our own: a header of 16 bytes, then records as words of 8 bytes or delta-packed; an
 *		end mark with the number of records, so that a file that was cut off is noticed
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/err.h"

enum trace_format { TRACE_AUTO, TRACE_DIN, TRACE_LACKEY, TRACE_BIN, TRACE_WORDS };
/* "auto", "din", "lackey", "bin", "words", NULL. To a reader bin and words are the same. */
extern const char *const trace_format_names[];

#define TRACE_SIZE_MAX (16u << 20) /* bytes of one access */
#define TRACE_CPU_MAX 255u
#define TRACE_VERSION 1u

struct trace_ref {
	uint64_t addr;
	uint32_t size;
	uint16_t cpu;
	bool write;
};

struct trace_reader;

/* Open @path ("-": standard input); the format is guessed with TRACE_AUTO. */
int trace_open(struct trace_reader **r, const char *path, enum trace_format format, struct err *e);
/* The same from a stream, which stays the caller's; @name is for messages. */
int trace_open_stream(struct trace_reader **r, FILE *f, const char *name, enum trace_format format,
		      struct err *e);
/* Up to @most (>= 2) accesses. Returns how many, 0 at the end, or -EINVAL with "NAME: line L, column
 * C: ..." or "NAME: offset N: ...", -EIO. After a failure it fails again. */
long trace_read(struct trace_reader *r, struct trace_ref *ref, size_t most, struct err *e);
/* Which format it is, and how many instruction fetches were skipped until now. */
enum trace_format trace_reader_format(const struct trace_reader *r);
uint64_t trace_skipped(const struct trace_reader *r);
void trace_close(struct trace_reader *r);

struct trace_writer;

/*
 * Create @path ("-": standard output) in @format (TRACE_AUTO: bin). In din the fourth column stands
 * where the CPU is not 0; lackey has none and refuses accesses of other CPUs.
 */
int trace_writer_open(struct trace_writer **w, const char *path, enum trace_format format,
		      struct err *e);
/* One access: model_state.record's signature, @w is a struct trace_writer. Larger ones than
 * TRACE_SIZE_MAX become several. Calls nothing but write(2); an error is kept for the close. */
void trace_writer_put(void *w, unsigned cpu, uint64_t addr, unsigned size, int write);
uint64_t trace_writer_count(const struct trace_writer *w);
/* Write what is buffered and the end mark, close, free. 0, or what went wrong since the opening. */
int trace_writer_close(struct trace_writer *w, struct err *e);

#endif
