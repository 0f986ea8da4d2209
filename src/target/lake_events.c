/* SPDX-License-Identifier: Apache-2.0 */
#include "target/lake_events.h"

#include <string.h>

#include "base/memory.h"
#include "merge/pivot.h"

#define LATE_SUFFIX "__late"

static int open_beside(struct lake_table **out, const struct lake_place *place, struct schema *schema, struct err *e)
{
	struct buffer name = { 0 };

	buffer_format(&name, "%s.%s", schema->database, schema->table);
	*out = lake_table_new(buffer_string(&name), NULL);
	buffer_release(&name);
	if (lake_table_open(*out, place, schema, e) < 0)
		return err_wrap(e, "what stands beside it (if that is another table, give this one another --table)");
	return 0;
}

/* Late events are rows of their own, by key and order; what they tell is not looked at. */
static struct schema *late_schema(const struct schema *events)
{
	uint32_t *key = memory_array(uint32_t, events->key_count + events->order_count), count = 0;
	struct buffer name = { 0 };
	struct schema *s;

	buffer_format(&name, "%s" LATE_SUFFIX, events->table);
	s = schema_new(events->database, buffer_string(&name));
	buffer_release(&name);
	for (uint32_t i = 0; i < events->field_count; i++)
		schema_add_copy(s, events->fields[i].name, &events->fields[i], !schema_is_key(events, i));
	for (uint32_t i = 0; i < events->key_count; i++)
		key[count++] = events->key[i];
	for (uint32_t i = 0; i < events->order_count; i++) {
		if (!schema_is_key(events, events->order[i]))
			key[count++] = events->order[i];
	}
	schema_set_key(s, key, count);
	memory_free(key);
	return s;
}

static int open_late(struct lake_table *t, const struct lake_place *place, const struct schema *events, struct err *e)
{
	struct schema *schema = late_schema(events);
	int rc = open_beside(&t->late, place, schema, e);

	schema_release(schema);
	return rc;
}

static int open_tall(struct lake_table *t, const struct lake_place *place, const struct schema *events, struct err *e)
{
	struct schema *schema = NULL;
	int rc = long_schema(&schema, events, e); /* columns that came since may not be possible */

	if (rc == 0 && t->tall == NULL) {
		rc = open_beside(&t->tall, place, schema, e);
		if (rc == 0 && t->position != NULL && table_snapshot(t->tall->table)->version < 0)
			rc = err_set(e, ERR_CONFIG, "its long table %s is not in the lake, and without it nothing tells which events are "
				     "older than what this one shows: put it back, or move this one away as well, and run again",
				     t->tall->name);
	}
	schema_release(schema);
	return rc;
}

int lake_events_open(struct lake_table *t, const struct lake_place *place, struct schema *source, struct err *e)
{
	if (source->order_count == 0)
		return 0;
	if (place->share != NULL)
		return err_set(e, ERR_CONFIG, "--order event needs one process for a table's events: run without --group");
	if (source->is_by_column)
		return open_tall(t, place, source, e);
	return t->late == NULL && strcmp(place->options->late, "keep") == 0 ? open_late(t, place, source, e) : 0;
}

void lake_events_begin(struct lake_table *t)
{
	merge_set_horizon(t->merge, t->options->late_horizon_ms * 1000);
}

static int commit_tall(struct lake_table *t, const struct lake_work *work, struct long_rows *rows, struct err *e)
{
	struct lake_work tall = { .commits = true };
	struct merge_result unused;
	bool committed;

	unpivot(rows, t->tall->schema, work->batch);
	tall.batch = rows->batch;
	if (tall.batch->position.size == 0) /* a part of a transaction; nobody goes on from here */
		buffer_text(&tall.batch->position, "{}");
	return lake_table_work(t->tall, &tall, &committed, &unused, e);
}

int lake_events_pivot(struct lake_table *t, const struct lake_work *work, struct batch **out, struct err *e)
{
	const struct pivot_rules rules = { .hides_incomplete = strcmp(t->options->incomplete_rows, "hide") == 0 };
	struct long_rows rows = { 0 };
	int rc = commit_tall(t, work, &rows, e);

	if (rc == 0)
		rc = pivot(out, work->batch, &rows, t->tall->merge, t->merge, work->shown, rules, e);
	long_rows_release(&rows);
	return rc;
}

int lake_events_keep_late(struct lake_table *t, const struct batch *b, struct err *e)
{
	const struct columns *late = merge_late(t->merge);
	struct lake_work work = { .commits = true };
	struct merge_result unused;
	struct schema *schema;
	bool committed;
	int rc;

	if (late->row_count == 0)
		return 0;
	schema = late_schema(b->schema);
	rc = lake_table_set_schema(t->late, schema, e);
	schema_release(schema);
	if (rc < 0)
		return err_wrap(e, "table %s", t->late->name);
	work.batch = batch_new(t->late->schema);
	columns_append(&work.batch->after, late);
	batch_take_after(work.batch);
	work.batch->rows_in = late->row_count;
	buffer_bytes_append(&work.batch->position, buffer_bytes(&b->position));
	rc = lake_table_work(t->late, &work, &committed, &unused, e);
	batch_free(work.batch);
	return rc;
}
