/* SPDX-License-Identifier: Apache-2.0 */
/* A draft inside: what its files share. */
#ifndef TABLE_ICEBERG_DRAFT_PARTS_H
#define TABLE_ICEBERG_DRAFT_PARTS_H

#include "base/memory.h"
#include "table/iceberg/bounds.h"
#include "table/iceberg/draft.h"
#include "table/uuid.h"

#define NO_MANIFEST UINT32_MAX

struct draft_counts { /* of files and rows, for the summary */
	uint64_t added_files, added_rows, added_bytes;
	uint64_t removed_files, removed_rows, removed_bytes;
	uint64_t added_deletes, added_deleted_rows; /* vectors, or files of position deletes; rows in them */
	uint64_t removed_deletes, removed_deleted_rows;
};

/* New deletes of a data file. */
struct draft_deletes {
	const char *data_file;          /* its URI */
	int32_t spec_id;                /* its, and theirs */
	const struct iceberg_values *partition;
	const char *path;               /* a URI, the arena's; NULL: none */
	int64_t offset, size_bytes;     /* as in struct live_deletes */
	int64_t file_bytes;
	uint64_t cardinality;
	struct iceberg_metrics metrics; /* of a file of position deletes */
};

struct draft {
	const struct iceberg_places *places;
	const struct iceberg_metadata *base;
	const struct live *live;
	const struct draft_edit *edit;
	struct iceberg_snapshot snapshot;
	struct draft_counts counts;
	char uuid[UUID_TEXT_BYTES + 1];
	const char **keys;            /* of the objects that were written */
	uint32_t key_count;
	uint8_t *is_removed;          /* by live file */
	uint8_t *is_redone;           /* by live file: its deletes are others */
	struct draft_deletes *deletes; /* of edit.deleted, then of edit.added */
	struct iceberg_manifests list;
	uint32_t *moved;              /* by number in live.manifests: in `list`, or NO_MANIFEST */
	uint32_t *added_manifests;    /* by number in edit.added: in `list` */
	uint32_t *deletes_manifests;  /* by number in `deletes` */
	struct arena arena;
};

/* draft.c: a key "metadata/<uuid>-<word><number><suffix>" for an object of this draft, and its URI; the arena's. */
const char *draft_key(struct draft *d, const char *word, const char *suffix);
const char *draft_uri(struct draft *d, const char *key);
/* The partition tuples of a spec, as manifests write them; the arena's. ERR_CONFIG: of columns that we do not know. */
const struct iceberg_tuple *draft_tuple(struct draft *d, int32_t spec_id, struct err *e);
/* Puts an object. */
int draft_put(struct draft *d, const char *key, struct bytes data, struct err *e);

/* draft_deletes.c: writes the vectors, or the files of position deletes. */
int draft_write_deletes(struct draft *d, struct err *e);
/* draft_manifests.c: writes the manifests, and fills in `list`. */
int draft_write_manifests(struct draft *d, struct err *e);

#endif
