/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers in JSON. The shortest digits of a double are found by trying: a decimal of at most 15 digits that is the
 * double is the only one, and its digits as an integer divided by a power of ten up to 10^22 are exact. What needs
 * more digits takes the C library, ten times slower.
 */
#include "message/put.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define EXACT_POWER_MAX 22

static const double powers[EXACT_POWER_MAX + 1] = {
	1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
};

const char put_pairs[200] = {
	"0001020304050607080910111213141516171819"
	"2021222324252627282930313233343536373839"
	"4041424344454647484950515253545556575859"
	"6061626364656667686970717273747576777879"
	"8081828384858687888990919293949596979899"
};

uint8_t *put_uint(uint8_t *at, uint64_t v)
{
	uint8_t digits[PUT_INT_MAX];
	size_t start = sizeof(digits);

	while (v >= 100) {
		start -= 2;
		memcpy(digits + start, put_pairs + v % 100 * 2, 2);
		v /= 100;
	}
	if (v >= 10) {
		start -= 2;
		memcpy(digits + start, put_pairs + v * 2, 2);
	} else {
		digits[--start] = (uint8_t)('0' + v);
	}
	memcpy(at, digits + start, sizeof(digits) - start);
	return at + (sizeof(digits) - start);
}

/* digits * 10^exponent */
struct shortest {
	uint64_t digits;
	int exponent;
};

static bool double_by_trying(struct shortest *out, double v)
{
	for (int power = 0; power <= EXACT_POWER_MAX; power++) {
		double scaled = v * powers[power], whole;

		if (scaled >= 1e15)
			return false;
		whole = nearbyint(scaled);
		if (whole > 0 && whole / powers[power] == v) {
			*out = (struct shortest){ (uint64_t)whole, -power };
			return true;
		}
	}
	return false;
}

/* A double half way between two floats was rounded to there, perhaps: which of them it means is not known. */
static bool is_half_way(double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	return (bits & 0x1fffffff) == 0x10000000;
}

static bool float_by_trying(struct shortest *out, float v)
{
	for (int power = 0; power <= EXACT_POWER_MAX; power++) {
		double scaled = (double)v * powers[power], whole, back;

		if (scaled >= 1e9)
			return false;
		whole = nearbyint(scaled);
		back = whole / powers[power];
		if (whole > 0 && (float)back == v && !is_half_way(back)) {
			*out = (struct shortest){ (uint64_t)whole, -power };
			return true;
		}
	}
	return false;
}

/* From "d.ddde-05". */
static struct shortest read_scientific(const char *text)
{
	struct shortest s = { 0 };

	for (; *text != 'e'; text++) {
		if (*text != '.') {
			s.digits = s.digits * 10 + (uint64_t)(*text - '0');
			s.exponent--;
		}
	}
	s.exponent += 1 + (int)strtol(text + 1, NULL, 10);
	return s;
}

static struct shortest double_by_library(double v)
{
	char text[32];

	for (int precision = 0; precision <= 16; precision++) {
		snprintf(text, sizeof(text), "%.*e", precision, v);
		if (strtod(text, NULL) == v)
			break;
		if (precision == 0)
			precision = v < 1e-290 ? 0 : 13; /* only subnormal ones and large powers need so few */
	}
	return read_scientific(text);
}

static struct shortest float_by_library(float v)
{
	char text[32];

	for (int precision = 0; precision <= 8; precision++) {
		snprintf(text, sizeof(text), "%.*e", precision, (double)v);
		if (strtof(text, NULL) == v)
			break;
	}
	return read_scientific(text);
}

static uint8_t *put_zeros(uint8_t *at, int count)
{
	for (; count > 0; count--)
		*at++ = '0';
	return at;
}

/* Java's form: plain from 10^-3 to below 10^7, else scientific; always a digit behind the point. */
static uint8_t *put_shortest(uint8_t *at, struct shortest s)
{
	uint8_t digits[PUT_INT_MAX];
	int count, first; /* power of ten of the first digit */

	while (s.digits % 10 == 0) {
		s.digits /= 10;
		s.exponent++;
	}
	count = (int)(put_uint(digits, s.digits) - digits);
	first = count - 1 + s.exponent;
	if (first < -3 || first >= 7) {
		*at++ = digits[0];
		*at++ = '.';
		if (count == 1)
			*at++ = '0';
		at = put_bytes(at, (struct bytes){ digits + 1, (size_t)count - 1 });
		*at++ = 'E';
		return put_int(at, first);
	}
	if (first < 0) {
		at = PUT_LITERAL(at, "0.");
		at = put_zeros(at, -1 - first);
		return put_bytes(at, (struct bytes){ digits, (size_t)count });
	}
	if (s.exponent >= 0) {
		at = put_bytes(at, (struct bytes){ digits, (size_t)count });
		at = put_zeros(at, s.exponent);
		return PUT_LITERAL(at, ".0");
	}
	at = put_bytes(at, (struct bytes){ digits, (size_t)first + 1 });
	*at++ = '.';
	return put_bytes(at, (struct bytes){ digits + first + 1, (size_t)(count - first - 1) });
}

uint8_t *put_double(uint8_t *at, double v)
{
	struct shortest s;

	if (signbit(v)) {
		*at++ = '-';
		v = -v;
	}
	if (v == 0)
		return PUT_LITERAL(at, "0.0");
	if (!double_by_trying(&s, v))
		s = double_by_library(v);
	return put_shortest(at, s);
}

uint8_t *put_float(uint8_t *at, float v)
{
	struct shortest s;

	if (signbit(v)) {
		*at++ = '-';
		v = -v;
	}
	if (v == 0)
		return PUT_LITERAL(at, "0.0");
	if (!float_by_trying(&s, v))
		s = float_by_library(v);
	return put_shortest(at, s);
}

static unsigned __int128 magnitude(int128_t v)
{
	return v < 0 ? 0 - (unsigned __int128)v : (unsigned __int128)v;
}

uint8_t *put_decimal(uint8_t *at, int128_t v, unsigned scale)
{
	unsigned __int128 left = magnitude(v);
	uint8_t text[PUT_DECIMAL_MAX];
	size_t start = sizeof(text);

	for (unsigned digits = 0; left > 0 || digits <= scale; digits++) {
		if (digits == scale && scale > 0)
			text[--start] = '.';
		if (left <= UINT64_MAX) {
			text[--start] = (uint8_t)('0' + (uint64_t)left % 10);
			left = (uint64_t)left / 10;
		} else {
			text[--start] = (uint8_t)('0' + (int)(left % 10));
			left /= 10;
		}
	}
	if (v < 0)
		text[--start] = '-';
	return put_bytes(at, (struct bytes){ text + start, sizeof(text) - start });
}

/* Without the leading bytes that only repeat the sign. */
static uint8_t *put_minimal(uint8_t *at, const uint8_t *big_endian, size_t size)
{
	size_t start = 0;

	while (start + 1 < size && (big_endian[start] == 0 || big_endian[start] == 0xff) &&
	       (big_endian[start] ^ big_endian[start + 1]) < 0x80)
		start++;
	return put_base64(at, (struct bytes){ big_endian + start, size - start }, false);
}

uint8_t *put_unscaled(uint8_t *at, int128_t v)
{
	uint64_t high = __builtin_bswap64((uint64_t)(v >> 64)), low = __builtin_bswap64((uint64_t)v);
	uint8_t bytes[16];

	memcpy(bytes, &high, 8);
	memcpy(bytes + 8, &low, 8);
	return put_minimal(at, bytes, sizeof(bytes));
}

uint8_t *put_unscaled_text(uint8_t *at, struct bytes decimal)
{
	uint8_t bytes[40] = { 0 }; /* 10^80 has 34 */
	bool is_negative = decimal.size > 0 && decimal.data[0] == '-';
	uint32_t carry;

	for (size_t i = 0; i < decimal.size; i++) {
		if (decimal.data[i] < '0' || decimal.data[i] > '9')
			continue;
		carry = (uint32_t)(decimal.data[i] - '0');
		for (size_t b = sizeof(bytes); b-- > 0;) {
			carry += bytes[b] * 10u;
			bytes[b] = (uint8_t)carry;
			carry >>= 8;
		}
	}
	carry = 1;
	for (size_t b = sizeof(bytes); is_negative && b-- > 0;) {
		carry += (uint8_t)~bytes[b];
		bytes[b] = (uint8_t)carry;
		carry >>= 8;
	}
	return put_minimal(at, bytes, sizeof(bytes));
}

double decimal_double(int128_t v, unsigned scale)
{
	unsigned __int128 size = magnitude(v);
	uint8_t text[PUT_DECIMAL_MAX + 1];

	if (size <= (uint64_t)1 << 53 && scale <= EXACT_POWER_MAX)
		return (double)(int64_t)v / powers[scale];
	*put_decimal(text, v, scale) = 0;
	return strtod((const char *)text, NULL);
}
