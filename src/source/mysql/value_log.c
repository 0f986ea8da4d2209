/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cells of row images: what each type's bytes mean.
 *
 * Integers, FLOAT, DOUBLE: little-endian. YEAR: u8 from 1900, 0 for 0000. DATE: u24le,
 * day 5 bits, month 4, year 15. BIT: big-endian. VARCHAR, CHAR, BINARY, BLOB, JSON,
 * GEOMETRY, VECTOR: a length, then bytes. ENUM, SET: little-endian number. Temporals and
 * decimals: value_temporal.c, value_decimal.c.
 */
#include "source/mysql/value_decode.h"

#include "source/mysql/geometry.h"
#include "source/mysql/json_binary.h"

static uint64_t number_le(struct bytes cell)
{
	uint64_t v = 0;

	memcpy(&v, cell.data, cell.size);
	return v;
}

static enum value_result add_tiny(const struct value_plan *p, struct bytes cell,
				  struct column *c)
{
	(void)p;
	column_add_int32(c, (int8_t)cell.data[0]);
	return VALUE_OK;
}

static enum value_result add_tiny_unsigned(const struct value_plan *p, struct bytes cell,
					   struct column *c)
{
	(void)p;
	column_add_int32(c, cell.data[0]);
	return VALUE_OK;
}

static enum value_result add_short(const struct value_plan *p, struct bytes cell,
				   struct column *c)
{
	int16_t v;

	(void)p;
	memcpy(&v, cell.data, sizeof(v));
	column_add_int32(c, v);
	return VALUE_OK;
}

static enum value_result add_unsigned_int32(const struct value_plan *p, struct bytes cell,
					    struct column *c)
{
	(void)p;
	column_add_int32(c, (int32_t)number_le(cell));
	return VALUE_OK;
}

static enum value_result add_int24(const struct value_plan *p, struct bytes cell,
				   struct column *c)
{
	(void)p;
	column_add_int32(c, (int32_t)((uint32_t)number_le(cell) << 8) >> 8);
	return VALUE_OK;
}

static enum value_result add_int32(const struct value_plan *p, struct bytes cell,
				   struct column *c)
{
	int32_t v;

	(void)p;
	memcpy(&v, cell.data, sizeof(v));
	column_add_int32(c, v);
	return VALUE_OK;
}

static enum value_result add_uint32(const struct value_plan *p, struct bytes cell,
				    struct column *c)
{
	uint32_t v;

	(void)p;
	memcpy(&v, cell.data, sizeof(v));
	column_add_int64(c, v);
	return VALUE_OK;
}

static enum value_result add_int64(const struct value_plan *p, struct bytes cell,
				   struct column *c)
{
	int64_t v;

	(void)p;
	memcpy(&v, cell.data, sizeof(v));
	column_add_int64(c, v);
	return VALUE_OK;
}

static enum value_result add_uint64(const struct value_plan *p, struct bytes cell,
				    struct column *c)
{
	(void)p;
	column_add_int128(c, (int128_t)number_le(cell));
	return VALUE_OK;
}

static enum value_result add_float(const struct value_plan *p, struct bytes cell,
				   struct column *c)
{
	float v;

	(void)p;
	memcpy(&v, cell.data, sizeof(v));
	column_add_float(c, v);
	return VALUE_OK;
}

static enum value_result add_double(const struct value_plan *p, struct bytes cell,
				    struct column *c)
{
	double v;

	(void)p;
	memcpy(&v, cell.data, sizeof(v));
	column_add_double(c, v);
	return VALUE_OK;
}

static enum value_result add_year(const struct value_plan *p, struct bytes cell,
				  struct column *c)
{
	(void)p;
	column_add_int32(c, cell.data[0] == 0 ? 0 : 1900 + cell.data[0]);
	return VALUE_OK;
}

enum value_result value_add_bit(const struct value_plan *p, struct bytes cell,
				struct column *c)
{
	uint64_t v = 0;

	(void)p;
	if (cell.size > 8)
		return VALUE_BAD;
	for (size_t i = 0; i < cell.size; i++)
		v = v << 8 | cell.data[i];
	if (c->storage == STORAGE_BOOL)
		column_add_bool(c, v & 1);
	else if (c->storage == STORAGE_INT64)
		column_add_int64(c, (int64_t)v);
	else
		column_add_int128(c, (int128_t)v);
	return VALUE_OK;
}

enum value_result value_add_enum(const struct value_plan *p, uint64_t index,
				 struct column *c)
{
	const char *label;

	if (index > p->column->label_count)
		return VALUE_BAD;
	label = index > 0 ? p->column->labels[index - 1] : "";
	column_add_bytes(c, label, (uint32_t)strlen(label));
	return VALUE_OK;
}

enum value_result value_add_set(const struct value_plan *p, uint64_t bits,
				struct column *c)
{
	uint32_t count = p->column->label_count, used = 0, room = 0;
	char *at;

	if (count < 64 && bits >> count != 0)
		return VALUE_BAD;
	for (uint32_t i = 0; i < count; i++)
		room += (bits >> i & 1) != 0 ? (uint32_t)strlen(p->column->labels[i]) + 1
					     : 0;
	at = (char *)column_begin_bytes(c, room);
	for (uint32_t i = 0; i < count; i++) {
		size_t size = strlen(p->column->labels[i]);

		if ((bits >> i & 1) == 0)
			continue;
		memcpy(at + used, p->column->labels[i], size);
		used += (uint32_t)size;
		at[used++] = ',';
	}
	column_end_bytes(c, used > 0 ? used - 1 : 0);
	return VALUE_OK;
}

static enum value_result add_enum(const struct value_plan *p, struct bytes cell,
				  struct column *c)
{
	return value_add_enum(p, number_le(cell), c);
}

static enum value_result add_set(const struct value_plan *p, struct bytes cell,
				 struct column *c)
{
	return value_add_set(p, number_le(cell), c);
}

enum value_result value_add_bytes(const struct value_plan *p, struct bytes cell,
				  struct column *c)
{
	(void)p;
	column_add_bytes(c, cell.data, (uint32_t)cell.size);
	return VALUE_OK;
}

/* BINARY(n): the log leaves trailing zeros out. */
enum value_result value_add_binary(const struct value_plan *p, struct bytes cell,
				   struct column *c)
{
	uint32_t size = p->column->length;
	uint8_t *at;

	if (cell.size > size)
		return VALUE_BAD;
	at = column_begin_bytes(c, size);
	if (cell.size > 0)
		memcpy(at, cell.data, cell.size);
	memset(at + cell.size, 0, size - cell.size);
	column_end_bytes(c, size);
	return VALUE_OK;
}

enum value_result value_add_text(const struct value_plan *p, struct bytes cell,
				 struct column *c)
{
	return charset_append(p->column->charset, cell, c) ? VALUE_OK : VALUE_INVALID;
}

enum value_result value_add_char(const struct value_plan *p, struct bytes cell,
				 struct column *c)
{
	return value_add_text(p, charset_trim(p->column->charset, cell), c);
}

static enum value_result add_json(const struct value_plan *p, struct bytes cell,
				  struct column *c)
{
	struct buffer text = { 0 };
	bool is_good;

	(void)p;
	is_good = json_binary_text(&text, cell) == 0;
	if (is_good)
		column_add_bytes(c, text.data, (uint32_t)text.size);
	buffer_release(&text);
	return is_good ? VALUE_OK : VALUE_BAD;
}

enum value_result value_add_geometry(const struct value_plan *p, struct bytes cell,
				     struct column *c)
{
	(void)p;
	return geometry_append(c, cell) ? VALUE_OK : VALUE_BAD;
}

enum value_result value_add_vector(const struct value_plan *p, struct bytes cell,
				   struct column *c)
{
	struct buffer text = { 0 };

	(void)p;
	if (cell.size % sizeof(float) != 0)
		return VALUE_BAD;
	buffer_char(&text, '[');
	for (size_t i = 0; i < cell.size; i += sizeof(float)) {
		float v;

		memcpy(&v, cell.data + i, sizeof(v));
		if (i > 0)
			buffer_char(&text, ',');
		text_float(&text, v);
	}
	buffer_char(&text, ']');
	column_add_bytes(c, text.data, (uint32_t)text.size);
	buffer_release(&text);
	return VALUE_OK;
}

static const value_decode integer_decoders[][2] = { /* [width - 1][is unsigned] */
	{ add_tiny, add_tiny_unsigned },
	{ add_short, add_unsigned_int32 },
	{ add_int24, add_unsigned_int32 },
	{ add_int32, add_uint32 },
	[7] = { add_int64, add_uint64 },
};

static void plan_fixed(struct value_plan *p, uint32_t size, value_decode decode)
{
	p->fixed_size = size;
	p->decode = decode;
}

static void plan_integer(struct value_plan *p, uint32_t size)
{
	plan_fixed(p, size, integer_decoders[size - 1][p->column->is_unsigned]);
}

static void plan_length(struct value_plan *p, uint8_t length_size, value_decode decode)
{
	p->length_size = length_size;
	p->decode = decode;
}

static void plan_string(struct value_plan *p)
{
	const struct mysql_column *c = p->column;
	uint8_t length_size = mysql_string_length(p->meta) > 255 ? 2 : 1;

	if (c->extension != MYSQL_PLAIN)
		plan_length(p, length_size, value_add_extension);
	else
		plan_length(p, length_size,
			    c->charset != NULL ? value_add_char : value_add_binary);
}

static void plan_varchar(struct value_plan *p, uint8_t length_size)
{
	const struct mysql_column *c = p->column;

	if (p->type == MYSQL_MARIADB_BLOB_COMPRESSED ||
	    p->type == MYSQL_MARIADB_VARCHAR_COMPRESSED)
		plan_length(p, length_size, value_add_compressed);
	else if (c->extension == MARIADB_VECTOR)
		plan_length(p, length_size, value_add_vector);
	else
		plan_length(p, length_size,
			    c->charset != NULL ? value_add_text : value_add_bytes);
}

static bool plan_number(struct value_plan *p)
{
	switch (p->type) {
	case MYSQL_TINY:
		return plan_integer(p, 1), true;
	case MYSQL_SHORT:
		return plan_integer(p, 2), true;
	case MYSQL_INT24:
		return plan_integer(p, 3), true;
	case MYSQL_LONG:
		return plan_integer(p, 4), true;
	case MYSQL_LONGLONG:
		return plan_integer(p, 8), true;
	case MYSQL_FLOAT:
		return plan_fixed(p, 4, add_float), true;
	case MYSQL_DOUBLE:
		return plan_fixed(p, 8, add_double), true;
	case MYSQL_YEAR:
		return plan_fixed(p, 1, add_year), true;
	case MYSQL_BIT:
		return plan_fixed(p, (p->meta >> 8) + ((p->meta & 0xff) > 0),
				  value_add_bit),
		       true;
	case MYSQL_NEWDECIMAL:
		return plan_fixed(p, value_decimal_size(p->precision, p->scale),
				  value_add_decimal),
		       true;
	default:
		return false;
	}
}

static bool plan_text(struct value_plan *p)
{
	switch (mysql_class_of(p->type)) {
	case CLASS_ENUM:
		return plan_fixed(p, p->meta >> 8, add_enum), true;
	case CLASS_SET:
		return plan_fixed(p, p->meta >> 8, add_set), true;
	case CLASS_CHAR:
		return plan_string(p), true;
	case CLASS_VARCHAR:
		return plan_varchar(p, p->meta > 255 ? 2 : 1), true;
	case CLASS_BLOB:
		return plan_varchar(p, (uint8_t)p->meta), true;
	case CLASS_JSON:
		return plan_length(p, (uint8_t)p->meta, add_json), true;
	case CLASS_GEOMETRY:
		return plan_length(p, (uint8_t)p->meta, value_add_geometry), true;
	case CLASS_VECTOR:
		return plan_length(p, (uint8_t)p->meta, value_add_vector), true;
	default:
		return false;
	}
}

/* Types that are one in the catalog can stand for each other in the log. */
static bool is_one_type(unsigned a, unsigned b)
{
	enum mysql_class class = mysql_class_of(a);

	return a == b ||
	       (class == mysql_class_of(b) && (class & (CLASS_TEMPORAL | CLASS_VARCHAR | CLASS_BLOB)) != 0);
}

static bool plan_is_sane(const struct value_plan *p)
{
	const struct mysql_column *c = p->column;

	if (p->fixed_size == 0)
		return p->length_size >= 1 && p->length_size <= 4;
	switch (p->type) {
	case MYSQL_NEWDECIMAL:
		return p->precision == c->precision && p->scale == c->scale;
	case MYSQL_BIT:
		return p->fixed_size <= 8 &&
		       (p->meta & 0xff) + (p->meta >> 8) * 8u == c->length;
	case MYSQL_ENUM:
		return p->fixed_size <= 2;
	case MYSQL_SET:
		return p->fixed_size <= 8;
	default:
		return true;
	}
}

int value_plan_make(struct value_plan *out, const struct mysql_table *t, uint32_t column,
		    uint8_t type, uint16_t meta, struct err *e)
{
	const struct mysql_column *c = &t->columns[column];
	struct value_plan p = { .column = c,
				.meta = meta,
				.type = (uint8_t)mysql_real_type(type, meta) };

	p.precision = (uint8_t)meta;
	p.scale = (uint8_t)(meta >> 8);
	p.fraction_digits = (uint8_t)meta;
	if (!is_one_type(p.type, c->type))
		return err_set(e, ERR_CONFIG,
			       "table %s.%s: column \"%s\" is of type %u in the log, but "
			       "of type "
			       "%u by the definition that we have",
			       t->schema->database, t->schema->table, c->name, p.type,
			       c->type);
	if (!plan_number(&p) && !plan_text(&p) && !value_plan_temporal(&p))
		return err_set(e, ERR_DATA,
			       "table %s.%s: column \"%s\" has unrecognized type %u",
			       t->schema->database, t->schema->table, c->name, type);
	if (!plan_is_sane(&p))
		return err_set(e, ERR_CONFIG,
			       "table %s.%s: column \"%s\" (%s) does not fit its "
			       "metadata %04x in "
			       "the log",
			       t->schema->database, t->schema->table, c->name,
			       c->declared != NULL ? c->declared : "?", meta);
	*out = p;
	return 0;
}
