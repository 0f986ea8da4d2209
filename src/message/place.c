/* SPDX-License-Identifier: Apache-2.0 */
#include "message/place.h"

#include <string.h>

#include "base/text.h"

/* "uuid:19", "uuid:tag:19": what stands before the number; "0-1-19": the domain, which counts over its servers. */
static void take_gtid(struct log_place *p, const char *gtid)
{
	const char *colon = gtid != NULL ? strrchr(gtid, ':') : NULL, *dash = gtid != NULL ? strrchr(gtid, '-') : NULL;
	const char *number = colon != NULL ? colon : dash;

	if (number == NULL || !text_parse_uint(bytes_of_text(number + 1), &p->number))
		return;
	p->issuer = (struct bytes){ (const uint8_t *)gtid, colon != NULL ? (size_t)(colon - gtid) : strcspn(gtid, "-") };
}

bool message_place(const struct message *m, struct log_place *out)
{
	const struct origin *o = &m->origin;

	*out = (struct log_place){ .connector = o->connector, .name = m->log_name, .server_id = o->server_id,
				   .file = o->log_file, .commit = m->commit_offset, .offset = o->log_offset,
				   .time_us = o->time_us };
	if (m->is_snapshot || o->connector == NULL || o->time_us == 0 || o->log_offset == 0)
		return false;
	take_gtid(out, o->gtid);
	return (out->name != NULL || out->number != 0) && (out->file != NULL || out->commit != 0);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool place_is_of_log(const struct log_place *a, const struct log_place *b)
{
	return a->server_id == b->server_id && (a->file == NULL) == (b->file == NULL) &&
	       bytes_equal(a->issuer, b->issuer) && same_text(a->name, b->name) && same_text(a->connector, b->connector);
}

/* "binlog.000003": by its number, so that .1000000 stands behind .999999; 1 also for files of other names. */
static int file_compare(const char *a, const char *b)
{
	const char *a_dot = strrchr(a, '.'), *b_dot = strrchr(b, '.');
	uint64_t x, y;

	if (a_dot == NULL || b_dot == NULL || a_dot - a != b_dot - b || strncmp(a, b, (size_t)(a_dot - a)) != 0 ||
	    !text_parse_uint(bytes_of_text(a_dot + 1), &x) || !text_parse_uint(bytes_of_text(b_dot + 1), &y))
		return 1;
	return x < y ? -1 : x > y;
}

bool place_is_older(const struct log_place *a, const struct log_place *b)
{
	int order = a->file != NULL ? file_compare(a->file, b->file) : a->commit < b->commit ? -1 : a->commit > b->commit;

	if (order > 0 || (order == 0 && a->offset >= b->offset))
		return false;
	return a->time_us <= b->time_us && (b->number == 0 || a->number < b->number);
}
