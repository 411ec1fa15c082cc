/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_all(int fd, const char *name, size_t most, char **out, size_t *len, struct err *e)
{
	size_t have = 0, room = 0;
	char *buf = NULL;

	for (;;) {
		ssize_t n;

		if (have + 1 >= room) {
			size_t want = room ? room * 2 : 16384;
			char *more = want > room ? realloc(buf, want) : NULL;

			if (!more) {
				free(buf);
				return err_set(e, -ENOMEM, "%s: out of memory", name);
			}
			buf = more;
			room = want;
		}
		n = read(fd, buf + have, room - have - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int code = -errno;

			free(buf);
			return err_set(e, code, "%s: %s", name, strerror(-code));
		}
		if (!n)
			break;
		have += (size_t)n;
		if (most && have > most) {
			free(buf);
			return err_set(e, -EFBIG, "%s: longer than %zu bytes", name, most);
		}
	}
	buf[have] = '\0';
	*out = buf;
	if (len)
		*len = have;
	return 0;
}

int file_read(const char *path, size_t most, char **out, size_t *len, struct err *e)
{
	int fd, ret;

	if (!strcmp(path, "-"))
		return read_all(STDIN_FILENO, "standard input", most, out, len, e);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, -errno, "%s: %s", path, strerror(errno));
	ret = read_all(fd, path, most, out, len, e);
	close(fd);
	return ret;
}

/* What open() would have given: mkstemp() gives 0600 whatever the umask. The mask can only be read
 * by setting it, which other threads would see, so ask the kernel's text first. */
static mode_t new_file_mode(void)
{
	char line[128];
	unsigned mask = 022;
	FILE *f = fopen("/proc/self/status", "re");

	if (!f)
		return 0666 & ~(mode_t)mask;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "Umask: %o", &mask) == 1)
			break;
	fclose(f);
	return 0666 & ~(mode_t)mask;
}

int file_begin(struct file_out *f, const char *path, struct err *e)
{
	static const char suffix[] = ".XXXXXX";
	struct stat old;
	mode_t mode;
	int fd, code;

	*f = (struct file_out){ .path = strdup(path),
				.temp = malloc(strlen(path) + sizeof(suffix)) };
	if (!f->path || !f->temp) {
		file_abort(f);
		return err_set(e, -ENOMEM, "%s: out of memory", path);
	}
	strcpy(f->temp, path);
	strcat(f->temp, suffix);
	fd = mkstemp(f->temp);
	if (fd < 0) {
		code = -errno;
		free(f->temp);
		f->temp = NULL;
		file_abort(f);
		return err_set(e, code, "%s: cannot write: %s", path, strerror(-code));
	}
	mode = stat(path, &old) ? new_file_mode() : old.st_mode & 07777;
	if (fchmod(fd, mode) || fcntl(fd, F_SETFD, FD_CLOEXEC) || !(f->stream = fdopen(fd, "w"))) {
		code = -errno;
		close(fd);
		file_abort(f);
		return err_set(e, code, "%s: cannot write: %s", path, strerror(-code));
	}
	return 0;
}

int file_commit(struct file_out *f, struct err *e)
{
	int code = 0;

	/* Some file systems have no fsync; that is no reason to lose a result. */
	errno = 0;
	if (fflush(f->stream) || ferror(f->stream) ||
	    (fsync(fileno(f->stream)) && errno != EINVAL && errno != EROFS && errno != ENOTSUP))
		code = errno ? -errno : -EIO;
	errno = 0;
	if (fclose(f->stream) && !code)
		code = errno ? -errno : -EIO;
	f->stream = NULL;
	if (!code && rename(f->temp, f->path))
		code = -errno;
	if (code) {
		err_set(e, code, "%s: cannot write: %s", f->path, strerror(-code));
	} else {
		free(f->temp);
		f->temp = NULL;
	}
	file_abort(f);
	return code;
}

void file_abort(struct file_out *f)
{
	if (f->stream)
		fclose(f->stream);
	if (f->temp)
		unlink(f->temp);
	free(f->temp);
	free(f->path);
	*f = (struct file_out){ 0 };
}

int file_write(const char *path, const void *data, size_t len, struct err *e)
{
	struct file_out f;
	int ret = file_begin(&f, path, e);

	if (ret)
		return ret;
	/* A short write is seen by file_commit(), which asks the stream. */
	fwrite(data, 1, len, f.stream);
	return file_commit(&f, e);
}
