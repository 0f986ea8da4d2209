/* SPDX-License-Identifier: Apache-2.0 */
/* The cells that became NULL because the lake has no such value: _tailrace/invalid.json of a table. */
#ifndef CLI_INVALID_VALUES_H
#define CLI_INVALID_VALUES_H

#include "store/store.h"

/*
 * {"column":{"count":n,"first":"binlog.000001:1234","value":"0000-00-00"}} as lines "  column: ..." appended
 * to `out`; a table without the file has none. ERR_DATA when it is something else.
 */
int invalid_values_describe(struct buffer *out, struct store *table, struct err *e);

#endif
