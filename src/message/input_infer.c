/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types by the looks of the values. They only ever widen: true and false are BOOLEAN; integers LONG, beyond 64 bits
 * DECIMAL(38,0); numbers with a fraction or an exponent DOUBLE as long as that prints the same digits again and the
 * integers beside them are exact in it; all else, and any mixture, is text as it is written. Objects and lists are
 * JSON text. A member that was only null so far is no column yet.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "message/input_table.h"
#include "message/put.h"
#include "message/spark_ddl.h"
#include "message/way_read.h"

enum guess {
	GUESS_BOOLEAN = 1,
	GUESS_INTEGER = 2,  /* exact in a double, too */
	GUESS_LONG = 4,     /* of 64 bits */
	GUESS_BIG = 8,      /* of 38 digits */
	GUESS_FRACTION = 16, /* exact enough in a double */
	GUESS_TEXT = 32,
};

#define DOUBLE_INTEGER_MAX ((int64_t)1 << 53)

static uint8_t guess_integer(struct bytes text)
{
	size_t digits = text.size - (text.data[0] == '-');
	int64_t v;

	if (text_parse_int(text, &v))
		return v >= -DOUBLE_INTEGER_MAX && v <= DOUBLE_INTEGER_MAX ? GUESS_INTEGER : GUESS_LONG;
	return digits <= 38 ? GUESS_BIG : GUESS_TEXT;
}

static bool same_digits(const struct decimal *a, const struct decimal *b)
{
	unsigned as = a->count, bs = b->count;
	int a_scale = a->scale, b_scale = b->scale;

	for (; as > 0 && a->digits[as - 1] == '0'; as--)
		a_scale--;
	for (; bs > 0 && b->digits[bs - 1] == '0'; bs--)
		b_scale--;
	return as == bs && (as == 0 || a_scale == b_scale) && memcmp(a->digits, b->digits, as) == 0;
}

/* 15 digits always survive a double; more are printed again. */
static uint8_t guess_fraction(struct bytes text)
{
	struct decimal given, again;
	uint8_t printed[PUT_DOUBLE_MAX], *end;
	char copy[64];

	if (text.size >= sizeof(copy) || !decimal_scan(&given, text))
		return GUESS_TEXT;
	if (given.count <= 15 && given.scale <= 300 && given.scale >= -290)
		return GUESS_FRACTION;
	memcpy(copy, text.data, text.size);
	copy[text.size] = 0;
	end = put_double(printed, strtod(copy, NULL));
	return decimal_scan(&again, (struct bytes){ printed, (size_t)(end - printed) }) && same_digits(&given, &again) ?
		       GUESS_FRACTION : GUESS_TEXT;
}

static bool is_integer(struct bytes text)
{
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] > '9' || text.data[i] == '.' || text.data[i] == '+')
			return false;
	}
	return true;
}

static uint8_t guess_of(const struct json_value *v)
{
	switch (v->type) {
	case JSON_NULL:
		return 0;
	case JSON_TRUE:
	case JSON_FALSE:
		return GUESS_BOOLEAN;
	case JSON_NUMBER:
		return is_integer(v->text) ? guess_integer(v->text) : guess_fraction(v->text);
	default:
		return GUESS_TEXT;
	}
}

static void type_of(uint8_t seen, struct declared *is)
{
	*is = (struct declared){ .type = TYPE_STRING, .is_nullable = true, .from.coding = CODING_PLAIN };
	if (seen == GUESS_BOOLEAN) {
		is->type = TYPE_BOOLEAN;
	} else if ((seen & ~(GUESS_INTEGER | GUESS_LONG)) == 0) {
		is->type = TYPE_LONG;
	} else if ((seen & ~(GUESS_INTEGER | GUESS_LONG | GUESS_BIG)) == 0) {
		is->type = TYPE_DECIMAL;
		is->precision = 38;
	} else if ((seen & ~(GUESS_INTEGER | GUESS_FRACTION)) == 0) {
		is->type = TYPE_DOUBLE;
	}
}

uint8_t guess_of_field(const struct field *f)
{
	static const uint8_t guesses[TYPES] = { [TYPE_BOOLEAN] = GUESS_BOOLEAN, [TYPE_LONG] = GUESS_INTEGER | GUESS_LONG,
						[TYPE_DECIMAL] = GUESS_BIG,     [TYPE_DOUBLE] = GUESS_FRACTION,
						[TYPE_STRING] = GUESS_TEXT };

	return f->source_type == NULL && f->scale == 0 ? guesses[f->type] : 0;
}

/* What becomes of a field that events are ordered by is refused before it is that. */
static int check_order(const struct input_table *t, const struct declared *is, struct err *e)
{
	struct field f = { .type = is->type, .precision = is->precision };

	if (!input_table_orders(t, is->name) || schema_can_order(&f))
		return 0;
	return err_set(e, ERR_DATA, "events cannot be ordered by column \"%s\" (--order-by), which is %s by its values: only by "
		       "numbers of at most 18 digits, dates and times; --schema could give its type",
		       (const char *)is->name.data, type_name(is->type));
}

int input_table_infer(struct input_table *t, const struct json_value *row, struct image_rules rules, struct err *e)
{
	struct json_cursor members = json_open(row);
	struct json_value v;
	struct bytes name;

	rules.is_old = true; /* either may be missing */
	if (image_check(row, rules, e) < 0)
		return -1;
	for (uint32_t hint = 0; json_next(&members, &name, &v);) {
		uint8_t seen = guess_of(&v);
		struct declared is;
		int at;

		if (rules.has_both)
			(void)image_old_name(row, &name);
		at = input_table_find(t, name, hint);
		hint = at >= 0 ? (uint32_t)at + 1 : hint;
		if (seen == 0 || (at >= 0 && (t->fields[at].is_final || (t->fields[at].guess | seen) == t->fields[at].guess)))
			continue;
		type_of((uint8_t)((at >= 0 ? t->fields[at].guess : 0) | seen), &is);
		is.name = name;
		if (check_order(t, &is, e) < 0)
			return -1;
		if (at >= 0 && t->fields[at].is_settled) {
			t->has_changes |= t->fields[at].is.type != is.type;
			t->fields[at].is = is;
		}
		if (input_table_declare(t, &is, e) < 0)
			return -1;
		at = input_table_find(t, name, hint);
		t->fields[at].guess |= seen;
	}
	return 0;
}

#define SUGGESTION_MAX 150u

/* The table's columns with this one as the type that holds its values, too; the one alone when they are too many. */
static void append_columns(const struct input_table *t, int place, const struct declared *is, bool is_alone,
			   struct buffer *out)
{
	struct schema *s = schema_new(t->database, t->table);

	for (int i = 0; i < (int)t->schema->field_count; i++) {
		const struct field *from = &t->schema->fields[i];
		struct field *to;

		if ((is_alone && i != place) || t->fields[t->places[i]].is_ours)
			continue;
		to = schema_add(s, from->name, i == place ? is->type : from->type, from->is_nullable);
		to->precision = i == place ? is->precision : from->precision;
		to->scale = i == place ? is->scale : from->scale;
	}
	spark_ddl_format(s, out);
	schema_release(s);
}

void input_table_suggest(const struct input_table *t, uint32_t field, const struct json_value *v, struct err *e)
{
	const struct input_field *f = &t->fields[field];
	struct buffer ddl = { 0 };
	struct err why = *e;
	struct declared is;
	bool is_long;

	type_of((uint8_t)(f->guess | guess_of(v)), &is);
	append_columns(t, f->place, &is, false, &ddl);
	is_long = ddl.size > SUGGESTION_MAX;
	if (is_long) {
		buffer_clear(&ddl);
		append_columns(t, f->place, &is, true, &ddl);
	}
	if (is.type != f->is.type)
		err_set(e, why.kind, "%.160s; the first messages told that type: --schema \"%s%.150s%s\" would do, with a lake "
			"table that has it moved away", why.text, is_long ? "..., " : "", buffer_string(&ddl),
			is_long ? ", ..." : "");
	buffer_release(&ddl);
}
