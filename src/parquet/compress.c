/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/compress.h"

#include <assert.h>
#include <libdeflate.h>
#include <pthread.h>
#include <snappy-c.h>
#include <zstd.h>

#include "base/memory.h"

#define ZSTD_LEVEL 1
#define CODEC_GZIP 2
#define CODECS_MAX 7

/* What a byte of the format can become at most: more is not even allocated. */
static const uint32_t raw_bytes_a_byte[CODECS_MAX] = {
	[PARQUET_UNCOMPRESSED] = 1,
	[PARQUET_SNAPPY] = 22,     /* a copy of 64 bytes takes three */
	[CODEC_GZIP] = 1032,       /* a match of 258 bytes takes two bits */
	[PARQUET_ZSTD] = 32 << 10, /* a block of 128 KiB of one byte takes four */
};

/* Of a thread: making one takes longer than a small page. */
struct contexts {
	ZSTD_CCtx *zip;
	ZSTD_DCtx *unzip;
};

static pthread_key_t key;
static pthread_once_t key_made = PTHREAD_ONCE_INIT;

static void free_contexts(void *of_thread)
{
	struct contexts *c = of_thread;

	ZSTD_freeCCtx(c->zip);
	ZSTD_freeDCtx(c->unzip);
	memory_free(c);
}

static void make_key(void)
{
	int rc = pthread_key_create(&key, free_contexts);

	assert(rc == 0);
}

static const struct contexts *contexts(void)
{
	struct contexts *c;

	pthread_once(&key_made, make_key);
	c = pthread_getspecific(key);
	if (c == NULL) {
		c = memory_new(struct contexts);
		c->zip = ZSTD_createCCtx();
		c->unzip = ZSTD_createDCtx();
		assert(c->zip != NULL && c->unzip != NULL);
		pthread_setspecific(key, c);
	}
	return c;
}

void page_compress(struct buffer *out, enum parquet_codec codec, struct bytes raw)
{
	size_t room, size;

	switch (codec) {
	case PARQUET_UNCOMPRESSED:
		buffer_bytes_append(out, raw);
		return;
	case PARQUET_SNAPPY:
		size = snappy_max_compressed_length(raw.size);
		buffer_reserve(out, size);
		snappy_compress((const char *)raw.data, raw.size, (char *)out->data + out->size, &size);
		out->size += size;
		return;
	case PARQUET_ZSTD:
		room = ZSTD_compressBound(raw.size);
		buffer_reserve(out, room);
		size = ZSTD_compressCCtx(contexts()->zip, out->data + out->size, room, raw.data,
					 raw.size, ZSTD_LEVEL);
		assert(!ZSTD_isError(size));
		out->size += size;
		return;
	}
}

/* A gzip file may be several, one behind the other. */
static bool inflate(uint8_t *out, size_t raw_size, struct bytes data)
{
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	enum libdeflate_result result = LIBDEFLATE_SUCCESS;

	assert(d != NULL);
	while (data.size > 0 && result == LIBDEFLATE_SUCCESS) {
		size_t used = 0, made = 0;

		result = libdeflate_gzip_decompress_ex(d, data.data, data.size, out, raw_size, &used, &made);
		if (result == LIBDEFLATE_SUCCESS) {
			data = (struct bytes){ data.data + used, data.size - used };
			out += made;
			raw_size -= made;
		}
	}
	libdeflate_free_decompressor(d);
	return result == LIBDEFLATE_SUCCESS && raw_size == 0;
}

static bool unsnap(uint8_t *out, size_t raw_size, struct bytes data)
{
	size_t size = 0;

	if (snappy_uncompressed_length((const char *)data.data, data.size, &size) != SNAPPY_OK ||
	    size != raw_size)
		return false;
	return snappy_uncompress((const char *)data.data, data.size, (char *)out, &size) == SNAPPY_OK;
}

int page_decompress(struct buffer *out, int codec, struct bytes data, size_t raw_size, struct err *e)
{
	bool ok = false;
	uint8_t *at;

	if (codec < 0 || codec >= CODECS_MAX || raw_bytes_a_byte[codec] == 0)
		return err_set(e, ERR_DATA, "compression codec %d is not supported", codec);
	if (raw_size > PAGE_RAW_BYTES_MAX)
		return err_set(e, ERR_DATA, "a page of %zu bytes is too large", raw_size);
	if (raw_size / raw_bytes_a_byte[codec] > data.size || (codec == PARQUET_UNCOMPRESSED && data.size != raw_size))
		return err_set(e, ERR_DATA, "a page's sizes contradict each other: %zu bytes for %zu", data.size, raw_size);
	at = buffer_grow(out, raw_size);
	switch (codec) {
	case PARQUET_UNCOMPRESSED:
		if (raw_size > 0)
			__builtin_memcpy(at, data.data, raw_size);
		return 0;
	case PARQUET_SNAPPY:
		ok = unsnap(at, raw_size, data);
		break;
	case PARQUET_ZSTD:
		ok = ZSTD_decompressDCtx(contexts()->unzip, at, raw_size, data.data, data.size) == raw_size;
		break;
	case CODEC_GZIP:
		ok = inflate(at, raw_size, data);
		break;
	}
	return ok ? 0 : err_set(e, ERR_DATA, "a page does not decompress (codec %d)", codec);
}

static bool unzstd(struct buffer *out, struct bytes data, size_t raw_max)
{
	ZSTD_inBuffer in = { data.data, data.size, 0 };
	ZSTD_DCtx *stream = contexts()->unzip;
	size_t start = out->size, step = ZSTD_DStreamOutSize(), left = 1;

	ZSTD_DCtx_reset(stream, ZSTD_reset_session_only);
	while (left != 0 && out->size - start <= raw_max) {
		ZSTD_outBuffer room = { buffer_grow(out, step), step, 0 };

		left = ZSTD_decompressStream(stream, &room, &in);
		out->size -= step - room.pos;
		if (ZSTD_isError(left) || (left != 0 && in.pos == in.size && room.pos < step))
			break;
	}
	return left == 0 && in.pos == in.size && out->size - start <= raw_max;
}

int page_decompress_unsized(struct buffer *out, enum parquet_codec codec, struct bytes data,
			    size_t raw_max, struct err *e)
{
	size_t size = 0;

	assert(codec == PARQUET_SNAPPY || codec == PARQUET_ZSTD);
	if (codec == PARQUET_SNAPPY &&
	    snappy_uncompressed_length((const char *)data.data, data.size, &size) == SNAPPY_OK &&
	    size <= raw_max)
		return page_decompress(out, codec, data, size, e);
	if (codec == PARQUET_ZSTD && unzstd(out, data, raw_max))
		return 0;
	return err_set(e, ERR_DATA, "it does not decompress (codec %d), or to more than %zu bytes",
		       (int)codec, raw_max);
}

uint32_t page_crc(struct bytes data)
{
	return libdeflate_crc32(0, data.data, data.size);
}
