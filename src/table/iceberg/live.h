/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data files of a snapshot, the deletes of each, and which manifest lists what (spec, "Scan Planning"): what a writer
 * keeps in memory between its commits, so that a commit reads only the manifests that it writes anew.
 */
#ifndef TABLE_ICEBERG_LIVE_H
#define TABLE_ICEBERG_LIVE_H

#include "table/iceberg/manifest.h"
#include "table/iceberg/metadata.h"
#include "table/iceberg/places.h"

/* The rows of a data file that are deleted: a deletion vector, or in version 2 a file of position deletes. */
struct live_deletes {
	char *path;          /* a URI; NULL: no row is */
	int64_t offset, size_bytes; /* of a vector in its file; -1: a file of position deletes */
	uint64_t cardinality;
	uint32_t manifest;   /* number in live.manifests */
};

struct live_file {
	char *path;          /* a URI */
	uint64_t row_count, size_bytes;
	int64_t first_row_id; /* version 3; else -1 */
	int32_t spec_id;
	struct iceberg_values partition; /* of that spec; empty where it has no fields */
	uint32_t manifest;    /* number in live.manifests */
	struct live_deletes deletes;
};

static inline bool live_has_vector(const struct live_file *f)
{
	return f->deletes.path != NULL && f->deletes.offset >= 0;
}

struct live {
	struct iceberg_manifests manifests; /* as the list has them */
	struct live_file *files;            /* by the order of manifests and entries */
	uint32_t file_count, file_capacity;
	/*
	 * URIs of position deletes that are of many data files, or not the only ones of theirs: other writers', version 2. They are in
	 * nobody's `deletes`, and stay when a file gets a new list, which has their rows, too.
	 */
	char **spread;
	uint32_t spread_count;
	uint32_t *cells;                    /* path -> file + 1, open addressing; 0: free */
	uint32_t cell_count;                /* a power of two */
};

/*
 * Of a snapshot (NULL: the table has none, nothing is alive). ERR_CONFIG: equality deletes, or columns of a manifest that we do not
 * know: somebody else's, which we do not read. ERR_DATA: a list or a manifest is damaged, or lies: a path that is alive twice, two
 * vectors of one file, more deletes than rows. Deletes of a file that is not alive delete nothing, as the spec has it.
 */
int live_load(struct live *out, const struct iceberg_places *p, const struct iceberg_snapshot *s, struct err *e);
/*
 * Sets which data file position deletes are of, when their writer did not name it but says so by equal bounds of its path (spec,
 * "Position Delete Files"); NULL stays where they are of many.
 */
void live_name_data_file(struct iceberg_file *f);
/* 0, or ERR_CONFIG: there are `spread` deletes, which somebody else wrote into what is a function of another table. */
int live_require_writable(const struct live *l, struct err *e);
void live_release(struct live *l); /* a zeroed one is fine; leaves a zeroed one */
int64_t live_find(const struct live *l, const char *path); /* the number of a file, or -1 */
/* Appends a file; takes over its texts. It is not in yet. */
void live_add(struct live *l, const struct live_file *f);
/* Takes out the files whose byte is not 0; the numbers of later ones move down. */
void live_drop(struct live *l, const uint8_t *is_gone);

#endif
