/* SPDX-License-Identifier: Apache-2.0 */
/* A bitmap from anybody: refused, or sound enough to be changed and written again. */
#include <assert.h>

#include "table/deletion_vector.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct row_set *rows, *copy = NULL;
	struct buffer text = { 0 };
	struct err e = ERR_INIT;
	uint32_t max;

	if (row_set_decode(&rows, (struct bytes){ data, size }, UINT32_MAX, &e) < 0)
		return 0;
	assert(!row_set_max(rows, &max) || row_set_has(rows, max));
	row_set_encode(rows, &text);
	assert(row_set_decode(&copy, buffer_bytes(&text), UINT32_MAX, &e) == 0);
	assert(row_set_count(copy) == row_set_count(rows));
	row_set_add(copy, 77);
	row_set_union(copy, rows);
	row_set_free(rows);
	row_set_free(copy);
	buffer_release(&text);
	return 0;
}
