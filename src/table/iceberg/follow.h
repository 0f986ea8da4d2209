/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Iceberg face of a table that another format leads: a function of the leader's snapshot and nothing else. The data files
 * are the leader's own; metadata, manifests and deletes lie in the folder FACE_FOLDER of its folder, which no engine's VACUUM of
 * the leader touches, and whose orphans are looked for there alone.
 *
 * It is partitioned by the columns that the leader was partitioned by when it was made; one that was made without stays so. The
 * values come from the leader's log, so readers have them where the files have not.
 *
 * What the face has is found out by comparing two lists of files: so it catches up from anywhere, in one snapshot, and a
 * second try does nothing.
 */
#ifndef TABLE_ICEBERG_FOLLOW_H
#define TABLE_ICEBERG_FOLLOW_H

#include "table/table.h"

#define FACE_FOLDER "_iceberg"
#define FOLLOW_LEADER_VERSION "tailrace.leader-version" /* a property, and in summaries */
#define FACE_VERSIONS_MAX 500 /* of the leader's, that it keeps a snapshot of each */

struct follow;

struct follow_settings {
	const char *catalog;    /* a URL (catalog.h), NULL: the folder */
	const char *namespace, *name;
	int format_version;     /* 2 or 3, of a face that is made */
};

/* `store` is the leader's, borrowed until close. ERR_CONFIG: the settings; a store without paths of its own. */
int follow_open(struct follow **out, struct store *store, const struct follow_settings *s, struct err *e);
/*
 * Brings the face to the leader's snapshot. ERR_CONFIG: the face is of another table, or somebody else changed its rows; ERR_RETRY:
 * the catalog does not answer, or others were faster many times. Whatever happens, the leader is as it was, and the next call
 * tries again.
 */
int follow_up(struct follow *f, struct table *leader, struct err *e);

/*
 * As follow_up, of a version of the leader's past that becomes a snapshot of its own, even when it changed no file, with the time of
 * the leader's commit (0: unknown, then of the one before) where the catalog allows it. Such a face keeps its past by number alone, not by age.
 */
int follow_past(struct follow *f, struct table *leader, int64_t time_ms, struct err *e);
/*
 * A new face gives no id that rows in this snapshot's files have already, from a face before it. Of the leader's newest follow_up
 * sees to it; who publishes a past says it of each version before the first.
 */
int follow_reserve_ids(struct follow *f, const struct snapshot *leader, struct err *e);
/* The newest of the leader's versions from `from` to the face's own that has no snapshot; -1: each has one. */
int follow_find_gap(struct follow *f, int64_t from, int64_t *out, struct err *e);

/* What the face says of itself: the leader's version that it has, -1: there is no face. */
int follow_version(struct follow *f, int64_t *version, struct err *e);
/*
 * The first row id of one of the leader's files, by its path there, as of the last follow_up; -1: the face did not have it, or its
 * format has no ids. Ids are given in the order in which files come to the face, and to no two rows, whatever a file's own
 * column says.
 */
int follow_first_row_id(struct follow *f, const char *path, int64_t *out, struct err *e);
/* After it said so: 2 or 3, of the face that is there. */
int follow_format_version(const struct follow *f);
/* The newest metadata file's URI, or NULL: what readers without a catalog open. */
const char *follow_metadata(const struct follow *f);
void follow_close(struct follow *f); /* NULL is fine */

#endif
