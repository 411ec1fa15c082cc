/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of targets/, as they are, inside the program: a trial needs no path to them. The
 * Makefile rebuilds this when one of them changes; the assembler finds them from the project's root.
 */

#include "collectors/model/target_impl.h"

#define TARGET_FILE(id, name)                                                   \
	__asm__(".pushsection .rodata,\"a\"\n"                                  \
		".globl mt_file_" #id "\n"                                      \
		"mt_file_" #id ":\n"                                            \
		".incbin \"targets/" name ".ini\"\n"                            \
		".globl mt_file_end_" #id "\n"                                  \
		"mt_file_end_" #id ":\n"                                        \
		".byte 0\n"                                                     \
		".popsection\n");                                               \
	extern const char mt_file_##id[] __attribute__((visibility("hidden"))); \
	extern const char mt_file_end_##id[] __attribute__((visibility("hidden")));
#include "collectors/model/targets.def"
#undef TARGET_FILE

const struct mt_file mt_shipped[] = {
#define TARGET_FILE(id, name) { name, mt_file_##id, mt_file_end_##id },
#include "collectors/model/targets.def"
#undef TARGET_FILE
	{ NULL, NULL, NULL },
};
