/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Table metadata (Iceberg spec, "Table Metadata", Appendix C): what a reader and a writer need of it, and the JSON that it
 * came in, so that a change to it (change_set.h) keeps what we do not know.
 */
#ifndef TABLE_ICEBERG_METADATA_H
#define TABLE_ICEBERG_METADATA_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/memory.h"
#include "table/iceberg/partition.h"
#include "table/iceberg/schema_iceberg.h"

#define ICEBERG_VERSION_MIN 1 /* read; written are 2 and 3 */
#define ICEBERG_VERSION_MAX 3
#define ICEBERG_MAIN "main"   /* the branch that readers see */

/* A property, or a member of a snapshot's summary. */
struct iceberg_pair {
	const char *key, *value;
};

/* "Snapshots". */
struct iceberg_snapshot {
	int64_t id, parent_id;      /* parent: -1 none */
	int64_t sequence_number;    /* 0 in version 1 */
	int64_t timestamp_ms;
	int64_t first_row_id, added_rows; /* version 3; else -1 */
	int32_t schema_id;          /* -1: not given */
	const char *manifest_list;  /* a URI; NULL where version 1 has only `manifests` */
	const struct iceberg_pair *summary; /* `operation` is one of them */
	uint32_t summary_count;
};

/* "Snapshot References". */
struct iceberg_ref {
	const char *name;
	int64_t snapshot_id;
	bool is_branch; /* else a tag */
	int64_t max_snapshot_age_ms;   /* of a branch; -1: the table's */
	int64_t min_snapshots_to_keep; /* the same */
};

/* A former metadata file. */
struct iceberg_metadata_file {
	const char *path; /* a URI */
	int64_t timestamp_ms;
};

/* Nothing in it changes. All texts and arrays live as long as it does. */
struct iceberg_metadata {
	int format_version;
	const char *uuid;     /* "" where a version 1 has none */
	const char *location; /* the table's folder, a URI without a slash at its end */
	int64_t last_sequence_number; /* 0 in version 1 */
	int64_t last_updated_ms;
	int64_t next_row_id;  /* version 3; else -1 */
	int32_t last_column_id, last_partition_id;
	struct iceberg_schema schema; /* the current one; its marks (see there) are in it, and the default spec as its partitioning */
	struct iceberg_spec *specs;   /* as they stand in the file */
	uint32_t spec_count;
	const struct iceberg_spec *spec; /* the default one */
	int32_t sort_order_id;        /* the default one; 0: not sorted */
	struct iceberg_pair *properties;
	uint32_t property_count;
	struct iceberg_snapshot *snapshots; /* as they stand in the file: mostly oldest first */
	uint32_t snapshot_count;
	const struct iceberg_snapshot *current; /* where main points; NULL: the table has no snapshot yet */
	struct iceberg_ref *refs;     /* main is one of them, unless there is no snapshot */
	uint32_t ref_count;
	struct iceberg_metadata_file *metadata_log; /* oldest first */
	uint32_t metadata_log_count;
	bool has_encryption_keys;
	const struct iceberg_snapshot **by_id; /* in order of their ids: iceberg_metadata_snapshot asks it */
	struct arena arena;
	struct json_parser *json;     /* the text as it was read */
	struct json_value *root;
};

#define ICEBERG_METADATA_BYTES_MAX ((size_t)64 << 20) /* of JSON, not compressed */
#define ICEBERG_SNAPSHOTS_MAX      200000u
#define ICEBERG_ENTRIES_MAX        10000u /* of every other list and map */

/*
 * Any bytes are safe, gzip is told by its first bytes. ERR_DATA: damaged, the text says where; ERR_CONFIG: a format version
 * that we do not know. Keeps about four times the text in memory.
 */
int iceberg_metadata_parse(struct iceberg_metadata **out, struct bytes text, struct err *e);
void iceberg_metadata_free(struct iceberg_metadata *m); /* NULL is fine */

/* 0, or ERR_CONFIG with the reason why we do not write to it: version 1, columns or transforms that we do not know, encryption. */
int iceberg_metadata_require_writable(const struct iceberg_metadata *m, struct err *e);
/* The values of these keys, or NULL. */
const char *iceberg_metadata_property(const struct iceberg_metadata *m, const char *key);
const char *iceberg_snapshot_summary(const struct iceberg_snapshot *s, const char *key);
/* The snapshot with this id, or NULL. Costs a binary search. */
const struct iceberg_snapshot *iceberg_metadata_snapshot(const struct iceberg_metadata *m, int64_t id);
/* The spec with this id, or NULL. */
const struct iceberg_spec *iceberg_metadata_spec(const struct iceberg_metadata *m, int32_t id);
/* One of the table's schemas by its id; the caller releases it. ERR_DATA: there is none, or it is damaged. */
int iceberg_metadata_schema(struct iceberg_schema *out, const struct iceberg_metadata *m, int32_t id, struct err *e);
/*
 * The column of a partition field: of the current schema or, when it was dropped, of the newest that had it. The text is
 * the caller's to free with memory_free(out->name). ERR_CONFIG: no such column that we could read.
 */
int iceberg_metadata_source(struct field *out, const struct iceberg_metadata *m,
			    const struct iceberg_partition_field *p, struct err *e);
/* A random positive id that no snapshot of the table has. NULL: of a table that is not there yet. */
int64_t iceberg_snapshot_new_id(const struct iceberg_metadata *m);

#endif
