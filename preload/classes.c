/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The engine behind malloc: brought up by the first call, a cache for each class when it is first asked for. */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "engine/lock.h"
#include "engine/pages.h"
#include "preload/preload.h"

struct pages_map malloc_map;
struct kmem_cache *_Atomic malloc_class[CLASS_NR + ALIGNED_NR];

static struct kmem_system *sys;
static struct kmem_lock making; /* held while the engine comes up, and while a cache is made */
static atomic_uint up;		/* 1: the engine is there; 2: it cannot be */
static atomic_uchar refused[CLASS_NR + ALIGNED_NR]; /* there is no such cache, and will be none */
static struct malloc_config config;
static int info_fd = -1; /* stderr as it was: programs close theirs before the end */
/* This thread holds the lock: what it allocates meanwhile comes from elsewhere. */
static __thread unsigned inside __attribute__((tls_model("initial-exec")));

static void report(void *arg, const char *text)
{
	(void)arg;
	die("%s", text);
}

/* ---- fork ---- */

static void fork_prepare(void)
{
	kmem_lock(&making);
	kmem_system_fork_prepare(sys);
}

static void fork_parent(void)
{
	kmem_system_fork_done(sys, 0);
	kmem_unlock(&making);
}

static void fork_child(void)
{
	kmem_system_fork_done(sys, 1);
	kmem_unlock(&making);
}

/* ---- up ---- */

static int system_up(const struct slab_config *general)
{
	static struct kmem_machine machine;
	struct kmem_system_config c = { .machine = &machine, .general = general, .report = report };
	struct err e;
	int r = kmem_machine_native(&machine, &e);

	if (!r && config.nodes && kmem_machine_emulate(&machine, config.nodes, &e))
		say("SLABSCOPE_MALLOC: %s; ignored", e.text);
	if (!r)
		r = kmem_system_create(&sys, &c, &e);
	if (r)
		say("%s; every object is a mapping of its own", e.text);
	return r;
}

/* The lock is held. First among the handlers, so that others' run while malloc still works: before a fork in the
 * reverse order, after it in this one. */
static void bring_up(void)
{
	config_read(&config);
	config_check(&config, config.nodes);
	if (system_up(&config.plain)) {
		atomic_store(&up, 2);
		return;
	}
	malloc_map = *kmem_system_map(sys);
	malloc_spare_slot = kmem_system_spare_slot(sys);
	/* the key by which a thread gives its slot back is made now: later that could ask us for memory */
	if (kmem_system_machine(sys)->cpu_source == KMEM_CPU_SLOT)
		kmem_thread_bind(0);
	if (config.slabinfo)
		info_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 64);
	pthread_atfork(fork_prepare, fork_parent, fork_child);
	atomic_store(&up, 1);
}

/* ---- classes ---- */

size_t class_size(unsigned class)
{
	unsigned e;

	if (class >= CLASS_NR)
		return (size_t)1 << (class - CLASS_NR + ALIGNED_MIN_SHIFT);
	if (class < 8)
		return (class + 1) * 16;
	e = 7 + (class - 8) / 4;
	return (size_t)(4 + (class - 8) % 4 + 1) << (e - 2);
}

static unsigned class_align(unsigned class)
{
	unsigned size = (unsigned)class_size(class), most = class < CLASS_NR ? 64 : 4096;
	unsigned align = size & -size;

	return align < most ? align : most;
}

/* The lock is held. With toggles that suit no slab of such objects (a low order, say): with the profile's. */
static struct kmem_cache *make_class(unsigned class)
{
	unsigned size = (unsigned)class_size(class), align = class_align(class);
	struct kmem_cache *c = NULL;
	static unsigned told;
	struct slab_config cfg;
	struct err e;
	char name[32];

	snprintf(name, sizeof(name), "malloc-%u%s", size, class < CLASS_NR ? "" : "-aligned");
	config_class(&config, &config.slab, size, align, &cfg);
	if (!kmem_cache_create(sys, name, size, &cfg, NULL, &c, &e))
		return c;
	if (!told++)
		say("SLABSCOPE_MALLOC: %s; it, and others to which this happens, have the profile's toggles",
		    e.text);
	config_class(&config, &config.plain, size, align, &cfg);
	if (!kmem_cache_create(sys, name, size, &cfg, NULL, &c, NULL))
		return c;
	return NULL;
}

struct kmem_cache *class_cache(unsigned class)
{
	struct kmem_cache *c;

	if (inside || atomic_load_explicit(&refused[class], memory_order_relaxed))
		return NULL;
	inside = 1;
	kmem_lock(&making);
	if (!atomic_load(&up))
		bring_up();
	c = atomic_load(&malloc_class[class]);
	if (!c && atomic_load(&up) == 1)
		c = make_class(class);
	if (c)
		atomic_store(&malloc_class[class], c);
	else
		atomic_store(&refused[class], 1);
	kmem_unlock(&making);
	inside = 0;
	return c;
}

/* ---- the end ---- */

static __attribute__((destructor)) void print_slabinfo(void)
{
	FILE *f = info_fd >= 0 ? fdopen(info_fd, "w") : NULL;

	if (!f)
		return;
	kmem_slabinfo_text(sys, f, 0);
	fclose(f);
}
