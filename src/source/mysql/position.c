/* SPDX-License-Identifier: Apache-2.0 */
/* A MySQL position as a JSON object, and back. */
#include "source/mysql/decoder.h"

#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

static void format_gtid(struct buffer *out, const struct gtid *g)
{
	buffer_text(out, ",\"gtid\":\"");
	gtid_format(g, out);
	buffer_char(out, '"');
}

static void format_prepared(struct buffer *out, const struct mysql_prepared *p)
{
	buffer_format(out, "{\"xid\":\"%u:", p->xid.format);
	text_hex(out, (struct bytes){ p->xid.data, p->xid.global_size });
	buffer_char(out, ':');
	text_hex(out,
		 (struct bytes){ p->xid.data + p->xid.global_size, p->xid.branch_size });
	buffer_text(out, "\",\"file\":");
	text_json_string(out, p->file);
	buffer_format(out, ",\"offset\":%llu", (unsigned long long)p->offset);
	if (p->has_gtid)
		format_gtid(out, &p->gtid);
	buffer_char(out, '}');
}

static void format_prepared_list(struct buffer *out, const struct mysql_position *p)
{
	for (uint32_t i = 0; i < p->prepared_count; i++) {
		buffer_text(out, i == 0 ? ",\"prepared\":[" : ",");
		format_prepared(out, &p->prepared[i]);
	}
	if (p->prepared_count > 0)
		buffer_char(out, ']');
}

static void format_start(struct buffer *out, const struct mysql_start *s)
{
	buffer_text(out, ",\"xa_from\":{\"file\":");
	text_json_string(out, s->file);
	buffer_format(out, ",\"offset\":%llu,\"gtids\":\"", (unsigned long long)s->offset);
	gtid_set_format(&s->gtids, out);
	buffer_text(out, "\"}");
}

void mysql_position_format(const struct position *base, const struct schema *table,
			   struct buffer *out)
{
	const struct mysql_position *p = (const struct mysql_position *)base;

	buffer_text(out, "{\"server\":");
	text_json_string(out, p->server_uuid);
	buffer_format(out, ",\"server_id\":%u,\"file\":", p->server_id);
	text_json_string(out, p->file);
	buffer_format(out, ",\"offset\":%llu,\"gtids\":\"",
		      (unsigned long long)p->offset);
	gtid_set_format(&p->gtids, out);
	buffer_format(out, "\",\"time_us\":%lld", (long long)p->base.committed_at_us);
	if (p->xa_from.file[0] != '\0')
		format_start(out, &p->xa_from);
	else
		format_prepared_list(out, p);
	if (p->format_copy != NULL)
		p->format_copy(p->copy_context, table, out);
	buffer_char(out, '}');
}

static bool copy_text(char *out, size_t size, const json_t *value)
{
	const char *text = json_string_value(value);

	if (text == NULL || strlen(text) >= size)
		return false;
	memset(out, 0, size);
	memcpy(out, text, strlen(text));
	return true;
}

static bool parse_hex(uint8_t *out, const char *text, size_t digits, size_t size_max)
{
	if (digits % 2 != 0 || digits / 2 > size_max)
		return false;
	for (size_t i = 0; i < digits; i++) {
		const char *all = "0123456789abcdef", *at = strchr(all, text[i]);

		if (at == NULL || text[i] == 0)
			return false;
		out[i / 2] = (uint8_t)(out[i / 2] << 4 | (at - all));
	}
	return true;
}

/* "format:global:branch" */
static bool parse_xid(struct xid *xid, const char *text)
{
	const char *global = text != NULL ? strchr(text, ':') : NULL;
	const char *branch = global != NULL ? strchr(global + 1, ':') : NULL;
	uint64_t format;
	size_t global_digits;

	*xid = (struct xid){ .format = 0 };
	if (branch == NULL || !text_parse_uint((struct bytes){ (const uint8_t *)text,
							       (size_t)(global - text) },
					       &format))
		return false;
	global_digits = (size_t)(branch - global - 1);
	xid->format = (uint32_t)format;
	if (format > UINT32_MAX || !parse_hex(xid->data, global + 1, global_digits, 64) ||
	    !parse_hex(xid->data + global_digits / 2, branch + 1, strlen(branch + 1), 64))
		return false;
	xid->global_size = (uint8_t)(global_digits / 2);
	xid->branch_size = (uint8_t)(strlen(branch + 1) / 2);
	return true;
}

static bool parse_one_gtid(struct gtid *out, const char *text, bool is_mariadb)
{
	struct gtid_set s = { .is_mariadb = is_mariadb };
	struct err ignored = ERR_INIT;
	bool is_one;

	if (gtid_set_parse(&s, is_mariadb, bytes_of_text(text), &ignored) < 0)
		return false;
	is_one = s.count == 1;
	if (is_one) {
		*out = (struct gtid){ .is_mariadb = is_mariadb,
				      .domain = s.ranges[0].domain,
				      .server = s.ranges[0].server,
				      .number = s.ranges[0].last };
		memcpy(out->uuid, s.ranges[0].uuid, sizeof(out->uuid));
		memcpy(out->tag, s.ranges[0].tag, sizeof(out->tag));
	}
	gtid_set_release(&s);
	return is_one;
}

static bool parse_prepared(struct mysql_prepared *out, const json_t *object,
			   bool is_mariadb)
{
	const char *gtid = json_string_value(json_object_get(object, "gtid"));
	const json_t *offset = json_object_get(object, "offset");

	*out = (struct mysql_prepared){ .has_gtid = gtid != NULL };
	out->offset = (uint64_t)json_integer_value(offset);
	return parse_xid(&out->xid, json_string_value(json_object_get(object, "xid"))) &&
	       copy_text(out->file, sizeof(out->file), json_object_get(object, "file")) &&
	       json_is_integer(offset) &&
	       (gtid == NULL || parse_one_gtid(&out->gtid, gtid, is_mariadb));
}

/* The members "file", "offset" and "gtids". */
static bool parse_start(struct mysql_start *out, const json_t *object, bool is_mariadb,
			struct err *e)
{
	const json_t *offset = json_object_get(object, "offset");
	const char *gtids = json_string_value(json_object_get(object, "gtids"));

	if (!copy_text(out->file, sizeof(out->file), json_object_get(object, "file")) ||
	    !json_is_integer(offset) || json_integer_value(offset) < 0 || gtids == NULL)
		return false;
	out->offset = (uint64_t)json_integer_value(offset);
	return gtid_set_parse(&out->gtids, is_mariadb, bytes_of_text(gtids), e) == 0;
}

static bool parse_members(struct mysql_position *p, const json_t *root, bool is_mariadb,
			  struct err *e)
{
	const json_t *prepared = json_object_get(root, "prepared"),
		     *xa_from = json_object_get(root, "xa_from");
	struct mysql_start own = { .gtids.is_mariadb = is_mariadb };

	if (!copy_text(p->server_uuid, sizeof(p->server_uuid),
		       json_object_get(root, "server")) ||
	    !parse_start(&own, root, is_mariadb, e))
		return false;
	memcpy(p->file, own.file, sizeof(p->file));
	p->offset = own.offset;
	p->gtids = own.gtids;
	p->server_id = (uint32_t)json_integer_value(json_object_get(root, "server_id"));
	p->base.committed_at_us = json_integer_value(json_object_get(root, "time_us"));
	if (xa_from != NULL && (!parse_start(&p->xa_from, xa_from, is_mariadb, e) ||
				p->xa_from.file[0] == '\0'))
		return false;
	p->prepared = memory_array(struct mysql_prepared, json_array_size(prepared));
	for (size_t i = 0; i < json_array_size(prepared); i++) {
		if (!parse_prepared(&p->prepared[i], json_array_get(prepared, i),
				    is_mariadb))
			return false;
		p->prepared_count++;
	}
	return true;
}

int mysql_position_parse(struct mysql_position *out, const char *json, bool is_mariadb,
			 struct err *e)
{
	struct mysql_position p = { .base.format = mysql_position_format,
				    .gtids.is_mariadb = is_mariadb,
				    .xa_from.gtids.is_mariadb = is_mariadb };
	json_t *root = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
	bool is_good = json_is_object(root) && parse_members(&p, root, is_mariadb, e);

	json_decref(root);
	if (!is_good) {
		mysql_position_release(&p);
		return err_set(e, ERR_DATA, "\"%.100s\" is no position of a MySQL log",
			       json);
	}
	*out = p;
	return 0;
}

void mysql_position_release(struct mysql_position *p)
{
	gtid_set_release(&p->gtids);
	mysql_start_release(&p->xa_from);
	memory_free(p->prepared);
	p->prepared = NULL;
	p->prepared_count = 0;
}

static struct gtid_set copy_set(const struct gtid_set *from)
{
	struct gtid_set copy = { .is_mariadb = from->is_mariadb };

	gtid_set_copy(&copy, from);
	return copy;
}

void mysql_start_copy(struct mysql_start *to, const struct mysql_start *from)
{
	struct gtid_set gtids = copy_set(&from->gtids);

	*to = *from;
	to->gtids = gtids;
}

void position_copy(struct mysql_position *to, const struct mysql_position *from)
{
	struct mysql_position copy = *from;

	copy.gtids = copy_set(&from->gtids);
	mysql_start_copy(&copy.xa_from, &from->xa_from);
	copy.prepared = NULL;
	if (from->prepared_count > 0)
		copy.prepared = memory_copy(from->prepared,
					    from->prepared_count * sizeof(*from->prepared));
	*to = copy;
}

static uint64_t file_number(const char *file)
{
	const char *dot = strrchr(file, '.');

	return dot != NULL ? strtoull(dot + 1, NULL, 10) : 0;
}

int place_compare(const char *file_a, uint64_t offset_a, const char *file_b, uint64_t offset_b)
{
	uint64_t a = file_number(file_a), b = file_number(file_b);

	if (a == b) {
		a = offset_a;
		b = offset_b;
	}
	return a < b ? -1 : a > b;
}

static bool reaches(const struct gtid_set *gtids, const char *file, uint64_t offset,
		    const struct mysql_position *p)
{
	if (gtids->count > 0 || p->gtids.count > 0)
		return gtid_set_contains(gtids, &p->gtids);
	return place_compare(file, offset, p->file, p->offset) >= 0;
}

bool position_reaches(const struct mysql_position *outer, const struct mysql_position *inner)
{
	return reaches(&outer->gtids, outer->file, outer->offset, inner);
}

static void step_back(struct mysql_start *s, const struct mysql_prepared *x)
{
	if (place_compare(x->file, x->offset, s->file, s->offset) < 0) {
		memcpy(s->file, x->file, sizeof(x->file));
		s->offset = x->offset;
	}
	if (!x->has_gtid)
		return;
	if (!s->gtids.is_mariadb)
		gtid_set_remove(&s->gtids, &x->gtid);
	else
		gtid_set_step_back(&s->gtids, &x->gtid);
}

void mysql_position_start(const struct mysql_position *p, struct mysql_start *out)
{
	if (p->xa_from.file[0] != '\0') {
		mysql_start_copy(out, &p->xa_from);
		return;
	}
	*out = (struct mysql_start){ .offset = p->offset, .gtids = copy_set(&p->gtids) };
	memcpy(out->file, p->file, sizeof(p->file));
	for (uint32_t i = 0; i < p->prepared_count; i++)
		step_back(out, &p->prepared[i]);
}

void mysql_start_release(struct mysql_start *s)
{
	gtid_set_release(&s->gtids);
	*s = (struct mysql_start){ .gtids.is_mariadb = s->gtids.is_mariadb };
}

bool mysql_start_reaches(const struct mysql_start *s, const struct mysql_position *p)
{
	return reaches(&s->gtids, s->file, s->offset, p);
}
