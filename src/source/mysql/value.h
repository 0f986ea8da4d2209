/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MySQL's and MariaDB's column types: what a column is, which lake type it becomes, and
 * its value from the log's bytes (row image), from the copy's binary rows or from a query's
 * text. All ways give the same cell.
 */
#ifndef SOURCE_MYSQL_VALUE_H
#define SOURCE_MYSQL_VALUE_H

#include "base/err.h"
#include "change/columns.h"
#include "change/schema.h"
#include "source/mysql/charset.h"
#include "source/mysql/reply.h"

/* enum_field_types, as they stand in TABLE_MAP events. */
enum mysql_type {
	MYSQL_DECIMAL = 0,
	MYSQL_TINY = 1,
	MYSQL_SHORT = 2,
	MYSQL_LONG = 3,
	MYSQL_FLOAT = 4,
	MYSQL_DOUBLE = 5,
	MYSQL_NULL = 6,
	MYSQL_TIMESTAMP = 7,
	MYSQL_LONGLONG = 8,
	MYSQL_INT24 = 9,
	MYSQL_DATE = 10,
	MYSQL_TIME = 11,
	MYSQL_DATETIME = 12,
	MYSQL_YEAR = 13,
	MYSQL_NEWDATE = 14,
	MYSQL_VARCHAR = 15,
	MYSQL_BIT = 16,
	MYSQL_TIMESTAMP2 = 17,
	MYSQL_DATETIME2 = 18,
	MYSQL_TIME2 = 19,
	MYSQL_TYPED_ARRAY = 20,
	MYSQL_MARIADB_BLOB_COMPRESSED = 140,
	MYSQL_MARIADB_VARCHAR_COMPRESSED = 141,
	MYSQL_VECTOR = 242,
	MYSQL_JSON = 245,
	MYSQL_NEWDECIMAL = 246,
	MYSQL_ENUM = 247,
	MYSQL_SET = 248,
	MYSQL_TINY_BLOB = 249,
	MYSQL_MEDIUM_BLOB = 250,
	MYSQL_LONG_BLOB = 251,
	MYSQL_BLOB = 252,
	MYSQL_VAR_STRING = 253,
	MYSQL_STRING = 254,
	MYSQL_GEOMETRY = 255,
};

/* What a type holds, whatever its size and the way it is stored; bits, so that a mask names several. */
enum mysql_class {
	CLASS_UNKNOWN = 0,
	CLASS_INTEGER = 1 << 0,
	CLASS_YEAR = 1 << 1,
	CLASS_DECIMAL = 1 << 2,
	CLASS_REAL = 1 << 3,
	CLASS_BIT = 1 << 4,
	CLASS_DATE = 1 << 5,
	CLASS_DATETIME = 1 << 6,
	CLASS_TIMESTAMP = 1 << 7,
	CLASS_TIME = 1 << 8,
	CLASS_ENUM = 1 << 9,
	CLASS_SET = 1 << 10,
	CLASS_CHAR = 1 << 11, /* of fixed length, BINARY too */
	CLASS_VARCHAR = 1 << 12,
	CLASS_BLOB = 1 << 13, /* TEXT too */
	CLASS_JSON = 1 << 14,
	CLASS_VECTOR = 1 << 15,
	CLASS_GEOMETRY = 1 << 16,
	CLASS_NULL = 1 << 17, /* in a log, of no column */

	CLASS_SIGNED = CLASS_INTEGER | CLASS_DECIMAL | CLASS_REAL, /* may be declared UNSIGNED */
	CLASS_CALENDAR = CLASS_DATE | CLASS_DATETIME | CLASS_TIMESTAMP,
	CLASS_TEMPORAL = CLASS_CALENDAR | CLASS_TIME,
	CLASS_LABELS = CLASS_ENUM | CLASS_SET,
	CLASS_STRING = CLASS_CHAR | CLASS_VARCHAR | CLASS_BLOB, /* text by their character set, or bytes */
};

enum mysql_class mysql_class_of(unsigned type);
/* Bytes of its metadata in a TABLE_MAP, or -1 for a type that we do not know. */
int mysql_meta_size(unsigned type);

/* A type that MariaDB logs as another one; only the catalog tells. */
enum mysql_extension {
	MYSQL_PLAIN,
	MARIADB_UUID,  /* BINARY(16) in the log */
	MARIADB_INET4, /* BINARY(4) */
	MARIADB_INET6, /* BINARY(16) */
	MARIADB_VECTOR, /* VARBINARY of little-endian floats */
	MARIADB_COMPRESSED, /* VARCHAR/BLOB … COMPRESSED: types 140 and 141 in the log */
};

struct mysql_column {
	char *name;            /* UTF-8 */
	char *declared;        /* COLUMN_TYPE: "decimal(10,2) unsigned" */
	enum mysql_type type;  /* as in the log (STRING already resolved to ENUM/SET) */
	enum mysql_extension extension;
	uint16_t meta;         /* TABLE_MAP's metadata, low byte first as logged */
	bool is_unsigned, is_nullable, is_invisible, is_generated;
	bool is_unlogged;      /* partial images leave it out though it changes (MariaDB, VIRTUAL) */
	uint16_t collation;    /* id of a character type's collation; 63 binary */
	const struct charset *charset; /* NULL: bytes, not text */
	char **labels;         /* ENUM, SET: UTF-8 */
	uint32_t label_count;
	uint32_t length;       /* BINARY(n), CHAR(n): bytes; BIT: bits; else 0 */
	uint8_t precision, scale; /* DECIMAL */
	uint8_t fraction_digits;  /* TIME, DATETIME, TIMESTAMP */
	/* filled by mysql_table_new: */
	bool is_key;            /* an invalid value here always halts */
	uint64_t invalid_count; /* values that became NULL (--invalid-values null) */
};

/* A table as the source knows it. The schema is what goes downstream: same fields, same
 * order. */
struct mysql_table {
	struct schema *schema;
	struct mysql_column *columns;
	uint32_t column_count;
	uint64_t id;              /* TABLE_MAP's table id of the newest map, 0 none */
	bool is_announced; /* a CHANGE_SCHEMA of `schema` went downstream already */
	bool is_nontransactional; /* MyISAM and the like: a ROLLBACK in the log does not
				     undo its rows */
	void *owner;              /* free for the stream's own use (its table record) */
};

/*
 * Takes over `columns` (memory_array, texts memory_copy'd). `key` are column indexes in
 * key order, or none. ERR_DATA names a column whose type we do not know.
 */
int mysql_table_new(struct mysql_table **out, const char *database, const char *name,
		    struct mysql_column *columns, uint32_t column_count,
		    const uint32_t *key, uint32_t key_count, struct err *e);
void mysql_table_free(struct mysql_table *t);

/* What to do with a value that the lake's type cannot hold. */
struct value_policy {
	bool halts;        /* --invalid-values halt */
	/* Called for each value that became NULL, so that it is counted with its first
	 * position. */
	void (*invalid)(void *context, const struct mysql_table *, uint32_t column,
			const char *text);
	void *context;
};
/* What stands behind "is not valid" in a sentence about a value of the column. */
const char *value_advice(const struct mysql_column *c);

/*
 * Row images (log). A plan says how the cells of one column lie in the images that a
 * TABLE_MAP describes; it borrows the table. A cell is a run of bytes: of fixed size, or
 * behind a little-endian length.
 */
enum value_result {
	VALUE_OK,      /* one cell was appended */
	VALUE_INVALID, /* the lake's type cannot hold it: NULL was appended */
	VALUE_BAD,     /* impossible bytes: nothing was appended */
};

struct value_plan {
	enum value_result (*decode)(const struct value_plan *p, struct bytes cell,
				    struct column *c);
	const struct mysql_column *column;
	uint32_t fixed_size; /* bytes of a cell; 0: it has a length of length_size bytes
				in front */
	uint8_t length_size;
	uint8_t type;        /* as logged, STRING resolved */
	uint16_t meta;
	uint8_t precision, scale, fraction_digits;
};

/*
 * `type` and `meta` as the TABLE_MAP has them. ERR_CONFIG when they are not what the
 * table's column says: the definition that we have is not the one that the log was
 * written with.
 */
int value_plan_make(struct value_plan *out, const struct mysql_table *t, uint32_t column,
		    uint8_t type, uint16_t meta, struct err *e);

/* The bytes of the next cell; a short image makes `r` short and yields an empty cell. */
static inline struct bytes value_take(const struct value_plan *p, struct reader *r)
{
	size_t size = p->fixed_size, left = (size_t)(r->end - r->at);
	const uint8_t *at = r->at;

	if (size == 0) {
		size_t length = p->length_size;
		uint32_t value = 0;

		if (left < length)
			goto short_read;
		memcpy(&value, at, length);
		at += length;
		left -= length;
		size = value;
	}
	if (left < size)
		goto short_read;
	r->at = at + size;
	return (struct bytes){ at, size };
short_read:
	r->short_read = true;
	r->at = r->end;
	return (struct bytes){ at, 0 };
}

/* A logged cell as readable text for messages, cut to a few dozen bytes. */
void value_describe(const struct value_plan *p, struct bytes cell, char *out,
		    size_t size);

/* TABLE_MAP's STRING also stands for ENUM and SET and hides a long length: the real type,
 * and its length. */
enum mysql_type mysql_real_type(uint8_t type, uint16_t meta);
uint32_t mysql_string_length(uint16_t meta);

/*
 * Fills type, meta, length, precision, scale, fraction digits, sign and labels from
 * COLUMN_TYPE as information_schema has it ("decimal(10,2) unsigned", "enum('a','b')",
 * UTF-8). `bytes_per_character` is the column's character set's MAXLEN (1 for bytes).
 * ERR_DATA: a type that we do not know.
 */
int mysql_column_declare(struct mysql_column *c, const char *column_type, bool is_mariadb,
			 uint32_t bytes_per_character, struct err *e);
void mysql_column_release(struct mysql_column *c);
/* Sets the lake's type, precision and scale; false: a type that we do not know. */
bool mysql_column_type(struct field *out, const struct mysql_column *c);
/* What the catalog would say ("int unsigned"), for a column known from a TABLE_MAP only.
 */
void mysql_column_describe(const struct mysql_column *c, struct buffer *out);

/*
 * The expression to SELECT for this column (quoted name inside), such that the result,
 * with character_set_results = NULL and time_zone = '+00:00', is what value_from_reply (the
 * copy) and value_from_text read.
 */
void value_select(const struct mysql_table *t, uint32_t column, struct buffer *out);
/* The same of an expression of the column's type in the column's place. */
void value_select_of(const struct mysql_table *t, uint32_t column, const char *operand,
		     struct buffer *out);
/* `text` is not NULL (a NULL is column_set_null). */
int value_from_text(const struct mysql_table *t, uint32_t column, struct bytes text,
		    struct column *c, const struct value_policy *policy, struct err *e);
/* The same of a cell of a binary row, as reply_row takes it apart. */
int value_from_reply(const struct mysql_table *t, uint32_t column, const struct reply_column *r,
		     struct bytes cell, struct column *c, const struct value_policy *policy,
		     struct err *e);
/* Appends the text that a query would have given for such a cell (fractions: six digits or none). */
void value_reply_text(const struct reply_column *r, struct bytes cell, struct buffer *out);

/*
 * A cell as an SQL literal that the server compares as the column's own value: for chunk
 * limits
 * ("`a` > <literal>"). Text as _charset X'…', with the column's collation.
 */
void value_literal(const struct mysql_table *t, uint32_t column, struct bytes text,
		   struct buffer *out);

/* `name` quoted for the server. The only way a name gets into SQL. */
void mysql_quote_name(struct buffer *out, const char *name);
/* 'text' quoted as a string literal that is safe in every sql_mode (X'…' of its UTF-8
 * bytes). */
void mysql_quote_text(struct buffer *out, const char *text);

#endif
