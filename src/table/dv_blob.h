/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bitmap between its size and its checksum: the same bytes in Delta's files ("Deletion
 * Vector File Storage Format") and in Puffin's blobs ("deletion-vector-v1 blob type"), so
 * that it is encoded once for both.
 *
 * u32be size of the bitmap, the bitmap (row_set_encode), u32be CRC-32 of the bitmap.
 */
#ifndef TABLE_DV_BLOB_H
#define TABLE_DV_BLOB_H

#include "table/deletion_vector.h"

#define DV_BLOB_EXTRA_BYTES 8 /* size and checksum */

/* Appends the blob. ERR_DATA when the buffer would pass 2 GiB: Delta's offsets end there. */
int dv_blob_encode(const struct row_set *rows, struct buffer *out, struct err *e);
/* Checks size, CRC-32 and the bitmap's own form; rows >= row_limit are ERR_DATA. */
int dv_blob_decode(struct row_set **out, struct bytes blob, uint64_t row_limit,
		   struct err *e);

#endif
