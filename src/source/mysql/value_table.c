/* SPDX-License-Identifier: Apache-2.0 */
/* A table of the source: which lake type each column becomes. */
#include "source/mysql/value.h"

#define DECIMAL_PRECISION_MAX 38 /* of the lake; MySQL's ends at 65 */

static enum type text_or_bytes(const struct mysql_column *c)
{
	return c->charset != NULL ? TYPE_STRING : TYPE_BINARY;
}

static enum type bit_type(const struct mysql_column *c)
{
	return c->length == 1 ? TYPE_BOOLEAN : c->length == 64 ? TYPE_DECIMAL : TYPE_LONG;
}

static enum type string_type(const struct mysql_column *c)
{
	switch (c->extension) {
	case MARIADB_UUID:
	case MARIADB_INET4:
	case MARIADB_INET6:
	case MARIADB_VECTOR:
		return TYPE_STRING;
	case MYSQL_PLAIN:
	case MARIADB_COMPRESSED:
		break;
	}
	return text_or_bytes(c);
}

static enum type integer_type(const struct mysql_column *c)
{
	if (c->type == MYSQL_LONGLONG)
		return c->is_unsigned ? TYPE_DECIMAL : TYPE_LONG;
	return c->type == MYSQL_LONG && c->is_unsigned ? TYPE_LONG : TYPE_INT;
}

/* The lake's type, or TYPES for a type that we do not know. */
static enum type lake_type(const struct mysql_column *c)
{
	switch (mysql_class_of(c->type)) {
	case CLASS_INTEGER:
		return integer_type(c);
	case CLASS_YEAR:
		return TYPE_INT;
	case CLASS_REAL:
		return c->type == MYSQL_FLOAT ? TYPE_FLOAT : TYPE_DOUBLE;
	case CLASS_DECIMAL:
		return c->precision <= DECIMAL_PRECISION_MAX ? TYPE_DECIMAL : TYPE_STRING;
	case CLASS_BIT:
		return bit_type(c);
	case CLASS_DATE:
		return TYPE_DATE;
	case CLASS_DATETIME:
		return TYPE_TIMESTAMP_NTZ;
	case CLASS_TIMESTAMP:
		return TYPE_TIMESTAMP;
	case CLASS_TIME:
	case CLASS_ENUM:
	case CLASS_SET:
	case CLASS_JSON:
	case CLASS_VECTOR:
		return TYPE_STRING;
	case CLASS_CHAR:
	case CLASS_VARCHAR:
	case CLASS_BLOB:
		return string_type(c);
	case CLASS_GEOMETRY:
		return TYPE_BINARY;
	default:
		return TYPES;
	}
}

static void set_decimal(struct field *f, const struct mysql_column *c)
{
	bool is_integer = c->type != MYSQL_NEWDECIMAL;

	f->precision = is_integer ? 20 : c->precision;
	f->scale = is_integer ? 0 : c->scale;
}

bool mysql_column_type(struct field *out, const struct mysql_column *c)
{
	out->type = lake_type(c);
	if (out->type == TYPE_DECIMAL)
		set_decimal(out, c);
	return out->type != TYPES;
}

/* Dates that the lake does not have become NULL by the default policy; in a key they
 * halt. */
static bool may_be_null(const struct mysql_column *c)
{
	return c->is_nullable || (!c->is_key && (mysql_class_of(c->type) & CLASS_CALENDAR) != 0);
}

static int add_field(struct schema *s, const struct mysql_column *c, struct err *e)
{
	struct field like = { 0 };
	struct buffer words = { 0 };
	struct field *f;

	if (!mysql_column_type(&like, c))
		return err_set(
			e, ERR_DATA,
			"table %s.%s: column \"%s\" has type %u, which is not supported",
			s->database, s->table, c->name, c->type);
	f = schema_add_copy(s, c->name, &like, may_be_null(c));
	f->null_is_invalid = f->is_nullable && !c->is_nullable;
	mysql_column_describe(c, &words);
	f->source_type = memory_copy_text(buffer_string(&words));
	buffer_release(&words);
	return 0;
}

int mysql_table_new(struct mysql_table **out, const char *database, const char *name,
		    struct mysql_column *columns, uint32_t column_count,
		    const uint32_t *key, uint32_t key_count, struct err *e)
{
	struct mysql_table *t = memory_new(struct mysql_table);

	t->schema = schema_new(database, name);
	t->columns = columns;
	t->column_count = column_count;
	for (uint32_t i = 0; i < key_count; i++)
		columns[key[i]].is_key = true;
	for (uint32_t i = 0; i < column_count; i++) {
		if (add_field(t->schema, &columns[i], e) < 0) {
			mysql_table_free(t);
			return -1;
		}
	}
	schema_set_key(t->schema, key, key_count);
	*out = t;
	return 0;
}

void mysql_column_release(struct mysql_column *c)
{
	memory_free(c->name);
	memory_free(c->declared);
	for (uint32_t i = 0; i < c->label_count; i++)
		memory_free(c->labels[i]);
	memory_free(c->labels);
	*c = (struct mysql_column){ 0 };
}

void mysql_table_free(struct mysql_table *t)
{
	if (t == NULL)
		return;
	for (uint32_t i = 0; i < t->column_count; i++)
		mysql_column_release(&t->columns[i]);
	memory_free(t->columns);
	schema_release(t->schema);
	memory_free(t);
}
