/* SPDX-License-Identifier: Apache-2.0 */
#include "message/mysql_type.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* By the first word; all others are texts. */
static const struct {
	const char *word;
	enum type type, type_unsigned;
} words_known[] = {
	{ "bool", TYPE_INT, TYPE_INT },
	{ "boolean", TYPE_INT, TYPE_INT },
	{ "tinyint", TYPE_INT, TYPE_INT },
	{ "smallint", TYPE_INT, TYPE_INT },
	{ "mediumint", TYPE_INT, TYPE_INT },
	{ "int", TYPE_INT, TYPE_LONG },
	{ "integer", TYPE_INT, TYPE_LONG },
	{ "bigint", TYPE_LONG, TYPE_DECIMAL },
	{ "serial", TYPE_DECIMAL, TYPE_DECIMAL },
	{ "decimal", TYPE_DECIMAL, TYPE_DECIMAL },
	{ "numeric", TYPE_DECIMAL, TYPE_DECIMAL },
	{ "dec", TYPE_DECIMAL, TYPE_DECIMAL },
	{ "fixed", TYPE_DECIMAL, TYPE_DECIMAL },
	{ "float", TYPE_FLOAT, TYPE_FLOAT },
	{ "double", TYPE_DOUBLE, TYPE_DOUBLE },
	{ "real", TYPE_DOUBLE, TYPE_DOUBLE },
	{ "bit", TYPE_LONG, TYPE_LONG },
	{ "year", TYPE_INT, TYPE_INT },
	{ "date", TYPE_DATE, TYPE_DATE },
	{ "datetime", TYPE_TIMESTAMP_NTZ, TYPE_TIMESTAMP_NTZ },
	{ "timestamp", TYPE_TIMESTAMP, TYPE_TIMESTAMP },
	{ "binary", TYPE_BINARY, TYPE_BINARY },
	{ "varbinary", TYPE_BINARY, TYPE_BINARY },
	{ "tinyblob", TYPE_BINARY, TYPE_BINARY },
	{ "blob", TYPE_BINARY, TYPE_BINARY },
	{ "mediumblob", TYPE_BINARY, TYPE_BINARY },
	{ "longblob", TYPE_BINARY, TYPE_BINARY },
	{ "geometry", TYPE_BINARY, TYPE_BINARY },
	{ "point", TYPE_BINARY, TYPE_BINARY },
	{ "linestring", TYPE_BINARY, TYPE_BINARY },
	{ "polygon", TYPE_BINARY, TYPE_BINARY },
	{ "multipoint", TYPE_BINARY, TYPE_BINARY },
	{ "multilinestring", TYPE_BINARY, TYPE_BINARY },
	{ "multipolygon", TYPE_BINARY, TYPE_BINARY },
	{ "geometrycollection", TYPE_BINARY, TYPE_BINARY },
	{ "geomcollection", TYPE_BINARY, TYPE_BINARY },
};

/* The numbers in parentheses, as far as there are any; how many. */
static int numbers_of(const char *words, int numbers[2])
{
	const char *open = strchr(words, '('), *comma = open != NULL ? strchr(open, ',') : NULL;

	if (open == NULL)
		return 0;
	numbers[0] = atoi(open + 1);
	numbers[1] = comma != NULL ? atoi(comma + 1) : 0;
	return comma != NULL ? 2 : 1;
}

static void set_decimal(struct field *f, int precision, int scale)
{
	bool fits = precision >= 1 && precision <= 38 && scale >= 0 && scale <= precision;

	f->type = fits ? TYPE_DECIMAL : TYPE_STRING;
	f->precision = fits ? (uint8_t)precision : 0;
	f->scale = fits ? (uint8_t)scale : 0;
}

void mysql_type_field(struct field *f, const char *words)
{
	size_t size = strcspn(words, "( ");
	int numbers[2] = { 0, 0 }, count = numbers_of(words, numbers);

	f->type = TYPE_STRING;
	f->source_type = (char *)words;
	for (size_t i = 0; i < sizeof(words_known) / sizeof(words_known[0]); i++) {
		if (strlen(words_known[i].word) == size && strncasecmp(words_known[i].word, words, size) == 0)
			f->type = strcasestr(words, "unsigned") != NULL ? words_known[i].type_unsigned :
									   words_known[i].type;
	}
	if (f->type == TYPE_DECIMAL && (strncasecmp(words, "bigint", 6) == 0 || strncasecmp(words, "serial", 6) == 0))
		set_decimal(f, 20, 0);
	else if (f->type == TYPE_DECIMAL)
		set_decimal(f, count > 0 ? numbers[0] : 10, numbers[1]);
	if (size != 3 || strncasecmp(words, "bit", 3) != 0)
		return;
	if (count == 0 || numbers[0] == 1)
		f->type = TYPE_BOOLEAN;
	else if (numbers[0] == 64)
		set_decimal(f, 20, 0);
}
