/* SPDX-License-Identifier: Apache-2.0 */
#include "source/mysql/copy_progress.h"

#include <jansson.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define RANGES_MAX 4096

static void key_release(struct copy_key *k, uint32_t count)
{
	for (uint32_t i = 0; i < count && k->cells != NULL; i++)
		memory_free((void *)k->cells[i].data);
	memory_free(k->cells);
	k->cells = NULL;
}

void copy_progress_release(struct copy_progress *p)
{
	for (uint32_t i = 0; i < p->range_count; i++) {
		key_release(&p->ranges[i].from, p->key_count);
		key_release(&p->ranges[i].to, p->key_count);
		key_release(&p->ranges[i].last, p->key_count);
	}
	memory_free(p->ranges);
	*p = (struct copy_progress){ 0 };
}

void copy_key_set(struct copy_key *to, const struct bytes *cells, uint32_t count)
{
	struct copy_key fresh = { NULL };

	if (cells != NULL) {
		fresh.cells = memory_array(struct bytes, count);
		for (uint32_t i = 0; i < count; i++)
			fresh.cells[i] = (struct bytes){
				cells[i].data != NULL ? memory_copy(cells[i].data, cells[i].size) : NULL,
				cells[i].size };
	}
	key_release(to, count);
	*to = fresh;
}

struct copy_range *copy_progress_add(struct copy_progress *p, const struct bytes *from,
				     const struct bytes *to)
{
	struct copy_range *r;

	p->ranges = memory_grow(p->ranges, struct copy_range, p->range_count + 1);
	r = &p->ranges[p->range_count++];
	*r = (struct copy_range){ 0 };
	copy_key_set(&r->from, from, p->key_count);
	copy_key_set(&r->to, to, p->key_count);
	return r;
}

struct copy_range *copy_progress_next(struct copy_progress *p)
{
	for (uint32_t i = 0; i < p->range_count; i++) {
		if (!p->ranges[i].is_done && !p->ranges[i].is_taken)
			return &p->ranges[i];
	}
	return NULL;
}

bool copy_progress_is_done(const struct copy_progress *p)
{
	for (uint32_t i = 0; i < p->range_count; i++) {
		if (!p->ranges[i].is_done)
			return false;
	}
	return p->range_count > 0;
}

static void format_key(const char *name, const struct copy_key *k, uint32_t count, struct buffer *out)
{
	buffer_format(out, "\"%s\":", name);
	if (k->cells == NULL) {
		buffer_text(out, "null,");
		return;
	}
	for (uint32_t i = 0; i < count && k->cells[i].data != NULL; i++) {
		buffer_text(out, i == 0 ? "[\"" : ",\"");
		text_hex(out, k->cells[i]);
		buffer_char(out, '"');
	}
	buffer_text(out, "],");
}

void copy_progress_format(const struct copy_progress *p, struct buffer *out)
{
	buffer_format(out, "{\"rows\":%llu,\"ranges\":[", (unsigned long long)p->rows);
	for (uint32_t i = 0; i < p->range_count; i++) {
		const struct copy_range *r = &p->ranges[i];

		buffer_text(out, i == 0 ? "{" : ",{");
		format_key("from", &r->from, p->key_count, out);
		format_key("to", &r->to, p->key_count, out);
		if (!r->is_done && r->last.cells != NULL)
			format_key("last", &r->last, p->key_count, out);
		buffer_text(out, r->is_done ? "\"done\":true}" : "\"done\":false}");
	}
	buffer_text(out, "]}");
}

static int hex_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_hex(struct bytes *out, const json_t *from)
{
	const char *text = json_string_value(from);
	size_t size = text != NULL ? strlen(text) : 1;
	uint8_t *data;

	if (size % 2 != 0)
		return false;
	data = memory_take(size / 2 + 1, 1);
	for (size_t i = 0; i < size / 2; i++) {
		int high = hex_value(text[2 * i]), low = hex_value(text[2 * i + 1]);

		if (high < 0 || low < 0) {
			memory_free(data);
			return false;
		}
		data[i] = (uint8_t)(high << 4 | low);
	}
	*out = (struct bytes){ data, size / 2 };
	return true;
}

static bool parse_key(struct copy_key *out, const json_t *from, uint32_t count)
{
	if (from == NULL || json_is_null(from))
		return true;
	if (!json_is_array(from) || json_array_size(from) == 0 || json_array_size(from) > count)
		return false;
	out->cells = memory_array(struct bytes, count);
	for (uint32_t i = 0; i < json_array_size(from); i++) {
		if (!parse_hex(&out->cells[i], json_array_get(from, i)))
			return false;
	}
	return true;
}

static bool parse_range(struct copy_progress *p, const json_t *from)
{
	struct copy_range *r = copy_progress_add(p, NULL, NULL);

	r->is_done = json_is_true(json_object_get(from, "done"));
	return json_is_object(from) && json_is_boolean(json_object_get(from, "done")) &&
	       parse_key(&r->from, json_object_get(from, "from"), p->key_count) &&
	       parse_key(&r->to, json_object_get(from, "to"), p->key_count) &&
	       parse_key(&r->last, json_object_get(from, "last"), p->key_count);
}

int copy_progress_parse(struct copy_progress *out, const struct json_t *from, uint32_t key_count,
			struct err *e)
{
	struct copy_progress p = { .is_open = true, .key_count = key_count };
	const json_t *ranges = json_object_get(from, "ranges"), *rows = json_object_get(from, "rows");
	size_t count = json_array_size(ranges);
	bool fits = json_is_array(ranges) && count <= RANGES_MAX && json_is_integer(rows);

	for (size_t i = 0; i < count && fits; i++)
		fits = parse_range(&p, json_array_get(ranges, i));
	if (!fits) {
		copy_progress_release(&p);
		return err_set(e, ERR_DATA,
			       "the progress of its copy, in the lake's last commit, does not fit the table; " COPY_ANEW);
	}
	p.rows = (uint64_t)json_integer_value(rows);
	*out = p;
	return 0;
}
