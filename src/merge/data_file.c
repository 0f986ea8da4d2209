/* SPDX-License-Identifier: Apache-2.0 */
#include "merge/data_file.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "parquet/parquet.h"
#include "table/row_lineage.h"
#include "table/stats.h"
#include "table/uuid.h"

struct data_file_reader {
	struct store *store;
	char *key;
	struct schema *schema;
	struct parquet_reader *parquet;
	uint8_t *key_fields; /* bitmap */
	struct columns partition; /* the cells that the table's log has for all rows: one row; no columns: none */
};

struct data_file_writer {
	struct store *store;
	struct store_writer *object;
	struct parquet_writer *parquet;
	struct schema *schema;
	bool has_ids;
	struct buffer name;
};

static int write_bytes(void *context, struct bytes bytes, struct err *e)
{
	struct data_file_writer *w = context;

	return w->store->ops->writer_write(w->object, bytes, e);
}

/* Opaque and fresh: 32 random hex digits and ".parquet". */
static void name_file(struct buffer *out)
{
	uint8_t uuid[UUID_BYTES];

	uuid_random(uuid);
	text_hex(out, (struct bytes){ uuid, sizeof(uuid) });
	buffer_text(out, ".parquet");
}

int data_file_create(struct data_file_writer **out, struct store *store, const char *prefix, struct schema *schema,
		     bool has_ids, struct err *e)
{
	struct data_file_writer *w = memory_new(struct data_file_writer);
	struct schema *written;

	w->store = store;
	w->schema = schema_share(schema);
	w->has_ids = has_ids;
	buffer_text(&w->name, prefix);
	name_file(&w->name);
	w->object = store->ops->writer_open(store, buffer_string(&w->name), e);
	if (w->object == NULL) {
		data_file_abandon(w);
		return err_wrap(e, "new data file");
	}
	written = has_ids ? row_lineage_schema(schema) : schema_share(schema);
	w->parquet = parquet_writer_open(written, PARQUET_ZSTD,
					 (struct parquet_output){ write_bytes, w });
	schema_release(written);
	*out = w;
	return 0;
}

void data_file_abandon(struct data_file_writer *w)
{
	if (w == NULL)
		return;
	if (w->object != NULL)
		w->store->ops->writer_abort(w->object);
	parquet_writer_close(w->parquet);
	schema_release(w->schema);
	buffer_release(&w->name);
	memory_free(w);
}

/* The rows [first, first + count) as the numbers that parquet_writer_add takes. */
static uint32_t *row_range(uint32_t first, uint32_t count)
{
	uint32_t *range = memory_array(uint32_t, count);

	for (uint32_t i = 0; i < count; i++)
		range[i] = first + i;
	return range;
}

static int add_groups(struct data_file_writer *w, const struct columns *columns, const uint32_t *rows,
		      uint32_t count, struct err *e)
{
	for (uint32_t first = 0; first < count; first += ROW_GROUP_ROWS_MAX) {
		uint32_t left = count - first;
		uint32_t group = left < ROW_GROUP_ROWS_MAX ? left : ROW_GROUP_ROWS_MAX;
		uint32_t *range = rows == NULL && first > 0 ? row_range(first, group) : NULL;
		int rc = parquet_writer_add(w->parquet, columns, rows != NULL ? rows + first : range,
					    group, e);

		memory_free(range);
		if (rc < 0)
			return err_wrap(e, "new data file");
	}
	return 0;
}

/* The ids as a column beside the others: that of the i-th added row stands at its number in them. */
static struct column column_of_ids(const struct columns *columns, const uint32_t *rows, const int64_t *ids,
				   uint32_t count)
{
	int64_t *values = memory_array(int64_t, columns->row_count);
	uint8_t *valid = memory_array(uint8_t, (columns->row_count + 7) / 8);
	uint32_t null_count = columns->row_count;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t row = rows != NULL ? rows[i] : i;

		if (ids[i] < 0)
			continue;
		values[row] = ids[i];
		valid[row >> 3] |= (uint8_t)(1u << (row & 7));
		null_count--;
	}
	if (null_count == 0) {
		memory_free(valid);
		valid = NULL;
	}
	return (struct column){ .storage = STORAGE_INT64, .row_count = columns->row_count,
				.row_capacity = columns->row_count, .null_count = null_count,
				.values = (uint8_t *)values, .valid = valid };
}

int data_file_add(struct data_file_writer *w, const struct columns *columns, const uint32_t *rows,
		  const int64_t *ids, uint32_t count, struct err *e)
{
	struct columns all = { .column_count = columns->column_count + 1, .row_count = columns->row_count };
	struct column *last;
	int rc;

	assert(w->has_ids == (ids != NULL));
	if (ids == NULL)
		return add_groups(w, columns, rows, count, e);
	all.columns = memory_array(struct column, all.column_count);
	memcpy(all.columns, columns->columns, columns->column_count * sizeof(*all.columns));
	last = &all.columns[columns->column_count];
	*last = column_of_ids(columns, rows, ids, count);
	rc = add_groups(w, &all, rows, count, e);
	memory_free(last->values);
	memory_free(last->valid);
	memory_free(all.columns);
	return rc;
}

int data_file_finish(struct data_file_writer *w, struct data_file *out, struct err *e)
{
	struct store_writer *object = w->object;
	struct buffer stats = { 0 };

	if (parquet_writer_finish(w->parquet, e) < 0)
		return err_wrap(e, "new data file");
	w->object = NULL;
	if (w->store->ops->writer_finish(object, e) < 0)
		return err_wrap(e, "new data file");
	stats_collect(&stats, w->schema, w->parquet);
	*out = (struct data_file){
		.path = memory_copy_text(buffer_string(&w->name)),
		.size_bytes = parquet_writer_bytes(w->parquet),
		.row_count = parquet_writer_rows(w->parquet),
		.modified_at_ms = clock_now_us() / 1000,
		.stats = memory_copy_text(buffer_string(&stats)),
	};
	buffer_release(&stats);
	return 0;
}

void data_file_release(struct data_file *f)
{
	memory_free(f->path);
	memory_free(f->stats);
	memory_free(f->partition.pairs);
	buffer_release(&f->tuple);
}

int data_file_write(struct data_file *out, struct store *store, struct schema *schema,
		    const struct columns *columns, const uint32_t *rows, const int64_t *ids, uint32_t count,
		    struct err *e)
{
	struct data_file_writer *w = NULL;
	int rc = data_file_create(&w, store, "", schema, ids != NULL, e);

	if (rc == 0)
		rc = data_file_add(w, columns, rows, ids, count, e);
	if (rc == 0)
		rc = data_file_finish(w, out, e);
	data_file_abandon(w);
	return rc;
}

static int read_bytes(void *context, uint64_t offset, uint64_t size, struct buffer *out, struct err *e)
{
	struct data_file_reader *r = context;
	int rc = r->store->ops->get(r->store, r->key, offset, size, out, e);

	if (rc > 0)
		return err_set(e, ERR_DATA, "the file is gone from the store");
	return rc;
}

static bool is_identity(const struct partition_field *p)
{
	return strcmp(p->transform, "identity") == 0;
}

static int read_partition(struct data_file_reader *r, const struct text_map *values, struct err *e)
{
	const struct schema *s = r->schema;

	columns_init(&r->partition, s);
	for (uint32_t i = 0; i < s->partition_count; i++) {
		uint32_t field = s->partition[i].field;

		if (is_identity(&s->partition[i]) &&
		    partition_cell(&r->partition.columns[field], &s->fields[field],
				   text_map_get(values, s->partition[i].name), e) < 0)
			return -1;
	}
	return 0;
}

/* What the log says of all rows counts, whether the file has those columns or not. */
static void put_partition(const struct data_file_reader *r, struct columns *rows, uint32_t first)
{
	for (uint32_t i = 0; r->partition.column_count > 0 && i < r->schema->partition_count; i++) {
		uint32_t field = r->schema->partition[i].field;

		if (is_identity(&r->schema->partition[i]))
			column_fill(&rows->columns[field], first, &r->partition.columns[field]);
	}
}

int data_file_open(struct data_file_reader **out, struct store *store, const struct data_file *file,
		   struct schema *schema, struct err *e)
{
	struct data_file_reader *r = memory_new(struct data_file_reader);
	struct parquet_input input = { read_bytes, r, file->size_bytes };

	r->store = store;
	r->key = table_file_key(file->path);
	r->schema = schema_share(schema);
	r->key_fields = memory_array(uint8_t, (schema->field_count + 7) / 8);
	for (uint32_t i = 0; i < schema->key_count; i++)
		r->key_fields[schema->key[i] >> 3] |= (uint8_t)(1u << (schema->key[i] & 7));
	for (uint32_t i = 0; i < schema->order_count; i++)
		r->key_fields[schema->order[i] >> 3] |= (uint8_t)(1u << (schema->order[i] & 7));
	if ((file->partition.count > 0 && read_partition(r, &file->partition, e) < 0) ||
	    parquet_reader_open(&r->parquet, schema, input, e) < 0) {
		data_file_close(r);
		return err_wrap(e, "data file %s", file->path);
	}
	*out = r;
	return 0;
}

void data_file_close(struct data_file_reader *r)
{
	if (r == NULL)
		return;
	parquet_reader_close(r->parquet);
	schema_release(r->schema);
	columns_release(&r->partition);
	memory_free(r->key);
	memory_free(r->key_fields);
	memory_free(r);
}

int data_file_keys(struct data_file_reader *r, const struct key_shape *shape, uint32_t limit,
		   struct columns *rows, struct key_hash *keys, struct err *e)
{
	const uint8_t *wanted = shape->is_multiset ? NULL : r->key_fields;
	int rc;

	columns_clear(rows);
	rc = parquet_reader_next(r->parquet, wanted, limit, rows, e);
	if (rc == 0)
		put_partition(r, rows, 0);
	if (rc == 0)
		key_hash_rows(shape, rows, 0, rows->row_count, keys);
	return rc;
}

int data_file_next(struct data_file_reader *r, uint32_t limit, struct columns *columns, struct err *e)
{
	uint32_t first = columns->row_count;
	int rc = parquet_reader_next(r->parquet, NULL, limit, columns, e);

	if (rc == 0)
		put_partition(r, columns, first);
	return rc;
}

int data_file_pick(struct data_file_reader *r, const uint32_t *rows, uint32_t count,
		   struct columns *columns, struct err *e)
{
	uint32_t first = columns->row_count;
	int rc = parquet_reader_pick(r->parquet, NULL, rows, count, columns, e);

	if (rc == 0)
		put_partition(r, columns, first);
	return rc;
}
