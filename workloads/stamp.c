/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "workloads/stamp.h"

int wl_touch(unsigned *touch, unsigned asked, uint64_t size, size_t line, const char *name,
	     struct err *e)
{
	size_t lines = wl_stamp_lines(size, line);

	*touch = asked == OPT_AUTO_UINT ? (unsigned)lines : asked;
	if (*touch <= lines)
		return 0;
	return err_set(e, -EINVAL,
		       "%s: %u lines of %zu bytes do not fit an object of %" PRIu64 " bytes", name,
		       *touch, line, size);
}

int wl_touch_check(unsigned asked, uint64_t size, const char *name, struct err *e)
{
	if (!asked || asked == OPT_AUTO_UINT || size >= sizeof(uint64_t))
		return 0;
	return err_set(e, -EINVAL,
		       "%s: %u lines, but an object of %" PRIu64
		       " bytes has no room for a stamp of %zu; use %s=0",
		       name, asked, size, sizeof(uint64_t), name);
}

enum wl_status wl_broken(struct wl_worker *w, uint64_t place, const void *obj, unsigned line,
			 uint64_t is, uint64_t should)
{
	return wl_fail(w, -EILSEQ,
		       "worker %u, object %p, number %" PRIu64 ": line %u holds %016" PRIx64
		       ", not its stamp %016" PRIx64 ": it was damaged or handed out twice",
		       w->id, obj, place, line, is, should);
}
