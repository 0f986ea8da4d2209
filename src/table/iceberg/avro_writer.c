/* SPDX-License-Identifier: Apache-2.0 */
/* Avro files, written. */
#include <assert.h>
#include <inttypes.h>
#include <libdeflate.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "table/iceberg/avro.h"

/* Bytes of records after which a block is closed: what a reader holds at once. */
#define BLOCK_BYTES ((size_t)64 << 10)
/* Paths and bounds repeat: higher levels win 2 % of the size and take twice the time. */
#define DEFLATE_LEVEL 1

static const char magic[4] = { 'O', 'b', 'j', 1 };

struct bytes avro_pair_number(char out[AVRO_NUMBER_BYTES], int64_t v)
{
	if (v == -1)
		return BYTES_OF("null");
	snprintf(out, AVRO_NUMBER_BYTES, "%" PRId64, v);
	return bytes_of_text(out);
}

static void put_pair(struct buffer *out, const char *key, struct bytes value)
{
	avro_put_bytes(out, bytes_of_text(key));
	avro_put_bytes(out, value);
}

void avro_writer_begin(struct avro_writer *w, struct buffer *out, struct bytes schema,
		       const struct avro_pair *pairs, uint32_t pair_count)
{
	XXH128_canonical_t hash;

	assert(out->size == 0);
	*w = (struct avro_writer){ .out = out };
	buffer_append(out, magic, sizeof(magic));
	avro_put_long(out, pair_count + 2);
	for (uint32_t i = 0; i < pair_count; i++)
		put_pair(out, pairs[i].key, pairs[i].value);
	put_pair(out, "avro.schema", schema);
	put_pair(out, "avro.codec", BYTES_OF("deflate"));
	avro_put_long(out, 0);
	XXH128_canonicalFromHash(&hash, XXH3_128bits(out->data, out->size));
	_Static_assert(sizeof(hash.digest) == AVRO_SYNC_BYTES, "a marker is one hash");
	memcpy(w->sync, hash.digest, AVRO_SYNC_BYTES);
	buffer_append(out, w->sync, AVRO_SYNC_BYTES);
}

static void flush(struct avro_writer *w)
{
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(DEFLATE_LEVEL);
	size_t room = libdeflate_deflate_compress_bound(c, w->block.size), size;

	assert(c != NULL);
	buffer_clear(&w->packed);
	buffer_reserve(&w->packed, room);
	size = libdeflate_deflate_compress(c, w->block.data, w->block.size,
					   w->packed.data, room);
	assert(size > 0);
	libdeflate_free_compressor(c);
	avro_put_long(w->out, (int64_t)w->block_records);
	avro_put_bytes(w->out, (struct bytes){ w->packed.data, size });
	buffer_append(w->out, w->sync, AVRO_SYNC_BYTES);
	buffer_clear(&w->block);
	w->block_records = 0;
}

void avro_writer_record(struct avro_writer *w)
{
	w->block_records++;
	if (w->block.size >= BLOCK_BYTES)
		flush(w);
}

void avro_writer_finish(struct avro_writer *w)
{
	if (w->block_records > 0)
		flush(w);
}

void avro_writer_release(struct avro_writer *w)
{
	buffer_release(&w->block);
	buffer_release(&w->packed);
}
