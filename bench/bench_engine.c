/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine against its peers: the seven loads of bench/loads.h at 64 and 1024 bytes, each allocator with as direct
 * calls as its API allows. `slab` is profile fast with its default statistics; `slab-call` the same through the
 * seam's table; `null` the loads with nothing behind them. Nothing is taken off: all figures include the loop.
 *
 * A cell (load, size, allocator) is a fresh process each time. All cells run once in each round, the allocators of a load
 * and size next to each other, in an order that turns, so that a disturbance meets them alike. Ratios are taken
 * within a round.
 *
 *	bench_engine [--rounds N] [--scale PERCENT] [--load NAME] [--size BYTES] [--allocator NAME] [--csv FILE]
 *		[--profile NAME] [--set TOGGLE=VALUE]
 *
 * What is memory, resident bytes per byte of payload with 50,000 written objects live, is told at the end.
 */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/loads.h"
#include "lib/file.h"
#include "lib/host.h"
#include "lib/rng.h"
#include "lib/stat.h"

#define MAX_ROUNDS 99u
#define MAX_SETS 16

/* ---- allocators ---- */

enum how { HOW_NULL, HOW_SLAB, HOW_SEAM, HOW_MALLOC, HOW_PLAIN, HOW_SIZED, HOW_SLICE, HOW_PLUGIN };

static char null_objects[1 << 16];

LOAD_INLINE void *take(struct hands h, const int how)
{
	switch (how) {
	case HOW_NULL:
		return null_objects;
	case HOW_SLAB:
		return kmem_cache_alloc(h.slab, 0);
	case HOW_SEAM:
		return seam_alloc(h.c, false);
	case HOW_MALLOC:
		return malloc(h.size);
	default:
		return h.calls.alloc(h.size);
	}
}

LOAD_INLINE void give(struct hands h, void *p, const int how)
{
	switch (how) {
	case HOW_NULL:
		escape(p);
		break;
	case HOW_SLAB:
		kmem_cache_free(h.slab, p);
		break;
	case HOW_SEAM:
		seam_free(h.c, p, false);
		break;
	case HOW_MALLOC:
		free(p);
		break;
	case HOW_PLAIN:
		h.calls.free(p);
		break;
	case HOW_SIZED:
		h.calls.free_sized(p, h.size);
		break;
	default:
		h.calls.free_slice(h.size, p);
	}
}

LOADS(null, HOW_NULL);
LOADS(slab, HOW_SLAB);
LOADS(seam, HOW_SEAM);
LOADS(malloc, HOW_MALLOC);
LOADS(plain, HOW_PLAIN);
LOADS(sized, HOW_SIZED);
LOADS(slice, HOW_SLICE);

static const load_fn *const loops[] = { loads_null,  loads_slab,  loads_seam, loads_malloc,
					loads_plain, loads_sized, loads_slice };

static const struct who {
	const char *name, *seam;
	enum how how;
} whos[] = {
	{ "null", "null", HOW_NULL },	       { "slab", "slab", HOW_SLAB },
	{ "slab-call", "slab", HOW_SEAM },     { "glibc", "malloc", HOW_MALLOC },
	{ "jemalloc", "jemalloc", HOW_PLAIN }, { "tcmalloc", "tcmalloc", HOW_SIZED },
	{ "mimalloc", "mimalloc", HOW_PLAIN }, { "tbb", "tbb", HOW_PLAIN },
	{ "gslice", "gslice", HOW_SLICE },     { "dpdk", "dpdk", HOW_PLUGIN },
};
enum { WHO_SLAB = 1, WHO_PEERS = 3, WHOS = sizeof(whos) / sizeof(*whos) };

static const char *const load_name[] = { "pair", "rand", "big", "pc", "two", "churn", "burst" };
static const uint64_t load_pairs[] = { 2000000, 1000000, 400000, 400000, 1000000, 400000, 400000 };
static const unsigned sizes[] = { 64, 1024 };
static const unsigned memory_sizes[] = { 64, 192, 512, 1024, 4096 };
enum { SIZES = 2, MEMORY_SIZES = 5 };

struct plan {
	unsigned rounds, scale;
	const char *load, *who, *csv, *profile, *set[MAX_SETS];
	unsigned size, sets;
	int cpu[2];
	double ticks_per_ns;
	struct load_data *data;
	struct slab_config config;
};

/* What a cell's process says; version empty: the peer is not there, why says so. */
struct answer {
	double ns;
	char version[64], why[200];
};

struct cell {
	unsigned load, size, who;
	double ns[MAX_ROUNDS];
	struct answer last;
};

/* ---- the inside of a cell's process ---- */

static int open_cache(struct seam_cache *c, const struct plan *pl, unsigned who, unsigned size,
		      struct err *e)
{
	struct allocator_request r = { .name = "bench", .size = size, .config = &pl->config };
	struct kmem_system_config sc = { .populate = 0 };
	int ret = 0;

	memset(c, 0, sizeof(*c));
	c->ops = allocator_find(whos[who].seam);
	if (!c->ops)
		return err_set(e, -ENOENT, "no allocator %s", whos[who].seam);
	if (c->ops->is_slab)
		ret = kmem_system_create(&r.system, &sc, e);
	return ret ? ret : c->ops->create(c, &r, e);
}

static void run_load(const struct plan *pl, unsigned load, unsigned size, unsigned who,
		     struct answer *a)
{
	struct load_run r = { .d = pl->data,
			      .cpu = { pl->cpu[0], pl->cpu[1] },
			      .pairs = load_pairs[load] * pl->scale / 100,
			      .ticks_per_ns = pl->ticks_per_ns };
	const struct peer_plugin *plugin = NULL;
	const load_fn *loop = whos[who].how == HOW_PLUGIN ? NULL : loops[whos[who].how];
	struct seam_cache c;
	struct err e = { "" };

	pin(pl->cpu[0]);
	if (open_cache(&c, pl, who, size, &e)) {
		snprintf(a->why, sizeof(a->why), "%.199s", e.text);
		return;
	}
	r.h = (struct hands){ .c = &c, .slab = c.slab, .size = size };
	if (peer_direct(&c))
		r.h.calls = *peer_direct(&c);
	if (!loop) {
		plugin = peer_plugin(whos[who].seam, &e);
		loop = plugin->loads;
		r.thread = plugin->thread;
		r.h.pool = ((struct peer_pool *)c.priv)->pool;
		plugin->thread();
	}
	loop[load](&r);
	a->ns = r.ns;
	snprintf(a->version, sizeof(a->version), "%.63s", c.ops->version());
}

static size_t resident(void)
{
	unsigned long size, pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f && fscanf(f, "%lu %lu", &size, &pages) != 2)
		pages = 0;
	if (f)
		fclose(f);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* Resident bytes per byte of payload: what 50,000 objects, written, add to a process that has had one. */
static void run_memory(const struct plan *pl, unsigned size, unsigned who, struct answer *a)
{
	static void *p[HELD];
	struct seam_cache c;
	struct err e = { "" };
	size_t before;

	if (open_cache(&c, pl, who, size, &e)) {
		snprintf(a->why, sizeof(a->why), "%.199s", e.text);
		return;
	}
	for (unsigned i = 0; i < HELD; i++)
		p[i] = &p[i]; /* resident before, too */
	c.ops->free(&c, c.ops->alloc(&c));
	resident();
	before = resident();
	for (unsigned i = 0; i < HELD; i++)
		memset(p[i] = c.ops->alloc(&c), 1, size);
	a->ns = (double)(resident() - before) / ((double)HELD * size);
	snprintf(a->version, sizeof(a->version), "%.63s", c.ops->version());
}

/* @load LOADS_NR: memory. A process that dies answers nothing. */
static struct answer in_process(const struct plan *pl, unsigned load, unsigned size, unsigned who)
{
	struct answer a = { .why = "its process died" };
	int fd[2];
	pid_t pid;

	fflush(NULL);
	if (pipe(fd) || (pid = fork()) < 0) {
		snprintf(a.why, sizeof(a.why), "fork: %s", strerror(errno));
		return a;
	}
	if (!pid) {
		a.why[0] = '\0';
		if (load < LOADS_NR)
			run_load(pl, load, size, who, &a);
		else
			run_memory(pl, size, who, &a);
		_exit(write(fd[1], &a, sizeof(a)) != sizeof(a));
	}
	close(fd[1]);
	if (read(fd[0], &a, sizeof(a)) != sizeof(a))
		a.version[0] = '\0';
	close(fd[0]);
	waitpid(pid, NULL, 0);
	return a;
}

/* ---- what came out ---- */

struct spread {
	double min, median, max;
	struct stat_interval in; /* rank 0: too few values for 90 % */
};

static struct spread spread_of(const double *v, unsigned n)
{
	double s[MAX_ROUNDS];
	struct spread x = { 0 };

	memcpy(s, v, n * sizeof(*v));
	stat_sort(s, n);
	x.min = s[0];
	x.median = stat_median(s, n);
	x.max = s[n - 1];
	stat_sign_interval(s, n, 0.9, &x.in);
	return x;
}

/* @peer's time over @x's, round by round. */
static struct spread ratio_of(const struct cell *peer, const struct cell *x, unsigned n)
{
	double v[MAX_ROUNDS] = { 0 };

	for (unsigned i = 0; i < n; i++)
		v[i] = x->ns[i] > 0 ? peer->ns[i] / x->ns[i] : 0;
	return spread_of(v, n);
}

static void print_group(const struct cell *group, unsigned rounds)
{
	const struct cell *slab = &group[WHO_SLAB];

	for (unsigned w = 0; w < WHOS; w++) {
		const struct cell *x = &group[w];
		struct spread s, r;

		if (!x->last.version[0])
			continue;
		s = spread_of(x->ns, rounds);
		printf("%-6s %5u  %-10s %8.2f %8.2f", load_name[x->load], x->size, whos[w].name,
		       s.min, s.median);
		if (s.in.rank)
			printf("  [%.2f, %.2f]", s.in.lo, s.in.hi);
		if (w >= WHO_PEERS && slab->last.version[0]) {
			r = ratio_of(x, slab, rounds);
			printf("  %7.2f", r.median);
			if (r.in.rank)
				printf("  [%.2f, %.2f]", r.in.lo, r.in.hi);
			if (r.median <= 1)
				printf("  ahead of us");
		}
		putchar('\n');
	}
}

/* By size: each peer's geometric mean of ratios over the loads, and by load the peer that comes nearest. */
static void print_ratios(const struct cell *cells, unsigned n, unsigned size, unsigned rounds)
{
	double least[LOADS_NR];
	unsigned who[LOADS_NR] = { 0 };

	printf("\n%u bytes: peer / slab, median of the rounds\n%-10s", size, "");
	for (unsigned l = 0; l < LOADS_NR; l++)
		printf(" %8s", load_name[l]);
	printf(" %8s\n", "geomean");
	for (unsigned w = WHO_PEERS; w < WHOS; w++) {
		double sum = 0;
		unsigned have = 0;

		printf("%-10s", whos[w].name);
		for (unsigned i = 0; i + WHOS <= n; i += WHOS) {
			const struct cell *x = &cells[i + w];
			double r;

			if (x->size != size || !x->last.version[0])
				continue;
			r = ratio_of(x, &cells[i + WHO_SLAB], rounds).median;
			printf(" %8.2f", r);
			sum += log(r);
			if (!who[x->load] || r < least[x->load]) {
				who[x->load] = w;
				least[x->load] = r;
			}
			have++;
		}
		if (have)
			printf(" %8.2f\n", exp(sum / have));
		else
			printf(" not here\n");
	}
	printf("%-10s", "nearest");
	for (unsigned l = 0; l < LOADS_NR; l++)
		printf(" %8s", who[l] ? whos[who[l]].name : "-");
	putchar('\n');
}

static int write_csv(const struct cell *cells, unsigned n, const struct plan *pl, struct err *e)
{
	struct file_out f;
	int r = file_begin(&f, pl->csv, e);

	if (r)
		return r;
	fprintf(f.stream, "load,object_size,allocator,version,ns_min,ns_median,rounds\n");
	for (unsigned i = 0; i < n; i++) {
		const struct cell *x = &cells[i];
		struct spread s = spread_of(x->ns, pl->rounds);

		if (x->last.version[0])
			fprintf(f.stream, "%s,%u,%s,%s,%.3f,%.3f,%u\n", load_name[x->load], x->size,
				whos[x->who].name, x->last.version, s.min, s.median, pl->rounds);
	}
	return file_commit(&f, e);
}

static void print_memory(const struct plan *pl)
{
	printf("\nresident bytes per byte of payload, %u live objects, written\n%-10s", HELD, "");
	for (unsigned s = 0; s < MEMORY_SIZES; s++)
		printf(" %7u B", memory_sizes[s]);
	putchar('\n');
	for (unsigned w = WHO_SLAB; w < WHOS; w++) {
		if (whos[w].how == HOW_SEAM || (pl->who && strcmp(pl->who, whos[w].name)))
			continue;
		printf("%-10s", whos[w].name);
		if (whos[w].how == HOW_PLUGIN) {
			printf(" a pool is got whole when it is created\n");
			continue;
		}
		for (unsigned s = 0; s < MEMORY_SIZES; s++) {
			struct answer a = in_process(pl, LOADS_NR, memory_sizes[s], w);

			if (!a.version[0]) {
				printf(" %s", a.why);
				break;
			}
			printf(" %9.3f", a.ns);
		}
		putchar('\n');
	}
}

/* ---- all of it ---- */

static int wanted(const struct plan *pl, const struct cell *x)
{
	return (!pl->load || !strcmp(pl->load, load_name[x->load])) &&
	       (!pl->size || pl->size == x->size) &&
	       (!pl->who || !strcmp(pl->who, whos[x->who].name) || x->who == WHO_SLAB);
}

static void run_rounds(const struct plan *pl, struct cell *cells, unsigned n)
{
	char said[WHOS][sizeof(cells->last.why)] = { "" }; /* once by allocator is enough */

	for (unsigned round = 0; round < pl->rounds; round++)
		for (unsigned i = 0; i < n; i++) {
			struct cell *x = &cells[i / WHOS * WHOS + (i + round) % WHOS];

			if (!wanted(pl, x) || (round && !x->last.version[0]))
				continue;
			x->last = in_process(pl, x->load, x->size, x->who);
			x->ns[round] = x->last.ns;
			if (!x->last.version[0] && strcmp(said[x->who], x->last.why)) {
				printf("left out: %s, %s %u: %s\n", whos[x->who].name,
				       load_name[x->load], x->size, x->last.why);
				memcpy(said[x->who], x->last.why, sizeof(said[0]));
			}
		}
}

static int measure(struct plan *pl, struct cell *cells, unsigned n, struct err *e)
{
	struct clock_facts f;

	clock_measure(&f, 20);
	pl->ticks_per_ns = f.ticks_per_ns;
	printf("slabscope %s (%s, %s), profile %s; %u rounds; CPU ns per alloc+free, intervals of 90 %%\n",
	       host_build_version(), host_build_variant(), host_build_compiler(), pl->profile,
	       pl->rounds);
	if (host_build_is_slow())
		printf("note: this build is sanitized or not optimised: its times mean nothing\n");
	run_rounds(pl, cells, n);
	printf("%-6s %5s  %-10s %8s %8s  %s\n", "load", "bytes", "allocator", "min", "median",
	       "interval of the median; it / slab, interval");
	for (unsigned i = 0; i < n; i += WHOS)
		print_group(&cells[i], pl->rounds);
	for (unsigned s = 0; s < SIZES; s++)
		print_ratios(cells, n, sizes[s], pl->rounds);
	if (!pl->load)
		print_memory(pl);
	return pl->csv ? write_csv(cells, n, pl, e) : 0;
}

static int make_data(struct load_data **out)
{
	struct load_data *d = calloc(1, sizeof(*d));
	struct rng rng;

	if (!d)
		return -ENOMEM;
	rng_seed(&rng, 1);
	for (unsigned k = 0; k < ORDERS; k++) {
		for (unsigned i = 0; i < BATCH; i++)
			d->order[k][i] = (uint8_t)i;
		rng_shuffle(&rng, d->order[k], BATCH, 1);
	}
	for (unsigned i = 0; i < BIG; i++)
		d->big[i] = i;
	rng_shuffle(&rng, d->big, BIG, sizeof(d->big[0]));
	for (unsigned i = 0; i < sizeof(d->any) / sizeof(d->any[0]); i++)
		d->any[i] = (uint32_t)rng_below(&rng, HELD);
	for (unsigned i = 0; i < sizeof(d->burst) / sizeof(d->burst[0]); i++)
		d->burst[i] = (uint16_t)(1 + rng_below(&rng, BURST));
	*out = d;
	return 0;
}

static int configure(struct plan *pl, struct err *e)
{
	cpu_set_t may;
	int r = slab_config_profile(&pl->config, pl->profile, e);

	for (unsigned i = 0; !r && i < pl->sets; i++) {
		char name[64];
		const char *eq = strchr(pl->set[i], '=');
		const struct opt *o = NULL;

		if (eq) {
			snprintf(name, sizeof(name), "%.*s", (int)(eq - pl->set[i]), pl->set[i]);
			o = opt_find(slab_config_opts, name);
		}
		r = o ? opt_parse(o, &pl->config, eq + 1, e) :
			err_set(e, -EINVAL, "--set %s: no such toggle", pl->set[i]);
	}
	/* the first two CPUs that we may use; with one, both threads share it */
	sched_getaffinity(0, sizeof(may), &may);
	for (int cpu = 0, n = 0; cpu < CPU_SETSIZE && n < 2; cpu++)
		if (CPU_ISSET(cpu, &may))
			pl->cpu[n++] = pl->cpu[1] = cpu;
	return r ? r : make_data(&pl->data);
}

static int parse(struct plan *pl, int argc, char **argv)
{
	static const struct option options[] = {
		{ "rounds", required_argument, NULL, 'r' },
		{ "scale", required_argument, NULL, 'n' },
		{ "load", required_argument, NULL, 'l' },
		{ "size", required_argument, NULL, 's' },
		{ "allocator", required_argument, NULL, 'a' },
		{ "csv", required_argument, NULL, 'c' },
		{ "profile", required_argument, NULL, 'p' },
		{ "set", required_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 },
	};
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (o == 'r')
			pl->rounds = (unsigned)strtoul(optarg, NULL, 10);
		else if (o == 'n')
			pl->scale = (unsigned)strtoul(optarg, NULL, 10);
		else if (o == 'l')
			pl->load = optarg;
		else if (o == 's')
			pl->size = (unsigned)strtoul(optarg, NULL, 10);
		else if (o == 'a')
			pl->who = optarg;
		else if (o == 'c')
			pl->csv = optarg;
		else if (o == 'p')
			pl->profile = optarg;
		else if (o == 't' && pl->sets < MAX_SETS)
			pl->set[pl->sets++] = optarg;
		else
			return -EINVAL;
	}
	if (optind < argc || !pl->rounds || pl->rounds > MAX_ROUNDS || !pl->scale) {
		fprintf(stderr, "bench_engine: expected --rounds 1..%u, --scale 1 or more\n",
			MAX_ROUNDS);
		return -EINVAL;
	}
	return 0;
}

/* jemalloc wants more thread-local storage than a library loaded late can have, unless this is said at the start. */
static void start_with_tls(char **argv)
{
	if (getenv("GLIBC_TUNABLES"))
		return;
	setenv("GLIBC_TUNABLES", "glibc.rtld.optional_static_tls=16384", 1);
	execv("/proc/self/exe", argv);
}

int main(int argc, char **argv)
{
	static struct cell cells[LOADS_NR * SIZES * WHOS];
	struct plan pl = { .rounds = 7, .scale = 100, .profile = "fast" };
	struct err e = { "" };
	unsigned n = 0;

	if (parse(&pl, argc, argv))
		return 2;
	start_with_tls(argv);
	for (unsigned load = 0; load < LOADS_NR; load++)
		for (unsigned s = 0; s < SIZES; s++)
			for (unsigned w = 0; w < WHOS; w++)
				cells[n++] =
					(struct cell){ .load = load, .size = sizes[s], .who = w };
	if (configure(&pl, &e) || measure(&pl, cells, n, &e)) {
		fprintf(stderr, "bench_engine: %s\n", e.text);
		return 1;
	}
	free(pl.data);
	return 0;
}
