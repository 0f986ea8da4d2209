/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table in a folder of a store: its state at a version, and commits to it. This is all that others know of one;
 * a format implements the operations and has the functions that open it (table/delta/delta.h).
 */
#ifndef TABLE_TABLE_H
#define TABLE_TABLE_H

#include "change/schema.h"
#include "store/store.h"
#include "table/deletion_vector.h"
#include "table/row_lineage.h"
#include "table/partition.h"

#define ROWS_UNKNOWN UINT64_MAX

/* One data file with the rows of it that are dead. What else a format keeps of it lies beside, by slot. */
struct data_file {
	char *path;          /* its key in the store, as the table spells it: names it for ever */
	uint64_t size_bytes;
	uint64_t row_count;  /* with the dead ones; ROWS_UNKNOWN in foreign tables */
	uint64_t dead_count; /* of them, deleted by its bitmap */
	int64_t modified_at_ms;
	char *stats;         /* of table/stats.h, may be NULL */
	struct text_map partition; /* the value of each of the schema's partition fields, in their order; none where `tuple` has them */
	struct buffer tuple; /* of an added file: the same in the format's own form, see tuple_of_row */
	const char *tag;     /* which of the table's writers it is of, as its commit said; NULL: nothing said so */
	uint32_t slot;       /* index in snapshot.files */
};

/* The state of the table at a version. Owned by the table; valid until the next refresh or commit. */
struct snapshot {
	int64_t version;           /* -1: the table does not exist; each commit, whosever, adds one */
	char *table_id;            /* given at its creation: another table in the same place has another */
	struct schema *schema;     /* with field ids and source types */
	int32_t last_field_id;     /* the highest that was ever given out, see schema_adopt_ids */
	struct data_file *files;   /* live ones, oldest first */
	uint32_t file_count;
	char *source_name;         /* as table_create was told; NULL: not ours */
	int64_t txn_version;       /* number of the last commit under our app id, -1 none */
	char *position;            /* text of the newest position of ours, NULL none */
	uint64_t invalid_values;   /* sum over all our commits, see prepared_commit */
};

/* What a commit does; everything is borrowed until table_commit returns. */
struct prepared_commit {
	const char *operation;       /* for history: "COPY", "MERGE", "TRUNCATE", schema_operation, "WRITE" */
	struct schema *schema;       /* the new schema, or NULL: unchanged */
	/*
	 * Files already in the store (writer_finish; their folder is synced by the commit): path, size_bytes,
	 * row_count, modified_at_ms, stats, partition, tuple.
	 */
	const struct data_file *added;
	const struct row_set *const *added_dvs; /* rows of the same transaction that are dead already; NULLs */
	uint32_t added_count;
	const struct dv_update {     /* new complete bitmaps of live files */
		uint32_t slot;       /* snapshot.files[slot] */
		const struct row_set *rows;
	} *dvs;
	uint32_t dv_count;
	bool removes_all;            /* every file of the snapshot goes before the adds */
	const char *tag;             /* of the added files, see data_file; NULL: none */
	const char *position;        /* JSON object text, kept with the commit; NULL: the table's stays */
	uint64_t rows_in, rows_changed, rows_deleted; /* for history */
	uint64_t invalid_values;     /* cells of this commit that became NULL by --invalid-values=null */
	int64_t source_time_us;      /* commit time at the source of the last change, 0 unknown */
};

enum commit_result { COMMIT_DONE, COMMIT_LOST }; /* LOST: another writer took the version; refresh */

/* One line of `history`. */
struct history_entry {
	int64_t version, timestamp_ms;
	char *operation, *position;
	uint64_t rows_in, rows_changed, rows_deleted;
	int64_t source_time_us; /* 0 unknown */
	bool is_ours;           /* the counts and the position are known */
	bool changes_rows;      /* false: the same rows in other files, or none */
};

struct table {
	const struct table_ops *ops;
	struct snapshot snapshot;
	char *warning; /* see table_warning; freed by close */
};

struct table_ops {
	/*
	 * Creates the table with this schema, and its partitioning, as its first version: no rows. `source_name` marks it as ours.
	 * COMMIT_LOST when it appeared meanwhile.
	 */
	int (*create)(struct table *, struct schema *, const char *source_name, const char *position,
		      enum commit_result *out, struct err *);
	/*
	 * Publishes version + 1. An unknown outcome is resolved by reading back what is there; nothing is deleted.
	 * After COMMIT_DONE the snapshot is the new state and the new adds are its last files (without those
	 * whose rows are all dead: they are left out). Slots of others stay, unless files were removed
	 * (removes_all, all rows dead): then the later ones moved down.
	 * ERR_IO after it was published means that it is perhaps not durable: stop; the next start reads what is.
	 */
	int (*commit)(struct table *, const struct prepared_commit *, enum commit_result *out, struct err *);
	/* Loads what others committed since. `changed` tells whether anything did. */
	int (*refresh)(struct table *, bool *changed, struct err *);
	/*
	 * Of a table that is opened for reading: loads the version behind its own; 1: its own is the newest. NULL: the
	 * format has no log of versions that others could follow.
	 */
	int (*advance)(struct table *, struct err *);
	/* The slot of a live file by its path, or -1. */
	int64_t (*find_file)(const struct table *, const char *path);
	/* The present bitmap of a file (empty when it has none); the caller frees it with row_set_free. */
	int (*read_dv)(struct table *, uint32_t slot, struct row_set **out, struct err *);
	/* Newest first, at most `limit`; ends where the past was cleaned up. Released by table_history_free. */
	int (*history)(struct table *, uint32_t limit, struct history_entry **out, uint32_t *count,
		       struct err *);
	/* Appends version and features of the format, for `describe`. */
	void (*protocol)(const struct table *, struct buffer *out);
	/* NULL: the table's rows have no ids, and where this is NULL none of the format has. Lives as long as the table. */
	const struct row_lineage *(*lineage)(const struct table *);
	/*
	 * Appends the `tuple` of the file that a row goes to, by the table's partitioning: equal ones go to one file. NULL: `partition`
	 * has the values.
	 */
	void (*tuple_of_row)(const struct table *, const struct schema *, const struct columns *, uint32_t row, struct buffer *out);
	/* Appends the one of a live file, for a file that takes its place. NULL with the other. */
	void (*tuple_of_file)(const struct table *, uint32_t slot, struct buffer *out);
	void (*close)(struct table *);
};

enum table_format { TABLE_NONE, TABLE_DELTA, TABLE_ICEBERG };

/* What is in a folder. A Delta table with an Iceberg face is a Delta table; ERR_CONFIG: two tables. */
int table_find_format(struct store *store, enum table_format *out, struct err *e);
/*
 * Opens the Delta table in `store` (its root is the table's folder) and loads its newest state.
 * `app_id` is the pipeline's and table's name in its commits. A table of somebody else, an unknown feature or
 * damage is ERR_CONFIG/ERR_DATA with the reason; a missing table is an empty snapshot (version -1).
 */
int table_open(struct table **out, struct store *store, const char *app_id, struct err *e);
/* For reading (`cat`, `describe`): any table that we understand. version -1 = newest. */
int table_open_read(struct table **out, struct store *store, int64_t version, struct err *e);
/*
 * Of a Delta table the oldest version, not before `from`, from which on everything is there up to the newest: log entries, data
 * files, deletion vectors. One behind the newest: not even that is whole. ERR_CONFIG: `from` is behind it.
 */
int table_find_readable(int64_t *out, struct store *store, int64_t from, struct err *e);
/* The key of a data file that the table spells with %XX; our own have nothing to spell so. The caller's. */
char *table_file_key(const char *path);
void table_history_free(struct history_entry *entries, uint32_t count);

static inline const struct snapshot *table_snapshot(const struct table *t)
{
	return &t->snapshot;
}

/*
 * What the table could do without, or NULL: why cleaning up after the last commit failed (the commit stands), or
 * what is wrong with something that was passed over when the table was loaded.
 */
static inline const char *table_warning(const struct table *t)
{
	return t->warning;
}

static inline int table_create(struct table *t, struct schema *schema, const char *source_name,
			       const char *position, enum commit_result *out, struct err *e)
{
	return t->ops->create(t, schema, source_name, position, out, e);
}

static inline int table_commit(struct table *t, const struct prepared_commit *p, enum commit_result *out,
			       struct err *e)
{
	return t->ops->commit(t, p, out, e);
}

static inline int table_refresh(struct table *t, bool *changed, struct err *e)
{
	return t->ops->refresh(t, changed, e);
}

static inline int table_advance(struct table *t, struct err *e)
{
	return t->ops->advance(t, e);
}

static inline int64_t table_find_file(const struct table *t, const char *path)
{
	return t->ops->find_file(t, path);
}

static inline int table_read_dv(struct table *t, uint32_t slot, struct row_set **out, struct err *e)
{
	return t->ops->read_dv(t, slot, out, e);
}

static inline int table_history(struct table *t, uint32_t limit, struct history_entry **out,
				uint32_t *count, struct err *e)
{
	return t->ops->history(t, limit, out, count, e);
}

static inline void table_protocol(const struct table *t, struct buffer *out)
{
	t->ops->protocol(t, out);
}

static inline const struct row_lineage *table_lineage(const struct table *t)
{
	return t->ops->lineage != NULL ? t->ops->lineage(t) : NULL;
}

static inline void table_tuple_of_file(const struct table *t, uint32_t slot, struct buffer *out)
{
	if (t->ops->tuple_of_file != NULL)
		t->ops->tuple_of_file(t, slot, out);
}

/* What a commit does that brings `schema` and not only rows, as prepared_commit has it. */
static inline const char *schema_operation(const struct schema *old, const struct schema *schema)
{
	return schema->field_count > old->field_count ? "ADD COLUMNS" : "CHANGE COLUMN";
}

static inline void table_close(struct table *t)
{
	if (t != NULL)
		t->ops->close(t);
}

#endif
