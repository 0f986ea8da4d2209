/* SPDX-License-Identifier: Apache-2.0 */
/* What would go wrong in the target directory, before it does. */
#ifndef CLI_DOCTOR_LAKE_H
#define CLI_DOCTOR_LAKE_H

#include "base/err.h"
#include "base/findings.h"

/* Adds what it finds. A directory that is not there yet is not made; its parent is looked at. */
int doctor_lake(struct findings *out, const char *path, struct err *e);

#endif
