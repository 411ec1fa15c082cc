/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The fuzzers without a fuzzing engine: replays files and folders, then makes inputs from a seed,
 * half of them random bytes, half a damaged copy of one of the files. What is made depends on seed
 * and files only, so a failure comes back; the input being tried lies in a file should the program
 * die.
 *
 *	fuzz_X [--slice] [--inputs N] [--max-len BYTES] [--seed S] [FILE|FOLDER...]
 *
 * --slice: what `make check` runs: the corpus in tests/corpus/X, and as many inputs as the fuzzer
 * says (SLABSCOPE_TEST_LONG=1: a hundred times as many; a sanitizer build, and
 * SLABSCOPE_TEST_SHORT=1: a tenth).
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/host.h"
#include "lib/rng.h"
#include "tests/fuzz.h"

struct input {
	uint8_t *data;
	size_t len;
};

struct corpus {
	struct input *input;
	size_t n;
};

struct settings {
	unsigned long inputs;
	size_t max_len;
	uint64_t seed;
};

/* The input being tried, for the signal handler: what else could find it there? */
static struct input trying;
static char crash_name[256];

static void say(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		return; /* nowhere to say it */
}

/* Only what a signal handler may call. */
static void on_crash(int sig)
{
	int fd = open(crash_name, O_WRONLY | O_CREAT | O_TRUNC, 0666);

	if (fd >= 0 && write(fd, trying.data, trying.len) == (ssize_t)trying.len) {
		say("the input that did it is in ");
		say(crash_name);
		say("\n");
	}
	signal(sig, SIG_DFL);
	raise(sig);
}

static void try_input(const uint8_t *data, size_t len)
{
	/* an allocation of just this size, so that a sanitizer sees reads behind it */
	trying = (struct input){ malloc(len ? len : 1), len };
	if (!trying.data)
		exit(1);
	if (len)
		memcpy(trying.data, data, len);
	LLVMFuzzerTestOneInput(trying.data, len);
	free(trying.data);
	trying.data = NULL;
}

static int add_file(struct corpus *c, const char *path)
{
	struct err e;
	char *text;
	size_t len;
	struct input *more;

	if (file_read(path, 0, &text, &len, &e)) {
		fprintf(stderr, "%s\n", e.text);
		return -1;
	}
	more = realloc(c->input, (c->n + 1) * sizeof(*more));
	if (!more) {
		free(text);
		return -1;
	}
	c->input = more;
	c->input[c->n++] = (struct input){ (uint8_t *)text, len };
	return 0;
}

/* A file, or all files of a folder in the order of their names. */
static int add_path(struct corpus *c, const char *path)
{
	struct dirent **entry = NULL;
	struct stat st;
	int n, ret = 0;

	if (stat(path, &st)) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -1;
	}
	if (!S_ISDIR(st.st_mode))
		return add_file(c, path);
	n = scandir(path, &entry, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		char name[4096];

		snprintf(name, sizeof(name), "%s/%s", path, entry[i]->d_name);
		if (entry[i]->d_name[0] != '.')
			ret |= add_file(c, name);
		free(entry[i]);
	}
	free(entry);
	return ret;
}

/* A few damages to @buf[*len]: bytes changed, removed, doubled, or another file's piece put in. */
static void mutate(struct rng *r, const struct corpus *c, uint8_t *buf, size_t *len, size_t max)
{
	for (uint64_t n = 1 + rng_below(r, 8); n && *len; n--) {
		size_t at = rng_below(r, *len), part = 1 + rng_below(r, *len - at);
		const struct input *other = &c->input[rng_below(r, c->n)];

		switch (rng_below(r, 6)) {
		case 0:
			buf[at] ^= (uint8_t)(1u << rng_below(r, 8));
			break;
		case 1:
			buf[at] = (uint8_t)rng_u64(r);
			break;
		case 2:
			buf[at] = (uint8_t) "0129-=:;# \n[]\t,."[rng_below(r, 16)];
			break;
		case 3:
			memmove(buf + at, buf + at + part, *len - at - part);
			*len -= part;
			break;
		case 4:
			if (*len + part <= max) {
				memmove(buf + at + part, buf + at, *len - at);
				*len += part;
			}
			break;
		case 5:
			if (other->len) {
				size_t from = rng_below(r, other->len), most = other->len - from;

				part = part < most ? part : most;
				memmove(buf + at, other->data + from, part);
			}
			break;
		}
	}
}

static void try_random(const struct settings *s, const struct corpus *c)
{
	uint8_t *buf = malloc(s->max_len ? s->max_len : 1);
	struct rng r;

	if (!buf)
		exit(1);
	rng_seed(&r, s->seed);
	for (unsigned long i = 0; i < s->inputs; i++) {
		size_t len;

		if (c->n && rng_below(&r, 2)) {
			const struct input *from = &c->input[rng_below(&r, c->n)];

			len = from->len < s->max_len ? from->len : s->max_len;
			memcpy(buf, from->data, len);
			mutate(&r, c, buf, &len, s->max_len);
		} else {
			/* short inputs more often: most mistakes need few bytes */
			len = rng_below(&r, 1 + rng_below(&r, s->max_len + 1));
			for (size_t k = 0; k < len; k++)
				buf[k] = (uint8_t)rng_u64(&r);
		}
		try_input(buf, len);
	}
	free(buf);
}

static void use_slice(struct settings *s, struct corpus *c, const char *name)
{
	const char *more = getenv("SLABSCOPE_TEST_LONG"), *fewer = getenv("SLABSCOPE_TEST_SHORT");
	const char *dir = getenv("SLABSCOPE_CORPUS_DIR");
	char folder[512];

	*s = (struct settings){ .inputs = 200000, .max_len = 4096, .seed = 1 };
	if (&fuzz_slice) {
		s->inputs = fuzz_slice.inputs;
		s->max_len = fuzz_slice.max_len;
	}
	if (more && !strcmp(more, "1"))
		s->inputs *= 100;
	else if (host_build_is_slow() || (fewer && !strcmp(fewer, "1")))
		s->inputs = (s->inputs + 9) / 10;
	snprintf(folder, sizeof(folder), "%s/%s", dir ? dir : "tests/corpus", name);
	if (!access(folder, R_OK) && add_path(c, folder))
		exit(1);
}

static bool parse_count(const char *text, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 0);
	return *text && *text != '-' && !*end && !errno;
}

int main(int argc, char **argv)
{
	struct settings s = { .inputs = 0, .max_len = 4096, .seed = 1 };
	const char *slash = strrchr(argv[0], '/'), *name = slash ? slash + 1 : argv[0];
	struct corpus c = { 0 };
	int i;

	snprintf(crash_name, sizeof(crash_name), "crash-%s", name);
	for (i = 1; i < argc && !strncmp(argv[i], "--", 2); i++) {
		uint64_t v = 0;

		if (!strcmp(argv[i], "--slice")) {
			use_slice(&s, &c, strncmp(name, "fuzz_", 5) ? name : name + 5);
			continue;
		}
		if (i + 1 == argc || !parse_count(argv[i + 1], &v)) {
			fprintf(stderr, "%s: expected a number behind it\n", argv[i]);
			return 2;
		}
		if (!strcmp(argv[i], "--inputs")) {
			s.inputs = v;
		} else if (!strcmp(argv[i], "--max-len")) {
			s.max_len = v;
		} else if (!strcmp(argv[i], "--seed")) {
			s.seed = v;
		} else {
			fprintf(stderr, "%s: not an option (see the top of tests/fuzz_main.c)\n",
				argv[i]);
			return 2;
		}
		i++;
	}
	for (; i < argc; i++)
		if (add_path(&c, argv[i]))
			return 2;
	/* sanitizers have handlers of their own, and abort() only after their report */
	signal(SIGABRT, on_crash);
	signal(SIGSEGV, on_crash);
	signal(SIGFPE, on_crash);
	for (size_t k = 0; k < c.n; k++)
		try_input(c.input[k].data, c.input[k].len);
	try_random(&s, &c);
	printf("%s: %zu files, %lu inputs made from seed %llu, at most %zu bytes\n", name, c.n,
	       s.inputs, (unsigned long long)s.seed, s.max_len);
	for (size_t k = 0; k < c.n; k++)
		free(c.input[k].data);
	free(c.input);
	return 0;
}
