/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who we are to a REST catalog: nobody, the bearer of a token, or an OAuth2 client (RFC
 * 6749, 4.4) that gets tokens.
 */
#ifndef TABLE_ICEBERG_REST_LOGIN_H
#define TABLE_ICEBERG_REST_LOGIN_H

#include "table/iceberg/catalog_url.h"
#include "table/iceberg/http.h"

struct rest_login {
	char *credential; /* "ID:SECRET" or "SECRET"; NULL: tokens are not ours to get */
	char *scope;
	char *server;	     /* where tokens are had */
	char *token;	     /* NULL: none yet */
	int64_t renew_at_us; /* on the monotonic clock; INT64_MAX: never */
};

/*
 * base: the catalog's URL, whose own token endpoint is taken when the parameters name
 * none.
 */
int rest_login_init(struct rest_login *l, const struct catalog_url *url, const char *base,
		    struct err *e);
void rest_login_release(struct rest_login *l); /* overwrites the secrets */
/*
 * Appends "Authorization: Bearer …", or nothing. Gets a token when there is none or it
 * expires soon. ERR_CONFIG: the server does not know us.
 */
int rest_login_header(struct rest_login *l, struct http *h, struct buffer *out,
		      struct err *e);
/* The token was refused. false: there is no other to be had. */
bool rest_login_forget(struct rest_login *l);

#endif
