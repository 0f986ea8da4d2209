/* SPDX-License-Identifier: Apache-2.0 */
/* The MySQL and MariaDB source as the pipeline opens it. */
#ifndef SOURCE_MYSQL_MYSQL_H
#define SOURCE_MYSQL_MYSQL_H

#include "base/findings.h"
#include "base/option.h"
#include "source/source.h"

struct mysql_options {
	char *url;                 /* mysql://user@host:port/db[.table,…], mariadb:// the same */
	char *tables, *exclude_tables; /* comma-separated "db.table" with '*' */
	char *password_file;
	char *ca_file;             /* --from-ca */
	char *tls;                 /* "verify" (default) or "off" */
	const char *invalid_values; /* "null" or "halt"; not in the table; NULL: "null" */
	int64_t server_id;         /* ours in the replication protocol; 0: derived from the pipeline */
	int64_t connections;       /* of the copy, side by side */
	int64_t chunk_rows_max;
	int64_t chunk_bytes_max;
};
extern const struct option mysql_option_table[]; /* ends with a NULL name */

/* The options are borrowed until close. The password is read when connecting, and again on reconnect. */
struct source *mysql_source_new(const struct mysql_options *options);

/*
 * Whether a table's position has what `place` names: a GTID, a set of them, or FILE:OFFSET. ERR_CONFIG: it is no such place, or GTIDs
 * where the position has none.
 */
int mysql_position_has(bool *out, const char *position, const char *place, struct err *e);

/* doctor: adds what it finds ("missing right: …; mend: GRANT …;"). */
int mysql_doctor(const struct mysql_options *options, const struct table_check *target, struct findings *out,
		 struct err *e);

#endif
