/* SPDX-License-Identifier: Apache-2.0 */
#include "merge/tombstones.h"

#include "base/clock.h"
#include "base/memory.h"
#include "merge/data_file.h"
#include "merge/key_order.h"

#define FOLDER     "_tailrace/tombstones"
#define BLOCK_ROWS 65536u
/* A file of at most so many times the rows to be written is written anew with them, up to the limit. */
#define SMALL_FACTOR     2u
#define WRITTEN_ROWS_MAX (4u << 20)
#define NEEDED           "tombstones (what they keep dead would live again: if a file is lost, move the lake table away and run again)"
#define ABANDONED_US     ((int64_t)86400 * 1000000)

struct tombstones {
	struct store *store;
	struct schema *schema; /* of the files: the table's key and order */
	uint32_t *fields;      /* theirs in the table's schema */
	struct columns rows;   /* not written yet */
	char **gone;           /* files that the next commit does not name, and those that the last one did not */
	uint32_t gone_count, settled_count; /* the latter stand first */
};

/* Adds the table's field, once; its number in the files' schema. */
static uint32_t add_field(struct tombstones *t, const struct schema *table, uint32_t field)
{
	const struct field *from = &table->fields[field];

	for (uint32_t i = 0; i < t->schema->field_count; i++) {
		if (t->fields[i] == field)
			return i;
	}
	t->fields = memory_grow(t->fields, uint32_t, t->schema->field_count + 1);
	t->fields[t->schema->field_count] = field;
	schema_add_copy(t->schema, from->name, from, from->is_nullable);
	return t->schema->field_count - 1;
}

struct tombstones *tombstones_new(struct store *store, const struct schema *table)
{
	struct tombstones *t = memory_new(struct tombstones);
	uint32_t *key = memory_array(uint32_t, table->key_count);
	uint32_t *order = memory_array(uint32_t, table->order_count);

	t->store = store;
	t->schema = schema_new(table->database, table->table);
	for (uint32_t i = 0; i < table->key_count; i++)
		key[i] = add_field(t, table, table->key[i]);
	for (uint32_t i = 0; i < table->order_count; i++)
		order[i] = add_field(t, table, table->order[i]);
	schema_set_key(t->schema, key, table->key_count);
	schema_set_order(t->schema, order, table->order_count);
	columns_init(&t->rows, t->schema);
	memory_free(key);
	memory_free(order);
	return t;
}

void tombstones_set_table(struct tombstones *t, const struct schema *table)
{
	for (uint32_t i = 0; i < t->schema->field_count; i++)
		t->fields[i] = (uint32_t)schema_find(table, t->schema->fields[i].name);
}

void tombstones_free(struct tombstones *t)
{
	if (t == NULL)
		return;
	for (uint32_t i = 0; i < t->gone_count; i++)
		memory_free(t->gone[i]);
	memory_free(t->gone);
	columns_release(&t->rows);
	schema_release(t->schema);
	memory_free(t->fields);
	memory_free(t);
}

void tombstones_add(struct tombstones *t, const struct columns *before, uint32_t row)
{
	for (uint32_t i = 0; i < t->schema->field_count; i++)
		column_append_range(&t->rows.columns[i], &before->columns[t->fields[i]], row, 1);
	columns_end_row(&t->rows);
}

/* Takes the file out of the state's list. */
static void drop_file(struct tombstones *t, struct event_state *state, uint32_t number)
{
	t->gone = memory_grow(t->gone, char *, t->gone_count + 1);
	t->gone[t->gone_count++] = state->files[number].path;
	state->file_count--;
	memmove(&state->files[number], &state->files[number + 1], (state->file_count - number) * sizeof(*state->files));
}

static int open_file(struct data_file_reader **out, struct tombstones *t, const struct tombstone_file *file, struct err *e)
{
	struct data_file data = { .path = file->path, .size_bytes = file->size_bytes };

	return data_file_open(out, t->store, &data, t->schema, e);
}

/* A file that is written, and what it has. */
struct writing {
	struct tombstones *of;
	struct data_file_writer *file;
	uint64_t *orders; /* of a block */
	uint32_t *kept;   /* rows of a block */
	int64_t edge_us, newest_us; /* the latter INT64_MIN: it has no row */
};

/* Adds rows, at most a block, but for those before the edge. */
static int add_rows(struct writing *w, const struct columns *rows, uint32_t first, uint32_t count, struct err *e)
{
	const struct schema *s = w->of->schema;
	uint32_t kept = 0;

	key_order_rows(s, rows, first, count, w->orders);
	for (uint32_t i = 0; i < count; i++) {
		int64_t at = key_order_time(w->orders + (size_t)i * s->order_count);

		if (at < w->edge_us)
			continue;
		w->newest_us = at > w->newest_us ? at : w->newest_us;
		w->kept[kept++] = first + i;
	}
	return kept > 0 ? data_file_add(w->file, rows, w->kept, NULL, kept, e) : 0;
}

static int add_new(struct writing *w, struct err *e)
{
	const struct columns *rows = &w->of->rows;
	int rc = 0;

	for (uint32_t first = 0; first < rows->row_count && rc == 0; first += BLOCK_ROWS) {
		uint32_t left = rows->row_count - first;

		rc = add_rows(w, rows, first, left < BLOCK_ROWS ? left : BLOCK_ROWS, e);
	}
	return rc;
}

/* Block by block: a file may have more rows than there should be memory for. */
static int add_file(struct writing *w, const struct tombstone_file *file, struct err *e)
{
	struct data_file_reader *reader = NULL;
	struct columns rows;
	int rc = open_file(&reader, w->of, file, e);

	columns_init(&rows, w->of->schema);
	while (rc == 0) {
		columns_clear(&rows);
		rc = data_file_next(reader, BLOCK_ROWS, &rows, e);
		if (rc == 0)
			rc = add_rows(w, &rows, 0, rows.row_count, e);
	}
	data_file_close(reader);
	columns_release(&rows);
	return rc < 0 ? -1 : 0;
}

/* The new ones and the state's files from `first` on become one file. */
static int write_file(struct tombstones *t, struct event_state *state, uint32_t first, int64_t edge_us, struct err *e)
{
	struct writing w = { .of = t, .edge_us = edge_us, .newest_us = INT64_MIN };
	struct data_file file = { 0 };
	int rc = data_file_create(&w.file, t->store, FOLDER "/", t->schema, false, e);

	w.orders = memory_array(uint64_t, (size_t)BLOCK_ROWS * t->schema->order_count);
	w.kept = memory_array(uint32_t, BLOCK_ROWS);
	if (rc == 0)
		rc = add_new(&w, e);
	for (uint32_t i = first; i < state->file_count && rc == 0; i++)
		rc = add_file(&w, &state->files[i], e);
	if (rc == 0 && w.newest_us != INT64_MIN)
		rc = data_file_finish(w.file, &file, e);
	data_file_abandon(w.file);
	memory_free(w.orders);
	memory_free(w.kept);
	if (rc < 0)
		return -1;
	while (state->file_count > first)
		drop_file(t, state, state->file_count - 1);
	columns_clear(&t->rows);
	if (file.path == NULL)
		return 0;
	event_state_add_file(state, memory_copy_text(file.path), file.size_bytes, file.row_count, w.newest_us);
	data_file_release(&file);
	return store_sync_folder(t->store, FOLDER, e);
}

/* The first of the state's last files that are small beside what is written with them. */
static uint32_t first_small(const struct tombstones *t, const struct event_state *state)
{
	uint64_t rows = t->rows.row_count;
	uint32_t first = state->file_count;

	while (first > 0) {
		uint64_t more = state->files[first - 1].row_count;

		if (more > rows * SMALL_FACTOR || more + rows > WRITTEN_ROWS_MAX)
			break;
		rows += more;
		first--;
	}
	return first;
}

int tombstones_write(struct tombstones *t, struct event_state *state, int64_t edge_us, struct err *e)
{
	for (uint32_t i = state->file_count; i-- > 0;) {
		if (state->files[i].newest_us < edge_us)
			drop_file(t, state, i);
	}
	if (t->rows.row_count > 0 && write_file(t, state, first_small(t, state), edge_us, e) < 0)
		return err_wrap(e, NEEDED);
	return 0;
}

void tombstones_settle(struct tombstones *t)
{
	struct err ignored = ERR_INIT; /* what stays there is of no harm */

	if (t->gone_count == 0)
		return;
	for (uint32_t i = 0; i < t->settled_count; i++) {
		(void)store_remove(t->store, t->gone[i], &ignored);
		memory_free(t->gone[i]);
	}
	t->gone_count -= t->settled_count;
	memmove(t->gone, t->gone + t->settled_count, t->gone_count * sizeof(*t->gone));
	t->settled_count = t->gone_count;
}

static bool is_named(const struct event_state *state, const char *path)
{
	for (uint32_t i = 0; i < state->file_count; i++) {
		if (strcmp(state->files[i].path, path) == 0)
			return true;
	}
	return false;
}

void tombstones_sweep(struct tombstones *t, const struct event_state *state)
{
	int64_t since_us = clock_now_us() - ABANDONED_US;
	struct err ignored = ERR_INIT;
	struct store_list files;

	if (store_list(t->store, FOLDER, NULL, &files, &ignored) < 0)
		return;
	for (size_t i = 0; i < files.count; i++) {
		const struct store_object *file = &files.objects[i];

		if (file->modified_at_us < since_us && !is_named(state, file->key))
			(void)store_remove(t->store, file->key, &ignored);
	}
	store_list_release(&files);
}

int tombstones_read(struct tombstones *t, const struct tombstone_file *file, tombstones_take *take, void *context,
		    struct err *e)
{
	struct key_hash *keys = memory_array(struct key_hash, BLOCK_ROWS);
	uint64_t *orders = memory_array(uint64_t, (size_t)BLOCK_ROWS * t->schema->order_count);
	struct data_file_reader *reader = NULL;
	struct key_shape shape;
	struct columns rows;
	int rc = open_file(&reader, t, file, e);

	key_shape_init(&shape, t->schema);
	columns_init(&rows, t->schema);
	while (rc == 0 && (rc = data_file_keys(reader, &shape, BLOCK_ROWS, &rows, keys, e)) == 0) {
		key_order_rows(t->schema, &rows, 0, rows.row_count, orders);
		rc = take(context, keys, orders, rows.row_count, e);
	}
	data_file_close(reader);
	columns_release(&rows);
	memory_free(keys);
	memory_free(orders);
	return rc < 0 ? err_wrap(e, NEEDED) : 0;
}
