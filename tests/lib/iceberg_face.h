/* SPDX-License-Identifier: Apache-2.0 */
/* A leader whose log is only in memory, and its Iceberg face in a folder. */
#ifndef LIB_ICEBERG_FACE_H
#define LIB_ICEBERG_FACE_H

#include "lib/scratch.h"
#include "table/iceberg/catalog.h"
#include "table/iceberg/follow.h"
#include "table/iceberg/live.h"

#define LEADER_FILES_MAX 512

struct leader {
	struct table table;
	struct data_file files[LEADER_FILES_MAX];
	struct row_set *rows[LEADER_FILES_MAX]; /* deleted ones, by slot */
	uint32_t next;                          /* number in the next file's name */
	struct store *store;                    /* of its files, which have one row each, whatever the log says */
};

/* Columns id LONG key, name STRING; version 0, no files. */
void leader_init(struct leader *l, struct store *store); /* borrowed */
void leader_release(struct leader *l);
/* One commit of ours each. */
void leader_add(struct leader *l, uint32_t count); /* files of 100 rows */
void leader_remove(struct leader *l, uint32_t slot);
void leader_delete(struct leader *l, uint32_t slot, uint32_t row); /* one more row */
void leader_restore(struct leader *l, uint32_t slot, uint32_t row); /* somebody else: this row, and no other, is deleted */

/* In the folder, version 3 unless said. */
struct follow *face_open(struct store *store, int format_version);
/* The newest version in the folder, and its current snapshot's files. */
struct face {
	struct catalog_version version;
	struct live live;
};
void face_read(struct face *f, struct store *store, const char *folder);
void face_release(struct face *f);
/* A leader, its face and what was last seen of it, in a folder: the state of a test. */
struct face_world {
	struct scratch folder;
	struct store *store;
	struct leader leader;
	struct follow *face;
	struct face seen;
};
int face_world_setup(void **state);
int face_world_teardown(void **state);
/* The face has the leader's files, and of each the same deleted rows. */
void assert_face_equal(struct store *store, const char *folder, const struct leader *l);

#endif
