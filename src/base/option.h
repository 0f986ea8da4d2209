/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings declared once, beside the code that uses them. Command line (--batch-rows-max 5), YAML file
 * (batch.rows_max: 5) and environment (TAILRACE_BATCH_ROWS_MAX=5) all come from one row of a table, and so do
 * --help, the man page and docs/settings.md.
 */
#ifndef BASE_OPTION_H
#define BASE_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum option_type {
	OPTION_TEXT,
	OPTION_INT,      /* int64_t with range */
	OPTION_BYTES,    /* int64_t; "64MiB", "1GB", plain number */
	OPTION_DURATION, /* int64_t milliseconds; "200ms", "10s", "5m" */
	OPTION_FLAG,     /* bool */
	OPTION_CHOICE,   /* text, one of `choices` ("null|halt") */
};

struct option {
	const char *name;     /* "batch.rows_max"; the flag is --batch-rows-max */
	enum option_type type;
	size_t offset;        /* into the struct that the table belongs to */
	const char *fallback; /* default, as a user would write it; NULL none */
	int64_t least, most;  /* OPTION_INT, BYTES, DURATION */
	const char *choices;
	const char *help;     /* one sentence, no period at the end */
};

#endif
