/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/spill.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FIRST (1u << 20) /* bytes */

static int make_file(struct spill *s, struct err *e)
{
	const char *folder = getenv("TMPDIR");
	char *path = NULL;
	int fd;

	if (!folder || !*folder)
		folder = "/var/tmp";
	if (asprintf(&path, "%s/slabscope-XXXXXX", folder) < 0)
		return err_set(e, -ENOMEM, "no memory");
	fd = mkstemp(path);
	if (fd < 0) {
		int err =
			err_set(e, -errno, "no temporary file in %s: %s", folder, strerror(errno));

		free(path);
		return err;
	}
	unlink(path);
	free(path);
	s->fd = fd + 1;
	return 0;
}

int spill_grow(struct spill *s, size_t bytes, struct err *e)
{
	size_t room = s->room ? s->room : FIRST;
	void *p;
	int err;

	if (bytes <= s->room)
		return 0;
	while (room < bytes)
		room *= 2;
	if (!s->fd) {
		err = make_file(s, e);
		if (err)
			return err;
	}
	if (ftruncate(s->fd - 1, (off_t)room))
		return err_set(e, -errno, "a temporary file of %zu bytes: %s", room,
			       strerror(errno));
	p = s->p ? mremap(s->p, s->room, room, MREMAP_MAYMOVE) :
		   mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd - 1, 0);
	if (p == MAP_FAILED)
		return err_set(e, -errno, "%zu bytes of a temporary file: %s", room,
			       strerror(errno));
	s->p = p;
	s->room = room;
	return 0;
}

void spill_fini(struct spill *s)
{
	if (s->p)
		munmap(s->p, s->room);
	if (s->fd)
		close(s->fd - 1);
	*s = (struct spill){ .p = NULL };
}
