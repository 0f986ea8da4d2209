/* SPDX-License-Identifier: Apache-2.0 */
/* A file's values to cells of a field's type. */
#ifndef PARQUET_CONVERT_H
#define PARQUET_CONVERT_H

#include "parquet/pages.h"

/* ERR_DATA unless the leaf's values can be the field's cells without loss. */
int convert_check(const struct file_leaf *leaf, const struct field *f, struct err *e);
/* Appends the present page's entries, NULLs included, to `to` (flat leaves: one entry a row). */
int convert_page(struct column *to, const struct field *f, const struct pages *p, struct err *e);
/* Appends dense values without NULLs. */
int convert_values(struct column *to, const struct field *f, const struct file_leaf *leaf,
		   const struct values *v, struct err *e);

#endif
