/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_RSEQ_H
#define SLABSCOPE_RSEQ_H

/*
 * KMEM_RSEQ: this build has the restartable-sequence fast path. It needs x86-64 (the sequence is
 * assembly), glibc 2.35 or later (which registers each thread), and no thread sanitizer (which
 * cannot see into it), and gcc 11 or clang 11. The library and the code that inlines its fast path must agree on
 * it: compile both with such a compiler, or both with -DKMEM_NO_RSEQ. Whether the running process may use it is asked at run time: see
 * kmem_machine_native().
 */

#include <stddef.h> /* any glibc header: defines __GLIBC_PREREQ */
#include <stdint.h>

#if defined(__x86_64__) && defined(__GLIBC_PREREQ) && !defined(KMEM_NO_RSEQ) && \
	!defined(__SANITIZE_THREAD__)
#if __GLIBC_PREREQ(2, 35)
#define KMEM_RSEQ 1
#endif
#endif

#if defined(KMEM_RSEQ) && defined(__has_feature)
#if __has_feature(thread_sanitizer)
#undef KMEM_RSEQ
#endif
#endif

/* asm goto with outputs */
#if defined(KMEM_RSEQ) && defined(__clang_major__)
#if __clang_major__ < 11
#undef KMEM_RSEQ
#endif
#elif defined(KMEM_RSEQ) && __GNUC__ < 11
#undef KMEM_RSEQ
#endif

#ifdef KMEM_RSEQ
#include <sys/rseq.h>
#endif

#endif
