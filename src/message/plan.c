/* SPDX-License-Identifier: Apache-2.0 */
/* From the source's words for a column's type to the way to write its cells. */
#include "message/plan.h"

#include <stdlib.h>

#include "message/put.h"

#define MODE_CHOICES 5

enum mode {
	MODE_NONE,
	MODE_DECIMAL,
	MODE_UNSIGNED,
	MODE_BINARY,
	MODE_TIME,
	MODES,
};

/* `kinds` in the order of the mode's choices. */
struct type_row {
	const char *word;
	bool is_unsigned;
	enum mode mode;
	uint8_t kinds[MODE_CHOICES];
};

#define TEXT   MODE_NONE, { KIND_STRING }
#define BINARY MODE_BINARY, { KIND_BYTES, KIND_BASE64, KIND_BASE64_URL, KIND_HEX }

static const struct type_row type_rows[] = {
	{ "tinyint", false, MODE_NONE, { KIND_INT16 } },
	{ "smallint", true, MODE_NONE, { KIND_INT32 } },
	{ "smallint", false, MODE_NONE, { KIND_INT16 } },
	{ "mediumint", false, MODE_NONE, { KIND_INT32 } },
	{ "int", true, MODE_NONE, { KIND_INT64 } },
	{ "int", false, MODE_NONE, { KIND_INT32 } },
	{ "bigint", true, MODE_UNSIGNED, { KIND_WRAPPED, KIND_DECIMAL } },
	{ "bigint", false, MODE_NONE, { KIND_INT64 } },
	{ "float", false, MODE_NONE, { KIND_FLOAT } },
	{ "double", false, MODE_NONE, { KIND_DOUBLE } },
	{ "decimal", false, MODE_DECIMAL, { KIND_DECIMAL, KIND_DECIMAL_TEXT, KIND_DECIMAL_DOUBLE } },
	{ "bit", false, MODE_NONE, { KIND_BITS } },
	{ "year", false, MODE_NONE, { KIND_YEAR } },
	{ "date", false, MODE_TIME, { KIND_DATE, KIND_DATE_CONNECT, KIND_DATE_ISO, KIND_DATE, KIND_DATE } },
	{ "time", false, MODE_TIME,
	  { KIND_TIME_MICRO, KIND_TIME_CONNECT, KIND_TIME_ISO, KIND_TIME_MICRO, KIND_TIME_NANO } },
	{ "datetime", false, MODE_TIME,
	  { KIND_TIMESTAMP, KIND_TIMESTAMP_CONNECT, KIND_TIMESTAMP_ISO, KIND_TIMESTAMP_MICRO, KIND_TIMESTAMP_NANO } },
	{ "timestamp", false, MODE_NONE, { KIND_TIMESTAMP_ZONED } },
	{ "char", false, TEXT },
	{ "varchar", false, TEXT },
	{ "tinytext", false, TEXT },
	{ "text", false, TEXT },
	{ "mediumtext", false, TEXT },
	{ "longtext", false, TEXT },
	{ "binary", false, BINARY },
	{ "varbinary", false, BINARY },
	{ "tinyblob", false, BINARY },
	{ "blob", false, BINARY },
	{ "mediumblob", false, BINARY },
	{ "longblob", false, BINARY },
	{ "enum", false, MODE_NONE, { KIND_ENUM } },
	{ "set", false, MODE_NONE, { KIND_SET } },
	{ "json", false, MODE_NONE, { KIND_JSON } },
	{ "uuid", false, MODE_NONE, { KIND_UUID } },
	{ "inet4", false, TEXT },
	{ "inet6", false, TEXT },
	{ "point", false, MODE_NONE, { KIND_POINT } },
	{ "geometry", false, MODE_NONE, { KIND_GEOMETRY } },
	{ "linestring", false, MODE_NONE, { KIND_GEOMETRY } },
	{ "polygon", false, MODE_NONE, { KIND_GEOMETRY } },
	{ "multipoint", false, MODE_NONE, { KIND_GEOMETRY } },
	{ "multilinestring", false, MODE_NONE, { KIND_GEOMETRY } },
	{ "multipolygon", false, MODE_NONE, { KIND_GEOMETRY } },
	{ "geometrycollection", false, MODE_NONE, { KIND_GEOMETRY } },
	{ "geomcollection", false, MODE_NONE, { KIND_GEOMETRY } },
	{ "vector", false, MODE_NONE, { KIND_VECTOR } },
};

static unsigned mode_choice(const struct debezium_options *o, enum mode mode)
{
	static const size_t offsets[MODES] = {
		[MODE_DECIMAL] = offsetof(struct debezium_options, decimal_mode),
		[MODE_UNSIGNED] = offsetof(struct debezium_options, bigint_unsigned_mode),
		[MODE_BINARY] = offsetof(struct debezium_options, binary_mode),
		[MODE_TIME] = offsetof(struct debezium_options, time_precision_mode),
	};

	return mode == MODE_NONE ? 0 : debezium_choice(o, offsets[mode]);
}

static bool is_word(const char *text, size_t size, const char *word)
{
	return strlen(word) == size && strncasecmp(text, word, size) == 0;
}

static const struct type_row *row_of(const char *type)
{
	size_t size = strspn(type, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
	bool is_unsigned = strstr(type, " unsigned") != NULL;

	for (size_t i = 0; i < sizeof(type_rows) / sizeof(type_rows[0]); i++) {
		if ((!type_rows[i].is_unsigned || is_unsigned) && is_word(type, size, type_rows[i].word))
			return &type_rows[i];
	}
	return NULL;
}

/* The number at the text's next digit; 0 when it has none. */
static uint8_t read_number(const char *text)
{
	return text != NULL ? (uint8_t)strtoul(text + 1, NULL, 10) : 0;
}

static void read_brackets(struct plan *p, const char *type)
{
	const char *open = strchr(type, '('), *comma = open != NULL ? strchr(open, ',') : NULL;
	uint8_t first = read_number(open);

	p->precision = p->field->precision;
	p->scale = p->field->scale;
	if (p->field->type == TYPE_STRING) { /* a decimal that only a text holds */
		p->precision = first;
		p->scale = read_number(comma);
	}
	p->fraction_digits = first <= 6 ? first : 6;
	p->bits = first;
}

/* What the words alone do not say. */
static enum kind_index refine(const struct plan *p, enum kind_index kind, const char *type)
{
	if (kind == KIND_TIMESTAMP && p->fraction_digits > 3)
		return KIND_TIMESTAMP_MICRO;
	if (kind == KIND_FLOAT && strchr(type, ',') != NULL)
		return KIND_FLOAT_DOUBLE;
	if (kind == KIND_BITS && p->field->type == TYPE_BOOLEAN)
		return KIND_BOOLEAN;
	if (p->field->type == TYPE_STRING && kind >= KIND_BYTES && kind <= KIND_HEX)
		return KIND_STRING;
	return kind;
}

static void name_lead(struct plan *p, bool is_first)
{
	buffer_char(&p->lead, is_first ? '{' : ',');
	append_string(&p->lead, p->field->name);
	buffer_char(&p->lead, ':');
}

bool plan_has_default(const struct plan *p, const struct schema *s)
{
	return s->defaults != NULL && !column_is_null(&s->defaults->columns[p->column], 0);
}

/* 1970 as a TIMESTAMP(3)'s DEFAULT is written without a fraction: Debezium has it for what is not a literal. */
static bool is_epoch(const struct plan *p, const struct column *c)
{
	return p->kind->invalid != NULL &&
	       (c->storage == STORAGE_INT32 ? column_int32(c, 0) : column_int64(c, 0)) == 0;
}

void plan_default(const struct plan *p, const struct schema *s, struct buffer *out)
{
	const struct column *c = &s->defaults->columns[p->column];

	if (is_epoch(p, c)) {
		buffer_text(out, p->kind->invalid);
		return;
	}
	buffer_reserve(out, plan_size(p, c, 0));
	out->size = (size_t)(p->put(out->data + out->size, p, c, 0) - out->data);
}

static void set_null(struct plan *p, const struct debezium_options *o, const struct schema *s)
{
	if (plan_has_default(p, s) && (p->field->null_is_invalid || o->null_is_default))
		plan_default(p, s, &p->null);
	else
		buffer_text(&p->null,
			    p->field->null_is_invalid && p->kind->invalid != NULL ? p->kind->invalid : "null");
}

int plan_init(struct plan *p, const struct debezium_options *o, const struct schema *s, uint32_t column,
	      bool is_first, struct err *e)
{
	const struct field *f = &s->fields[column];
	const char *type = f->source_type != NULL ? f->source_type : "";
	const struct type_row *row = row_of(type);

	*p = (struct plan){ .field = f, .column = column };
	if (row != NULL) {
		read_brackets(p, type);
		p->kind = &plan_kinds[refine(p, row->kinds[mode_choice(o, row->mode)], type)];
	}
	if (row == NULL || (p->kind->storages >> field_storage(f) & 1) == 0)
		return err_set(
			e, ERR_CONFIG,
			"table %s.%s: column \"%s\" has type \"%.100s\", which has no form in Debezium's messages",
			s->database, s->table, f->name, type);
	p->put = p->kind->put;
	p->put_copy = p->kind->put_copy != NULL ? p->kind->put_copy : p->put;
	name_lead(p, is_first);
	set_null(p, o, s);
	return 0;
}

void plan_release(struct plan *p)
{
	buffer_release(&p->lead);
	buffer_release(&p->null);
}
