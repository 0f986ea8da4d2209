/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XA transactions around the beginning of a copy. One that is prepared before and committed behind it would be
 * in neither: its rows are not visible to the copy, and stand in the log before the copy's place. So the copy
 * waits for those first, and keeps from where on the log has all others. And an XA COMMIT stands in the log
 * before its rows are visible, so those that may be on their way get a moment before the copy reads.
 */
#include "source/mysql/copy.h"

#include <ctype.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#define WAIT_US   60000000
#define SETTLE_US 1000000
#define POLL_US   100000

/* What was prepared when the waiting began, and is so still. */
struct undecided {
	struct answer listed; /* XA RECOVER: format, size of the global part, size of the branch part, data */
	bool *is_there;
	uint32_t count;
};

static int list_prepared(struct connection *connection, struct answer *out, struct err *e)
{
	struct err refusal = ERR_INIT;

	if (connection_ask(connection, out, "XA RECOVER", &refusal) == 0)
		return 0;
	answer_release(out);
	/* MySQL refuses without XA_RECOVER_ADMIN: the decoder halts at what was not waited for */
	if (refusal.kind == ERR_CONFIG)
		return 0;
	*e = refusal;
	return -1;
}

static bool lists(const struct answer *now, const struct answer *listed, uint32_t row)
{
	for (uint32_t i = 0; i < now->row_count; i++) {
		bool is_same = true;

		for (uint32_t column = 0; column < 4 && is_same; column++)
			is_same = bytes_equal(answer_bytes(now, i, column), answer_bytes(listed, row, column));
		if (is_same)
			return true;
	}
	return false;
}

/* One that went and came again is another. */
static void drop_decided(struct undecided *u, const struct answer *now)
{
	u->count = 0;
	for (uint32_t i = 0; i < u->listed.row_count; i++) {
		u->is_there[i] = u->is_there[i] && lists(now, &u->listed, i);
		u->count += u->is_there[i];
	}
}

static void format_part(struct buffer *out, struct bytes part)
{
	bool is_plain = true;

	for (size_t i = 0; i < part.size; i++)
		is_plain &= isprint(part.data[i]) && part.data[i] != '\'' && part.data[i] != '\\';
	buffer_text(out, is_plain ? "'" : "X'");
	if (is_plain)
		buffer_bytes_append(out, part);
	else
		text_hex(out, part);
	buffer_char(out, '\'');
}

/* As a statement has it. */
static void format_xid(struct buffer *out, const struct answer *a, uint32_t row)
{
	struct bytes data = answer_bytes(a, row, 3);
	uint64_t format = answer_uint(a, row, 0), global = answer_uint(a, row, 1);

	if (global > data.size)
		global = data.size;
	format_part(out, (struct bytes){ data.data, global });
	if (data.size > global || format != 1) {
		buffer_char(out, ',');
		format_part(out, (struct bytes){ data.data + global, data.size - global });
		buffer_format(out, ",%llu", (unsigned long long)format);
	}
}

static int never_decided(const struct undecided *u, struct err *e)
{
	struct buffer xid = { 0 };
	uint32_t first = 0;

	while (!u->is_there[first])
		first++;
	format_xid(&xid, &u->listed, first);
	err_set(e, ERR_CONFIG,
		"the copy cannot begin: XA transaction %.200s (of %u) has been prepared and not decided for %d s; "
		"XA COMMIT or XA ROLLBACK it (XA RECOVER lists it), and run again", buffer_string(&xid), u->count,
		WAIT_US / 1000000);
	buffer_release(&xid);
	return -1;
}

static int list_first(struct undecided *u, struct connection *connection, struct err *e)
{
	*u = (struct undecided){ .count = 0 };
	if (list_prepared(connection, &u->listed, e) < 0)
		return -1;
	u->count = u->listed.row_count;
	u->is_there = memory_array(bool, u->count);
	memset(u->is_there, true, u->count * sizeof(bool));
	return 0;
}

static void undecided_release(struct undecided *u)
{
	memory_free(u->is_there);
	answer_release(&u->listed);
}

/* 1: some are still there after that time. */
static int await(const struct copy *c, struct undecided *u, struct connection *connection, int64_t wait_us,
		 struct err *e)
{
	int64_t until_us = clock_monotonic_us() + wait_us;
	struct answer now = { 0 };
	int rc = 0;

	while (rc == 0 && u->count > 0) {
		if (*c->settings->stop) {
			rc = err_set(e, ERR_STOP, "stopped");
		} else if (clock_monotonic_us() > until_us) {
			rc = 1;
		} else {
			clock_sleep_us(POLL_US);
			rc = list_prepared(connection, &now, e);
		}
		if (rc == 0)
			drop_decided(u, &now);
	}
	answer_release(&now);
	return rc;
}

int copy_note_xa(struct copy *c, struct connection *connection, struct err *e)
{
	struct mysql_position now;

	if (server_position(&now, c->server, connection, e) < 0)
		return -1;
	mysql_position_start(&now, &c->xa_from);
	mysql_position_release(&now);
	c->has_xa = c->server->has_xa;
	if (c->has_xa) /* the log has it a moment before XA RECOVER does */
		clock_sleep_us(POLL_US);
	return 0;
}

int copy_await_xa(struct copy *c, struct connection *connection, struct err *e)
{
	struct undecided u;
	int rc;

	if (list_first(&u, connection, e) < 0)
		return -1;
	if (u.count > 0) {
		c->has_xa = true;
		log_info("waiting for XA transactions that are prepared", "count=%u", u.count);
	}
	rc = await(c, &u, connection, WAIT_US, e);
	if (rc == 1)
		rc = never_decided(&u, e);
	undecided_release(&u);
	return rc;
}

int copy_settle_xa(const struct copy *c, struct connection *connection, struct err *e)
{
	struct undecided u;
	int rc;

	if (list_first(&u, connection, e) < 0)
		return -1;
	rc = await(c, &u, connection, SETTLE_US, e);
	undecided_release(&u);
	return rc < 0 ? -1 : 0;
}

void copy_mark_xa(const struct copy *c, struct mysql_position *at)
{
	if (c->xa_from.file[0] != '\0' && !mysql_start_reaches(&c->xa_from, at))
		mysql_start_copy(&at->xa_from, &c->xa_from);
}
