/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/merge_table.h"

#include "base/memory.h"
#include "change/render.h"
#include "lib/test.h"
#include "merge/data_file.h"
#include "table/iceberg/iceberg.h"

int merge_table_iceberg;

static int use_format(void **state)
{
	merge_table_iceberg = *(const int *)*state;
	return 0;
}

int merge_table_run(const struct CMUnitTest *tests, size_t count)
{
	static const int formats[] = { 0, 3, 2 };
	const size_t format_count = sizeof(formats) / sizeof(formats[0]);
	struct CMUnitTest *all = memory_array(struct CMUnitTest, count * format_count);
	char **names = memory_array(char *, count * format_count);
	int failed;

	for (size_t i = 0; i < count * format_count; i++) {
		const int *format = &formats[i / count];
		char name[200];

		snprintf(name, sizeof(name), "%s%s%.0d", tests[i % count].name, *format > 0 ? "_iceberg_" : "_delta", *format);
		names[i] = memory_copy_text(name);
		all[i] = tests[i % count];
		all[i].name = names[i];
		all[i].setup_func = use_format;
		all[i].initial_state = (void *)(uintptr_t)format;
	}
	failed = _cmocka_run_group_tests("formats", all, count * format_count, NULL, NULL);
	for (size_t i = 0; i < count * format_count; i++)
		memory_free(names[i]);
	memory_free(names);
	memory_free(all);
	return failed;
}

void merge_table_make_of(struct merge_table *t, struct schema *s)
{
	*t = (struct merge_table){ .schema = s };
	scratch_make(&t->folder);
}

void merge_table_make(struct merge_table *t, bool is_keyed)
{
	struct schema *s = schema_new("d", "t");

	schema_add(s, "id", TYPE_LONG, false);
	schema_add(s, "name", TYPE_STRING, true);
	if (is_keyed)
		schema_set_key(s, (uint32_t[]){ 0 }, 1);
	merge_table_make_of(t, s);
}

void merge_table_remove(struct merge_table *t)
{
	schema_release(t->schema);
	scratch_remove(&t->folder);
}

static int open_format(struct merge_table *t, struct err *e)
{
	const struct iceberg_settings iceberg = { .namespace = "d", .name = "t", .format_version = merge_table_iceberg };

	return merge_table_iceberg > 0 ? iceberg_open(&t->table, t->store, &iceberg, "tailrace/test/d.t", e) :
					 table_open(&t->table, t->store, "tailrace/test/d.t", e);
}

void merge_table_open(struct merge_table *t)
{
	enum commit_result result;
	struct err e = ERR_INIT;
	char index[512];

	t->store = store_open_directory(scratch_path(&t->folder, "table"), true, &e);
	must(t->store != NULL ? 0 : -1, &e);
	must(open_format(t, &e), &e);
	if (table_snapshot(t->table)->version < 0)
		must(table_create(t->table, t->schema, "tailrace/test/d.t", NULL, &result, &e), &e);
	schema_release(t->schema);
	t->schema = schema_share(table_snapshot(t->table)->schema);
	snprintf(index, sizeof(index), "%s", scratch_path(&t->folder, "index"));
	must(merge_open(&t->merge, t->store, t->table, t->schema, index, NULL, &e), &e);
}

void merge_table_close(struct merge_table *t)
{
	merge_close(t->merge);
	table_close(t->table);
	store_close(t->store);
}

void merge_table_widen(struct merge_table *t, const char *name, uint32_t at)
{
	const struct schema *old = t->schema;
	struct schema *s = schema_new(old->database, old->table), *adopted;
	uint32_t key = at == 0 ? 1 : 0;
	int32_t last_id = table_snapshot(t->table)->last_field_id;

	for (uint32_t i = 0; i <= old->field_count; i++) {
		const struct field *f = &old->fields[i < at ? i : i - 1];

		if (i == at)
			schema_add(s, name, TYPE_LONG, true);
		else
			schema_add(s, f->name, f->type, f->is_nullable);
	}
	if (old->key_count > 0)
		schema_set_key(s, &key, 1);
	adopted = schema_adopt_ids(s, table_snapshot(t->table)->schema, &last_id);
	schema_release(s);
	schema_release(t->schema);
	t->schema = adopted;
}

void merge_table_row(struct columns *c, const struct schema *s, const int64_t *numbers, const char *name)
{
	for (uint32_t i = 0; i < s->field_count; i++) {
		if (s->fields[i].type == TYPE_LONG)
			column_add_int64(&c->columns[i], *numbers++);
		else if (name != NULL)
			column_add_bytes(&c->columns[i], name, (uint32_t)strlen(name));
		else
			column_set_null(&c->columns[i]);
	}
	columns_end_row(c);
}

static void add(struct batch *b, enum op op, const int64_t *numbers, const char *name)
{
	struct columns one;

	columns_init(&one, b->schema);
	merge_table_row(&one, b->schema, numbers, name);
	batch_add(b, &(struct rows){ .op = op, .count = 1,
				     .before = op == OP_DELETE ? &one : NULL,
				     .after = op == OP_DELETE ? NULL : &one });
	columns_release(&one);
}

void merge_table_put(struct batch *b, const int64_t *numbers, const char *name)
{
	add(b, OP_INSERT, numbers, name);
}

void merge_table_delete(struct batch *b, const int64_t *numbers, const char *name)
{
	add(b, OP_DELETE, numbers, name);
}

int merge_table_commit(struct merge_table *t, struct batch *b, int n, struct err *e)
{
	struct merge_result result;
	int rc;

	buffer_format(&b->position, "{\"n\":%d}", n);
	merge_set_schema(t->merge, b->schema);
	rc = merge_stage(t->merge, b, e);
	if (rc == 0)
		rc = merge_commit(t->merge, b, &result, e);
	batch_free(b);
	return rc;
}

int merge_table_position(const struct merge_table *t)
{
	const char *position = table_snapshot(t->table)->position;
	int n = 0;

	if (position != NULL && sscanf(position, "{\"n\":%d}", &n) != 1)
		abort();
	return n;
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

struct lines {
	char **texts;
	size_t count;
};

void merge_table_read(struct columns *rows, struct row_set **dead, struct merge_table *t, uint32_t slot)
{
	const struct snapshot *s = table_snapshot(t->table);
	struct data_file_reader *reader;
	struct err e = ERR_INIT;
	int rc;

	columns_init(rows, s->schema);
	must(table_read_dv(t->table, slot, dead, &e), &e);
	must(data_file_open(&reader, t->store, &s->files[slot], s->schema, &e), &e);
	while ((rc = data_file_next(reader, 100000, rows, &e)) == 0)
		;
	must(rc, &e);
	data_file_close(reader);
}

static void read_lines(struct lines *l, struct merge_table *t, uint32_t slot)
{
	struct row_set *dead;
	struct columns rows;

	merge_table_read(&rows, &dead, t, slot);
	l->texts = memory_grow(l->texts, char *, l->count + rows.row_count);
	for (uint32_t i = 0; i < rows.row_count; i++) {
		struct buffer line = { 0 };

		if (row_set_has(dead, i))
			continue;
		render_json_row(&line, table_snapshot(t->table)->schema, &rows, i, NULL);
		l->texts[l->count++] = memory_copy_text(buffer_string(&line));
		buffer_release(&line);
	}
	row_set_free(dead);
	columns_release(&rows);
}

void merge_table_rows(struct buffer *out, struct merge_table *t)
{
	struct lines l = { 0 };

	for (uint32_t slot = 0; slot < table_snapshot(t->table)->file_count; slot++)
		read_lines(&l, t, slot);
	if (l.count > 0)
		qsort(l.texts, l.count, sizeof(*l.texts), compare_lines);
	for (size_t i = 0; i < l.count; i++) {
		buffer_text(out, l.texts[i]);
		buffer_char(out, '\n');
		memory_free(l.texts[i]);
	}
	memory_free(l.texts);
}
