/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a member's value stands in the text of a JSON object: for texts that must come through byte by byte
 * (positions, exact decimals in statistics).
 */
#ifndef TABLE_JSON_SPAN_H
#define TABLE_JSON_SPAN_H

#include <stdbool.h>

#include "base/bytes.h"

/*
 * Finds the member of the outermost object. Keys are compared as they are spelled (an escaped spelling of the
 * same key is not found). Any text is safe; only in valid JSON does the answer mean anything.
 */
bool json_span_find(struct bytes object, const char *key, struct bytes *value);

#endif
