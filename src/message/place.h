/* SPDX-License-Identifier: Apache-2.0 */
/* Where an event stands in the log of its source, as far as its message says: which of two came first there. */
#ifndef MESSAGE_PLACE_H
#define MESSAGE_PLACE_H

#include "message/input.h"

/* Borrows its texts; what is not said is NULL, empty or 0. */
struct log_place {
	const char *connector, *name; /* whose log: Debezium's connector and its topic.prefix */
	struct bytes issuer;          /* of the GTID: MySQL's server and tag, MariaDB's domain */
	uint32_t server_id;
	const char *file;             /* NULL: PostgreSQL */
	uint64_t commit, offset;      /* PostgreSQL: LSN of the last commit before the transaction, of the event */
	uint64_t number;              /* the GTID's */
	int64_t time_us;
};

/*
 * false: the message does not say enough, or is no event of a log but a row that was read. A log is known by the
 * connector's name or by GTIDs: a server's id and the names of files are the same on too many servers.
 */
bool message_place(const struct message *m, struct log_place *out);
bool place_is_of_log(const struct log_place *a, const struct log_place *b);
/*
 * Whether `a` came before `b` in their log, by all that they say: file and offset (or the LSNs), the GTIDs' numbers and
 * the time. They contradict each other when a log begins anew or another server takes over: then it is not older.
 * Events of one place are not told apart: the rows of a compressed transaction have all the same.
 */
bool place_is_older(const struct log_place *a, const struct log_place *b);

#endif
