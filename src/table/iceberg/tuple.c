/* SPDX-License-Identifier: Apache-2.0 */
#include "table/iceberg/tuple.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define DECIMAL_BYTES_MAX 16u

/*
 * Single values are of a fixed size but for texts, bytes and decimals (0). A promoted
 * column's older ones are shorter.
 */
static const struct {
	uint8_t size, promoted_from;
	const char *avro;
} shapes[TYPES] = {
	[TYPE_BOOLEAN] = { 1, 1, "\"boolean\"" },
	[TYPE_INT] = { 4, 4, "\"int\"" },
	[TYPE_LONG] = { 8, 4, "\"long\"" },
	[TYPE_FLOAT] = { 4, 4, "\"float\"" },
	[TYPE_DOUBLE] = { 8, 4, "\"double\"" },
	[TYPE_DECIMAL] = { 0, 0, NULL },
	[TYPE_DATE] = { 4, 4, "{\"type\":\"int\",\"logicalType\":\"date\"}" },
	[TYPE_TIMESTAMP] = { 8, 8,
			     "{\"type\":\"long\",\"logicalType\":\"timestamp-micros\","
			     "\"adjust-to-utc\":true}" },
	[TYPE_TIMESTAMP_NTZ] = { 8, 8,
				 "{\"type\":\"long\",\"logicalType\":\"timestamp-"
				 "micros\","
				 "\"adjust-to-utc\":false}" },
	[TYPE_STRING] = { 0, 0, "\"string\"" },
	[TYPE_BINARY] = { 0, 0, "\"bytes\"" },
};

/* The bytes of Iceberg's fixed decimals: the fewest that hold the precision. */
static uint32_t decimal_size(uint8_t precision)
{
	return (uint32_t)((precision * 3.3219280948873623 + 1) / 8) + 1;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/*
 * As the Java library does it: a digit in front gets an underscore, other characters
 * become _x<hex>.
 */
static void put_name(struct buffer *out, const char *name)
{
	for (const char *c = name; *c != 0; c++) {
		bool is_digit = *c >= '0' && *c <= '9';

		if (is_digit && c == name)
			buffer_char(out, '_');
		if (is_digit || is_letter(*c))
			buffer_char(out, *c);
		else
			buffer_format(out, "_x%X", (unsigned char)*c);
	}
}

void tuple_schema(struct buffer *out, const struct iceberg_tuple *p)
{
	for (uint32_t i = 0; i < p->count; i++) {
		const struct iceberg_tuple_field *f = &p->fields[i];

		buffer_text(out, i > 0 ? ",{\"name\":\"" : "{\"name\":\"");
		put_name(out, f->name);
		buffer_text(out, "\",\"type\":[\"null\",");
		if (f->type == TYPE_DECIMAL)
			buffer_format(
				out,
				"{\"type\":\"fixed\",\"name\":\"decimal_%d\",\"size\":%u,"
				"\"logicalType\":\"decimal\",\"precision\":%u,\"scale\":%"
				"u}",
				f->id, decimal_size(f->precision), f->precision,
				f->scale);
		else
			buffer_text(out, shapes[f->type].avro);
		buffer_format(
			out, "],\"default\":null,\"field-id\":%d,\"iceberg-field-name\":",
			f->id);
		text_json_string(out, f->name);
		buffer_char(out, '}');
	}
}

static bool has_fitting_size(const struct iceberg_tuple_field *f, size_t size)
{
	if (f->type == TYPE_DECIMAL)
		return size > 0 && size <= decimal_size(f->precision);
	return shapes[f->type].size == 0 || size == shapes[f->type].size ||
	       size == shapes[f->type].promoted_from;
}

int tuple_check(const struct iceberg_tuple *p, const struct iceberg_values *values,
		struct err *e)
{
	if (values->count != p->count)
		return err_set(e, ERR_DATA,
			       "a partition has %u values, its spec %u fields",
			       values->count, p->count);
	for (uint32_t i = 0; i < p->count; i++) {
		const struct iceberg_value *v = &values->items[i];

		if (!v->is_null && !has_fitting_size(&p->fields[i], v->bytes.size))
			return err_set(e, ERR_DATA,
				       "partition field %d \"%s\": %zu bytes are no %s",
				       p->fields[i].id, p->fields[i].name, v->bytes.size,
				       type_name(p->fields[i].type));
	}
	return 0;
}

static int64_t read_int(struct bytes b)
{
	struct reader r = reader_of(b);

	return b.size == 4 ? (int32_t)reader_u32le(&r) : (int64_t)reader_u64le(&r);
}

static double read_double(struct bytes b)
{
	uint64_t bits = (uint64_t)read_int(b);
	double wide;
	float narrow;

	if (b.size == 4) {
		uint32_t low = (uint32_t)bits;

		memcpy(&narrow, &low, 4);
		return narrow;
	}
	memcpy(&wide, &bits, 8);
	return wide;
}

static int128_t read_decimal(struct bytes b)
{
	int128_t v = b.size > 0 && (b.data[0] & 0x80) != 0 ? -1 : 0;

	for (size_t i = 0; i < b.size; i++)
		v = (int128_t)((unsigned __int128)v << 8 | b.data[i]);
	return v;
}

static void put_double(struct buffer *out, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, 8);
	buffer_u64le(out, bits);
}

static void put_decimal(struct buffer *out, struct bytes b, uint32_t size)
{
	uint8_t *at = buffer_grow(out, size);

	memset(at, b.data[0] & 0x80 ? 0xff : 0, size);
	memcpy(at + size - b.size, b.data, b.size);
}

static void put_value(struct buffer *out, const struct iceberg_tuple_field *f,
		      struct bytes b)
{
	switch (f->type) {
	case TYPE_INT:
	case TYPE_LONG:
	case TYPE_DATE:
	case TYPE_TIMESTAMP:
	case TYPE_TIMESTAMP_NTZ:
		avro_put_long(out, read_int(b));
		return;
	case TYPE_BOOLEAN:
	case TYPE_FLOAT:
		buffer_bytes_append(out, b);
		return;
	case TYPE_DOUBLE:
		put_double(out, read_double(b));
		return;
	case TYPE_DECIMAL:
		put_decimal(out, b, decimal_size(f->precision));
		return;
	case TYPE_STRING:
	case TYPE_BINARY:
		avro_put_bytes(out, b);
		return;
	case TYPES:
		break;
	}
	assert(false);
}

void tuple_put(struct buffer *out, const struct iceberg_tuple *p,
	       const struct iceberg_values *values)
{
	for (uint32_t i = 0; i < p->count; i++) {
		const struct iceberg_value *v = &values->items[i];

		avro_put_long(out, v->is_null ? 0 : 1);
		if (!v->is_null)
			put_value(out, &p->fields[i], buffer_bytes(&v->bytes));
	}
}

bool tuple_can_read(const struct avro_type *type)
{
	if (type->is_decimal && type->kind == AVRO_FIXED)
		return type->size > 0 && type->size <= DECIMAL_BYTES_MAX;
	return (type->kind >= AVRO_BOOLEAN && type->kind <= AVRO_FIXED);
}

/* Two's complement, big-endian, without the bytes that say nothing. */
static struct bytes shortest(struct bytes b)
{
	while (b.size > 1 && ((b.data[0] == 0 && b.data[1] < 0x80) ||
			      (b.data[0] == 0xff && b.data[1] >= 0x80))) {
		b.data++;
		b.size--;
	}
	return b;
}

void tuple_read(struct buffer *out, struct reader *r, const struct avro_type *type)
{
	struct bytes b;
	int64_t v;

	switch (type->kind) {
	case AVRO_INT:
	case AVRO_LONG:
		v = avro_read_long(r);
		if (type->kind == AVRO_LONG)
			buffer_u64le(out, (uint64_t)v);
		else if (v >= INT32_MIN && v <= INT32_MAX)
			buffer_u32le(out, (uint32_t)v);
		else
			r->short_read = true;
		return;
	case AVRO_BYTES:
	case AVRO_STRING:
		b = avro_read_bytes(r);
		break;
	default: /* of a size that does not vary */
		b = reader_bytes(r, type->bytes_min);
		break;
	}
	buffer_bytes_append(out, type->is_decimal ? shortest(b) : b);
}

static int compare(enum type type, struct bytes a, struct bytes b)
{
	switch (type) {
	case TYPE_STRING:
	case TYPE_BINARY:
	case TYPE_BOOLEAN:
		return bytes_compare(a, b);
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
		return (read_double(a) > read_double(b)) -
		       (read_double(a) < read_double(b));
	case TYPE_DECIMAL:
		return (read_decimal(a) > read_decimal(b)) -
		       (read_decimal(a) < read_decimal(b));
	default: /* whole numbers */
		return (read_int(a) > read_int(b)) - (read_int(a) < read_int(b));
	}
}

void iceberg_values_copy(struct iceberg_values *out, const struct iceberg_values *v)
{
	*out = (struct iceberg_values){ memory_array(struct iceberg_value, v->count),
					v->count };
	for (uint32_t i = 0; i < v->count; i++) {
		out->items[i].is_null = v->items[i].is_null;
		buffer_bytes_append(&out->items[i].bytes,
				    buffer_bytes(&v->items[i].bytes));
	}
}

void iceberg_values_release(struct iceberg_values *v)
{
	for (uint32_t i = 0; i < v->count; i++)
		buffer_release(&v->items[i].bytes);
	memory_free(v->items);
	*v = (struct iceberg_values){ .items = NULL };
}

static void replace(struct buffer *bound, struct bytes b)
{
	buffer_clear(bound);
	buffer_reserve(bound, 1); /* an empty bound is one, too */
	buffer_bytes_append(bound, b);
}

void tuple_summarize(struct iceberg_summary *s, const struct iceberg_tuple_field *field,
		     const struct iceberg_value *value)
{
	struct bytes b = buffer_bytes(&value->bytes);
	bool is_floating = field->type == TYPE_FLOAT || field->type == TYPE_DOUBLE;

	if (value->is_null) {
		s->contains_null = 1;
		return;
	}
	if (is_floating && isnan(read_double(b))) {
		s->contains_nan = 1;
		return;
	}
	if (s->lower.data == NULL || compare(field->type, b, buffer_bytes(&s->lower)) < 0)
		replace(&s->lower, b);
	if (s->upper.data == NULL || compare(field->type, b, buffer_bytes(&s->upper)) > 0)
		replace(&s->upper, b);
}
