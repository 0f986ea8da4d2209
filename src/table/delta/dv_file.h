/* SPDX-License-Identifier: Apache-2.0 */
/* Where bitmaps lie: "Deletion Vector File Storage Format", and inline in the log. */
#ifndef TABLE_DELTA_DV_FILE_H
#define TABLE_DELTA_DV_FILE_H

#include "store/store.h"
#include "table/deletion_vector.h"
#include "table/delta/action.h"
#include "table/uuid.h"

/* All bitmaps of one commit in one file: version byte, then each with its size and checksum. */
struct dv_pack {
	struct buffer bytes;
	char uuid[UUID_TEXT_BYTES + 1];
	char place[UUID_Z85_BYTES + 1];
};

void dv_pack_init(struct dv_pack *p);
/* Appends a bitmap; `out->place` is the pack's. ERR_DATA when the file would pass 2 GiB. */
int dv_pack_add(struct dv_pack *p, const struct row_set *rows, struct deletion_vector *out,
		struct err *e);
/* Writes the file into the table's folder, which is still to be synced. Nothing added: nothing done. */
int dv_pack_write(const struct dv_pack *p, struct store *store, struct err *e);
void dv_pack_release(struct dv_pack *p);

/*
 * Appends the key of the file that a stored one ('u') lies in: "<prefix>/deletion_vector_<uuid>.bin" from the prefix and the
 * last 20 characters of its place, a uuid in Z85.
 */
int dv_key(struct buffer *out, const struct deletion_vector *dv, struct err *e);
/* Reads and checks a bitmap: size, CRC-32, its own form, cardinality; rows below `row_limit`. */
int dv_read(struct row_set **out, struct store *store, const struct deletion_vector *dv,
	    uint64_t row_limit, struct err *e);

#endif
