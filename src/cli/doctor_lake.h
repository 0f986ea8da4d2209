/* SPDX-License-Identifier: Apache-2.0 */
/* What would go wrong in the target directory, before it does. */
#ifndef CLI_DOCTOR_LAKE_H
#define CLI_DOCTOR_LAKE_H

#include "base/bytes.h"
#include "base/err.h"

/*
 * Appends one line a finding, as mysql_doctor does, and adds to `*fatal` those that forbid a start. A
 * directory that is not there yet is not made; its parent is looked at.
 */
int doctor_lake(const char *path, struct buffer *out, uint32_t *fatal, struct err *e);

#endif
