/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Traces of a slab allocator: lines of each recorder, addresses to slots, our own format, damage. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/file.h"
#include "lib/kmemtrace/count.h"
#include "lib/kmemtrace/event.h"
#include "lib/kmemtrace/live.h"
#include "lib/kmemtrace/pack.h"
#include "lib/kmemtrace/script.h"
#include "lib/rng.h"
#include "tests/temp_help.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static char dir[TEMP_MAX], path[TEMP_MAX + 16], other[TEMP_MAX + 16];

static int setup(void **state)
{
	(void)state;
	if (!temp_folder(dir, "kmemtrace"))
		return -1;
	snprintf(path, sizeof(path), "%s/trace", dir);
	snprintf(other, sizeof(other), "%s/other", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	unlink(other);
	return rmdir(dir);
}

/* ---- lines ---- */

static const struct {
	const char *line;
	enum kmem_event_type type;
	uint64_t ns, ptr, req, alloc;
	unsigned cpu;
	int node;
	const char *name, *site;
} lines[] = {
	/* perf script */
	{ "tar 8230 [001] 1796.658403672: kmem_cache_alloc: call_site=getname+0x24 ptr=0xffff888100f2e000 "
	  "name=names_cache bytes_req=4096 bytes_alloc=4096 gfp_flags=GFP_KERNEL node=-1 accounted=false",
	  KMEM_EVENT_ALLOC, 1796658403672, 0xffff888100f2e000, 4096, 4096, 1, -1, "names_cache",
	  "getname+0x24" },
	{ "  slabscope-trial  6933 [000] 24654.191869: kmem:kmem_cache_free: call_site=a+0x1 ptr=0xff name=x y",
	  KMEM_EVENT_FREE, 24654191869000, 0xff, 0, 0, 0, 0, "x y", "a+0x1" },
	/* a comm with everything in it */
	{ "a [7] b: kmem_cache_free: [x] 12 [003] 1.5: kfree: call_site=f ptr=0x10",
	  KMEM_EVENT_KFREE, 1500000000, 0x10, 0, 0, 3, 0, "", "f" },
	/* ftrace, a kernel that names no cache in allocations */
	{ "          <idle>-0       [015] d.s4.  1234.567890: kmem_cache_alloc: call_site=skb+0x2/0x30 "
	  "ptr=00000000deadbeef bytes_req=232 bytes_alloc=256 gfp_flags=GFP_ATOMIC|__GFP_ZERO node=3 accounted=true",
	  KMEM_EVENT_ALLOC, 1234567890000, 0xdeadbeef, 232, 256, 15, 3, "", "skb+0x2/0x30" },
	/* trace-cmd, an old kernel */
	{ "            bash-77    [000]    12.000001: kmem_cache_alloc_node: (f+0x1) call_site=ffffffff81 "
	  "ptr=0xffff0001 bytes_req=64 bytes_alloc=64 gfp_flags=GFP_KERNEL node=0",
	  KMEM_EVENT_ALLOC, 12000001000, 0xffff0001, 64, 64, 0, 0, "", "ffffffff81" },
	{ "sh 1 [000] 1.0: kmem_cache_free: call_site=f ptr=(nil) name=x\r", KMEM_EVENT_FREE,
	  1000000000, 0, 0, 0, 0, 0, "x", "f" },
	{ "CPU:1 [LOST 123 EVENTS]", KMEM_EVENT_LOST, 0, 0, 0, 0, 0, 0, "", "" },
	{ "# tracer: nop", KMEM_EVENT_NONE, 0, 0, 0, 0, 0, 0, "", "" },
	{ "", KMEM_EVENT_NONE, 0, 0, 0, 0, 0, 0, "", "" },
	{ "sh 1 [000] 1.0: kmalloc: call_site=f ptr=0x1 bytes_req=8 bytes_alloc=8", KMEM_EVENT_NONE,
	  1000000000, 0, 0, 0, 0, 0, "", "" },
	{ "sh 1 [000] 1: kmem_cache_free: ptr=0x1", KMEM_EVENT_NONE, 0, 0, 0, 0, 0, 0, "", "" },
};

static bool same_text(struct kmem_text t, const char *want)
{
	return t.len == strlen(want) && !memcmp(t.p ? t.p : "", want, t.len);
}

static void test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEN(lines); i++) {
		struct kmem_event ev;
		struct err e = { "" };

		if (kmem_event_parse(lines[i].line, strlen(lines[i].line), &ev, &e))
			fail_msg("%s: %s", lines[i].line, e.text);
		if (ev.type != lines[i].type)
			fail_msg("%s: type %d", lines[i].line, (int)ev.type);
		if (ev.type == KMEM_EVENT_LOST)
			assert_int_equal(ev.lost, 123);
		if (ev.type == KMEM_EVENT_NONE || ev.type == KMEM_EVENT_LOST)
			continue;
		assert_int_equal(ev.ns, lines[i].ns);
		assert_int_equal(ev.cpu, lines[i].cpu);
		assert_int_equal(ev.ptr, lines[i].ptr);
		assert_int_equal(ev.req, lines[i].req);
		assert_int_equal(ev.alloc, lines[i].alloc);
		assert_int_equal(ev.node, lines[i].node);
		assert_true(same_text(ev.name, lines[i].name));
		assert_true(same_text(ev.site, lines[i].site));
	}
}

static void test_bad_lines(void **state)
{
	static const char *const bad[] = {
		"s 1 [0] 1.0: kmem_cache_free: call_site=f",
		"s 1 [0] 1.0: kmem_cache_free: ptr=0xzz",
		"s 1 [0] 1.0: kmem_cache_free: ptr=0x11111111111111111",
		"s 1 [0] 1.0: kmem_cache_alloc: ptr=0x1",
		"s 1 [0] 1.0: kmem_cache_alloc: ptr=0x1 bytes_req=0 bytes_alloc=8",
		"s 1 [0] 1.0: kmem_cache_alloc: ptr=0x1 bytes_req=16 bytes_alloc=8",
		"s 1 [0] 1.0: kmem_cache_alloc: ptr=0x1 bytes_req=99999999999999999999 bytes_alloc=8",
		"s 1 [0] 1.0: kmem_cache_alloc: ptr=0x1 bytes_req=8 bytes_alloc=8 node=4000",
	};

	(void)state;
	for (size_t i = 0; i < LEN(bad); i++) {
		struct kmem_event ev;
		struct err e = { "" };

		assert_int_equal(kmem_event_parse(bad[i], strlen(bad[i]), &ev, &e), -EINVAL);
		assert_true(*e.text);
	}
}

/* ---- addresses ---- */

/* Against a plain array, with addresses that fall on each other. */
static void test_live(void **state)
{
	enum { N = 3000 };
	int64_t *slot = calloc(N, sizeof(*slot));
	struct live l = { .entry = NULL };
	struct rng rng;
	size_t live = 0, peak = 0;

	(void)state;
	rng_seed(&rng, 5);
	for (int i = 0; i < N; i++)
		slot[i] = -1;
	for (int step = 0; step < 60000; step++) {
		/* more and more, then fewer and fewer */
		uint64_t i = rng_below(&rng, N), ptr = (i % 50 << 40) + (i << 12) + 64;
		bool want = rng_below(&rng, 60000) > (uint64_t)step;
		uint32_t was;

		if (slot[i] >= 0)
			assert_int_equal(*live_find(&l, ptr), slot[i]);
		else
			assert_null(live_find(&l, ptr));
		if (want && slot[i] < 0) {
			slot[i] = live_add(&l, ptr);
			assert_true(slot[i] >= 0);
			peak = ++live > peak ? live : peak;
		} else if (!want) {
			assert_int_equal(live_remove(&l, ptr, &was), slot[i] >= 0);
			if (slot[i] >= 0) {
				assert_int_equal(was, slot[i]);
				live--;
			}
			slot[i] = -1;
		}
		assert_int_equal(l.nr, live);
		if (step % 1000 == 0)
			assert_true(live_check(&l));
	}
	assert_true(peak > 500);
	assert_int_equal(l.nr_slots, peak);
	live_fini(&l);
	free(slot);
}

/* ---- text into records ---- */

#define HEAD "sh 1 [00"
static const char text[] = HEAD
	"0] 1.000: kmem_cache_alloc: call_site=f ptr=0xa name=x bytes_req=8 bytes_alloc=8 node=-1\n" HEAD
	"1] 1.001: kmem_cache_alloc: call_site=f ptr=0xb name=y bytes_req=100 bytes_alloc=128 node=1\n" HEAD
	"1] 1.002: kmem_cache_free: call_site=g ptr=0xc name=x\n" HEAD
	"1] 1.003: kmem_cache_free: call_site=g ptr=0xa name=x\n" HEAD
	"0] 1.004: kmem_cache_alloc: call_site=f ptr=0xb name=x bytes_req=8 bytes_alloc=8 node=-1\n" HEAD
	"0] 1.005: kfree: call_site=g ptr=0xb\n" HEAD "0] 1.006: kfree: call_site=g ptr=0xdd\n" HEAD
	"0] 1.007: kmem_cache_alloc: call_site=f ptr=(nil) name=x bytes_req=8 bytes_alloc=8 node=-1\n"
	"some other line\n"
	"CPU:0 [LOST 5 EVENTS]\n" HEAD
	"0] 1.008: kmem_cache_alloc: call_site=f ptr=0xa name=y bytes_req=100 bytes_alloc=128 node=-1\n";

static const struct kmemtrace_record records[] = {
	{ 0, KMEMTRACE_ALLOC, 0, 0, 0, -1 },	   { 1000000, KMEMTRACE_ALLOC, 1, 1, 1, 1 },
	{ 3000000, KMEMTRACE_FREE, 0, 0, 1, -1 },  { 4000000, KMEMTRACE_IMPLICIT, 1, 1, 0, -1 },
	{ 4000000, KMEMTRACE_ALLOC, 0, 1, 0, -1 }, { 5000000, KMEMTRACE_FREE, 0, 1, 0, -1 },
	{ 8000000, KMEMTRACE_ALLOC, 1, 1, 0, -1 },
};

static void write_text(const char *to, const char *s)
{
	struct err e;

	if (file_write(to, s, strlen(s), &e))
		fail_msg("%s", e.text);
}

static void expect_records(const char *from)
{
	struct kmemtrace *t;
	struct kmemtrace_record r;
	struct err e = { "" };
	const struct kmemtrace_totals *n;
	const struct kmemtrace_cache *c;
	uint32_t nr;

	if (kmemtrace_open(&t, from, false, &e))
		fail_msg("%s", e.text);
	for (size_t i = 0; i < LEN(records); i++) {
		if (kmemtrace_next(t, &r, &e) != 1)
			fail_msg("record %zu: %s", i, e.text);
		assert_int_equal(r.ns, records[i].ns);
		assert_int_equal(r.kind, records[i].kind);
		assert_int_equal(r.cache, records[i].cache);
		assert_int_equal(r.slot, records[i].slot);
		assert_int_equal(r.cpu, records[i].cpu);
		assert_int_equal(r.node, records[i].node);
	}
	if (kmemtrace_next(t, &r, &e))
		fail_msg("end: %s", e.text);
	n = kmemtrace_totals(t);
	assert_int_equal(n->allocs, 4);
	assert_int_equal(n->frees, 2);
	assert_int_equal(n->implicit, 1);
	assert_int_equal(n->unmatched, 1);
	assert_int_equal(n->failed, 1);
	assert_int_equal(n->other, 2);
	assert_int_equal(n->lost, 5);
	assert_int_equal(n->live, 1);
	assert_int_equal(n->peak, 2);
	assert_int_equal(n->slots, 2);
	assert_int_equal(n->cpus, 2);
	assert_int_equal(n->ns, 8000000);
	c = kmemtrace_cache(t, &nr);
	assert_int_equal(nr, 2);
	assert_string_equal(c[0].name, "x");
	assert_int_equal(c[1].req, 100);
	assert_int_equal(c[1].alloc, 128);
	kmemtrace_close(t);
}

static void pack(const char *from, const char *to)
{
	struct kmemtrace *t;
	struct kmempack *p;
	struct err e = { "" };

	if (kmemtrace_open(&t, from, false, &e) || kmempack_begin(&p, to, &e) ||
	    kmempack_copy(p, t, &e) || kmempack_commit(p, &e))
		fail_msg("%s", e.text);
	kmemtrace_close(t);
}

static void test_text(void **state)
{
	(void)state;
	write_text(path, text);
	expect_records(path);
	pack(path, other);
	expect_records(other);
}

/* An allocation's name from its free; else from its site; else from its size. */
static void test_names(void **state)
{
	static const char nameless[] = HEAD
		"0] 1.0: kmem_cache_alloc: call_site=f ptr=0xa bytes_req=8 bytes_alloc=8\n" HEAD
		"0] 1.1: kmem_cache_alloc: call_site=f ptr=0xb bytes_req=8 bytes_alloc=8\n" HEAD
		"0] 1.2: kmem_cache_free: call_site=g ptr=0xa name=x\n" HEAD
		"0] 1.3: kmem_cache_alloc: call_site=f ptr=0xa bytes_req=8 bytes_alloc=8\n" HEAD
		"0] 1.4: kmem_cache_free: call_site=g ptr=0xa name=z\n" HEAD
		"0] 1.5: kmem_cache_alloc: call_site=h ptr=0xa bytes_req=8 bytes_alloc=16\n";
	static const char *const want[] = { "x", "x", NULL, "z", NULL, "unnamed-16" };
	struct kmemtrace_record r;
	struct err e = { "" };
	struct kmemtrace *t;
	uint32_t nr;

	(void)state;
	write_text(path, nameless);
	assert_int_equal(kmemtrace_open(&t, path, false, &e), 0);
	for (size_t i = 0; i < LEN(want); i++) {
		if (kmemtrace_next(t, &r, &e) != 1)
			fail_msg("record %zu: %s", i, e.text);
		if (want[i])
			assert_string_equal(kmemtrace_cache(t, &nr)[r.cache].name, want[i]);
	}
	assert_int_equal(kmemtrace_totals(t)->renamed, 2);
	kmemtrace_close(t);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "PERFILE2 and so on", "perf script -i" },
		{ "\x17\x08\x44tracing", "trace-cmd report" },
		{ "SLABTRC9", "version" },
		{ "hello\n", "none of its 1 lines" },
		{ "", "no events" },
		{ HEAD "0] 1.0: kmem_cache_free: x\n", "line 1" },
	};

	(void)state;
	for (size_t i = 0; i < LEN(bad); i++) {
		struct kmemtrace_record r;
		struct kmemtrace *t = NULL;
		struct err e = { "" };
		int err;

		write_text(path, bad[i].text);
		err = kmemtrace_open(&t, path, false, &e);
		if (!err)
			err = kmemtrace_next(t, &r, &e);
		assert_int_equal(err, -EINVAL);
		if (!strstr(e.text, bad[i].says))
			fail_msg("'%s' does not say '%s'", e.text, bad[i].says);
		kmemtrace_close(t);
	}
}

/* ---- damage ---- */

/* Records that are read before the end or an error; *err is what it said. */
static uint64_t read_all(const char *from, bool partial, int *err)
{
	struct kmemtrace_record r;
	struct kmemtrace *t;
	uint64_t n = 0;
	struct err e = { "" };

	*err = kmemtrace_open(&t, from, partial, &e);
	if (*err)
		return 0;
	while ((*err = kmemtrace_next(t, &r, &e)) > 0)
		n++;
	if (partial)
		*err = *kmemtrace_totals(t)->damage.text ? -EBADMSG : 0;
	if (*err && !partial)
		assert_true(*e.text);
	kmemtrace_close(t);
	return n;
}

/* A packed trace of many records, and that it is found whole; as it is stored and unpacked. */
static char *damaged_base(size_t *len, uint64_t *records_of)
{
	char *bytes;
	struct err e;
	FILE *f = fopen(path, "w");
	int err;

	assert_non_null(f);
	for (int i = 0; i < 30000; i++) {
		fprintf(f,
			HEAD
			"%d] %d.%06d: kmem_cache_alloc: call_site=f ptr=0x%x name=c%d bytes_req=%d bytes_alloc=512\n",
			i & 1, i / 1000, i * 7919 % 1000000, 64 + i * 64, i % 7, 100 + i % 7);
		if (i & 1)
			fprintf(f, HEAD "0] %d.5: kmem_cache_free: call_site=f ptr=0x%x name=c\n",
				i / 1000, 64 + i / 2 * 64);
	}
	fclose(f);
	pack(path, other);
	*records_of = read_all(other, false, &err);
	assert_int_equal(err, 0);
	assert_int_equal(*records_of, 45000);
	assert_int_equal(file_read(other, 0, &bytes, len, &e), 0);
	return bytes;
}

static void test_damage(void **state)
{
	size_t len;
	uint64_t all;
	char *bytes = damaged_base(&len, &all);
	uint64_t some = 0;
	int err;

	(void)state;
	/* cut off anywhere: an error, and with `partial` what came before */
	for (size_t cut = 9; cut < len; cut += len / 23 + 1) {
		struct err e;
		uint64_t got;

		assert_int_equal(file_write(path, bytes, cut, &e), 0);
		got = read_all(path, false, &err);
		assert_true(err < 0 && got < all);
		assert_int_equal(read_all(path, true, &err), got);
		assert_true(got >= some);
		some = got;
	}
	assert_true(some > 0);
	/* a byte changed anywhere: never more, never a crash, and an error */
	for (size_t at = 0; at < len; at += len / 97 + 1) {
		struct err e;

		bytes[at] = (char)(bytes[at] ^ 0x10);
		assert_int_equal(file_write(path, bytes, len, &e), 0);
		read_all(path, false, &err);
		assert_true(err < 0);
		bytes[at] = (char)(bytes[at] ^ 0x10);
	}
	free(bytes);
}

/* ---- scripts ---- */

static void test_script(void **state)
{
	(void)state;
	write_text(path, text);
	for (unsigned workers = 1; workers <= 3; workers++) {
		struct kmemscript s;
		struct err e = { "" };

		if (kmemscript_load(&s, path, false, NULL, workers, &e))
			fail_msg("%s", e.text);
		assert_true(kmemscript_check(&s));
		assert_int_equal(s.length, 8);
		assert_int_equal(s.drained, 1);
		assert_int_equal(s.slots, 2);
		assert_int_equal(s.turns[1], 3);
		assert_int_equal(s.part[0].nr, workers == 1 ? 8 : 6);
		kmemscript_fini(&s);
		assert_int_equal(kmemscript_load(&s, path, false, "y", workers, &e), 0);
		assert_true(kmemscript_check(&s));
		assert_int_equal(s.allocs, 2);
		assert_int_equal(s.length, 4);
		kmemscript_fini(&s);
		assert_int_equal(kmemscript_load(&s, path, false, "none", workers, &e), -ENOENT);
	}
}

static void test_counts(void **state)
{
	struct kmemcounts c = { .cache = NULL };
	struct kmemtrace_record r;
	struct kmemtrace *t;
	struct err e;

	(void)state;
	write_text(path, text);
	assert_int_equal(kmemtrace_open(&t, path, false, &e), 0);
	while (kmemtrace_next(t, &r, &e) > 0)
		assert_int_equal(kmemcount_add(&c, t, &r, &e), 0);
	assert_int_equal(c.nr, 2);
	assert_int_equal(c.cache[0].allocs, 2);
	assert_int_equal(c.cache[0].frees, 2);
	assert_int_equal(c.cache[0].cross, 1);
	assert_int_equal(c.cache[0].lifetime->count, 2);
	assert_int_equal(c.cache[0].lifetime->max, 3000000);
	assert_int_equal(c.cache[1].implicit, 1);
	assert_int_equal(c.cache[1].live, 1);
	kmemcounts_fini(&c);
	kmemtrace_close(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),  cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_live),   cmocka_unit_test(test_text),
		cmocka_unit_test(test_names),  cmocka_unit_test(test_refused),
		cmocka_unit_test(test_damage), cmocka_unit_test(test_script),
		cmocka_unit_test(test_counts),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
