/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Actions and small documents out of JSON. Unknown actions and fields are passed over, as
 * the spec asks.
 */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "table/delta/action.h"
#include "table/json_span.h"

/*
 * Numbers that no int64 holds can only stand in free fields: then all numbers are read as
 * real ones.
 */
static json_t *parse(struct bytes text, struct err *e)
{
	json_error_t error;
	json_t *json = json_loadb((const char *)text.data, text.size, 0, &error);

	if (json == NULL && json_error_code(&error) == json_error_numeric_overflow)
		json = json_loadb((const char *)text.data, text.size,
				  JSON_DECODE_INT_AS_REAL, &error);
	if (json == NULL)
		err_set(e, ERR_DATA, "damaged JSON at byte %d: %s", error.position,
			error.text);
	return json;
}

static json_t *parse_text(const char *text)
{
	json_error_t error;

	return json_loads(text, 0, &error);
}

static const char *get_text(const json_t *object, const char *key, struct arena *arena)
{
	const json_t *v = json_object_get(object, key);

	return json_is_string(v)
		       ? arena_text(arena, json_string_value(v), json_string_length(v))
		       : NULL;
}

static int64_t get_int(const json_t *object, const char *key, int64_t fallback)
{
	const json_t *v = json_object_get(object, key);

	if (json_is_integer(v))
		return json_integer_value(v);
	if (json_is_real(v) && fabs(json_real_value(v)) < 9007199254740992.0)
		return (int64_t)json_real_value(v);
	return fallback;
}

static void get_map(struct text_map *out, const json_t *object, const char *key,
		    struct arena *arena)
{
	json_t *map = json_object_get(object, key), *value;
	const char *name;

	*out = (struct text_map){ 0 };
	if (!json_is_object(map))
		return;
	out->pairs = arena_new(arena, struct text_pair, json_object_size(map));
	json_object_foreach(map, name, value) {
		struct text_pair *pair = &out->pairs[out->count++];

		pair->key = arena_text(arena, name, strlen(name));
		if (json_is_string(value))
			pair->value = arena_text(arena, json_string_value(value),
						 json_string_length(value));
	}
}

static int get_list(struct text_list *out, const json_t *object, const char *key,
		    struct arena *arena, struct err *e)
{
	const json_t *list = json_object_get(object, key);

	*out = (struct text_list){ 0 };
	if (!json_is_array(list))
		return 0;
	out->texts = arena_new(arena, const char *, json_array_size(list));
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *v = json_array_get(list, i);

		if (!json_is_string(v))
			return err_set(e, ERR_DATA,
				       "\"%s\" holds something that is no text", key);
		out->texts[out->count++] = arena_text(arena, json_string_value(v),
						      json_string_length(v));
	}
	return 0;
}

static int parse_protocol(struct protocol *out, const json_t *j, struct arena *arena,
			  struct err *e)
{
	int64_t reader = get_int(j, "minReaderVersion", -1);
	int64_t writer = get_int(j, "minWriterVersion", -1);

	if (reader < 0 || writer < 0 || reader > INT32_MAX || writer > INT32_MAX)
		return err_set(e, ERR_DATA, "protocol without minReaderVersion and "
			       "minWriterVersion");
	*out = (struct protocol){ .min_reader = (int32_t)reader,
				  .min_writer = (int32_t)writer };
	if (get_list(&out->reader_features, j, "readerFeatures", arena, e) < 0)
		return -1;
	return get_list(&out->writer_features, j, "writerFeatures", arena, e);
}

static int parse_metadata(struct metadata *out, const json_t *j, struct arena *arena,
			  struct err *e)
{
	const json_t *format = json_object_get(j, "format");

	*out = (struct metadata){
		.id = get_text(j, "id", arena),
		.name = get_text(j, "name", arena),
		.description = get_text(j, "description", arena),
		.provider = get_text(format, "provider", arena),
		.schema_string = get_text(j, "schemaString", arena),
		.created_time_ms = get_int(j, "createdTime", 0),
	};
	get_map(&out->options, format, "options", arena);
	get_map(&out->configuration, j, "configuration", arena);
	if (out->id == NULL)
		return err_set(e, ERR_DATA, "metaData without an id");
	return get_list(&out->partition_columns, j, "partitionColumns", arena, e);
}

static int parse_dv(struct deletion_vector *out, const json_t *file, struct arena *arena,
		    struct err *e)
{
	const json_t *j = json_object_get(file, "deletionVector");
	int64_t offset = get_int(j, "offset", -1), size = get_int(j, "sizeInBytes", -1);
	int64_t cardinality = get_int(j, "cardinality", -1);
	const char *type;

	*out = (struct deletion_vector){ .offset = -1 };
	if (j == NULL || json_is_null(j))
		return 0;
	type = json_string_value(json_object_get(j, "storageType"));
	out->place = get_text(j, "pathOrInlineDv", arena);
	if (type == NULL || strlen(type) != 1 || out->place == NULL || size < 0 ||
	    size > INT32_MAX || offset > INT32_MAX || cardinality < 0)
		return err_set(e, ERR_DATA,
			       "deletionVector without storageType, pathOrInlineDv, "
			       "sizeInBytes or cardinality, or out of range");
	out->storage_type = type[0];
	out->offset = (int32_t)(offset < 0 ? -1 : offset);
	out->size_bytes = (uint32_t)size;
	out->cardinality = (uint64_t)cardinality;
	return 0;
}

static int parse_file(struct file_action *out, const json_t *j, const char *time_key,
		      struct arena *arena, struct err *e)
{
	*out = (struct file_action){
		.path = get_text(j, "path", arena),
		.stats = get_text(j, "stats", arena),
		.size_bytes = get_int(j, "size", -1),
		.time_ms = get_int(j, time_key, 0),
		.is_data_change = json_is_true(json_object_get(j, "dataChange")),
	};
	if (out->path == NULL || out->path[0] == 0)
		return err_set(e, ERR_DATA, "file action without a path");
	out->row_count = stats_row_count(out->stats);
	get_map(&out->partition_values, j, "partitionValues", arena);
	get_map(&out->tags, j, "tags", arena);
	return parse_dv(&out->dv, j, arena, e);
}

static int parse_add(struct file_action *out, const json_t *j, struct arena *arena,
		     struct err *e)
{
	if (parse_file(out, j, "modificationTime", arena, e) < 0)
		return -1;
	return action_check_add(out, e);
}

static int parse_txn(struct txn *out, const json_t *j, struct arena *arena, struct err *e)
{
	*out = (struct txn){
		.app_id = get_text(j, "appId", arena),
		.version = get_int(j, "version", -1),
		.last_updated_ms = get_int(j, "lastUpdated", 0),
	};
	if (out->app_id == NULL || !json_is_number(json_object_get(j, "version")))
		return err_set(e, ERR_DATA, "txn without appId or version");
	return 0;
}

/* null: a table of ours before its first commit. */
static bool is_position(const json_t *j)
{
	return json_is_object(j) || json_is_null(j);
}

static void parse_commit_info(struct commit_info *out, const json_t *j, struct bytes line,
			      struct arena *arena)
{
	const json_t *ours = json_object_get(j, "tailrace");
	struct bytes at;

	*out = (struct commit_info){
		.operation = get_text(j, "operation", arena),
		.txn_id = get_text(j, "txnId", arena),
		.timestamp_ms = get_int(j, "timestamp", 0),
		.is_blind_append = json_is_true(json_object_get(j, "isBlindAppend")),
		.rows_in = (uint64_t)get_int(ours, "rowsIn", 0),
		.rows_changed = (uint64_t)get_int(ours, "rowsChanged", 0),
		.rows_deleted = (uint64_t)get_int(ours, "rowsDeleted", 0),
		.invalid_values = (uint64_t)get_int(ours, "invalidValues", 0),
		.source_time_us = get_int(ours, "sourceTimeUs", 0),
	};
	if (is_position(json_object_get(ours, "position")) &&
	    json_span_find(line, "commitInfo", &at) &&
	    json_span_find(at, "tailrace", &at) && json_span_find(at, "position", &at))
		out->position = arena_text(arena, at.data, at.size);
}

static int parse_action(struct action *out, const char *name, const json_t *j,
			struct bytes line, struct arena *arena, struct err *e)
{
	*out = (struct action){ .kind = ACTION_NONE };
	if (strcmp(name, "add") == 0) {
		out->kind = ACTION_ADD;
		return parse_add(&out->file, j, arena, e);
	}
	if (strcmp(name, "remove") == 0) {
		out->kind = ACTION_REMOVE;
		return parse_file(&out->file, j, "deletionTimestamp", arena, e);
	}
	if (strcmp(name, "commitInfo") == 0) {
		out->kind = ACTION_COMMIT_INFO;
		parse_commit_info(&out->commit_info, j, line, arena);
		return 0;
	}
	if (strcmp(name, "metaData") == 0) {
		out->kind = ACTION_METADATA;
		return parse_metadata(&out->metadata, j, arena, e);
	}
	if (strcmp(name, "protocol") == 0) {
		out->kind = ACTION_PROTOCOL;
		return parse_protocol(&out->protocol, j, arena, e);
	}
	if (strcmp(name, "txn") == 0) {
		out->kind = ACTION_TXN;
		return parse_txn(&out->txn, j, arena, e);
	}
	if (strcmp(name, "sidecar") == 0) {
		out->kind = ACTION_SIDECAR;
		out->sidecar = get_text(j, "path", arena);
		return out->sidecar != NULL
			       ? 0
			       : err_set(e, ERR_DATA, "sidecar without a path");
	}
	return 0;
}

int action_parse(struct action *out, struct bytes line, struct arena *arena,
		 struct err *e)
{
	json_t *json = parse(line, e), *value;
	const char *name;
	int rc = 0;

	if (json == NULL)
		return -1;
	*out = (struct action){ .kind = ACTION_NONE };
	if (!json_is_object(json))
		rc = err_set(e, ERR_DATA, "an action that is no JSON object");
	json_object_foreach(json, name, value) {
		if (json_is_null(value))
			continue;
		if (!json_is_object(value))
			continue;
		rc = parse_action(out, name, value, line, arena, e);
		if (rc < 0 || out->kind != ACTION_NONE)
			break;
	}
	json_decref(json);
	return rc;
}

int position_record_parse(struct position_record *out, struct bytes text,
			  struct arena *arena, struct err *e)
{
	json_t *json = parse(text, e);
	struct bytes at;
	int rc = 0;

	if (json == NULL)
		return -1;
	*out = (struct position_record){
		.app_id = get_text(json, "appId", arena),
		.txn_id = get_text(json, "txnId", arena),
		.version = get_int(json, "version", -1),
		.invalid_values = (uint64_t)get_int(json, "invalidValues", 0),
	};
	if (out->app_id == NULL || out->txn_id == NULL ||
	    !is_position(json_object_get(json, "position")) ||
	    !json_span_find(text, "position", &at))
		rc = err_set(e, ERR_DATA, "no appId, txnId or position in it");
	else
		out->position = arena_text(arena, at.data, at.size);
	json_decref(json);
	return rc;
}

bool json_texts_equal(const char *a, const char *b)
{
	json_t *x, *y;
	bool is_equal;

	if (strcmp(a, b) == 0)
		return true;
	x = parse_text(a);
	y = parse_text(b);
	is_equal = x != NULL && y != NULL && json_equal(x, y) == 1;
	json_decref(x);
	json_decref(y);
	return is_equal;
}

bool json_is_object_text(const char *text)
{
	json_t *json = parse_text(text);
	bool is_object = json_is_object(json);

	json_decref(json);
	return is_object;
}

int64_t last_checkpoint_version(struct bytes text)
{
	struct err ignored = ERR_INIT;
	json_t *json = parse(text, &ignored);
	int64_t version = get_int(json, "version", -1);

	json_decref(json);
	return version;
}
