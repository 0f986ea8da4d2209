/* SPDX-License-Identifier: Apache-2.0 */
/* The copy by chunks of tables with a key. */
#include "source/mysql/copy.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/thread.h"
#include "source/mysql/chunk.h"
#include "source/mysql/resume.h"

/* Smaller tables are one range. */
#define RANGE_ROWS_MIN 50000
/* Larger ones, without a whole number in front of the key, too: finding limits reads the index. */
#define WALK_ROWS_MAX 50000000
#define RANGES_PER_CONNECTION 4
#define ROW_BYTES_UNKNOWN 256

struct worker {
	struct copy *copy;
	pthread_t thread;
	struct connection *connection;
	struct buffer sql;
};

static void format_position(const struct position *base, const struct schema *table,
			    struct buffer *out)
{
	const struct copy_position *p = (const struct copy_position *)base;
	const struct captured *t = table != NULL ?
		captured_find(p->tables, table->database, table->table) : NULL;

	mysql_position_format(t != NULL && t->has_position ? &t->at.base : &p->low.base, table, out);
}

/* Ranges of equal width; rows need not be spread evenly, the connections take them one by one. */
static int cut_whole(struct worker *w, struct captured *t, uint32_t parts, struct err *e)
{
	struct copy_progress *p = &t->copy;
	struct answer a = { 0 };
	int64_t least = 0, most = 0;
	uint64_t width;
	struct bytes *from = memory_array(struct bytes, p->key_count), *to;
	struct buffer text[2] = { 0 };
	int rc;

	to = memory_array(struct bytes, p->key_count);
	chunk_select_ends(&w->sql, &t->now);
	rc = connection_ask(w->connection, &a, buffer_string(&w->sql), e);
	/* an empty table, or unsigned numbers past the signed ones: one range */
	if (rc < 0 || !text_parse_int(answer_bytes(&a, 0, 0), &least) ||
	    !text_parse_int(answer_bytes(&a, 0, 1), &most) ||
	    (uint64_t)most - (uint64_t)least < RANGE_ROWS_MIN)
		parts = 1;
	width = ((uint64_t)most - (uint64_t)least) / parts;
	for (uint32_t i = 0; i < parts && rc == 0; i++) {
		struct buffer *limit = &text[i & 1];

		buffer_clear(limit);
		text_int(limit, (int64_t)((uint64_t)least + width * (i + 1)));
		to[0] = buffer_bytes(limit);
		copy_progress_add(p, i > 0 ? from : NULL, i + 1 < parts ? to : NULL);
		from[0] = to[0];
	}
	answer_release(&a);
	buffer_release(&text[0]);
	buffer_release(&text[1]);
	memory_free(from);
	memory_free(to);
	return rc;
}

/* Limits at every n-th key, found by the server on the index alone. */
static int cut_walk(struct worker *w, struct captured *t, uint32_t parts, struct err *e)
{
	struct copy_progress *p = &t->copy;
	uint64_t rows = t->now.rows_estimate / parts;
	struct copy_key last = { NULL };
	struct answer a = { 0 };
	int rc = 0;

	for (uint32_t i = 0; i + 1 < parts && rc == 0; i++) {
		buffer_clear(&w->sql);
		chunk_select_limit(&w->sql, &t->now, &last, rows);
		rc = connection_ask(w->connection, &a, buffer_string(&w->sql), e);
		if (rc < 0 || a.row_count == 0)
			break;
		copy_progress_add(p, last.cells, a.cells);
		copy_key_set(&last, a.cells, p->key_count);
	}
	if (rc == 0)
		copy_progress_add(p, last.cells, NULL);
	copy_key_set(&last, NULL, p->key_count);
	answer_release(&a);
	return rc;
}

static int cut(struct worker *w, struct captured *t, struct err *e)
{
	uint32_t parts = w->copy->settings->connections * RANGES_PER_CONNECTION;
	uint64_t rows = t->now.rows_estimate;

	buffer_clear(&w->sql);
	if (chunk_key_is_whole(&t->now))
		return cut_whole(w, t, parts, e);
	if (rows < RANGE_ROWS_MIN || rows > WALK_ROWS_MAX)
		parts = 1;
	return cut_walk(w, t, parts, e);
}

/* The next piece of work: the lock is held, also while a table is cut. */
static int take_range(struct worker *w, struct captured **table, struct copy_range **range,
		      struct err *e)
{
	struct copy *c = w->copy;

	*range = NULL;
	for (uint32_t i = 0; i < c->tables->count && *range == NULL; i++) {
		struct captured *t = &c->tables->tables[i];

		if (!t->copy.is_open || copy_wants_snapshot(c, t))
			continue;
		if (t->copy.range_count == 0 && cut(w, t, e) < 0)
			return -1;
		*table = t;
		*range = copy_progress_next(&t->copy);
	}
	if (*range != NULL)
		(*range)->is_taken = true;
	return 0;
}

/* How many rows the next chunk may have, from what the rows were like so far. */
static uint64_t chunk_rows(const struct copy *c, const struct copy_rows *r)
{
	uint64_t row_bytes = r->table->now.row_bytes_estimate, rows;

	if (r->row_count > 0)
		row_bytes = r->wire_bytes / r->row_count;
	else if (row_bytes == 0)
		row_bytes = ROW_BYTES_UNKNOWN;
	rows = c->settings->chunk_bytes_max / (row_bytes > 0 ? row_bytes : 1);
	if (rows > c->settings->chunk_rows_max)
		rows = c->settings->chunk_rows_max;
	return rows > 0 ? rows : 1;
}

/* One query; *is_last: it brought fewer rows than it might have. */
static int copy_chunk(struct worker *w, struct copy_rows *r, struct copy_range *range,
		      bool *is_last, struct err *e)
{
	uint64_t limit = chunk_rows(w->copy, r), end = r->row_count + limit;
	int rc;

	buffer_clear(&w->sql);
	chunk_select(&w->sql, &r->table->now, range, limit);
	if (copy_rows_select(r, w->connection, buffer_string(&w->sql), e) < 0)
		return -1;
	while ((rc = copy_rows_next(r, w->connection, e)) == 0) {
		if ((copy_rows_is_full(r) || r->row_count == end) &&
		    copy_rows_give(r, range, copy_rows_key(r), e) < 0)
			return -1;
	}
	*is_last = r->row_count < end;
	return rc < 0 ? -1 : 0;
}

static int copy_range(struct worker *w, struct captured *t, struct copy_range *range, struct err *e)
{
	struct copy_rows r;
	bool is_last = false;
	int rc = 0;

	copy_rows_init(&r, w->copy, t);
	while (rc == 0 && !is_last)
		rc = copy_chunk(w, &r, range, &is_last, e);
	if (rc == 0)
		rc = copy_rows_give(&r, range, NULL, e);
	copy_rows_release(&r);
	return rc < 0 ? err_wrap(e, "copy of %s.%s", t->first_schema->database,
				 t->first_schema->table) : 0;
}

/* From the log's end as it is now on, the copy is equal to the source. */
static int finish_table(struct worker *w, struct captured *t, struct err *e)
{
	struct copy *c = w->copy;
	struct mysql_position through;
	int rc;

	if (server_position(&through, c->server, w->connection, e) < 0)
		return -1;
	pthread_mutex_lock(&c->lock);
	copy_progress_release(&t->copy);
	t->has_copied_through = !position_reaches(&t->at, &through);
	if (t->has_copied_through)
		t->copied_through = through;
	else
		mysql_position_release(&through);
	rc = copy_commit(c, t, e);
	pthread_mutex_unlock(&c->lock);
	return rc;
}

static int work(struct worker *w, struct err *e)
{
	struct copy *c = w->copy;

	if (connection_open(&w->connection, &c->settings->connection, e) < 0)
		return -1;
	while (!copy_is_over(c)) {
		struct captured *t = NULL;
		struct copy_range *range;
		bool is_done;
		int rc;

		pthread_mutex_lock(&c->lock);
		rc = take_range(w, &t, &range, e);
		pthread_mutex_unlock(&c->lock);
		if (rc < 0 || range == NULL)
			return rc;
		if (copy_range(w, t, range, e) < 0)
			return -1;
		pthread_mutex_lock(&c->lock);
		is_done = copy_progress_is_done(&t->copy) && !t->copy.is_finishing;
		t->copy.is_finishing |= is_done;
		pthread_mutex_unlock(&c->lock);
		if (is_done && finish_table(w, t, e) < 0)
			return -1;
	}
	return 0;
}

static void *work_thread(void *argument)
{
	struct worker *w = argument;
	struct err e = ERR_INIT;

	if (work(w, &e) < 0)
		copy_fail(w->copy, &e);
	connection_close(w->connection);
	buffer_release(&w->sql);
	return NULL;
}

/* A table whose ranges were all done when the program ended still lacks its last commit. */
static int finish_resumed(struct copy *c, struct connection *connection, struct err *e)
{
	struct worker w = { .copy = c, .connection = connection };

	for (uint32_t i = 0; i < c->tables->count; i++) {
		struct captured *t = &c->tables->tables[i];

		if (t->copy.is_open && copy_progress_is_done(&t->copy) && finish_table(&w, t, e) < 0)
			return -1;
	}
	return 0;
}

static bool ranges_are_safe(const struct captured *t)
{
	for (uint32_t i = 0; i < t->copy.range_count; i++) {
		const struct copy_range *r = &t->copy.ranges[i];

		if (!chunk_key_is_safe(&t->now, &r->from) || !chunk_key_is_safe(&t->now, &r->to) ||
		    !chunk_key_is_safe(&t->now, &r->last))
			return false;
	}
	return true;
}

/* New tables start at `start`; those under way go on, if the log from their own start is still there. */
static int open_tables(struct copy *c, const struct mysql_position *start, struct connection *connection,
		       bool *any, struct err *e)
{
	*any = false;
	for (uint32_t i = 0; i < c->tables->count; i++) {
		struct captured *t = &c->tables->tables[i];

		if (copy_wants_snapshot(c, t) || (t->has_position && !t->copy.is_open))
			continue;
		*any = true;
		if (!t->has_position) {
			position_copy(&t->at, start);
			t->has_position = true;
			t->copy = (struct copy_progress){ .is_open = true,
				.key_count = t->now.table->schema->key_count };
		} else if (!ranges_are_safe(t)) {
			return err_set(e, ERR_DATA, "table %s.%s: the progress of its copy is damaged; " COPY_ANEW,
				       t->first_schema->database, t->first_schema->table);
		} else if (resume_verify(&t->at, c->server, connection, e) < 0) {
			return err_wrap(e, "table %s.%s", t->first_schema->database,
					t->first_schema->table);
		}
		t->at.format_copy = captured_format;
		t->at.copy_context = c->tables;
		atomic_store(&t->rows_copied, t->copy.rows);
	}
	return 0;
}

static int run_workers(struct copy *c, struct err *e)
{
	uint32_t count = c->settings->connections, started = 0;
	struct worker *workers = memory_array(struct worker, count);
	int rc = 0;

	for (; started < count; started++) {
		workers[started].copy = c;
		if (thread_start(&workers[started].thread, work_thread, &workers[started]) != 0) {
			struct err failure = ERR_INIT;

			err_set(&failure, ERR_IO, "could not start a thread");
			copy_fail(c, &failure);
			break;
		}
	}
	for (uint32_t i = 0; i < started; i++)
		pthread_join(workers[i].thread, NULL);
	memory_free(workers);
	if (c->has_failed) {
		*e = c->failure;
		rc = -1;
	} else if (*c->settings->stop) {
		rc = err_set(e, ERR_STOP, "stopped");
	}
	return rc;
}

/* What every table has: the least of all positions, `start` for those that have none. */
static void set_low(struct copy *c, const struct mysql_position *start)
{
	const struct mysql_position *low = start;

	for (uint32_t i = 0; i < c->tables->count; i++) {
		const struct captured *t = &c->tables->tables[i];

		if (t->has_position && position_reaches(low, &t->at))
			low = &t->at;
	}
	mysql_position_release(&c->position->low);
	position_copy(&c->position->low, low);
	c->position->low.format_copy = NULL;
}

static bool all_are_there(const struct captured_list *l)
{
	for (uint32_t i = 0; i < l->count; i++) {
		if (!l->tables[i].has_position || l->tables[i].copy.is_open)
			return false;
	}
	return true;
}

/* Tables whose copy goes on have their own beginning. */
static bool some_are_new(const struct captured_list *l)
{
	for (uint32_t i = 0; i < l->count; i++) {
		if (!l->tables[i].has_position)
			return true;
	}
	return false;
}

static int begin(struct copy *c, struct mysql_position *start, struct connection *connection, struct err *e)
{
	if (!some_are_new(c->tables))
		return copy_start_position(start, c, connection, e);
	if (copy_note_xa(c, connection, e) < 0 || copy_await_xa(c, connection, e) < 0 ||
	    copy_start_position(start, c, connection, e) < 0)
		return -1;
	return copy_settle_xa(c, connection, e);
}

int copy_run(const struct copy_settings *s, const struct server *server, struct captured_list *tables,
	     struct copy_position *position, struct sink *sink, struct err *e)
{
	struct copy c = { .settings = s, .server = server, .tables = tables, .sink = sink,
			  .position = position, .failure = ERR_INIT };
	struct mysql_position start = { 0 };
	struct connection *connection = NULL;
	bool any = false;
	int rc;

	if (all_are_there(tables))
		return 0;
	pthread_mutex_init(&c.lock, NULL);
	position->tables = tables;
	position->base.format = format_position;
	rc = connection_open(&connection, &s->connection, e);
	if (rc == 0)
		rc = begin(&c, &start, connection, e);
	if (rc == 0) {
		position->base.committed_at_us = start.base.committed_at_us;
		set_low(&c, &start);
	}
	if (rc == 0)
		rc = copy_snapshots(&c, e);
	if (rc == 0)
		rc = open_tables(&c, &start, connection, &any, e);
	if (rc == 0 && any)
		rc = finish_resumed(&c, connection, e);
	connection_close(connection);
	if (rc == 0 && any)
		rc = run_workers(&c, e);
	mysql_position_release(&start);
	mysql_start_release(&c.xa_from);
	pthread_mutex_destroy(&c.lock);
	return rc;
}
