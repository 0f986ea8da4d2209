/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of struct delta, for the files of this folder. */
#ifndef TABLE_DELTA_HANDLE_H
#define TABLE_DELTA_HANDLE_H

#include "table/delta/log.h"
#include "table/delta/state.h"
#include "table/uuid.h"

#define POSITION_FOLDER "_tailrace/positions"

struct position_copy { /* what the newest commit of ours in the log says */
	char *txn_id, *position; /* position NULL: none yet */
	int64_t number;          /* txn version; -1: no commit of ours was seen */
	uint64_t invalid_values;
};

struct delta {
	struct table table;
	struct state state;
	struct store *store;
	char *app_id; /* NULL: opened for reading */
	struct position_copy logged;
	struct arena arena; /* of the entry being read or written */
	uint64_t entry_bytes, checkpoint_bytes; /* since the last checkpoint; of it */
	int64_t checkpoint_version; /* -1: none */
	int64_t put_version;                 /* the newest one that we put ourselves, */
	char put_txn_id[UUID_TEXT_BYTES + 1]; /* and its txnId; "": none */
	bool is_stale;      /* what is in memory cannot be trusted: refresh loads all anew */
};

static inline struct delta *delta_of(const struct table *t)
{
	return (struct delta *)(uintptr_t)t;
}

/* commit.c, history.c: operations of the table. */
int delta_create(struct table *t, struct schema *schema, const char *source_name,
		 const char *position, enum commit_result *out, struct err *e);
int delta_commit(struct table *t, const struct prepared_commit *p, enum commit_result *out,
		 struct err *e);
int delta_history(struct table *t, uint32_t limit, struct history_entry **out,
		  uint32_t *count, struct err *e);

int delta_advance(struct table *t, struct err *e); /* delta.c */

/* load.c */

/* Replaces state and snapshot by those of a version, -1: the newest. */
int delta_load(struct delta *d, int64_t version, struct err *e);
/* Reads and applies the entry of a version. ERR_DATA names the file and what to do. */
int delta_load_entry(struct delta *d, int64_t version, bool *schema_changed, struct err *e);
/* Applies one entry and remembers our position in it. */
int delta_apply(struct delta *d, const struct action_list *l, int64_t version, struct err *e);
/* Looks for our newest commit in the entries behind the snapshot's, as far as they are there. */
int delta_search_position(struct delta *d, struct err *e);
/* Points the snapshot to the state; `schema_changed`: parses the schema. */
int delta_show(struct delta *d, bool schema_changed, struct err *e);
void position_copy_release(struct position_copy *c);

/* checkpoint_read.c: loads the checkpoint's actions into the state. */
int checkpoint_read(struct state *s, struct store *store, const struct store_list *files,
		    struct err *e);

/* protocol.c: ERR_CONFIG with the reason when we cannot read, or write. */
int protocol_check_read(const struct state *s, struct err *e);
int protocol_check_write(const struct state *s, struct err *e);
/* What a table with this schema needs, at least what `old` (or NULL) has. True when it is more than that. */
bool protocol_for(struct protocol *out, const struct protocol *old, const struct schema *schema,
		  bool is_mapped, bool is_widened, struct arena *arena);

/* position.c */

/* Writes the side copy; durable. */
int position_write(struct delta *d, const struct position_record *r, struct err *e);
/*
 * Finds the position that belongs to our txn version from its two copies and shows it in the snapshot.
 * A side copy that is missing or of a lost commit is made anew. ERR_DATA when both are missing or the
 * copies of one commit differ.
 */
int position_load(struct delta *d, struct err *e);
/* Removes side copies that are no longer needed. */
int position_clean(struct delta *d, bool all, struct err *e);

#endif
