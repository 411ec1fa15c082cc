/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of collectors/events/, as they are, inside the program: a trial needs no path to them.
 * The Makefile rebuilds this when one of them changes; the assembler finds them from the project's
 * root.
 */

#include "collectors/perf/ev.h"

#define EVENT_FILE(id, name)                                                    \
	__asm__(".pushsection .rodata,\"a\"\n"                                  \
		".globl ev_file_" #id "\n"                                      \
		"ev_file_" #id ":\n"                                            \
		".incbin \"collectors/events/" name "\"\n"                      \
		".globl ev_file_end_" #id "\n"                                  \
		"ev_file_end_" #id ":\n"                                        \
		".byte 0\n"                                                     \
		".popsection\n");                                               \
	extern const char ev_file_##id[] __attribute__((visibility("hidden"))); \
	extern const char ev_file_end_##id[] __attribute__((visibility("hidden")));
#include "collectors/events/files.def"
#undef EVENT_FILE

const struct ev_file ev_shipped[] = {
#define EVENT_FILE(id, name) { name, ev_file_##id, ev_file_end_##id },
#include "collectors/events/files.def"
#undef EVENT_FILE
	{ NULL, NULL, NULL },
};
const unsigned ev_nr_shipped = sizeof(ev_shipped) / sizeof(ev_shipped[0]) - 1;
