/* SPDX-License-Identifier: Apache-2.0 */
#include "source/mysql/stream.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "source/mysql/backoff.h"
#include "source/mysql/resume.h"
#include "source/mysql/stream_tables.h"

/* Encrypted connections cannot be polled: their heartbeats come as often as the sink wants to hear. */
#define HEARTBEAT_MS_PLAIN     1000
#define HEARTBEAT_MS_ENCRYPTED 100
#define IDLE_MS                50
#define SILENCE_S              30

/* Error 1236: the server cannot or will not send the log from there. */
#define ERROR_DUMP_FATAL 1236

#define ANOTHER_CLIENT "another client follows this server under our server id; give one of them another --server-id"
#define TORN "the server's log file is damaged behind that place, as a crash may leave it, and nobody can read on (a " \
	     "replica neither); nothing is skipped: " COPY_ALL_ANEW

#define EVENT_HEADER_BYTES  19
#define EVENT_TYPE_ROTATE   4
#define EVENT_TYPE_HEARTBEAT 27
#define EVENT_FLAG_ARTIFICIAL 0x20
#define CHECKSUM_BYTES      4

/* How far the log was read, also where nothing of it concerns us. */
struct place {
	char file[256];
	uint64_t offset;
};

struct stream {
	const struct stream_settings *settings;
	struct server server;
	struct captured_list *tables;
	struct decoder *decoder;
	struct outlet *outlet;
	struct stream_tables answers;
	struct connection *connection;
	struct place place;
	bool until_now, has_target, had_checksum_error;
	struct mysql_position target;
	struct backoff backoff;
};

static bool is_stopping(const struct stream *s)
{
	return *s->settings->stop;
}

/*
 * Event header: timestamp u32, type u8, server id u32, size u32, end in the file u32, flags u16. A ROTATE has
 * the next offset u64 and file name.
 */
static void note_place(struct stream *s, struct bytes event)
{
	struct reader r = reader_of(event);
	struct place *p = &s->place;
	uint32_t end;
	uint16_t flags;
	uint8_t type;

	reader_skip(&r, 4);
	type = reader_u8(&r);
	reader_skip(&r, 8);
	end = reader_u32le(&r);
	flags = reader_u16le(&r);
	if (type == EVENT_TYPE_ROTATE) {
		uint64_t offset = reader_u64le(&r);
		size_t left = reader_left(&r);
		struct bytes name = reader_bytes(&r, left > CHECKSUM_BYTES ? left - CHECKSUM_BYTES : 0);

		if (r.short_read || name.size == 0 || name.size >= sizeof(p->file))
			return; /* the decoder has refused it */
		memcpy(p->file, name.data, name.size);
		p->file[name.size] = '\0';
		p->offset = offset;
	} else if (end != 0 && (flags & EVENT_FLAG_ARTIFICIAL) == 0) {
		uint64_t offset = (p->offset & ~(uint64_t)UINT32_MAX) | end;

		if (offset < p->offset && p->offset - offset > UINT32_MAX / 2)
			offset += (uint64_t)1 << 32;
		if (offset > p->offset)
			p->offset = offset;
	} else if (type != EVENT_TYPE_HEARTBEAT && (flags & EVENT_FLAG_ARTIFICIAL) == 0) {
		p->offset += event.size;
	}
}

static bool has_reached(const struct stream *s)
{
	return s->has_target && !decoder_in_transaction(s->decoder) &&
	       place_compare(s->place.file, s->place.offset, s->target.file, s->target.offset) >= 0;
}

/* What error 1236 means is only in its text. The last entry is for whatever else it says. */
static const struct refusal {
	const char *text;
	enum err_kind kind;
	const char *advice;
} refusals[] = {
	{ "same server_uuid", ERR_CONFIG, ANOTHER_CLIENT },
	{ "same server_id", ERR_CONFIG, ANOTHER_CLIENT },
	{ "server_uuid/server_id", ERR_CONFIG, ANOTHER_CLIENT },
	{ "max_allowed_packet", ERR_CONFIG,
	  "the server does not send an event that is this large; raise its max_allowed_packet (and "
	  "slave_max_allowed_packet) to 1 GiB and run again" },
	{ "in the middle of event", ERR_DATA, TORN },
	{ "bogus data", ERR_DATA, TORN },
	{ "crc check", ERR_DATA, TORN },
	{ "", ERR_DATA, "the server cannot send its log from there on (purged, reset, or another server); nothing is "
			"skipped: " COPY_ALL_ANEW },
};

static int refused(const struct stream *s, struct err *e)
{
	const struct mysql_position *p = decoder_position(s->decoder);
	const struct refusal *r = refusals;

	if (connection_error(s->connection) != ERROR_DUMP_FATAL)
		return -1;
	while (strcasestr(e->text, r->text) == NULL)
		r++;
	e->kind = r->kind;
	return err_wrap(e, "log %s:%llu, server id %u: %s", p->file, (unsigned long long)p->offset,
			s->settings->server_id, r->advice);
}

static int send_request(struct stream *s, struct err *e)
{
	const struct mysql_position *p = decoder_position(s->decoder);
	struct mysql_start start;
	struct dump_request r = { .server_id = s->settings->server_id,
				  .is_mariadb = s->server.is_mariadb, .by_gtid = s->server.has_gtids };
	struct buffer set = { 0 };
	int rc;

	mysql_position_start(p, &start);
	r.offset = start.offset;
	r.file = s->server.is_mariadb ? "" : start.file;
	r.heartbeat_ms = connection_is_encrypted(s->connection) ? HEARTBEAT_MS_ENCRYPTED
								: HEARTBEAT_MS_PLAIN;
	if (s->server.is_mariadb)
		gtid_set_format(&start.gtids, &set);
	else if (r.by_gtid)
		gtid_set_encode(&start.gtids, &set);
	r.gtids = buffer_bytes(&set);
	rc = connection_dump(s->connection, &r, e);
	mysql_start_release(&start);
	buffer_release(&set);
	return rc < 0 ? refused(s, e) : 0;
}

/* The end to reach: the server's at the first call, and again when another server took over. */
static int find_target(struct stream *s, bool is_same, struct err *e)
{
	if (!s->until_now || (s->has_target && is_same))
		return 0;
	mysql_position_release(&s->target);
	s->has_target = false;
	if (server_position(&s->target, &s->server, s->connection, e) < 0)
		return -1;
	s->has_target = true;
	return 0;
}

/* 1: there is nothing to read before the target. */
static int start_session(struct stream *s, struct err *e)
{
	struct mysql_position p;
	struct server server;
	bool is_same, is_open;

	if (connection_open(&s->connection, &s->settings->connection, e) < 0 ||
	    server_read(&server, s->connection, e) < 0 || server_check(&server, e) < 0)
		return -1;
	is_same = strcmp(server.uuid, s->server.uuid) == 0 && server.server_id == s->server.server_id;
	if (server.is_mariadb != s->server.is_mariadb)
		return err_set(e, ERR_DATA, "the server was replaced by one of the other kind (%s)",
			       server.version_text);
	s->server = server;
	if (resume_verify(decoder_position(s->decoder), &s->server, s->connection, e) < 0 ||
	    find_target(s, is_same, e) < 0)
		return -1;
	position_copy(&p, decoder_position(s->decoder));
	decoder_set_position(s->decoder, &p);
	is_open = p.xa_from.file[0] != '\0'; /* what is prepared at the position has still to be found */
	s->place.offset = is_open ? p.xa_from.offset : p.offset;
	snprintf(s->place.file, sizeof(s->place.file), "%s", is_open ? p.xa_from.file : p.file);
	mysql_position_release(&p);
	if (s->has_target && !is_open && position_reaches(decoder_position(s->decoder), &s->target))
		return 1;
	return send_request(s, e);
}

static int read_events(struct stream *s, struct err *e)
{
	struct bytes event;
	int rc;

	while (!is_stopping(s)) {
		if (has_reached(s))
			return 0;
		if (connection_wait(s->connection, IDLE_MS) == 0) {
			if (s->outlet->sink.idle(&s->outlet->sink, e) < 0)
				return -1;
			continue;
		}
		rc = connection_event(s->connection, &event, e);
		if (rc < 0)
			return refused(s, e);
		if (rc == 1)
			return err_set(e, ERR_RETRY, "the server ended the log");
		if (decoder_event(s->decoder, event, e) < 0)
			return -1;
		backoff_reset(&s->backoff);
		note_place(s, event);
		if (event.size > 4 && event.data[4] == EVENT_TYPE_HEARTBEAT &&
		    s->outlet->sink.idle(&s->outlet->sink, e) < 0)
			return -1;
	}
	return 0;
}

static int session(struct stream *s, struct err *e)
{
	int rc = start_session(s, e);

	if (rc == 0)
		rc = read_events(s, e);
	connection_close(s->connection);
	s->connection = NULL;
	return rc < 0 ? -1 : 0;
}

/* What was taken of an open transaction is void: it comes again. */
static int roll_back(struct stream *s, struct err *e)
{
	struct origin origin = { 0 };
	struct change c = { .kind = CHANGE_ROLLBACK, .origin = &origin };
	struct mysql_position p;

	if (!decoder_in_transaction(s->decoder))
		return 0;
	position_copy(&p, decoder_position(s->decoder));
	decoder_set_position(s->decoder, &p);
	mysql_position_release(&p);
	return s->outlet->sink.take(&s->outlet->sink, &c, e);
}

static int pause(struct stream *s, int64_t pause_us, struct err *e)
{
	int64_t until_us = clock_monotonic_us() + pause_us;

	while (!is_stopping(s) && clock_monotonic_us() < until_us) {
		if (s->outlet->sink.idle(&s->outlet->sink, e) < 0)
			return -1;
		clock_sleep_us(IDLE_MS * 1000);
	}
	return 0;
}

/*
 * Another connection mends what a connection does, not what the sink does. A wrong checksum may have been made on the way
 * here: the event is read once more.
 */
static bool may_try_again(struct stream *s, const struct err *failure)
{
	if (s->outlet->has_failed)
		return false;
	if (failure->kind == ERR_RETRY)
		return true;
	if (failure->kind != ERR_DATA || s->had_checksum_error ||
	    strstr(failure->text, "checksum") == NULL)
		return false;
	s->had_checksum_error = true;
	return true;
}

static int follow(struct stream *s, struct err *e)
{
	for (;;) {
		struct err failure = ERR_INIT, sink_failure = ERR_INIT;
		int64_t pause_us;

		if (session(s, &failure) == 0)
			return is_stopping(s) ? roll_back(s, e) : 0;
		if (is_stopping(s) && !s->outlet->has_failed)
			return roll_back(s, e);
		pause_us = may_try_again(s, &failure) ? backoff_next(&s->backoff, clock_monotonic_us()) : -1;
		if (pause_us < 0) {
			*e = failure;
			return -1;
		}
		log_debug("the connection was lost; connecting again", "pause_ms=%lld",
			  (long long)(pause_us / 1000));
		if (roll_back(s, &sink_failure) < 0 || pause(s, pause_us, &sink_failure) < 0) {
			*e = sink_failure;
			return -1;
		}
	}
}

int stream_run(const struct stream_settings *settings, const struct server *server,
	       struct captured_list *tables, struct charset_list *charsets,
	       const struct mysql_position *start, bool until_now, struct outlet *outlet, struct err *e)
{
	struct stream_settings own = *settings;
	struct stream s = { .settings = &own, .server = *server, .tables = tables, .until_now = until_now, .outlet = outlet,
			    .backoff.noise = (uint64_t)clock_monotonic_us() };
	struct decoder_callbacks callbacks;
	struct value_policy policy;
	int rc;

	own.connection.read_timeout_s = SILENCE_S;
	s.answers = (struct stream_tables){ &own, &s.server, tables, charsets, &outlet->sink, NULL };
	stream_tables_callbacks(&s.answers, &callbacks);
	stream_tables_policy(&s.answers, &policy);
	s.decoder = decoder_new(server->is_mariadb, charsets, &outlet->sink, &callbacks, &policy);
	s.answers.decoder = s.decoder;
	outlet->load = stream_tables_defaults;
	outlet->load_context = &s.answers;
	decoder_set_position(s.decoder, start);
	captured_pass(tables, start);
	rc = follow(&s, e);
	decoder_free(s.decoder);
	mysql_position_release(&s.target);
	return rc;
}
