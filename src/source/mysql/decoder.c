/* SPDX-License-Identifier: Apache-2.0 */
/* The frame around each event: checksum, place in the log, and who takes which type. */
#include "source/mysql/decoder_image.h"

#include <assert.h>
#include <string.h>

struct decoder *decoder_new(bool is_mariadb, struct charset_list *charsets,
			    struct sink *sink, const struct decoder_callbacks *callbacks,
			    const struct value_policy *policy)
{
	struct decoder *d = memory_new(struct decoder);

	d->is_mariadb = is_mariadb;
	d->images = memory_array(struct image, 2);
	d->charsets = charsets;
	d->sink = sink;
	d->callbacks = *callbacks;
	d->policy = *policy;
	d->position.base.format = mysql_position_format;
	d->position.gtids.is_mariadb = is_mariadb;
	return d;
}

void decoder_free(struct decoder *d)
{
	if (d == NULL)
		return;
	decoder_drop_block(d);
	decoder_drop_slots(d);
	memory_free(d->slots);
	memory_free(d->block.events);
	memory_free(d->images);
	decoder_xa_forget(d);
	mysql_position_release(&d->position);
	mysql_start_release(&d->again);
	buffer_release(&d->transaction.held);
	buffer_release(&d->inflated);
	buffer_release(&d->payload);
	buffer_release(&d->text);
	buffer_release(&d->statement);
	memory_free(d);
}

/* While `xa_from` is read again, all that is prepared there is found again. */
static void expect_prepared(struct decoder *d)
{
	const struct mysql_position *p = &d->position;

	decoder_xa_forget(d);
	if (p->xa_from.file[0] != '\0')
		return;
	d->prepared = memory_array(struct prepared, p->prepared_count);
	d->prepared_count = p->prepared_count;
	for (uint32_t i = 0; i < p->prepared_count; i++)
		d->prepared[i] = (struct prepared){ .place = p->prepared[i], .is_missing = true };
}

void decoder_set_position(struct decoder *d, const struct mysql_position *p)
{
	uint64_t sequence = d->position.base.sequence;
	struct mysql_position copy;

	position_copy(&copy, p);
	copy.base.format = mysql_position_format;
	if (copy.base.sequence < sequence)
		copy.base.sequence = sequence;
	copy.gtids.is_mariadb = copy.xa_from.gtids.is_mariadb = d->is_mariadb;
	mysql_position_release(&d->position);
	d->position = copy;
	memcpy(d->file, copy.file, sizeof(d->file));
	d->offset = copy.offset;
	decoder_drop_block(d);
	decoder_drop_slots(d);
	d->transaction.is_open = false;
	d->has_format = false;
	mysql_start_release(&d->again);
	mysql_position_start(&d->position, &d->again);
	d->reads_again = !mysql_start_reaches(&d->again, &d->position);
	expect_prepared(d);
}

uint64_t decoder_sql_mode(const struct decoder *d)
{
	return d->sql_mode;
}

const struct mysql_position *decoder_position(const struct decoder *d)
{
	return &d->position;
}

bool decoder_in_transaction(const struct decoder *d)
{
	return d->transaction.is_open;
}

uint64_t decoder_rows(const struct decoder *d)
{
	return d->rows;
}

void decoder_origin(const struct decoder *d, const struct event *event,
		    struct origin *out)
{
	const struct transaction *t = &d->transaction;

	*out = (struct origin){
		.connector = d->is_mariadb ? "mariadb" : "mysql",
		.log_file = d->file,
		.log_offset = d->offset,
		.transaction_offset = t->is_open ? t->start : d->offset,
		.gtid = t->is_open && t->has_gtid ? t->gtid_text : NULL,
		.time_us = t->is_open && t->time_us != 0
				   ? t->time_us
				   : (int64_t)event->header.timestamp * 1000000,
		.server_id = event->header.server_id,
		.thread_id = t->thread_id,
	};
}

/* Between transactions the position goes along, never back. */
static void pass_place(struct decoder *d)
{
	struct mysql_position *p = &d->position;

	if (d->reads_again ||
	    place_compare(d->file, d->offset, p->file, p->offset) < 0)
		return;
	memcpy(p->file, d->file, sizeof(p->file));
	p->offset = d->offset;
}

static int handle_rotate(struct decoder *d, const struct event *event, struct err *e)
{
	struct reader r = reader_of(event->body);
	uint64_t offset = reader_u64le(&r);
	struct bytes name = reader_bytes(&r, reader_left(&r));

	if (r.short_read || name.size == 0 || name.size >= sizeof(d->file) ||
	    memchr(name.data, 0, name.size) != NULL)
		return err_set(e, ERR_DATA, "a rotation to no file");
	if (d->transaction.is_open && d->transaction.has_begun)
		return err_set(e, ERR_DATA, "the log file ends inside a transaction");
	memset(d->file, 0, sizeof(d->file));
	memcpy(d->file, name.data, name.size);
	d->offset = offset;
	/* An artificial one says where the stream begins, which may lie before our position. */
	if (event->header.next_offset != 0 && (event->header.flags & EVENT_FLAG_ARTIFICIAL) == 0)
		pass_place(d);
	return 0;
}

static int handle_xid(struct decoder *d, const struct event *event, struct err *e)
{
	if (!d->transaction.is_open)
		return err_set(e, ERR_DATA, "a commit without a transaction");
	return decoder_commit(d, event, e);
}

static int handle_nothing(struct decoder *d, const struct event *event, struct err *e)
{
	(void)d;
	(void)event;
	(void)e;
	return 0;
}

static int handle_incident(struct decoder *d, const struct event *event, struct err *e)
{
	struct reader r = reader_of(event->body);
	uint16_t incident = reader_u16le(&r);
	struct bytes text = reader_bytes(&r, reader_u8(&r));

	(void)d;
	return err_set(e, ERR_DATA,
		       "the server wrote that events were lost (incident %u: %.*s): the "
		       "tables must "
		       "be copied anew",
		       incident, (int)text.size, (const char *)text.data);
}

static int handle_encryption(struct decoder *d, const struct event *event, struct err *e)
{
	(void)d;
	(void)event;
	return err_set(e, ERR_CONFIG,
		       "the log file is encrypted: it can be read through the server's "
		       "replication protocol only");
}

static int handle_load(struct decoder *d, const struct event *event, struct err *e)
{
	(void)d;
	(void)event;
	return err_set(
		e, ERR_CONFIG,
		"LOAD DATA in statement format: its rows are not in the log; the server "
		"must run with binlog_format=ROW, and the tables be copied anew");
}

static int handle_fragment(struct decoder *d, const struct event *event, struct err *e)
{
	(void)d;
	(void)event;
	return err_set(e, ERR_CONFIG,
		       "a rows event in fragments is not supported: set the server's "
		       "binlog_row_event_fragment_threshold above the largest row");
}

typedef int (*event_handler)(struct decoder *, const struct event *, struct err *);

static const event_handler handlers[256] = {
	[EVENT_QUERY] = decoder_query,
	[EVENT_QUERY_COMPRESSED] = decoder_query,
	[EVENT_STOP] = handle_nothing,
	[EVENT_ROTATE] = handle_rotate,
	/* These serve the statement behind them, which statement() judges. */
	[EVENT_INTVAR] = handle_nothing,
	[EVENT_RAND] = handle_nothing,
	[EVENT_USER_VAR] = handle_nothing,
	[EVENT_BEGIN_LOAD_QUERY] = handle_load,
	[EVENT_APPEND_BLOCK] = handle_load,
	[EVENT_EXECUTE_LOAD_QUERY] = handle_load,
	[EVENT_DELETE_FILE] = handle_load,
	[EVENT_XID] = handle_xid,
	[EVENT_TABLE_MAP] = decoder_table_map,
	[EVENT_WRITE_ROWS_V1] = decoder_rows_event,
	[EVENT_UPDATE_ROWS_V1] = decoder_rows_event,
	[EVENT_DELETE_ROWS_V1] = decoder_rows_event,
	[EVENT_WRITE_ROWS] = decoder_rows_event,
	[EVENT_UPDATE_ROWS] = decoder_rows_event,
	[EVENT_DELETE_ROWS] = decoder_rows_event,
	[EVENT_PARTIAL_UPDATE_ROWS] = decoder_rows_event,
	[EVENT_WRITE_ROWS_COMPRESSED_V1] = decoder_rows_event,
	[EVENT_UPDATE_ROWS_COMPRESSED_V1] = decoder_rows_event,
	[EVENT_DELETE_ROWS_COMPRESSED_V1] = decoder_rows_event,
	[EVENT_WRITE_ROWS_COMPRESSED] = decoder_rows_event,
	[EVENT_UPDATE_ROWS_COMPRESSED] = decoder_rows_event,
	[EVENT_DELETE_ROWS_COMPRESSED] = decoder_rows_event,
	[EVENT_INCIDENT] = handle_incident,
	[EVENT_HEARTBEAT] = handle_nothing,
	[EVENT_HEARTBEAT_V2] = handle_nothing,
	[EVENT_IGNORABLE] = handle_nothing,
	[EVENT_ROWS_QUERY] = handle_nothing,
	[EVENT_ANNOTATE_ROWS] = decoder_annotation,
	[EVENT_GTID] = decoder_gtid,
	[EVENT_ANONYMOUS_GTID] = decoder_gtid,
	[EVENT_GTID_TAGGED] = decoder_gtid,
	[EVENT_MARIADB_GTID] = decoder_gtid,
	[EVENT_PREVIOUS_GTIDS] = handle_nothing,
	[EVENT_GTID_LIST] = handle_nothing,
	[EVENT_BINLOG_CHECKPOINT] = handle_nothing,
	[EVENT_TRANSACTION_CONTEXT] = handle_nothing,
	[EVENT_VIEW_CHANGE] = handle_nothing,
	[EVENT_XA_PREPARE] = decoder_xa_prepare,
	[EVENT_TRANSACTION_PAYLOAD] = decoder_payload,
	[EVENT_START_ENCRYPTION] = handle_encryption,
	[EVENT_PARTIAL_ROW_DATA] = handle_fragment,
};

static bool is_row_part(uint8_t type)
{
	return type == EVENT_TABLE_MAP || type == EVENT_ANNOTATE_ROWS ||
	       handlers[type] == decoder_rows_event;
}

int decoder_dispatch(struct decoder *d, const struct event *event, struct err *e)
{
	event_handler handler = handlers[event->header.type];

	if (handler == NULL && (event->header.flags & EVENT_FLAG_IGNORABLE) != 0)
		return 0;
	if (handler == NULL)
		return err_set(e, ERR_DATA,
			       "unrecognized event type %u, which may not be ignored",
			       event->header.type);
	if (!is_row_part(event->header.type))
		return handler(d, event, e);
	if (d->transaction.is_xa)
		return decoder_xa_hold(d, event, e);
	return d->transaction.is_known ? 0 : handler(d, event, e);
}

static int read_format(struct decoder *d, struct bytes raw, struct err *e)
{
	struct event_format f;

	if (event_format_parse(&f, raw, e) < 0)
		return -1;
	d->format = f;
	d->has_format = true;
	if (decoder_flush(d, e) < 0)
		return -1;
	decoder_drop_slots(d);
	return 0;
}

/* Cuts the checksum off. Before the first FORMAT_DESCRIPTION nobody knows, but a match is
 * no accident. */
static int check_sum(const struct decoder *d, struct bytes *raw, struct err *e)
{
	bool fits =
		(d->format.has_checksum || !d->has_format) && event_checksum_fits(*raw);

	if (d->has_format && d->format.has_checksum && !fits)
		return err_set(e, ERR_DATA, "wrong checksum");
	if (fits)
		raw->size -= EVENT_CHECKSUM_BYTES;
	return 0;
}

/* The log's next place: headers have the low 32 bits only, and none at all in some
 * events. */
static uint64_t next_offset(const struct decoder *d, const struct event_header *h,
			    uint64_t size)
{
	uint64_t expected = d->offset + size, next;

	if (h->next_offset == 0 || (h->flags & EVENT_FLAG_ARTIFICIAL) != 0)
		return h->next_offset == 0 ? expected : d->offset;
	if ((uint32_t)expected == h->next_offset)
		return expected;
	next = (expected & ~(uint64_t)UINT32_MAX) | h->next_offset;
	return next + size < d->offset ? next + ((uint64_t)1 << 32) : next;
}

/* Events that were made for the stream stand in no file. */
static bool has_place(const struct decoder *d, const struct event_header *h)
{
	if ((h->flags & EVENT_FLAG_ARTIFICIAL) != 0 || h->type == EVENT_ROTATE ||
	    h->type == EVENT_HEARTBEAT || h->type == EVENT_HEARTBEAT_V2)
		return false;
	return h->next_offset != 0 || d->transaction.is_open;
}

static int take_event(struct decoder *d, struct bytes raw, const struct event_header *h,
		      struct err *e)
{
	struct event event = { .header = *h };
	struct reader r;
	uint64_t next = next_offset(d, h, raw.size);
	bool is_placed = has_place(d, h);

	if (is_placed && next >= raw.size)
		d->offset = next - raw.size;
	d->end = is_placed ? next : d->offset;
	if (h->type == EVENT_FORMAT_DESCRIPTION) {
		if (read_format(d, raw, e) < 0)
			return -1;
	} else {
		if (check_sum(d, &raw, e) < 0)
			return -1;
		r = reader_of(raw);
		reader_skip(&r, EVENT_HEADER_BYTES);
		event.body = (struct bytes){ r.at, reader_left(&r) };
		if (decoder_dispatch(d, &event, e) < 0)
			return -1;
	}
	if (is_placed)
		d->offset = next;
	if (is_placed && !d->transaction.is_open)
		pass_place(d);
	return 0;
}

int decoder_event(struct decoder *d, struct bytes raw, struct err *e)
{
	struct event_header h;

	if (event_header_parse(&h, raw, e) < 0)
		return err_wrap(e, "log %s at %llu", d->file,
				(unsigned long long)d->offset);
	if (take_event(d, raw, &h, e) == 0)
		return 0;
	if (e->kind == ERR_STOP || e->kind == ERR_RETRY)
		return -1;
	return err_wrap(e, "log %s at %llu: %s event", d->file,
			(unsigned long long)d->offset, event_name(h.type));
}
