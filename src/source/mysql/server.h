/* SPDX-License-Identifier: Apache-2.0 */
/* What kind of server it is, how it logs, and where its log ends now. */
#ifndef SOURCE_MYSQL_SERVER_H
#define SOURCE_MYSQL_SERVER_H

#include "source/mysql/connection.h"
#include "source/mysql/decoder.h"

enum row_image {
	ROW_IMAGE_FULL,
	ROW_IMAGE_MINIMAL,
	ROW_IMAGE_NOBLOB,
};

struct server {
	bool is_mariadb;
	uint32_t version;      /* 8.0.36 is 80036, 10.11.6 is 101106 */
	char version_text[64];
	char uuid[37];         /* MariaDB: "" */
	uint32_t server_id;
	bool has_log, logs_rows, has_gtids; /* MySQL: gtid_mode ON; MariaDB: always */
	bool has_full_metadata, has_partial_json;
	bool folds_names;      /* lower_case_table_names: names are the same in any letters */
	bool has_annotations;  /* MariaDB: the log has the statements of its rows */
	bool is_replica, logs_replica_updates;
	bool has_xa;           /* somebody has used it since the server began */
	enum row_image row_image;
	uint64_t log_expire_s; /* 0: never */
	char gtid_mode[24];
	bool has_declared_keys; /* not read: the catalog is to find keys in the order of definitions, for the sink */
};

int server_read(struct server *out, struct connection *c, struct err *e);
/* ERR_CONFIG with the statement that mends it: too old, no log, not row format. */
int server_check(const struct server *s, struct err *e);

/*
 * Where the log ends. Everything before it is in the log; with GTIDs everything in `gtids` is visible to
 * queries as well (not so by file and offset alone: snapshot_begin is for that). Release it.
 */
int server_position(struct mysql_position *out, const struct server *s, struct connection *c,
		    struct err *e);
/* The position "file:offset" of the server, with the GTIDs before it. */
int server_position_at(struct mysql_position *out, const struct server *s, struct connection *c,
		       const char *file, uint64_t offset, struct err *e);

#endif
