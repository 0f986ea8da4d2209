/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of its own for a test, below TMPDIR, or in memory where the system has a place for that: syncs cost nothing. */
#ifndef LIB_SCRATCH_H
#define LIB_SCRATCH_H

#include <stddef.h>

struct scratch {
	char path[128];
};

void scratch_make(struct scratch *s);
void scratch_remove(struct scratch *s); /* with all that is in it */
/* "<path>/<name>"; valid until the next call. */
const char *scratch_path(const struct scratch *s, const char *name);
/* Whole files, below the folder; asserting. The result of read is freed with memory_free. */
void scratch_write(const struct scratch *s, const char *name, const char *text, size_t size);
char *scratch_read(const struct scratch *s, const char *name, size_t *size);
/* How many entries of this folder start with `prefix`. */
int scratch_count(const struct scratch *s, const char *folder, const char *prefix);

#endif
