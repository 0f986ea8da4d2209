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

#include "base/bytes.h"
#include "base/err.h"

enum option_type {
	OPTION_TEXT,
	OPTION_INT,      /* int64_t with range */
	OPTION_BYTES,    /* int64_t; "64MiB", "1GB", plain number */
	OPTION_DURATION, /* int64_t milliseconds; "200ms", "10s", "5m" */
	OPTION_FLAG,     /* bool */
	OPTION_CHOICE,   /* text, one of `choices` ("null|halt") */
	OPTION_PROPERTIES, /* text: lines of NAME=VALUE; may be given for each NAME */
	OPTION_TYPES,
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

/* Appends "--batch-rows-max", "TAILRACE_BATCH_ROWS_MAX". */
void option_flag(struct buffer *out, const struct option *o);
void option_environment(struct buffer *out, const struct option *o);
/* "N", "BYTES", "TIME", "null|halt", "NAME=VALUE"; "" for a flag: what stands for the value in help texts. */
const char *option_placeholder(const struct option *o);

/* Every row's default into `values`, the zeroed struct that the table belongs to. Asserts that it is valid. */
void option_defaults(const struct option *table, void *values);
/*
 * Parses `text` and stores it; a text is copied, the one before is freed (properties are added to those before). ERR_CONFIG says what `shown` (the
 * setting as the user wrote it) takes instead; then nothing is stored.
 */
int option_store(const struct option *o, void *values, const char *text, const char *shown,
		 struct err *e);
void option_release(const struct option *table, void *values); /* frees the texts */

/* Edits (insert, delete, replace one character) that make one text the other; long texts are far apart. */
uint32_t option_distance(const char *a, const char *b);
/* Whether a name is close enough to a wrong one to be suggested in its place. */
bool option_is_near(const char *wrong, const char *name);

#endif
