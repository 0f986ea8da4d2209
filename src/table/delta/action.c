/* SPDX-License-Identifier: Apache-2.0 */
/* Actions in memory, and their lines of a log entry. */
#include "table/delta/action.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "table/json_span.h"

bool text_list_has(const struct text_list *l, const char *text)
{
	for (uint32_t i = 0; i < l->count; i++) {
		if (strcmp(l->texts[i], text) == 0)
			return true;
	}
	return false;
}

static const char *text_copy(const char *text, struct arena *arena)
{
	return text != NULL ? arena_text(arena, text, strlen(text)) : NULL;
}

void text_map_copy(struct text_map *out, const struct text_map *m, struct arena *arena)
{
	struct text_map copy = { arena_new(arena, struct text_pair, m->count), m->count };

	for (uint32_t i = 0; i < m->count; i++) {
		copy.pairs[i].key = text_copy(m->pairs[i].key, arena);
		copy.pairs[i].value = text_copy(m->pairs[i].value, arena);
	}
	*out = copy;
}

void text_list_copy(struct text_list *out, const struct text_list *l, struct arena *arena)
{
	struct text_list copy = { arena_new(arena, const char *, l->count), l->count };

	for (uint32_t i = 0; i < l->count; i++)
		copy.texts[i] = text_copy(l->texts[i], arena);
	*out = copy;
}

void text_map_set(struct text_map *m, const char *key, const char *value,
		  struct arena *arena)
{
	struct text_pair *pairs;

	for (uint32_t i = 0; i < m->count; i++) {
		if (strcmp(m->pairs[i].key, key) == 0) {
			m->pairs[i].value = text_copy(value, arena);
			return;
		}
	}
	pairs = arena_new(arena, struct text_pair, m->count + 1u);
	if (m->count > 0)
		memcpy(pairs, m->pairs, m->count * sizeof(*pairs));
	pairs[m->count].key = text_copy(key, arena);
	pairs[m->count].value = text_copy(value, arena);
	m->pairs = pairs;
	m->count++;
}

void text_list_add(struct text_list *l, const char *text, struct arena *arena)
{
	const char **texts = arena_new(arena, const char *, l->count + 1u);

	if (l->count > 0)
		memcpy(texts, l->texts, l->count * sizeof(*texts));
	texts[l->count] = text_copy(text, arena);
	l->texts = texts;
	l->count++;
}

void protocol_copy(struct protocol *out, const struct protocol *p, struct arena *arena)
{
	struct protocol copy = { .min_reader = p->min_reader,
				 .min_writer = p->min_writer };

	text_list_copy(&copy.reader_features, &p->reader_features, arena);
	text_list_copy(&copy.writer_features, &p->writer_features, arena);
	*out = copy;
}

void metadata_copy(struct metadata *out, const struct metadata *m, struct arena *arena)
{
	struct metadata copy = {
		.id = text_copy(m->id, arena),
		.name = text_copy(m->name, arena),
		.description = text_copy(m->description, arena),
		.provider = text_copy(m->provider, arena),
		.schema_string = text_copy(m->schema_string, arena),
		.created_time_ms = m->created_time_ms,
	};

	text_map_copy(&copy.options, &m->options, arena);
	text_map_copy(&copy.configuration, &m->configuration, arena);
	text_list_copy(&copy.partition_columns, &m->partition_columns, arena);
	*out = copy;
}

bool dv_equal(const struct deletion_vector *a, const struct deletion_vector *b)
{
	if (a->storage_type != b->storage_type)
		return false;
	return a->storage_type == 0 ||
	       (a->offset == b->offset && strcmp(a->place, b->place) == 0);
}

struct action *action_list_add(struct action_list *l, enum action_kind kind)
{
	struct action *a;

	if (l->count == l->capacity) {
		l->capacity = l->capacity > 0 ? l->capacity * 2 : 16;
		l->actions = memory_grow(l->actions, struct action, l->capacity);
	}
	a = &l->actions[l->count++];
	memset(a, 0, sizeof(*a));
	a->kind = kind;
	return a;
}

void action_list_release(struct action_list *l)
{
	memory_free(l->actions);
	*l = (struct action_list){ 0 };
}

int action_list_parse(struct action_list *out, struct bytes entry, struct arena *arena,
		      struct err *e)
{
	uint32_t line_number = 0;

	while (entry.size > 0) {
		const uint8_t *newline = memchr(entry.data, '\n', entry.size);
		size_t size =
			newline != NULL ? (size_t)(newline - entry.data) : entry.size;
		struct bytes line = { entry.data, size };
		struct action a;

		entry.data += size + (newline != NULL);
		entry.size -= size + (newline != NULL);
		line_number++;
		if (line.size > 0 && line.data[line.size - 1] == '\r')
			line.size--;
		if (line.size == 0)
			continue;
		if (action_parse(&a, line, arena, e) < 0)
			return err_wrap(e, "line %" PRIu32, line_number);
		if (a.kind != ACTION_NONE)
			*action_list_add(out, a.kind) = a;
	}
	return 0;
}

static void format_texts(struct buffer *out, const struct text_list *l)
{
	buffer_char(out, '[');
	for (uint32_t i = 0; i < l->count; i++) {
		if (i > 0)
			buffer_char(out, ',');
		text_json_string(out, l->texts[i]);
	}
	buffer_char(out, ']');
}

static void format_map(struct buffer *out, const struct text_map *m)
{
	buffer_char(out, '{');
	for (uint32_t i = 0; i < m->count; i++) {
		if (i > 0)
			buffer_char(out, ',');
		text_json_string(out, m->pairs[i].key);
		buffer_char(out, ':');
		text_json_string(out, m->pairs[i].value);
	}
	buffer_char(out, '}');
}

static void format_protocol(struct buffer *out, const struct protocol *p)
{
	buffer_format(out,
		      "{\"protocol\":{\"minReaderVersion\":%d,\"minWriterVersion\":%d",
		      p->min_reader, p->min_writer);
	if (p->min_reader >= 3) {
		buffer_text(out, ",\"readerFeatures\":");
		format_texts(out, &p->reader_features);
	}
	if (p->min_writer >= 7) {
		buffer_text(out, ",\"writerFeatures\":");
		format_texts(out, &p->writer_features);
	}
	buffer_text(out, "}}\n");
}

static void format_metadata(struct buffer *out, const struct metadata *m)
{
	buffer_text(out, "{\"metaData\":{\"id\":");
	text_json_string(out, m->id);
	if (m->name != NULL) {
		buffer_text(out, ",\"name\":");
		text_json_string(out, m->name);
	}
	if (m->description != NULL) {
		buffer_text(out, ",\"description\":");
		text_json_string(out, m->description);
	}
	buffer_text(out, ",\"format\":{\"provider\":");
	text_json_string(out, m->provider);
	buffer_text(out, ",\"options\":");
	format_map(out, &m->options);
	buffer_text(out, "},\"schemaString\":");
	text_json_string(out, m->schema_string);
	buffer_text(out, ",\"partitionColumns\":");
	format_texts(out, &m->partition_columns);
	buffer_text(out, ",\"configuration\":");
	format_map(out, &m->configuration);
	if (m->created_time_ms != 0)
		buffer_format(out, ",\"createdTime\":%" PRId64, m->created_time_ms);
	buffer_text(out, "}}\n");
}

static void format_file_tail(struct buffer *out, const struct file_action *f)
{
	if (f->tags.count > 0) {
		buffer_text(out, ",\"tags\":");
		format_map(out, &f->tags);
	}
	if (f->dv.storage_type != 0) {
		buffer_format(out, ",\"deletionVector\":{\"storageType\":\"%c\","
			      "\"pathOrInlineDv\":", f->dv.storage_type);
		text_json_string(out, f->dv.place);
		if (f->dv.offset >= 0)
			buffer_format(out, ",\"offset\":%" PRId32, f->dv.offset);
		buffer_format(out,
			      ",\"sizeInBytes\":%" PRIu32 ",\"cardinality\":%" PRIu64 "}",
			      f->dv.size_bytes, f->dv.cardinality);
	}
	buffer_text(out, "}}\n");
}

static void format_add(struct buffer *out, const struct file_action *f)
{
	buffer_text(out, "{\"add\":{\"path\":");
	text_json_string(out, f->path);
	buffer_text(out, ",\"partitionValues\":");
	format_map(out, &f->partition_values);
	buffer_format(out, ",\"size\":%" PRId64 ",\"modificationTime\":%" PRId64
		      ",\"dataChange\":%s", f->size_bytes, f->time_ms,
		      f->is_data_change ? "true" : "false");
	if (f->stats != NULL) {
		buffer_text(out, ",\"stats\":");
		text_json_string(out, f->stats);
	}
	format_file_tail(out, f);
}

static void format_remove(struct buffer *out, const struct file_action *f)
{
	buffer_text(out, "{\"remove\":{\"path\":");
	text_json_string(out, f->path);
	if (f->time_ms != 0)
		buffer_format(out, ",\"deletionTimestamp\":%" PRId64, f->time_ms);
	buffer_format(out, ",\"dataChange\":%s", f->is_data_change ? "true" : "false");
	if (f->size_bytes >= 0) {
		buffer_text(out, ",\"extendedFileMetadata\":true,\"partitionValues\":");
		format_map(out, &f->partition_values);
		buffer_format(out, ",\"size\":%" PRId64, f->size_bytes);
	}
	format_file_tail(out, f);
}

static void format_txn(struct buffer *out, const struct txn *t)
{
	buffer_text(out, "{\"txn\":{\"appId\":");
	text_json_string(out, t->app_id);
	buffer_format(out, ",\"version\":%" PRId64, t->version);
	if (t->last_updated_ms != 0)
		buffer_format(out, ",\"lastUpdated\":%" PRId64, t->last_updated_ms);
	buffer_text(out, "}}\n");
}

static void format_commit_info(struct buffer *out, const struct commit_info *c)
{
	buffer_format(out, "{\"commitInfo\":{\"timestamp\":%" PRId64 ",\"operation\":",
		      c->timestamp_ms);
	text_json_string(out, c->operation);
	buffer_format(out,
		      ",\"operationParameters\":{},\"operationMetrics\":{"
		      "\"numOutputRows\":\"%" PRIu64 "\",\"numDeletedRows\":\"%" PRIu64
		      "\",\"numAddedFiles\":\"%" PRIu64
		      "\",\"numRemovedFiles\":\"%" PRIu64
		      "\",\"numDeletionVectorsAdded\":\"%" PRIu64 "\"}",
		      c->rows_changed, c->rows_deleted, c->files_added, c->files_removed,
		      c->vectors_written);
	buffer_format(out,
		      ",\"engineInfo\":\"tailrace/%s\",\"txnId\":", TAILRACE_VERSION);
	text_json_string(out, c->txn_id);
	buffer_format(out, ",\"isBlindAppend\":%s",
		      c->is_blind_append ? "true" : "false");
	if (c->position != NULL)
		buffer_format(out,
			      ",\"tailrace\":{\"position\":%s,\"rowsIn\":%" PRIu64
			      ",\"rowsChanged\":%" PRIu64 ",\"rowsDeleted\":%" PRIu64
			      ",\"invalidValues\":%" PRIu64 ",\"sourceTimeUs\":%" PRId64
			      "}",
			      c->position, c->rows_in, c->rows_changed, c->rows_deleted,
			      c->invalid_values, c->source_time_us);
	buffer_text(out, "}}\n");
}

void action_format(struct buffer *out, const struct action *a)
{
	switch (a->kind) {
	case ACTION_COMMIT_INFO:
		format_commit_info(out, &a->commit_info);
		return;
	case ACTION_PROTOCOL:
		format_protocol(out, &a->protocol);
		return;
	case ACTION_METADATA:
		format_metadata(out, &a->metadata);
		return;
	case ACTION_TXN:
		format_txn(out, &a->txn);
		return;
	case ACTION_REMOVE:
		format_remove(out, &a->file);
		return;
	case ACTION_ADD:
		format_add(out, &a->file);
		return;
	case ACTION_NONE:
	case ACTION_SIDECAR:
	case ACTION_KINDS:
		break;
	}
	assert(false && "an action that is never written");
}

int action_check_add(const struct file_action *f, struct err *e)
{
	if (f->size_bytes < 0)
		return err_set(e, ERR_DATA, "add of \"%s\" without its size", f->path);
	if (f->dv.storage_type != 0 && f->dv.cardinality > f->row_count)
		return err_set(e, ERR_DATA,
			       "add of \"%s\": its deletion vector deletes %" PRIu64
			       " of %" PRIu64 " rows",
			       f->path, f->dv.cardinality, f->row_count);
	return 0;
}

uint64_t stats_row_count(const char *stats)
{
	struct bytes value;
	uint64_t count;

	if (stats == NULL ||
	    !json_span_find(bytes_of_text(stats), "numRecords", &value) ||
	    !text_parse_uint(value, &count) || count > INT64_MAX)
		return ROWS_UNKNOWN;
	return count;
}

void stats_widen(struct buffer *out, const char *stats)
{
	struct bytes all = bytes_of_text(stats), value;

	if (json_span_find(all, "tightBounds", &value)) {
		size_t before = (size_t)(value.data - all.data);

		buffer_append(out, all.data, before);
		buffer_text(out, "false");
		buffer_append(out, value.data + value.size,
			      all.size - before - value.size);
		return;
	}
	/* Only called with a row count, so there is a first member to come before. */
	buffer_text(out, "{\"tightBounds\":false,");
	buffer_text(out, strchr(stats, '{') + 1);
}

void position_record_format(struct buffer *out, const struct position_record *r)
{
	buffer_text(out, "{\"appId\":");
	text_json_string(out, r->app_id);
	buffer_format(out, ",\"version\":%" PRId64 ",\"txnId\":", r->version);
	text_json_string(out, r->txn_id);
	buffer_format(out, ",\"invalidValues\":%" PRIu64 ",\"position\":%s}\n",
		      r->invalid_values, r->position);
}
