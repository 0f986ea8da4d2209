/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value = type u8, body. Offsets count from the body's start; "small" containers have
 * 2-byte numbers, "large" ones 4-byte:
 *
 *   object   count, size, count x { key offset, key length u16 }, count x { type u8,
 * value or its offset } array    count, size, count x { type u8, value or its offset }
 *   string   length (7 bits a byte, lowest first, high bit = more), UTF-8
 *   opaque   column type u8, length as above, bytes
 *   literal  u8: 0 null, 1 true, 2 false; 16-bit numbers and literals, in large
 * containers 32-bit numbers too, stand in the entry itself
 *
 * Entries may point anywhere, so a hostile value can repeat a part without end: the
 * text's size is bounded by the value's.
 */
#include "source/mysql/json_binary.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "change/json_patch.h"
#include "source/mysql/value.h"
#include "source/mysql/value_decode.h"

enum json_type {
	JSON_SMALL_OBJECT,
	JSON_LARGE_OBJECT,
	JSON_SMALL_ARRAY,
	JSON_LARGE_ARRAY,
	JSON_LITERAL,
	JSON_INT16,
	JSON_UINT16,
	JSON_INT32,
	JSON_UINT32,
	JSON_INT64,
	JSON_UINT64,
	JSON_DOUBLE,
	JSON_STRING,
	JSON_OPAQUE = 15,
};

#define JSON_DEPTH_MAX 101 /* the server's own limit is 100 */

struct json_text {
	struct buffer *out;
	size_t size_max;
};

static int add_value(struct json_text *t, uint8_t type, struct bytes body, int depth);

static struct bytes bytes_from(struct bytes b, size_t offset)
{
	struct reader r = reader_of(b);

	reader_skip(&r, offset);
	return (struct bytes){ r.at, reader_left(&r) };
}

static struct bytes varlen_bytes(struct reader *r)
{
	return reader_bytes(r, reader_varint(r));
}

static int add_literal(struct json_text *t, uint64_t v)
{
	static const char *const words[] = { "null", "true", "false" };

	if (v > 2)
		return -1;
	buffer_text(t->out, words[v]);
	return 0;
}

static void add_digits(struct buffer *out, const char *digits, int count, int point)
{
	if (point <= 0) {
		buffer_text(out, "0.");
		for (int i = point; i < 0; i++)
			buffer_char(out, '0');
		buffer_append(out, digits, (size_t)count);
	} else if (point >= count) {
		buffer_append(out, digits, (size_t)count);
		for (int i = count; i < point; i++)
			buffer_char(out, '0');
		buffer_text(out, ".0");
	} else {
		buffer_append(out, digits, (size_t)point);
		buffer_char(out, '.');
		buffer_append(out, digits + point, (size_t)(count - point));
	}
}

/* The shortest digits that read back as `v`, "d.ddde±x". Below DBL_MIN fewer than 15 may
 * do. */
static void shortest(char *out, size_t size, double v)
{
	int precision = v < 2.2250738585072014e-308 ? 0 : 14;

	for (; precision < 17; precision++) {
		snprintf(out, size, "%.*e", precision, v);
		if (strtod(out, NULL) == v)
			return;
	}
}

/* Zeros that are written out in front of the digits or behind them; a fraction always is. */
#define POINT_MAX 15

void json_binary_double(struct buffer *out, double v)
{
	char text[40], digits[20];
	int count = 0, exponent, point;

	if (signbit(v) != 0)
		buffer_char(out, '-');
	shortest(text, sizeof(text), fabs(v));
	for (const char *at = text; *at != 'e' && *at != 0; at++) {
		if (*at != '.')
			digits[count++] = *at;
	}
	while (count > 1 && digits[count - 1] == '0')
		count--;
	exponent = strchr(text, 'e') != NULL ? atoi(strchr(text, 'e') + 1) : 0;
	point = exponent + 1;
	if (v == 0 || (point > -POINT_MAX && (point <= POINT_MAX || count > point))) {
		add_digits(out, digits, count, point);
		return;
	}
	buffer_char(out, digits[0]);
	if (count > 1)
		buffer_char(out, '.');
	buffer_append(out, digits + 1, (size_t)(count - 1));
	buffer_format(out, "e%d", exponent);
}

static int add_decimal(struct buffer *out, struct bytes data)
{
	struct reader r = reader_of(data);
	uint8_t precision = reader_u8(&r), scale = reader_u8(&r);
	struct bytes image = reader_bytes(&r, reader_left(&r));

	return value_decimal_text(out, precision, scale, image) ? 0 : -1;
}

static void add_date(struct buffer *out, uint64_t date)
{
	uint64_t months = date >> 5;

	buffer_format(out, "%04u-%02u-%02u", (unsigned)(months / 13),
		      (unsigned)(months % 13), (unsigned)(date & 31));
}

/* Packed: 17 bits year * 13 + month, 5 day, 5 (TIME: 10) hour, 6 minute, 6 second, 24
 * microsecond. */
static int add_temporal(struct buffer *out, uint8_t type, struct bytes data)
{
	struct reader r = reader_of(data);
	int64_t packed = (int64_t)reader_u64le(&r);
	uint64_t v = packed < 0 ? 0 - (uint64_t)packed : (uint64_t)packed;
	uint64_t whole = v >> 24,
		 hours = type == MYSQL_TIME ? whole >> 12 & 1023 : whole >> 12 & 31;

	if (r.short_read || reader_left(&r) > 0)
		return -1;
	buffer_char(out, '"');
	if (packed < 0)
		buffer_char(out, '-');
	if (type != MYSQL_TIME)
		add_date(out, whole >> 17);
	if (type != MYSQL_TIME && type != MYSQL_DATE)
		buffer_char(out, ' ');
	if (type != MYSQL_DATE)
		buffer_format(out, "%02u:%02u:%02u.%06u", (unsigned)hours,
			      (unsigned)(whole >> 6 & 63), (unsigned)(whole & 63),
			      (unsigned)(v & 0xffffff));
	buffer_char(out, '"');
	return 0;
}

#define BASE64_LINE 76 /* the server breaks its base64 text, as MIME does */

static void add_base64(struct buffer *out, uint8_t type, struct bytes data)
{
	struct buffer line = { 0 };

	text_base64(&line, data);
	buffer_format(out, "\"base64:type%u:", type);
	for (size_t at = 0; at < line.size; at += BASE64_LINE) {
		size_t left = line.size - at;

		if (at > 0)
			buffer_text(out, "\\n");
		buffer_append(out, line.data + at,
			      left < BASE64_LINE ? left : BASE64_LINE);
	}
	buffer_char(out, '"');
	buffer_release(&line);
}

static int add_opaque(struct json_text *t, struct bytes body)
{
	struct reader r = reader_of(body);
	uint8_t type = reader_u8(&r);
	struct bytes data = varlen_bytes(&r);

	if (r.short_read)
		return -1;
	switch (type) {
	case MYSQL_NEWDECIMAL:
		return add_decimal(t->out, data);
	case MYSQL_DATE:
	case MYSQL_TIME:
	case MYSQL_DATETIME:
	case MYSQL_TIMESTAMP:
		return add_temporal(t->out, type, data);
	default:
		add_base64(t->out, type, data);
		return 0;
	}
}

static int add_string(struct json_text *t, struct bytes body)
{
	struct reader r = reader_of(body);
	struct bytes text = varlen_bytes(&r);

	if (r.short_read || !text_is_utf8(text))
		return -1;
	text_json(t->out, text);
	return 0;
}

static int add_scalar(struct json_text *t, uint8_t type, struct bytes body)
{
	struct reader r = reader_of(body);
	uint64_t bits;
	double d;

	switch (type) {
	case JSON_LITERAL:
		return add_literal(t, reader_u8(&r)) < 0 || r.short_read ? -1 : 0;
	case JSON_INT16:
		text_int(t->out, (int16_t)reader_u16le(&r));
		break;
	case JSON_UINT16:
		text_uint(t->out, reader_u16le(&r));
		break;
	case JSON_INT32:
		text_int(t->out, (int32_t)reader_u32le(&r));
		break;
	case JSON_UINT32:
		text_uint(t->out, reader_u32le(&r));
		break;
	case JSON_INT64:
		text_int(t->out, (int64_t)reader_u64le(&r));
		break;
	case JSON_UINT64:
		text_uint(t->out, reader_u64le(&r));
		break;
	case JSON_DOUBLE:
		bits = reader_u64le(&r);
		memcpy(&d, &bits, sizeof(d));
		if (!isfinite(d))
			return -1;
		json_binary_double(t->out, d);
		break;
	default:
		return -1;
	}
	return r.short_read ? -1 : 0;
}

static bool is_inline(uint8_t type, bool is_large)
{
	return type == JSON_LITERAL || type == JSON_INT16 || type == JSON_UINT16 ||
	       (is_large && (type == JSON_INT32 || type == JSON_UINT32));
}

static int add_entry(struct json_text *t, struct bytes body, struct reader *entries,
		     bool is_large, int depth)
{
	uint8_t type = reader_u8(entries);
	struct bytes inlined = { entries->at, reader_left(entries) };
	uint64_t offset = reader_uint_le(entries, is_large ? 4 : 2);

	if (entries->short_read)
		return -1;
	if (is_inline(type, is_large))
		return add_scalar(t, type, inlined);
	return add_value(t, type, bytes_from(body, offset), depth + 1);
}

static int add_key(struct json_text *t, struct bytes body, struct reader *keys,
		   bool is_large)
{
	uint64_t offset = reader_uint_le(keys, is_large ? 4 : 2);
	uint16_t length = reader_u16le(keys);
	struct reader r = reader_of(bytes_from(body, offset));
	struct bytes key = reader_bytes(&r, length);

	if (keys->short_read || r.short_read || !text_is_utf8(key))
		return -1;
	text_json(t->out, key);
	buffer_text(t->out, ": ");
	return 0;
}

static int add_container(struct json_text *t, bool is_object, bool is_large,
			 struct bytes body, int depth)
{
	size_t width = is_large ? 4 : 2;
	struct reader r = reader_of(body), keys;
	uint64_t count = reader_uint_le(&r, width), size = reader_uint_le(&r, width);

	if (r.short_read || size > body.size || depth > JSON_DEPTH_MAX)
		return -1;
	keys = r;
	if (is_object)
		reader_skip(&r, count * (width + 2));
	buffer_char(t->out, is_object ? '{' : '[');
	for (uint64_t i = 0; i < count; i++) {
		if (i > 0)
			buffer_text(t->out, ", ");
		if (is_object && add_key(t, body, &keys, is_large) < 0)
			return -1;
		if (add_entry(t, body, &r, is_large, depth) < 0 ||
		    t->out->size > t->size_max)
			return -1;
	}
	buffer_char(t->out, is_object ? '}' : ']');
	return 0;
}

static int add_value(struct json_text *t, uint8_t type, struct bytes body, int depth)
{
	switch (type) {
	case JSON_SMALL_OBJECT:
	case JSON_LARGE_OBJECT:
		return add_container(t, true, type == JSON_LARGE_OBJECT, body, depth);
	case JSON_SMALL_ARRAY:
	case JSON_LARGE_ARRAY:
		return add_container(t, false, type == JSON_LARGE_ARRAY, body, depth);
	case JSON_STRING:
		return add_string(t, body);
	case JSON_OPAQUE:
		return add_opaque(t, body);
	default:
		return add_scalar(t, type, body);
	}
}

int json_binary_text(struct buffer *out, struct bytes value)
{
	struct json_text t = { .out = out,
			       .size_max = out->size + value.size * 16 + 256 };
	struct reader r = reader_of(value);
	uint8_t type = reader_u8(&r);

	if (value.size ==
	    0) { /* what an empty column default leaves behind; the server prints it so */
		buffer_text(out, "null");
		return 0;
	}
	return add_value(&t, type, (struct bytes){ r.at, reader_left(&r) }, 0);
}

/* Repeated { operation u8, path length lenenc, path, [value length lenenc, binary JSON]
 * }. */
int json_binary_patch(struct buffer *patch, struct bytes diffs)
{
	struct reader r = reader_of(diffs);
	struct buffer text = { 0 };
	int rc = 0;

	while (rc == 0 && reader_left(&r) > 0) {
		uint8_t operation = reader_u8(&r);
		struct bytes path = reader_bytes(&r, reader_lenenc(&r));

		buffer_clear(&text);
		if (operation > JSON_REMOVE)
			rc = -1;
		else if (operation != JSON_REMOVE)
			rc = json_binary_text(&text, reader_bytes(&r, reader_lenenc(&r)));
		if (r.short_read)
			rc = -1;
		if (rc == 0)
			json_patch_add(patch, (enum json_operation)operation, path,
				       buffer_bytes(&text));
	}
	buffer_release(&text);
	return rc;
}
