/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where each key's row is: an open hash in a mapped file, one slot a key. A cache of the table: it names
 * the version that it matches and may be deleted at any time.
 *
 * The rows of a table without a key are a multiset: rows whose 128-bit hashes are equal count as equal,
 * as do keys. Equal rows are a stack of places in one slot, so each costs the same, however many there
 * are: the newest place is on top, additions go there, removals take it away.
 */
#ifndef MERGE_KEY_INDEX_H
#define MERGE_KEY_INDEX_H

#include <stdbool.h>

#include "base/err.h"
#include "change/columns.h"

struct row_place {
	uint32_t file; /* number of a data file, from 1; 0: no place */
	uint32_t row;
};

/*
 * In event order (struct schema's `order`) each key has its newest event's order beside its place, and a deleted one
 * has this as its file: an older event must not bring it back.
 */
#define KEY_TOMBSTONE (UINT32_MAX - 2)

/* A key reduced to 64 bits (one fixed-width field of at most 8 bytes) or to a 128-bit hash. */
struct key_hash {
	uint64_t low, high; /* fixed width: low is the value, high is 0 */
};

struct key_index;

/* How keys of this schema are reduced. Without a key: the hash of the whole row, and rows are a multiset. */
struct key_shape {
	const struct schema *schema;
	bool is_whole;    /* the 64-bit form */
	bool is_multiset; /* a key_hash may have several places */
	uint32_t order_words; /* of an event's order (key_order.h); 0: the order of arrival */
};

void key_shape_init(struct key_shape *s, const struct schema *schema);
/* out[i] for rows [first, first + count). A NULL hashes as itself, distinct from every value. */
void key_hash_rows(const struct key_shape *s, const struct columns *rows, uint32_t first,
		   uint32_t count, struct key_hash *out);

/*
 * Opens or makes the index file at `path`. `table_id` ties it to one table: an index of another table, of
 * another layout, or one that a power cut may have torn (another boot and not closed cleanly) comes
 * back empty with version -1. ERR_IO when the file cannot be made or mapped, ERR_CONFIG when another
 * process has it open.
 */
int key_index_open(struct key_index **out, const char *path, const char *table_id,
		   const struct key_shape *shape, struct err *e);
void key_index_close(struct key_index *x); /* NULL is fine; marks it clean */

/* The table version whose rows are all in; rows of version + 1 may be in part (kill -9). */
int64_t key_index_version(const struct key_index *x);
/*
 * Which of the table's own commits that version has (snapshot.txn_version): where somebody put another version in the place of
 * ours, the number of the version is the same.
 */
int64_t key_index_commit(const struct key_index *x);
void key_index_set_version(struct key_index *x, int64_t version, int64_t commit);

/* Data files: the index's own numbers for paths. 0 when unknown. */
uint32_t key_index_file(const struct key_index *x, const char *path);
/* true when the path is known and all of its rows were in at the last key_index_set_version. */
bool key_index_has_file(const struct key_index *x, const char *path);
int key_index_add_file(struct key_index *x, const char *path, uint32_t *out, struct err *e);
const char *key_index_path(const struct key_index *x, uint32_t file);
void key_index_drop_file(struct key_index *x, uint32_t file); /* its rows were all removed */

/*
 * places[i] of keys[i]; file 0 when not there. Reads in bucket order with prefetch: cost is about one
 * cache miss a key, sequential I/O when the map is larger than memory. In a multiset places[i] is where
 * key_index_next begins with keys[i].
 */
void key_index_find(struct key_index *x, const struct key_hash *keys, uint32_t count,
		    struct row_place *places);

/* In event order also the order of each key that is there, in orders[i * order_words ..]; a deleted one's place is a
 * tombstone. */
void key_index_find_ordered(struct key_index *x, const struct key_hash *keys, uint32_t count,
			    struct row_place *places, uint64_t *orders);

/*
 * Multiset: the next place of the key that `at` was found by, the newest first; false: there is none.
 * `at` is good until the next key_index_apply. After a kill a place may come twice.
 */
bool key_index_next(const struct key_index *x, struct row_place *at, struct row_place *out);

/*
 * Writes places: inserts or replaces keys[i] (places[i].file != 0), or removes it (file == 0). Keys are
 * distinct within a call. In a multiset, in the order of the call, each place is added to the key's, or
 * the key's newest place is removed if it is old[i] (nothing is if not). Ordered stores: a kill at any
 * instant leaves every slot whole.
 */
int key_index_apply(struct key_index *x, const struct key_hash *keys, uint32_t count,
		    const struct row_place *old, const struct row_place *places, struct err *e);

/* The same in event order, each with its order. */
int key_index_apply_ordered(struct key_index *x, const struct key_hash *keys, uint32_t count,
			    const struct row_place *old, const struct row_place *places, const uint64_t *orders,
			    struct err *e);
/* Tombstones whose order's first word is less are of no use any more: the index need not keep them. */
void key_index_set_horizon(struct key_index *x, uint64_t horizon);

void key_index_clear(struct key_index *x); /* empty, version -1 */
/* Room for this many keys without growing on the way. */
int key_index_reserve(struct key_index *x, uint64_t keys, struct err *e);
/* Gives back what was reserved and not filled: equal rows take less. */
int key_index_fit(struct key_index *x, struct err *e);
uint64_t key_index_count(const struct key_index *x); /* places; a few more after a kill */
uint64_t key_index_bytes(const struct key_index *x); /* on disk */

#endif
