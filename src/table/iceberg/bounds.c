/* SPDX-License-Identifier: Apache-2.0 */
#include "table/iceberg/bounds.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "table/iceberg/stats_value.h"

#define BOUND_CHARACTERS 16 /* the spec's default, truncate(16) */

/* What the statistics say of a field. */
struct told {
	struct json_value min, max, nulls; /* null: nothing */
	bool is_twice;
};

void iceberg_counts_add(struct iceberg_counts *c, int32_t id, int64_t count)
{
	assert(c->count == 0 || c->items[c->count - 1].id < id);
	c->items = memory_grow(c->items, struct iceberg_count, c->count + 1);
	c->items[c->count++] = (struct iceberg_count){ id, count };
}

void iceberg_bounds_add(struct iceberg_bounds *b, int32_t id, struct bytes bytes)
{
	struct iceberg_bound *bound;

	assert(b->count == 0 || b->items[b->count - 1].id < id);
	b->items = memory_grow(b->items, struct iceberg_bound, b->count + 1);
	bound = &b->items[b->count++];
	*bound = (struct iceberg_bound){ .id = id };
	buffer_reserve(&bound->bytes, 1); /* empty, not null */
	buffer_bytes_append(&bound->bytes, bytes);
}

static void release_bounds(struct iceberg_bounds *b)
{
	for (uint32_t i = 0; i < b->count; i++)
		buffer_release(&b->items[i].bytes);
	memory_free(b->items);
}

void iceberg_metrics_release(struct iceberg_metrics *m)
{
	memory_free(m->value_counts.items);
	memory_free(m->null_counts.items);
	release_bounds(&m->lower);
	release_bounds(&m->upper);
	*m = (struct iceberg_metrics){ 0 };
}

/* The index of the field of this name, looked for at `next` first. */
static int find_field(const struct schema *s, struct bytes name, uint32_t next)
{
	const char *text = (const char *)name.data;

	if (strlen(text) != name.size)
		return -1;
	if (next < s->field_count && strcmp(s->fields[next].name, text) == 0)
		return (int)next;
	return schema_find(s, text);
}

/* Takes each field's member of the object into its place in `told`. */
static void collect(struct told *told, size_t place, const struct schema *s,
		    const struct json_value *stats, const char *object_name)
{
	struct json_value object, value;
	struct json_cursor members;
	struct bytes name;
	uint32_t next = 0;

	if (!json_get(stats, object_name, &object) || object.type != JSON_OBJECT)
		return;
	members = json_open(&object);
	while (json_next(&members, &name, &value)) {
		int field = find_field(s, name, next);
		struct json_value *at;

		if (field < 0)
			continue;
		next = (uint32_t)field + 1;
		at = (struct json_value *)(void *)((uint8_t *)&told[field] + place);
		told[field].is_twice = told[field].is_twice || at->node != NULL;
		*at = value;
	}
}

static bool get_count(const struct json_value *v, int64_t *out)
{
	return v->type == JSON_NUMBER && text_parse_int(v->text, out) && *out >= 0;
}

enum outcome { BOUND_MISSING, BOUND_STRANGE, BOUND_FOUND };

static enum outcome get_bound(struct single_value *out, const struct field *f,
			      enum bound_side side, const struct json_value *v)
{
	struct bytes text = v->text;

	if (v->type == JSON_NULL)
		return BOUND_MISSING;
	if (v->type == JSON_TRUE || v->type == JSON_FALSE)
		text = bytes_of_text(v->type == JSON_TRUE ? "true" : "false");
	return stats_value_parse(out, f, side, v->type == JSON_STRING, text)
		       ? BOUND_FOUND
		       : BOUND_STRANGE;
}

static void add_bound(struct iceberg_bounds *bounds, const struct field *f,
		      enum bound_side side, const struct single_value *v)
{
	struct buffer out = { 0 };
	size_t cut = text_prefix(v->bytes, BOUND_CHARACTERS);
	bool is_bound = true;

	single_value_encode(&out, f, v);
	if (cut < v->bytes.size) {
		out.size = cut;
		is_bound = side == BOUND_LOWER || text_raise(&out);
	}
	if (is_bound)
		iceberg_bounds_add(bounds, f->id, buffer_bytes(&out));
	buffer_release(&out);
}

static void add_column(struct iceberg_metrics *m, const struct field *f,
		       const struct told *told, int64_t row_count)
{
	struct single_value min, max;
	enum outcome lower, upper;
	int64_t null_count;

	/* Without the NULLs' number readers take a bounded column for one without NULLs. */
	if (told->is_twice || !get_count(&told->nulls, &null_count) ||
	    null_count > row_count)
		return;
	iceberg_counts_add(&m->value_counts, f->id, row_count);
	iceberg_counts_add(&m->null_counts, f->id, null_count);
	lower = get_bound(&min, f, BOUND_LOWER, &told->min);
	upper = get_bound(&max, f, BOUND_UPPER, &told->max);
	if (lower == BOUND_STRANGE || upper == BOUND_STRANGE || null_count == row_count ||
	    (lower == BOUND_FOUND && upper == BOUND_FOUND &&
	     single_value_compare(f, &min, &max) > 0))
		return;
	if (lower == BOUND_FOUND)
		add_bound(&m->lower, f, BOUND_LOWER, &min);
	if (upper == BOUND_FOUND)
		add_bound(&m->upper, f, BOUND_UPPER, &max);
}

static int compare_ids(const void *a, const void *b)
{
	const struct field *x = *(const struct field *const *)a,
			   *y = *(const struct field *const *)b;

	return (x->id > y->id) - (x->id < y->id);
}

/* ADD COLUMN ... FIRST: the order of ids is not that of the fields. */
static void add_columns(struct iceberg_metrics *m, const struct schema *s,
			const struct told *told, int64_t row_count)
{
	const struct field **by_id = memory_array(const struct field *, s->field_count);

	for (uint32_t i = 0; i < s->field_count; i++)
		by_id[i] = &s->fields[i];
	qsort(by_id, s->field_count, sizeof(*by_id), compare_ids);
	for (uint32_t i = 0; i < s->field_count; i++)
		add_column(m, by_id[i], &told[by_id[i] - s->fields], row_count);
	memory_free(by_id);
}

void iceberg_metrics_of_stats(struct iceberg_metrics *out, const struct schema *s,
			      const char *stats)
{
	struct told *told = memory_array(struct told, s->field_count);
	struct json_parser parser = { 0 };
	struct json_value root, rows;
	struct err e = ERR_INIT; /* strange statistics are none */
	int64_t row_count;

	*out = (struct iceberg_metrics){ 0 };
	if (stats != NULL && json_parse(&parser, bytes_of_text(stats), &root, &e) == 0 &&
	    json_get(&root, "numRecords", &rows) && get_count(&rows, &row_count)) {
		collect(told, offsetof(struct told, min), s, &root, "minValues");
		collect(told, offsetof(struct told, max), s, &root, "maxValues");
		collect(told, offsetof(struct told, nulls), s, &root, "nullCount");
		add_columns(out, s, told, row_count);
	}
	json_parser_release(&parser);
	memory_free(told);
}
