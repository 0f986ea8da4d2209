/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Delta Lake table in a folder of a store: its state from the log, and commits to it
 * (delta-io/delta PROTOCOL.md; section names below are that document's).
 */
#ifndef TABLE_DELTA_DELTA_H
#define TABLE_DELTA_DELTA_H

#include "base/bytes.h"
#include "base/err.h"
#include "change/schema.h"
#include "parquet/parquet.h"
#include "store/store.h"

/* "Deletion Vectors": where a file's bitmap lies. */
struct deletion_vector {
	char storage_type;    /* 0: the file has none; 'u' relative by uuid, 'i' inline, 'p' absolute */
	const char *place;    /* pathOrInlineDv; for ours the z85 of the uuid */
	int32_t offset;       /* -1: not given */
	uint32_t size_bytes;  /* magic and bitmap */
	uint64_t cardinality; /* rows that it deletes; 0 when there is none */
};

#define ROWS_UNKNOWN UINT64_MAX

/* One logical data file ("Add File"). */
struct data_file {
	char *path;          /* as in the log: relative, percent-encoded */
	uint64_t size_bytes;
	uint64_t row_count;  /* physical rows: stats.numRecords; ROWS_UNKNOWN in foreign tables */
	int64_t modified_at_ms;
	char *stats;         /* JSON text, may be NULL */
	struct deletion_vector dv;
	uint32_t slot;       /* index in snapshot.files */
};

/* The state of the table at a version. Owned by struct delta; valid until the next refresh/commit. */
struct snapshot {
	int64_t version;           /* -1: the table does not exist */
	char *table_id;            /* metaData.id */
	struct schema *schema;     /* from schemaString; field ids and source types from its metadata */
	struct data_file *files;   /* live ones, oldest first */
	uint32_t file_count;
	char *source_name;         /* configuration "tailrace.source", NULL: not ours */
	int64_t txn_version;       /* of our appId, -1 none */
	char *position;            /* text of the newest position of ours, NULL none */
	int64_t created_at_ms;
	uint64_t invalid_values;   /* sum over all our commits, see prepared_commit */
};

/* A bitmap of deleted row numbers of one file: a roaring bitmap (32-bit: row numbers fit). */
struct row_set; /* table/deletion_vector.h */

/* What a commit does; everything is borrowed until delta_commit returns. */
struct prepared_commit {
	const char *operation;       /* for commitInfo: "COPY", "MERGE", "TRUNCATE", "ADD COLUMNS" */
	struct schema *schema;       /* the new schema, or NULL: unchanged */
	/*
	 * Files already in the store (writer_finish; their folder is synced here): path, size_bytes,
	 * row_count, stats. Borrowed texts.
	 */
	const struct data_file *added;
	const struct row_set *const *added_dvs; /* rows of the same transaction that are dead already; NULLs */
	uint32_t added_count;
	const struct dv_update {     /* new complete bitmaps of live files */
		uint32_t slot;       /* snapshot.files[slot] */
		const struct row_set *rows;
	} *dvs;
	uint32_t dv_count;
	bool removes_all;            /* TRUNCATE: every file of the snapshot goes before the adds */
	const char *tag;             /* of the added files, see delta_file_tag; NULL: none */
	/* JSON object text, for commitInfo and _tailrace/positions/<number>; NULL: the table's stays */
	const char *position;
	uint64_t rows_in, rows_changed, rows_deleted; /* for history */
	uint64_t invalid_values;     /* cells of this commit that became NULL by --invalid-values=null */
	int64_t source_time_us;      /* commit time at the source of the last change, 0 unknown */
};

struct delta;

enum commit_result { COMMIT_DONE, COMMIT_LOST }; /* LOST: another writer took the version; refresh */

/*
 * Opens the table in `store` (its root is the table's folder) and loads its newest state. `app_id`
 * is the pipeline's and table's name in `txn` actions. A table of somebody else, an unknown feature or a
 * broken log is ERR_CONFIG/ERR_DATA with the reason; a missing table is an empty snapshot (version -1).
 */
int delta_open(struct delta **out, struct store *store, const char *app_id, struct err *e);
/* For reading (`cat`, `describe`): any table whose reader features we know. version -1 = newest. */
int delta_open_read(struct delta **out, struct store *store, int64_t version, struct err *e);
const struct snapshot *delta_snapshot(const struct delta *d);
/* The slot of a live file by its path in the log, or -1. */
int64_t delta_find_file(const struct delta *d, const char *path);
/* Which of the table's writers the file is of, as its commit said (tag "tailrace.part"); NULL: nothing said so. */
const char *delta_file_tag(const struct delta *d, uint32_t slot);
/* The key in the store of a data file: its path decoded. An absolute path is ERR_CONFIG. */
int delta_file_key(struct buffer *out, const struct data_file *f, struct err *e);
/*
 * The same columns with the field ids that they have, or will have, in this table: those of the
 * snapshot's schema by name, new ones above every old. Files and commits use the result (released by the
 * caller).
 */
struct schema *delta_adopt_schema(const struct delta *d, const struct schema *wanted);
/*
 * Creates the table as version 0 with this schema: no rows. `source_name` marks it as ours.
 * COMMIT_LOST when a version 0 appeared meanwhile.
 */
int delta_create(struct delta *d, struct schema *schema, const char *source_name,
		 const char *position, enum commit_result *out, struct err *e);
/*
 * Publishes version + 1. An unknown outcome is resolved by reading the entry back and comparing
 * commitInfo.txnId; nothing is deleted. After COMMIT_DONE the snapshot is the new state and the new
 * adds are its last files (without those whose rows are all dead: they are left out). Slots of others
 * stay, unless files were removed (TRUNCATE, all rows dead): then the later ones moved down. Writes a
 * checkpoint when due.
 * ERR_IO after the entry was put means that it is perhaps not durable: stop; the next start reads what is.
 */
int delta_commit(struct delta *d, const struct prepared_commit *p, enum commit_result *out,
		 struct err *e);
/* Loads what others committed since. `changed` tells whether anything did. */
int delta_refresh(struct delta *d, bool *changed, struct err *e);
void delta_close(struct delta *d); /* NULL is fine */
/*
 * What the table could do without, or NULL: why the last checkpoint or clean-up after a commit failed (the
 * commit stands), or what is wrong with a checkpoint that was passed over when the table was loaded.
 */
const char *delta_warning(const struct delta *d);

/* The present bitmap of a file (empty when it has none); the caller frees it with row_set_free. */
int delta_read_dv(struct delta *d, uint32_t slot, struct row_set **out, struct err *e);

/* One line of `history`. */
struct history_entry {
	int64_t version, timestamp_ms;
	char *operation, *position;
	uint64_t rows_in, rows_changed, rows_deleted;
	int64_t source_time_us; /* 0 unknown */
	bool is_ours; /* the counts and the position are known */
	bool changes_rows; /* its files say dataChange; false: the same rows in other files, or none */
};
/* Newest first, at most `limit`; ends where the log was cleaned up. */
int delta_history(struct delta *d, uint32_t limit, struct history_entry **out, uint32_t *count,
		  struct err *e);
void delta_history_free(struct history_entry *entries, uint32_t count);

/* A fresh opaque data file name: 32 random hex digits and ".parquet". */
void delta_file_name(struct buffer *out);

/* protocol and feature words of the table, for `describe`. The caller frees with buffer_release. */
void delta_protocol(const struct delta *d, struct buffer *out);

#endif
