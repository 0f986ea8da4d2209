/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server on loopback that answers as a test tells it, one connection after the other.
 */
#ifndef LIB_HTTP_SERVER_H
#define LIB_HTTP_SERVER_H

#include "base/bytes.h"

struct http_server;

struct http_seen { /* texts with a NUL behind them, valid in the call */
	const char *method, *path;
	const char *headers; /* the lines as they came */
	const char *body;
};

enum http_reply_end {
	REPLY_WHOLE,
	REPLY_HALF, /* the connection is closed in the middle of the body */
	REPLY_NONE, /* and before the status */
};

struct http_reply {
	int status;
	const char *body; /* a text that lives until the next request */
	enum http_reply_end end;
};

/* `answer` runs in the server's thread, locked: see http_server_lock. */
struct http_server *http_server_start(void (*answer)(void *context,
						     const struct http_seen *,
						     struct http_reply *),
				      void *context);
const char *http_server_url(const struct http_server *s); /* "http://127.0.0.1:1234" */
/* What answer touches is for others between these. */
void http_server_lock(struct http_server *s);
void http_server_unlock(struct http_server *s);
void http_server_stop(struct http_server *s);

#endif
