/* SPDX-License-Identifier: Apache-2.0 */
/* What a kind of catalog implements, see catalog.h. */
#ifndef TABLE_ICEBERG_CATALOG_OPS_H
#define TABLE_ICEBERG_CATALOG_OPS_H

#include "table/iceberg/catalog.h"
#include "table/iceberg/catalog_url.h"

enum attempt {
	ATTEMPT_DONE,
	ATTEMPT_LOST, /* what the set requires does not hold, nothing was changed */
	ATTEMPT_UNKNOWN, /* *e says why; catalog_commit finds out */
};

struct catalog {
	const struct catalog_ops *ops;
	char *namespace, *name; /* of the table */
	char *shown; /* a URI, "sqlite:///path", "https://host/path": for messages, without parameters */
	char *uuid; /* of the table, once it was seen; NULL */
	char *location; /* the same */
	int64_t pause_us; /* before the outcome of a commit is looked for again */
};

struct catalog_ops {
	/* As catalog_load, but knows nothing of the past. */
	int (*load)(struct catalog *, struct catalog_version *out, struct err *);
	/*
	 * Tries once; `out` is filled when it is done. The text of the error is about
	 * what failed, not about whose table.
	 */
	int (*attempt)(struct catalog *, const struct catalog_version *base,
		       const struct iceberg_change_set *, struct catalog_version *out,
		       enum attempt *result, struct err *);
	void (*close)(struct catalog *); /* and frees */
	bool dates_metadata; /* see catalog.h */
};

int catalog_open_directory(struct catalog **out, const struct catalog_settings *s,
			   struct err *e);
int catalog_open_sql(struct catalog **out, const struct catalog_settings *s,
		     const struct catalog_url *url, struct err *e);
int catalog_open_rest(struct catalog **out, const struct catalog_settings *s,
		      const struct catalog_url *url, struct err *e);

#endif
