/* SPDX-License-Identifier: Apache-2.0 */
#include "table/iceberg/single_value.h"

#include <math.h>
#include <string.h>

#define DECIMAL_BYTES_MAX 16

uint32_t single_value_decimal_size(uint8_t precision)
{
	return (uint32_t)((precision * 3.3219280948873623 + 1) / 8) + 1;
}

struct single_value single_value_of(const struct field *f, const struct column *c,
				    uint32_t row)
{
	switch (field_storage(f)) {
	case STORAGE_BOOL:
		return (struct single_value){ .integer = c->values[row] };
	case STORAGE_INT32:
		return (struct single_value){ .integer = column_int32(c, row) };
	case STORAGE_INT64:
		return (struct single_value){ .integer = column_int64(c, row) };
	case STORAGE_INT128:
		return (struct single_value){ .integer = column_int128(c, row) };
	case STORAGE_FLOAT:
		return (struct single_value){ .real = (double)column_float(c, row) };
	case STORAGE_DOUBLE:
		return (struct single_value){ .real = column_double(c, row) };
	case STORAGE_BYTES:
	case STORAGES:
		break;
	}
	return (struct single_value){ .bytes = column_bytes(c, row) };
}

/* Two's complement, big-endian, as few bytes as hold it. */
static void put_decimal(struct buffer *out, int128_t v)
{
	int size = 1;

	while (size < DECIMAL_BYTES_MAX && v >> (8 * size - 1) != 0 &&
	       v >> (8 * size - 1) != -1)
		size++;
	while (size-- > 0)
		buffer_char(out, (char)(v >> (8 * size)));
}

static void put_float(struct buffer *out, float v)
{
	uint32_t bits;

	memcpy(&bits, &v, sizeof(bits));
	buffer_u32le(out, bits);
}

static void put_double(struct buffer *out, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	buffer_u64le(out, bits);
}

void single_value_encode(struct buffer *out, const struct field *f,
			 const struct single_value *v)
{
	switch (f->type) {
	case TYPE_BOOLEAN:
		buffer_char(out, v->integer != 0);
		break;
	case TYPE_INT:
	case TYPE_DATE:
		buffer_u32le(out, (uint32_t)v->integer);
		break;
	case TYPE_LONG:
	case TYPE_TIMESTAMP:
	case TYPE_TIMESTAMP_NTZ:
		buffer_u64le(out, (uint64_t)v->integer);
		break;
	case TYPE_FLOAT:
		put_float(out, (float)v->real);
		break;
	case TYPE_DOUBLE:
		put_double(out, v->real);
		break;
	case TYPE_DECIMAL:
		put_decimal(out, v->integer);
		break;
	case TYPE_STRING:
	case TYPE_BINARY:
	case TYPES:
		buffer_bytes_append(out, v->bytes);
		break;
	}
}

static int128_t get_decimal(struct bytes b)
{
	int128_t v = (int8_t)b.data[0];

	for (size_t i = 1; i < b.size; i++)
		v = (int128_t)((unsigned __int128)v << 8 | b.data[i]);
	return v;
}

static double get_real(struct bytes b)
{
	struct reader r = reader_of(b);
	uint64_t bits = reader_uint_le(&r, b.size);
	uint32_t narrow_bits = (uint32_t)bits;
	double wide;
	float narrow;

	memcpy(&wide, &bits, sizeof(wide));
	memcpy(&narrow, &narrow_bits, sizeof(narrow));
	return b.size == sizeof(narrow) ? (double)narrow : wide;
}

/* Little-endian, sign from the highest bit. */
static int64_t get_integer(struct bytes b)
{
	struct reader r = reader_of(b);
	uint64_t v = reader_uint_le(&r, b.size);

	return b.size == 4 ? (int32_t)v : (int64_t)v;
}

static bool has_size(const struct field *f, size_t size)
{
	switch (f->type) {
	case TYPE_BOOLEAN:
		return size == 1;
	case TYPE_INT:
	case TYPE_DATE:
	case TYPE_FLOAT:
		return size == 4;
	case TYPE_LONG:
	case TYPE_DOUBLE:
		return size == 4 || size == 8;
	case TYPE_TIMESTAMP:
	case TYPE_TIMESTAMP_NTZ:
		return size == 8;
	case TYPE_DECIMAL:
		return size >= 1 && size <= single_value_decimal_size(f->precision);
	case TYPE_STRING:
	case TYPE_BINARY:
	case TYPES:
		break;
	}
	return true;
}

int single_value_decode(struct single_value *out, const struct field *f, struct bytes bytes,
			struct err *e)
{
	if (!has_size(f, bytes.size))
		return err_set(e, ERR_DATA, "\"%s\": %zu bytes are no %s", f->name, bytes.size,
			       type_name(f->type));
	*out = (struct single_value){ 0 };
	switch (f->type) {
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
		out->real = get_real(bytes);
		break;
	case TYPE_DECIMAL:
		out->integer = get_decimal(bytes);
		break;
	case TYPE_STRING:
	case TYPE_BINARY:
		out->bytes = bytes;
		break;
	case TYPE_BOOLEAN:
		out->integer = bytes.data[0] != 0;
		break;
	default:
		out->integer = get_integer(bytes);
		break;
	}
	return 0;
}

#define ORDER(a, b) ((a) < (b) ? -1 : (a) > (b))

int single_value_compare(const struct field *f, const struct single_value *a,
			 const struct single_value *b)
{
	switch (f->type) {
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
		if (a->real == 0 && b->real == 0)
			return (signbit(b->real) != 0) - (signbit(a->real) != 0);
		return ORDER(a->real, b->real);
	case TYPE_STRING:
	case TYPE_BINARY:
		return bytes_compare(a->bytes, b->bytes);
	default:
		return ORDER(a->integer, b->integer);
	}
}
