/* SPDX-License-Identifier: Apache-2.0 */
#include "merge/event_state.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"

void event_state_release(struct event_state *s)
{
	for (uint32_t i = 0; i < s->file_count; i++)
		memory_free(s->files[i].path);
	memory_free(s->files);
	*s = (struct event_state){ .clock = EVENT_CLOCK_INIT };
}

void event_state_add_file(struct event_state *s, char *path, uint64_t size_bytes, uint64_t row_count, int64_t newest_us)
{
	s->files = memory_grow(s->files, struct tombstone_file, s->file_count + 1);
	s->files[s->file_count++] = (struct tombstone_file){ path, size_bytes, row_count, newest_us };
}

static int take_file(struct event_state *out, const struct json_value *file, struct err *e)
{
	const char *path = json_get_text(file, "path");
	int64_t size = json_get_int(file, "size"), rows = json_get_int(file, "rows");

	if (path == NULL || size <= 0 || rows <= 0)
		return err_set(e, ERR_DATA, "the position's \"order\" has a tombstone file without path, size or rows");
	event_state_add_file(out, memory_copy_text(path), (uint64_t)size, (uint64_t)rows, json_get_int(file, "newest"));
	return 0;
}

static int take(struct event_state *out, const struct json_value *order, struct err *e)
{
	struct json_value watermark, horizon, edge, files, file;
	struct json_cursor c;

	if (!json_get(order, "watermark", &watermark) || !json_get(order, "tombstones", &files) || files.type != JSON_ARRAY)
		return err_set(e, ERR_DATA, "the position's \"order\" has no watermark or no tombstones");
	if (watermark.type != JSON_NULL)
		out->clock.watermark_us = json_get_int(order, "watermark");
	if (json_get(order, "horizon", &horizon) && horizon.type != JSON_NULL)
		out->clock.horizon_us = json_get_int(order, "horizon");
	if (json_get(order, "edge", &edge) && edge.type != JSON_NULL)
		out->clock.floor_us = json_get_int(order, "edge");
	out->counts.late = (uint64_t)json_get_int(order, "late");
	out->counts.stale = (uint64_t)json_get_int(order, "stale");
	out->counts.duplicate = (uint64_t)json_get_int(order, "duplicates");
	for (c = json_open(&files); json_next(&c, NULL, &file);) {
		if (take_file(out, &file, e) < 0)
			return -1;
	}
	return 0;
}

int event_state_parse(struct event_state *out, const char *position, struct err *e)
{
	struct json_parser json = { 0 };
	struct json_value root, order;
	int rc = 0;

	*out = (struct event_state){ .clock = EVENT_CLOCK_INIT };
	if (position == NULL)
		return 0;
	rc = json_parse(&json, bytes_of_text(position), &root, e);
	if (rc == 0 && json_get(&root, "order", &order))
		rc = take(out, &order, e);
	json_parser_release(&json);
	return rc;
}

static void format_time(int64_t us, int64_t none, struct buffer *out)
{
	if (us == none)
		buffer_text(out, "null");
	else
		text_int(out, us);
}

static void format_files(const struct event_state *s, struct buffer *out)
{
	for (uint32_t i = 0; i < s->file_count; i++) {
		const struct tombstone_file *f = &s->files[i];

		buffer_text(out, i > 0 ? ",{\"path\":" : "{\"path\":");
		text_json_string(out, f->path);
		buffer_format(out, ",\"size\":%" PRIu64 ",\"rows\":%" PRIu64 ",\"newest\":%" PRId64 "}", f->size_bytes,
			      f->row_count, f->newest_us);
	}
}

void event_state_join(const struct event_state *s, const char *position, struct buffer *out)
{
	size_t size = strlen(position);

	assert(size >= 2 && position[size - 1] == '}');
	buffer_append(out, position, size - 1);
	buffer_text(out, size > 2 ? ",\"order\":{\"watermark\":" : "\"order\":{\"watermark\":");
	format_time(s->clock.watermark_us, INT64_MIN, out);
	buffer_text(out, ",\"horizon\":");
	format_time(s->clock.horizon_us, INT64_MAX, out);
	buffer_format(out, ",\"late\":%" PRIu64 ",\"stale\":%" PRIu64 ",\"duplicates\":%" PRIu64 ",\"edge\":",
		      s->counts.late, s->counts.stale, s->counts.duplicate);
	format_time(event_clock_edge(&s->clock), INT64_MIN, out);
	buffer_text(out, ",\"tombstones\":[");
	format_files(s, out);
	buffer_text(out, "]}}");
}
