/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Position-delete files of version 2 (Iceberg spec, "Position Delete Files"): Parquet with a row
 * for each deleted row, its file's location and its number there. Ours are of one data file each;
 * others' may be of many.
 */
#ifndef TABLE_ICEBERG_POSITION_DELETES_H
#define TABLE_ICEBERG_POSITION_DELETES_H

#include "parquet/parquet.h"
#include "store/store.h"
#include "table/deletion_vector.h"
#include "table/iceberg/bounds.h"

/* What a manifest says of a written file; by equal bounds of file_path readers know that it is of one file. */
struct position_deletes_file {
	int64_t record_count, size_bytes;
	struct iceberg_metrics metrics;
};

/*
 * Writes the rows (at least one) of a data file, given by its location as in the manifests. The
 * object's name is still to be made durable by store_sync_folder.
 */
int position_deletes_write(struct position_deletes_file *out, struct store *store,
			   const char *key, const char *data_file,
			   const struct row_set *rows, struct err *e);
void position_deletes_file_release(struct position_deletes_file *f);

#define POSITION_DELETES_FILES_MAX (1u << 20)

struct position_deletes_rows {
	char *data_file;
	struct row_set *rows;
};

/* Deleted rows by data file, sorted by location. Zeroed: none. */
struct position_deletes {
	struct position_deletes_rows *files;
	uint32_t file_count, capacity;
};

/*
 * Adds what a file deletes, in whatever order it stands there. ERR_DATA: a NULL, a negative
 * number or one that no file has (2^32 and more), more than POSITION_DELETES_FILES_MAX data
 * files. Whether a data file has so many rows is for the caller to see.
 */
int position_deletes_parse(struct position_deletes *into, struct parquet_input input,
			   struct err *e);
int position_deletes_read(struct position_deletes *into, struct store *store,
			  const char *key, struct err *e);
/* NULL: none of this data file. */
const struct row_set *position_deletes_find(const struct position_deletes *d,
					    const char *data_file);
void position_deletes_release(struct position_deletes *d);

#endif
