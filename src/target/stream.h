/* SPDX-License-Identifier: Apache-2.0 */
/* Targets without memory: standard output as lines of JSON, and nowhere. Both resume from nothing. */
#ifndef TARGET_STREAM_H
#define TARGET_STREAM_H

#include <stdio.h>

#include "target/target.h"

/*
 * {"op":"c","table":"db.t","before":…,"after":…,"at":{"file":…,"offset":…,"gtid":…},"ts":"…"} per
 * change; op is r (copied), c, u, d or t (truncated). A transaction whose sending is
 * repeated after a lost connection is not printed twice.
 */
struct target *stdout_target_new(FILE *out);
struct target *null_target_new(void); /* counts */
void stream_target_counts(const struct target *t, struct target_counts *out);

#endif
