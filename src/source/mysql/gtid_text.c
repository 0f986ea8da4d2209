/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts and wire forms of GTID sets.
 *
 * MySQL: "uuid:1-5:7,uuid:tag:1-3", several tags of a uuid may follow one another:
 * "uuid:1-5:tag:1-3". MariaDB: "domain-server-sequence,…".
 *
 * Wire (PREVIOUS_GTIDS, COM_BINLOG_DUMP_GTID): count u64, then count x { uuid, [tag
 * length u8 * 2, tag,] interval count u64, intervals { first u64, last + 1 u64 } }. Tags
 * are there when the count's highest byte is 1; then the lowest byte is 1 too and the
 * count stands in the six between.
 */
#include <string.h>

#include "base/text.h"
#include "source/mysql/gtid.h"

#define UUID_TEXT_BYTES 36

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_uuid(struct bytes text, uint8_t uuid[16])
{
	size_t digits = 0;

	if (text.size != UUID_TEXT_BYTES)
		return false;
	for (size_t i = 0; i < text.size; i++) {
		bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
		int digit = hex_digit(text.data[i]);

		if (is_dash ? text.data[i] != '-' : digit < 0)
			return false;
		if (is_dash)
			continue;
		uuid[digits / 2] = (uint8_t)(uuid[digits / 2] << 4 | digit);
		digits++;
	}
	return true;
}

static void format_uuid(const uint8_t uuid[16], struct buffer *out)
{
	static const uint8_t parts[] = { 4, 2, 2, 2, 6 };

	for (size_t i = 0, at = 0; i < sizeof(parts); at += parts[i++]) {
		if (i > 0)
			buffer_char(out, '-');
		text_hex(out, (struct bytes){ uuid + at, parts[i] });
	}
}

/* Cuts what stands before `separator` off `text`, trimmed of white space. */
static struct bytes cut(struct bytes *text, char separator)
{
	const uint8_t *end =
		text->size > 0 ? memchr(text->data, separator, text->size) : NULL;
	struct bytes part = { text->data,
			      end != NULL ? (size_t)(end - text->data) : text->size };

	*text = end != NULL ? (struct bytes){ end + 1, text->size - part.size - 1 }
			    : (struct bytes){ text->data + text->size, 0 };
	while (part.size > 0 && part.data[0] <= ' ')
		part = (struct bytes){ part.data + 1, part.size - 1 };
	while (part.size > 0 && part.data[part.size - 1] <= ' ')
		part.size--;
	return part;
}

static bool parse_tag(struct bytes text, char tag[33])
{
	if (text.size == 0 || text.size > 32)
		return false;
	memset(tag, 0, 33);
	for (size_t i = 0; i < text.size; i++) {
		uint8_t c = text.data[i] >= 'A' && text.data[i] <= 'Z'
				    ? text.data[i] | 0x20
				    : text.data[i];
		bool is_letter = (c >= 'a' && c <= 'z') || c == '_';

		if (!is_letter && (i == 0 || c < '0' || c > '9'))
			return false;
		tag[i] = (char)c;
	}
	return true;
}

static bool parse_interval(struct bytes text, struct gtid_range *r)
{
	bool has_last = text.size > 0 && memchr(text.data, '-', text.size) != NULL;
	struct bytes first = cut(&text, '-'), last = has_last ? cut(&text, '-') : first;

	return text_parse_uint(first, &r->first) && text_parse_uint(last, &r->last) &&
	       r->first >= 1 && r->first <= r->last && r->last < INT64_MAX &&
	       text.size == 0;
}

static bool parse_mysql_part(struct gtid_set *s, struct bytes part)
{
	struct gtid_range r = { .first = 0 };

	if (!parse_uuid(cut(&part, ':'), r.uuid) || part.size == 0)
		return false;
	while (part.size > 0) {
		struct bytes word = cut(&part, ':');

		if (word.size > 0 && (word.data[0] < '0' || word.data[0] > '9')) {
			if (!parse_tag(word, r.tag))
				return false;
			continue;
		}
		if (!parse_interval(word, &r))
			return false;
		gtid_set_add_range(s, &r);
	}
	return true;
}

static bool parse_mariadb_part(struct gtid_set *s, struct bytes part)
{
	uint64_t domain, server, number;
	struct gtid_range r;

	if (!text_parse_uint(cut(&part, '-'), &domain) ||
	    !text_parse_uint(cut(&part, '-'), &server) ||
	    !text_parse_uint(cut(&part, '-'), &number) || domain > UINT32_MAX ||
	    server > UINT32_MAX)
		return false;
	r = (struct gtid_range){ .domain = (uint32_t)domain,
				 .server = (uint32_t)server,
				 .first = number,
				 .last = number };
	gtid_set_add_range(s, &r);
	return part.size == 0;
}

int gtid_set_parse(struct gtid_set *out, bool is_mariadb, struct bytes text,
		   struct err *e)
{
	struct gtid_set s = { .is_mariadb = is_mariadb };

	while (text.size > 0) {
		struct bytes part = cut(&text, ',');

		if (part.size == 0)
			continue;
		if (is_mariadb ? parse_mariadb_part(&s, part)
			       : parse_mysql_part(&s, part))
			continue;
		gtid_set_release(&s);
		return err_set(e, ERR_DATA, "\"%.*s\" is no GTID set",
			       part.size > 60 ? 60 : (int)part.size,
			       (const char *)part.data);
	}
	gtid_set_release(out);
	*out = s;
	return 0;
}

static bool same_owner(const struct gtid_range *a, const struct gtid_range *b)
{
	return memcmp(a->uuid, b->uuid, sizeof(a->uuid)) == 0 &&
	       strcmp(a->tag, b->tag) == 0;
}

void gtid_set_format(const struct gtid_set *s, struct buffer *out)
{
	for (uint32_t i = 0; i < s->count; i++) {
		const struct gtid_range *r = &s->ranges[i],
					*before = i > 0 ? r - 1 : NULL;

		if (s->is_mariadb) {
			buffer_format(out, "%s%u-%u-%llu", i > 0 ? "," : "", r->domain,
				      r->server, (unsigned long long)r->last);
			continue;
		}
		if (before == NULL ||
		    memcmp(before->uuid, r->uuid, sizeof(r->uuid)) != 0) {
			buffer_text(out, i > 0 ? "," : "");
			format_uuid(r->uuid, out);
			before = NULL;
		}
		if (r->tag[0] != 0 && (before == NULL || !same_owner(before, r)))
			buffer_format(out, ":%s", r->tag);
		buffer_char(out, ':');
		text_uint(out, r->first);
		if (r->last > r->first)
			buffer_format(out, "-%llu", (unsigned long long)r->last);
	}
}

void gtid_format(const struct gtid *g, struct buffer *out)
{
	if (g->is_mariadb) {
		buffer_format(out, "%u-%u-%llu", g->domain, g->server,
			      (unsigned long long)g->number);
		return;
	}
	format_uuid(g->uuid, out);
	if (g->tag[0] != 0)
		buffer_format(out, ":%s", g->tag);
	buffer_format(out, ":%llu", (unsigned long long)g->number);
}

static uint32_t owner_end(const struct gtid_set *s, uint32_t first)
{
	uint32_t end = first + 1;

	while (end < s->count && same_owner(&s->ranges[first], &s->ranges[end]))
		end++;
	return end;
}

void gtid_set_encode(const struct gtid_set *s, struct buffer *out)
{
	uint64_t owners = 0;
	bool has_tags = false;

	for (uint32_t i = 0; i < s->count; i = owner_end(s, i)) {
		owners++;
		has_tags = has_tags || s->ranges[i].tag[0] != 0;
	}
	buffer_u64le(out, has_tags ? owners << 8 | (uint64_t)1 << 56 | 1 : owners);
	for (uint32_t i = 0, end; i < s->count; i = end) {
		end = owner_end(s, i);
		buffer_append(out, s->ranges[i].uuid, sizeof(s->ranges[i].uuid));
		if (has_tags) {
			buffer_char(out, (char)(strlen(s->ranges[i].tag) << 1));
			buffer_text(out, s->ranges[i].tag);
		}
		buffer_u64le(out, end - i);
		for (uint32_t k = i; k < end; k++) {
			buffer_u64le(out, s->ranges[k].first);
			buffer_u64le(out, s->ranges[k].last + 1);
		}
	}
}

static bool decode_owner(struct gtid_set *s, struct reader *r, bool has_tags)
{
	struct bytes uuid = reader_bytes(r, 16), tag = { NULL, 0 };
	struct gtid_range range = { .first = 0 };
	uint64_t intervals;

	if (has_tags)
		tag = reader_bytes(r, reader_u8(r) >> 1);
	intervals = reader_u64le(r);
	if (r->short_read || intervals > reader_left(r) / 16 ||
	    (tag.size > 0 && !parse_tag(tag, range.tag)))
		return false;
	memcpy(range.uuid, uuid.data, sizeof(range.uuid));
	for (uint64_t i = 0; i < intervals; i++) {
		range.first = reader_u64le(r);
		range.last = reader_u64le(r) - 1;
		if (range.first < 1 || range.last < range.first ||
		    range.last >= INT64_MAX)
			return false;
		gtid_set_add_range(s, &range);
	}
	return true;
}

int gtid_set_decode(struct gtid_set *out, struct bytes wire, struct err *e)
{
	struct gtid_set s = { .is_mariadb = false };
	struct reader r = reader_of(wire);
	uint64_t count = reader_u64le(&r);
	bool has_tags = count >> 56 == 1, is_good = !r.short_read;

	if (has_tags)
		count = count >> 8 & 0xffffffffffff;
	for (uint64_t i = 0; i < count && is_good; i++)
		is_good = decode_owner(&s, &r, has_tags);
	if (!is_good || reader_left(&r) > 0) {
		gtid_set_release(&s);
		return err_set(e, ERR_DATA, "a GTID set of %zu bytes is malformed",
			       wire.size);
	}
	gtid_set_release(out);
	*out = s;
	return 0;
}
