/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to merge: the index's numbers for data files, kept in a text file beside it. A number is never
 * given twice in one generation.
 *
 * First line "tailrace-files GENERATION\n"; then, appended, "NUMBER SIZE PATH\n" with SIZE bytes of
 * path; SIZE 0 says that the number is dropped. A torn last line is cut off at the next load; a file of
 * mostly dropped numbers is rewritten.
 */
#ifndef MERGE_KEY_FILES_H
#define MERGE_KEY_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct key_file {
	uint32_t number;
	char *path; /* owned */
};

struct key_files {
	int fd;                /* opened for appending */
	char *name;            /* owned */
	struct key_file *live; /* by number */
	uint32_t live_count, live_capacity;
	uint32_t *slots;       /* path's hash → number; 0 free */
	uint32_t slot_count;   /* a power of two, at most half used */
	uint32_t last;         /* the highest number ever given */
	uint64_t generation;
	uint64_t line_count;   /* in the file, dropped ones too */
};

/* Opens or makes the file; what is in it waits for key_files_load or key_files_clear. */
int key_files_open(struct key_files *f, const char *name, struct err *e);
/* false unless the file is of this generation and knows all numbers up to `last`. */
bool key_files_load(struct key_files *f, uint64_t generation, uint32_t last);
/* No files, from here on of this generation. A refused write shows at the next load. */
void key_files_clear(struct key_files *f, uint64_t generation);
void key_files_close(struct key_files *f);
bool key_files_sync(struct key_files *f);

uint32_t key_files_number(const struct key_files *f, const char *path); /* 0 unknown */
const char *key_files_path(const struct key_files *f, uint32_t number); /* NULL unknown */
/* The line is in the file before this returns. */
int key_files_add(struct key_files *f, const char *path, uint32_t *out, struct err *e);
void key_files_drop(struct key_files *f, uint32_t number);

#endif
