/* SPDX-License-Identifier: Apache-2.0 */
#include "table/iceberg/partition.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "table/iceberg/single_value.h"

#define BIT(type)  (1u << (type))
#define DAYS       (BIT(TYPE_DATE) | TIMES)
#define TIMES      (BIT(TYPE_TIMESTAMP) | BIT(TYPE_TIMESTAMP_NTZ))
#define CUT_TYPES  (BIT(TYPE_INT) | BIT(TYPE_LONG) | BIT(TYPE_DECIMAL) | BIT(TYPE_STRING) | BIT(TYPE_BINARY))
#define ALL_TYPES  (BIT(TYPES) - 1)

#define DAY_US  INT64_C(86400000000)
#define HOUR_US INT64_C(3600000000)

static const struct transform_row {
	const char *word;
	const char *suffix; /* of the field's name */
	unsigned sources;   /* bits of enum type */
	bool has_width;
	enum type result;   /* TYPES: the source's */
} rows[TRANSFORM_UNKNOWN] = {
	[TRANSFORM_IDENTITY] = { "identity", "", ALL_TYPES, false, TYPES },
	[TRANSFORM_BUCKET] = { "bucket", "_bucket", CUT_TYPES | DAYS, true, TYPE_INT },
	[TRANSFORM_TRUNCATE] = { "truncate", "_trunc", CUT_TYPES, true, TYPES },
	[TRANSFORM_YEAR] = { "year", "_year", DAYS, false, TYPE_INT },
	[TRANSFORM_MONTH] = { "month", "_month", DAYS, false, TYPE_INT },
	[TRANSFORM_DAY] = { "day", "_day", DAYS, false, TYPE_DATE },
	[TRANSFORM_HOUR] = { "hour", "_hour", TIMES, false, TYPE_INT },
	[TRANSFORM_VOID] = { "void", "_null", ALL_TYPES, false, TYPES },
};

void iceberg_spec_release(struct iceberg_spec *s)
{
	for (uint32_t i = 0; i < s->field_count; i++) {
		memory_free(s->fields[i].name);
		memory_free(s->fields[i].words);
	}
	memory_free(s->fields);
	*s = (struct iceberg_spec){ 0 };
}

/* "[16]" */
static bool parse_width(const char *text, int32_t *width)
{
	size_t size = strlen(text);
	int64_t number;

	if (size < 3 || text[0] != '[' || text[size - 1] != ']' ||
	    !text_parse_int((struct bytes){ (const uint8_t *)text + 1, size - 2 }, &number) || number < 1 ||
	    number > INT32_MAX)
		return false;
	*width = (int32_t)number;
	return true;
}

bool iceberg_transform_parse(const char *words, enum iceberg_transform *out, int32_t *width)
{
	*width = 0;
	for (int t = 0; t < TRANSFORM_UNKNOWN; t++) {
		size_t size = strlen(rows[t].word);

		*out = (enum iceberg_transform)t;
		if (strncmp(words, rows[t].word, size) != 0)
			continue;
		if (rows[t].has_width ? parse_width(words + size, width) : words[size] == '\0')
			return true;
	}
	*out = TRANSFORM_UNKNOWN;
	return false;
}

bool iceberg_partition_type(struct field *out, const struct iceberg_partition_field *p, const struct field *source)
{
	if (p->transform == TRANSFORM_UNKNOWN || (rows[p->transform].sources & BIT(source->type)) == 0)
		return false;
	*out = (struct field){ .name = p->name, .id = p->id, .is_nullable = true };
	out->type = rows[p->transform].result;
	if (out->type == TYPES) {
		out->type = source->type;
		out->precision = source->precision;
		out->scale = source->scale;
	}
	return true;
}

int32_t iceberg_spec_last_id(const struct iceberg_spec *s)
{
	int32_t id = PARTITION_ID_FIRST - 1;

	for (uint32_t i = 0; i < s->field_count; i++)
		id = s->fields[i].id > id ? s->fields[i].id : id;
	return id;
}

int iceberg_spec_add(struct iceberg_spec *s, const struct field *source, const char *words, struct err *e)
{
	struct iceberg_partition_field p = { .id = iceberg_spec_last_id(s) + 1, .source_id = source->id };
	struct buffer name = { 0 };
	struct field type;

	if (!iceberg_transform_parse(words, &p.transform, &p.width))
		return err_set(e, ERR_CONFIG,
			       "\"%s\" is no transform of a column: they are identity, bucket[N], truncate[W], year, month, day, hour and void",
			       words);
	if (!iceberg_partition_type(&type, &p, source))
		return err_set(e, ERR_CONFIG, "column \"%s\" is of type %s, which has no transform \"%s\"", source->name,
			       type_name(source->type), words);
	buffer_format(&name, "%s%s", source->name, rows[p.transform].suffix);
	p.name = memory_copy_text(buffer_string(&name));
	buffer_release(&name);
	for (uint32_t i = 0; i < s->field_count; i++) {
		if (strcmp(s->fields[i].name, p.name) != 0)
			continue;
		err_set(e, ERR_CONFIG, "two partition fields would be called \"%s\"", p.name);
		memory_free(p.name);
		return -1;
	}
	p.words = memory_copy_text(words);
	s->fields = memory_grow(s->fields, struct iceberg_partition_field, s->field_count + 1);
	s->fields[s->field_count++] = p;
	return 0;
}

void iceberg_spec_format(struct buffer *out, const struct iceberg_spec *s)
{
	buffer_char(out, '[');
	for (uint32_t i = 0; i < s->field_count; i++) {
		const struct iceberg_partition_field *p = &s->fields[i];

		buffer_format(out, "%s{\"source-id\":%" PRId32 ",\"field-id\":%" PRId32 ",\"name\":", i > 0 ? "," : "",
			      p->source_id, p->id);
		text_json_string(out, p->name);
		buffer_text(out, ",\"transform\":");
		text_json_string(out, p->words);
		buffer_char(out, '}');
	}
	buffer_char(out, ']');
}

static uint32_t rotate(uint32_t v, unsigned bits)
{
	return v << bits | v >> (32 - bits);
}

uint32_t iceberg_hash(struct bytes b)
{
	struct reader r = reader_of(b);
	uint32_t hash = 0, k;

	while (reader_left(&r) >= 4) {
		k = rotate(reader_u32le(&r) * 0xcc9e2d51u, 15) * 0x1b873593u;
		hash = rotate(hash ^ k, 13) * 5 + 0xe6546b64u;
	}
	if (reader_left(&r) > 0) {
		k = (uint32_t)reader_uint_le(&r, reader_left(&r));
		hash ^= rotate(k * 0xcc9e2d51u, 15) * 0x1b873593u;
	}
	hash ^= (uint32_t)b.size;
	hash = (hash ^ hash >> 16) * 0x85ebca6bu;
	hash = (hash ^ hash >> 13) * 0xc2b2ae35u;
	return hash ^ hash >> 16;
}

static void append_number(struct buffer *out, const struct field *type, int128_t v)
{
	const struct single_value value = { .integer = v };

	single_value_encode(out, type, &value);
}

/* Appendix B: an int is hashed as the long that it is, a date too. */
static uint32_t hash_of(const struct field *source, const struct column *c, uint32_t row)
{
	const struct field as_long = { .type = TYPE_LONG };
	struct buffer bytes = { 0 };
	uint32_t hash;

	if (c->storage == STORAGE_BYTES)
		return iceberg_hash(column_bytes(c, row));
	append_number(&bytes, source->type == TYPE_DECIMAL ? source : &as_long, single_value_of(source, c, row).integer);
	hash = iceberg_hash(buffer_bytes(&bytes));
	buffer_release(&bytes);
	return hash;
}

/* A text's first `width` code points, a binary's first `width` bytes. */
static struct bytes cut(struct bytes b, enum type type, int32_t width)
{
	if (type == TYPE_BINARY)
		return (struct bytes){ b.data, b.size < (size_t)width ? b.size : (size_t)width };
	return (struct bytes){ b.data, text_prefix(b, (unsigned)width) };
}

/* Towards minus infinity. */
static int64_t divide(int64_t v, int64_t by)
{
	return v / by - (v % by < 0);
}

/* Months since 1970-01 of a day since 1970-01-01: years begin in March here, so that a leap day is their last. */
static int64_t month_of(int64_t day)
{
	int64_t shifted = day + 719468; /* since 0000-03-01 */
	int64_t era = divide(shifted, 146097);
	int64_t day_of_era = shifted - era * 146097;
	int64_t year = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t month = (5 * (day_of_era - (365 * year + year / 4 - year / 100)) + 2) / 153;

	return (era * 400 + year - 1970) * 12 + month + 2;
}

static int64_t calendar_value(enum iceberg_transform t, enum type type, int64_t v)
{
	int64_t day = type == TYPE_DATE ? v : divide(v, DAY_US);

	switch (t) {
	case TRANSFORM_YEAR:
		return divide(month_of(day), 12);
	case TRANSFORM_MONTH:
		return month_of(day);
	case TRANSFORM_DAY:
		return day;
	default:
		assert(t == TRANSFORM_HOUR);
		return divide(v, HOUR_US);
	}
}

bool iceberg_partition_value(struct buffer *out, const struct iceberg_partition_field *p, const struct field *source,
			     const struct column *cells, uint32_t row)
{
	struct single_value value;
	int128_t rest;

	assert(p->transform < TRANSFORM_UNKNOWN);
	if (p->transform == TRANSFORM_VOID || column_is_null(cells, row))
		return false;
	value = single_value_of(source, cells, row);
	switch (p->transform) {
	case TRANSFORM_IDENTITY:
		single_value_encode(out, source, &value);
		return true;
	case TRANSFORM_BUCKET:
		buffer_u32le(out, (hash_of(source, cells, row) & INT32_MAX) % (uint32_t)p->width);
		return true;
	case TRANSFORM_TRUNCATE:
		if (cells->storage == STORAGE_BYTES) {
			buffer_bytes_append(out, cut(value.bytes, source->type, p->width));
			return true;
		}
		rest = value.integer % p->width;
		append_number(out, source, value.integer - (rest < 0 ? rest + p->width : rest));
		return true;
	default:
		buffer_u32le(out, (uint32_t)calendar_value(p->transform, source->type,
							   (int64_t)value.integer));
		return true;
	}
}
