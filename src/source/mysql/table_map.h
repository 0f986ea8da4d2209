/* SPDX-License-Identifier: Apache-2.0 */
/* TABLE_MAP events: which table the row events behind them mean, and how its rows lie. */
#ifndef SOURCE_MYSQL_TABLE_MAP_H
#define SOURCE_MYSQL_TABLE_MAP_H

#include "base/memory.h"
#include "source/mysql/value.h"

/* Columns of one table; both servers stop at 4096. */
#define TABLE_COLUMNS_MAX 4096

/* A TABLE_MAP event, parsed. Everything lives in the arena of the parse. */
struct table_map {
	uint64_t id;
	const char *database,
		*table; /* UTF-8, NUL-terminated; names with a NUL inside are ERR_DATA */
	uint32_t column_count;
	const uint8_t *types;         /* mysql_type as logged */
	const uint16_t *meta;
	const uint8_t *nullable;      /* bitmap */
	/* optional metadata (binlog_row_metadata); has_names tells FULL */
	bool has_names, has_signedness, has_charsets, has_key;
	/*
	 * Filled as far as the metadata goes: name NULL without FULL, charset NULL for
	 * bytes, `extension` never (the log does not tell UUID from BINARY). Texts are
	 * the arena's: mysql_columns_copy gives columns that can be handed to
	 * mysql_table_new.
	 */
	const struct mysql_column *columns;
	const uint32_t *key;
	uint32_t key_count;
};

/*
 * `body` is the event behind its header, without checksum; `id_size` 6, or 4 in very old
 * logs. A character column whose set is not loaded keeps its collation id, with charset
 * NULL: whoever needs the table loads it and parses again.
 */
int table_map_parse(struct table_map *out, struct bytes body, size_t id_size,
		    bool year_has_sign, const struct charset_list *charsets,
		    struct arena *arena, struct err *e);
/*
 * Whether a server of this version (of its FORMAT_DESCRIPTION) counts YEAR among the columns that have a sign: all
 * but the first ones of MySQL 8.0.
 */
bool table_map_year_has_sign(const char *server_version);
/* The id alone; the rest of the body is what makes two maps of one id the same. */
uint64_t table_map_id(struct reader *body, size_t id_size);

/* A deep copy of the map's columns (memory_array), for mysql_table_new. Needs has_names.
 */
struct mysql_column *mysql_columns_copy(const struct table_map *map);

/* Takes a logged column's type and metadata over: type, length, precision, scale,
 * fraction digits. */
void mysql_column_from_log(struct mysql_column *c, uint8_t type, uint16_t meta);

#endif
