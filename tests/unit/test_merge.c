/* SPDX-License-Identifier: Apache-2.0 */
/* Random batches merged into a real table in a scratch folder, against a plain model of its rows. */
#include "lib/test.h"

#include <unistd.h>

#include "change/json_patch.h"
#include "lib/merge_table.h"

#define KEYS 64

struct fixture {
	struct merge_table base;
	struct batch *batch;      /* the open one */
	struct columns one, two;  /* a row each */
	char index[160];
	bool is_keyed, has_old_index;
	long ids, changes; /* how many ids are in use, and the most changes of a batch */
	/* keyed: the value of each key, -1 absent; else how often (id, value = id) is there */
	int64_t model[KEYS];
	const int64_t *names; /* keyed: the value that each row was inserted with; NULL: not compared */
	int commits;
};

static struct schema *make_schema(bool is_keyed)
{
	struct schema *s = schema_new("d", "t");

	schema_add(s, "id", TYPE_LONG, false);
	schema_add(s, "value", TYPE_LONG, true);
	schema_add(s, "name", TYPE_STRING, true);
	if (is_keyed)
		schema_set_key(s, (uint32_t[]){ 0 }, 1);
	return s;
}

static void fixture_init(struct fixture *t, bool is_keyed)
{
	*t = (struct fixture){ .is_keyed = is_keyed, .ids = KEYS, .changes = 40 };
	merge_table_make_of(&t->base, make_schema(is_keyed));
	snprintf(t->index, sizeof(t->index), "%s", scratch_path(&t->base.folder, "index"));
	for (int i = 0; i < KEYS; i++)
		t->model[i] = is_keyed ? -1 : 0;
	merge_table_open(&t->base);
	t->batch = batch_new(t->base.schema);
	columns_init(&t->one, t->base.schema);
	columns_init(&t->two, t->base.schema);
}

static void fixture_release(struct fixture *t)
{
	batch_free(t->batch);
	columns_release(&t->one);
	columns_release(&t->two);
	merge_table_close(&t->base);
	merge_table_remove(&t->base);
}

static void set_cells(struct columns *c, int64_t id, int64_t value, int64_t named)
{
	char name[32];
	int size = snprintf(name, sizeof(name), "name of %lld", (long long)named);

	columns_clear(c);
	column_add_int64(&c->columns[0], id);
	column_add_int64(&c->columns[1], value);
	column_add_bytes(&c->columns[2], name, (uint32_t)size);
	columns_end_row(c);
}

static void set_row(struct columns *c, int64_t id, int64_t value)
{
	set_cells(c, id, value, value);
}

static void add(struct fixture *t, enum op op)
{
	batch_add(t->batch, &(struct rows){ .op = op, .count = 1,
					    .before = op == OP_DELETE ? &t->one : NULL,
					    .after = op == OP_DELETE ? NULL : &t->one });
}

static void add_insert(struct fixture *t, int64_t id, int64_t value)
{
	set_row(&t->one, id, value);
	add(t, OP_INSERT);
}

static void add_delete(struct fixture *t, int64_t id, int64_t value)
{
	set_row(&t->one, id, value);
	add(t, OP_DELETE);
}

static void add_full_update(struct fixture *t, int64_t id, int64_t to)
{
	set_row(&t->one, id, id);
	set_row(&t->two, to, to);
	batch_add(t->batch, &(struct rows){ .op = OP_UPDATE, .count = 1, .before = &t->one, .after = &t->two });
}

/* The key in front, and only the columns of `after_present` behind: MINIMAL. */
static void add_minimal(struct fixture *t, uint8_t after_present, bool is_overtaken)
{
	const uint8_t key_only = 1;

	batch_add(t->batch, &(struct rows){ .op = OP_UPDATE, .count = 1, .before = &t->one, .after = &t->two,
					    .before_present = &key_only, .after_present = &after_present,
					    .is_overtaken = is_overtaken });
}

static void add_update(struct fixture *t, int64_t id, int64_t value, bool is_overtaken)
{
	set_row(&t->one, id, 0);
	set_row(&t->two, 0, value);
	add_minimal(t, 2, is_overtaken);
}

/* A key that moves and takes only its new key and value along. */
static void add_move(struct fixture *t, int64_t id, int64_t to, int64_t value, bool is_overtaken)
{
	set_row(&t->one, id, 0);
	set_row(&t->two, to, value);
	add_minimal(t, 3, is_overtaken);
}

static void random_change(struct fixture *t)
{
	int64_t id = random() % t->ids, to = random() % t->ids, value = random() % 1000000;

	if (random() % (t->changes * 10) == 0) {
		batch_truncate(t->batch);
		for (int i = 0; i < KEYS; i++)
			t->model[i] = t->is_keyed ? -1 : 0;
	} else if (!t->is_keyed) {
		if (random() % 2 == 0) {
			add_insert(t, id, id);
			t->model[id]++;
		} else if (t->model[id] > 0 && random() % 3 == 0) {
			add_full_update(t, id, to);
			t->model[id]--;
			t->model[to]++;
		} else if (t->model[id] > 0) {
			add_delete(t, id, id);
			t->model[id]--;
		}
	} else if (t->model[id] >= 0 && random() % 3 == 0) {
		add_delete(t, id, t->model[id]);
		t->model[id] = -1;
	} else if (t->model[id] >= 0 && t->model[to] < 0 && random() % 3 == 0) {
		add_move(t, id, to, value, false);
		t->model[id] = -1;
		t->model[to] = value;
	} else if (t->model[id] >= 0 && random() % 3 == 0) {
		add_update(t, id, value, false);
		t->model[id] = value;
	} else {
		add_insert(t, id, value);
		t->model[id] = value;
	}
}

static void check_name(const struct fixture *t, int64_t id, const struct column *name, uint32_t row)
{
	char expected[32];

	assert_false(column_is_null(name, row));
	if (t->names == NULL)
		return;
	snprintf(expected, sizeof(expected), "name of %lld", (long long)t->names[id]);
	assert_int_equal(column_bytes(name, row).size, strlen(expected));
	assert_memory_equal(column_bytes(name, row).data, expected, strlen(expected));
}

/* Reads all live rows and compares. */
static void check_rows(struct fixture *t)
{
	const struct snapshot *s = table_snapshot(t->base.table);
	int64_t seen[KEYS];

	for (int i = 0; i < KEYS; i++)
		seen[i] = t->is_keyed ? -1 : 0;
	for (uint32_t slot = 0; slot < s->file_count; slot++) {
		struct row_set *dead;
		struct columns rows;

		merge_table_read(&rows, &dead, &t->base, slot);
		assert_int_equal(rows.row_count, s->files[slot].row_count);
		for (uint32_t i = 0; i < rows.row_count; i++) {
			int64_t id = column_int64(&rows.columns[0], i);

			if (row_set_has(dead, i))
				continue;
			if (t->is_keyed) {
				assert_int_equal(seen[id], -1);
				seen[id] = column_int64(&rows.columns[1], i);
				check_name(t, id, &rows.columns[2], i);
			} else {
				seen[id]++;
			}
		}
		columns_release(&rows);
		row_set_free(dead);
	}
	for (int i = 0; i < KEYS; i++)
		assert_int_equal(seen[i], t->model[i]);
}

static void commit(struct fixture *t)
{
	struct err e = ERR_INIT;

	must(merge_table_commit(&t->base, t->batch, ++t->commits, &e), &e);
	t->batch = batch_new(t->base.schema);
}

/* One transaction of one to three parts. */
static void random_transaction(struct fixture *t)
{
	int parts = random() % 4 == 0 ? 1 + (int)(random() % 3) : 1;
	struct err e = ERR_INIT;

	for (int part = 1; part <= parts; part++) {
		for (long n = random() % t->changes; n >= 0; n--)
			random_change(t);
		if (part == parts)
			break;
		must(merge_stage(t->base.merge, t->batch, &e), &e);
		batch_free(t->batch);
		t->batch = batch_new(t->base.schema);
	}
	commit(t);
}

static void copy_index(const struct fixture *t, const char *from, const char *to)
{
	char command[1000];

	snprintf(command, sizeof(command), "cp '%s%s' '%s%s' && cp '%s.files%s' '%s.files%s'", t->index,
		 from, t->index, to, t->index, from, t->index, to);
	assert_int_equal(system(command), 0);
}

/* Closes and opens again; sometimes the index is gone, or as old as the copy taken earlier. */
static void reopen(struct fixture *t)
{
	long choice = random() % 4;

	merge_table_close(&t->base);
	if (choice == 0)
		unlink(t->index);
	else if (choice == 1 && t->has_old_index)
		copy_index(t, ".old", "");
	else if (choice == 2)
		copy_index(t, "", ".old");
	t->has_old_index |= choice == 2;
	merge_table_open(&t->base);
}

static void run_transactions(struct fixture *t, int count)
{
	for (int i = 0; i < count; i++) {
		random_transaction(t);
		if (random() % 5 == 0)
			reopen(t);
		check_rows(t);
	}
}

static void run_random(bool is_keyed, unsigned seed)
{
	struct fixture t;

	srandom(seed);
	fixture_init(&t, is_keyed);
	run_transactions(&t, 60);
	fixture_release(&t);
}

/* Random runs; of Iceberg, whose commits take many times as long, fewer. */
static unsigned random_runs(void)
{
	return merge_table_iceberg > 0 ? 1 : 2;
}

static void a_keyed_table_equals_its_model(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= random_runs(); seed++)
		run_random(true, seed);
}

static void a_table_without_a_key_is_a_multiset(void **state)
{
	(void)state;
	for (unsigned seed = 11; seed < 11 + random_runs(); seed++)
		run_random(false, seed);
}

static void thousands_of_equal_rows_are_counted_right(void **state)
{
	struct fixture t;

	(void)state;
	srandom(21);
	fixture_init(&t, false);
	t.ids = 3;
	t.changes = 4000;
	run_transactions(&t, 12);
	fixture_release(&t);
}

static void assert_refused(struct fixture *t, enum err_kind kind)
{
	struct err e = ERR_INIT;

	assert_int_equal(merge_stage(t->base.merge, t->batch, &e), -1);
	assert_int_equal(e.kind, kind);
	fixture_release(t);
}

static void a_delete_of_an_unknown_row_without_a_key_is_refused(void **state)
{
	struct fixture t;

	(void)state;
	fixture_init(&t, false);
	add_delete(&t, 1, 1);
	assert_refused(&t, ERR_DATA);
}

static void a_partial_image_without_its_row_is_refused(void **state)
{
	struct fixture t;

	(void)state;
	fixture_init(&t, true);
	add_update(&t, 1, 5, false);
	assert_refused(&t, ERR_DATA);
}

/* The rows first..last get this value, -1: they are deleted; one commit. */
static void commit_rows(struct fixture *t, int64_t first, int64_t last, int64_t value)
{
	for (int64_t id = first; id <= last; id++) {
		if (value < 0)
			add_delete(t, id, t->model[id]);
		else
			add_insert(t, id, value);
		t->model[id] = value;
	}
	commit(t);
}

static void a_dead_row_in_an_old_index_is_not_counted(void **state)
{
	struct history_entry *entries;
	struct err e = ERR_INIT;
	struct fixture t;
	uint32_t count;

	(void)state;
	fixture_init(&t, true);
	commit_rows(&t, 1, 2, 5);
	merge_table_close(&t.base);
	copy_index(&t, "", ".old");
	merge_table_open(&t.base);
	commit_rows(&t, 1, 1, -1);
	merge_table_close(&t.base);
	copy_index(&t, ".old", "");
	merge_table_open(&t.base);
	commit_rows(&t, 1, 1, 6);
	check_rows(&t);
	must(table_history(t.base.table, 1, &entries, &count, &e), &e);
	assert_int_equal(count, 1);
	assert_int_equal(entries[0].rows_changed, 0);
	assert_int_equal(entries[0].rows_deleted, 0);
	table_history_free(entries, count);
	fixture_release(&t);
}

/* What RESTORE writes: the files of the version before the last come back as they were. */
static void restore_version(const struct fixture *t, int version)
{
	char command[1000];

	snprintf(command, sizeof(command),
		 "cd '%s/_delta_log' && (sed -n 's/^{\"add\":/{\"remove\":/p' %020d.json && "
		 "grep '^{\"add\":' %020d.json) > %020d.json", scratch_path(&t->base.folder, "table"), version + 1,
		 version, version + 2);
	assert_int_equal(system(command), 0);
}

static void rows_that_another_writer_brought_back_are_found(void **state)
{
	struct fixture t;

	(void)state;
	if (merge_table_iceberg > 0)
		return; /* Iceberg takes the position back with the rows: tests/e2e/iceberg_alone.t */
	fixture_init(&t, true);
	commit_rows(&t, 1, 2, 5);
	commit_rows(&t, 1, 1, 6);
	merge_table_close(&t.base);
	restore_version(&t, 1);
	t.model[1] = 5;
	merge_table_open(&t.base);
	check_rows(&t);
	commit_rows(&t, 1, 1, 7);
	check_rows(&t);
	fixture_release(&t);
}

/* What Spark may do in a local directory: its entry takes the place of ours, and our commit was never made. */
static void an_index_of_a_commit_that_was_replaced_is_made_anew(void **state)
{
	char command[600];
	struct fixture t;

	(void)state;
	if (merge_table_iceberg > 0)
		return;
	fixture_init(&t, true);
	commit_rows(&t, 1, 2, 5);
	commit_rows(&t, 1, 1, 6);
	merge_table_close(&t.base);
	snprintf(command, sizeof(command), "echo '{\"commitInfo\":{\"timestamp\":1,\"operation\":\"OPTIMIZE\"}}' > '%s/_delta_log/%020d.json'",
		 scratch_path(&t.base.folder, "table"), 2);
	assert_int_equal(system(command), 0);
	t.model[1] = 5;
	merge_table_open(&t.base);
	assert_int_equal(table_snapshot(t.base.table)->version, 2);
	check_rows(&t);
	commit_rows(&t, 1, 1, 7);
	check_rows(&t);
	fixture_release(&t);
}

enum past { PAST_INSERT, PAST_UPDATE, PAST_DELETE };

struct past_change {
	enum past kind;
	int64_t id, value;
};

#define PAST 400

/* What a source with rows went through: random changes, the rows that each key had after a random one of them
 * (the copy of its chunk), and the rows at the end. */
struct past_source {
	struct past_change changes[PAST];
	int64_t copied[KEYS], copied_names[KEYS];
	int64_t values[KEYS], names[KEYS]; /* value -1: no row */
};

static void live_past(struct past_source *s)
{
	int copied_at[KEYS];

	for (int i = 0; i < KEYS; i++) {
		copied_at[i] = (int)(random() % PAST);
		s->names[i] = PAST + i;
		s->values[i] = random() % 2 == 0 ? PAST + i : -1;
		s->copied[i] = -1;
	}
	for (int n = 0; n < PAST; n++) {
		int64_t id = random() % KEYS;
		struct past_change c = { PAST_INSERT, id, n };

		if (s->values[id] >= 0)
			c.kind = random() % 3 == 0 ? PAST_DELETE : PAST_UPDATE;
		else
			s->names[id] = n;
		s->values[id] = c.kind == PAST_DELETE ? -1 : n;
		s->changes[n] = c;
		for (int i = 0; i < KEYS; i++) {
			if (copied_at[i] != n)
				continue;
			s->copied[i] = s->values[i];
			s->copied_names[i] = s->names[i];
		}
	}
}

static void add_past(struct fixture *t, const struct past_change *c)
{
	if (c->kind == PAST_INSERT)
		add_insert(t, c->id, c->value);
	else if (c->kind == PAST_DELETE)
		add_delete(t, c->id, c->value);
	else
		add_update(t, c->id, c->value, true);
}

static void add_copy(struct fixture *t, const struct past_source *s)
{
	for (int i = 0; i < KEYS; i++) {
		if (s->copied[i] < 0)
			continue;
		set_cells(&t->one, i, s->copied[i], s->copied_names[i]);
		add(t, OP_COPY);
	}
}

/* The copy's rows may be newer than the log that follows; at its end both are one. */
static void partial_images_from_before_the_end_of_the_copy_converge(void **state)
{
	struct past_source *source = memory_new(struct past_source);
	struct fixture t;

	(void)state;
	for (unsigned seed = 1; seed <= 4; seed++) {
		srandom(seed);
		live_past(source);
		fixture_init(&t, true);
		add_copy(&t, source);
		for (int n = 0; n < PAST; n++) {
			if (random() % 20 == 0)
				commit(&t);
			add_past(&t, &source->changes[n]);
		}
		commit(&t);
		memcpy(t.model, source->values, sizeof(t.model));
		t.names = source->names;
		check_rows(&t);
		fixture_release(&t);
	}
	memory_free(source);
}

static void a_key_that_moved_during_the_copy_with_a_partial_image_is_refused(void **state)
{
	struct fixture t;

	(void)state;
	fixture_init(&t, true);
	commit_rows(&t, 1, 1, 1);
	add_move(&t, 1, 2, 5, true);
	add_update(&t, 2, 6, false);
	assert_refused(&t, ERR_CONFIG);
}

static void a_json_patch_finds_its_document_in_the_table(void **state)
{
	const uint8_t key_only = 1, name_only = 4, patched = 4;
	struct buffer patch = { 0 }, rows = { 0 };
	struct fixture t;

	(void)state;
	fixture_init(&t, true);
	merge_table_row(&t.one, t.base.schema, (int64_t[]){ 1, 1 }, "{\"a\": 1, \"b\": 2}");
	add(&t, OP_INSERT);
	commit(&t);
	json_patch_add(&patch, JSON_REPLACE, BYTES_OF("$.a"), BYTES_OF("\"x\""));
	column_add_int64(&t.two.columns[0], 0);
	column_set_null(&t.two.columns[1]);
	column_add_bytes(&t.two.columns[2], patch.data, (uint32_t)patch.size);
	columns_end_row(&t.two);
	batch_add(t.batch, &(struct rows){ .op = OP_UPDATE, .count = 1, .before = &t.one, .after = &t.two,
					   .before_present = &key_only, .after_present = &name_only,
					   .patched = &patched });
	commit(&t);
	merge_table_rows(&rows, &t.base);
	assert_buffer_text(rows, "{\"id\":1,\"value\":1,\"name\":\"{\\\"a\\\": \\\"x\\\", \\\"b\\\": 2}\"}\n");
	buffer_release(&patch);
	fixture_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_keyed_table_equals_its_model),
		cmocka_unit_test(a_table_without_a_key_is_a_multiset),
		cmocka_unit_test(thousands_of_equal_rows_are_counted_right),
		cmocka_unit_test(a_delete_of_an_unknown_row_without_a_key_is_refused),
		cmocka_unit_test(a_dead_row_in_an_old_index_is_not_counted),
		cmocka_unit_test(rows_that_another_writer_brought_back_are_found),
		cmocka_unit_test(an_index_of_a_commit_that_was_replaced_is_made_anew),
		cmocka_unit_test(a_partial_image_without_its_row_is_refused),
		cmocka_unit_test(partial_images_from_before_the_end_of_the_copy_converge),
		cmocka_unit_test(a_key_that_moved_during_the_copy_with_a_partial_image_is_refused),
		cmocka_unit_test(a_json_patch_finds_its_document_in_the_table),
	};

	return merge_table_run(tests, sizeof(tests) / sizeof(tests[0]));
}
