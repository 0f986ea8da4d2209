/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics from anybody's Delta log: whatever they say, the bounds are of their types and in order. */
#include <assert.h>

#include "base/memory.h"
#include "table/iceberg/bounds.h"
#include "table/iceberg/single_value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Fields "a", "b", ...: one of each type. */
static struct schema *every_type(void)
{
	struct schema *s = schema_new("d", "t");

	for (enum type t = 0; t < TYPES; t++) {
		struct field *f = schema_add(s, (char[]){ (char)('a' + t), 0 }, t, true);

		f->precision = 38;
		f->scale = 10;
	}
	return s;
}

static void check_bounds(struct single_value *out, bool *is_there, const struct schema *s,
			 const struct iceberg_bounds *bounds)
{
	struct err e = ERR_INIT;

	for (uint32_t i = 0; i < bounds->count; i++) {
		uint32_t field = (uint32_t)bounds->items[i].id - 1;

		assert(i == 0 || bounds->items[i - 1].id < bounds->items[i].id);
		assert(single_value_decode(&out[field], &s->fields[field],
					   buffer_bytes(&bounds->items[i].bytes), &e) == 0);
		assert(out[field].real == out[field].real);
		is_there[field] = true;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct single_value lower[TYPES], upper[TYPES];
	bool has_lower[TYPES] = { false }, has_upper[TYPES] = { false };
	struct schema *s = every_type();
	char *stats = memory_copy(data, size);
	struct iceberg_metrics m;

	iceberg_metrics_of_stats(&m, s, stats);
	check_bounds(lower, has_lower, s, &m.lower);
	check_bounds(upper, has_upper, s, &m.upper);
	for (uint32_t i = 0; i < TYPES; i++)
		assert(!has_lower[i] || !has_upper[i] ||
		       single_value_compare(&s->fields[i], &lower[i], &upper[i]) <= 0);
	iceberg_metrics_release(&m);
	memory_free(stats);
	schema_release(s);
	return 0;
}
