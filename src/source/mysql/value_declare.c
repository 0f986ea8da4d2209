/* SPDX-License-Identifier: Apache-2.0 */
/* COLUMN_TYPE, the catalog's words for a type, and back from a logged type to such words.
 */
#include "source/mysql/value.h"

#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/text.h"

enum type_shape {
	SHAPE_PLAIN,    /* nothing in brackets matters */
	SHAPE_FRACTION, /* (digits of the second's fraction) */
	SHAPE_DECIMAL,  /* (precision, scale) */
	SHAPE_LENGTH,   /* (length in characters) */
	SHAPE_BITS,
	SHAPE_LABELS,
};

struct type_word {
	const char *word;
	uint8_t type;
	enum type_shape shape;
	enum mysql_extension extension;
	uint8_t length; /* fixed */
};

static const struct type_word type_words[] = {
	{ "tinyint", MYSQL_TINY, SHAPE_PLAIN, MYSQL_PLAIN, 0 },
	{ "smallint", MYSQL_SHORT, SHAPE_PLAIN, MYSQL_PLAIN, 0 },
	{ "mediumint", MYSQL_INT24, SHAPE_PLAIN, MYSQL_PLAIN, 0 },
	{ "int", MYSQL_LONG, SHAPE_PLAIN, MYSQL_PLAIN, 0 },
	{ "bigint", MYSQL_LONGLONG, SHAPE_PLAIN, MYSQL_PLAIN, 0 },
	{ "float", MYSQL_FLOAT, SHAPE_PLAIN, MYSQL_PLAIN, 0 },
	{ "double", MYSQL_DOUBLE, SHAPE_PLAIN, MYSQL_PLAIN, 0 },
	{ "decimal", MYSQL_NEWDECIMAL, SHAPE_DECIMAL, MYSQL_PLAIN, 0 },
	{ "bit", MYSQL_BIT, SHAPE_BITS, MYSQL_PLAIN, 0 },
	{ "year", MYSQL_YEAR, SHAPE_PLAIN, MYSQL_PLAIN, 0 },
	{ "date", MYSQL_DATE, SHAPE_PLAIN, MYSQL_PLAIN, 0 },
	{ "time", MYSQL_TIME2, SHAPE_FRACTION, MYSQL_PLAIN, 0 },
	{ "datetime", MYSQL_DATETIME2, SHAPE_FRACTION, MYSQL_PLAIN, 0 },
	{ "timestamp", MYSQL_TIMESTAMP2, SHAPE_FRACTION, MYSQL_PLAIN, 0 },
	{ "char", MYSQL_STRING, SHAPE_LENGTH, MYSQL_PLAIN, 0 },
	{ "binary", MYSQL_STRING, SHAPE_LENGTH, MYSQL_PLAIN, 0 },
	{ "varchar", MYSQL_VARCHAR, SHAPE_LENGTH, MYSQL_PLAIN, 0 },
	{ "varbinary", MYSQL_VARCHAR, SHAPE_LENGTH, MYSQL_PLAIN, 0 },
	{ "tinytext", MYSQL_BLOB, SHAPE_PLAIN, MYSQL_PLAIN, 0 },
	{ "text", MYSQL_BLOB, SHAPE_PLAIN, MYSQL_PLAIN, 0 },
	{ "mediumtext", MYSQL_BLOB, SHAPE_PLAIN, MYSQL_PLAIN, 0 },
	{ "longtext", MYSQL_BLOB, SHAPE_PLAIN, MYSQL_PLAIN, 0 },
	{ "tinyblob", MYSQL_BLOB, SHAPE_PLAIN, MYSQL_PLAIN, 0 },
	{ "blob", MYSQL_BLOB, SHAPE_PLAIN, MYSQL_PLAIN, 0 },
	{ "mediumblob", MYSQL_BLOB, SHAPE_PLAIN, MYSQL_PLAIN, 0 },
	{ "longblob", MYSQL_BLOB, SHAPE_PLAIN, MYSQL_PLAIN, 0 },
	{ "enum", MYSQL_ENUM, SHAPE_LABELS, MYSQL_PLAIN, 0 },
	{ "set", MYSQL_SET, SHAPE_LABELS, MYSQL_PLAIN, 0 },
	{ "json", MYSQL_JSON, SHAPE_PLAIN, MYSQL_PLAIN, 0 },
	{ "geometry", MYSQL_GEOMETRY, SHAPE_PLAIN, MYSQL_PLAIN, 0 },
	{ "point", MYSQL_GEOMETRY, SHAPE_PLAIN, MYSQL_PLAIN, 0 },
	{ "linestring", MYSQL_GEOMETRY, SHAPE_PLAIN, MYSQL_PLAIN, 0 },
	{ "polygon", MYSQL_GEOMETRY, SHAPE_PLAIN, MYSQL_PLAIN, 0 },
	{ "multipoint", MYSQL_GEOMETRY, SHAPE_PLAIN, MYSQL_PLAIN, 0 },
	{ "multilinestring", MYSQL_GEOMETRY, SHAPE_PLAIN, MYSQL_PLAIN, 0 },
	{ "multipolygon", MYSQL_GEOMETRY, SHAPE_PLAIN, MYSQL_PLAIN, 0 },
	{ "geometrycollection", MYSQL_GEOMETRY, SHAPE_PLAIN, MYSQL_PLAIN, 0 },
	{ "geomcollection", MYSQL_GEOMETRY, SHAPE_PLAIN, MYSQL_PLAIN, 0 },
	{ "vector", MYSQL_VECTOR, SHAPE_PLAIN, MYSQL_PLAIN, 0 },
	{ "uuid", MYSQL_STRING, SHAPE_PLAIN, MARIADB_UUID, 16 },
	{ "inet4", MYSQL_STRING, SHAPE_PLAIN, MARIADB_INET4, 4 },
	{ "inet6", MYSQL_STRING, SHAPE_PLAIN, MARIADB_INET6, 16 },
};

static const struct type_word *find_word(const char *text, size_t size)
{
	for (size_t i = 0; i < sizeof(type_words) / sizeof(type_words[0]); i++) {
		if (strlen(type_words[i].word) == size &&
		    strncasecmp(type_words[i].word, text, size) == 0)
			return &type_words[i];
	}
	return NULL;
}

static const char *read_number(const char *at, uint32_t *out)
{
	for (*out = 0; *at >= '0' && *at <= '9'; at++)
		*out = *out * 10 + (uint32_t)(*at - '0');
	return at;
}

/* 'a','it''s' : from behind the bracket; quotes are doubled, nothing else is escaped. */
static const char *read_labels(struct mysql_column *c, const char *at)
{
	struct buffer label = { 0 };

	while (*at == '\'') {
		buffer_clear(&label);
		for (at++; *at != 0 && !(at[0] == '\'' && at[1] != '\''); at++) {
			at += at[0] == '\'';
			buffer_char(&label, *at);
		}
		at += *at != 0;
		c->labels = memory_grow(c->labels, char *, c->label_count + 1);
		c->labels[c->label_count++] = memory_copy(label.data, label.size);
		at += *at == ',';
	}
	buffer_release(&label);
	return at;
}

static void read_brackets(struct mysql_column *c, const struct type_word *w,
			  const char *at, uint32_t bytes_per_character)
{
	uint32_t first = 0, second = 0;

	if (*at == '(' && w->shape == SHAPE_LABELS) {
		read_labels(c, at + 1);
		return;
	}
	if (*at == '(') {
		at = read_number(at + 1, &first);
		if (*at == ',')
			read_number(at + 1, &second);
	}
	if (w->shape == SHAPE_DECIMAL) {
		c->precision = (uint8_t)first;
		c->scale = (uint8_t)second;
	} else if (w->shape == SHAPE_FRACTION) {
		c->fraction_digits = (uint8_t)first;
	} else if (w->shape == SHAPE_BITS) {
		c->length = first;
	} else if (w->shape == SHAPE_LENGTH && w->type == MYSQL_STRING) {
		c->length = first * bytes_per_character;
	}
}

int mysql_column_declare(struct mysql_column *c, const char *column_type, bool is_mariadb,
			 uint32_t bytes_per_character, struct err *e)
{
	size_t size = strspn(column_type, "abcdefghijklmnopqrstuvwxyz0123456789");
	const struct type_word *w = find_word(column_type, size);

	if (w == NULL)
		return err_set(
			e, ERR_DATA,
			"column \"%s\" has type \"%.100s\", which is not supported",
			c->name != NULL ? c->name : "?", column_type);
	c->type = (enum mysql_type)w->type;
	c->extension = w->extension;
	c->length = w->length;
	if (w->type == MYSQL_VECTOR && is_mariadb) {
		c->type = MYSQL_VARCHAR;
		c->extension = MARIADB_VECTOR;
	}
	read_brackets(c, w, column_type + size, bytes_per_character);
	c->is_unsigned =
		strstr(column_type, " unsigned") != NULL && w->shape != SHAPE_LABELS;
	if (is_mariadb && strstr(column_type, " COMPRESSED") != NULL &&
	    w->shape != SHAPE_LABELS)
		c->extension = MARIADB_COMPRESSED;
	return 0;
}

static const char *word_of(const struct mysql_column *c)
{
	bool is_text = c->charset != NULL;

	switch (mysql_class_of(c->type)) {
	case CLASS_CHAR:
		return is_text ? "char" : "binary";
	case CLASS_VARCHAR:
		return is_text ? "varchar" : "varbinary";
	case CLASS_BLOB:
		return is_text ? "text" : "blob";
	case CLASS_TIMESTAMP:
		return "timestamp";
	case CLASS_DATETIME:
		return "datetime";
	case CLASS_TIME:
		return "time";
	default:
		break;
	}
	for (size_t i = 0; i < sizeof(type_words) / sizeof(type_words[0]); i++) {
		if (type_words[i].type == c->type)
			return type_words[i].word;
	}
	return "unrecognized";
}

void mysql_column_describe(const struct mysql_column *c, struct buffer *out)
{
	if (c->declared != NULL) {
		buffer_text(out, c->declared);
		return;
	}
	buffer_text(out, word_of(c));
	if (c->type == MYSQL_NEWDECIMAL)
		buffer_format(out, "(%u,%u)", c->precision, c->scale);
	else if (c->fraction_digits > 0)
		buffer_format(out, "(%u)", c->fraction_digits);
	else if (c->length > 0)
		buffer_format(out, "(%u)", c->length);
	if (c->is_unsigned)
		buffer_text(out, " unsigned");
}
