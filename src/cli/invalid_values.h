/* SPDX-License-Identifier: Apache-2.0 */
/* The cells that became NULL because the lake has no such value, as a table's position tells. */
#ifndef CLI_INVALID_VALUES_H
#define CLI_INVALID_VALUES_H

#include "base/bytes.h"
#include "base/err.h"

/*
 * `position` is a commit's position text; its member "invalid",
 * {"column":{"count":n,"first":"0000-00-00","at":"binlog.000001:1234"}}, is appended to `out` as lines
 * "  column: ...". Without that member nothing is. ERR_DATA when it is something else.
 */
int invalid_values_describe(struct buffer *out, const char *position, struct err *e);

#endif
