/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TESTS_EMULATOR_HELP_H
#define SLABSCOPE_TESTS_EMULATOR_HELP_H

/*
 * Tests of a cross build run under qemu-user, which answers system calls itself. A test that asks for
 * one that it has not, or has otherwise, begins with this: it is skipped there, and says that @what is
 * why. (SLABSCOPE_EMULATOR is what tests are started with; where it is empty this does nothing.)
 */
void emulator_lacks(const char *what);

#endif
