/* SPDX-License-Identifier: Apache-2.0 */
/* The log's actions ("Actions") as values, and one line of a log entry to and from them. */
#ifndef TABLE_DELTA_ACTION_H
#define TABLE_DELTA_ACTION_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/memory.h"
#include "table/table.h"

/* Texts below are borrowed: from the arena that an action was parsed into, or from whoever made it. */
struct text_list {
	const char **texts;
	uint32_t count;
};

bool text_list_has(const struct text_list *l, const char *text);

/* "Deletion Vectors": where a file's bitmap lies. */
struct deletion_vector {
	char storage_type;    /* 0: the file has none; 'u' relative by uuid, 'i' inline, 'p' absolute */
	const char *place;    /* pathOrInlineDv; for ours the z85 of the uuid */
	int32_t offset;       /* -1: not given */
	uint32_t size_bytes;  /* magic and bitmap */
	uint64_t cardinality; /* rows that it deletes; 0 when there is none */
};

struct protocol { /* "Protocol Evolution" */
	int32_t min_reader, min_writer;
	struct text_list reader_features, writer_features;
};

struct metadata { /* "Change Metadata" */
	const char *id, *name, *description, *provider, *schema_string;
	struct text_map options, configuration;
	struct text_list partition_columns;
	int64_t created_time_ms; /* 0: not given */
};

struct file_action { /* "Add File and Remove File" */
	const char *path;
	const char *stats;    /* add; may be NULL */
	int64_t size_bytes;   /* -1: not given (remove) */
	int64_t time_ms;      /* add: modificationTime; remove: deletionTimestamp, 0 when not given */
	uint64_t row_count;   /* stats.numRecords, or ROWS_UNKNOWN */
	struct deletion_vector dv;
	struct text_map partition_values, tags;
	bool is_data_change;
};

struct txn { /* "Transaction Identifiers" */
	const char *app_id;
	int64_t version;
	int64_t last_updated_ms; /* 0: not given */
};

struct commit_info { /* "Commit Provenance Information" */
	const char *operation, *txn_id;
	int64_t timestamp_ms;
	bool is_blind_append;
	const char *position; /* what follows is in "tailrace"; NULL: not ours */
	uint64_t rows_in, rows_changed, rows_deleted, invalid_values;
	int64_t source_time_us;
	uint64_t files_added, files_removed, vectors_written; /* operationMetrics; not parsed */
};

enum action_kind {
	ACTION_NONE, /* an action that a reader may ignore */
	ACTION_COMMIT_INFO,
	ACTION_PROTOCOL,
	ACTION_METADATA,
	ACTION_TXN,
	ACTION_REMOVE,
	ACTION_ADD,
	ACTION_SIDECAR, /* only in checkpoints */
	ACTION_KINDS,
};

struct action {
	enum action_kind kind;
	union {
		struct commit_info commit_info;
		struct protocol protocol;
		struct metadata metadata;
		struct file_action file;
		struct txn txn;
		const char *sidecar; /* its path */
	};
};

/* One line of an entry; what it points to lives in `arena`. ERR_DATA when it is no action. */
int action_parse(struct action *out, struct bytes line, struct arena *arena, struct err *e);

struct action_list {
	struct action *actions;
	uint32_t count, capacity;
};

/* All lines of an entry, appended. A last line without its newline is fine when it is whole. */
int action_list_parse(struct action_list *out, struct bytes entry, struct arena *arena,
		      struct err *e);
struct action *action_list_add(struct action_list *l, enum action_kind kind);
void action_list_release(struct action_list *l);

/* Appends the line with its newline. Not for ACTION_NONE and ACTION_SIDECAR. */
void action_format(struct buffer *out, const struct action *a);

void protocol_copy(struct protocol *out, const struct protocol *p, struct arena *arena);
void metadata_copy(struct metadata *out, const struct metadata *m, struct arena *arena);
void text_map_copy(struct text_map *out, const struct text_map *m, struct arena *arena);
void text_list_copy(struct text_list *out, const struct text_list *l, struct arena *arena);
/* Sets a key of a map that lives in the arena. */
void text_map_set(struct text_map *m, const char *key, const char *value, struct arena *arena);
void text_list_add(struct text_list *l, const char *text, struct arena *arena);

bool dv_equal(const struct deletion_vector *a, const struct deletion_vector *b); /* same unique id */

/* Whether an add, from the log or a checkpoint, can be: its size is known, not more rows are dead than it has. */
int action_check_add(const struct file_action *f, struct err *e);
/* stats.numRecords of an add's statistics, or ROWS_UNKNOWN. */
uint64_t stats_row_count(const char *stats);
/* The same statistics with "tightBounds":false, for a file with a deletion vector. */
void stats_widen(struct buffer *out, const char *stats);

/* The side copy of a position (table/delta/position.c). */
struct position_record {
	const char *app_id, *txn_id, *position;
	int64_t version;
	uint64_t invalid_values;
};

void position_record_format(struct buffer *out, const struct position_record *r);
int position_record_parse(struct position_record *out, struct bytes text, struct arena *arena,
			  struct err *e);
/* Whether two JSON texts mean the same. */
bool json_texts_equal(const char *a, const char *b);
bool json_is_object_text(const char *text);
/* "version" of _last_checkpoint, or -1 when the text tells none. */
int64_t last_checkpoint_version(struct bytes text);

#endif
