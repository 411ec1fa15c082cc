/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/slab_config.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "engine/geometry.h"
#include "engine/machine.h"

static const char *const rules_names[] = { "2.6.22", "6.1", "2.6.7", "2.6.8", "3.13", "3.15", NULL };
static const char *const mgmt_names[] = { "auto", "on", "off", NULL };
static const char *const index_names[] = { "auto", "1", "2", "4", "bits", NULL };
static const char *const slack_names[] = { "none", "object", "order", NULL };
static const char *const scope_names[] = { "node", "cpu", "cache", NULL };
static const char *const seq_names[] = { "sequential", "odd", "random", "runs", NULL };
static const char *const placement_names[] = {
	"local",    "bind",	"preferred", "interleave-page", "interleave-object",
	"weighted", "farthest", NULL
};
static const char *const backing_names[] = { "base", "thp", "hugetlb", NULL };
static const char *const stats_names[] = { "refill", "full", NULL };
static const char *const fail_names[] = { "off", "nth", "prob", NULL };
static const char *const fail_point_names[] = { "any", "object", "pages", "mgmt", "array", NULL };

_Static_assert(BACKING_NR == 3, "backing_names has a name for each");

#define FIELD(f) .name = #f, .offset = offsetof(struct slab_config, f)

const struct opt slab_config_opts[] = {
	{ FIELD(rules), .type = OPT_ENUM, .names = rules_names, .def = "2.6.22",
	  .help = "kernel generation whose layout rules hold; the engine runs 2.6.22 and 6.1, geometry computes all" },
	{ FIELD(align), .type = OPT_UINT, .max = KMALLOC_MAX_SIZE, .unit = "bytes", .def = "0",
	  .flags = OPT_FIXED | OPT_POW2,
	  .help = "alignment of every object, a power of two; 0 is a word" },
	{ FIELD(hwcache_align), .type = OPT_BOOL, .def = "off", .flags = OPT_FIXED,
	  .help = "align to the cache line, halved while two objects fit in one (SLAB_HWCACHE_ALIGN)" },
	{ FIELD(reclaim), .type = OPT_BOOL, .def = "off",
	  .help = "stay at the lowest order that fits, whatever it wastes (SLAB_RECLAIM_ACCOUNT)" },
	{ FIELD(rcu), .type = OPT_BOOL, .def = "off", .flags = OPT_FIXED,
	  .help = "type-stable memory: slabs are returned only at shrink and destroy (SLAB_TYPESAFE_BY_RCU)" },

	{ FIELD(order), .type = OPT_UINT, .max = KMALLOC_MAX_ORDER, .def = "auto",
	  .flags = OPT_AUTO,
	  .help = "pages per slab as a power of two; auto searches as the kernel does" },
	{ FIELD(break_order), .type = OPT_UINT, .max = KMALLOC_MAX_ORDER, .def = "1",
	  .help = "order at which the search stops even if over an eighth is wasted (slab_max_order)" },
	{ FIELD(min_objects), .type = OPT_UINT, .max = 65536, .unit = "objects", .def = "0",
	  .help = "an auto order goes on to break_order while a slab holds fewer; 0 is the kernel's search" },
	{ FIELD(mgmt), .type = OPT_ENUM, .names = mgmt_names, .def = "auto",
	  .help = "where slab management lies: as the rules say, in the slab, or in a general cache" },
	{ FIELD(index), .type = OPT_ENUM, .names = index_names, .def = "auto",
	  .help = "bytes per entry of the free-object index, or one bit; auto is what the rules have" },
	{ FIELD(stride_pad), .type = OPT_UINT, .max = 1 << 20, .unit = "bytes", .def = "0",
	  .help = "unused bytes behind every object, rounded up to the alignment" },

	{ FIELD(colour), .type = OPT_UINT, .max = 65535, .def = "auto", .flags = OPT_AUTO | OPT_OFF,
	  .help = "number of colours at most; auto uses all that the left-over bytes allow, 0 and 1 are none" },
	{ FIELD(colour_off), .type = OPT_UINT, .min = 1, .max = 1 << 20, .unit = "bytes",
	  .def = "auto", .flags = OPT_AUTO,
	  .help = "bytes from one colour to the next, a multiple of the alignment; auto is a line or the alignment" },
	{ FIELD(colour_slack), .type = OPT_ENUM, .names = slack_names, .def = "none",
	  .help = "how room for colours is bought where the rules leave none: objects fewer per slab, or a higher "
		  "order" },
	{ FIELD(colour_scope), .type = OPT_ENUM, .names = scope_names, .def = "node",
	  .help = "who counts colours: each node as in the kernel, each CPU, or the whole cache" },
	{ FIELD(colour_seq), .type = OPT_ENUM, .names = seq_names, .def = "sequential",
	  .help = "order in which colours follow each other" },
	{ FIELD(colour_run), .type = OPT_UINT, .min = 1, .max = 65536, .unit = "slabs", .def = "4",
	  .help = "slabs in a row that share a colour under colour_seq=runs" },
	{ FIELD(colour_header), .type = OPT_BOOL, .def = "on",
	  .help = "an on-slab header moves with its objects' colour, as in 2.6.22; off keeps it at the page's start" },

	{ FIELD(limit), .type = OPT_UINT, .min = 1, .max = 65536, .unit = "objects", .def = "auto",
	  .flags = OPT_AUTO, .help = "objects a per-CPU array may hold; auto goes by object size" },
	{ FIELD(batchcount), .type = OPT_UINT, .min = 1, .max = 65536, .unit = "objects",
	  .def = "auto", .flags = OPT_AUTO,
	  .help = "objects moved at once by refill and flush; auto is half the limit" },
	{ FIELD(shared), .type = OPT_UINT, .max = 1024, .unit = "batches", .def = "auto",
	  .flags = OPT_AUTO | OPT_OFF,
	  .help = "size of each node's shared array in batches; auto is 8 up to a page" },
	{ FIELD(free_limit), .type = OPT_UINT, .max = 1 << 30, .unit = "objects", .def = "auto",
	  .flags = OPT_AUTO,
	  .help = "free objects a node keeps before empty slabs go back; auto is (1 + its CPUs) batches + a slab" },
	{ FIELD(alien), .type = OPT_BOOL, .def = "on",
	  .help = "collect frees of other nodes' objects in alien arrays instead of taking their lock each time" },

	{ FIELD(placement), .type = OPT_ENUM, .names = placement_names, .def = "local",
	  .help = "node that slabs and objects come from" },
	{ FIELD(place_node), .type = OPT_UINT, .max = KMEM_MAX_NODES - 1, .def = "0",
	  .help = "node of placement=bind and placement=preferred" },
	{ FIELD(place_weights), .type = OPT_STR, .max = PLACE_WEIGHTS_MAX - 1, .def = "",
	  .help = "weights of the nodes under placement=weighted, as 3:1:1; nodes not named weigh 1" },
	{ FIELD(backing), .type = OPT_ENUM, .names = backing_names, .def = "base",
	  .help = "pages under the slabs: base, transparent huge, or from the hugetlb pool" },

	{ FIELD(red_zone), .type = OPT_BOOL, .def = "off",
	  .help = "guard words around each object, checked at alloc and free" },
	{ FIELD(poison), .type = OPT_BOOL, .def = "off",
	  .help = "fill free objects with a pattern, checked at alloc" },
	{ FIELD(store_user), .type = OPT_BOOL, .def = "off",
	  .help = "note the last caller behind each object, for reports" },
	{ FIELD(stats), .type = OPT_ENUM, .names = stats_names, .def = "refill",
	  .help = "what is counted: at refill and flush only, or every hit too (slower)" },

	{ FIELD(fail), .type = OPT_ENUM, .names = fail_names, .def = "off",
	  .help = "failure injection: none, every n-th passage, or by chance" },
	{ FIELD(fail_point), .type = OPT_ENUM, .names = fail_point_names, .def = "any",
	  .help = "which allocation points may fail" },
	{ FIELD(fail_nth), .type = OPT_UINT, .min = 1, .max = 1 << 30, .def = "100",
	  .help = "passages per failure under fail=nth" },
	{ FIELD(fail_prob), .type = OPT_DOUBLE, .dmin = 0, .dmax = 1, .def = "0.01",
	  .help = "chance that a passage fails under fail=prob" },
	{ FIELD(fail_times), .type = OPT_UINT, .max = 1 << 30, .def = "0",
	  .help = "failures after which injection stops; 0 is never" },

	{ FIELD(seed), .type = OPT_U64, .def = "1",
	  .help = "seed of colour_seq=random and fail=prob" },
	{ .name = NULL },
};

static const char *const kernel_2_6_22[][2] = { { NULL, NULL } };
static const char *const kernel_6_1[][2] = { { "rules", "6.1" }, { NULL, NULL } };
/*
 * Queues twice as deep as the deepest of the kernel; four batches fit in a node's shared array. Slabs of many objects,
 * with their headers close together elsewhere and a bit for each object: taken and returned in the order of addresses. Room
 * for colours costs less than 1 % then. Empty slabs stay: the reaper and shrink return them.
 */
static const char *const fast[][2] = {
	{ "mgmt", "off" },
	{ "index", "bits" },
	{ "min_objects", "1024" },
	{ "break_order", "7" },
	{ "colour_slack", "object" },
	{ "limit", "256" },
	{ "batchcount", "128" },
	{ "shared", "4" },
	{ "free_limit", "1073741824" },
	{ NULL, NULL },
};

const struct slab_profile slab_profiles[] = {
	{ "kernel-2.6.22", kernel_2_6_22,
	  "the classic, faithfully: layout, order, colours and queues of 2.6.22" },
	{ "kernel-6.1", kernel_6_1,
	  "the last generation: index at the slab's end, off-slab or in a free object" },
	{ "fast", fast,
	  "large slabs, a bit per object, deeper queues than any kernel's: for speed in user space" },
	{ NULL, NULL, NULL },
};

static int apply(struct slab_config *c, const char *const (*settings)[2], struct err *e)
{
	int ret = 0;

	for (; (*settings)[0] && !ret; settings++)
		ret = opt_parse(opt_find(slab_config_opts, (*settings)[0]), c, (*settings)[1], e);
	return ret;
}

int slab_config_profile(struct slab_config *c, const char *name, struct err *e)
{
	const struct slab_profile *p;
	char list[128] = "";

	for (p = slab_profiles; p->name; p++) {
		size_t n = strlen(list);

		if (!strcmp(p->name, name)) {
			memset(c, 0, sizeof(*c)); /* padding too: configs are compared and hashed */
			opt_defaults(slab_config_opts, c);
			return apply(c, p->settings, e);
		}
		snprintf(list + n, sizeof(list) - n, "%s%s", n ? ", " : "", p->name);
	}
	return err_set(e, -EINVAL, "profile: expected one of %s, got '%.100s'", list, name);
}

/* ---- validation ---- */

static unsigned names_count(const struct opt *row)
{
	unsigned n = 0;

	while (row->names[n])
		n++;
	return n;
}

/* Every field within its own row: a config may have been filled by hand. */
static int validate_row(const struct opt *row, const struct slab_config *c, struct err *e)
{
	char text[OPT_STR_MAX + 32];
	struct slab_config copy;
	unsigned v;

	if (row->type == OPT_ENUM || row->type == OPT_BOOL) {
		memcpy(&v, (const char *)c + row->offset, sizeof(v));
		if (v >= (row->type == OPT_BOOL ? 2 : names_count(row)))
			return err_set(e, -EINVAL, "%s: no value number %u", row->name, v);
		return 0;
	}
	opt_format(row, c, text, sizeof(text));
	return opt_parse(row, &copy, text, e);
}

/* One weight at *@text, which moves behind it and a colon. */
static int parse_weight(const char **text, uint8_t *w)
{
	const char *p = *text;
	unsigned v = 0;

	if (*p < '0' || *p > '9')
		return -EINVAL;
	for (; *p >= '0' && *p <= '9'; p++) {
		v = v * 10 + (unsigned)(*p - '0');
		if (v > 255)
			return -EINVAL;
	}
	if (*p == ':' && p[1])
		p++;
	else if (*p)
		return -EINVAL;
	*text = p;
	*w = (uint8_t)v;
	return 0;
}

int slab_config_weights(const struct slab_config *c, unsigned nr_nodes, uint8_t *w, struct err *e)
{
	const char *text = c->place_weights;
	unsigned i, sum = 0;

	for (i = 0; i < nr_nodes; i++) {
		w[i] = 1;
		if (*text && parse_weight(&text, &w[i]))
			return err_set(
				e, -EINVAL,
				"place_weights: expected numbers from 0 to 255 with ':' between, "
				"got '%s'",
				c->place_weights);
		sum += w[i];
	}
	if (*text)
		return err_set(e, -EINVAL,
			       "place_weights: expected at most %u weights, one per node, got '%s'",
			       nr_nodes, c->place_weights);
	if (nr_nodes && !sum)
		return err_set(e, -EINVAL, "place_weights: expected at least one above 0, got '%s'",
			       c->place_weights);
	return 0;
}

static int validate_layout(const struct slab_config *c, struct err *e)
{
	if (c->colour_off != KMEM_AUTO && c->align && c->colour_off % c->align)
		return err_set(e, -EINVAL, "colour_off: expected a multiple of align, %u, got '%u'",
			       c->align, c->colour_off);
	if (c->colour_slack == SLACK_ORDER && c->order != KMEM_AUTO)
		return err_set(
			e, -EINVAL,
			"colour_slack: expected none or object where order is fixed (%u), got "
			"'order'",
			c->order);
	if (c->limit != KMEM_AUTO && c->batchcount != KMEM_AUTO && c->batchcount > c->limit)
		return err_set(e, -EINVAL, "batchcount: expected at most limit, %u, got '%u'",
			       c->limit, c->batchcount);
	return 0;
}

static int validate_placement(const struct slab_config *c, unsigned nr_nodes, struct err *e)
{
	unsigned bound = c->placement == PLACE_BIND || c->placement == PLACE_PREFERRED;
	uint8_t w[KMEM_MAX_NODES];

	if (nr_nodes > KMEM_MAX_NODES)
		return err_set(e, -EINVAL, "at most %d nodes, got %u", KMEM_MAX_NODES, nr_nodes);
	if (bound && nr_nodes && c->place_node >= nr_nodes)
		return err_set(e, -EINVAL, "place_node: expected 0 to %u, got '%u'", nr_nodes - 1,
			       c->place_node);
	if (c->placement != PLACE_WEIGHTED)
		return 0;
	/* nodes unknown: a list that is right for so many nodes as can be is not wrong by itself */
	return slab_config_weights(c, nr_nodes ? nr_nodes : KMEM_MAX_NODES, w, e);
}

int slab_config_validate(const struct slab_config *c, unsigned nr_nodes, struct err *e)
{
	const struct opt *row;
	int ret;

	for (row = slab_config_opts; row->name; row++) {
		ret = validate_row(row, c, e);
		if (ret)
			return ret;
	}
	ret = validate_layout(c, e);
	return ret ? ret : validate_placement(c, nr_nodes, e);
}
