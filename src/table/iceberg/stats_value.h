/* SPDX-License-Identifier: Apache-2.0 */
/* Minima and maxima as statistics in JSON spell them: values that are bounds, or none. */
#ifndef TABLE_ICEBERG_STATS_VALUE_H
#define TABLE_ICEBERG_STATS_VALUE_H

#include "table/iceberg/single_value.h"

enum bound_side { BOUND_LOWER, BOUND_UPPER };

/*
 * `text` is a string's text (then `is_string`), or a number or literal as it stands. A timestamp
 * of milliseconds may have been rounded down: as an upper bound it is the last microsecond of its
 * millisecond. Texts come whole and are borrowed. false: not a value of the field's type, or one
 * that may have been rounded on its way.
 */
bool stats_value_parse(struct single_value *out, const struct field *f,
		       enum bound_side side, bool is_string, struct bytes text);

#endif
