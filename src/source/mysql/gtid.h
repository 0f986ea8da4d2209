/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of global transaction ids: MySQL's (uuid[:tag]:intervals) and MariaDB's
 * (domain-server-sequence). */
#ifndef SOURCE_MYSQL_GTID_H
#define SOURCE_MYSQL_GTID_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/err.h"

struct gtid { /* one transaction's */
	bool is_mariadb;
	uint8_t uuid[16];
	char tag[33];          /* MySQL 8.3+, "" none */
	uint32_t domain, server;
	uint64_t number;       /* sequence */
};

struct gtid_set {
	bool is_mariadb;
	struct gtid_range *ranges; /* MySQL: sorted by (uuid, tag, first), not touching */
	uint32_t count, capacity;  /* MariaDB: one entry per domain, its last gtid */
};

struct gtid_range {
	uint8_t uuid[16];
	char tag[33];
	uint32_t domain, server;
	uint64_t first, last; /* inclusive; MariaDB: last only */
};

void gtid_set_release(struct gtid_set *s);
void gtid_set_copy(struct gtid_set *to,
		   const struct gtid_set *from); /* `to` was initialized */
int gtid_set_parse(struct gtid_set *out, bool is_mariadb, struct bytes text,
		   struct err *e);
void gtid_set_format(const struct gtid_set *s,
		     struct buffer *out); /* canonical, lower case */
void gtid_set_add(struct gtid_set *s,
		  const struct gtid *g); /* O(log n) when it extends a range */
/* MariaDB: the domain's last number is at or past it. */
bool gtid_set_has(const struct gtid_set *s, const struct gtid *g);
bool gtid_set_contains(const struct gtid_set *outer, const struct gtid_set *inner);
void gtid_format(const struct gtid *g, struct buffer *out);
/* `first` from 1, not above `last`; what it touches becomes one range. */
void gtid_set_add_range(struct gtid_set *s, const struct gtid_range *r);
/* MySQL sets only (a MariaDB domain has no holes); nothing happens when it is not there.
 */
void gtid_set_remove(struct gtid_set *s, const struct gtid *g);
/* MariaDB: the domain ends right before `g`, so that a stream from here has it; nothing
 * when it is behind. */
void gtid_set_step_back(struct gtid_set *s, const struct gtid *g);
/* COM_BINLOG_DUMP_GTID's data, and PREVIOUS_GTIDS' body. MySQL sets only; gtid_text.c has
 * the layout. */
void gtid_set_encode(const struct gtid_set *s, struct buffer *out);
int gtid_set_decode(struct gtid_set *out, struct bytes wire, struct err *e);

#endif
