/* SPDX-License-Identifier: Apache-2.0 */
/* A Puffin file from anybody: refused, or its deletion vectors are sound and come back
 * from a file of ours. */
#include <assert.h>

#include "table/iceberg/puffin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read is written again and read the same. */
static void write_again(const struct row_set *rows, const char *data_file)
{
	struct puffin_footer footer;
	struct buffer blob = { 0 };
	struct puffin_place place;
	struct puffin_pack p;
	struct row_set *back;
	struct err e = ERR_INIT;

	puffin_pack_init(&p);
	assert(dv_blob_encode(rows, &blob, &e) == 0);
	assert(puffin_pack_add(&p, data_file, buffer_bytes(&blob), row_set_count(rows),
			       &place, &e) == 0);
	puffin_pack_finish(&p);
	assert(puffin_parse(&footer, buffer_bytes(&p.bytes), &e) == 0 &&
	       footer.blob_count == 1);
	assert(puffin_decode(&back, buffer_bytes(&p.bytes), &footer.blobs[0], UINT32_MAX,
			     &e) == 0);
	assert(row_set_contains(back, rows));
	row_set_free(back);
	puffin_footer_release(&footer);
	puffin_pack_release(&p);
	buffer_release(&blob);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes file = { data, size };
	struct puffin_footer footer;
	struct err e = ERR_INIT;

	if (puffin_parse(&footer, file, &e) < 0)
		return 0;
	for (uint32_t i = 0; i < footer.blob_count; i++) {
		struct row_set *rows;

		if (puffin_decode(&rows, file, &footer.blobs[i], UINT32_MAX, &e) < 0)
			continue;
		if (row_set_count(rows) > 0)
			write_again(rows, footer.blobs[i].data_file);
		row_set_free(rows);
	}
	puffin_footer_release(&footer);
	return 0;
}
