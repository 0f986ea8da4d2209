/* SPDX-License-Identifier: Apache-2.0 */
#include "table/uuid.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

static const char z85_digits[] =
	"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	".-:+=^!/*?&<>()[]{}@%$#";

void uuid_random(uint8_t out[UUID_BYTES])
{
	ssize_t n = getrandom(out, UUID_BYTES, 0);

	assert(n == UUID_BYTES); /* up to 256 bytes come whole */
	out[6] = (uint8_t)((out[6] & 0x0f) | 0x40);
	out[8] = (uint8_t)((out[8] & 0x3f) | 0x80);
}

void uuid_format(char out[UUID_TEXT_BYTES + 1], const uint8_t uuid[UUID_BYTES])
{
	char *at = out;

	for (int i = 0; i < UUID_BYTES; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*at++ = '-';
		snprintf(at, 3, "%02x", uuid[i]);
		at += 2;
	}
}

void z85_encode(struct buffer *out, struct bytes data)
{
	assert(data.size % 4 == 0);
	for (size_t i = 0; i < data.size; i += 4) {
		uint32_t v = (uint32_t)data.data[i] << 24 |
			     (uint32_t)data.data[i + 1] << 16 |
			     (uint32_t)data.data[i + 2] << 8 | data.data[i + 3];
		uint8_t *at = buffer_grow(out, 5);

		for (int digit = 4; digit >= 0; digit--, v /= 85)
			at[digit] = (uint8_t)z85_digits[v % 85];
	}
}

bool z85_decode(struct buffer *out, struct bytes text)
{
	if (text.size % 5 != 0)
		return false;
	for (size_t i = 0; i < text.size; i += 5) {
		uint64_t v = 0;

		for (size_t j = i; j < i + 5; j++) {
			const char *digit = memchr(z85_digits, text.data[j], 85);

			if (digit == NULL)
				return false;
			v = v * 85 + (uint64_t)(digit - z85_digits);
		}
		if (v > UINT32_MAX)
			return false;
		for (int shift = 24; shift >= 0; shift -= 8)
			buffer_char(out, (char)(v >> shift & 0xff));
	}
	return true;
}
