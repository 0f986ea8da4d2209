/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of members behind manifest.h, for the writer and the reader. */
#ifndef TABLE_ICEBERG_MANIFEST_FORM_H
#define TABLE_ICEBERG_MANIFEST_FORM_H

#include "table/iceberg/manifest.h"
#include "table/iceberg/record.h"

extern const struct record_table manifest_entry_table;

#endif
