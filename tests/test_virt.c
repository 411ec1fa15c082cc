/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/virt.h: whose virtual machine this is, and what executes its instructions; on invented machines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/virt.h"
#include "tests/temp_help.h"

#define X86_GUEST "processor : 0\nflags\t\t: fpu vme hypervisor lahf_lm\n"
#define X86_METAL "processor : 0\nflags\t\t: fpu vme lahf_lm\n"
#define ARM "processor : 0\nFeatures : fp asimd\n"
#define TREE "/sys/firmware/devicetree/base/"

struct machine {
	const char *cpuinfo, *vendor, *product; /* NULL: there is no such file */
	const char *model, *fw_cfg, *cpu;	/* of the device tree */
	const char *signature;			/* CPUID 0x40000000 */
	struct virt want;
};

static const struct machine machines[] = {
	/* the CPU's word counts more than firmware's */
	{ .cpuinfo = X86_GUEST,
	  .signature = "KVMKVMKVM",
	  .vendor = "QEMU",
	  .want = { true, false, "KVM" } },
	{ .cpuinfo = X86_GUEST,
	  .signature = "TCGTCGTCGTCG",
	  .vendor = "QEMU",
	  .want = { true, true, "QEMU TCG" } },
	{ .cpuinfo = X86_GUEST, .signature = "TCGTCGTCGTCG", .want = { true, true, "QEMU TCG" } },
	{ .cpuinfo = X86_GUEST,
	  .signature = "Microsoft Hv",
	  .product = "Virtual Machine",
	  .want = { true, false, "Hyper-V" } },
	{ .cpuinfo = X86_GUEST, .signature = "VMwareVMware", .want = { true, false, "VMware" } },
	/* it says nothing that is known: QEMU is either */
	{ .cpuinfo = X86_GUEST, .signature = "", .vendor = "QEMU", .want = { true, false, "QEMU" } },
	{ .cpuinfo = X86_GUEST, .signature = "NobodyKnows.", .want = { true, false, "" } },
	{ .cpuinfo = X86_GUEST,
	  .signature = "",
	  .vendor = "QEMU",
	  .product = "KVM",
	  .want = { true, false, "KVM" } },
	/* a CPU without the flag has whatever is at that place of CPUID */
	{ .cpuinfo = X86_METAL,
	  .signature = "TCGTCGTCGTCG",
	  .vendor = "QEMU",
	  .want = { false, false, "" } },
	/* arm64: the CPU has a name of its own only where it is emulated */
	{ .cpuinfo = ARM,
	  .model = "linux,dummy-virt",
	  .fw_cfg = "qemu,fw-cfg-mmio",
	  .cpu = "arm,neoverse-n1",
	  .want = { true, true, "QEMU TCG" } },
	{ .cpuinfo = ARM,
	  .model = "linux,dummy-virt",
	  .fw_cfg = "qemu,fw-cfg-mmio",
	  .cpu = "arm,cortex-a57",
	  .want = { true, true, "QEMU TCG" } },
	{ .cpuinfo = ARM,
	  .model = "linux,dummy-virt",
	  .fw_cfg = "qemu,fw-cfg-mmio",
	  .cpu = "arm,arm-v8",
	  .want = { true, false, "QEMU" } },
	{ .cpuinfo = ARM,
	  .vendor = "QEMU",
	  .product = "KVM Virtual Machine",
	  .want = { true, false, "KVM" } },
	{ .cpuinfo = ARM, .vendor = "Amazon EC2", .want = { true, false, "KVM" } },
	/* a board that is sold */
	{ .cpuinfo = ARM,
	  .model = "Raspberry Pi 4 Model B",
	  .cpu = "arm,cortex-a72",
	  .want = { false, false, "" } },
	{ .cpuinfo = ARM, .vendor = "HPE", .want = { false, false, "" } },
	{ .model = "riscv-virtio,qemu", .want = { true, false, "QEMU" } },
	{ .want = { false, false, "" } },
};

static void put(const char *root, const char *name, const char *text)
{
	char path[TEMP_MAX + 200];
	FILE *f;

	if (!text)
		return;
	snprintf(path, sizeof(path), "%s%s", root, name);
	for (char *c = path + strlen(root) + 1; *c; c++)
		if (*c == '/') {
			*c = '\0';
			mkdir(path, 0777);
			*c = '/';
		}
	f = fopen(path, "w");
	assert_non_null(f);
	/* names of a device tree end with a NUL */
	fwrite(text, 1, strlen(text) + !strncmp(name, TREE, strlen(TREE)), f);
	assert_int_equal(fclose(f), 0);
}

static void test_machines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
		const struct machine *m = &machines[i];
		char root[TEMP_MAX], rm[TEMP_MAX + 16];
		struct hostfs fs;
		struct virt v;

		assert_non_null(temp_folder(root, "virt"));
		put(root, "/proc/cpuinfo", m->cpuinfo);
		put(root, "/sys/class/dmi/id/sys_vendor", m->vendor);
		put(root, "/sys/class/dmi/id/product_name", m->product);
		put(root, TREE "model", m->model);
		put(root, TREE "fw-cfg@9020000/compatible", m->fw_cfg);
		put(root, TREE "cpus/cpu@0/compatible", m->cpu);
		snprintf(fs.root, sizeof(fs.root), "%s", root);
		memset(&v, 0x5a, sizeof(v));
		virt_of(&v, &fs, m->signature ? m->signature : "");
		if (v.guest != m->want.guest || v.emulated != m->want.emulated ||
		    strcmp(v.name, m->want.name))
			fail_msg("row %zu: %d %d '%s'", i, v.guest, v.emulated, v.name);
		/* the CPU that this runs on is not asked about an invented machine */
		if (!m->signature) {
			virt_read(&v, &fs);
			assert_string_equal(v.name, m->want.name);
		}
		snprintf(rm, sizeof(rm), "rm -r %s", root);
		assert_int_equal(system(rm), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_machines) };

	return cmocka_run_group_tests_name("virt", tests, NULL, NULL);
}
