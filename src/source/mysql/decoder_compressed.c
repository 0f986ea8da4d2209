/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TRANSACTION_PAYLOAD: { field lenenc, length lenenc, value } with fields 1 payload, 2
 * compression (0 zstd, 255 none), 3 size; field 0 ends them and the payload's bytes
 * follow at once. Inside stand whole events without checksums.
 *
 * MariaDB packs one run of bytes: u8 with 0x80, algorithm in bits 4-6 (0 zlib), bytes of
 * the size in bits 0-2; the size, big-endian; a zlib stream, or with 0x08 (columns only)
 * a bare deflate stream.
 */
#include "source/mysql/decoder_state.h"

#include <libdeflate.h>
#include <string.h>
#include <zstd.h>

enum payload_field { PAYLOAD_END, PAYLOAD_SIZE, PAYLOAD_COMPRESSION, PAYLOAD_FULL_SIZE };

#define COMPRESSION_ZSTD 0
#define COMPRESSION_NONE 255

struct payload {
	uint64_t compression;
	struct bytes packed;
};

static int read_payload(struct payload *out, struct bytes body, struct err *e)
{
	struct reader r = reader_of(body);
	uint64_t size = UINT64_MAX, field;

	out->compression = COMPRESSION_NONE;
	while ((field = reader_lenenc(&r)) != PAYLOAD_END) {
		struct reader value = reader_of(reader_bytes(&r, reader_lenenc(&r)));

		if (field == PAYLOAD_SIZE)
			size = reader_lenenc(&value);
		else if (field == PAYLOAD_COMPRESSION)
			out->compression = reader_lenenc(&value);
		if (value.short_read || r.short_read)
			break;
	}
	out->packed = reader_bytes(&r, size == UINT64_MAX ? reader_left(&r) : size);
	if (r.short_read || reader_left(&r) > 0)
		return err_set(e, ERR_DATA, "its frame is malformed");
	if (out->compression != COMPRESSION_ZSTD && out->compression != COMPRESSION_NONE)
		return err_set(e, ERR_DATA, "unrecognized compression %llu",
			       (unsigned long long)out->compression);
	return 0;
}

/* Gives every whole event at the buffer's start to the decoder, and keeps the rest. */
static int take_events(struct decoder *d, struct err *e)
{
	struct reader r = reader_of(buffer_bytes(&d->payload));

	for (;;) {
		struct reader look = r;
		struct event event;
		uint32_t size;

		reader_skip(&look, 9);
		size = reader_u32le(&look);
		if (look.short_read)
			break;
		if (size < EVENT_HEADER_BYTES || size > EVENT_BYTES_MAX)
			return err_set(e, ERR_DATA, "an event of %u bytes inside", size);
		if (size > reader_left(&r))
			break;
		event.body = reader_bytes(&r, size);
		if (event_header_parse(&event.header, event.body, e) < 0)
			return -1;
		if (event.header.type == EVENT_TRANSACTION_PAYLOAD)
			return err_set(e, ERR_DATA, "a payload inside a payload");
		look = reader_of(event.body);
		reader_skip(&look, EVENT_HEADER_BYTES);
		event.body = (struct bytes){ look.at, reader_left(&look) };
		if (decoder_dispatch(d, &event, e) < 0)
			return err_wrap(e, "%s inside", event_name(event.header.type));
	}
	d->payload.size = reader_left(&r);
	if (d->payload.size > 0)
		memmove(d->payload.data, r.at, d->payload.size);
	return 0;
}

static int inflate_events(struct decoder *d, struct bytes packed, struct err *e)
{
	ZSTD_DStream *stream = ZSTD_createDStream();
	ZSTD_inBuffer in = { packed.data, packed.size, 0 };
	size_t step = ZSTD_DStreamOutSize(), rc = 1;
	int result = 0;

	while (result == 0 && rc != 0) {
		ZSTD_outBuffer out;

		buffer_reserve(&d->payload, step);
		out = (ZSTD_outBuffer){ d->payload.data + d->payload.size, step, 0 };
		rc = ZSTD_decompressStream(stream, &out, &in);
		d->payload.size += out.pos;
		if (ZSTD_isError(rc))
			result = err_set(e, ERR_DATA, "zstd: %s", ZSTD_getErrorName(rc));
		else if (rc != 0 && out.pos == 0 && in.pos == in.size)
			result = err_set(e, ERR_DATA, "its zstd stream is cut short");
		else
			result = take_events(d, e);
	}
	ZSTD_freeDStream(stream);
	return result;
}

int decoder_payload(struct decoder *d, const struct event *event, struct err *e)
{
	struct payload p;
	int rc;

	if (read_payload(&p, event->body, e) < 0)
		return -1;
	buffer_clear(&d->payload);
	if (p.compression == COMPRESSION_ZSTD) {
		rc = inflate_events(d, p.packed, e);
	} else {
		buffer_bytes_append(&d->payload, p.packed);
		rc = take_events(d, e);
	}
	if (rc == 0 && d->payload.size > 0)
		rc = err_set(e, ERR_DATA, "%zu bytes inside are no event",
			     d->payload.size);
	return rc;
}

#define DEFLATE_RATIO_MAX 1032 /* of the format itself */

int mariadb_inflate(struct buffer *out, struct bytes packed, size_t size_max)
{
	struct reader r = reader_of(packed);
	uint8_t head = reader_u8(&r);
	size_t width = head & 7;
	uint64_t size = width > 0 ? reader_uint_be(&r, width) : 0;
	struct libdeflate_decompressor *inflater;
	enum libdeflate_result result;

	if (r.short_read || (head & 0xf0) != 0x80 || size > size_max ||
	    size > (packed.size + 1) * DEFLATE_RATIO_MAX)
		return -1;
	inflater = libdeflate_alloc_decompressor();
	if (inflater == NULL)
		return -1;
	buffer_reserve(out, size + 1); /* nothing has a place, too */
	if ((head & 8) != 0)
		result = libdeflate_deflate_decompress(inflater, r.at, reader_left(&r),
						       out->data + out->size, size, NULL);
	else
		result = libdeflate_zlib_decompress(inflater, r.at, reader_left(&r),
						    out->data + out->size, size, NULL);
	libdeflate_free_decompressor(inflater);
	if (result != LIBDEFLATE_SUCCESS)
		return -1;
	out->size += size;
	return 0;
}

int decoder_inflate(struct decoder *d, struct bytes packed, struct err *e)
{
	buffer_clear(&d->inflated);
	if (mariadb_inflate(&d->inflated, packed, EVENT_BYTES_MAX) < 0)
		return err_set(e, ERR_DATA, "its compressed part is malformed");
	return 0;
}
