/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XA transactions: the log has the rows at XA PREPARE, and in a later group the decision.
 * Until then the events are held as they are; the position names the groups that a
 * restart has to read again.
 */
#include "source/mysql/decoder_state.h"

#include <string.h>

void decoder_xa_forget(struct decoder *d)
{
	for (uint32_t i = 0; i < d->prepared_count; i++)
		buffer_release(&d->prepared[i].held);
	memory_free(d->prepared);
	d->prepared = NULL;
	d->prepared_count = 0;
}

void decoder_xa_start(struct decoder *d, const struct xid *xid)
{
	d->transaction.is_xa = true;
	d->transaction.xid = *xid;
	buffer_clear(&d->transaction.held);
}

static size_t held_bytes(const struct decoder *d)
{
	size_t bytes = d->transaction.held.size;

	for (uint32_t i = 0; i < d->prepared_count; i++)
		bytes += d->prepared[i].held.size;
	return bytes;
}

/* { body size u32, header bytes as parsed, body } */
int decoder_xa_hold(struct decoder *d, const struct event *event, struct err *e)
{
	struct buffer *held = &d->transaction.held;

	if (held_bytes(d) + event->body.size + sizeof(event->header) > HELD_BYTES_MAX)
		return err_set(e, ERR_DATA,
			       "prepared XA transactions have more than %zu MiB of rows",
			       HELD_BYTES_MAX >> 20);
	buffer_append(held, &event->header, sizeof(event->header));
	buffer_u32le(held, (uint32_t)event->body.size);
	buffer_bytes_append(held, event->body);
	return 0;
}

static int replay(struct decoder *d, struct buffer *held, struct err *e)
{
	struct reader r = reader_of(buffer_bytes(held));

	d->transaction.is_xa = false;
	while (reader_left(&r) > 0) {
		struct event event;
		struct bytes header = reader_bytes(&r, sizeof(event.header));

		memcpy(&event.header, header.data, header.size);
		event.body = reader_bytes(&r, reader_u32le(&r));
		if (decoder_dispatch(d, &event, e) < 0)
			return -1;
	}
	return 0;
}

static uint32_t find_prepared(const struct decoder *d, const struct xid *xid)
{
	uint32_t i = 0;

	while (i < d->prepared_count && !xid_equal(&d->prepared[i].place.xid, xid))
		i++;
	return i;
}

/* The position's own list follows ours. */
static void list_prepared(struct decoder *d)
{
	struct mysql_position *p = &d->position;

	p->prepared = memory_grow(p->prepared, struct mysql_prepared, d->prepared_count);
	p->prepared_count = d->prepared_count;
	for (uint32_t i = 0; i < d->prepared_count; i++)
		p->prepared[i] = d->prepared[i].place;
}

static void drop_prepared(struct decoder *d, uint32_t at)
{
	buffer_release(&d->prepared[at].held);
	d->prepared_count--;
	memmove(d->prepared + at, d->prepared + at + 1,
		(d->prepared_count - at) * sizeof(*d->prepared));
	list_prepared(d);
}

static void keep_prepared(struct decoder *d)
{
	struct transaction *t = &d->transaction;
	uint32_t at = find_prepared(d, &t->xid);
	struct prepared *p;

	if (at == d->prepared_count) {
		d->prepared = memory_grow(d->prepared, struct prepared, at + 1);
		d->prepared[d->prepared_count++] =
			(struct prepared){ .is_missing = false };
	}
	p = &d->prepared[at];
	p->is_missing = false;
	p->place = (struct mysql_prepared){ .xid = t->xid,
					    .offset = t->start,
					    .has_gtid = t->has_gtid,
					    .gtid = t->gtid };
	memcpy(p->place.file, d->file, sizeof(p->place.file));
	buffer_release(&p->held);
	p->held = t->held;
	t->held = (struct buffer){ 0 };
	list_prepared(d);
}

/* What is read again and not listed was decided before our position, unless nothing is
 * listed yet. */
static bool is_wanted(const struct decoder *d)
{
	return !d->transaction.is_known || d->position.xa_from.file[0] != '\0' ||
	       find_prepared(d, &d->transaction.xid) < d->prepared_count;
}

/* XA_PREPARE: one phase u8, format u32, global size u32, branch size u32, data. */
int decoder_xa_prepare(struct decoder *d, const struct event *event, struct err *e)
{
	struct reader r = reader_of(event->body);
	uint8_t one_phase = reader_u8(&r);
	struct transaction *t = &d->transaction;
	struct buffer held;
	int rc;

	if (r.short_read || !t->is_open || !t->is_xa)
		return err_set(e, ERR_DATA, "it ends no XA transaction");
	if (one_phase == 0) {
		if (is_wanted(d))
			keep_prepared(d);
		return decoder_commit(d, event, e);
	}
	held = t->held;
	t->held = (struct buffer){ 0 };
	rc = t->is_known ? 0 : replay(d, &held, e);
	buffer_release(&held);
	return rc < 0 ? -1 : decoder_commit(d, event, e);
}

int decoder_xa_end(struct decoder *d, const struct event *event, const struct xid *xid,
		   bool commits, struct err *e)
{
	uint32_t at = find_prepared(d, xid);
	struct buffer held;
	int rc = 0;

	if (d->transaction.is_known) {
		if (at < d->prepared_count && d->position.xa_from.file[0] != '\0')
			drop_prepared(d, at);
		return decoder_commit(d, event, e);
	}
	if (at < d->prepared_count) {
		held = d->prepared[at].held;
		d->prepared[at].held = (struct buffer){ 0 };
		if (commits && d->prepared[at].is_missing)
			rc = err_set(e, ERR_DATA,
				     "XA COMMIT of a transaction whose rows did not come "
				     "again");
		else if (commits)
			rc = replay(d, &held, e);
		buffer_release(&held);
		drop_prepared(d, at);
	} else if (commits) {
		rc = err_set(
			e, ERR_DATA,
			"XA COMMIT of a transaction that was prepared before we began to "
			"read: its rows are unknown; the tables must be copied anew%s",
			d->is_mariadb ? "" : ", and GRANT XA_RECOVER_ADMIN ON *.* TO the user before, "
					     "so that the copy can wait for such transactions");
	}
	return rc < 0 ? -1 : decoder_commit(d, event, e);
}
