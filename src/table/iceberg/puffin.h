/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puffin files of deletion vectors (Iceberg's puffin-spec.md).
 *
 * "PFA1", blobs, then the footer: "PFA1", JSON that tells the blobs, i32le its size, four
 * bytes of flags, "PFA1". A blob of type "deletion-vector-v1" has the form of
 * table/dv_blob.h.
 */
#ifndef TABLE_ICEBERG_PUFFIN_H
#define TABLE_ICEBERG_PUFFIN_H

#include "store/store.h"
#include "table/dv_blob.h"

/* Where a vector lies: a manifest's content_offset, content_size_in_bytes, record_count. */
struct puffin_place {
	int64_t offset, size_bytes;
	int64_t cardinality; /* rows that it deletes */
};

/* All deletion vectors of one commit in one file. */
struct puffin_pack {
	struct buffer bytes;
	struct buffer blobs; /* the footer's list so far */
};

void puffin_pack_init(struct puffin_pack *p);
/*
 * Appends a blob as dv_blob_encode makes it and Delta's files have it, of `cardinality`
 * rows (at least one). `data_file` is the data file's location as in the manifests,
 * UTF-8; each may come once. ERR_DATA when the blobs would pass 2 GiB.
 */
int puffin_pack_add(struct puffin_pack *p, const char *data_file, struct bytes blob,
		    uint64_t cardinality, struct puffin_place *out, struct err *e);
/* Appends the footer: then the pack's bytes are the file, and nothing more is added. */
void puffin_pack_finish(struct puffin_pack *p);
/* Writes the finished file; its name is still to be made durable by store_sync_folder. */
int puffin_pack_write(const struct puffin_pack *p, struct store *store, const char *key,
		      struct err *e);
void puffin_pack_release(struct puffin_pack *p);

/* What a footer tells of a blob ("BlobMetadata"). */
struct puffin_blob {
	char *type;
	struct puffin_place place; /* in the file; cardinality -1: not told */
	char *codec;               /* NULL: not compressed */
	char *data_file;           /* property "referenced-data-file", or NULL */
};

struct puffin_footer {
	struct puffin_blob *blobs;
	uint32_t blob_count;
};

/*
 * Checks a whole file: both ends, flags, the JSON, that blobs lie before the footer, that
 * deletion vectors tell what they must. ERR_DATA with the reason; a compressed footer
 * (LZ4) is ERR_CONFIG.
 */
int puffin_parse(struct puffin_footer *out, struct bytes file, struct err *e);
void puffin_footer_release(struct puffin_footer *f);
/* The rows of a blob of that file, which must be a deletion vector. Checked as below. */
int puffin_decode(struct row_set **out, struct bytes file, const struct puffin_blob *blob,
		  uint64_t row_limit, struct err *e);
/*
 * Reads the vector at the place that a manifest tells, and nothing else of the file.
 * Size, CRC-32, the bitmap's own form, cardinality and rows below `row_limit` are
 * checked: ERR_DATA.
 */
int puffin_read(struct row_set **out, struct store *store, const char *key,
		const struct puffin_place *place, uint64_t row_limit, struct err *e);

#endif
