/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON columns of the log. Debezium prints the log's binary form anew: no spaces, a double without an exponent (where
 * Java would take one: all digits that the double has), escapes with upper-case digits. We begin with the server's
 * text, which shows a double by a point or an exponent in it.
 */
#include "message/put.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define EXACT_MAX      1100u /* digits of the smallest double, and of the largest */
#define POINT_MAX      128u  /* a number that the server writes without an exponent */
#define DOUBLE_DIGITS  17u
#define NUMBER_LONGEST 64u   /* more is not a double's text */

static bool is_number(uint8_t c)
{
	return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

static bool has_any(struct bytes text, const char *set)
{
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] != 0 && strchr(set, text.data[i]) != NULL)
			return true;
	}
	return false;
}

static struct bytes number_at(const uint8_t *s, const uint8_t *end)
{
	const uint8_t *start = s;

	while (s < end && is_number(*s))
		s++;
	return (struct bytes){ start, (size_t)(s - start) };
}

/* Java's text of the double; where that has an exponent, the exact value. */
static uint8_t *put_plain_double(uint8_t *at, double v)
{
	double size = fabs(v);
	char exact[EXACT_MAX];
	size_t digits;

	if (size == 0 || (size >= 1e-3 && size < 1e7))
		return put_double(at, v);
	digits = (size_t)snprintf(exact, sizeof(exact), "%.*f", size < 1 ? 1074 : 64, v);
	while (exact[digits - 1] == '0')
		digits--;
	return put_bytes(at, (struct bytes){ (const uint8_t *)exact, digits - (exact[digits - 1] == '.') });
}

/* Without the zeros in front. */
static size_t digit_count(struct bytes text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.size; i++)
		count += text.data[i] >= (count > 0 ? '0' : '1') && text.data[i] <= '9';
	return count;
}

/* A decimal may end in zeros, or have more digits than a double: such a text is its own. */
static bool is_double(struct bytes text, double v)
{
	uint8_t last = text.data[text.size - 1];
	bool ends_in_zero = last == '0' && text.size > 1 && text.data[text.size - 2] != '.';

	return isfinite(v) && (has_any(text, "eE") || (!ends_in_zero && digit_count(text) <= DOUBLE_DIGITS));
}

static uint8_t *put_number(uint8_t *at, struct bytes text)
{
	char copy[NUMBER_LONGEST];
	double v;

	if (text.size >= sizeof(copy) || !has_any(text, ".eE"))
		return put_bytes(at, text);
	memcpy(copy, text.data, text.size);
	copy[text.size] = 0;
	v = strtod(copy, NULL);
	return is_double(text, v) ? put_plain_double(at, v) : put_bytes(at, text);
}

/* The string that begins at `s`, with its quotes. */
static struct bytes string_at(const uint8_t *s, const uint8_t *end)
{
	const uint8_t *start = s++;

	while (s < end && *s != '"')
		s += *s == '\\' && end - s > 1 ? 2 : 1;
	return (struct bytes){ start, (size_t)(s - start) + (s < end) };
}

/* The four digits of \u001f as Java has them; false: they are something else. */
static bool read_digits(uint8_t *out, const uint8_t *s, const uint8_t *end)
{
	if (end - s < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		bool is_letter = s[i] >= 'a' && s[i] <= 'f';

		if (!is_letter && !(s[i] >= '0' && s[i] <= '9') && !(s[i] >= 'A' && s[i] <= 'F'))
			return false;
		out[i] = (uint8_t)(is_letter ? s[i] - 32 : s[i]);
	}
	return true;
}

static uint8_t *put_inner_string(uint8_t *at, struct bytes text)
{
	const uint8_t *start = text.data, *end = text.data + text.size, *s = start;
	uint8_t digits[4];

	while (s < end) {
		if (*s != '\\' || end - s < 2) {
			s++;
			continue;
		}
		s += 2;
		if (s[-1] != 'u' || !read_digits(digits, s, end))
			continue;
		at = put_inner(at, (struct bytes){ start, (size_t)(s - start) });
		at = put_bytes(at, (struct bytes){ digits, 4 });
		s += 4;
		start = s;
	}
	return put_inner(at, (struct bytes){ start, (size_t)(s - start) });
}

uint8_t *put_log_json(uint8_t *at, struct bytes json)
{
	const uint8_t *s = json.data, *end = json.data + json.size;
	struct bytes part;

	*at++ = '"';
	while (s < end) {
		part = (struct bytes){ s, 1 };
		if (*s == '"') {
			part = string_at(s, end);
			at = put_inner_string(at, part);
		} else if (is_number(*s) && *s != 'e' && *s != 'E') {
			part = number_at(s, end);
			at = put_number(at, part);
		} else if (*s != ' ') {
			at = put_inner(at, part);
		}
		s += part.size;
	}
	*at++ = '"';
	return at;
}

size_t put_log_json_size(struct bytes json)
{
	size_t size = json.size * 6 + 2;

	for (size_t i = 0; i < json.size; i++) {
		if (json.data[i] == '.')
			size += POINT_MAX;
		else if ((json.data[i] | 32) == 'e' && i > 0 && json.data[i - 1] >= '0' && json.data[i - 1] <= '9')
			size += EXACT_MAX;
	}
	return size;
}
