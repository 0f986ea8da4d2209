/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading tables as they are at one place in the log. MariaDB tells the place of a snapshot, but for XA COMMITs
 * right before it, whose rows the snapshot may lack; MySQL tells none. There a global read lock of a moment holds
 * the writers between the snapshots and the reading of the place. Tables of engines without snapshots are read
 * under a lock of their own.
 */
#include "source/mysql/copy.h"

#include <string.h>

#include "base/clock.h"
#include "base/thread.h"
#include "source/mysql/chunk.h"

#define LOCK_TRIES   6
#define LOCK_PAUSE_US 1000000

struct reader_thread {
	struct copy *copy;
	pthread_t thread;
	struct connection *connection;
	struct mysql_position at; /* of its snapshot */
	struct buffer sql;
};

bool copy_wants_snapshot(const struct copy *c, const struct captured *t)
{
	const struct server *s = c->server;

	if (t->now.table->schema->key_count == 0 || c->sink->wants_exact_copy)
		return !t->has_position;
	/* partial changes need the very row that they were made on */
	return !t->has_position &&
	       (s->row_image == ROW_IMAGE_MINIMAL || (s->row_image == ROW_IMAGE_NOBLOB && t->now.has_blobs) ||
		(s->has_partial_json && t->now.has_json));
}

int snapshot_lock(const struct copy *c, struct connection *connection, struct err *e)
{
	if (connection_run(connection, "SET SESSION lock_wait_timeout = 5", e) < 0)
		return -1;
	for (int i = 1;; i++) {
		if (connection_run(connection, "FLUSH TABLES WITH READ LOCK", e) == 0)
			return 0;
		if (e->kind == ERR_CONFIG)
			return err_wrap(e, "the snapshot needs a global read lock of a moment; GRANT RELOAD ON "
					"*.* TO the user");
		if (e->kind != ERR_RETRY || connection_error(connection) != 1205)
			return -1;
		if (i == LOCK_TRIES)
			return err_wrap(e, "a long statement keeps the server from giving a global read lock "
					"of a moment (end it: SHOW PROCESSLIST)");
		if (*c->settings->stop)
			return err_set(e, ERR_STOP, "stopped");
		clock_sleep_us(LOCK_PAUSE_US);
	}
}

int snapshot_unlock(struct connection *connection, struct err *e)
{
	return connection_run(connection, "UNLOCK TABLES", e);
}

/* The place of the snapshot that this connection has open (MariaDB). */
static int snapshot_position(struct mysql_position *out, const struct copy *c,
			     struct connection *connection, struct err *e)
{
	struct answer a = { 0 };
	const char *file = NULL;
	uint64_t offset = 0;
	int rc = connection_ask(connection, &a, "SHOW STATUS LIKE 'binlog_snapshot_%'", e);

	for (uint32_t i = 0; i < a.row_count && rc == 0; i++) {
		if (strcasecmp(answer_text(&a, i, 0), "Binlog_snapshot_file") == 0)
			file = answer_text(&a, i, 1);
		else if (strcasecmp(answer_text(&a, i, 0), "Binlog_snapshot_position") == 0)
			offset = answer_uint(&a, i, 1);
	}
	if (rc == 0 && (file == NULL || *file == '\0'))
		rc = err_set(e, ERR_CONFIG, "the server does not tell the place of a snapshot in its log");
	if (rc == 0)
		rc = server_position_at(out, c->server, connection, file, offset, e);
	answer_release(&a);
	return rc;
}

#define START_SNAPSHOT "START TRANSACTION WITH CONSISTENT SNAPSHOT"

int copy_start_position(struct mysql_position *out, const struct copy *c, struct connection *connection,
			struct err *e)
{
	int rc;

	if (c->server->is_mariadb) {
		rc = connection_run(connection, START_SNAPSHOT, e);
		if (rc == 0)
			rc = snapshot_position(out, c, connection, e);
		if (rc == 0)
			rc = connection_run(connection, "COMMIT", e);
	} else if (c->server->has_gtids) {
		rc = server_position(out, c->server, connection, e);
	} else { /* the log's end may be ahead of what is visible, unless commits are held back */
		rc = snapshot_lock(c, connection, e);
		if (rc == 0)
			rc = server_position(out, c->server, connection, e);
		if (rc == 0)
			rc = snapshot_unlock(connection, e);
	}
	if (rc == 0) {
		out->base.committed_at_us = clock_now_us();
		copy_mark_xa(c, out);
	}
	return rc;
}

/* Opens the connections and their snapshots, all at one place. */
static int open_snapshots(struct copy *c, struct reader_thread *readers, uint32_t count, struct err *e)
{
	struct connection *lock = NULL;
	struct mysql_position at = { 0 };
	bool locks = !c->server->is_mariadb || c->has_xa;
	int rc = 0;

	for (uint32_t i = 0; i < count && rc == 0; i++)
		rc = connection_open(&readers[i].connection, &c->settings->connection, e);
	if (rc == 0 && locks) {
		rc = connection_open(&lock, &c->settings->connection, e);
		if (rc == 0)
			rc = snapshot_lock(c, lock, e);
		if (rc == 0)
			rc = server_position(&at, c->server, lock, e);
	}
	for (uint32_t i = 0; i < count && rc == 0; i++) {
		rc = connection_run(readers[i].connection, START_SNAPSHOT, e);
		if (rc == 0 && locks)
			position_copy(&readers[i].at, &at);
		else if (rc == 0)
			rc = snapshot_position(&readers[i].at, c, readers[i].connection, e);
		readers[i].at.base.committed_at_us = clock_now_us();
		copy_mark_xa(c, &readers[i].at);
	}
	if (rc == 0 && locks)
		rc = snapshot_unlock(lock, e);
	connection_close(lock);
	mysql_position_release(&at);
	return rc;
}

/* Its rows and its place are one only while nobody writes to it. */
static int lock_table(struct reader_thread *r, const struct captured *t, struct mysql_position *at,
		      struct err *e)
{
	buffer_clear(&r->sql);
	buffer_text(&r->sql, "LOCK TABLES ");
	mysql_quote_name(&r->sql, t->first_schema->database);
	buffer_char(&r->sql, '.');
	mysql_quote_name(&r->sql, t->first_schema->table);
	buffer_text(&r->sql, " READ");
	if (connection_run(r->connection, buffer_string(&r->sql), e) < 0 ||
	    server_position(at, r->copy->server, r->connection, e) < 0)
		return err_wrap(e, "the table's engine has no snapshots: it is read under a lock (GRANT LOCK "
				"TABLES)");
	at->base.committed_at_us = clock_now_us();
	copy_mark_xa(r->copy, at);
	return 0;
}

static int read_rows(struct reader_thread *r, struct captured *t, struct err *e)
{
	struct copy_rows rows;
	int rc;

	copy_rows_init(&rows, r->copy, t);
	buffer_clear(&r->sql);
	chunk_select_all(&r->sql, &t->now);
	rc = copy_rows_select(&rows, r->connection, buffer_string(&r->sql), e);
	while (rc == 0 && (rc = copy_rows_next(&rows, r->connection, e)) == 0) {
		if (copy_rows_is_full(&rows))
			rc = copy_rows_give(&rows, NULL, NULL, e);
	}
	if (rc == 1)
		rc = copy_rows_give(&rows, NULL, NULL, e);
	copy_rows_release(&rows);
	return rc;
}

static int read_table(struct reader_thread *r, struct captured *t, struct err *e)
{
	int rc = 0;

	if (t->now.is_transactional) /* has_position follows with the commit of the whole unit */
		position_copy(&t->at, &r->at);
	else
		rc = lock_table(r, t, &t->at, e);
	if (rc == 0)
		rc = read_rows(r, t, e);
	if (rc == 0 && !t->now.is_transactional)
		rc = snapshot_unlock(r->connection, e);
	return rc < 0 ? err_wrap(e, "copy of %s.%s", t->first_schema->database, t->first_schema->table) : 0;
}

/* Tables with snapshots first: LOCK TABLES ends the connection's transaction. */
static struct captured *take_table(struct copy *c)
{
	struct captured *found = NULL;

	pthread_mutex_lock(&c->lock);
	for (uint32_t i = 0; i < c->tables->count; i++) {
		struct captured *t = &c->tables->tables[i];

		if (!copy_wants_snapshot(c, t) || t->copy.is_open)
			continue;
		if (found == NULL || (!found->now.is_transactional && t->now.is_transactional))
			found = t;
	}
	if (found != NULL)
		found->copy.is_open = true;
	pthread_mutex_unlock(&c->lock);
	return found;
}

static void *read_thread(void *argument)
{
	struct reader_thread *r = argument;
	struct err e = ERR_INIT;

	while (!copy_is_over(r->copy)) {
		struct captured *t = take_table(r->copy);

		if (t == NULL)
			break;
		if (read_table(r, t, &e) < 0) {
			copy_fail(r->copy, &e);
			break;
		}
	}
	return NULL;
}

/* The unit's end: every table with its own place, and a version even when it is empty. */
static int commit_tables(struct copy *c, struct err *e)
{
	struct origin origin = { 0 };
	struct change change = { .kind = CHANGE_SCHEMA, .origin = &origin };

	for (uint32_t i = 0; i < c->tables->count; i++) {
		struct captured *t = &c->tables->tables[i];

		if (!copy_wants_snapshot(c, t))
			continue;
		t->copy.is_open = false;
		t->has_position = true;
		t->at.format_copy = captured_format;
		t->at.copy_context = c->tables;
		change.schema = t->now.table->schema;
		if (c->sink->take(c->sink, &change, e) < 0)
			return -1;
	}
	return copy_commit(c, NULL, e);
}

static void run_readers(struct copy *c, struct reader_thread *readers, uint32_t count)
{
	uint32_t started = 0;

	for (; started < count; started++) {
		if (thread_start(&readers[started].thread, read_thread, &readers[started]) != 0) {
			struct err failure = ERR_INIT;

			err_set(&failure, ERR_IO, "could not start a thread");
			copy_fail(c, &failure);
			break;
		}
	}
	for (uint32_t i = 0; i < started; i++)
		pthread_join(readers[i].thread, NULL);
}

int copy_snapshots(struct copy *c, struct err *e)
{
	struct reader_thread *readers;
	uint32_t count = 0;
	int rc;

	for (uint32_t i = 0; i < c->tables->count; i++)
		count += copy_wants_snapshot(c, &c->tables->tables[i]) ? 1 : 0;
	if (count == 0)
		return 0;
	if (count > c->settings->connections)
		count = c->settings->connections;
	readers = memory_array(struct reader_thread, count);
	for (uint32_t i = 0; i < count; i++)
		readers[i].copy = c;
	rc = open_snapshots(c, readers, count, e);
	if (rc == 0)
		rc = copy_definitions(c, readers[0].connection, &readers[0].at, e);
	if (rc == 0) {
		run_readers(c, readers, count);
		if (c->has_failed) {
			*e = c->failure;
			rc = -1;
		} else if (*c->settings->stop) {
			rc = err_set(e, ERR_STOP, "stopped");
		} else {
			rc = commit_tables(c, e);
		}
	}
	for (uint32_t i = 0; i < count; i++) {
		connection_close(readers[i].connection);
		mysql_position_release(&readers[i].at);
		buffer_release(&readers[i].sql);
	}
	memory_free(readers);
	return rc;
}
