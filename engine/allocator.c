/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/allocator.h"

#include <string.h>

#define ALLOCATOR(name) extern const struct allocator_ops allocator_##name;
#include "engine/allocators.def"
#undef ALLOCATOR

const struct allocator_ops *const allocators[] = {
#define ALLOCATOR(name) &allocator_##name,
#include "engine/allocators.def"
#undef ALLOCATOR
	NULL,
};

const struct allocator_ops *allocator_find(const char *name)
{
	for (unsigned i = 0; allocators[i]; i++)
		if (!strcmp(allocators[i]->name, name))
			return allocators[i];
	return NULL;
}
