/* SPDX-License-Identifier: Apache-2.0 */
#include "table/iceberg/partitioning.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "table/iceberg/iceberg.h"

/* --- the spec --------------------------------------------------------------------------------- */

/* The column's index, or -1. */
static int find_id(const struct schema *s, int32_t id)
{
	for (uint32_t i = 0; i < s->field_count; i++) {
		if (s->fields[i].id == id)
			return (int)i;
	}
	return -1;
}

void partitioning_show(struct schema *s, const struct iceberg_spec *spec)
{
	for (uint32_t i = 0; i < spec->field_count; i++) {
		int at = find_id(s, spec->fields[i].source_id);

		if (at >= 0)
			schema_add_partition(s, (uint32_t)at, spec->fields[i].words, spec->fields[i].name);
	}
}

int partitioning_spec(struct iceberg_spec *out, const struct schema *s, struct err *e)
{
	*out = (struct iceberg_spec){ 0 };
	for (uint32_t i = 0; i < s->partition_count; i++) {
		if (iceberg_spec_add(out, &s->fields[s->partition[i].field], s->partition[i].transform, e) < 0)
			return -1;
	}
	return 0;
}

int partitioning_require(const struct iceberg_metadata *m, struct err *e)
{
	for (uint32_t i = 0; i < m->spec->field_count; i++) {
		const struct iceberg_partition_field *p = &m->spec->fields[i];
		int at = find_id(m->schema.columns, p->source_id);
		struct field type;

		if (p->transform != TRANSFORM_VOID &&
		    (at < 0 || !iceberg_partition_type(&type, p, &m->schema.columns->fields[at])))
			return err_set(e, ERR_CONFIG, "the table is partitioned by \"%s\" (%s), which tailrace cannot tell of its rows: "
				       "drop that partition field (ALTER TABLE … DROP PARTITION FIELD)", p->name, p->words);
	}
	return 0;
}

int partitioning_check_names(const struct iceberg_spec *spec, const struct schema *s, struct err *e)
{
	for (uint32_t i = 0; i < spec->field_count; i++) {
		const struct iceberg_partition_field *p = &spec->fields[i];
		int at = schema_find(s, p->name);

		if (at >= 0 && (p->transform != TRANSFORM_IDENTITY || s->fields[at].id != p->source_id))
			return err_set(e, ERR_CONFIG, "column \"%s\" has the name of a partition field (%s), which Iceberg's readers do not "
				       "take: rename the column, or move the lake table away and partition it by something else", p->name,
				       p->words);
	}
	return 0;
}

/* --- values ----------------------------------------------------------------------------------- */

static void put_value(struct buffer *out, bool has_value, struct bytes value)
{
	buffer_char(out, (char)has_value);
	if (!has_value)
		return;
	buffer_u32le(out, (uint32_t)value.size);
	buffer_bytes_append(out, value);
}

void partitioning_of_row(struct buffer *out, const struct iceberg_spec *spec, const struct schema *s,
			 const struct columns *rows, uint32_t row)
{
	struct buffer value = { 0 };

	buffer_u32le(out, (uint32_t)spec->id);
	for (uint32_t i = 0; i < spec->field_count; i++) {
		int at = find_id(s, spec->fields[i].source_id);
		bool has_value;

		buffer_clear(&value);
		has_value = at >= 0 && iceberg_partition_value(&value, &spec->fields[i], &s->fields[at], &rows->columns[at], row);
		put_value(out, has_value, buffer_bytes(&value));
	}
	buffer_release(&value);
}

void partitioning_of_values(struct buffer *out, int32_t spec_id, const struct iceberg_values *values)
{
	buffer_u32le(out, (uint32_t)spec_id);
	for (uint32_t i = 0; i < values->count; i++)
		put_value(out, !values->items[i].is_null, buffer_bytes(&values->items[i].bytes));
}

static void add_value(struct iceberg_values *out, bool has_value, struct bytes value)
{
	struct iceberg_value *v;

	out->items = memory_grow(out->items, struct iceberg_value, out->count + 1);
	v = &out->items[out->count++];
	*v = (struct iceberg_value){ .is_null = !has_value };
	buffer_bytes_append(&v->bytes, value);
}

void partitioning_read(int32_t *spec_id, struct iceberg_values *out, const struct iceberg_spec *spec, struct bytes tuple)
{
	struct reader r = reader_of(tuple);

	*out = (struct iceberg_values){ .items = NULL };
	*spec_id = tuple.size > 0 ? (int32_t)reader_u32le(&r) : spec->id;
	for (uint32_t i = 0; tuple.size == 0 && i < spec->field_count; i++)
		add_value(out, false, (struct bytes){ 0 });
	while (reader_left(&r) > 0) {
		bool has_value = reader_u8(&r) != 0;

		add_value(out, has_value, has_value ? reader_bytes(&r, reader_u32le(&r)) : (struct bytes){ 0 });
	}
	assert(!r.short_read); /* it never left this process */
}

/* Whether the texts tell the field: its column's own value. */
static bool is_told(const struct schema *s, const struct iceberg_partition_field *p, uint32_t field)
{
	for (uint32_t i = 0; i < s->partition_count; i++) {
		if (s->partition[i].field == field && p->transform == TRANSFORM_IDENTITY)
			return true;
	}
	return false;
}

/* `cells` have the texts' values as their one row. */
static int read_texts(struct columns *cells, const struct schema *s, const struct text_map *texts, struct err *e)
{
	for (uint32_t i = 0; i < s->partition_count; i++) {
		const struct partition_field *p = &s->partition[i];

		if (partition_cell(&cells->columns[p->field], &s->fields[p->field], text_map_get(texts, p->name), e) < 0)
			return -1;
	}
	return 0;
}

int partitioning_of_texts(struct iceberg_values *out, const struct iceberg_spec *spec, const struct schema *s,
			  const struct text_map *texts, struct err *e)
{
	struct columns cells = { 0 };
	struct buffer tuple = { 0 };
	int32_t id;

	*out = (struct iceberg_values){ .items = NULL };
	for (uint32_t i = 0; i < spec->field_count; i++) {
		const struct iceberg_partition_field *p = &spec->fields[i];
		int at = find_id(s, p->source_id);

		if (p->transform != TRANSFORM_VOID && (at < 0 || !is_told(s, p, (uint32_t)at)))
			return err_set(e, ERR_CONFIG, "Iceberg: somebody partitioned the table by \"%s\" (%s), and the table that it "
				       "follows is not: drop that partition field (ALTER TABLE … DROP PARTITION FIELD)", p->name, p->words);
	}
	if (spec->field_count == 0)
		return 0;
	columns_init(&cells, s);
	if (read_texts(&cells, s, texts, e) < 0) {
		columns_release(&cells);
		return -1;
	}
	partitioning_of_row(&tuple, spec, s, &cells, 0);
	partitioning_read(&id, out, spec, buffer_bytes(&tuple));
	columns_release(&cells);
	buffer_release(&tuple);
	return 0;
}

/* --- what the user asks for ------------------------------------------------------------------- */

static char *trim(char *text)
{
	char *end = text + strlen(text);

	while (isspace((unsigned char)*text))
		text++;
	while (end > text && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return text;
}

/* "bucket(16, id)" as the spec's "bucket[16]" and the column. false: it is not of this form. */
static bool split_call(struct buffer *words, char **column, char *item)
{
	char *open = strchr(item, '('), *comma;
	size_t size = strlen(item);

	if (open == NULL || item[size - 1] != ')')
		return false;
	item[size - 1] = *open = '\0';
	comma = strchr(open + 1, ',');
	*column = trim(comma != NULL ? comma + 1 : open + 1);
	buffer_text(words, trim(item));
	if (comma == NULL)
		return true;
	*comma = '\0';
	buffer_format(words, "[%s]", trim(open + 1));
	return true;
}

static int add_identity(struct schema *s, uint32_t field, struct err *e)
{
	const struct field *f = &s->fields[field];

	if (f->type == TYPE_FLOAT || f->type == TYPE_DOUBLE)
		return err_set(e, ERR_CONFIG, "--partition-by: column \"%s\" is %s, whose zeros are two values that are equal; choose "
			       "another column", f->name, type_name(f->type));
	schema_add_partition(s, field, "identity", f->name);
	return 0;
}

static int add_transform(struct schema *s, const char *words, const char *column, struct err *e)
{
	int at = partition_find_column(s, column);
	enum iceberg_transform transform;
	int32_t width;

	if (!iceberg_transform_parse(words, &transform, &width) || transform == TRANSFORM_VOID)
		return err_set(e, ERR_CONFIG, "--partition-by: \"%s\" is no transform: there are bucket(N,column), truncate(W,column), "
			       "year(column), month(column), day(column) and hour(column)", words);
	if (at < 0)
		return err_set(e, ERR_CONFIG, "--partition-by: the table has no column \"%s\"", column);
	if (transform == TRANSFORM_IDENTITY)
		return add_identity(s, (uint32_t)at, e);
	schema_add_partition(s, (uint32_t)at, words, s->fields[at].name);
	return 0;
}

static int add_item(struct schema *s, char *item, struct err *e)
{
	struct buffer words = { 0 };
	char *column;
	int at = partition_find_column(s, item), rc;

	if (at >= 0)
		return add_identity(s, (uint32_t)at, e);
	if (split_call(&words, &column, item))
		rc = add_transform(s, buffer_string(&words), column, e);
	else
		rc = err_set(e, ERR_CONFIG, "--partition-by: the table has no column \"%s\"", item);
	buffer_release(&words);
	return rc;
}

/* The next item behind which a comma stands that is in no parentheses; moves *rest behind it. NULL: no more. */
static char *next_item(char **rest)
{
	char *item = *rest;
	int depth = 0;

	for (char *at = item; at != NULL; at++) {
		depth += (*at == '(') - (*at == ')');
		if (*at == '\0' || (*at == ',' && depth <= 0)) {
			*rest = *at == '\0' ? NULL : at + 1;
			*at = '\0';
			return trim(item);
		}
	}
	return NULL;
}

/* Names as the spec's fields get them. */
static int name_fields(struct schema *s, struct err *e)
{
	struct iceberg_spec spec;
	int rc = partitioning_spec(&spec, s, e);

	if (rc == 0)
		rc = partitioning_check_names(&spec, s, e);
	for (uint32_t i = 0; i < s->partition_count && rc == 0; i++) {
		memory_free(s->partition[i].name);
		s->partition[i].name = memory_copy_text(spec.fields[i].name);
	}
	iceberg_spec_release(&spec);
	return rc < 0 ? err_wrap(e, "--partition-by") : 0;
}

int iceberg_partition_by(struct schema *s, const char *text, struct err *e)
{
	char *copy = memory_copy_text(text), *rest = copy, *item;
	int rc = 0;

	while (rc == 0 && (item = next_item(&rest)) != NULL)
		rc = add_item(s, item, e);
	memory_free(copy);
	return rc < 0 ? -1 : name_fields(s, e);
}
