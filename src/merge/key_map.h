/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to merge: the mapped file under a key index. One page of head, then `capacity` slots, then the slots'
 * orders, then `copy_capacity` copies:
 *
 *   whole keys   {u64 key, u32 file, u32 row}              16 bytes
 *   hashed keys  {u64 low, u64 high, u32 file, u32 row}    24 bytes
 *   order        {u64 word, ...}                           8 bytes for each word of the order
 *   copy         {u32 file, u32 row, u64 under}            16 bytes
 *
 * all little-endian. A slot's file is 0 when it is free and KEY_FILE_GONE when its row was removed.
 * KEY_TOMBSTONE is a deleted key whose order counts. A key's bucket is hash * capacity >> 64, so slots stand in the order of the hash at any capacity.
 *
 * Copies are for equal rows of a table without a key; key_copies.h says how they hang together.
 *
 * kill -9 keeps the page cache, so within one boot the file is as the stores left it, in their order.
 * After another boot only a file that was closed (written back, then marked clean) is believed.
 */
#ifndef MERGE_KEY_MAP_H
#define MERGE_KEY_MAP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define KEY_FILE_GONE UINT32_MAX /* KEY_TOMBSTONE, of key_index.h, is another one */
#define KEY_FILE_LINK (UINT32_MAX - 1) /* `row` is the number of a copy */
#define KEY_MAP_SLOTS_MIN 2048

struct key_map_head {
	char magic[8];
	uint32_t layout;
	uint32_t slot_size;   /* bytes */
	uint32_t order_words; /* of each slot's order, 0: none */
	uint64_t table[2];    /* hash of the table's id */
	uint64_t shape;       /* key_shape_print */
	uint64_t generation;  /* of the file numbers beside it */
	uint64_t capacity;    /* slots */
	uint64_t live_count;  /* right unless is_applying */
	uint64_t gone_count;  /* slots of KEY_FILE_GONE; right unless is_applying */
	uint32_t copy_capacity;
	uint32_t copy_end;    /* copies from here on were never used */
	uint32_t copy_count;  /* in use; right unless is_applying */
	uint32_t copy_free;   /* number + 1 of the first free copy below copy_end, 0: none */
	_Atomic int64_t version;
	int64_t commit;       /* see key_index_commit */
	uint32_t file_last;   /* highest file number given */
	uint32_t file_whole;  /* the files up to this number had all their rows in at `version` */
	_Atomic uint32_t is_applying;
	uint32_t is_clean;
	char boot[40];        /* /proc/sys/kernel/random/boot_id of who wrote it last */
};

struct key_copy {
	uint64_t place, under; /* words as in a slot */
};

struct key_map {
	int fd;      /* holds the lock that keeps other processes out */
	char *path;  /* owned */
	struct key_map_head *head;
	uint8_t *slots;
	uint64_t *orders;
	struct key_copy *copies;
	size_t size; /* mapped bytes */
	bool is_populated; /* all of its pages were mapped for writing */
};

/*
 * Opens or makes the file. `wanted` has slot_size, order_words, table and shape; a file that differs in these, in
 * size or layout, or that cannot be believed, is made new and empty: then *is_new is true. ERR_CONFIG
 * when another process has it open, ERR_IO when the system refuses.
 */
int key_map_open(struct key_map *m, const char *path, const struct key_map_head *wanted,
		 bool *is_new, struct err *e);
/*
 * `count` random slots are about to be read and then written: when they are a good part of all pages, the
 * pages are mapped for writing in one go, a quarter of what it costs to map them for reading first and then
 * to make each writable. Once in the life of a mapping: to look at all pages again would cost more than the few that
 * were written back since. Costs nothing to be wrong about.
 */
void key_map_expect(struct key_map *m, uint32_t count);
/* Writes everything back and marks it clean, unless `is_clean` is false. */
void key_map_close(struct key_map *m, bool is_clean);
/* Empty, of the least size, version -1, a new generation. */
void key_map_clear(struct key_map *m);

/* An empty map with this room beside `m` ("<path>.new"), to be filled and then put in its place. */
int key_map_make_next(struct key_map *next, const struct key_map *m, uint64_t capacity,
		      uint64_t copy_capacity, struct err *e);
/* Takes over the place of `m`; on failure `next` is gone and `m` is as it was. */
int key_map_replace(struct key_map *m, struct key_map *next, struct err *e);
/* Room for more copies, in place; killed within, the index opens empty. `m` is as it was on failure. */
int key_map_add_copies(struct key_map *m, uint64_t copy_capacity, struct err *e);

#endif
