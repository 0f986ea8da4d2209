/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include "batch/batch.h"

struct fixture {
	struct schema *schema;
	struct columns before, after;
	struct batch *batch;
};

static int set_up(void **state)
{
	struct fixture *f = memory_new(struct fixture);

	f->schema = schema_new("d", "t");
	schema_add(f->schema, "id", TYPE_INT, false);
	schema_add(f->schema, "a", TYPE_INT, true);
	schema_add(f->schema, "b", TYPE_INT, true);
	schema_set_key(f->schema, (uint32_t[]){ 0 }, 1);
	columns_init(&f->before, f->schema);
	columns_init(&f->after, f->schema);
	f->batch = batch_new(f->schema);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	batch_free(f->batch);
	columns_release(&f->before);
	columns_release(&f->after);
	schema_release(f->schema);
	memory_free(f);
	return 0;
}

static void add(struct columns *c, int32_t id, int32_t a, int32_t b)
{
	column_add_int32(&c->columns[0], id);
	column_add_int32(&c->columns[1], a);
	column_add_int32(&c->columns[2], b);
	columns_end_row(c);
}

static void take(struct fixture *f, enum op op)
{
	struct rows rows = { .op = op,
			     .count = op == OP_DELETE ? f->before.row_count : f->after.row_count,
			     .before = op == OP_INSERT ? NULL : &f->before,
			     .after = op == OP_DELETE ? NULL : &f->after };

	batch_add(f->batch, &rows);
	columns_clear(&f->before);
	columns_clear(&f->after);
}

static void inserts_in_a_row_are_one_run(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 3; i++) {
		add(&f->after, i, 0, 0);
		take(f, OP_INSERT);
	}
	assert_int_equal(f->batch->run_count, 1);
	assert_int_equal(f->batch->runs[0].count, 3);
	assert_int_equal(f->batch->rows_in, 3);
}

static void an_update_that_keeps_its_key_is_an_upsert(void **state)
{
	struct fixture *f = *state;

	add(&f->before, 1, 10, 20);
	add(&f->after, 1, 11, 20);
	take(f, OP_UPDATE);
	assert_int_equal(f->batch->run_count, 1);
	assert_int_equal(f->batch->runs[0].op, BATCH_UPSERT);
}

static void a_moved_key_deletes_the_old_one_first(void **state)
{
	struct fixture *f = *state;

	add(&f->before, 1, 10, 20);
	add(&f->after, 2, 10, 20);
	add(&f->before, 5, 0, 0);
	add(&f->after, 5, 1, 0);
	take(f, OP_UPDATE);
	assert_int_equal(f->batch->run_count, 2);
	assert_int_equal(f->batch->runs[0].op, BATCH_MOVE);
	assert_int_equal(column_int32(&f->batch->before.columns[0], 0), 1);
	assert_int_equal(f->batch->runs[1].op, BATCH_UPSERT);
	assert_int_equal(f->batch->runs[1].count, 2);
}

static void a_partial_image_takes_its_key_from_the_before_image(void **state)
{
	struct fixture *f = *state;
	const uint8_t key_only = 1, a_only = 2;
	struct rows rows = { .op = OP_UPDATE, .count = 1, .before = &f->before, .after = &f->after,
			     .before_present = &key_only, .after_present = &a_only };

	add(&f->before, 7, 0, 0);
	add(&f->after, 0, 5, 0);
	batch_add(f->batch, &rows);
	assert_int_equal(f->batch->run_count, 1);
	assert_int_equal(column_int32(&f->batch->after.columns[0], 0), 7);
	assert_int_equal(f->batch->presence_count, 1);
	assert_int_equal(f->batch->presences[0].present[0], 3);
}

/* Rows of a wide table with fields of chance: their presences stay those that they came with, and equal ones are one. */
static void rows_that_each_say_their_fields_have_each_their_presence(void **state)
{
	enum { FIELDS = 20, BYTES = 3, ROWS = 3000 };
	static uint8_t each[ROWS * BYTES];
	struct schema *s = schema_new("d", "wide");
	struct columns after;
	struct rows rows = { .op = OP_INSERT, .count = ROWS, .after = &after, .each_present = each };
	struct batch *b;
	unsigned chance = 1;
	uint32_t run = 0, row = 0;

	(void)state;
	for (unsigned i = 0; i < FIELDS; i++)
		schema_add(s, (char[]){ (char)('a' + i), 0 }, TYPE_INT, i > 0);
	schema_set_key(s, (uint32_t[]){ 0 }, 1);
	columns_init(&after, s);
	b = batch_new(s);
	for (uint32_t i = 0; i < ROWS; i++) {
		for (unsigned f = 1; f <= 10; f++) {
			unsigned bit = f * ((unsigned)rand_r(&chance) % 2);

			each[i * BYTES + bit / 8] = (uint8_t)(each[i * BYTES + bit / 8] | 1u << bit % 8);
		}
		for (unsigned f = 0; f < FIELDS; f++)
			column_add_int32(&after.columns[f], (int32_t)i);
		columns_end_row(&after);
	}
	batch_add(b, &rows);
	assert_true(b->presence_count > 500 && b->presence_count <= 1024);
	for (; run < b->run_count; run++) {
		const uint8_t *present = b->presences[b->runs[run].present - 1].present;

		for (uint32_t i = 0; i < b->runs[run].count; i++, row++) {
			assert_memory_equal(present + 1, each + row * BYTES + 1, BYTES - 1);
			assert_int_equal(*present, each[row * BYTES] | 1);
		}
	}
	assert_int_equal(row, ROWS);
	for (uint32_t i = 1; i < b->presence_count; i++)
		assert_memory_not_equal(b->presences[i - 1].present, b->presences[i].present, BYTES);
	batch_free(b);
	columns_release(&after);
	schema_release(s);
}

static void a_rollback_returns_to_the_mark(void **state)
{
	struct fixture *f = *state;

	add(&f->after, 1, 0, 0);
	take(f, OP_INSERT);
	batch_mark(f->batch);
	add(&f->after, 2, 0, 0);
	take(f, OP_INSERT);
	add(&f->before, 1, 0, 0);
	take(f, OP_DELETE);
	batch_rollback(f->batch);
	assert_int_equal(f->batch->run_count, 1);
	assert_int_equal(f->batch->runs[0].count, 1);
	assert_int_equal(f->batch->after.row_count, 1);
	assert_int_equal(f->batch->before.row_count, 0);
	assert_int_equal(f->batch->rows_in, 1);
}

static void a_truncate_forgets_what_came_before(void **state)
{
	struct fixture *f = *state;

	add(&f->after, 1, 0, 0);
	take(f, OP_INSERT);
	batch_truncate(f->batch);
	assert_true(f->batch->truncates_first);
	assert_int_equal(f->batch->run_count, 0);
	assert_false(batch_is_empty(f->batch));
	add(&f->after, 2, 0, 0);
	take(f, OP_INSERT);
	assert_int_equal(f->batch->after.row_count, 1);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(inserts_in_a_row_are_one_run),
		CASE(an_update_that_keeps_its_key_is_an_upsert),
		CASE(a_moved_key_deletes_the_old_one_first),
		CASE(a_partial_image_takes_its_key_from_the_before_image),
		CASE(rows_that_each_say_their_fields_have_each_their_presence),
		CASE(a_rollback_returns_to_the_mark),
		CASE(a_truncate_forgets_what_came_before),
	};

	return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
