/* SPDX-License-Identifier: Apache-2.0 */
#include "change/schema.h"

#include <assert.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "change/columns.h"

const char *type_name(enum type t)
{
	static const char *const names[TYPES] = {
		[TYPE_BOOLEAN] = "boolean",
		[TYPE_INT] = "integer",
		[TYPE_LONG] = "long",
		[TYPE_FLOAT] = "float",
		[TYPE_DOUBLE] = "double",
		[TYPE_DECIMAL] = "decimal",
		[TYPE_DATE] = "date",
		[TYPE_TIMESTAMP] = "timestamp",
		[TYPE_TIMESTAMP_NTZ] = "timestamp_ntz",
		[TYPE_STRING] = "string",
		[TYPE_BINARY] = "binary",
	};

	assert(t < TYPES);
	return names[t];
}

const char *table_mode_name(enum table_mode m)
{
	static const char *const names[TABLE_MODES] = {
		[MODE_MERGE] = "merge",
		[MODE_APPEND] = "append",
		[MODE_RAW] = "raw",
		[MODE_QUARANTINE] = "quarantine",
	};

	assert(m < TABLE_MODES);
	return names[m];
}

enum storage field_storage(const struct field *f)
{
	static const enum storage storages[TYPES] = {
		[TYPE_BOOLEAN] = STORAGE_BOOL,       [TYPE_INT] = STORAGE_INT32,
		[TYPE_LONG] = STORAGE_INT64,         [TYPE_FLOAT] = STORAGE_FLOAT,
		[TYPE_DOUBLE] = STORAGE_DOUBLE,      [TYPE_DATE] = STORAGE_INT32,
		[TYPE_TIMESTAMP] = STORAGE_INT64,    [TYPE_TIMESTAMP_NTZ] = STORAGE_INT64,
		[TYPE_STRING] = STORAGE_BYTES,       [TYPE_BINARY] = STORAGE_BYTES,
	};

	if (f->type != TYPE_DECIMAL)
		return storages[f->type];
	if (f->precision <= 9)
		return STORAGE_INT32;
	return f->precision <= 18 ? STORAGE_INT64 : STORAGE_INT128;
}

size_t storage_size(enum storage s)
{
	static const size_t sizes[STORAGES] = {
		[STORAGE_BOOL] = 1,    [STORAGE_INT32] = 4,  [STORAGE_INT64] = 8,
		[STORAGE_INT128] = 16, [STORAGE_FLOAT] = 4,  [STORAGE_DOUBLE] = 8,
		[STORAGE_BYTES] = 0,
	};

	assert(s < STORAGES);
	return sizes[s];
}

struct schema *schema_new(const char *database, const char *table)
{
	struct schema *s = memory_new(struct schema);

	s->database = memory_copy_text(database);
	s->table = memory_copy_text(table);
	s->references = 1;
	return s;
}

struct field *schema_add(struct schema *s, const char *name, enum type type, bool is_nullable)
{
	struct field *f;

	s->fields = memory_grow(s->fields, struct field, s->field_count + 1);
	f = &s->fields[s->field_count++];
	*f = (struct field){
		.name = memory_copy_text(name),
		.type = type,
		.is_nullable = is_nullable,
		.id = (int32_t)s->field_count,
	};
	return f;
}

struct field *schema_add_copy(struct schema *s, const char *name, const struct field *from, bool is_nullable)
{
	struct field *f = schema_add(s, name, from->type, is_nullable);

	f->source_type = memory_copy_text(from->source_type);
	f->precision = from->precision;
	f->scale = from->scale;
	return f;
}

void schema_set_key(struct schema *s, const uint32_t *fields, uint32_t count)
{
	memory_free(s->key);
	s->key = memory_copy(fields, count * sizeof(*fields));
	s->key_count = count;
}

void schema_set_order(struct schema *s, const uint32_t *fields, uint32_t count)
{
	memory_free(s->order);
	s->order = memory_copy(fields, count * sizeof(*fields));
	s->order_count = count;
}

bool schema_can_order(const struct field *f)
{
	enum storage storage = field_storage(f);

	return storage != STORAGE_BYTES && storage != STORAGE_INT128;
}

int schema_check_order(const struct schema *s, struct err *e)
{
	for (uint32_t i = 0; i < s->order_count; i++) {
		const struct field *f = &s->fields[s->order[i]];

		if (!schema_can_order(f))
			return err_set(e, ERR_DATA, "events cannot be ordered by column \"%s\", which is %s: only by numbers of "
				       "at most 18 digits, dates and times", f->name, type_name(f->type));
	}
	return 0;
}

void schema_names_format(struct buffer *out, const struct schema *s, const uint32_t *fields, uint32_t count)
{
	buffer_char(out, '[');
	for (uint32_t i = 0; i < count; i++) {
		if (i > 0)
			buffer_char(out, ',');
		text_json_string(out, s->fields[fields[i]].name);
	}
	buffer_char(out, ']');
}

void schema_add_partition(struct schema *s, uint32_t field, const char *transform, const char *name)
{
	assert(field < s->field_count);
	s->partition = memory_grow(s->partition, struct partition_field, s->partition_count + 1);
	s->partition[s->partition_count++] = (struct partition_field){
		.field = field,
		.transform = memory_copy_text(transform),
		.name = memory_copy_text(name),
	};
}

static void defaults_free(struct schema *s)
{
	if (s->defaults != NULL)
		columns_release(s->defaults);
	memory_free(s->defaults);
}

void schema_set_defaults(struct schema *s, struct columns *row)
{
	assert(row->row_count == 1 && row->column_count == s->field_count);
	defaults_free(s);
	s->defaults = memory_copy(row, sizeof(*row));
	*row = (struct columns){ 0 };
}

struct schema *schema_adopt_ids(const struct schema *wanted, const struct schema *known, int32_t *last_id)
{
	struct schema *s = schema_new(wanted->database, wanted->table);

	for (uint32_t i = 0; i < wanted->field_count; i++) {
		const struct field *from = &wanted->fields[i];
		struct field *f = schema_add_copy(s, from->name, from, from->is_nullable);
		int at = known != NULL ? schema_find(known, from->name) : -1;

		f->id = at >= 0 ? known->fields[at].id : ++*last_id;
	}
	schema_set_key(s, wanted->key, wanted->key_count);
	schema_set_order(s, wanted->order, wanted->order_count);
	s->is_by_column = wanted->is_by_column;
	s->mode = wanted->mode;
	for (uint32_t i = 0; known != NULL && i < known->partition_count; i++) {
		const struct partition_field *p = &known->partition[i];

		schema_add_partition(s, (uint32_t)schema_find(s, known->fields[p->field].name), p->transform, p->name);
	}
	return s;
}

struct schema *schema_share(struct schema *s)
{
	__atomic_add_fetch(&s->references, 1, __ATOMIC_RELAXED);
	return s;
}

void schema_release(struct schema *s)
{
	if (s == NULL || __atomic_sub_fetch(&s->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (uint32_t i = 0; i < s->field_count; i++) {
		memory_free(s->fields[i].name);
		memory_free(s->fields[i].source_type);
	}
	for (uint32_t i = 0; i < s->partition_count; i++) {
		memory_free(s->partition[i].transform);
		memory_free(s->partition[i].name);
	}
	memory_free(s->partition);
	memory_free(s->fields);
	memory_free(s->key);
	memory_free(s->order);
	defaults_free(s);
	memory_free(s->database);
	memory_free(s->table);
	memory_free(s);
}

int schema_find(const struct schema *s, const char *name)
{
	for (uint32_t i = 0; i < s->field_count; i++) {
		if (strcmp(s->fields[i].name, name) == 0)
			return (int)i;
	}
	return -1;
}

static bool is_listed(const uint32_t *fields, uint32_t count, uint32_t field)
{
	for (uint32_t i = 0; i < count; i++) {
		if (fields[i] == field)
			return true;
	}
	return false;
}

bool schema_is_key(const struct schema *s, uint32_t field)
{
	return is_listed(s->key, s->key_count, field);
}

bool schema_is_order(const struct schema *s, uint32_t field)
{
	return is_listed(s->order, s->order_count, field);
}

bool field_same_type(const struct field *a, const struct field *b)
{
	return a->type == b->type && a->precision == b->precision && a->scale == b->scale;
}

bool field_widens(const struct field *from, const struct field *to)
{
	if (from->type == TYPE_DECIMAL && to->type == TYPE_DECIMAL)
		return from->scale == to->scale && from->precision < to->precision;
	return (from->type == TYPE_INT && to->type == TYPE_LONG) || (from->type == TYPE_FLOAT && to->type == TYPE_DOUBLE);
}

void field_type_format(struct buffer *out, const struct field *f)
{
	buffer_text(out, type_name(f->type));
	if (f->type == TYPE_DECIMAL)
		buffer_format(out, "(%u,%u)", f->precision, f->scale);
}

static bool field_extends(const struct field *a, const struct field *b)
{
	return strcmp(a->name, b->name) == 0 && a->is_nullable == b->is_nullable && (field_same_type(a, b) || field_widens(a, b));
}

/* Lists of fields of the two, of the same length. */
static bool names_equal(const struct schema *a, const uint32_t *of_a, const struct schema *b, const uint32_t *of_b,
			uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (strcmp(a->fields[of_a[i]].name, b->fields[of_b[i]].name) != 0)
			return false;
	}
	return true;
}

static bool key_equal(const struct schema *a, const struct schema *b)
{
	return a->key_count == b->key_count && names_equal(a, a->key, b, b->key, a->key_count);
}

static bool order_equal(const struct schema *a, const struct schema *b)
{
	return a->order_count == b->order_count && names_equal(a, a->order, b, b->order, a->order_count);
}

bool schema_partition_equal(const struct schema *a, const struct schema *b)
{
	if (a->partition_count != b->partition_count)
		return false;
	for (uint32_t i = 0; i < a->partition_count; i++) {
		const struct partition_field *x = &a->partition[i], *y = &b->partition[i];

		if (strcmp(a->fields[x->field].name, b->fields[y->field].name) != 0 ||
		    strcmp(x->transform, y->transform) != 0)
			return false;
	}
	return true;
}

bool schema_keeps_types(const struct schema *a, const struct schema *b)
{
	for (uint32_t i = 0; i < a->field_count; i++) {
		int at = schema_find(b, a->fields[i].name);

		if (at >= 0 && !field_same_type(&a->fields[i], &b->fields[at]))
			return false;
	}
	return true;
}

bool schema_equal(const struct schema *a, const struct schema *b)
{
	return a->field_count == b->field_count && schema_extends(a, b) && schema_keeps_types(a, b);
}

bool schema_extends(const struct schema *a, const struct schema *b)
{
	uint32_t known = 0;

	for (uint32_t i = 0; i < b->field_count; i++) {
		if (known < a->field_count && field_extends(&a->fields[known], &b->fields[i]))
			known++;
	}
	return known == a->field_count && key_equal(a, b) && order_equal(a, b) && a->is_by_column == b->is_by_column;
}
