/* SPDX-License-Identifier: GPL-2.0-or-later */
/* numastat of each node and vmstat, at both ends of the region; kept as text, read when it is over.
 * */
#include "collectors/numa/numa.h"

#include <stdio.h>
#include <string.h>

#include "collectors/proctext.h"

static const char machine_wide[] = "machine-wide: everybody's, not only this trial's";

static const struct {
	const char *name, *unit;
} node_rows[] = {
	{ "numa_hit", "pages" },       { "numa_miss", "pages" },  { "numa_foreign", "pages" },
	{ "interleave_hit", "pages" }, { "local_node", "pages" }, { "other_node", "pages" },
};

static const struct {
	const char *name, *unit;
} vm_rows[] = {
	{ "numa_pte_updates", "pages" },    { "numa_huge_pte_updates", "pages" },
	{ "numa_hint_faults", "faults" },   { "numa_hint_faults_local", "faults" },
	{ "numa_pages_migrated", "pages" }, { "pgmigrate_success", "pages" },
	{ "pgmigrate_fail", "pages" },	    { "thp_fault_alloc", "faults" },
	{ "thp_fault_fallback", "faults" }, { "thp_collapse_alloc", "pages" },
	{ "thp_split_page", "pages" },
};

void numa_stat_read(struct numa_stat *s, int at, const struct numa_nodes *nodes,
		    const struct hostfs *h)
{
	int n = proctext_head(h, s->vmstat[at], sizeof(s->vmstat[at]), "/proc/vmstat");

	s->vmstat_error[at] = n < 0 ? n : 0;
	if (at == 0)
		s->nr = nodes->nr;
	for (unsigned i = 0; i < s->nr; i++) {
		n = hostfs_read(h, s->node[at][i], sizeof(s->node[at][i]),
				"/sys/devices/system/node/node%d/numastat", nodes->os[i]);
		s->node_error[at][i] = n < 0 ? n : 0;
	}
}

/* Value of the line @name at the end minus at the beginning, or why there is none. */
static void put_delta(struct value_sink *out, const char *metric, const char *unit,
		      const char *const text[2], int error, const char *path, const char *name,
		      const char *remedy)
{
	uint64_t v[2] = { 0, 0 };
	char note[512];

	if (error) {
		value_put_unavailable(out, metric, unit, "kernel",
				      proctext_why(note, sizeof(note), path, error, remedy));
		return;
	}
	for (int i = 0; i < 2 && !error; i++)
		error = proctext_field(text[i], name, &v[i]);
	if (error)
		snprintf(note, sizeof(note),
			 "%s has no number behind '%s': this kernel does not count it", path, name);
	else if (v[1] < v[0])
		snprintf(note, sizeof(note), "%s: '%s' went backwards, from %llu to %llu", path,
			 name, (unsigned long long)v[0], (unsigned long long)v[1]);
	if (error || v[1] < v[0])
		value_put_unavailable(out, metric, unit, "kernel", note);
	else
		proctext_put(out, metric, (double)(v[1] - v[0]), unit, "kernel", -1, machine_wide);
}

static void emit_node(const struct numa_stat *s, unsigned node, int os, struct value_sink *out)
{
	const char *text[2] = { s->node[0][node], s->node[1][node] };
	int error = s->node_error[0][node] ? s->node_error[0][node] : s->node_error[1][node];
	char metric[64], path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/numastat", os);
	for (size_t r = 0; r < sizeof(node_rows) / sizeof(node_rows[0]); r++) {
		snprintf(metric, sizeof(metric), "numa.stat_node%d_%s", os, node_rows[r].name);
		put_delta(out, metric, node_rows[r].unit, text, error, path, node_rows[r].name,
			  "it needs a kernel with CONFIG_NUMA, and /sys mounted");
	}
}

static void emit_balancing(const struct hostfs *h, struct value_sink *out)
{
	static const char path[] = "/proc/sys/kernel/numa_balancing";
	char note[256];
	uint64_t v;
	int err = hostfs_u64(h, &v, path);

	if (err)
		value_put_unavailable(
			out, "numa.balancing", "1", "kernel",
			proctext_why(
				note, sizeof(note), path, err,
				"a kernel without CONFIG_NUMA_BALANCING has no such setting, and "
				"moves no page by itself"));
	else
		proctext_put(out, "numa.balancing", (double)v, "1", "kernel", -1,
			     v ? "the kernel may move pages while they are measured: sysctl "
				 "kernel.numa_balancing=0 forbids it" :
				 NULL);
}

void numa_stat_emit(const struct numa_stat *s, const struct numa_nodes *nodes,
		    const struct hostfs *h, struct value_sink *out)
{
	const char *text[2] = { s->vmstat[0], s->vmstat[1] };
	int error = s->vmstat_error[0] ? s->vmstat_error[0] : s->vmstat_error[1];
	char metric[64];

	for (unsigned i = 0; i < s->nr; i++)
		emit_node(s, i, nodes->os[i], out);
	for (size_t r = 0; r < sizeof(vm_rows) / sizeof(vm_rows[0]); r++) {
		snprintf(metric, sizeof(metric), "numa.vmstat_%s", vm_rows[r].name);
		put_delta(out, metric, vm_rows[r].unit, text, error, "/proc/vmstat",
			  vm_rows[r].name, "it needs /proc mounted");
	}
	emit_balancing(h, out);
}
