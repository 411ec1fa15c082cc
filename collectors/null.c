/* SPDX-License-Identifier: GPL-2.0-or-later */
/* null: measures nothing. Beside another collector it shows what that one costs. */

#include "collectors/collector.h"

const struct collector collector_null = {
	.name = "null",
	.help = "nothing: the harness without collectors",
};
