/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records of the binary trace, both ways. The writing half runs in the middle of a modelled trial,
 * where memcpy() is a hook: bytes are stored one by one, which compilers make one store of.
 */
#include "collectors/model/trace_bin.h"

#include <string.h>

static const char magic[8] = { 's', 'l', 'a', 'b', 't', 'r', 'c', '\n' };

#define CUT "truncated"
#define ADDR_LOW ((UINT64_C(1) << 48) - 1)

static uint64_t get_word(const unsigned char *p, int bytes)
{
	uint64_t v = 0;

	while (bytes--)
		v = v << 8 | p[bytes];
	return v;
}

static int put_word(unsigned char *p, uint64_t v, int bytes)
{
	for (int i = 0; i < bytes; i++)
		p[i] = (unsigned char)(v >> 8 * i);
	return bytes;
}

static int refuse(const char **why, const char *text)
{
	*why = text;
	return -1;
}

/* ---- header ---- */

bool trace_bin_is(const unsigned char *p, size_t len)
{
	return len >= sizeof(magic) && !memcmp(p, magic, sizeof(magic));
}

int trace_bin_begin(struct trace_bin *b, const unsigned char *p, size_t len, const char **why)
{
	uint64_t encoding;

	*b = (struct trace_bin){ .addr = 0 };
	if (len && len < sizeof(magic) && !memcmp(p, magic, len))
		return refuse(why, CUT " in the header");
	if (!trace_bin_is(p, len))
		return refuse(why, "not a binary trace of slabscope");
	if (len < TRACE_HEADER)
		return refuse(why, CUT " in the header");
	if (get_word(p + 8, 4) != TRACE_VERSION)
		return refuse(why, "a version that this program does not read (it reads 1)");
	encoding = get_word(p + 12, 4);
	if (encoding > TRACE_ENC_PACKED)
		return refuse(why, "an encoding that this program does not know");
	b->encoding = (enum trace_encoding)encoding;
	return TRACE_HEADER;
}

int trace_bin_header(struct trace_bin *b, enum trace_encoding encoding, unsigned char *p)
{
	*b = (struct trace_bin){ .encoding = encoding };
	for (unsigned i = 0; i < sizeof(magic); i++)
		p[i] = (unsigned char)magic[i];
	put_word(p + 8, TRACE_VERSION, 4);
	put_word(p + 12, encoding, 4);
	return TRACE_HEADER;
}

/* ---- words ---- */

#define SIZE_LONG 127u

static int check(const struct trace_ref *ref, const char **why)
{
	if (!ref->size || ref->size > TRACE_SIZE_MAX)
		return refuse(why, "a size of more than 16777216");
	if (ref->addr > UINT64_MAX - (ref->size - 1))
		return refuse(why, "an access beyond the end of the address space");
	return 0;
}

static int words_get(struct trace_bin *b, const unsigned char *p, size_t len, struct trace_ref *ref,
		     const char **why)
{
	uint64_t w, more;

	if (len < 8)
		return refuse(why, len ? CUT " within a record" : CUT ": no end mark");
	w = get_word(p, 8);
	ref->addr = w & ADDR_LOW;
	ref->size = (uint32_t)(w >> 48 & SIZE_LONG);
	ref->write = w >> 55 & 1;
	ref->cpu = (uint16_t)(w >> 56);
	if (!ref->size) {
		if (ref->addr != (b->count & ADDR_LOW) || w >> 48)
			return refuse(why, "an end mark with another number of records");
		b->ended = true;
		return 8;
	}
	if (ref->size < SIZE_LONG)
		return 8;
	if (len < 16)
		return refuse(why, CUT " within a record");
	more = get_word(p + 8, 8);
	if (more >> 48)
		return refuse(why, "a second word with bits that must be 0");
	ref->size = (uint32_t)more;
	ref->addr |= more >> 32 << 48;
	return check(ref, why) ? -1 : 16;
}

static int words_put(unsigned char *p, const struct trace_ref *ref)
{
	bool is_long = ref->size >= SIZE_LONG || ref->addr > ADDR_LOW;
	uint64_t size = is_long ? SIZE_LONG : ref->size;
	int n;

	n = put_word(p,
		     (ref->addr & ADDR_LOW) | size << 48 | (uint64_t)ref->write << 55 |
			     (uint64_t)ref->cpu << 56,
		     8);
	if (is_long)
		n += put_word(p + 8, ref->size | ref->addr >> 48 << 32, 8);
	return n;
}

/* ---- packed ---- */

/* Bytes used, 0 where @len ends within the number, -1 where it has more than 64 bits. */
static int leb_get(const unsigned char *p, size_t len, uint64_t *v)
{
	*v = 0;
	for (unsigned i = 0; i < 10; i++) {
		if (i == len)
			return 0;
		if (i == 9 && p[i] > 1)
			return -1;
		*v |= (uint64_t)(p[i] & 127) << 7 * i;
		if (!(p[i] & 128))
			return (int)i + 1;
	}
	return -1;
}

static int leb_put(unsigned char *p, uint64_t v)
{
	int n = 0;

	for (; v > 127; v >>= 7)
		p[n++] = (unsigned char)(v | 128);
	p[n++] = (unsigned char)v;
	return n;
}

static uint64_t zigzag(uint64_t d)
{
	return d << 1 ^ (d >> 63 ? UINT64_MAX : 0);
}

static uint64_t unzigzag(uint64_t z)
{
	return z >> 1 ^ (z & 1 ? UINT64_MAX : 0);
}

/* One number at @p + *@at. 0, or -1 and why. */
static int leb_next(const unsigned char *p, size_t len, int *at, uint64_t *v, const char **why)
{
	int n = leb_get(p + *at, len - (size_t)*at, v);

	if (n <= 0)
		return refuse(why, n ? "a number of more than 64 bits" : CUT " within a record");
	*at += n;
	return 0;
}

/* Size and CPU, or the end mark's number. */
static int packed_tail(struct trace_bin *b, const unsigned char *p, size_t len, int *at,
		       const char **why)
{
	uint64_t size, cpu;

	if (leb_next(p, len, at, &size, why) || leb_next(p, len, at, &cpu, why))
		return -1;
	if (!size && cpu != b->count)
		return refuse(why, "an end mark with another number of records");
	if (!size) {
		b->ended = true;
		return 0;
	}
	if (size > TRACE_SIZE_MAX)
		return refuse(why, "a size of more than 16777216");
	if (cpu > TRACE_CPU_MAX)
		return refuse(why, "a CPU above 255");
	b->size = (uint32_t)size;
	b->cpu = (uint16_t)cpu;
	return 0;
}

static int packed_get(struct trace_bin *b, const unsigned char *p, size_t len,
		      struct trace_ref *ref, const char **why)
{
	uint64_t z, more;
	int at = 1;

	if (!len)
		return refuse(why, CUT ": no end mark");
	z = p[0] >> 2 & 31;
	if (p[0] & 128) {
		if (leb_next(p, len, &at, &more, why))
			return -1;
		if (more >> 59)
			return refuse(why, "a number of more than 64 bits");
		z |= more << 5;
	}
	if (p[0] & 2 && packed_tail(b, p, len, &at, why))
		return -1;
	if (b->ended)
		return at;
	if (!b->size)
		return refuse(why, "the first record has no size");
	b->addr += unzigzag(z);
	ref->addr = b->addr;
	ref->size = b->size;
	ref->cpu = b->cpu;
	ref->write = p[0] & 1;
	return check(ref, why) ? -1 : at;
}

static int packed_put(struct trace_bin *b, unsigned char *p, const struct trace_ref *ref)
{
	uint64_t z = zigzag(ref->addr - b->addr);
	bool other = ref->size != b->size || ref->cpu != b->cpu;
	int n = 1;

	p[0] = (unsigned char)(ref->write | other << 1 | (z & 31) << 2 | (z > 31) << 7);
	if (z > 31)
		n += leb_put(p + n, z >> 5);
	if (other) {
		n += leb_put(p + n, ref->size);
		n += leb_put(p + n, ref->cpu);
	}
	b->addr = ref->addr;
	b->size = ref->size;
	b->cpu = ref->cpu;
	return n;
}

/* ---- either ---- */

int trace_bin_get(struct trace_bin *b, const unsigned char *p, size_t len, struct trace_ref *ref,
		  const char **why)
{
	int n = b->encoding == TRACE_ENC_PACKED ? packed_get(b, p, len, ref, why) :
						  words_get(b, p, len, ref, why);

	if (n > 0 && !b->ended)
		b->count++;
	return n;
}

int trace_bin_put(struct trace_bin *b, unsigned char *p, const struct trace_ref *ref)
{
	b->count++;
	return b->encoding == TRACE_ENC_PACKED ? packed_put(b, p, ref) : words_put(p, ref);
}

int trace_bin_end(const struct trace_bin *b, unsigned char *p)
{
	int n = 1;

	if (b->encoding != TRACE_ENC_PACKED)
		return put_word(p, b->count & ADDR_LOW, 8);
	p[0] = 2;
	n += leb_put(p + n, 0);
	return n + leb_put(p + n, b->count);
}
