/* SPDX-License-Identifier: Apache-2.0 */
/* What doctor finds: a line each, "error: …" or "warning: …". */
#ifndef BASE_FINDINGS_H
#define BASE_FINDINGS_H

#include "base/bytes.h"

/* A zeroed one is valid and empty; the text is released by its owner. */
struct findings {
	struct buffer text;
	uint32_t fatal; /* how many forbid a start */
};

__attribute__((format(printf, 3, 4)))
void findings_add(struct findings *f, bool is_fatal, const char *format, ...);

#endif
