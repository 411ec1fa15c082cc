/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/fake_host.h"

#include <dirent.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

void fake_write(const struct hostfs *h, const struct fake_file *file)
{
	char path[1024];
	FILE *f;

	assert_int_equal(hostfs_path(h, path, sizeof(path), "%s%s", *file->name == '/' ? "" : "/",
				     file->name),
			 0);
	for (char *c = path + strlen(h->root) + 1; (c = strchr(c, '/')) != NULL; c++) {
		*c = '\0';
		mkdir(path, 0777); /* may be there */
		*c = '/';
	}
	if (!file->text) {
		mkdir(path, 0777);
		return;
	}
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(file->text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

void fake_host(struct hostfs *h, const struct fake_file *file, size_t nr)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(h->root, sizeof(h->root), "%s/fake-host-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(h->root));
	for (size_t i = 0; i < nr; i++)
		fake_write(h, &file[i]);
}

void fake_unlink(const struct hostfs *h, const char *name)
{
	char path[1024];

	assert_int_equal(hostfs_path(h, path, sizeof(path), "%s", name), 0);
	assert_int_equal(remove(path), 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void fake_remove(const struct hostfs *h)
{
	assert_int_equal(nftw(h->root, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

unsigned fake_count_files(const char *folder, const char *end)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	unsigned n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		size_t len = strlen(entry->d_name), m = strlen(end);

		n += len > m && !strcmp(entry->d_name + len - m, end);
	}
	closedir(dir);
	return n;
}
