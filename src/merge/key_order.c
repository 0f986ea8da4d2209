/* SPDX-License-Identifier: Apache-2.0 */
#include "merge/key_order.h"

#include <assert.h>

#define SIGN ((uint64_t)1 << 63)

/* IEEE 754 numbers compare as their bits do, once the negative ones are turned round. */
static uint64_t word_of_double(double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	return (bits & SIGN) != 0 ? ~bits : bits | SIGN;
}

static uint64_t word_of_cell(const struct column *c, uint32_t row)
{
	if (column_is_null(c, row))
		return 0;
	switch (c->storage) {
	case STORAGE_BOOL:
		return c->values[row] | SIGN;
	case STORAGE_INT32:
		return key_order_of_time(column_int32(c, row));
	case STORAGE_INT64:
		return key_order_of_time(column_int64(c, row));
	case STORAGE_FLOAT:
		return word_of_double((double)column_float(c, row));
	case STORAGE_DOUBLE:
		return word_of_double(column_double(c, row));
	default:
		break;
	}
	assert(!"a schema's order has only what schema_can_order");
	return 0;
}

void key_order_rows(const struct schema *s, const struct columns *rows, uint32_t first, uint32_t count, uint64_t *out)
{
	for (uint32_t w = 0; w < s->order_count; w++) {
		const struct column *c = &rows->columns[s->order[w]];

		for (uint32_t i = 0; i < count; i++)
			out[(size_t)i * s->order_count + w] = word_of_cell(c, first + i);
	}
}
