/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to a REST catalog (rest-catalog-open-api.yaml), logged in and with patience:
 * what was surely not done is sent again, and what an answer's status means is told.
 */
#ifndef TABLE_ICEBERG_REST_CLIENT_H
#define TABLE_ICEBERG_REST_CLIENT_H

#include "base/json.h"
#include "table/iceberg/http.h"
#include "table/iceberg/rest_login.h"

struct rest_client {
	struct http *http;
	struct rest_login login;
	char *base;      /* URL without "/v1" and without a slash at its end */
	char *prefix;    /* "" or "<prefix>/" */
	char *separator; /* of the levels of a namespace, encoded */
	char *warehouse; /* NULL: not given */
	bool is_configured;
};

enum rest_result {
	REST_DONE,
	REST_MISSING,  /* 404 with a catalog's words: no such table, no such namespace */
	REST_CONFLICT, /* 409 */
	REST_UNKNOWN,  /* done or not, *e says why: no whole answer came, or a 5xx */
};

int rest_client_init(struct rest_client *c, const struct catalog_url *url, struct err *e);
void rest_client_release(struct rest_client *c);
/*
 * Sends it to base/v1/[prefix/]path; `body` NULL: a GET, else a POST with this JSON and
 * an Idempotency-Key of its own. Asks for the configuration before the first. The
 * answer's body (appended) is not looked into when it is done. ERR_RETRY: not done, may
 * work later; ERR_CONFIG: the catalog refuses us, or is none; ERR_DATA: it refuses the
 * request.
 */
int rest_client_send(struct rest_client *c, const char *path, const struct buffer *body,
		     struct buffer *answer, enum rest_result *result, struct err *e);

#endif
