/* SPDX-License-Identifier: Apache-2.0 */
/* A recorded binary log through the decoder: what comes out as text, and its inserted
 * rows by table. */
#ifndef TESTS_LIB_RECORDED_H
#define TESTS_LIB_RECORDED_H

#include "source/mysql/decoder.h"

struct recorded_table {
	struct mysql_table *table;
	struct columns inserted;
};

struct recorded {
	struct sink sink; /* first */
	struct charset_list *charsets;
	struct decoder *decoder;
	struct buffer out;      /* a line a change, a line a row */
	struct buffer
		types; /* "table\tcolumn\tCOLUMN_TYPE\n": what the log does not tell */
	struct recorded_table tables[128];
	uint32_t table_count;
	bool prints;
};

/* `folder` has collations.tsv (id, set) and charsets.tsv (set, answers in hex). */
void recorded_init(struct recorded *r, const char *folder, bool is_mariadb,
		   bool wants_before);
void recorded_release(struct recorded *r);
/* A whole file; false when there is none. */
bool recorded_file(struct buffer *out, const char *folder, const char *name,
		   const char *suffix);
/* Events of a log file's bytes, its magic first. Stops at an error, which goes into `out`
 * as a line. */
void recorded_run(struct recorded *r, struct bytes log);
/* The table of "database.table" of which rows were seen, or NULL. */
struct recorded_table *recorded_find(struct recorded *r, const char *database,
				     const char *table);

#endif
