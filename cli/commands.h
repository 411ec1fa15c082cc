/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_COMMANDS_H
#define SLABSCOPE_COMMANDS_H

/*
 * A command: one file cmd_NAME.c, one function here, one line in main.c's table. argv[0] is the
 * command's name. Returns the exit status: 0 done, 1 failed, 2 usage, 3 a regression, 4 no verdict
 * (3, 4: compare, when asked to), 77 cannot be done here, 130 interrupted.
 */

#define EXIT_USAGE 2
#define EXIT_REGRESSION 3
#define EXIT_NO_VERDICT 4
#define EXIT_CANNOT 77

int cmd_doctor(int argc, char **argv);
int cmd_geometry(int argc, char **argv);
int cmd_events(int argc, char **argv);
int cmd_slabinfo(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_stat(int argc, char **argv);
int cmd_compare(int argc, char **argv);
int cmd_plot(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_model(int argc, char **argv);
int cmd_record(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_tune(int argc, char **argv);

#endif
