/* SPDX-License-Identifier: Apache-2.0 */
#include "batch/batch.h"

#include <assert.h>
#include <xxhash.h>

#include "base/clock.h"
#include "base/memory.h"

struct batch *batch_new(struct schema *schema)
{
	struct batch *b = memory_new(struct batch);

	b->schema = schema_share(schema);
	columns_init(&b->after, schema);
	columns_init(&b->before, schema);
	return b;
}

static void drop_presences(struct batch *b)
{
	for (uint32_t i = 0; i < b->presence_count; i++) {
		memory_free(b->presences[i].present);
		memory_free(b->presences[i].patched);
	}
	b->presence_count = 0;
	memory_free(b->presence_slots);
	b->presence_slots = NULL;
	b->presence_slot_count = 0;
}

void batch_free(struct batch *b)
{
	if (b == NULL)
		return;
	drop_presences(b);
	memory_free(b->presences);
	memory_free(b->runs);
	columns_release(&b->after);
	columns_release(&b->before);
	columns_release(&b->backfill);
	buffer_release(&b->position);
	buffer_release(&b->tag);
	schema_release(b->schema);
	memory_free(b);
}

bool batch_is_empty(const struct batch *b)
{
	return b->run_count == 0 && b->backfill.row_count == 0 && !b->truncates_first;
}

size_t batch_bytes(const struct batch *b)
{
	return columns_bytes(&b->after) + columns_bytes(&b->before) +
	       b->run_count * sizeof(*b->runs);
}

static void open_at(struct batch *b)
{
	if (b->opened_at_us == 0)
		b->opened_at_us = clock_monotonic_us();
}

/* Adds rows to the end of the log, to the last run when they continue it. */
static void add_run(struct batch *b, enum batch_op op, uint32_t first, uint32_t count, uint32_t present)
{
	struct batch_run *last = b->run_count > 0 ? &b->runs[b->run_count - 1] : NULL;

	if (last != NULL && last->op == op && last->present == present &&
	    last->first + last->count == first) {
		last->count += count;
		return;
	}
	if (b->run_count == b->run_capacity) {
		b->run_capacity = b->run_capacity > 0 ? b->run_capacity * 2 : 16;
		b->runs = memory_grow(b->runs, struct batch_run, b->run_capacity);
	}
	b->runs[b->run_count++] = (struct batch_run){ op, first, count, present };
}

static bool bitmap_equal(const uint8_t *a, const uint8_t *b, size_t size)
{
	if (a == NULL || b == NULL)
		return a == b;
	return memcmp(a, b, size) == 0;
}

static bool presence_equal(const struct presence *a, const struct presence *b, size_t size)
{
	return a->is_overtaken == b->is_overtaken && a->is_upsert == b->is_upsert && bitmap_equal(a->present, b->present, size) &&
	       bitmap_equal(a->patched, b->patched, size);
}

/* The slot that has its number, or the free one where that belongs. */
static uint32_t *presence_slot(const struct batch *b, const struct presence *p, size_t size)
{
	uint32_t mask = b->presence_slot_count - 1, at = (uint32_t)XXH3_64bits(p->present, size) & mask;

	while (b->presence_slots[at] != 0 && !presence_equal(&b->presences[b->presence_slots[at] - 1], p, size))
		at = (at + 1) & mask;
	return &b->presence_slots[at];
}

/* Makes room for one more. */
static void grow_presences(struct batch *b, size_t size)
{
	if ((b->presence_count + 1) * 2 <= b->presence_slot_count)
		return;
	memory_free(b->presence_slots);
	b->presence_slot_count = b->presence_slot_count > 0 ? b->presence_slot_count * 2 : 16;
	b->presence_slots = memory_array(uint32_t, b->presence_slot_count);
	b->presences = memory_grow(b->presences, struct presence, b->presence_slot_count / 2);
	for (uint32_t i = 0; i < b->presence_count; i++)
		*presence_slot(b, &b->presences[i], size) = i + 1;
}

/*
 * The number + 1 of a presence; 0 for full images. The key's fields always count as present: batch_add
 * fills them in.
 */
static uint32_t presence_of(struct batch *b, const uint8_t *present, const uint8_t *patched,
			    const struct rows *rows)
{
	size_t size = (b->schema->field_count + 7) / 8;
	struct presence wanted = { NULL, (uint8_t *)(uintptr_t)patched, rows->is_overtaken, rows->is_upsert };
	uint32_t *slot;

	if (present == NULL && patched == NULL)
		return 0;
	wanted.present = memory_resize(NULL, size, 1);
	if (present != NULL)
		memcpy(wanted.present, present, size);
	else
		memset(wanted.present, 0xff, size);
	for (uint32_t i = 0; i < b->schema->key_count; i++)
		wanted.present[b->schema->key[i] >> 3] |= (uint8_t)(1u << (b->schema->key[i] & 7));
	grow_presences(b, size);
	slot = presence_slot(b, &wanted, size);
	if (*slot != 0) {
		memory_free(wanted.present);
		return *slot;
	}
	wanted.patched = patched != NULL ? memory_copy(patched, size) : NULL;
	b->presences[b->presence_count] = wanted;
	*slot = ++b->presence_count;
	return *slot;
}

/*
 * Appends rows [first, first + count) of `after`; what a partial image lacks is taken from the row's own
 * before-image when that has it (a key-less table's, NOBLOB's), else left absent.
 */
static void append_after(struct batch *b, const struct rows *rows, uint32_t first, uint32_t count)
{
	for (uint32_t i = 0; i < b->schema->field_count; i++) {
		const struct columns *from = rows->after;

		if (!field_present(rows->after_present, i) && rows->before != NULL &&
		    field_present(rows->before_present, i))
			from = rows->before;
		column_append_range(&b->after.columns[i], &from->columns[i], first, count);
	}
	b->after.row_count += count;
}

static void append_before(struct batch *b, const struct rows *rows, uint32_t first, uint32_t count)
{
	for (uint32_t i = 0; i < b->schema->field_count; i++)
		column_append_range(&b->before.columns[i], &rows->before->columns[i], first, count);
	b->before.row_count += count;
}

/* The presence of the rows that append_after makes. */
static uint32_t after_presence(struct batch *b, const struct rows *rows)
{
	size_t size = (b->schema->field_count + 7) / 8;
	uint8_t *present;
	bool is_full = true;
	uint32_t number;

	if (rows->after_present == NULL)
		return presence_of(b, NULL, rows->patched, rows);
	present = memory_copy(rows->after_present, size);
	for (uint32_t i = 0; i < b->schema->field_count; i++) {
		if (rows->before != NULL && field_present(rows->before_present, i))
			present[i >> 3] |= (uint8_t)(1u << (i & 7));
		is_full = is_full && field_present(present, i);
	}
	number = presence_of(b, is_full ? NULL : present, rows->patched, rows);
	memory_free(present);
	return number;
}

/* Whether an update left the row's identity as it was. */
static bool key_stayed(const struct schema *s, const struct rows *rows, uint32_t row)
{
	if (s->key_count == 0)
		return false;
	for (uint32_t i = 0; i < s->key_count; i++) {
		uint32_t field = s->key[i];

		if (field_present(rows->after_present, field) &&
		    !column_cell_equal(&rows->before->columns[field], row, &rows->after->columns[field], row))
			return false;
	}
	return true;
}

static void add_updates(struct batch *b, const struct rows *rows)
{
	uint32_t present = after_presence(b, rows);

	for (uint32_t first = 0, end; first < rows->count; first = end) {
		bool stayed = key_stayed(b->schema, rows, first);

		for (end = first + 1; end < rows->count && stayed; end++) {
			if (!key_stayed(b->schema, rows, end))
				break;
		}
		if (!stayed) {
			append_before(b, rows, first, 1);
			add_run(b, b->schema->key_count > 0 ? BATCH_MOVE : BATCH_DELETE,
				b->before.row_count - 1, 1, 0);
		}
		append_after(b, rows, first, end - first);
		add_run(b, BATCH_UPSERT, b->after.row_count - (end - first), end - first, present);
	}
}

/* Partial images, each with its own fields. */
static void add_each(struct batch *b, const struct rows *rows)
{
	size_t size = (b->schema->field_count + 7) / 8;
	uint32_t first = b->after.row_count;

	append_after(b, rows, 0, rows->count);
	for (uint32_t i = 0; i < rows->count; i++)
		add_run(b, BATCH_UPSERT, first + i, 1, presence_of(b, rows->each_present + i * size, NULL, rows));
}

void batch_add(struct batch *b, const struct rows *rows)
{
	open_at(b);
	b->rows_in += rows->count;
	b->is_copy = rows->op == OP_COPY;
	switch (rows->op) {
	case OP_COPY:
	case OP_INSERT:
		if (rows->each_present != NULL) {
			add_each(b, rows);
			break;
		}
		append_after(b, rows, 0, rows->count);
		add_run(b, BATCH_UPSERT, b->after.row_count - rows->count, rows->count,
			after_presence(b, rows));
		break;
	case OP_UPDATE:
		add_updates(b, rows);
		break;
	case OP_DELETE:
		append_before(b, rows, 0, rows->count);
		add_run(b, BATCH_DELETE, b->before.row_count - rows->count, rows->count, 0);
		break;
	case OPS:
		assert(!"an operation");
	}
}

void batch_take_after(struct batch *b)
{
	uint32_t known = 0;

	for (uint32_t i = 0; i < b->run_count; i++)
		known += b->runs[i].op == BATCH_UPSERT ? b->runs[i].count : 0;
	if (b->after.row_count == known)
		return;
	open_at(b);
	add_run(b, BATCH_UPSERT, known, b->after.row_count - known, 0);
}

void batch_mark(struct batch *b)
{
	b->mark = (struct batch_mark){
		.after_rows = b->after.row_count,
		.before_rows = b->before.row_count,
		.run_count = b->run_count,
		.last_run_rows = b->run_count > 0 ? b->runs[b->run_count - 1].count : 0,
		.rows_in = b->rows_in,
		.truncates_first = b->truncates_first,
	};
}

void batch_rollback(struct batch *b)
{
	/* a TRUNCATE is a transaction of its own: none can be open behind it */
	assert(b->truncates_first == b->mark.truncates_first);
	columns_cut(&b->after, b->mark.after_rows);
	columns_cut(&b->before, b->mark.before_rows);
	b->run_count = b->mark.run_count;
	if (b->run_count > 0)
		b->runs[b->run_count - 1].count = b->mark.last_run_rows;
	b->rows_in = b->mark.rows_in;
	if (batch_is_empty(b))
		b->opened_at_us = 0;
}

void batch_truncate(struct batch *b)
{
	open_at(b);
	columns_clear(&b->after);
	columns_clear(&b->before);
	b->run_count = 0;
	drop_presences(b);
	b->truncates_first = true;
	b->rows_in++;
}
