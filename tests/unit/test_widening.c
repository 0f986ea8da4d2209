/* SPDX-License-Identifier: Apache-2.0 */
/* Columns of a table that has rows get wider types: no file is written anew, and rows are found by their keys as before. */
#include "lib/test.h"

#include <stdio.h>
#include <unistd.h>

#include "base/memory.h"
#include "lib/merge_table.h"
#include "merge/key_index.h"

/* d.t of (id, n, f, d), each narrow or wide; `key` is the number of the key's column, below 0: there is none. */
static struct schema *schema_of(bool is_wide, int key)
{
	struct schema *s = schema_new("d", "t");
	struct field *d;

	schema_add(s, "id", is_wide ? TYPE_LONG : TYPE_INT, false);
	schema_add(s, "n", is_wide ? TYPE_LONG : TYPE_INT, true);
	schema_add(s, "f", is_wide ? TYPE_DOUBLE : TYPE_FLOAT, true);
	d = schema_add(s, "d", TYPE_DECIMAL, false);
	d->precision = is_wide ? 30 : 8;
	d->scale = 2;
	if (key >= 0)
		schema_set_key(s, (const uint32_t[]){ (uint32_t)key }, 1);
	return s;
}

static void put_number(struct column *c, int64_t v)
{
	switch (c->storage) {
	case STORAGE_INT32:
		column_add_int32(c, (int32_t)v);
		break;
	case STORAGE_INT64:
		column_add_int64(c, v);
		break;
	case STORAGE_FLOAT:
		column_add_float(c, (float)v / 10);
		break;
	case STORAGE_DOUBLE: /* the same value as the float, if it was one */
		column_add_double(c, (double)((float)v / 10));
		break;
	default:
		column_add_int128(c, v);
		break;
	}
}

/* A row whose cells are all made of one number; n is NULL in that of 4. */
static void change(struct batch *b, enum op op, int64_t number)
{
	struct columns row;

	columns_init(&row, b->schema);
	for (uint32_t i = 0; i < b->schema->field_count; i++) {
		if (i == 1 && number == 4)
			column_set_null(&row.columns[i]);
		else
			put_number(&row.columns[i], number);
	}
	columns_end_row(&row);
	batch_add(b, &(struct rows){ .op = op, .count = 1, .before = op == OP_DELETE ? &row : NULL,
				     .after = op == OP_DELETE ? NULL : &row });
	columns_release(&row);
}

static void commit(struct merge_table *t, struct batch *b, int n)
{
	struct err e = ERR_INIT;

	must(merge_table_commit(t, b, n, &e), &e);
}

static void widen(struct merge_table *t, int key)
{
	struct schema *wide = schema_of(true, key);
	int32_t last_id = table_snapshot(t->table)->last_field_id;

	schema_release(t->schema);
	t->schema = schema_adopt_ids(wide, table_snapshot(t->table)->schema, &last_id);
	schema_release(wide);
}

static void reopen(struct merge_table *t, bool without_index)
{
	merge_table_close(t);
	if (without_index)
		assert_int_equal(unlink(scratch_path(&t->folder, "index")), 0);
	merge_table_open(t);
}

/* Numbers 1 to 5 in two narrow files, of which 3 is gone. */
static void make(struct merge_table *t, int key)
{
	struct batch *b;

	merge_table_make_of(t, schema_of(false, key));
	merge_table_open(t);
	b = batch_new(t->schema);
	for (int64_t number = 1; number <= 4; number++)
		change(b, OP_INSERT, number);
	commit(t, b, 1);
	b = batch_new(t->schema);
	change(b, OP_DELETE, 3);
	change(b, OP_INSERT, 5);
	commit(t, b, 2);
}

static void assert_widened(struct merge_table *t)
{
	struct buffer text = { 0 };

	merge_table_rows(&text, t);
	assert_buffer_text(text, "{\"id\":1,\"n\":1,\"f\":0.10000000149011612,\"d\":0.01}\n"
				 "{\"id\":2,\"n\":2,\"f\":0.20000000298023224,\"d\":0.02}\n"
				 "{\"id\":5000000000,\"n\":5000000000,\"f\":500000000,\"d\":50000000.00}\n");
}

/* The rows of 4 and 5 go, although they lie in narrow files; `how` the index came to know them. */
static void widen_and_delete(int key, int how)
{
	struct merge_table t;
	struct batch *b;

	make(&t, key);
	widen(&t, key);
	b = batch_new(t.schema);
	change(b, OP_INSERT, 5000000000);
	change(b, OP_DELETE, 4);
	commit(&t, b, 3);
	assert_int_equal(table_snapshot(t.table)->file_count, 3);
	if (how > 0)
		reopen(&t, how > 1);
	b = batch_new(t.schema);
	change(b, OP_DELETE, 5);
	if (key >= 0)
		change(b, OP_INSERT, 2);
	commit(&t, b, 4);
	assert_widened(&t);
	assert_string_equal(type_name(table_snapshot(t.table)->schema->fields[0].type), "long");
	merge_table_close(&t);
	merge_table_remove(&t);
}

static void rows_of_a_widened_key_are_found_in_narrow_files(void **state)
{
	(void)state;
	for (int key = 0; key < 4; key++) {
		if (key == 1)
			continue; /* it may be NULL */
		for (int how = 0; how < 3; how++)
			widen_and_delete(key, how);
	}
}

static void equal_rows_without_a_key_are_equal_in_either_width(void **state)
{
	(void)state;
	for (int how = 0; how < 3; how++)
		widen_and_delete(-1, how);
}

static void hashes_do_not_tell_the_width(void **state)
{
	static const uint32_t keys[][4] = { { 0 }, { 1 }, { 2 }, { 3 }, { 3, 0, 1, 2 } };
	static const uint32_t counts[] = { 1, 1, 1, 1, 4 };

	(void)state;
	for (size_t k = 0; k < sizeof(counts) / sizeof(counts[0]) + 1; k++) {
		struct key_hash hashes[2];

		for (int is_wide = 0; is_wide < 2; is_wide++) {
			struct schema *s = schema_of(is_wide, -1);
			struct batch *b = batch_new(s);
			struct key_shape shape;

			if (k < sizeof(counts) / sizeof(counts[0]))
				schema_set_key(s, keys[k], counts[k]);
			key_shape_init(&shape, s);
			change(b, OP_INSERT, -7);
			key_hash_rows(&shape, &b->after, 0, 1, &hashes[is_wide]);
			batch_free(b);
			schema_release(s);
		}
		assert_memory_equal(&hashes[0], &hashes[1], sizeof(hashes[0]));
	}
}

static void only_what_both_formats_allow_is_wider(void **state)
{
	static const struct {
		struct field from, to;
		bool is_wider;
	} cases[] = {
		{ { .type = TYPE_INT }, { .type = TYPE_LONG }, true },
		{ { .type = TYPE_FLOAT }, { .type = TYPE_DOUBLE }, true },
		{ { .type = TYPE_DECIMAL, .precision = 8, .scale = 2 }, { .type = TYPE_DECIMAL, .precision = 9, .scale = 2 }, true },
		{ { .type = TYPE_DECIMAL, .precision = 8, .scale = 2 }, { .type = TYPE_DECIMAL, .precision = 12, .scale = 3 }, false },
		{ { .type = TYPE_DECIMAL, .precision = 8, .scale = 2 }, { .type = TYPE_DECIMAL, .precision = 8, .scale = 2 }, false },
		{ { .type = TYPE_LONG }, { .type = TYPE_INT }, false },
		{ { .type = TYPE_LONG }, { .type = TYPE_DECIMAL, .precision = 20 }, false },
		{ { .type = TYPE_INT }, { .type = TYPE_DOUBLE }, false },
		{ { .type = TYPE_DATE }, { .type = TYPE_TIMESTAMP_NTZ }, false },
		{ { .type = TYPE_INT }, { .type = TYPE_STRING }, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(field_widens(&cases[i].from, &cases[i].to), cases[i].is_wider);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_of_a_widened_key_are_found_in_narrow_files),
		cmocka_unit_test(equal_rows_without_a_key_are_equal_in_either_width),
		cmocka_unit_test(hashes_do_not_tell_the_width),
		cmocka_unit_test(only_what_both_formats_allow_is_wider),
	};

	return merge_table_run(tests, sizeof(tests) / sizeof(tests[0]));
}
