/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GTID, ANONYMOUS_GTID: flags u8, uuid, number u64, [2 u8, last committed u64, sequence
 * u64, [commit time u56le in microseconds, its highest bit: the original server's
 * follows]].
 *
 * GTID_TAGGED is a message of MySQL's serialization library: version, size, last field
 * that may not be ignored, then { field id, value }, all as variable-length integers;
 * absent fields are left out. The integer's first byte has as many low 1-bits as bytes
 * follow; the rest, little-endian, is the value (signed ones shifted by one, lowest bit =
 * negative). A uuid is 16 such integers, a text is its size and its bytes.
 *
 * MariaDB's GTID: number u64, domain u32, flags u8, [commit id u64 in a group commit],
 * [XA: format u32, global size u8, branch size u8, data].
 */
#include "source/mysql/gtid_event.h"

#include <string.h>

#define COMMIT_TIME_HAS_ORIGINAL ((uint64_t)1 << 55)

enum mariadb_gtid_flags {
	GTID_STANDALONE = 1,
	GTID_GROUP_COMMIT = 2,
	GTID_PREPARED_XA = 64,
	GTID_COMPLETED_XA = 128,
};

enum tagged_field {
	TAGGED_FLAGS,
	TAGGED_UUID,
	TAGGED_NUMBER,
	TAGGED_TAG,
	TAGGED_LAST_COMMITTED,
	TAGGED_SEQUENCE,
	TAGGED_COMMIT_TIME,
	TAGGED_ORIGINAL_COMMIT_TIME,
	TAGGED_LENGTH,
	TAGGED_SERVER_VERSION,
	TAGGED_ORIGINAL_SERVER_VERSION,
	TAGGED_COMMIT_GROUP_TICKET,
	TAGGED_FIELDS,
};

int gtid_event_parse(struct gtid_event *out, struct bytes body, struct err *e)
{
	struct gtid_event g = { .has_gtid = true };
	struct reader r = reader_of(body);
	struct bytes uuid;

	reader_skip(&r, 1);
	uuid = reader_bytes(&r, 16);
	g.gtid.number = reader_u64le(&r);
	if (r.short_read)
		return err_set(e, ERR_DATA, "it is truncated");
	memcpy(g.gtid.uuid, uuid.data, sizeof(g.gtid.uuid));
	if (reader_left(&r) >= 24 && reader_u8(&r) == 2) {
		reader_skip(&r, 16);
		g.commit_us = reader_uint_le(&r, 7) & ~COMMIT_TIME_HAS_ORIGINAL;
	}
	*out = g;
	return 0;
}

static uint64_t tagged_uint(struct reader *r)
{
	uint8_t first = reader_u8(r);
	unsigned more = 0;
	uint64_t rest;

	while (more < 8 && (first >> more & 1) != 0)
		more++;
	rest = more > 0 ? reader_uint_le(r, more) : 0;
	return more >= 7 ? rest : (uint64_t)first >> (more + 1) | rest << (7 - more);
}

static int64_t tagged_int(struct reader *r)
{
	uint64_t v = tagged_uint(r);

	return (v & 1) != 0 ? -(int64_t)(v >> 1) - 1 : (int64_t)(v >> 1);
}

static bool tagged_tag(struct reader *r, struct gtid *gtid)
{
	struct bytes tag = reader_bytes(r, tagged_uint(r));

	if (tag.size >= sizeof(gtid->tag) ||
	    (tag.size > 0 && memchr(tag.data, 0, tag.size) != NULL))
		return false;
	memcpy(gtid->tag, tag.data, tag.size);
	return true;
}

static bool tagged_value(struct gtid_event *g, uint64_t field, struct reader *r)
{
	switch (field) {
	case TAGGED_UUID:
		for (size_t i = 0; i < sizeof(g->gtid.uuid); i++)
			g->gtid.uuid[i] = (uint8_t)tagged_uint(r);
		return true;
	case TAGGED_NUMBER:
		g->gtid.number = (uint64_t)tagged_int(r);
		return (int64_t)g->gtid.number > 0;
	case TAGGED_TAG:
		return tagged_tag(r, &g->gtid);
	case TAGGED_COMMIT_TIME:
		g->commit_us = tagged_uint(r);
		return true;
	case TAGGED_FLAGS:
	case TAGGED_LAST_COMMITTED:
	case TAGGED_SEQUENCE:
	case TAGGED_ORIGINAL_COMMIT_TIME:
	case TAGGED_LENGTH:
	case TAGGED_SERVER_VERSION:
	case TAGGED_ORIGINAL_SERVER_VERSION:
	case TAGGED_COMMIT_GROUP_TICKET:
		(void)tagged_uint(r);
		return true;
	default:
		return false;
	}
}

int gtid_event_parse_tagged(struct gtid_event *out, struct bytes body, struct err *e)
{
	struct gtid_event g = { .has_gtid = true };
	struct reader r = reader_of(body);
	uint64_t version = tagged_uint(&r), size = tagged_uint(&r),
		 last_needed = tagged_uint(&r);

	if (r.short_read || version != 1 || size > body.size ||
	    last_needed >= TAGGED_FIELDS)
		return err_set(e, ERR_DATA,
			       "it is written in a newer form (version %llu)",
			       (unsigned long long)version);
	while (reader_left(&r) > 0) {
		uint64_t field = tagged_uint(&r);

		if (field >= TAGGED_FIELDS)
			break; /* newer fields, which may be ignored, stand at the end */
		if (!tagged_value(&g, field, &r) || r.short_read)
			return err_set(e, ERR_DATA, "its field %llu is malformed",
				       (unsigned long long)field);
	}
	if (g.gtid.number == 0)
		return err_set(e, ERR_DATA, "it has no number");
	*out = g;
	return 0;
}

static void read_xid(struct xid *xid, struct reader *r)
{
	struct bytes data;

	xid->format = reader_u32le(r);
	xid->global_size = reader_u8(r);
	xid->branch_size = reader_u8(r);
	data = reader_bytes(r, (size_t)xid->global_size + xid->branch_size);
	if (data.size > sizeof(xid->data))
		r->short_read = true;
	else
		memcpy(xid->data, data.data, data.size);
}

int gtid_event_parse_mariadb(struct gtid_event *out, struct bytes body,
			     uint32_t server_id, struct err *e)
{
	struct gtid_event g = { .has_gtid = true };
	struct reader r = reader_of(body);
	uint8_t flags;

	g.gtid.is_mariadb = true;
	g.gtid.number = reader_u64le(&r);
	g.gtid.domain = reader_u32le(&r);
	g.gtid.server = server_id;
	flags = reader_u8(&r);
	g.begins = (flags & GTID_STANDALONE) == 0;
	if ((flags & GTID_GROUP_COMMIT) != 0)
		reader_skip(&r, 8);
	if ((flags & (GTID_PREPARED_XA | GTID_COMPLETED_XA)) != 0)
		read_xid(&g.xid, &r);
	g.is_xa_prepare = (flags & GTID_PREPARED_XA) != 0;
	if (r.short_read)
		return err_set(e, ERR_DATA, "it is truncated");
	*out = g;
	return 0;
}
