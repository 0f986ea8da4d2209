/* SPDX-License-Identifier: Apache-2.0 */
/* The events that begin a transaction and name it. */
#ifndef SOURCE_MYSQL_GTID_EVENT_H
#define SOURCE_MYSQL_GTID_EVENT_H

#include "source/mysql/gtid.h"
#include "source/mysql/statement.h"

struct gtid_event {
	bool has_gtid;
	struct gtid gtid;
	uint64_t commit_us;  /* on the server that logged it; 0 unknown */
	bool begins;         /* MariaDB: stands for a BEGIN as well */
	bool is_xa_prepare;  /* MariaDB: stands for XA START of `xid` */
	struct xid xid;
};

/* Bodies behind the header, without checksum. */
int gtid_event_parse(struct gtid_event *out, struct bytes body,
		     struct err *e); /* 33 and 34 */
int gtid_event_parse_tagged(struct gtid_event *out, struct bytes body, struct err *e);
int gtid_event_parse_mariadb(struct gtid_event *out, struct bytes body,
			     uint32_t server_id, struct err *e);

#endif
