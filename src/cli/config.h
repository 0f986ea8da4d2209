/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration file: YAML of names and scalars, maps nested or names dotted. */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include <stdint.h>

#include "base/err.h"

struct config_entry {
	char *name;  /* "batch.rows_max" */
	char *value; /* a list's elements joined by commas */
	uint32_t line;
};

struct config {
	struct config_entry *entries; /* in the order of the file */
	uint32_t count;
};

/* ERR_CONFIG with file and line; `out` is to be released in either case. */
int config_read(struct config *out, const char *path, struct err *e);
void config_release(struct config *c);

#endif
