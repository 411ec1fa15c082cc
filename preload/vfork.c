/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vfork() whose child may call malloc(), as it may with the C library's: see kmem_system_spare_slot(). In assembly, for
 * the child returns over the parent's frame. What the parent needs afterwards is in registers, which are its own: rdx
 * where to return to, rsi the offset of struct rseq, edi the spare slot, r8d what cpu_id_start was before. The last is
 * the spare slot in a child that calls vfork() itself; for such a one no kernel keeps a CPU number, so nothing is
 * brought back. Elsewhere cpu_id is what cpu_id_start should be, and copied in a restartable sequence.
 */
#include <errno.h>

#include "engine/rseq.h"
#include "preload/preload.h"

unsigned malloc_spare_slot;

#ifdef KMEM_RSEQ

#include <sys/syscall.h>

#define STRING(x) #x
#define NUMBER(x) STRING(x)

/* Called from the assembly below. */
int malloc_vfork_failed(int error);

__attribute__((used)) int malloc_vfork_failed(int error)
{
	errno = error;
	return -1;
}

/* clang-format off */
__asm__(".pushsection .text\n"
	".globl vfork\n"
	".type vfork, @function\n"
"vfork:	popq %rdx\n"
	"movq __rseq_offset@GOTPCREL(%rip), %rsi\n"
	"movq (%rsi), %rsi\n"
	"movl malloc_spare_slot(%rip), %edi\n"
	"movl %fs:(%rsi), %r8d\n"
	"movl $" NUMBER(SYS_vfork) ", %eax\n"
	"syscall\n"
	"pushq %rdx\n"
	"testl %eax, %eax\n"
	"js 7f\n"
	"testl %edi, %edi\n"
	"jz 6f\n"
	"testl %eax, %eax\n"
	"jz 3f\n"
	"cmpl %edi, %r8d\n"
	"je 6f\n"
"1:	leaq 9f(%rip), %rcx\n"
	"movq %rcx, %fs:8(%rsi)\n"
"2:	movl %fs:4(%rsi), %ecx\n"
	"movl %ecx, %fs:(%rsi)\n" /* commit */
"4:	ret\n"
"3:	movl %edi, %fs:(%rsi)\n"
"6:	ret\n"
"7:	movl %eax, %edi\n"
	"negl %edi\n"
	"jmp malloc_vfork_failed\n"
	".byte 0x0f, 0xb9, 0x3d\n"
	".long 0x53053053\n"
"5:	jmp 1b\n"
	".size vfork, . - vfork\n"
	".popsection\n"
	".pushsection __rseq_cs, \"aw\"\n"
	".balign 32\n"
"9:	.long 0, 0\n"
	".quad 2b, 4b - 2b, 5b\n"
	".popsection\n");
/* clang-format on */

#endif
