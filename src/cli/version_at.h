/* SPDX-License-Identifier: Apache-2.0 */
/* Which version a table was at a time, or at a place of its source's log. */
#ifndef CLI_VERSION_AT_H
#define CLI_VERSION_AT_H

#include "table/table.h"

/*
 * The newest version that was committed at or before this time (clock_parse). A commit whose clock was behind that of an older
 * one counts as a moment after it, so that versions follow one another. ERR_CONFIG: it is no time, or before all versions that
 * are left.
 */
int version_at(int64_t *out, struct table *t, const char *time, struct err *e);
/*
 * The oldest version that has this place of the source's log: mysql_position_has, feed_position_has. ERR_CONFIG: it is no such place,
 * the table has not come to it, or had it before the oldest version that is left.
 */
int version_with(int64_t *out, struct table *t, const char *place, struct err *e);

#endif
