/* SPDX-License-Identifier: Apache-2.0 */
/* The shown rows of a batch's keys, column by column. */
#include "base/memory.h"
#include "merge/attribute_value.h"
#include "merge/pivot_parts.h"

/* A cell that is not as it is shown so far. */
struct changed {
	uint32_t row;   /* of the rows that are put */
	uint32_t from;  /* the row of the events, or of the long table's values */
	bool is_told;   /* by the long table */
};

struct putting {
	const struct pivoting *p;
	uint32_t *keys;          /* of each row that is put */
	uint32_t count;
	uint32_t *field_of;      /* the events' field of each of the shown ones */
	int32_t *shown_of;       /* the shown field of each of the events', or -1 */
	struct changed *changed; /* by the shown fields, in the order of rows */
	uint32_t *ends;          /* of each shown field, in `changed` */
	struct buffer scratch;
};

static void match_fields(struct putting *put)
{
	const struct schema *events = put->p->schema, *shown = put->p->shown;

	put->field_of = memory_array(uint32_t, shown->field_count);
	put->shown_of = memory_array(int32_t, events->field_count);
	for (uint32_t i = 0; i < events->field_count; i++)
		put->shown_of[i] = schema_find(shown, events->fields[i].name);
	for (uint32_t i = 0; i < shown->field_count; i++)
		put->field_of[i] = (uint32_t)schema_find(events, shown->fields[i].name);
}

/* The shown field of the n-th of the batch's rows that count, or -1: it is a mark. */
static int32_t field_of_newest(const struct putting *put, uint32_t n)
{
	uint32_t attribute = put->p->rows->origins[put->p->newest[n]].attribute;

	return attribute < put->p->schema->field_count ? put->shown_of[attribute] : -1;
}

static void count_changed(struct putting *put)
{
	const struct pivoting *p = put->p;

	for (uint32_t row = 0; row < put->count; row++) {
		const struct pivoted *key = &p->keys[put->keys[row]];

		for (uint32_t i = key->first_told; i < key->first_told + key->told_count; i++)
			put->ends[put->shown_of[p->told[i].field]]++;
		for (uint32_t i = key->first; i < key->first + key->count; i++) {
			int32_t field = field_of_newest(put, i);

			if (field >= 0)
				put->ends[field]++;
		}
	}
}

/* After count_changed: what was counted becomes where each field's begin; noting them moves that to their ends. */
static void note_changed(struct putting *put)
{
	const struct pivoting *p = put->p;
	uint32_t total = 0;

	for (uint32_t i = 0; i < p->shown->field_count; i++) {
		uint32_t count = put->ends[i];

		put->ends[i] = total;
		total += count;
	}
	put->changed = memory_array(struct changed, total);
	for (uint32_t row = 0; row < put->count; row++) {
		const struct pivoted *key = &p->keys[put->keys[row]];

		for (uint32_t i = key->first_told; i < key->first_told + key->told_count; i++)
			put->changed[put->ends[put->shown_of[p->told[i].field]]++] = (struct changed){ row, p->value_rows[i], true };
		for (uint32_t i = key->first; i < key->first + key->count; i++) {
			const struct long_origin *from = &p->rows->origins[p->newest[i]];
			int32_t field = field_of_newest(put, i);

			if (field >= 0)
				put->changed[put->ends[field]++] = (struct changed){ row, p->changes[from->change].row, false };
		}
	}
}

/* The key's columns: what every change of the key says. */
static void put_key(const struct putting *put, uint32_t field, struct column *out)
{
	const struct pivoting *p = put->p;

	for (uint32_t row = 0; row < put->count; row++) {
		uint32_t sample = p->keys[put->keys[row]].sample;

		column_append_range(out, &pivot_rows_of(p, sample)->columns[put->field_of[field]], p->changes[sample].row, 1);
	}
}

/* Any other one's: what changed, and else what is shown so far, or NULL. */
static int put_field(struct putting *put, uint32_t field, struct column *out, struct err *e)
{
	const struct pivoting *p = put->p;
	const struct column *told = &p->values.columns[p->schema->key_count + 1], *base = &p->base.columns[field];
	const struct changed *next = put->changed + (field > 0 ? put->ends[field - 1] : 0), *end = put->changed + put->ends[field];

	for (uint32_t row = 0; row < put->count; row++) {
		const struct changed *c = NULL;
		uint32_t shown = p->base_rows[put->keys[row]];

		for (; next < end && next->row == row; next++)
			c = next;
		if (c == NULL && shown == PICK_NONE)
			column_set_null(out);
		else if (c == NULL)
			column_append_range(out, base, shown, 1);
		else if (!c->is_told)
			column_append_range(out, &p->events->after.columns[put->field_of[field]], c->from, 1);
		else if (attribute_value_read(out, &p->shown->fields[field], told, c->from, &put->scratch, e) < 0)
			return -1;
	}
	return 0;
}

static int put_upserts(struct putting *put, struct batch *out, struct err *e)
{
	const struct schema *shown = put->p->shown;

	put->ends = memory_array(uint32_t, shown->field_count);
	count_changed(put);
	note_changed(put);
	for (uint32_t i = 0; i < shown->field_count; i++) {
		if (schema_is_key(shown, i))
			put_key(put, i, &out->after.columns[i]);
		else if (put_field(put, i, &out->after.columns[i], e) < 0)
			return -1;
	}
	out->after.row_count = put->count;
	batch_take_after(out);
	return 0;
}

static void put_deletes(const struct putting *put, struct batch *out)
{
	const struct schema *shown = put->p->shown;
	struct columns rows;

	if (put->count == 0)
		return;
	columns_init(&rows, shown);
	for (uint32_t i = 0; i < shown->field_count; i++) {
		if (schema_is_key(shown, i))
			put_key(put, i, &rows.columns[i]);
		else
			column_append_nulls(&rows.columns[i], put->count);
	}
	rows.row_count = put->count;
	batch_add(out, &(struct rows){ .op = OP_DELETE, .count = put->count, .before = &rows });
	columns_release(&rows);
}

static void choose(struct putting *put, bool (*is_wanted)(const struct pivoted *))
{
	put->count = 0;
	for (uint32_t k = 0; k < put->p->key_count; k++) {
		if (is_wanted(&put->p->keys[k]))
			put->keys[put->count++] = k;
	}
}

static bool is_upsert(const struct pivoted *key)
{
	return key->is_there && (key->is_whole || key->count > 0);
}

static bool is_delete(const struct pivoted *key)
{
	return !key->is_there && key->place.file != 0;
}

int pivot_put(const struct pivoting *p, struct batch *out, struct err *e)
{
	struct putting put = { .p = p, .keys = memory_array(uint32_t, p->key_count) };
	int rc;

	match_fields(&put);
	choose(&put, is_delete);
	put_deletes(&put, out);
	choose(&put, is_upsert);
	rc = put_upserts(&put, out, e);
	buffer_release(&put.scratch);
	memory_free(put.keys);
	memory_free(put.field_of);
	memory_free(put.shown_of);
	memory_free(put.changed);
	memory_free(put.ends);
	return rc;
}
