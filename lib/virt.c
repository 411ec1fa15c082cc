/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/virt.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#define DMI "/sys/class/dmi/id/"
#define TREE "/sys/firmware/devicetree/base/"
#define TCG "QEMU TCG"

static const struct {
	const char *signature, *name;
} signatures[] = {
	{ "KVMKVMKVM", "KVM" },	 { "VMwareVMware", "VMware" },	{ "XenVMMXenVMM", "Xen" },
	{ "TCGTCGTCGTCG", TCG }, { "Microsoft Hv", "Hyper-V" }, { "bhyve bhyve ", "bhyve" },
};

/* Words of firmware and kernel that give a hypervisor away. QEMU's may stand for KVM or for none. */
static const struct {
	const char *file, *word, *name;
} giveaways[] = {
	{ "/sys/hypervisor/type", "xen", "Xen" },
	{ DMI "product_name", "KVM", "KVM" },
	{ DMI "sys_vendor", "QEMU", "QEMU" },
	{ DMI "sys_vendor", "Amazon EC2", "KVM" },
	{ DMI "product_name", "Google Compute Engine", "KVM" },
	{ DMI "sys_vendor", "VMware", "VMware" },
	{ DMI "product_name", "VirtualBox", "VirtualBox" },
	{ DMI "product_name", "Virtual Machine", "Hyper-V" },
	{ DMI "sys_vendor", "Xen", "Xen" },
	{ DMI "sys_vendor", "Parallels", "Parallels" },
	{ DMI "sys_vendor", "Apple Virtualization", "Apple" },
	{ TREE "hypervisor/compatible", "kvm", "KVM" },
	{ TREE "hypervisor/compatible", "xen", "Xen" },
	{ TREE "fw-cfg@9020000/compatible", "qemu", "QEMU" },
	{ TREE "model", "qemu", "QEMU" },
};

static const char *cpu_signature(char text[13])
{
	text[0] = text[12] = '\0';
#if defined(__x86_64__) || defined(__i386__)
	unsigned a, b, c, d;

	__cpuid(0x40000000, a, b, c, d);
	memcpy(text, &b, 4);
	memcpy(text + 4, &c, 4);
	memcpy(text + 8, &d, 4);
#endif
	return text;
}

/* " hypervisor" among the flags of /proc/cpuinfo, which is long where there are many CPUs: the
 * first will do. 1, 0, or -1 where CPUs have no such flag. */
static int flag_says(const struct hostfs *h)
{
	char path[PATH_MAX], *line = NULL;
	int found = -1;
	size_t room = 0;
	FILE *f;

	if (hostfs_path(h, path, sizeof(path), "/proc/cpuinfo"))
		return -1;
	f = fopen(path, "re");
	if (!f)
		return -1;
	while (getline(&line, &room, f) >= 0)
		if (!strncmp(line, "flags", 5)) {
			const char *at = strstr(line, " hypervisor");

			found = at && (!at[11] || isspace((unsigned char)at[11]));
			break;
		}
	free(line);
	fclose(f);
	return found;
}

/* Does the device tree name a CPU, and not only its architecture? */
static bool cpu_has_a_name(const struct hostfs *h)
{
	char text[256];

	return hostfs_read(h, text, sizeof(text), TREE "cpus/cpu@0/compatible") > 0 &&
	       !strncmp(text, "arm,", 4) && strcmp(text, "arm,arm-v8") != 0 &&
	       strcmp(text, "arm,armv8") != 0;
}

void virt_of(struct virt *v, const struct hostfs *h, const char *signature)
{
	const char *name = "";
	int flag = flag_says(h);
	char text[256];

	*v = (struct virt){ .guest = false };
	/* where the CPU says that there is none, a vendor's name means nothing: clouds rent out bare
	 * metal too */
	if (!flag)
		return;
	for (size_t i = 0; flag > 0 && i < sizeof(signatures) / sizeof(signatures[0]); i++)
		if (!strncmp(signature, signatures[i].signature, strlen(signatures[i].signature)))
			name = signatures[i].name;
	for (size_t i = 0; i < sizeof(giveaways) / sizeof(giveaways[0]) && !*name; i++)
		if (hostfs_read(h, text, sizeof(text), "%s", giveaways[i].file) > 0 &&
		    strstr(text, giveaways[i].word))
			name = giveaways[i].name;
	if (!strcmp(name, "QEMU") && cpu_has_a_name(h))
		name = TCG;
	v->guest = flag > 0 || *name;
	v->emulated = !strcmp(name, TCG);
	snprintf(v->name, sizeof(v->name), "%s", name);
}

void virt_read(struct virt *v, const struct hostfs *h)
{
	char text[13] = "";

	virt_of(v, h, *h->root ? text : cpu_signature(text));
}
