/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the copy into columns, blocks of columns into the sink. */
#include "source/mysql/copy.h"

#define BLOCK_ROWS_MAX  4096
#define BLOCK_BYTES_MAX (4u << 20)

static void note_invalid(void *context, const struct mysql_table *table, uint32_t column,
			 const char *text)
{
	struct copy_rows *r = context;

	(void)table;
	pthread_mutex_lock(&r->copy->lock);
	captured_note_invalid(r->table, column, text, "copy");
	pthread_mutex_unlock(&r->copy->lock);
}

void copy_rows_init(struct copy_rows *r, struct copy *c, struct captured *t)
{
	*r = (struct copy_rows){ .copy = c, .table = t };
	columns_init(&r->columns, t->now.table->schema);
	r->cells = memory_array(struct bytes, t->now.table->column_count + 1);
	r->key = memory_array(struct bytes, t->now.table->schema->key_count);
	r->key_texts = memory_array(struct buffer, t->now.table->schema->key_count);
}

void copy_rows_release(struct copy_rows *r)
{
	columns_release(&r->columns);
	memory_free(r->cells);
	memory_free(r->key);
	for (uint32_t i = 0; i < r->table->now.table->schema->key_count; i++)
		buffer_release(&r->key_texts[i]);
	memory_free(r->key_texts);
	r->cells = r->key = NULL;
	r->key_texts = NULL;
}

int copy_rows_select(struct copy_rows *r, struct connection *connection, const char *sql, struct err *e)
{
	uint32_t columns;

	if (connection_select(connection, sql, &r->reply, &columns, e) < 0)
		return -1;
	if (columns != r->table->now.table->column_count)
		return err_set(e, ERR_RETRY, "the table changed while it was copied");
	return 0;
}

int copy_rows_next(struct copy_rows *r, struct connection *connection, struct err *e)
{
	const struct mysql_table *t = r->table->now.table;
	struct value_policy policy = { .halts = r->copy->settings->invalid_halts,
				       .invalid = note_invalid, .context = r };
	uint64_t before = r->wire_bytes;
	int rc = connection_row(connection, r->cells, &r->wire_bytes, e);

	if (rc != 0)
		return rc;
	for (uint32_t i = 0; i < t->column_count; i++) {
		if (r->cells[i].data == NULL)
			column_set_null(&r->columns.columns[i]);
		else if (value_from_reply(t, i, &r->reply[i], r->cells[i], &r->columns.columns[i], &policy,
					  e) < 0)
			return err_wrap(e, "table %s.%s", t->schema->database, t->schema->table);
	}
	columns_end_row(&r->columns);
	r->block_bytes += r->wire_bytes - before;
	r->row_count++;
	return 0;
}

const struct bytes *copy_rows_key(struct copy_rows *r)
{
	const struct schema *s = r->table->now.table->schema;

	for (uint32_t i = 0; i < s->key_count; i++) {
		struct buffer *text = &r->key_texts[i];

		buffer_clear(text);
		value_reply_text(&r->reply[s->key[i]], r->cells[s->key[i]], text);
		r->key[i] = (struct bytes){ (const uint8_t *)buffer_string(text), text->size };
	}
	return r->key;
}

bool copy_rows_is_full(const struct copy_rows *r)
{
	return r->columns.row_count >= BLOCK_ROWS_MAX || r->block_bytes >= BLOCK_BYTES_MAX;
}

int copy_commit(struct copy *c, struct captured *table, struct err *e)
{
	struct origin origin = { 0 };
	struct change change = { .kind = CHANGE_SCHEMA, .origin = &origin };

	if (table != NULL) {
		change.schema = table->now.table->schema;
		if (c->sink->take(c->sink, &change, e) < 0)
			return -1;
	}
	c->position->base.sequence++;
	change = (struct change){ .kind = CHANGE_COMMIT, .origin = &origin,
				  .position = &c->position->base };
	return c->sink->take(c->sink, &change, e);
}

static int give(struct copy_rows *r, struct copy_range *range, const struct bytes *cells,
		struct err *e)
{
	struct copy *c = r->copy;
	const struct mysql_position *at = &r->table->at;
	struct origin origin = { .connector = c->server->is_mariadb ? "mariadb" : "mysql", .log_file = at->file,
				 .log_offset = at->offset, .time_us = at->base.committed_at_us };
	struct change change = {
		.kind = CHANGE_ROWS, .schema = r->table->now.table->schema, .origin = &origin,
		.rows = { .op = OP_COPY, .count = r->columns.row_count, .after = &r->columns },
	};

	if (r->columns.row_count > 0 && c->sink->take(c->sink, &change, e) < 0)
		return -1;
	if (range == NULL)
		return 0;
	if (cells != NULL)
		copy_key_set(&range->last, cells, r->table->copy.key_count);
	else
		range->is_done = true;
	r->table->copy.rows += r->columns.row_count;
	return copy_commit(c, NULL, e);
}

int copy_rows_give(struct copy_rows *r, struct copy_range *range, const struct bytes *cells,
		   struct err *e)
{
	int rc;

	pthread_mutex_lock(&r->copy->lock);
	rc = copy_is_over(r->copy) ? err_set(e, ERR_STOP, "stopped") : give(r, range, cells, e);
	pthread_mutex_unlock(&r->copy->lock);
	atomic_fetch_add(&r->table->rows_copied, r->columns.row_count);
	columns_clear(&r->columns);
	r->block_bytes = 0;
	return rc;
}

void copy_fail(struct copy *c, const struct err *failure)
{
	pthread_mutex_lock(&c->lock);
	if (!c->has_failed)
		c->failure = *failure;
	c->has_failed = true;
	pthread_mutex_unlock(&c->lock);
}

bool copy_is_over(const struct copy *c)
{
	return c->has_failed || *c->settings->stop;
}
