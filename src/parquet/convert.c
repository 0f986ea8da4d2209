/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/convert.h"

#include <string.h>

#define JULIAN_DAY_1970 2440588
/* Of a column's texts: as much as a page may have, and column cells surely hold. */
#define TEXT_BYTES_MAX  ((uint64_t)1 << 31)
#define DAY_NANOS       ((int64_t)86400 * 1000000000)

static bool is_int(const struct file_leaf *l)
{
	return l->physical == PHYSICAL_INT32 || l->physical == PHYSICAL_INT64;
}

static bool can_be(const struct file_leaf *l, const struct field *f)
{
	bool is_text = l->physical == PHYSICAL_BYTE_ARRAY || l->physical == PHYSICAL_FIXED;

	switch (f->type) {
	case TYPE_BOOLEAN:
		return l->physical == PHYSICAL_BOOLEAN;
	case TYPE_INT:
	case TYPE_DATE:
		return l->physical == PHYSICAL_INT32 && !l->is_decimal && !l->is_unsigned;
	case TYPE_LONG:
		return is_int(l) && !l->is_decimal && !l->is_unsigned;
	case TYPE_FLOAT:
		return l->physical == PHYSICAL_FLOAT;
	case TYPE_DOUBLE:
		return l->physical == PHYSICAL_FLOAT || l->physical == PHYSICAL_DOUBLE;
	case TYPE_DECIMAL:
		return l->is_decimal && l->scale == f->scale && l->precision <= f->precision &&
		       (is_int(l) || is_text);
	case TYPE_TIMESTAMP:
	case TYPE_TIMESTAMP_NTZ:
		return l->physical == PHYSICAL_INT96 ||
		       (l->physical == PHYSICAL_INT64 && l->unit != TIME_NONE);
	case TYPE_STRING:
	case TYPE_BINARY:
		return is_text && !l->is_decimal;
	case TYPES:
		break;
	}
	return false;
}

int convert_check(const struct file_leaf *leaf, const struct field *f, struct err *e)
{
	if (leaf->repetition_max == 0 && leaf->definition_max <= 1 && can_be(leaf, f))
		return 0;
	return err_set(e, ERR_DATA, "the file's physical type %d cannot be read as %s",
		       (int)leaf->physical, type_name(f->type));
}

/* Big-endian two's complement; false when it does not fit 128 bits. */
static bool read_wide(struct bytes b, int128_t *out)
{
	unsigned __int128 v = b.size > 0 && (b.data[0] & 0x80) ? ~(unsigned __int128)0 : 0;

	if (b.size > 16)
		return false;
	for (size_t i = 0; i < b.size; i++)
		v = v << 8 | b.data[i];
	*out = (int128_t)v;
	return true;
}

static bool add_wide(struct column *to, int128_t v)
{
	if (to->storage == STORAGE_INT128) {
		column_add_int128(to, v);
	} else if (to->storage == STORAGE_INT64) {
		if (v != (int64_t)v)
			return false;
		column_add_int64(to, (int64_t)v);
	} else {
		if (v != (int32_t)v)
			return false;
		column_add_int32(to, (int32_t)v);
	}
	return true;
}

static int64_t to_micros(int64_t v, enum time_unit unit)
{
	if (unit == TIME_MILLIS)
		return (int64_t)((uint64_t)v * 1000);
	if (unit == TIME_NANOS)
		return v / 1000 - (v % 1000 < 0);
	return v;
}

/* Nanoseconds of the day, then the Julian day: Spark's and Impala's old timestamp. */
static int64_t int96_micros(struct bytes b)
{
	int64_t nanos;
	int32_t day;

	memcpy(&nanos, b.data, 8);
	memcpy(&day, b.data + 8, 4);
	return ((int64_t)day - JULIAN_DAY_1970) * (DAY_NANOS / 1000) +
	       to_micros(nanos % DAY_NANOS, TIME_NANOS);
}

static bool add_value(struct column *to, const struct field *f, const struct file_leaf *leaf,
		      const struct values *v, uint32_t i)
{
	int128_t wide;

	switch (to->storage) {
	case STORAGE_BOOL:
		column_add_bool(to, v->ints[i] != 0);
		return true;
	case STORAGE_FLOAT:
		column_add_float(to, v->floats[i]);
		return true;
	case STORAGE_DOUBLE:
		column_add_double(to, leaf->physical == PHYSICAL_FLOAT ? (double)v->floats[i] : v->doubles[i]);
		return true;
	case STORAGE_BYTES:
		column_add_bytes(to, v->texts[i].data, (uint32_t)v->texts[i].size);
		return true;
	default:
		break;
	}
	if (leaf->physical == PHYSICAL_INT96) {
		column_add_int64(to, int96_micros(v->texts[i]));
		return true;
	}
	if (is_int(leaf))
		wide = f->type == TYPE_TIMESTAMP || f->type == TYPE_TIMESTAMP_NTZ ?
			       to_micros(v->ints[i], leaf->unit) : v->ints[i];
	else if (!read_wide(v->texts[i], &wide))
		return false;
	return add_wide(to, wide);
}

/* A few codes of a dictionary can stand for more text than a column holds. */
static int check_room(const struct column *to, const struct values *v, struct err *e)
{
	uint64_t size = to->heap_size;

	if (to->storage != STORAGE_BYTES)
		return 0;
	for (uint32_t i = 0; i < v->count; i++)
		size += v->texts[i].size;
	return size <= TEXT_BYTES_MAX ? 0 :
	       err_set(e, ERR_DATA, "the texts of one page have %llu bytes", (unsigned long long)size);
}

static int broken(struct err *e)
{
	return err_set(e, ERR_DATA, "a value is out of its type's range");
}

/* The common case: 64-bit integers as they are. */
static bool is_plain_long(const struct column *to, const struct file_leaf *leaf)
{
	return to->storage == STORAGE_INT64 && leaf->physical == PHYSICAL_INT64 &&
	       (leaf->unit == TIME_NONE || leaf->unit == TIME_MICROS);
}

int convert_values(struct column *to, const struct field *f, const struct file_leaf *leaf,
		   const struct values *v, struct err *e)
{
	if (check_room(to, v, e) < 0)
		return -1;
	if (is_plain_long(to, leaf)) {
		const struct column longs = { .storage = STORAGE_INT64, .row_count = v->count, .values = (uint8_t *)v->ints };

		column_append_range(to, &longs, 0, v->count);
		return 0;
	}
	for (uint32_t i = 0; i < v->count; i++) {
		if (!add_value(to, f, leaf, v, i))
			return broken(e);
	}
	return 0;
}

int convert_page(struct column *to, const struct field *f, const struct pages *p, struct err *e)
{
	uint32_t value = 0;

	if (p->values.count == p->entry_count)
		return convert_values(to, f, p->leaf, &p->values, e);
	if (check_room(to, &p->values, e) < 0)
		return -1;
	for (uint32_t i = 0; i < p->entry_count; i++) {
		if (p->definitions[i] < p->leaf->definition_max)
			column_set_null(to);
		else if (!add_value(to, f, p->leaf, &p->values, value++))
			return broken(e);
	}
	return 0;
}
