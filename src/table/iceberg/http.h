/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP requests, one after the other, on a connection that is kept; libcurl's only user.
 */
#ifndef TABLE_ICEBERG_HTTP_H
#define TABLE_ICEBERG_HTTP_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/err.h"

#define HTTP_BODY_BYTES_MAX ((size_t)64 << 20) /* of an answer, not compressed */
#define HTTP_HEADERS_MAX    8
#define HTTP_CONNECT_MS_MAX 10000
#define HTTP_REQUEST_MS_MAX 60000

struct http;

struct http_request {
	const char *method; /* "GET" or "POST" */
	const char *url;
	const char *content_type; /* of the body; NULL: there is none */
	struct bytes body;
	const char *headers[HTTP_HEADERS_MAX]; /* "Name: value", then NULLs */
};

struct http_answer {
	int status;	       /* 200, ... */
	struct buffer body;    /* released by the caller, also after a failure */
	int64_t retry_after_s; /* 0: the answer does not say */
};

/*
 * ca_file: a bundle in place of the system's; NULL. It is not read before the first
 * request.
 */
struct http *http_open(const char *ca_file);
/*
 * 0 with an answer, whatever its status; redirections are answers. -1: none, or none that
 * is whole; *may_be_done tells whether the server may have seen the request. ERR_RETRY;
 * ERR_CONFIG: no URL, or a certificate that is not to be trusted; ERR_DATA: the answer is
 * too large.
 */
int http_send(struct http *h, const struct http_request *r, struct http_answer *out,
	      bool *may_be_done, struct err *e);
void http_close(struct http *h); /* NULL is fine */
/* Appends the text with all but letters, digits and "-._~" as %XX. */
void http_encode(struct buffer *out, const char *text);

#endif
