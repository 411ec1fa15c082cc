/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a command costs, for bench/preload.sh: runs it, then writes a line
 *
 *	wall milliseconds,CPU milliseconds (user and system, with all that it waited for),peak resident KiB of the largest
 *
 *	bench_launch FILE COMMAND [ARGUMENT...]		the line goes to FILE; LAUNCH_PRELOAD is the command's LD_PRELOAD
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static double ms(struct timeval t)
{
	return (double)t.tv_sec * 1e3 + (double)t.tv_usec * 1e-3;
}

static void launch(char **argv)
{
	const char *preload = getenv("LAUNCH_PRELOAD");

	if (preload && *preload)
		setenv("LD_PRELOAD", preload, 1);
	execvp(argv[0], argv);
	perror(argv[0]);
	_exit(127);
}

int main(int argc, char **argv)
{
	struct rusage u;
	double begin, wall;
	int status;
	pid_t pid;
	FILE *f;

	if (argc < 3) {
		fprintf(stderr, "usage: bench_launch FILE COMMAND [ARGUMENT...]\n");
		return 2;
	}
	begin = now_ms();
	pid = fork();
	if (!pid)
		launch(argv + 2);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 1;
	wall = now_ms() - begin;
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		fprintf(stderr, "bench_launch: %s: status %x\n", argv[2], (unsigned)status);
		return 1;
	}
	getrusage(RUSAGE_CHILDREN, &u);
	f = fopen(argv[1], "w");
	if (!f)
		return 1;
	fprintf(f, "%.3f,%.3f,%ld\n", wall, ms(u.ru_utime) + ms(u.ru_stime), u.ru_maxrss);
	return fclose(f) != 0;
}
