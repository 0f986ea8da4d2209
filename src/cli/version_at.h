/* SPDX-License-Identifier: Apache-2.0 */
/* Which version a table was at a time. */
#ifndef CLI_VERSION_AT_H
#define CLI_VERSION_AT_H

#include "table/table.h"

/*
 * The newest version that was committed at or before this time (clock_parse). A commit whose clock was behind that of an older
 * one counts as a moment after it, so that versions follow one another. ERR_CONFIG: it is no time, or before all versions that
 * are left.
 */
int version_at(int64_t *out, struct table *t, const char *time, struct err *e);

#endif
