/* SPDX-License-Identifier: Apache-2.0 */
/* mysql://user@host:port/db[.table,…][?socket=/path], taken apart. */
#ifndef SOURCE_MYSQL_URL_H
#define SOURCE_MYSQL_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct mysql_url {
	char *user;
	char *host;     /* without the brackets of an IPv6 address */
	char *socket;   /* path of a local socket, or NULL: TCP */
	uint16_t port;
	/* "db" or "db.table" each, both parts decoded; a table may be NULL: the whole database */
	struct mysql_url_name {
		char *database, *table;
	} *names;
	uint32_t name_count;
};

/*
 * ERR_CONFIG says what is wrong; a password in the URL is refused, because every user of the machine
 * sees a command line. The password itself is never part of the message.
 */
int mysql_url_parse(struct mysql_url *out, const char *url, struct err *e);
void mysql_url_release(struct mysql_url *u);
/* A socket or a loopback address: the connection does not leave the machine. */
bool mysql_url_is_local(const struct mysql_url *u);
/*
 * Whether the connection is to be encrypted and verified: always, but for local ones without a CA
 * file, and where the user said "off".
 */
bool mysql_url_wants_tls(const struct mysql_url *u, const char *tls, const char *ca_file);

#endif
