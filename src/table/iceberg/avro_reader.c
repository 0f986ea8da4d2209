/* SPDX-License-Identifier: Apache-2.0 */
/* Avro files, read. */
#include <assert.h>
#include <inttypes.h>
#include <libdeflate.h>
#include <string.h>

#include "parquet/compress.h"
#include "table/iceberg/avro.h"

/* The object is fetched in pieces of this size, or of one block where that is larger. */
#define PIECE_BYTES	 ((uint64_t)1 << 20)
#define HEADER_BYTES_MAX ((uint64_t)16 << 20)
#define PAIRS_MAX	 1000u
#define COUNTS_BYTES_MAX 20u /* a block's two numbers */

static const char *const codec_names[] = { "null", "deflate", "snappy", "zstandard" };
enum codec { CODEC_NULL, CODEC_DEFLATE, CODEC_SNAPPY, CODEC_ZSTANDARD, CODECS };
_Static_assert(sizeof(codec_names) / sizeof(codec_names[0]) == CODECS,
	       "a name per codec");

struct avro_reader {
	struct store *store;
	char *key;
	struct buffer name; /* for errors: manifest "key" */
	uint64_t size;	    /* of the object */
	uint64_t fetched;   /* bytes of it, from the start */
	struct buffer window;
	size_t at; /* in the window: the first byte not yet read */
	struct arena arena;
	struct avro_pair *pairs;
	uint32_t pair_count;
	const struct avro_type *schema;
	enum codec codec;
	const uint8_t *sync;
	struct buffer raw; /* the open block's records */
	struct reader records;
	uint64_t block_left, block_records, block_offset;
};

static uint64_t offset_of(const struct avro_reader *a)
{
	return a->fetched - (a->window.size - a->at);
}

/* At least `size` bytes stand in the window from `at` on, or all there are. */
static int fill(struct avro_reader *a, uint64_t size, struct err *e)
{
	uint64_t have = a->window.size - a->at, more;
	int rc;

	if (have >= size || a->fetched == a->size)
		return 0;
	if (a->at > 0)
		memmove(a->window.data, a->window.data + a->at, have);
	a->window.size = have;
	a->at = 0;
	more = size - have > PIECE_BYTES ? size - have : PIECE_BYTES;
	if (more > a->size - a->fetched)
		more = a->size - a->fetched;
	rc = a->store->ops->get(a->store, a->key, a->fetched, more, &a->window, e);
	if (rc != 0)
		return rc < 0 ? -1 : err_set(e, ERR_DATA, "it is gone");
	a->fetched += more;
	return 0;
}

static struct reader window_reader(const struct avro_reader *a)
{
	return reader_of(
		(struct bytes){ a->window.data + a->at, a->window.size - a->at });
}

static void consume(struct avro_reader *a, const struct reader *r)
{
	a->at = (size_t)(r->at - a->window.data);
}

static struct bytes keep(struct avro_reader *a, struct bytes b)
{
	return (struct bytes){ (uint8_t *)arena_text(&a->arena, b.data, b.size), b.size };
}

static void read_pairs(struct avro_reader *a, struct reader *r)
{
	uint64_t count;

	a->pair_count = 0;
	while ((count = avro_read_count(r)) > 0) {
		for (; count > 0 && a->pair_count < PAIRS_MAX && !r->short_read;
		     count--) {
			struct avro_pair *p = &a->pairs[a->pair_count];

			p->key = (const char *)keep(a, avro_read_bytes(r)).data;
			p->value = keep(a, avro_read_bytes(r));
			a->pair_count++;
		}
		if (count > 0)
			r->short_read = true;
	}
}

/* The header's length stands nowhere: what is there is tried, then four times as much. */
static int read_header(struct avro_reader *a, struct err *e)
{
	for (uint64_t size = PIECE_BYTES;; size *= 4) {
		struct reader r;

		if (fill(a, size, e) < 0)
			return -1;
		r = window_reader(a);
		if (!bytes_equal(reader_bytes(&r, 4),
				 (struct bytes){ (const uint8_t *)"Obj\1", 4 }))
			return err_set(e, ERR_DATA, "it is not an Avro file");
		arena_reset(&a->arena);
		a->pairs = arena_new(&a->arena, struct avro_pair, PAIRS_MAX);
		read_pairs(a, &r);
		a->sync = keep(a, reader_bytes(&r, AVRO_SYNC_BYTES)).data;
		if (!r.short_read) {
			consume(a, &r);
			return 0;
		}
		if (a->fetched == a->size || size >= HEADER_BYTES_MAX)
			return err_set(e, ERR_DATA, "its header is cut off or malformed");
	}
}

static int find_codec(struct avro_reader *a, struct err *e)
{
	struct bytes name = avro_reader_pair(a, "avro.codec");

	a->codec = CODEC_NULL;
	if (name.data == NULL)
		return 0;
	for (int c = 0; c < CODECS; c++) {
		if (bytes_equal(name, bytes_of_text(codec_names[c]))) {
			a->codec = (enum codec)c;
			return 0;
		}
	}
	return err_set(e, ERR_DATA, "its codec \"%.*s\" is unknown",
		       (int)(name.size < 40 ? name.size : 40), (const char *)name.data);
}

static int read_schema(struct avro_reader *a, struct err *e)
{
	struct bytes text = avro_reader_pair(a, "avro.schema");

	if (text.data == NULL)
		return err_set(e, ERR_DATA, "it has no schema");
	if (avro_schema_parse(&a->schema, text, &a->arena, e) < 0)
		return -1;
	if (a->schema->kind != AVRO_RECORD || a->schema->bytes_min == 0)
		return err_set(e, ERR_DATA, "its schema is not a record with fields");
	return 0;
}

static int open_at(struct avro_reader *a, struct err *e)
{
	int rc = a->store->ops->size(a->store, a->key, &a->size, e);

	buffer_reserve(&a->window, 1); /* of an empty object: a place to stand at */
	if (rc != 0)
		return rc < 0 ? -1 : err_set(e, ERR_DATA, "it is gone");
	if (read_header(a, e) < 0 || find_codec(a, e) < 0 || read_schema(a, e) < 0)
		return -1;
	return 0;
}

int avro_reader_open(struct avro_reader **out, const char *what, struct store *store,
		     const char *key, struct err *e)
{
	struct avro_reader *a = memory_new(struct avro_reader);

	a->store = store;
	a->key = memory_copy_text(key);
	buffer_format(&a->name, "%s \"%s\"", what, key);
	if (open_at(a, e) < 0) {
		avro_reader_wrap(a, e);
		avro_reader_close(a);
		return -1;
	}
	*out = a;
	return 0;
}

const struct avro_type *avro_reader_schema(const struct avro_reader *a)
{
	return a->schema;
}

struct bytes avro_reader_pair(const struct avro_reader *a, const char *key)
{
	for (uint32_t i = 0; i < a->pair_count; i++) {
		if (strcmp(a->pairs[i].key, key) == 0)
			return a->pairs[i].value;
	}
	return (struct bytes){ 0 };
}

struct arena *avro_reader_arena(struct avro_reader *a)
{
	return &a->arena;
}

/* The raw size is unknown: room is doubled until it does. */
static int inflate(struct buffer *out, struct bytes data, struct err *e)
{
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	enum libdeflate_result result = LIBDEFLATE_INSUFFICIENT_SPACE;

	assert(d != NULL);
	for (size_t room = data.size * 4 + 1024;
	     result == LIBDEFLATE_INSUFFICIENT_SPACE && room < AVRO_BLOCK_BYTES_MAX * 2;
	     room *= 2) {
		buffer_clear(out);
		buffer_reserve(out, room);
		result = libdeflate_deflate_decompress(d, data.data, data.size, out->data,
						       room, &out->size);
	}
	libdeflate_free_decompressor(d);
	if (result != LIBDEFLATE_SUCCESS) {
		buffer_clear(out);
		return err_set(e, ERR_DATA,
			       "it does not inflate, or to more than %zu bytes",
			       AVRO_BLOCK_BYTES_MAX);
	}
	return 0;
}

/* Behind the compressed bytes stands a CRC-32 of the raw ones, big-endian. */
static int unsnap(struct buffer *out, struct bytes data, struct err *e)
{
	struct reader tail;

	if (data.size < 4)
		return err_set(e, ERR_DATA, "it is too short for snappy");
	data.size -= 4;
	tail = reader_of((struct bytes){ data.data + data.size, 4 });
	if (page_decompress_unsized(out, PARQUET_SNAPPY, data, AVRO_BLOCK_BYTES_MAX, e) <
	    0)
		return -1;
	if (page_crc(buffer_bytes(out)) != reader_uint_be(&tail, 4))
		return err_set(e, ERR_DATA, "its CRC-32 is wrong");
	return 0;
}

static int unpack(struct avro_reader *a, struct bytes data, struct err *e)
{
	buffer_clear(&a->raw);
	switch (a->codec) {
	case CODEC_NULL:
		buffer_bytes_append(&a->raw, data);
		return 0;
	case CODEC_DEFLATE:
		return inflate(&a->raw, data, e);
	case CODEC_SNAPPY:
		return unsnap(&a->raw, data, e);
	case CODEC_ZSTANDARD:
		return page_decompress_unsized(&a->raw, PARQUET_ZSTD, data,
					       AVRO_BLOCK_BYTES_MAX, e);
	case CODECS:
		break;
	}
	assert(false);
	return -1;
}

static int read_block(struct avro_reader *a, struct err *e)
{
	struct reader r = window_reader(a);
	int64_t count = avro_read_long(&r), size = avro_read_long(&r);
	struct bytes data;

	if (r.short_read || count <= 0 || size < 0 ||
	    size > (int64_t)AVRO_BLOCK_BYTES_MAX)
		return err_set(e, ERR_DATA,
			       "its head is malformed (%" PRId64 " records, %" PRId64
			       " bytes)",
			       count, size);
	consume(a, &r);
	if (fill(a, (uint64_t)size + AVRO_SYNC_BYTES, e) < 0)
		return -1;
	r = window_reader(a);
	data = reader_bytes(&r, (size_t)size);
	if (!bytes_equal(reader_bytes(&r, AVRO_SYNC_BYTES),
			 (struct bytes){ a->sync, AVRO_SYNC_BYTES }))
		return err_set(e, ERR_DATA,
			       r.short_read ? "it is cut off"
					    : "no sync marker stands behind it");
	consume(a, &r);
	if (unpack(a, data, e) < 0)
		return -1;
	if ((uint64_t)count > a->raw.size / a->schema->bytes_min)
		return err_set(e, ERR_DATA,
			       "%" PRId64 " records do not fit into its %zu bytes", count,
			       a->raw.size);
	a->records = reader_of(buffer_bytes(&a->raw));
	a->block_left = a->block_records = (uint64_t)count;
	return 0;
}

int avro_reader_next(struct avro_reader *a, struct reader **out, struct err *e)
{
	if (a->block_left == 0) {
		if (reader_left(&a->records) != 0) {
			err_set(e, ERR_DATA,
				"%zu bytes stand behind its %" PRIu64 " records",
				reader_left(&a->records), a->block_records);
			goto failed;
		}
		if (fill(a, COUNTS_BYTES_MAX, e) < 0)
			goto failed;
		a->block_offset = offset_of(a);
		if (a->block_offset == a->size)
			return 1;
		if (read_block(a, e) < 0)
			goto failed;
	}
	a->block_left--;
	*out = &a->records;
	return 0;
failed:
	return err_wrap(e, "%s: block at byte %" PRIu64, buffer_string(&a->name),
			a->block_offset);
}

int avro_reader_wrap(struct avro_reader *a, struct err *e)
{
	if (a->block_records == 0)
		return err_wrap(e, "%s", buffer_string(&a->name));
	return err_wrap(e, "%s: block at byte %" PRIu64 ", record %" PRIu64,
			buffer_string(&a->name), a->block_offset,
			a->block_records - a->block_left);
}

void avro_reader_close(struct avro_reader *a)
{
	if (a == NULL)
		return;
	buffer_release(&a->window);
	buffer_release(&a->raw);
	arena_release(&a->arena);
	buffer_release(&a->name);
	memory_free(a->key);
	memory_free(a);
}
