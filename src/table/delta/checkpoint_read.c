/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checkpoints of every kind: classic, in parts, and v2 (Parquet or JSON, with or without
 * sidecars).
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "parquet/leaf.h"
#include "table/delta/checkpoint_leaf.h"
#include "table/delta/handle.h"

const char *const checkpoint_leaf_paths[CHECKPOINT_LEAVES] = {
	[LEAF_TXN_APP_ID] = "txn.appId",
	[LEAF_TXN_VERSION] = "txn.version",
	[LEAF_TXN_LAST_UPDATED] = "txn.lastUpdated",
	[LEAF_ADD_PATH] = "add.path",
	[LEAF_ADD_PARTITION_KEY] = "add.partitionValues.key_value.key",
	[LEAF_ADD_PARTITION_VALUE] = "add.partitionValues.key_value.value",
	[LEAF_ADD_SIZE] = "add.size",
	[LEAF_ADD_MODIFICATION_TIME] = "add.modificationTime",
	[LEAF_ADD_DATA_CHANGE] = "add.dataChange",
	[LEAF_ADD_TAG_KEY] = "add.tags.key_value.key",
	[LEAF_ADD_TAG_VALUE] = "add.tags.key_value.value",
	[LEAF_ADD_DV_STORAGE_TYPE] = "add.deletionVector.storageType",
	[LEAF_ADD_DV_PLACE] = "add.deletionVector.pathOrInlineDv",
	[LEAF_ADD_DV_OFFSET] = "add.deletionVector.offset",
	[LEAF_ADD_DV_SIZE] = "add.deletionVector.sizeInBytes",
	[LEAF_ADD_DV_CARDINALITY] = "add.deletionVector.cardinality",
	[LEAF_ADD_STATS] = "add.stats",
	[LEAF_REMOVE_PATH] = "remove.path",
	[LEAF_REMOVE_TIMESTAMP] = "remove.deletionTimestamp",
	[LEAF_REMOVE_DATA_CHANGE] = "remove.dataChange",
	[LEAF_REMOVE_EXTENDED] = "remove.extendedFileMetadata",
	[LEAF_REMOVE_PARTITION_KEY] = "remove.partitionValues.key_value.key",
	[LEAF_REMOVE_PARTITION_VALUE] = "remove.partitionValues.key_value.value",
	[LEAF_REMOVE_SIZE] = "remove.size",
	[LEAF_REMOVE_DV_STORAGE_TYPE] = "remove.deletionVector.storageType",
	[LEAF_REMOVE_DV_PLACE] = "remove.deletionVector.pathOrInlineDv",
	[LEAF_REMOVE_DV_OFFSET] = "remove.deletionVector.offset",
	[LEAF_REMOVE_DV_SIZE] = "remove.deletionVector.sizeInBytes",
	[LEAF_REMOVE_DV_CARDINALITY] = "remove.deletionVector.cardinality",
	[LEAF_META_ID] = "metaData.id",
	[LEAF_META_NAME] = "metaData.name",
	[LEAF_META_DESCRIPTION] = "metaData.description",
	[LEAF_META_PROVIDER] = "metaData.format.provider",
	[LEAF_META_OPTION_KEY] = "metaData.format.options.key_value.key",
	[LEAF_META_OPTION_VALUE] = "metaData.format.options.key_value.value",
	[LEAF_META_SCHEMA] = "metaData.schemaString",
	[LEAF_META_PARTITION_COLUMNS] = "metaData.partitionColumns.list.element",
	[LEAF_META_CONFIGURATION_KEY] = "metaData.configuration.key_value.key",
	[LEAF_META_CONFIGURATION_VALUE] = "metaData.configuration.key_value.value",
	[LEAF_META_CREATED_TIME] = "metaData.createdTime",
	[LEAF_PROTOCOL_MIN_READER] = "protocol.minReaderVersion",
	[LEAF_PROTOCOL_MIN_WRITER] = "protocol.minWriterVersion",
	[LEAF_PROTOCOL_READER_FEATURES] = "protocol.readerFeatures.list.element",
	[LEAF_PROTOCOL_WRITER_FEATURES] = "protocol.writerFeatures.list.element",
	[LEAF_ADD_ROW_COUNT] = "add.stats_parsed.numRecords",
	[LEAF_SIDECAR_PATH] = "sidecar.path",
};

/* A leaf's entries of one row after another. */
struct cursor {
	const struct parquet_leaf
		*leaf; /* NULL: the file lacks it, every row reads as null */
	uint32_t next_entry, next_cell;   /* of the following row */
	uint32_t entry, entry_count, cell; /* of this row */
};

struct rows {
	struct cursor cursors[CHECKPOINT_LEAVES];
	struct arena *arena;
};

/* False when the leaf has no entry for this row. */
static bool cursor_step(struct cursor *c)
{
	const struct parquet_leaf *l = c->leaf;

	if (l == NULL)
		return true;
	c->entry = c->next_entry;
	c->cell = c->next_cell;
	c->entry_count = 0;
	while (c->next_entry < l->entry_count &&
	       (c->entry_count == 0 ||
		(l->repetitions != NULL && l->repetitions[c->next_entry] > 0))) {
		c->next_cell += l->definitions[c->next_entry] == l->definition_max;
		c->next_entry++;
		c->entry_count++;
	}
	return c->entry_count > 0 && c->next_cell <= l->cells.row_count;
}

/* The cell of this row's entry `i`, or -1 when that is null or not there. */
static int64_t cell_at(const struct cursor *c, uint32_t i)
{
	uint32_t cell = c->cell;

	if (c->leaf == NULL || i >= c->entry_count ||
	    c->leaf->definitions[c->entry + i] != c->leaf->definition_max)
		return -1;
	for (uint32_t j = 0; j < i; j++)
		cell += c->leaf->definitions[c->entry + j] == c->leaf->definition_max;
	return cell;
}

static const char *text_at(const struct rows *r, enum checkpoint_leaf leaf, uint32_t i)
{
	const struct cursor *c = &r->cursors[leaf];
	int64_t cell = cell_at(c, i);
	struct bytes text;

	if (cell < 0 || c->leaf->cells.storage != STORAGE_BYTES)
		return NULL;
	text = column_bytes(&c->leaf->cells, (uint32_t)cell);
	return arena_text(r->arena, text.data, text.size);
}

static const char *get_text(const struct rows *r, enum checkpoint_leaf leaf)
{
	return text_at(r, leaf, 0);
}

static int64_t get_int(const struct rows *r, enum checkpoint_leaf leaf, int64_t fallback)
{
	const struct cursor *c = &r->cursors[leaf];
	int64_t cell = cell_at(c, 0);

	if (cell < 0)
		return fallback;
	if (c->leaf->cells.storage == STORAGE_INT64)
		return column_int64(&c->leaf->cells, (uint32_t)cell);
	if (c->leaf->cells.storage == STORAGE_INT32)
		return column_int32(&c->leaf->cells, (uint32_t)cell);
	if (c->leaf->cells.storage == STORAGE_BOOL)
		return c->leaf->cells.values[cell];
	return fallback;
}

static void get_map(struct text_map *out, const struct rows *r, enum checkpoint_leaf key)
{
	const struct cursor *c = &r->cursors[key];

	*out = (struct text_map){ 0 };
	if (cell_at(c, 0) < 0)
		return;
	out->pairs = arena_new(r->arena, struct text_pair, c->entry_count);
	for (uint32_t i = 0; i < c->entry_count; i++) {
		struct text_pair pair = { text_at(r, key, i), text_at(r, key + 1, i) };

		if (pair.key != NULL)
			out->pairs[out->count++] = pair;
	}
}

static void get_list(struct text_list *out, const struct rows *r,
		     enum checkpoint_leaf leaf)
{
	const struct cursor *c = &r->cursors[leaf];

	*out = (struct text_list){ 0 };
	if (cell_at(c, 0) < 0)
		return;
	out->texts = arena_new(r->arena, const char *, c->entry_count);
	for (uint32_t i = 0; i < c->entry_count; i++) {
		const char *text = text_at(r, leaf, i);

		if (text != NULL)
			out->texts[out->count++] = text;
	}
}

static int get_dv(struct deletion_vector *out, const struct rows *r,
		  enum checkpoint_leaf first, struct err *e)
{
	const char *type = get_text(r, first);
	int64_t size = get_int(r, first + 3, -1), cardinality = get_int(r, first + 4, -1);
	int64_t offset = get_int(r, first + 2, -1);

	*out = (struct deletion_vector){ .offset = -1 };
	if (type == NULL)
		return 0;
	*out = (struct deletion_vector){
		.storage_type = type[0],
		.place = get_text(r, first + 1),
		.offset = (int32_t)(offset < 0 ? -1 : offset),
		.size_bytes = (uint32_t)size,
		.cardinality = (uint64_t)cardinality,
	};
	if (strlen(type) != 1 || out->place == NULL || size < 0 || size > INT32_MAX ||
	    offset > INT32_MAX || cardinality < 0)
		return err_set(e, ERR_DATA, "a deletionVector is not whole");
	return 0;
}

static int get_add(struct action *a, const struct rows *r, struct err *e)
{
	struct file_action *f = &a->file;
	int64_t row_count = get_int(r, LEAF_ADD_ROW_COUNT, -1);
	char text[48];

	a->kind = ACTION_ADD;
	*f = (struct file_action){
		.path = get_text(r, LEAF_ADD_PATH),
		.stats = get_text(r, LEAF_ADD_STATS),
		.size_bytes = get_int(r, LEAF_ADD_SIZE, -1),
		.time_ms = get_int(r, LEAF_ADD_MODIFICATION_TIME, 0),
		.is_data_change = get_int(r, LEAF_ADD_DATA_CHANGE, 0) != 0,
	};
	if (f->stats == NULL && row_count >= 0) {
		snprintf(text, sizeof(text), "{\"numRecords\":%" PRId64 "}", row_count);
		f->stats = arena_text(r->arena, text, strlen(text));
	}
	f->row_count = stats_row_count(f->stats);
	get_map(&f->partition_values, r, LEAF_ADD_PARTITION_KEY);
	get_map(&f->tags, r, LEAF_ADD_TAG_KEY);
	if (get_dv(&f->dv, r, LEAF_ADD_DV_STORAGE_TYPE, e) < 0)
		return -1;
	return action_check_add(f, e);
}

static int get_remove(struct action *a, const struct rows *r, struct err *e)
{
	a->kind = ACTION_REMOVE;
	a->file = (struct file_action){
		.path = get_text(r, LEAF_REMOVE_PATH),
		.size_bytes = get_int(r, LEAF_REMOVE_SIZE, -1),
		.time_ms = get_int(r, LEAF_REMOVE_TIMESTAMP, 0),
		.row_count = ROWS_UNKNOWN,
		.is_data_change = get_int(r, LEAF_REMOVE_DATA_CHANGE, 0) != 0,
	};
	get_map(&a->file.partition_values, r, LEAF_REMOVE_PARTITION_KEY);
	return get_dv(&a->file.dv, r, LEAF_REMOVE_DV_STORAGE_TYPE, e);
}

static void get_metadata(struct action *a, const struct rows *r)
{
	struct metadata *m = &a->metadata;

	a->kind = ACTION_METADATA;
	*m = (struct metadata){
		.id = get_text(r, LEAF_META_ID),
		.name = get_text(r, LEAF_META_NAME),
		.description = get_text(r, LEAF_META_DESCRIPTION),
		.provider = get_text(r, LEAF_META_PROVIDER),
		.schema_string = get_text(r, LEAF_META_SCHEMA),
		.created_time_ms = get_int(r, LEAF_META_CREATED_TIME, 0),
	};
	get_map(&m->options, r, LEAF_META_OPTION_KEY);
	get_map(&m->configuration, r, LEAF_META_CONFIGURATION_KEY);
	get_list(&m->partition_columns, r, LEAF_META_PARTITION_COLUMNS);
}

static int get_action(struct action *a, const struct rows *r, struct err *e)
{
	*a = (struct action){ .kind = ACTION_NONE };
	if (cell_at(&r->cursors[LEAF_ADD_PATH], 0) >= 0)
		return get_add(a, r, e);
	if (cell_at(&r->cursors[LEAF_REMOVE_PATH], 0) >= 0)
		return get_remove(a, r, e);
	if (cell_at(&r->cursors[LEAF_META_ID], 0) >= 0) {
		get_metadata(a, r);
	} else if (cell_at(&r->cursors[LEAF_PROTOCOL_MIN_READER], 0) >= 0) {
		a->kind = ACTION_PROTOCOL;
		a->protocol.min_reader =
			(int32_t)get_int(r, LEAF_PROTOCOL_MIN_READER, INT32_MAX);
		a->protocol.min_writer =
			(int32_t)get_int(r, LEAF_PROTOCOL_MIN_WRITER, INT32_MAX);
		get_list(&a->protocol.reader_features, r, LEAF_PROTOCOL_READER_FEATURES);
		get_list(&a->protocol.writer_features, r, LEAF_PROTOCOL_WRITER_FEATURES);
	} else if (cell_at(&r->cursors[LEAF_TXN_APP_ID], 0) >= 0) {
		a->kind = ACTION_TXN;
		a->txn.app_id = get_text(r, LEAF_TXN_APP_ID);
		a->txn.version = get_int(r, LEAF_TXN_VERSION, -1);
		a->txn.last_updated_ms = get_int(r, LEAF_TXN_LAST_UPDATED, 0);
	} else if (cell_at(&r->cursors[LEAF_SIDECAR_PATH], 0) >= 0) {
		a->kind = ACTION_SIDECAR;
		a->sidecar = get_text(r, LEAF_SIDECAR_PATH);
	}
	return 0;
}

struct sidecars {
	char **names;
	uint32_t count;
};

static int take_action(struct state *s, struct sidecars *sidecars, const struct action *a,
		       struct err *e)
{
	const char *slash;

	if (a->kind != ACTION_SIDECAR)
		return state_load(s, a, e);
	if (sidecars == NULL)
		return err_set(e, ERR_DATA, "a sidecar names another sidecar");
	slash = strrchr(a->sidecar, '/');
	sidecars->names = memory_grow(sidecars->names, char *, sidecars->count + 1);
	sidecars->names[sidecars->count++] =
		memory_copy_text(slash != NULL ? slash + 1 : a->sidecar);
	return 0;
}

static int load_group(struct state *s, struct sidecars *sidecars,
		      const struct parquet_leaves *leaves, struct arena *arena,
		      struct err *e)
{
	struct rows rows = { .arena = arena };

	for (uint32_t i = 0; i < leaves->leaf_count; i++) {
		for (int j = 0; j < CHECKPOINT_LEAVES; j++) {
			if (strcmp(leaves->leaves[i].path, checkpoint_leaf_paths[j]) == 0)
				rows.cursors[j].leaf = &leaves->leaves[i];
		}
	}
	for (uint32_t row = 0; row < leaves->row_count; row++) {
		struct action a;

		for (int j = 0; j < CHECKPOINT_LEAVES; j++) {
			if (!cursor_step(&rows.cursors[j]))
				return err_set(e, ERR_DATA,
					       "column %s ends before row %" PRIu32,
					       checkpoint_leaf_paths[j], row);
		}
		if (get_action(&a, &rows, e) < 0 || take_action(s, sidecars, &a, e) < 0)
			return -1;
		arena_reset(arena);
	}
	return 0;
}

static int read_range(void *context, uint64_t offset, uint64_t size, struct buffer *out,
		      struct err *e)
{
	const struct buffer *file = context;

	if (offset > file->size || size > file->size - offset)
		return err_set(e, ERR_DATA,
			       "%" PRIu64 " bytes at %" PRIu64 " are not in it", size,
			       offset);
	buffer_append(out, file->data + offset, size);
	return 0;
}

static int load_parquet(struct state *s, struct sidecars *sidecars, struct buffer *file,
			struct arena *arena, struct err *e)
{
	struct parquet_input input = { read_range, file, file->size };
	int rc = 0;

	for (uint32_t group = 0; rc == 0; group++) {
		struct parquet_leaves leaves = { 0 };

		rc = parquet_read_leaves(input, group, checkpoint_leaf_paths,
					 CHECKPOINT_LEAVES, &leaves, e);
		if (rc == 0)
			rc = load_group(s, sidecars, &leaves, arena, e);
		parquet_leaves_release(&leaves);
	}
	return rc < 0 ? -1 : 0;
}

static int load_json(struct state *s, struct sidecars *sidecars,
		     const struct buffer *file, struct arena *arena, struct err *e)
{
	struct action_list list = { 0 };
	int rc = action_list_parse(&list, buffer_bytes(file), arena, e);

	for (uint32_t i = 0; rc == 0 && i < list.count; i++)
		rc = take_action(s, sidecars, &list.actions[i], e);
	action_list_release(&list);
	return rc;
}

static int load_file(struct state *s, struct store *store, const char *key,
		     struct sidecars *sidecars, struct err *e)
{
	size_t size = strlen(key);
	struct buffer file = { 0 };
	struct arena arena = { 0 };
	int rc = store_get(store, key, 0, 0, &file, e);

	if (rc == 1)
		rc = err_set(e, ERR_DATA, "it is gone");
	else if (rc == 0 && size > 5 && strcmp(key + size - 5, ".json") == 0)
		rc = load_json(s, sidecars, &file, &arena, e);
	else if (rc == 0)
		rc = load_parquet(s, sidecars, &file, &arena, e);
	arena_release(&arena);
	buffer_release(&file);
	if (rc < 0 && e->kind == ERR_DATA)
		return err_wrap(e, "checkpoint \"%s\" is damaged", key);
	return rc < 0 ? err_wrap(e, "checkpoint \"%s\"", key) : 0;
}

int checkpoint_read(struct state *s, struct store *store, const struct store_list *files,
		    struct err *e)
{
	struct sidecars sidecars = { 0 };
	struct buffer key = { 0 };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < files->count; i++)
		rc = load_file(s, store, files->objects[i].key, &sidecars, e);
	for (uint32_t i = 0; rc == 0 && i < sidecars.count; i++) {
		buffer_clear(&key);
		buffer_format(&key, LOG_FOLDER "/_sidecars/%s", sidecars.names[i]);
		rc = load_file(s, store, buffer_string(&key), NULL, e);
	}
	for (uint32_t i = 0; i < sidecars.count; i++)
		memory_free(sidecars.names[i]);
	memory_free(sidecars.names);
	buffer_release(&key);
	return rc;
}
