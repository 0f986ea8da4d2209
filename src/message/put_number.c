/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers in JSON. The shortest digits of a double: it and the ends of the interval that reads back as it are m / 2^s
 * times 10^k exactly, in integers of 128 bits, as long as it is not very large or small; the number in the interval
 * with the most zeros at its end, nearest to the double, is it. The rest takes the C library, fifty times slower.
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

static const uint64_t tens[20] = {
	0u, 10u, 100u, 1000u, 10000u, 100000u, 1000000u, 10000000u, 100000000u, 1000000000u, 10000000000u,
	100000000000u, 1000000000000u, 10000000000000u, 100000000000000u, 1000000000000000u, 10000000000000000u,
	100000000000000000u, 1000000000000000000u, 10000000000000000000u,
};

/* At least 1. */
static unsigned digit_count(uint64_t v)
{
	unsigned bits = 64 - (unsigned)__builtin_clzll(v | 1), least = bits * 1233 >> 12; /* log10(2) = 1233 / 4096 */

	return least + (v >= tens[least]);
}

uint8_t *put_uint(uint8_t *at, uint64_t v)
{
	uint8_t *end = at + digit_count(v), *digit = end;

	for (; v >= 100; v /= 100)
		memcpy(digit -= 2, put_pairs + v % 100 * 2, 2);
	if (v >= 10)
		memcpy(digit - 2, put_pairs + v * 2, 2);
	else
		digit[-1] = (uint8_t)('0' + v);
	return end;
}

/* digits * 10^exponent */
struct shortest {
	uint64_t digits;
	int exponent;
};

__extension__ typedef unsigned __int128 uint128_t;

/* What is different between the two kinds of numbers. */
struct precision {
	int bits;      /* of the mantissa */
	int digits;    /* that tell every number from its neighbours, less one */
	int power_max; /* 5^power_max times four mantissas is below 2^127 */
};

static const struct precision of_double = { 53, 16, 31 };
static const struct precision of_float = { 24, 8, 43 };

/* 5^power, power <= 54 */
static uint128_t power_of_five(int power)
{
	static const uint64_t powers_of_five[] = {
		1u, 5u, 25u, 125u, 625u, 3125u, 15625u, 78125u, 390625u, 1953125u,
		9765625u, 48828125u, 244140625u, 1220703125u, 6103515625u, 30517578125u,
		152587890625u, 762939453125u, 3814697265625u, 19073486328125u,
		95367431640625u, 476837158203125u, 2384185791015625u, 11920928955078125u,
		59604644775390625u, 298023223876953125u, 1490116119384765625u,
		7450580596923828125u,
	};
	const int last = sizeof(powers_of_five) / sizeof(powers_of_five[0]) - 1;

	if (power <= last)
		return powers_of_five[power];
	return (uint128_t)powers_of_five[last] * powers_of_five[power - last];
}

/* The largest power of ten with a multiple in [low, high]; `exponent` says which. */
static uint64_t power_within(uint64_t low, uint64_t high, int *exponent)
{
	static const struct {
		uint64_t factor;
		int exponent;
	} steps[] = { { 100000000, 8 }, { 10000, 4 }, { 100, 2 }, { 10, 1 }, { 10, 1 } };
	uint64_t power = 1;

	*exponent = 0;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		uint64_t next = power * steps[i].factor;

		if (high / next * next < low || high < next)
			continue;
		power = next;
		*exponent += steps[i].exponent;
	}
	return power;
}

/* Of mantissa * 2^exponent. False: too large or too small for this. */
static bool shortest_exact(struct shortest *out, uint64_t mantissa, int exponent, const struct precision *p)
{
	int ten = ((exponent + p->bits - 1) * 1233) >> 12; /* 10^ten is the number's first digit, or less */
	int power = p->digits - ten, shift = 2 - exponent - power, zeros;
	bool is_low_end = mantissa == (uint64_t)1 << (p->bits - 1); /* the neighbour below is nearer */
	uint64_t odd = mantissa & 1, low, high, unit, nearest;
	uint128_t five, middle, part;

	if (power < 0 || power > p->power_max || mantissa >> (p->bits - 1) == 0)
		return false;
	five = power_of_five(power);
	if (shift < 0)
		five <<= -shift;
	shift = shift < 0 ? 0 : shift;
	part = ((uint128_t)1 << shift) - 1;
	middle = five * (4 * mantissa);
	/* the ends read back as the number when its mantissa is even */
	high = (uint64_t)((middle + 2 * five - odd) >> shift);
	low = (uint64_t)((middle - (is_low_end ? five : 2 * five) + part + odd) >> shift);
	unit = power_within(low, high, &zeros);
	nearest = (uint64_t)(middle >> shift) / unit * unit;
	middle -= (uint128_t)nearest << shift;
	if (middle > ((uint128_t)unit << shift) / 2 || nearest < low)
		nearest += nearest + unit <= high ? unit : 0;
	*out = (struct shortest){ nearest / unit, zeros - power };
	return true;
}

static bool shortest_double(struct shortest *out, double v)
{
	uint64_t bits;
	int exponent;

	memcpy(&bits, &v, sizeof(bits));
	exponent = (int)(bits >> 52) - 1075;
	return shortest_exact(out, (bits & 0xfffffffffffff) | (uint64_t)(exponent > -1075) << 52, exponent,
			      &of_double);
}

static bool shortest_float(struct shortest *out, float v)
{
	uint32_t bits;
	int exponent;

	memcpy(&bits, &v, sizeof(bits));
	exponent = (int)(bits >> 23) - 150;
	return shortest_exact(out, (bits & 0x7fffff) | (uint64_t)(exponent > -150) << 23, exponent, &of_float);
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

/* What has no digits: as Jackson has it, in quotes. */
static uint8_t *put_special(uint8_t *at, double v)
{
	if (v == 0)
		return PUT_LITERAL(at, "0.0");
	return isnan(v) ? PUT_LITERAL(at, "\"NaN\"") : PUT_LITERAL(at, "\"Infinity\"");
}

uint8_t *put_double(uint8_t *at, double v)
{
	struct shortest s;

	if (v == -INFINITY)
		return PUT_LITERAL(at, "\"-Infinity\"");
	if (signbit(v) && !isnan(v)) {
		*at++ = '-';
		v = -v;
	}
	if (v == 0 || !isfinite(v))
		return put_special(at, v);
	if (!shortest_double(&s, v))
		s = double_by_library(v);
	return put_shortest(at, s);
}

uint8_t *put_float(uint8_t *at, float v)
{
	struct shortest s;

	if (v == 0 || !isfinite(v))
		return put_double(at, (double)v);
	if (signbit(v)) {
		*at++ = '-';
		v = -v;
	}
	if (!shortest_float(&s, v))
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
