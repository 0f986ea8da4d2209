/* SPDX-License-Identifier: Apache-2.0 */
/* GEOMETRY values: the servers' "SRID u32le, WKB" to EWKB, which keeps the SRID inside. */
#ifndef SOURCE_MYSQL_GEOMETRY_H
#define SOURCE_MYSQL_GEOMETRY_H

#include "base/bytes.h"
#include "change/columns.h"

/* Appends one cell; false (nothing appended) when the value cannot be a geometry. */
bool geometry_append(struct column *c, struct bytes value);

#endif
