/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/power_lake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "disk/calls.h"
#include "merge/data_file.h"
#include "table/iceberg/iceberg.h"
#include "target/lake.h"

#define KEYS   12
#define LAST   POWER_LAST
#define WIDENS 7 /* the transaction that adds a column to orders */

#define TABLES POWER_TABLES

const char *const power_tables[TABLES] = { "orders", "notes" };

/* orders: a value and an added column's value by key; notes: how often a row is there. */
struct model {
	int64_t value[KEYS], extra[KEYS]; /* value -1: no such row */
	int64_t copies[KEYS];
};

/* What takes the transactions: a model, and a lake unless `lake` is NULL. */
struct run {
	struct model model;
	struct target *lake;
	struct schema *schemas[TABLES];
	int own[TABLES]; /* the transaction that the table has reached already */
	int at;
	struct err *e;
	int rc;
};

static struct schema *schema_of(int table, bool is_wide)
{
	struct schema *s = schema_new("shop", power_tables[table]);

	schema_add(s, "id", TYPE_LONG, false);
	schema_add(s, "value", TYPE_LONG, true);
	schema_add(s, "text", TYPE_STRING, true);
	if (table == ORDERS)
		schema_set_key(s, (uint32_t[]){ 0 }, 1);
	if (is_wide)
		schema_add(s, "extra", TYPE_LONG, true);
	return s;
}

static void add_row(struct columns *c, int64_t id, int64_t value, int64_t extra)
{
	char text[160];
	int size = snprintf(text, sizeof(text), "%0*lld", value % 3 == 0 ? 150 : 4, (long long)value);

	column_add_int64(&c->columns[0], id);
	column_add_int64(&c->columns[1], value);
	column_add_bytes(&c->columns[2], text, (uint32_t)size);
	if (c->column_count > 3)
		column_add_int64(&c->columns[3], extra);
	columns_end_row(c);
}

static void take(struct run *r, int table, struct change *change)
{
	static const struct origin origin = { .log_file = "log" };

	if (r->lake == NULL || r->rc < 0 || r->at <= r->own[table])
		return;
	change->schema = r->schemas[table];
	change->origin = &origin;
	r->rc = r->lake->sink.take(&r->lake->sink, change, r->e);
}

static void take_row(struct run *r, int table, enum op op, int64_t id, int64_t value, int64_t extra)
{
	struct change change = { .kind = CHANGE_ROWS };
	struct columns one;

	if (r->lake == NULL)
		return;
	columns_init(&one, r->schemas[table]);
	add_row(&one, id, value, extra);
	change.rows = (struct rows){ .op = op,
				     .count = 1,
				     .before = op == OP_DELETE ? &one : NULL,
				     .after = op == OP_DELETE ? NULL : &one };
	take(r, table, &change);
	columns_release(&one);
}

static void put_order(struct run *r, int key, int64_t value, int64_t extra)
{
	r->model.value[key] = value;
	r->model.extra[key] = extra;
	take_row(r, ORDERS, OP_INSERT, key, value, extra);
}

static void remove_order(struct run *r, int key)
{
	take_row(r, ORDERS, OP_DELETE, key, r->model.value[key], r->model.extra[key]);
	r->model.value[key] = -1;
}

static void add_note(struct run *r, int key)
{
	r->model.copies[key]++;
	take_row(r, NOTES, OP_INSERT, key, key, 0);
}

static void remove_note(struct run *r, int key)
{
	r->model.copies[key]--;
	take_row(r, NOTES, OP_DELETE, key, key, 0);
}

static void truncate_orders(struct run *r)
{
	struct change change = { .kind = CHANGE_TRUNCATE };

	for (int i = 0; i < KEYS; i++)
		r->model.value[i] = -1;
	take(r, ORDERS, &change);
}

static void widen_orders(struct run *r)
{
	struct change change = { .kind = CHANGE_SCHEMA };
	struct columns backfill;

	for (int i = 0; i < KEYS; i++)
		r->model.extra[i] = 7;
	if (r->lake == NULL || r->at <= r->own[ORDERS])
		return;
	schema_release(r->schemas[ORDERS]);
	r->schemas[ORDERS] = schema_of(ORDERS, true);
	columns_init(&backfill, r->schemas[ORDERS]);
	add_row(&backfill, 0, 0, 7);
	change.backfill = &backfill;
	take(r, ORDERS, &change);
	columns_release(&backfill);
}

/* Transaction `r->at`, without its end. */
static void transaction(struct run *r)
{
	switch (r->at) {
	case 1:
		for (int i = 0; i < 6; i++)
			put_order(r, i, 10 + i, 0);
		add_note(r, 0);
		add_note(r, 0);
		break;
	case 2:
		put_order(r, 1, 21, 0);
		remove_order(r, 3);
		break;
	case 3:
		remove_note(r, 0);
		add_note(r, 1);
		break;
	case 4: /* in several parts: larger than memory */
		for (int i = 0; i < 5 * KEYS; i++)
			put_order(r, i % KEYS, 400 + 3 * i, 0);
		break;
	case 5:
		add_note(r, 2);
		remove_note(r, 0);
		remove_order(r, 0);
		break;
	case 6:
		truncate_orders(r);
		put_order(r, 4, 64, 0);
		put_order(r, 5, 65, 0);
		break;
	case WIDENS:
		widen_orders(r);
		put_order(r, 6, 76, 60);
		break;
	case 8:
		put_order(r, 4, 84, 80);
		add_note(r, 3);
		break;
	case LAST:
		remove_order(r, 5);
		put_order(r, 1, 91, 90);
		break;
	}
}

static const bool touches[TABLES][LAST + 1] = {
	[ORDERS] = { [1] = true, [2] = true, [4] = true, [5] = true, [6] = true, [WIDENS] = true,
		     [8] = true, [LAST] = true },
	[NOTES] = { [1] = true, [3] = true, [5] = true, [8] = true },
};

/* The last transaction up to `at` that changed the table. */
static int last_touch(int table, int at)
{
	while (at > 0 && !touches[table][at])
		at--;
	return at;
}

static void run_init(struct run *r, struct err *e)
{
	*r = (struct run){ .e = e };
	for (int i = 0; i < KEYS; i++)
		r->model.value[i] = -1;
}

static struct model model_at(int at)
{
	struct run r;

	run_init(&r, NULL);
	for (r.at = 1; r.at <= at; r.at++)
		transaction(&r);
	return r.model;
}

/* --- reading ---------------------------------------------------------------------------------- */

struct view {
	struct model model; /* this table's part of it */
	int at;             /* -1: there is no table */
};

static int read_file(struct view *v, struct store *store, struct table *d, uint32_t slot, struct err *e)
{
	const struct snapshot *s = table_snapshot(d);
	const struct data_file *file = &s->files[slot];
	struct data_file_reader *reader = NULL;
	struct row_set *dead = NULL;
	struct columns rows;
	int rc = -1;

	columns_init(&rows, s->schema);
	if (table_read_dv(d, slot, &dead, e) == 0 &&
	    data_file_open(&reader, store, file, s->schema, e) == 0) {
		while ((rc = data_file_next(reader, 1000, &rows, e)) == 0)
			;
	}
	rc = rc < 0 ? rc : 0;
	if (rc == 0 && rows.row_count != file->row_count)
		rc = err_set(e, ERR_DATA, "%s has not all of its rows", file->path);
	for (uint32_t i = 0; rc == 0 && i < rows.row_count; i++) {
		int64_t id = column_int64(&rows.columns[0], i);

		if (row_set_has(dead, i))
			continue;
		v->model.value[id] = column_int64(&rows.columns[1], i);
		v->model.extra[id] = s->schema->field_count > 3 ?
					     column_int64(&rows.columns[3], i) : 0;
		v->model.copies[id]++;
	}
	columns_release(&rows);
	row_set_free(dead);
	data_file_close(reader);
	return rc;
}

static int open_table(struct table **out, const struct power_lake *l, const char *folder, int table, struct store *store,
		      struct err *e)
{
	char url[256], app_id[64];
	const struct iceberg_settings settings = { .catalog = url, .namespace = "shop", .name = power_tables[table] };

	snprintf(url, sizeof(url), "sqlite://%.200s/catalog.db", folder);
	snprintf(app_id, sizeof(app_id), "tailrace/test/shop.%s", power_tables[table]);
	if (strcmp(l->format, "iceberg") != 0)
		return table_open_read(out, store, -1, e);
	if (!l->has_catalog)
		return iceberg_open_read(out, store, -1, e);
	return iceberg_open(out, store, &settings, app_id, e); /* without it, nobody knows what was committed */
}

/* The newest version of the table in the lake of this folder. */
static int view_table(struct view *v, const struct power_lake *l, const char *folder, int table, struct err *e)
{
	struct store *root, *store = NULL;
	struct table *d = NULL;
	char path[256];
	int rc = -1;

	*v = (struct view){ .at = -1 };
	for (int i = 0; i < KEYS; i++)
		v->model.value[i] = -1;
	snprintf(path, sizeof(path), "%s/lake", folder);
	root = store_open_directory(path, false, e);
	if (root == NULL)
		return 0; /* it was never made */
	snprintf(path, sizeof(path), "shop/%s", power_tables[table]);
	store = store_open_below(root, path, e);
	rc = open_table(&d, l, folder, table, store, e);
	if (rc == 0 && table_snapshot(d)->version >= 0) {
		const char *text = table_snapshot(d)->position;

		v->at = 0;
		if (text != NULL && sscanf(text, "{\"at\":%d}", &v->at) != 1)
			rc = err_set(e, ERR_DATA, "a position that is none: %s", text);
		for (uint32_t i = 0; rc == 0 && i < table_snapshot(d)->file_count; i++)
			rc = read_file(v, store, d, i, e);
	}
	table_close(d);
	store_close(store);
	store_close(root);
	return rc;
}

static bool is_model(const struct view *v, int table)
{
	struct model m = model_at(v->at);

	for (int i = 0; i < KEYS; i++) {
		if (table == NOTES && v->model.copies[i] != m.copies[i])
			return false;
		if (table == ORDERS && (v->model.copies[i] != (m.value[i] >= 0) ||
					v->model.value[i] != m.value[i] ||
					(m.value[i] >= 0 && v->model.extra[i] != m.extra[i])))
			return false;
	}
	return true;
}

int power_lake_check(const struct power_lake *l, const char *folder, int acknowledged, struct err *e)
{
	for (int i = 0; i < TABLES; i++) {
		struct view v;
		int least = last_touch(i, acknowledged);

		if (view_table(&v, l, folder, i, e) < 0)
			return err_wrap(e, "%s", power_tables[i]);
		if (v.at < least && !(least == 0 && v.at < 0))
			return err_set(e, ERR_DATA, "%s is at %d, %d was acknowledged",
				       power_tables[i], v.at, least);
		if (v.at > 0 && !is_model(&v, i))
			return err_set(e, ERR_DATA, "%s is not what it was at %d",
				       power_tables[i], v.at);
	}
	return 0;
}

/* --- writing ---------------------------------------------------------------------------------- */

static void format_position(const struct position *p, const struct schema *table, struct buffer *out)
{
	(void)table;
	buffer_format(out, "{\"at\":%d}", (int)p->sequence);
}

/* Opens both tables; the transaction to begin behind. */
static int resume(struct run *r, const struct power_lake *l, const char *folder)
{
	char *texts[TABLES] = { 0 }, *progress = NULL;
	int start = LAST;

	for (int i = 0; i < TABLES && r->rc == 0; i++) {
		bool *lacks = NULL;
		struct view v;

		r->rc = view_table(&v, l, folder, i, r->e);
		r->schemas[i] = schema_of(i, i == ORDERS && v.at >= WIDENS);
		if (r->rc == 0)
			r->rc = r->lake->ops->resume(r->lake, r->schemas[i], &texts[i], &lacks, r->e);
		if (texts[i] != NULL)
			sscanf(texts[i], "{\"at\":%d}", &r->own[i]);
		start = r->own[i] < start ? r->own[i] : start;
		memory_free(texts[i]);
		memory_free(lacks);
	}
	if (r->rc == 0)
		r->rc = r->lake->ops->stream_start(r->lake, &progress, r->e);
	if (progress != NULL)
		sscanf(progress, "{\"at\":%d}", &start);
	free(progress);
	return start;
}

int power_lake_write(const struct power_lake *l, const char *folder, int last, struct err *e)
{
	static struct position positions[LAST + 1];
	struct lake_options options = { .name = (char *)(uintptr_t)"test",
					.table_format = (char *)(uintptr_t)l->format,
					.iceberg_version = l->iceberg_version,
					.commit_interval_ms = 60000,
					.rows_max = 1000,
					.memory_max = 9000,
					.workers = 1 };
	char path[256], catalog[256];
	struct run r;

	snprintf(path, sizeof(path), "%s/lake", folder);
	options.path = path;
	snprintf(catalog, sizeof(catalog), "sqlite://%s/catalog.db", folder);
	options.iceberg_catalog = l->has_catalog ? catalog : NULL;
	run_init(&r, e);
	r.lake = lake_open(&options, e);
	if (r.lake == NULL)
		return -1;
	r.at = resume(&r, l, folder);
	r.model = model_at(r.at);
	for (r.at++; r.at <= last && r.rc == 0; r.at++) {
		struct change commit = { .kind = CHANGE_COMMIT, .position = &positions[r.at] };

		transaction(&r);
		positions[r.at] = (struct position){ (uint64_t)r.at, 0, format_position };
		if (r.rc == 0)
			r.rc = r.lake->sink.take(&r.lake->sink, &commit, e);
		if (r.rc == 0)
			r.rc = r.lake->ops->flush(r.lake, e);
		if (r.rc == 0)
			calls_mark((uint32_t)r.at);
	}
	r.lake->ops->close(r.lake);
	for (int i = 0; i < TABLES; i++)
		schema_release(r.schemas[i]);
	return r.rc;
}
