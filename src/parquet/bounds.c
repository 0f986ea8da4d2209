/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/bounds.h"

#include <math.h>
#include <string.h>

#include "base/text.h"

#define STRING_BOUND_CHARACTERS 32

void parquet_bounds_release(struct parquet_bounds *b)
{
	buffer_release(&b->min_text);
	buffer_release(&b->max_text);
}

static void int_bounds(struct parquet_bounds *out, const int64_t *v, uint32_t count)
{
	int64_t min = v[0], max = v[0];

	for (uint32_t i = 1; i < count; i++) {
		min = v[i] < min ? v[i] : min;
		max = v[i] > max ? v[i] : max;
	}
	out->min_int = min;
	out->max_int = max;
}

static void wide_bounds(struct parquet_bounds *out, const int128_t *v, uint32_t count)
{
	out->min_int128 = out->max_int128 = v[0];
	for (uint32_t i = 1; i < count; i++) {
		out->min_int128 = v[i] < out->min_int128 ? v[i] : out->min_int128;
		out->max_int128 = v[i] > out->max_int128 ? v[i] : out->max_int128;
	}
}

/* A NaN has no place in an order: no bounds then. Zeros are -0.0 below and +0.0 above. */
static bool double_bounds(struct parquet_bounds *out, const struct cells *c, uint32_t first,
			  uint32_t count)
{
	double min = INFINITY, max = -INFINITY;

	for (uint32_t i = first; i < first + count; i++) {
		double v = c->floats != NULL ? (double)c->floats[i] : c->doubles[i];

		if (isnan(v))
			return false;
		min = v < min ? v : min;
		max = v > max ? v : max;
	}
	out->min_double = min == 0 ? -0.0 : min;
	out->max_double = max == 0 ? 0.0 : max;
	return true;
}

static bool text_bounds(struct parquet_bounds *out, const struct bytes *v, uint32_t count)
{
	struct bytes min = v[0], max = v[0];
	size_t end;

	for (uint32_t i = 1; i < count; i++) {
		if (bytes_compare(v[i], min) < 0)
			min = v[i];
		else if (bytes_compare(v[i], max) > 0)
			max = v[i];
	}
	end = text_prefix(min, STRING_BOUND_CHARACTERS);
	buffer_append(&out->min_text, min.data, end);
	out->is_min_exact = end == min.size;
	end = text_prefix(max, STRING_BOUND_CHARACTERS);
	buffer_append(&out->max_text, max.data, end);
	out->is_max_exact = end == max.size;
	/* malformed UTF-8 may not rise */
	return out->is_max_exact || (text_raise(&out->max_text) &&
				     bytes_compare(buffer_bytes(&out->max_text), max) > 0);
}

void bounds_of(struct parquet_bounds *out, const struct field *f, const struct cells *c, uint32_t first,
	       uint32_t count)
{
	buffer_clear(&out->min_text);
	buffer_clear(&out->max_text);
	out->is_min_exact = out->is_max_exact = true;
	out->has_bounds = count > 0 && f->type != TYPE_BINARY;
	if (!out->has_bounds)
		return;
	if (c->ints != NULL)
		int_bounds(out, c->ints + first, count);
	else if (c->wides != NULL)
		wide_bounds(out, c->wides + first, count);
	else if (c->texts != NULL)
		out->has_bounds = text_bounds(out, c->texts + first, count);
	else
		out->has_bounds = double_bounds(out, c, first, count);
}

#define ORDER(a, b) ((a) < (b) ? -1 : (a) > (b))

int bounds_compare(const struct parquet_bounds *a, const struct parquet_bounds *b, const struct field *f,
		   bool max)
{
	switch (field_storage(f)) {
	case STORAGE_INT128:
		return max ? ORDER(a->max_int128, b->max_int128) : ORDER(a->min_int128, b->min_int128);
	case STORAGE_FLOAT:
	case STORAGE_DOUBLE:
		return max ? ORDER(a->max_double, b->max_double) : ORDER(a->min_double, b->min_double);
	case STORAGE_BYTES:
		return max ? bytes_compare(buffer_bytes(&a->max_text), buffer_bytes(&b->max_text)) :
			     bytes_compare(buffer_bytes(&a->min_text), buffer_bytes(&b->min_text));
	default:
		return max ? ORDER(a->max_int, b->max_int) : ORDER(a->min_int, b->min_int);
	}
}

static void take_min(struct parquet_bounds *to, const struct parquet_bounds *from)
{
	to->min_int = from->min_int;
	to->min_int128 = from->min_int128;
	to->min_double = from->min_double;
	to->is_min_exact = from->is_min_exact;
	buffer_clear(&to->min_text);
	buffer_bytes_append(&to->min_text, buffer_bytes(&from->min_text));
}

static void take_max(struct parquet_bounds *to, const struct parquet_bounds *from)
{
	to->max_int = from->max_int;
	to->max_int128 = from->max_int128;
	to->max_double = from->max_double;
	to->is_max_exact = from->is_max_exact;
	buffer_clear(&to->max_text);
	buffer_bytes_append(&to->max_text, buffer_bytes(&from->max_text));
}

void bounds_fold(struct parquet_bounds *to, const struct parquet_bounds *more, const struct field *f,
		 bool is_first, bool has_values)
{
	if (!has_values)
		return;
	if (is_first || !more->has_bounds || !to->has_bounds) {
		to->has_bounds = more->has_bounds && (is_first || to->has_bounds);
		take_min(to, more);
		take_max(to, more);
		return;
	}
	if (bounds_compare(more, to, f, false) < 0)
		take_min(to, more);
	if (bounds_compare(more, to, f, true) > 0)
		take_max(to, more);
}

static void store_int(struct buffer *out, int64_t v, const struct field *f)
{
	size_t size = field_storage(f) == STORAGE_BOOL ? 1 : storage_size(field_storage(f));

	buffer_append(out, &v, size);
}

static void store_wide(struct buffer *out, int128_t v, unsigned fixed)
{
	for (unsigned b = 0; b < fixed; b++)
		buffer_char(out, (char)(v >> (8 * (fixed - 1 - b))));
}

static void store_double(struct buffer *out, double v, const struct field *f)
{
	float narrow = (float)v;

	if (f->type == TYPE_FLOAT)
		buffer_append(out, &narrow, sizeof(narrow));
	else
		buffer_append(out, &v, sizeof(v));
}

void bounds_store(struct value_bounds *out, const struct parquet_bounds *b, const struct field *f,
		  unsigned fixed)
{
	buffer_clear(&out->min);
	buffer_clear(&out->max);
	out->has_bounds = b->has_bounds;
	out->is_min_exact = b->is_min_exact;
	out->is_max_exact = b->is_max_exact;
	if (!b->has_bounds)
		return;
	switch (field_storage(f)) {
	case STORAGE_INT128:
		store_wide(&out->min, b->min_int128, fixed);
		store_wide(&out->max, b->max_int128, fixed);
		break;
	case STORAGE_FLOAT:
	case STORAGE_DOUBLE:
		store_double(&out->min, b->min_double, f);
		store_double(&out->max, b->max_double, f);
		break;
	case STORAGE_BYTES:
		buffer_bytes_append(&out->min, buffer_bytes(&b->min_text));
		buffer_bytes_append(&out->max, buffer_bytes(&b->max_text));
		break;
	default:
		store_int(&out->min, b->min_int, f);
		store_int(&out->max, b->max_int, f);
	}
}
