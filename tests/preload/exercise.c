/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a program may expect of malloc, whoever is behind it. Run by tests/cli/preload.sh with the engine preloaded;
 * with the C library's own malloc it must pass as well.
 *
 *	exercise          all parts; prints "ok" and exits 0, or says what was wrong
 *	exercise colours  how many different places in 1024 bytes objects of 1024 bytes begin at
 *	exercise invalid  frees a pointer that is none
 */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(cond)                                                                \
	do {                                                                       \
		if (!(cond)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
			_exit(1);                                                  \
		}                                                                  \
	} while (0)

#define N 4096
#define THREADS 4

/* keeps the compiler from knowing what an allocator does */
static void *hide(void *p)
{
	__asm__ volatile("" : "+r"(p)::"memory");
	return p;
}

static int all_bytes(const unsigned char *p, size_t n, unsigned char v)
{
	return !n || (p[0] == v && !memcmp(p, p + 1, n - 1));
}

static void sizes(void)
{
	for (size_t n = 0; n < 700000; n += n < 1200 ? 1 : n / 7) {
		unsigned char *p = hide(malloc(n)), *q = hide(malloc(n));

		CHECK(p && q && p != q);
		CHECK((uintptr_t)p % 16 == 0 && (uintptr_t)q % 16 == 0);
		CHECK(malloc_usable_size(p) >= n);
		memset(p, 0x5a, malloc_usable_size(p));
		memset(q, 0xa5, malloc_usable_size(q));
		CHECK(all_bytes(p, malloc_usable_size(p), 0x5a));
		free(p);
		CHECK(all_bytes(q, n, 0xa5));
		free(q);
		q = hide(calloc(n, 1)); /* most likely what was just filled */
		CHECK(q && all_bytes(q, n, 0));
		free(q);
	}
	CHECK(malloc_usable_size(NULL) == 0);
	free(NULL);
}

static void aligned(void)
{
	static const size_t size[] = { 0, 1, 24, 64, 100, 500, 4096, 5000, 70000, 300000 };

	for (size_t a = sizeof(void *); a <= (size_t)4 << 20; a *= 2)
		for (size_t i = 0; i < sizeof(size) / sizeof(size[0]); i++) {
			void *p[6] = { NULL };

			for (int k = 0; k < 3; k++)
				CHECK(!posix_memalign(&p[k], a, size[i]));
			p[3] = hide(memalign(a, size[i]));
			p[4] = hide(aligned_alloc(a, (size[i] + a - 1) / a * a));
			p[5] = hide(memalign(a, size[i]));
			/* where its memory ends another object may begin: it has at least a byte */
			CHECK(malloc_usable_size(p[5]) > 0);
			for (int k = 0; k < 6; k++) {
				CHECK(p[k] && (uintptr_t)p[k] % a == 0);
				CHECK(malloc_usable_size(p[k]) >= size[i]);
				memset(p[k], k + 1, size[i]);
			}
			for (int k = 0; k < 6; k++) {
				CHECK(all_bytes(p[k], size[i], (unsigned char)(k + 1)));
				free(p[k]);
			}
		}
	{
		size_t page = (size_t)sysconf(_SC_PAGESIZE);
		void *p = hide(valloc(10)), *q = hide(pvalloc(page + 1)), *r = NULL;

		CHECK(p && (uintptr_t)p % page == 0);
		CHECK(q && (uintptr_t)q % page == 0 && malloc_usable_size(q) >= 2 * page);
		free(p);
		free(q);
		CHECK(posix_memalign(&r, 24, 8) == EINVAL && !r);
	}
}

static void resized(void)
{
	unsigned char *p = NULL;
	size_t have = 0;

	for (unsigned i = 0; i < 400; i++) {
		size_t n = i % 9 == 8 ? (size_t)i * 4000 : ((size_t)i * 7919) % 40000 + 1;
		size_t keep = have < n ? have : n;

		p = hide(realloc(p, n));
		CHECK(p && malloc_usable_size(p) >= n);
		for (size_t k = 0; k < keep; k++)
			CHECK(p[k] == (unsigned char)(k * 31));
		for (size_t k = 0; k < n; k++)
			p[k] = (unsigned char)(k * 31);
		have = n;
	}
	p = hide(reallocarray(p, 3, 100));
	CHECK(p && p[299] == (unsigned char)(299u * 31));
	errno = 0;
	CHECK(!reallocarray(hide(p), (size_t)hide((void *)(SIZE_MAX / 2)), 4) && errno == ENOMEM);
	CHECK(p[299] == (unsigned char)(299u * 31));
	free(p);
	errno = 0;
	CHECK(!hide(malloc((size_t)hide((void *)(SIZE_MAX - 100)))) && errno == ENOMEM);
	/* size and alignment together go round the end of size_t */
	errno = 0;
	CHECK(!hide(memalign((size_t)hide((void *)(SIZE_MAX / 2 + 1)),
			     (size_t)hide((void *)(SIZE_MAX / 2 + 101)))) &&
	      errno == ENOMEM);
	CHECK(!hide(calloc((size_t)hide((void *)(SIZE_MAX / 2)), 3)));
	p = hide(malloc(100000000));
	CHECK(p);
	p[99999999] = 1;
	errno = 77;
	free(p);
	CHECK(errno == 77);
}

/* ---- threads: each frees what the one before it got ---- */

static void *given[THREADS][N];
static pthread_barrier_t barrier;

static size_t some_size(unsigned t, unsigned i)
{
	return (i * 2654435761u + t) % 97 ? i % 600 + 1 : i * 100 + 1;
}

static void *passer(void *arg)
{
	unsigned t = (unsigned)(uintptr_t)arg, from = (t + 1) % THREADS;

	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < N; i++) {
			given[t][i] = hide(malloc(some_size(t, i)));
			CHECK(given[t][i]);
			memset(given[t][i], (int)(t + 1), some_size(t, i));
		}
		pthread_barrier_wait(&barrier);
		for (unsigned i = 0; i < N; i++) {
			CHECK(all_bytes(given[from][i], some_size(from, i),
					(unsigned char)(from + 1)));
			free(given[from][i]);
		}
		pthread_barrier_wait(&barrier);
	}
	return NULL;
}

static void threads(void)
{
	pthread_t id[THREADS];

	CHECK(!pthread_barrier_init(&barrier, NULL, THREADS));
	for (unsigned t = 0; t < THREADS; t++)
		CHECK(!pthread_create(&id[t], NULL, passer, (void *)(uintptr_t)t));
	for (unsigned t = 0; t < THREADS; t++)
		CHECK(!pthread_join(id[t], NULL));
	pthread_barrier_destroy(&barrier);
}

/* ---- thread exit: what a thread leaves, and what its destructors still do ---- */

static pthread_key_t key;

static void at_exit(void *p)
{
	static __thread int again;
	void *q = hide(malloc(200));

	CHECK(q);
	free(q);
	free(p);
	if (!again++)
		pthread_setspecific(key, hide(malloc(50)));
}

static void *leaver(void *arg)
{
	pthread_setspecific(key, hide(malloc(100)));
	free(hide(malloc(3000)));
	return strcpy(hide(malloc(16)), arg);
}

static void thread_exit(void)
{
	CHECK(!pthread_key_create(&key, at_exit));
	for (unsigned i = 0; i < 100; i++) {
		pthread_t id;
		void *left;

		CHECK(!pthread_create(&id, NULL, leaver, "left behind"));
		CHECK(!pthread_join(id, &left));
		CHECK(!strcmp(left, "left behind"));
		free(left);
	}
}

/* ---- fork while other threads allocate ---- */

static int stop;

static void *worker(void *arg)
{
	void *p[64] = { NULL };
	unsigned i = (unsigned)(uintptr_t)arg;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		i = i * 1664525u + 1013904223u;
		free(p[i >> 26]);
		p[i >> 26] = hide(malloc((i >> 8) % 5000));
		CHECK(p[i >> 26]);
	}
	for (i = 0; i < 64; i++)
		free(p[i]);
	return NULL;
}

static void child(void)
{
	static void *p[N];
	pthread_t id;
	void *left;

	alarm(20); /* who hangs on a lock of a thread that is not there ends */
	for (unsigned i = 0; i < N; i++) {
		p[i] = hide(malloc(some_size(1, i)));
		CHECK(p[i]);
		memset(p[i], (int)i, some_size(1, i));
	}
	for (unsigned i = 0; i < N; i++) {
		CHECK(all_bytes(p[i], some_size(1, i), (unsigned char)i));
		free(p[i]);
	}
	CHECK(!pthread_create(&id, NULL, leaver, "child"));
	CHECK(!pthread_join(id, &left));
	free(left);
	_exit(0);
}

static void forks(void)
{
	pthread_t id[THREADS];

	for (unsigned t = 0; t < THREADS; t++)
		CHECK(!pthread_create(&id[t], NULL, worker, (void *)(uintptr_t)t));
	for (unsigned i = 0; i < 6; i++) {
		pid_t pid = fork();
		int status;

		CHECK(pid >= 0);
		if (!pid)
			child();
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (unsigned t = 0; t < THREADS; t++)
		CHECK(!pthread_join(id[t], NULL));
}

/* ---- a child of vfork(), on this thread's memory but another CPU, while threads work on this one ---- */

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	CHECK(!sched_setaffinity(0, sizeof(set), &set));
}

/* Objects of one size that all of a task's rounds use, told apart by their contents. */
static void rounds(unsigned n, unsigned char mark)
{
	unsigned char *p[8];

	while (n--) {
		for (unsigned i = 0; i < 8; i++) {
			p[i] = hide(malloc(48));
			memset(p[i], mark + (int)i, 48);
		}
		for (unsigned i = 0; i < 8; i++) {
			CHECK(all_bytes(p[i], 48, (unsigned char)(mark + i)));
			free(p[i]);
		}
	}
}

static void *neighbour(void *arg)
{
	pin((int)(intptr_t)arg);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		rounds(100, 16);
	return NULL;
}

static void vfork_once(int cpu)
{
	int status;
	pid_t pid = vfork();

	CHECK(pid >= 0);
	if (!pid) {
		pin(cpu);
		rounds(12000, 32);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
	rounds(100, 64);
}

static void vforks(void)
{
	int cpu[2], n = 0;
	cpu_set_t all;
	pthread_t id;

	CHECK(!sched_getaffinity(0, sizeof(all), &all));
	for (int i = 0; i < CPU_SETSIZE && n < 2; i++)
		if (CPU_ISSET(i, &all))
			cpu[n++] = i;
	if (n < 2)
		return;
	pin(cpu[0]);
	stop = 0;
	CHECK(!pthread_create(&id, NULL, neighbour, (void *)(intptr_t)cpu[0]));
	for (unsigned i = 0; i < 4; i++)
		vfork_once(cpu[1]);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	CHECK(!pthread_join(id, NULL));
	CHECK(!sched_setaffinity(0, sizeof(all), &all));
}

static void colours(void)
{
	unsigned char seen[1024] = { 0 };
	unsigned n = 0;

	for (unsigned i = 0; i < 20000; i++)
		seen[(uintptr_t)hide(malloc(1024)) % 1024] = 1;
	for (unsigned i = 0; i < 1024; i++)
		n += seen[i];
	printf("%u\n", n);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "colours")) {
		colours();
		return 0;
	}
	if (argc > 1 && !strcmp(argv[1], "invalid")) {
		static char page[4096];

		free(hide(page + 1024));
		return 0;
	}
	sizes();
	aligned();
	resized();
	threads();
	thread_exit();
	forks();
	vforks();
	puts("ok");
	return 0;
}
