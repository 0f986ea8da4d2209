/* SPDX-License-Identifier: Apache-2.0 */
/* scheme://user@host:port/path?name=value&…, taken apart: how a catalog is named. */
#ifndef TABLE_ICEBERG_CATALOG_URL_H
#define TABLE_ICEBERG_CATALOG_URL_H

#include <stdint.h>

#include "base/err.h"

struct catalog_url_parameter {
	char *name, *value; /* decoded; of a secret the secret itself */
};

/* All texts are decoded and owned; "" where the URL has nothing. */
struct catalog_url {
	char *scheme; /* in lower case */
	char *plain; /* the URL as it was written, up to the '?' */
	/* The host without the brackets of an IPv6 address, the path with its slash. */
	char *user, *host, *port, *path;
	struct catalog_url_parameter *parameters;
	uint32_t parameter_count;
};

/*
 * password, token and credential are read from "file:PATH" or "env:NAME" here.
 * ERR_CONFIG: no URL; a password in it or a secret written out, of which the message
 * shows nothing; a secret that is not there; a parameter twice.
 */
int catalog_url_parse(struct catalog_url *out, const char *url, struct err *e);
void catalog_url_release(struct catalog_url *u); /* overwrites the secrets */
/* NULL: it was not given. */
const char *catalog_url_get(const struct catalog_url *u, const char *name);
/*
 * ERR_CONFIG when there is a parameter that is none of these (the list ends with NULL).
 */
int catalog_url_expect(const struct catalog_url *u, const char *const *names,
		       struct err *e);
/* Overwrites a text and frees it; NULL is fine. */
void catalog_secret_free(char *secret);

#endif
