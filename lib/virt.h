/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_VIRT_H
#define SLABSCOPE_VIRT_H

/*
 * Is this a virtual machine, whose, and does a CPU execute its instructions or a program?
 *
 * x86: the flag "hypervisor" of /proc/cpuinfo, and the signature that CPUID has at 0x40000000
 * (docs.kernel.org/virt/kvm/x86/cpuid.html; QEMU target/i386/cpu.c: "TCGTCGTCGTCG"). Elsewhere:
 * words of firmware tables and of the device tree. An arm64 guest of QEMU has the CPU's own name
 * in its tree where it is emulated, and only the architecture's under KVM (-cpu host).
 */

#include <stdbool.h>

#include "lib/hostfs.h"

struct virt {
	bool guest;
	bool emulated; /* instruction by instruction: no time means anything */
	char name[32]; /* "KVM", "QEMU TCG", ...; "" unknown, or no guest */
};

/* This machine's CPU is asked for its signature only if @h is the machine's own. Any thread. */
void virt_read(struct virt *v, const struct hostfs *h);

/* The same of the CPU's signature @signature, 12 bytes as text; "" if it has none. */
void virt_of(struct virt *v, const struct hostfs *h, const char *signature);

#endif
