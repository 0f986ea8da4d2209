/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transactions ("groups" in the servers' words):
 *
 *   MySQL    GTID | ANONYMOUS_GTID | GTID_TAGGED, then BEGIN … XID | COMMIT | ROLLBACK |
 * XA_PREPARE, or one statement alone MariaDB  GTID, whose flags tell whether one
 * statement stands alone or XID | COMMIT | … ends it
 *
 * A ROLLBACK ends a group whose rows are undone by a server that applies the log, except
 * rows of tables without transactions: those stay there, which a lake's table cannot tell
 * apart, so such a group halts.
 */
#include "source/mysql/decoder_state.h"

#include <string.h>

#include "source/mysql/gtid_event.h"

/* Whether the group was finished before our position: read again for an XA transaction in
 * front of it. */
static bool is_known(const struct decoder *d)
{
	const struct transaction *t = &d->transaction;
	const struct mysql_position *p = &d->position;

	if (t->has_gtid && p->gtids.count > 0 && (!d->is_mariadb || d->reads_again))
		return gtid_set_has(&p->gtids, &t->gtid);
	return d->reads_again &&
	       place_compare(d->file, t->start, p->file, p->offset) < 0;
}

static void open_group(struct decoder *d, const struct event *event)
{
	struct buffer held = d->transaction.held;

	buffer_clear(&held);
	d->transaction = (struct transaction){
		.is_open = true,
		.start = d->offset,
		.time_us = (int64_t)event->header.timestamp * 1000000,
		.held = held,
	};
	buffer_clear(&d->statement);
	d->transaction_number++;
}

static void close_group(struct decoder *d)
{
	d->transaction.is_open = d->transaction.is_xa = false;
}

static int take_gtid(const struct event *event, struct gtid_event *g, struct err *e)
{
	switch (event->header.type) {
	case EVENT_GTID:
	case EVENT_ANONYMOUS_GTID:
		if (gtid_event_parse(g, event->body, e) < 0)
			return -1;
		g->has_gtid = event->header.type == EVENT_GTID;
		return 0;
	case EVENT_GTID_TAGGED:
		return gtid_event_parse_tagged(g, event->body, e);
	default:
		return gtid_event_parse_mariadb(g, event->body, event->header.server_id,
						e);
	}
}

int decoder_gtid(struct decoder *d, const struct event *event, struct err *e)
{
	struct transaction *t = &d->transaction;
	struct gtid_event g = { .has_gtid = false };

	if (t->is_open && t->has_begun)
		return err_set(e, ERR_DATA, "a transaction begins inside another");
	if (take_gtid(event, &g, e) < 0)
		return -1;
	if (g.has_gtid && (g.gtid.number == 0 || g.gtid.number >= INT64_MAX))
		return err_set(e, ERR_DATA, "a transaction cannot have the number %llu",
			       (unsigned long long)g.gtid.number);
	open_group(d, event);
	t->has_gtid = g.has_gtid;
	t->gtid = g.gtid;
	t->has_begun = g.begins;
	if (g.commit_us != 0)
		t->time_us = (int64_t)g.commit_us;
	if (g.has_gtid) {
		buffer_clear(&d->text);
		gtid_format(&g.gtid, &d->text);
		strncpy(t->gtid_text, buffer_string(&d->text), sizeof(t->gtid_text) - 1);
	}
	t->is_known = is_known(d);
	if (g.is_xa_prepare)
		decoder_xa_start(d, &g.xid);
	return 0;
}

int decoder_begin(struct decoder *d, const struct event *event, struct err *e)
{
	if (d->transaction.is_open && d->transaction.has_begun)
		return err_set(e, ERR_DATA, "a transaction begins inside another");
	if (!d->transaction.is_open) {
		open_group(d, event);
		d->transaction.is_known = is_known(d);
	}
	d->transaction.has_begun = true;
	return 0;
}

static void move_position(struct decoder *d, const struct event *event)
{
	struct mysql_position *p = &d->position;

	p->base.committed_at_us = d->transaction.time_us;
	if (d->transaction.has_gtid)
		gtid_set_add(&p->gtids, &d->transaction.gtid);
	p->server_id = event->header.server_id;
	memcpy(p->file, d->file, sizeof(p->file));
	p->offset = d->end;
}

/* The group at hand is over. From the position on, the list knows what is prepared. True: it did not before. */
static bool read_on(struct decoder *d)
{
	bool was_unknown = d->position.xa_from.file[0] != '\0';

	if (!d->reads_again)
		return false;
	if (d->transaction.has_gtid)
		gtid_set_add(&d->again.gtids, &d->transaction.gtid);
	memcpy(d->again.file, d->file, sizeof(d->again.file));
	d->again.offset = d->end;
	if (!mysql_start_reaches(&d->again, &d->position))
		return false;
	d->reads_again = false;
	mysql_start_release(&d->position.xa_from);
	return was_unknown;
}

int decoder_commit(struct decoder *d, const struct event *event, struct err *e)
{
	struct change change = { .kind = CHANGE_COMMIT, .position = &d->position.base };
	struct origin origin;
	bool is_news;

	if (!d->transaction.is_known && decoder_flush(d, e) < 0)
		return -1;
	decoder_origin(d, event, &origin);
	change.origin = &origin;
	if (!d->transaction.is_known)
		move_position(d, event);
	is_news = read_on(d) || !d->transaction.is_known;
	close_group(d);
	if (!is_news)
		return 0;
	d->position.base.sequence++;
	return d->sink->take(d->sink, &change, e);
}

static int roll_back(struct decoder *d, const struct event *event, struct err *e)
{
	struct change change = { .kind = CHANGE_ROLLBACK };
	struct origin origin;

	if (d->transaction.keeps_rows)
		return err_set(e, ERR_DATA,
			       "a transaction with rows of a table without transactions "
			       "was rolled "
			       "back: those rows stay in the source; the tables must be "
			       "copied anew");
	decoder_drop_block(d);
	if (d->transaction.was_taken) {
		decoder_origin(d, event, &origin);
		change.origin = &origin;
		d->transaction.was_taken = false;
		if (d->sink->take(d->sink, &change, e) < 0)
			return -1;
	}
	return decoder_commit(d, event, e);
}

static int truncate_table(struct decoder *d, const struct event *event,
			  const char *database, const struct table_name *name,
			  struct err *e)
{
	struct change change = { .kind = CHANGE_TRUNCATE };
	struct transaction *t = &d->transaction;
	struct mysql_table *table = NULL;
	struct origin origin;

	if (name->database[0] != 0)
		database = name->database;
	if (d->callbacks.named == NULL || t->is_known)
		return 0;
	if (d->callbacks.named(d->callbacks.context, database, name->table, &table, e) <
	    0)
		return -1;
	if (table == NULL ||
	    (d->callbacks.has_already != NULL &&
	     d->callbacks.has_already(d->callbacks.context, table,
				      t->has_gtid ? &t->gtid : NULL, d->file, t->start)))
		return 0;
	decoder_origin(d, event, &origin);
	if (decoder_flush(d, e) < 0 || decoder_announce(d, table, &origin, e) < 0)
		return -1;
	change.schema = table->schema;
	change.origin = &origin;
	t->was_taken = true;
	return d->sink->take(d->sink, &change, e);
}

static int pass_statement(struct decoder *d, const struct event *event,
			  const char *database, struct bytes sql, struct err *e)
{
	struct origin origin;

	if (d->transaction.is_known || d->callbacks.statement == NULL)
		return 0;
	if (decoder_flush(d, e) < 0)
		return -1;
	decoder_origin(d, event, &origin);
	return d->callbacks.statement(d->callbacks.context, database, sql, &origin, e);
}

/* A statement that is no transaction's frame; alone in its group it ends the group as
 * well. */
static int take_statement(struct decoder *d, const struct event *event,
			  const char *database, struct bytes sql,
			  const struct statement *s, struct err *e)
{
	int rc;

	if (!d->transaction.is_open) {
		open_group(d, event);
		d->transaction.is_known = is_known(d);
	}
	if (s->kind == STATEMENT_TRUNCATE)
		rc = truncate_table(d, event, database, &s->table, e);
	else
		rc = pass_statement(d, event, database, sql, e);
	if (rc < 0 || d->transaction.has_begun)
		return rc;
	return decoder_commit(d, event, e);
}

static int roll_back_part(const struct decoder *d, struct err *e)
{
	if (!d->transaction.has_rows)
		return 0;
	return err_set(e, ERR_DATA,
		       "ROLLBACK TO SAVEPOINT behind rows of captured tables: which of "
		       "them stay "
		       "cannot be told; the tables must be copied anew");
}

static int run_statement(struct decoder *d, const struct event *event,
			 const char *database, struct bytes sql, struct err *e)
{
	struct statement s;

	sql = statement_body(sql);
	statement_parse(&s, sql);
	switch (s.kind) {
	case STATEMENT_BEGIN:
		return decoder_begin(d, event, e);
	case STATEMENT_COMMIT:
	case STATEMENT_ROLLBACK:
		if (!d->transaction.is_open)
			return err_set(e, ERR_DATA,
				       "the end of a transaction that did not begin");
		return s.kind == STATEMENT_COMMIT ? decoder_commit(d, event, e)
						  : roll_back(d, event, e);
	case STATEMENT_SAVEPOINT:
	case STATEMENT_XA_END:
		return 0;
	case STATEMENT_ROLLBACK_TO:
		return roll_back_part(d, e);
	case STATEMENT_XA_START:
		if (d->transaction.is_xa) /* MariaDB's GTID said it already */
			return 0;
		if (decoder_begin(d, event, e) < 0)
			return -1;
		decoder_xa_start(d, &s.xid);
		return 0;
	case STATEMENT_XA_COMMIT:
	case STATEMENT_XA_ROLLBACK:
		if (!d->transaction.is_open)
			open_group(d, event);
		return decoder_xa_end(d, event, &s.xid, s.kind == STATEMENT_XA_COMMIT, e);
	case STATEMENT_TRUNCATE:
	case STATEMENT_OTHER:
		break;
	}
	return take_statement(d, event, database, sql, &s, e);
}

/* Q_SQL_MODE_CODE, which both servers write first, or behind Q_FLAGS2_CODE. */
static uint64_t sql_mode_of(struct bytes status)
{
	struct reader r = reader_of(status);
	uint8_t code = reader_u8(&r);
	uint64_t mode;

	if (code == 0) {
		reader_skip(&r, 4);
		code = reader_u8(&r);
	}
	mode = reader_u64le(&r);
	return code == 1 && !r.short_read ? mode : 0;
}

/*
 * QUERY: thread id u32, seconds u32, database size u8, error u16, status size u16; status
 * variables, database, NUL, statement. MariaDB's compressed form packs the statement.
 */
int decoder_query(struct decoder *d, const struct event *event, struct err *e)
{
	struct reader r = reader_of(event->body);
	uint32_t thread = reader_u32le(&r);
	struct bytes database, sql, status;
	char name[256];
	uint8_t size;

	reader_skip(&r, 4);
	size = reader_u8(&r);
	reader_skip(&r, 2);
	status = reader_bytes(&r, reader_u16le(&r));
	database = reader_bytes(&r, size);
	reader_skip(&r, 1);
	sql = reader_bytes(&r, reader_left(&r));
	if (r.short_read)
		return err_set(e, ERR_DATA, "it is truncated");
	d->sql_mode = sql_mode_of(status);
	memcpy(name, database.data, database.size);
	name[database.size] = 0;
	if (event->header.type == EVENT_QUERY_COMPRESSED) {
		if (decoder_inflate(d, sql, e) < 0)
			return -1;
		sql = buffer_bytes(&d->inflated);
	}
	if (d->transaction.is_open)
		d->transaction.thread_id = thread;
	return run_statement(d, event, name, sql, e);
}
