/* SPDX-License-Identifier: Apache-2.0 */
/* Table metadata compressed as one gzip member (RFC 1952), as write.metadata.compression-codec=gzip leaves it. */
#ifndef TABLE_ICEBERG_GZIP_H
#define TABLE_ICEBERG_GZIP_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/err.h"

bool gzip_is(struct bytes data);
/* Appends what it holds, at most `size_max` bytes. ERR_DATA: damaged or larger. */
int gzip_read(struct buffer *out, struct bytes data, size_t size_max, struct err *e);

#endif
