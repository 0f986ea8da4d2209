/* SPDX-License-Identifier: Apache-2.0 */
#include "table/iceberg/tuple.h"

#include <assert.h>
#include <math.h>

#include "base/memory.h"
#include "base/text.h"
#include "table/iceberg/single_value.h"

#define DECIMAL_BYTES_MAX 16u

static const char *const avro_types[TYPES] = {
	[TYPE_BOOLEAN] = "\"boolean\"",
	[TYPE_INT] = "\"int\"",
	[TYPE_LONG] = "\"long\"",
	[TYPE_FLOAT] = "\"float\"",
	[TYPE_DOUBLE] = "\"double\"",
	[TYPE_DATE] = "{\"type\":\"int\",\"logicalType\":\"date\"}",
	[TYPE_TIMESTAMP] = "{\"type\":\"long\",\"logicalType\":\"timestamp-micros\",\"adjust-to-utc\":true}",
	[TYPE_TIMESTAMP_NTZ] = "{\"type\":\"long\",\"logicalType\":\"timestamp-micros\",\"adjust-to-utc\":false}",
	[TYPE_STRING] = "\"string\"",
	[TYPE_BINARY] = "\"bytes\"",
};

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
				f->id, single_value_decimal_size(f->precision), f->precision,
				f->scale);
		else
			buffer_text(out, avro_types[f->type]);
		buffer_format(
			out, "],\"default\":null,\"field-id\":%d,\"iceberg-field-name\":",
			f->id);
		text_json_string(out, f->name);
		buffer_char(out, '}');
	}
}

/* For single_value.h. */
static struct field field_of(const struct iceberg_tuple_field *f)
{
	return (struct field){ .name = (char *)(uintptr_t)f->name, .type = f->type, .precision = f->precision,
			       .scale = f->scale };
}

/* Of one that has been checked. */
static struct single_value decode(const struct field *f, struct bytes b)
{
	struct single_value v;
	struct err e = ERR_INIT;
	int rc = single_value_decode(&v, f, b, &e);

	assert(rc == 0);
	return v;
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
		struct field f = field_of(&p->fields[i]);
		struct single_value ignored;

		if (!v->is_null && single_value_decode(&ignored, &f, buffer_bytes(&v->bytes), e) < 0)
			return err_wrap(e, "partition field %d", p->fields[i].id);
	}
	return 0;
}

/* Avro's decimals are big-endian, too, but of a fixed size. */
static void put_decimal(struct buffer *out, int128_t v, uint32_t size)
{
	while (size-- > 0)
		buffer_char(out, (char)(v >> (8 * size)));
}

static void put_value(struct buffer *out, const struct iceberg_tuple_field *of, struct bytes b)
{
	struct field f = field_of(of);
	struct single_value v = decode(&f, b);

	switch (f.type) {
	case TYPE_INT:
	case TYPE_LONG:
	case TYPE_DATE:
	case TYPE_TIMESTAMP:
	case TYPE_TIMESTAMP_NTZ:
		avro_put_long(out, (int64_t)v.integer);
		return;
	case TYPE_BOOLEAN:
	case TYPE_FLOAT:
	case TYPE_DOUBLE: /* Avro's are the same bytes */
		single_value_encode(out, &f, &v);
		return;
	case TYPE_DECIMAL:
		put_decimal(out, v.integer, single_value_decimal_size(f.precision));
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

/* The bound becomes the value if it is none, or the value is less (`order` -1) or more (1). */
static void widen(struct buffer *bound, const struct field *f, struct bytes b, int order)
{
	struct single_value old, new;

	if (bound->data != NULL) {
		old = decode(f, buffer_bytes(bound));
		new = decode(f, b);
		if (single_value_compare(f, &new, &old) * order <= 0)
			return;
	}
	buffer_clear(bound);
	buffer_reserve(bound, 1); /* an empty bound is one, too */
	buffer_bytes_append(bound, b);
}

void tuple_summarize(struct iceberg_summary *s, const struct iceberg_tuple_field *field,
		     const struct iceberg_value *value)
{
	struct bytes b = buffer_bytes(&value->bytes);
	struct field f = field_of(field);

	if (value->is_null) {
		s->contains_null = 1;
	} else if (isnan(decode(&f, b).real)) {
		s->contains_nan = 1;
	} else {
		widen(&s->lower, &f, b, -1);
		widen(&s->upper, &f, b, 1);
	}
}
