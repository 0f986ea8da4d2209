/* SPDX-License-Identifier: Apache-2.0 */
/* What the log says of each version. */
#include <inttypes.h>
#include <string.h>

#include "table/delta/handle.h"

/* The entry's commitInfo, if it has one; other lines are not read. */
static int find_commit_info(struct action *out, struct bytes entry, struct arena *arena,
			    struct err *e)
{
	out->kind = ACTION_NONE;
	while (entry.size > 0) {
		const uint8_t *newline = memchr(entry.data, '\n', entry.size);
		size_t size =
			newline != NULL ? (size_t)(newline - entry.data) : entry.size;
		struct bytes line = { entry.data, size };

		if (memmem(line.data, line.size, "\"commitInfo\"", 12) != NULL) {
			if (action_parse(out, line, arena, e) < 0)
				return -1;
			if (out->kind == ACTION_COMMIT_INFO)
				return 0;
		}
		entry.data += size + (newline != NULL);
		entry.size -= size + (newline != NULL);
	}
	out->kind = ACTION_NONE;
	return 0;
}

/* Whether an add or remove has "dataChange": true. Inside a string the quotes would be escaped. */
static bool changes_rows(struct bytes entry)
{
	static const char name[] = "\"dataChange\"";
	const uint8_t *end = entry.data + entry.size, *at = entry.data;

	while ((at = memmem(at, (size_t)(end - at), name, sizeof(name) - 1)) != NULL) {
		at += sizeof(name) - 1;
		while (at < end && (*at == ' ' || *at == ':'))
			at++;
		if (at < end && *at == 't')
			return true;
	}
	return false;
}

static void fill(struct history_entry *h, const struct action *a, int64_t version)
{
	const struct commit_info *c = &a->commit_info;

	*h = (struct history_entry){ .version = version };
	if (a->kind != ACTION_COMMIT_INFO)
		return;
	h->timestamp_ms = c->timestamp_ms;
	h->operation = memory_copy_text(c->operation);
	h->is_ours = c->position != NULL;
	if (h->is_ours && strcmp(c->position, "null") != 0)
		h->position = memory_copy_text(c->position);
	h->rows_in = c->rows_in;
	h->rows_changed = c->rows_changed;
	h->rows_deleted = c->rows_deleted;
	h->source_time_us = c->source_time_us;
}

int delta_history(struct table *t, uint32_t limit, struct history_entry **out,
		  uint32_t *count, struct err *e)
{
	struct delta *d = delta_of(t);
	struct history_entry *entries = NULL;
	struct buffer text = { 0 };
	struct arena arena = { 0 };
	uint32_t n = 0;
	int rc = 0;

	for (int64_t v = d->table.snapshot.version; v >= 0 && n < limit; v--) {
		char key[LOG_KEY_BYTES_MAX];
		struct action a;

		log_entry_key(key, v);
		buffer_clear(&text);
		arena_reset(&arena);
		rc = store_get(d->store, key, 0, 0, &text, e);
		if (rc == 0)
			rc = find_commit_info(&a, buffer_bytes(&text), &arena, e);
		if (rc < 0)
			err_wrap(e, "\"%s\"", key);
		if (rc != 0)
			break;
		entries = memory_grow(entries, struct history_entry, n + 1);
		fill(&entries[n], &a, v);
		entries[n++].changes_rows = changes_rows(buffer_bytes(&text));
	}
	buffer_release(&text);
	arena_release(&arena);
	if (rc < 0) {
		table_history_free(entries, n);
		return -1;
	}
	*out = entries;
	*count = n;
	return 0;
}
