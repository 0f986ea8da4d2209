/* SPDX-License-Identifier: Apache-2.0 */
#include "message/input_table.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <xxhash.h>

static bool is_named(const struct input_field *f, struct bytes name)
{
	return f->name_size == name.size && memcmp(f->name, name.data, name.size) == 0;
}

/* The slot that has the name's field, or the free one where that belongs. */
static uint32_t *name_slot(const struct input_table *t, struct bytes name)
{
	uint32_t mask = t->slot_count - 1, at = (uint32_t)XXH3_64bits(name.data, name.size) & mask;

	while (t->slots[at] != 0 && !is_named(&t->fields[t->slots[at] - 1], name))
		at = (at + 1) & mask;
	return &t->slots[at];
}

/* Makes room for one more. */
static void grow_slots(struct input_table *t)
{
	if ((t->field_count + 1) * 2 <= t->slot_count)
		return;
	memory_free(t->slots);
	t->slot_count = t->slot_count > 0 ? t->slot_count * 2 : 64;
	t->slots = memory_array(uint32_t, t->slot_count);
	for (uint32_t i = 0; i < t->field_count; i++)
		*name_slot(t, (struct bytes){ (const uint8_t *)t->fields[i].name, t->fields[i].name_size }) = i + 1;
}

struct input_field *input_table_add(struct input_table *t, struct bytes name)
{
	struct input_field *f;
	uint32_t *slot;

	grow_slots(t);
	slot = name_slot(t, name);
	*slot = *slot != 0 ? *slot : t->field_count + 1;
	t->fields = memory_grow(t->fields, struct input_field, t->field_count + 1);
	f = &t->fields[t->field_count++];
	*f = (struct input_field){ .name = memory_copy(name.data, name.size), .name_size = name.size, .place = -1 };
	return f;
}

/* The number in "datetime(6)", or `otherwise`. */
static uint8_t number_of(const char *words, uint8_t otherwise)
{
	const char *at = strchr(words, '(');
	int v = at != NULL ? atoi(at + 1) : otherwise;

	return v >= 0 && v <= 6 ? (uint8_t)v : otherwise;
}

/* The second number in "decimal(65,30)". */
static uint8_t scale_of(const char *words)
{
	const char *comma = strchr(words, ',');
	int scale = comma != NULL ? atoi(comma + 1) : 0;

	return scale >= 0 && scale <= 100 ? (uint8_t)scale : 0;
}

static bool begins(const char *words, const char *with)
{
	return words != NULL && strncasecmp(words, with, strlen(with)) == 0;
}

/* Its digits are more than a DECIMAL's. */
static bool is_long_decimal(const struct field *f)
{
	return f->type == TYPE_STRING && (begins(f->source_type, "decimal(") || begins(f->source_type, "numeric("));
}

static uint8_t timestamp_unit(enum input_times times, const char *words)
{
	static const uint8_t units[] = { [TIMES_CONNECT] = 3, [TIMES_MICROSECONDS] = 6, [TIMES_NANOSECONDS] = 9 };

	if (times != TIMES_ADAPTIVE && times != TIMES_ISOSTRING)
		return units[times];
	return words != NULL && number_of(words, 0) > 3 ? 6 : 3;
}

static uint8_t time_unit(enum input_times times)
{
	return times == TIMES_CONNECT ? 3 : times == TIMES_NANOSECONDS ? 9 : 6;
}

/* Any words of a binary column that are not one of the binary types. */
static bool is_shape(const char *words)
{
	return words != NULL && strcasestr(words, "binary") == NULL && strcasestr(words, "blob") == NULL;
}

static enum coding text_coding(const struct input_options *o, const char *words)
{
	static const struct {
		const char *word;
		enum coding coding;
		bool of_all; /* otherwise of Debezium only */
	} codings[] = { { "time(", CODING_TIME, true },
			{ "set", CODING_SET, true },
			{ "enum", CODING_ENUM, false },
			{ "vector", CODING_VECTOR, false } };

	if (words != NULL && strcasecmp(words, "time") == 0)
		return CODING_TIME;
	for (size_t i = 0; i < sizeof(codings) / sizeof(codings[0]); i++) {
		if (begins(words, codings[i].word) && (codings[i].of_all || o->format == FORMAT_DEBEZIUM))
			return codings[i].coding;
	}
	return CODING_PLAIN;
}

static enum coding binary_coding(const struct input_options *o)
{
	static const enum coding by_mode[] = { [BINARIES_BYTES] = CODING_BASE64, [BINARIES_BASE64] = CODING_BASE64,
					       [BINARIES_BASE64_URL] = CODING_BASE64_URL,
					       [BINARIES_HEX] = CODING_HEX };
	static const enum coding by_format[FORMATS] = { [FORMAT_MAXWELL] = CODING_BASE64,
							[FORMAT_CANAL] = CODING_LATIN1,
							[FORMAT_DMS] = CODING_HEX };

	return o->format == FORMAT_DEBEZIUM ? by_mode[o->binaries] : by_format[o->format];
}

struct encoding encoding_given(const struct input_options *o, const struct field *f)
{
	struct encoding from = { .coding = CODING_PLAIN };
	const char *words = f->source_type;

	if (f->type == TYPE_BINARY)
		from.coding = is_shape(words) ? CODING_GEOMETRY : binary_coding(o);
	if (f->type == TYPE_STRING)
		from.coding = text_coding(o, words);
	if (from.coding == CODING_TIME) {
		from.unit = time_unit(o->times);
		from.time_digits = number_of(words, 0);
	}
	if (o->format != FORMAT_DEBEZIUM)
		return from;
	if (o->decimals == DECIMALS_PRECISE && (f->type == TYPE_DECIMAL || is_long_decimal(f))) {
		from.coding = CODING_UNSCALED;
		from.scale = f->type == TYPE_DECIMAL ? f->scale : scale_of(words);
	}
	if (f->type == TYPE_DECIMAL && begins(words, "bigint"))
		from.coding = CODING_WRAPPED;
	if (f->type == TYPE_TIMESTAMP || f->type == TYPE_TIMESTAMP_NTZ) {
		from.coding = CODING_TIMESTAMP;
		from.unit = timestamp_unit(o->times, words);
	}
	if (begins(words, "bit(") && f->type != TYPE_STRING && f->type != TYPE_BOOLEAN)
		from.coding = CODING_BITS;
	return from;
}

struct declared declared_given(const struct input_options *o, const struct field *f, struct bytes name)
{
	return (struct declared){ .name = name,
				  .type = f->type,
				  .precision = f->precision,
				  .scale = f->scale,
				  .is_nullable = f->is_nullable,
				  .from = encoding_given(o, f),
				  .words = f->source_type };
}

static void add_given(struct input_table *t, const struct input_options *o)
{
	for (uint32_t i = 0; i < o->schema->field_count; i++) {
		const struct field *f = &o->schema->fields[i];
		struct input_field *in = input_table_add(t, bytes_of_text(f->name));

		in->is = declared_given(o, f, (struct bytes){ NULL, 0 });
		in->source_type = memory_copy_text(f->source_type);
		in->is_settled = true;
	}
	t->types = TYPES_GIVEN;
	t->has_changes = true;
}

/* A member that is no column, unless it was given as one. */
static void pass_over(struct input_table *t, const char *name)
{
	if (input_table_find(t, bytes_of_text(name), 0) < 0)
		input_table_add(t, bytes_of_text(name))->is_final = true;
}

struct input_table *input_table_new(const struct input_options *o, const char *database, const char *table)
{
	struct input_table *t = memory_new(struct input_table);

	t->options = o;
	t->database = memory_copy_text(database);
	t->table = memory_copy_text(table);
	t->types = TYPES_INFERRED;
	t->recoded = -1;
	if (o->schema != NULL)
		add_given(t, o);
	for (uint32_t i = 0; i < o->key_count; i++)
		input_table_add_key(t, bytes_of_text(o->key[i]));
	if (o->format == FORMAT_IMAGE) {
		pass_over(t, o->image_action);
		pass_over(t, o->image_time);
	}
	t->has_key = o->key_count > 0;
	t->is_key_optional = o->is_key_optional;
	return t;
}

void input_table_free(struct input_table *t)
{
	if (t == NULL)
		return;
	for (uint32_t i = 0; i < t->field_count; i++) {
		memory_free(t->fields[i].name);
		memory_free(t->fields[i].source_type);
	}
	for (uint32_t i = 0; i < t->key_count; i++)
		memory_free(t->key[i]);
	memory_free(t->key);
	memory_free(t->fields);
	memory_free(t->slots);
	memory_free(t->places);
	schema_release(t->schema);
	memory_free(t->database);
	memory_free(t->table);
	memory_free(t);
}

int input_table_find(const struct input_table *t, struct bytes name, uint32_t hint)
{
	if (hint < t->field_count && is_named(&t->fields[hint], name))
		return (int)hint;
	return t->slot_count > 0 ? (int)*name_slot(t, name) - 1 : -1;
}

void input_table_add_key(struct input_table *t, struct bytes name)
{
	for (uint32_t i = 0; i < t->key_count; i++) {
		if (bytes_equal(bytes_of_text(t->key[i]), name))
			return;
	}
	t->key = memory_grow(t->key, char *, t->key_count + 1);
	t->key[t->key_count++] = memory_copy(name.data, name.size);
	t->has_key = t->has_changes = true;
}

/* Digits before the point that an integer type may have. */
static unsigned whole_digits(const struct declared *d)
{
	if (d->type == TYPE_DECIMAL)
		return (unsigned)d->precision - d->scale;
	return d->type == TYPE_LONG ? 19 : d->type == TYPE_INT ? 10 : 1;
}

static void become_decimal(struct declared *out, const struct declared *a, const struct declared *b)
{
	unsigned scale = a->scale > b->scale ? a->scale : b->scale;
	unsigned whole = whole_digits(a) > whole_digits(b) ? whole_digits(a) : whole_digits(b);

	out->type = whole + scale <= 38 ? TYPE_DECIMAL : TYPE_STRING;
	out->precision = out->type == TYPE_DECIMAL ? (uint8_t)(whole + scale) : 0;
	out->scale = out->type == TYPE_DECIMAL ? (uint8_t)scale : 0;
}

/*
 * The narrowest type that holds both without loss, else text. A truth value beside integers is one: Debezium calls a
 * BOOL int16 in the copy and boolean in the log.
 */
static void widen(struct declared *out, const struct declared *a, const struct declared *b)
{
	uint32_t both = 1u << a->type | 1u << b->type;
	const uint32_t integers = 1u << TYPE_BOOLEAN | 1u << TYPE_INT | 1u << TYPE_LONG;
	const uint32_t reals = 1u << TYPE_INT | 1u << TYPE_FLOAT | 1u << TYPE_DOUBLE;

	if (a->type == b->type && a->type != TYPE_DECIMAL)
		out->type = a->type;
	else if ((both & ~integers) == 0)
		out->type = (both >> TYPE_LONG & 1) != 0 ? TYPE_LONG : TYPE_INT;
	else if ((both & ~(integers | 1u << TYPE_DECIMAL)) == 0)
		become_decimal(out, a, b);
	else if ((both & ~reals) == 0)
		out->type = TYPE_DOUBLE;
	else if (both == (1u << TYPE_DATE | 1u << TYPE_TIMESTAMP_NTZ))
		out->type = TYPE_TIMESTAMP_NTZ;
	else
		out->type = TYPE_STRING;
}

static int settle(struct input_table *t, struct input_field *f, struct err *e)
{
	struct field is = { .type = f->is.type, .precision = f->is.precision, .scale = f->is.scale };
	struct way way;

	if (way_choose(&way, &f->is.from, &is)) {
		f->way = way;
		return 0;
	}
	return err_set(e, t->types == TYPES_GIVEN ? ERR_CONFIG : ERR_DATA,
		       "column \"%s\" is %s in the message, which a %s does not hold", f->name,
		       coding_name(f->is.from.coding), type_name(f->is.type));
}

/* The new field's number. */
static int add_checked(struct input_table *t, struct bytes name, struct err *e)
{
	if (t->field_count == FIELDS_MAX)
		return err_set(e, ERR_DATA, "more than %u columns", FIELDS_MAX);
	if (name.size == 0 || memchr(name.data, 0, name.size) != NULL)
		return err_set(e, ERR_DATA, "a column whose name is empty, or has a NUL in it");
	if (input_table_check_name(t, (const char *)name.data, e) < 0)
		return -1;
	input_table_add(t, name);
	return (int)t->field_count - 1;
}

/* A schema part says no more than "string" of bytes in hex, nor than "int64" of an unsigned number. */
static bool is_coded_as_text(const struct declared *is)
{
	return is->type == TYPE_BINARY || is->from.coding == CODING_WRAPPED;
}

/* What the field is with this, too. */
static void merge_declared(struct input_table *t, struct input_field *f, const struct declared *d)
{
	struct declared was = f->is;

	if (t->types != TYPES_GIVEN || d->from.coding != CODING_PLAIN || !is_coded_as_text(&was))
		f->is.from = d->from;
	if (t->types == TYPES_GIVEN)
		return;
	if (!f->is_settled) {
		f->is = *d;
		return;
	}
	widen(&f->is, &was, d);
	f->is.is_nullable = was.is_nullable || (d->is_nullable && !f->is_final);
}

int input_table_declare(struct input_table *t, const struct declared *d, struct err *e)
{
	struct declared was;
	struct input_field *f;
	int at = input_table_find(t, d->name, 0);

	if (t->types == TYPES_GIVEN && (at < 0 || t->fields[at].is_ours))
		return 0;
	if (at >= 0 && t->fields[at].is_ours)
		return input_table_check_name(t, t->fields[at].name, e);
	at = at >= 0 ? at : add_checked(t, d->name, e);
	if (at < 0)
		return -1;
	f = &t->fields[at];
	was = f->is;
	merge_declared(t, f, d);
	if (settle(t, f, e) < 0) {
		f->is = was;
		return -1;
	}
	if (d->words != NULL && t->types != TYPES_GIVEN) {
		memory_free(f->source_type);
		f->source_type = memory_copy_text(d->words);
	}
	if (!f->is_settled || f->is.type != was.type || f->is.precision != was.precision || f->is.scale != was.scale ||
	    f->is.is_nullable != was.is_nullable)
		t->has_changes = true;
	f->is_settled = true;
	return 0;
}

static void take_place(struct input_table *t, uint32_t field)
{
	t->places = memory_grow(t->places, uint32_t, t->place_count + 1);
	t->places[t->place_count] = field;
	t->fields[field].place = (int)t->place_count++;
}

/*
 * What is inferred is widened by what it was inferred as elsewhere, unless that is what it was here before; what was
 * said of it once is not for values to say.
 */
static void know_inferred(struct input_field *f, const struct input_options *o, const struct field *known)
{
	struct declared was = f->is, is = declared_given(o, known, (struct bytes){ NULL, 0 });
	uint8_t guess = guess_of_field(known);

	f->is_final |= guess == 0;
	f->is = is;
	if (f->is_final || !f->is_settled) {
		f->guess |= f->guess == 0 ? guess : 0;
		return;
	}
	f->is = was;
	if ((f->guess & guess) == 0) {
		widen(&f->is, &was, &is);
		f->guess |= guess;
	}
}

static void know_field(struct input_table *t, struct input_field *f, const struct input_options *o,
		       const struct field *known, bool is_final)
{
	struct declared is = declared_given(o, known, (struct bytes){ NULL, 0 }), was = f->is;

	if (t->types == TYPES_GIVEN || f->is_ours)
		return;
	f->is_final |= is_final;
	if (t->types == TYPES_INFERRED)
		know_inferred(f, o, known);
	else if (f->is_settled)
		widen(&f->is, &was, &is);
	else
		f->is = is;
	f->is.is_nullable = known->is_nullable || (!f->is_final && f->is_settled && was.is_nullable);
	if (f->source_type == NULL)
		f->source_type = memory_copy_text(known->source_type);
	f->is_settled = true;
}

int input_table_know(struct input_table *t, const struct input_options *o, const struct schema *known, bool is_final,
		     struct err *e)
{
	if (input_table_add_order(t, e) < 0)
		return -1;
	t->place_count = 0;
	for (uint32_t i = 0; i < t->field_count; i++)
		t->fields[i].place = -1;
	for (uint32_t i = 0; i < known->field_count; i++) {
		struct bytes name = bytes_of_text(known->fields[i].name);
		int at = input_table_find(t, name, i);

		if (at < 0 && t->types == TYPES_GIVEN)
			continue;
		at = at >= 0 ? at : add_checked(t, name, e);
		if (at < 0)
			return -1;
		know_field(t, &t->fields[at], o, &known->fields[i], is_final);
		take_place(t, (uint32_t)at);
	}
	for (uint32_t i = 0; i < t->field_count; i++) {
		if (t->fields[i].place < 0 && t->types != TYPES_GIVEN && !t->fields[i].is_ours)
			t->fields[i].is.is_nullable = true;
	}
	t->has_changes = true;
	return 0;
}

static int set_key(const struct input_table *t, struct schema *s, struct err *e)
{
	uint32_t *key = memory_array(uint32_t, t->key_count + 1), count = 0;

	for (uint32_t i = 0; i < t->key_count; i++) {
		int at = schema_find(s, t->key[i]);

		if (at < 0 && t->is_key_optional)
			continue;
		if (at < 0) {
			memory_free(key);
			return err_set(e, ERR_CONFIG, "the key's column \"%s\" is not a column of the rows", t->key[i]);
		}
		key[count++] = (uint32_t)at;
		s->fields[at].is_nullable = s->fields[at].null_is_invalid = false;
	}
	schema_set_key(s, key, count);
	memory_free(key);
	return 0;
}

static bool is_temporal(enum type t)
{
	return t == TYPE_DATE || t == TYPE_TIMESTAMP || t == TYPE_TIMESTAMP_NTZ;
}

/* As the direct way has it: an invalid date or time is NULL, also where the source has no NULL. */
static void add_to_schema(const struct input_table *t, const struct input_field *in, struct schema *s)
{
	bool may_be_invalid = t->types != TYPES_GIVEN && !in->is_ours && is_temporal(in->is.type) && !in->is.is_nullable;
	struct field *f = schema_add(s, in->name, in->is.type, in->is.is_nullable || may_be_invalid);

	f->null_is_invalid = may_be_invalid;
	f->precision = in->is.precision;
	f->scale = in->is.scale;
	f->source_type = memory_copy_text(in->source_type);
}

/* New fields stand behind the others. */
static void take_places(struct input_table *t)
{
	for (uint32_t i = 0; i < t->field_count; i++) {
		if (t->fields[i].is_settled && t->fields[i].place < 0)
			take_place(t, i);
	}
}

int input_table_schema(struct input_table *t, struct err *e)
{
	struct schema *s;

	if (!t->has_changes)
		return 0;
	if (input_table_add_order(t, e) < 0)
		return -1;
	take_places(t);
	s = schema_new(t->database, t->table);
	for (uint32_t i = 0; i < t->place_count; i++) {
		add_to_schema(t, &t->fields[t->places[i]], s);
		if (settle(t, &t->fields[t->places[i]], e) < 0)
			return schema_release(s), -1;
	}
	if (set_key(t, s, e) < 0 || input_table_set_order(t, s, e) < 0)
		return schema_release(s), -1;
	schema_release(t->schema);
	t->schema = s;
	t->has_changes = false;
	return 1;
}
