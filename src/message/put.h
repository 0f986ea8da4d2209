/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON as Jackson and Java write it, into memory that the caller has reserved: each writes at `at` and returns the
 * place behind. The most that each needs stands beside it.
 */
#ifndef MESSAGE_PUT_H
#define MESSAGE_PUT_H

#include <string.h>

#include "base/bytes.h"
#include "change/schema.h"

static inline uint8_t *put_bytes(uint8_t *at, struct bytes b)
{
	if (b.size > 0) /* nothing may be NULL */
		memcpy(at, b.data, b.size);
	return at + b.size;
}

#define PUT_LITERAL(at, text) put_bytes((at), BYTES_OF(text))

extern const char put_pairs[200]; /* "000102" to "99" */

static inline uint8_t *put_two(uint8_t *at, uint32_t v)
{
	memcpy(at, put_pairs + v * 2, 2);
	return at + 2;
}

#define PUT_INT_MAX 20u

uint8_t *put_uint(uint8_t *at, uint64_t v);
static inline uint8_t *put_int(uint8_t *at, int64_t v)
{
	if (v < 0)
		*at++ = '-';
	return put_uint(at, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

/*
 * A text in quotes; it must be UTF-8. What is beyond U+FFFF becomes a pair of escapes (\uD83D\uDE00) and the digits
 * of escapes are upper case, as Jackson's writer of bytes has it. put_string_size: the most that it needs.
 */
uint8_t *put_string(uint8_t *at, struct bytes text);
uint8_t *put_inner(uint8_t *at, struct bytes text); /* without the quotes */
size_t put_string_size(struct bytes text);

/* The same at the buffer's end; NULL becomes null. */
void append_string(struct buffer *out, const char *text);
void append_bytes_string(struct buffer *out, struct bytes text);

/* A field of a Connect schema. */
#define SCHEMA_FIELD(type, optional, name) \
	"{\"type\":\"" type "\",\"optional\":" optional ",\"field\":\"" name "\"}"

#define PUT_BASE64_MAX(size) (((size) + 2) / 3 * 4 + 2)

/* In quotes. RFC 4648 section 4 or, with `is_url_safe`, 5; both padded. */
uint8_t *put_base64(uint8_t *at, struct bytes b, bool is_url_safe);
uint8_t *put_hex(uint8_t *at, struct bytes b); /* in quotes, lower case; 2 * size + 2 */

#define PUT_DOUBLE_MAX 26u

/* As Double.toString and Float.toString: "1.0", "1.0E10"; what is not finite in quotes. */
uint8_t *put_double(uint8_t *at, double v);
uint8_t *put_float(uint8_t *at, float v);

#define PUT_DECIMAL_MAX 44u

/* All digits of v / 10^scale, without quotes; scale <= 38. */
uint8_t *put_decimal(uint8_t *at, int128_t v, unsigned scale);
/* The big-endian two's complement of as few bytes as hold it, in base64. */
uint8_t *put_unscaled(uint8_t *at, int128_t v);
/* The same of the digits in "-12.30", at most 80 of them; PUT_UNSCALED_TEXT_MAX bytes. */
#define PUT_UNSCALED_TEXT_MAX 64u
uint8_t *put_unscaled_text(uint8_t *at, struct bytes decimal);
/* v / 10^scale as the nearest double. */
double decimal_double(int128_t v, unsigned scale);

#define PUT_TIMESTAMP_MAX 40u

/* "2026-08-01" of the days since 1970; years 0 to 9999. */
uint8_t *put_date(uint8_t *at, int32_t days);
/*
 * "10:00:00.123456" of the microseconds since midnight. `fraction_digits` 0 to 6; PUT_FRACTION_SHORTEST: as many as
 * it takes, none for 0.
 */
#define PUT_FRACTION_SHORTEST 7u
uint8_t *put_clock(uint8_t *at, int64_t us, unsigned fraction_digits);
/* "2026-08-01T10:00:00Z" of the microseconds since 1970. */
uint8_t *put_timestamp(uint8_t *at, int64_t us, unsigned fraction_digits);

/* A JSON text as a string in quotes: as MySQL's log has it, printed by Debezium, from the server's text of it. */
uint8_t *put_log_json(uint8_t *at, struct bytes json);
size_t put_log_json_size(struct bytes json);

#endif
