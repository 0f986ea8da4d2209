/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Classic checkpoints: one Parquet file, one row an action, one optional struct an action
 * type. All columns are optional, as Spark's are; dataChange is false and removes carry
 * neither stats nor tags.
 */
#include "table/delta/checkpoint.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "parquet/leaf.h"
#include "table/delta/checkpoint_leaf.h"
#include "table/delta/log_clean.h"

#define DUE_BYTES_MIN   ((uint64_t)1 << 20)
#define DUE_ENTRIES_MAX 1000

#define GROUP(n, children) { n, PARQUET_OPTIONAL, children, PARQUET_STRUCT, TYPE_STRING }
#define LEAF(n, type)      { n, PARQUET_OPTIONAL, 0, PARQUET_STRUCT, type }
#define MAP(n)                                                           \
	{ n, PARQUET_OPTIONAL, 1, PARQUET_MAP, TYPE_STRING },            \
	{ "key_value", PARQUET_REPEATED, 2, PARQUET_STRUCT, TYPE_STRING }, \
	{ "key", PARQUET_REQUIRED, 0, PARQUET_STRUCT, TYPE_STRING },     \
	LEAF("value", TYPE_STRING)
#define LIST(n)                                                     \
	{ n, PARQUET_OPTIONAL, 1, PARQUET_LIST, TYPE_STRING },      \
	{ "list", PARQUET_REPEATED, 1, PARQUET_STRUCT, TYPE_STRING }, \
	LEAF("element", TYPE_STRING)
#define DELETION_VECTOR                                                           \
	GROUP("deletionVector", 5), LEAF("storageType", TYPE_STRING),             \
	LEAF("pathOrInlineDv", TYPE_STRING), LEAF("offset", TYPE_INT),            \
	LEAF("sizeInBytes", TYPE_INT), LEAF("cardinality", TYPE_LONG)

/* The leaves come in the order of enum checkpoint_leaf. */
static const struct parquet_node nodes[] = {
	{ "spark_schema", PARQUET_REQUIRED, 5, PARQUET_STRUCT, TYPE_STRING },
	GROUP("txn", 3),
	LEAF("appId", TYPE_STRING),
	LEAF("version", TYPE_LONG),
	LEAF("lastUpdated", TYPE_LONG),
	GROUP("add", 8),
	LEAF("path", TYPE_STRING),
	MAP("partitionValues"),
	LEAF("size", TYPE_LONG),
	LEAF("modificationTime", TYPE_LONG),
	LEAF("dataChange", TYPE_BOOLEAN),
	MAP("tags"),
	DELETION_VECTOR,
	LEAF("stats", TYPE_STRING),
	GROUP("remove", 7),
	LEAF("path", TYPE_STRING),
	LEAF("deletionTimestamp", TYPE_LONG),
	LEAF("dataChange", TYPE_BOOLEAN),
	LEAF("extendedFileMetadata", TYPE_BOOLEAN),
	MAP("partitionValues"),
	LEAF("size", TYPE_LONG),
	DELETION_VECTOR,
	GROUP("metaData", 8),
	LEAF("id", TYPE_STRING),
	LEAF("name", TYPE_STRING),
	LEAF("description", TYPE_STRING),
	GROUP("format", 2),
	LEAF("provider", TYPE_STRING),
	MAP("options"),
	LEAF("schemaString", TYPE_STRING),
	LIST("partitionColumns"),
	MAP("configuration"),
	LEAF("createdTime", TYPE_LONG),
	GROUP("protocol", 4),
	LEAF("minReaderVersion", TYPE_INT),
	LEAF("minWriterVersion", TYPE_INT),
	LIST("readerFeatures"),
	LIST("writerFeatures"),
};

#define NODES ((uint32_t)(sizeof(nodes) / sizeof(nodes[0])))

struct checkpoint {
	struct parquet_leaf leaves[LEAVES_WRITTEN];
	uint32_t capacity[LEAVES_WRITTEN];
	bool is_set[LEAVES_WRITTEN]; /* in this row */
	uint32_t row_count, leaf_count;
};

/* Levels of the subtree at `at`; returns the node behind it. */
static uint32_t add_leaves(struct checkpoint *c, uint32_t at, uint8_t definition,
			   uint8_t repetition)
{
	const struct parquet_node *n = &nodes[at++];

	definition = (uint8_t)(definition + (n->repetition != PARQUET_REQUIRED));
	repetition = (uint8_t)(repetition + (n->repetition == PARQUET_REPEATED));
	if (n->child_count == 0) {
		struct field f = { .type = n->type };
		struct parquet_leaf *leaf = &c->leaves[c->leaf_count];

		assert(c->leaf_count < LEAVES_WRITTEN);
		*leaf = (struct parquet_leaf){
			.path = (char *)(uintptr_t)checkpoint_leaf_paths[c->leaf_count],
			.type = n->type,
			.definition_max = definition,
			.repetition_max = repetition,
			.cells = { .storage = field_storage(&f) },
		};
		c->leaf_count++;
	}
	for (uint32_t i = 0; i < n->child_count; i++)
		at = add_leaves(c, at, definition, repetition);
	return at;
}

static void checkpoint_init(struct checkpoint *c)
{
	memset(c, 0, sizeof(*c));
	add_leaves(c, 0, 0, 0);
	assert(c->leaf_count == LEAVES_WRITTEN);
}

static void checkpoint_release(struct checkpoint *c)
{
	for (uint32_t i = 0; i < c->leaf_count; i++) {
		struct parquet_leaf *l = &c->leaves[i];

		memory_free(l->definitions);
		memory_free(l->repetitions);
		memory_free(l->cells.values);
		memory_free(l->cells.valid);
		memory_free(l->cells.heap);
	}
}

static void put_entry(struct checkpoint *c, enum checkpoint_leaf leaf, unsigned definition,
		      unsigned repetition)
{
	struct parquet_leaf *l = &c->leaves[leaf];

	if (l->entry_count == c->capacity[leaf]) {
		uint32_t capacity = l->entry_count > 0 ? l->entry_count * 2 : 64;

		l->definitions = memory_grow(l->definitions, uint8_t, capacity);
		if (l->repetition_max > 0)
			l->repetitions = memory_grow(l->repetitions, uint8_t, capacity);
		c->capacity[leaf] = capacity;
	}
	l->definitions[l->entry_count] = (uint8_t)definition;
	if (l->repetition_max > 0)
		l->repetitions[l->entry_count] = (uint8_t)repetition;
	l->entry_count++;
	c->is_set[leaf] = true;
}

/* NULL: null in a struct that is there. */
static void put_text(struct checkpoint *c, enum checkpoint_leaf leaf, const char *text)
{
	struct parquet_leaf *l = &c->leaves[leaf];

	put_entry(c, leaf, l->definition_max - (text == NULL), 0);
	if (text != NULL)
		column_add_bytes(&l->cells, text, (uint32_t)strlen(text));
}

static void put_int(struct checkpoint *c, enum checkpoint_leaf leaf, int64_t v, bool is_there)
{
	struct parquet_leaf *l = &c->leaves[leaf];

	put_entry(c, leaf, l->definition_max - !is_there, 0);
	if (!is_there)
		return;
	if (l->cells.storage == STORAGE_INT64)
		column_add_int64(&l->cells, v);
	else if (l->cells.storage == STORAGE_INT32)
		column_add_int32(&l->cells, (int32_t)v);
	else
		column_add_bool(&l->cells, v != 0);
}

/* Leaves `key` and the value behind it; an empty map is there, and has no entries. */
static void put_map(struct checkpoint *c, enum checkpoint_leaf key, const struct text_map *m)
{
	struct parquet_leaf *k = &c->leaves[key], *v = &c->leaves[key + 1];

	if (m->count == 0) {
		put_entry(c, key, k->definition_max - 1u, 0);
		put_entry(c, key + 1, v->definition_max - 2u, 0);
	}
	for (uint32_t i = 0; i < m->count; i++) {
		const char *value = m->pairs[i].value;

		put_entry(c, key, k->definition_max, i > 0);
		column_add_bytes(&k->cells, m->pairs[i].key,
				 (uint32_t)strlen(m->pairs[i].key));
		put_entry(c, key + 1, v->definition_max - (value == NULL), i > 0);
		if (value != NULL)
			column_add_bytes(&v->cells, value, (uint32_t)strlen(value));
	}
}

static void put_list(struct checkpoint *c, enum checkpoint_leaf leaf,
		     const struct text_list *list)
{
	struct parquet_leaf *l = &c->leaves[leaf];

	if (list->count == 0)
		put_entry(c, leaf, l->definition_max - 2u, 0);
	for (uint32_t i = 0; i < list->count; i++) {
		put_entry(c, leaf, l->definition_max, i > 0);
		column_add_bytes(&l->cells, list->texts[i],
				 (uint32_t)strlen(list->texts[i]));
	}
}

/* A struct of its own: without a vector it is null, and so are its five leaves. */
static void put_dv(struct checkpoint *c, enum checkpoint_leaf first,
		   const struct deletion_vector *dv)
{
	char type[2] = { dv->storage_type, 0 };

	if (dv->storage_type == 0) {
		for (int i = 0; i < 5; i++)
			put_entry(c, first + i, 1, 0);
		return;
	}
	put_text(c, first, type);
	put_text(c, first + 1, dv->place);
	put_int(c, first + 2, dv->offset, dv->offset >= 0);
	put_int(c, first + 3, dv->size_bytes, true);
	put_int(c, first + 4, (int64_t)dv->cardinality, true);
}

/* Every leaf that the row's action did not touch belongs to an action that is null. */
static void end_row(struct checkpoint *c)
{
	for (int i = 0; i < LEAVES_WRITTEN; i++) {
		if (!c->is_set[i])
			put_entry(c, i, 0, 0);
		c->is_set[i] = false;
	}
	c->row_count++;
}

static void put_add(struct checkpoint *c, const struct data_file *f,
		    const struct deletion_vector *dv, const struct text_map *tags)
{
	put_text(c, LEAF_ADD_PATH, f->path);
	put_map(c, LEAF_ADD_PARTITION_KEY, &f->partition);
	put_int(c, LEAF_ADD_SIZE, (int64_t)f->size_bytes, true);
	put_int(c, LEAF_ADD_MODIFICATION_TIME, f->modified_at_ms, true);
	put_int(c, LEAF_ADD_DATA_CHANGE, false, true);
	put_map(c, LEAF_ADD_TAG_KEY, tags);
	put_dv(c, LEAF_ADD_DV_STORAGE_TYPE, dv);
	put_text(c, LEAF_ADD_STATS, f->stats);
	end_row(c);
}

static void put_remove(struct checkpoint *c, const struct tombstone *r)
{
	put_text(c, LEAF_REMOVE_PATH, r->path);
	put_int(c, LEAF_REMOVE_TIMESTAMP, r->time_ms, true);
	put_int(c, LEAF_REMOVE_DATA_CHANGE, false, true);
	put_int(c, LEAF_REMOVE_EXTENDED, r->size_bytes >= 0, true);
	put_map(c, LEAF_REMOVE_PARTITION_KEY, &r->partition);
	put_int(c, LEAF_REMOVE_SIZE, r->size_bytes, r->size_bytes >= 0);
	put_dv(c, LEAF_REMOVE_DV_STORAGE_TYPE, &r->dv);
	end_row(c);
}

static void put_head(struct checkpoint *c, const struct state *s)
{
	const struct metadata *m = &s->metadata;

	put_int(c, LEAF_PROTOCOL_MIN_READER, s->protocol.min_reader, true);
	put_int(c, LEAF_PROTOCOL_MIN_WRITER, s->protocol.min_writer, true);
	put_list(c, LEAF_PROTOCOL_READER_FEATURES, &s->protocol.reader_features);
	put_list(c, LEAF_PROTOCOL_WRITER_FEATURES, &s->protocol.writer_features);
	end_row(c);
	put_text(c, LEAF_META_ID, m->id);
	put_text(c, LEAF_META_NAME, m->name);
	put_text(c, LEAF_META_DESCRIPTION, m->description);
	put_text(c, LEAF_META_PROVIDER, m->provider);
	put_map(c, LEAF_META_OPTION_KEY, &m->options);
	put_text(c, LEAF_META_SCHEMA, m->schema_string);
	put_list(c, LEAF_META_PARTITION_COLUMNS, &m->partition_columns);
	put_map(c, LEAF_META_CONFIGURATION_KEY, &m->configuration);
	put_int(c, LEAF_META_CREATED_TIME, m->created_time_ms, m->created_time_ms != 0);
	end_row(c);
	for (uint32_t i = 0; i < s->txn_count; i++) {
		put_text(c, LEAF_TXN_APP_ID, s->txns[i].app_id);
		put_int(c, LEAF_TXN_VERSION, s->txns[i].version, true);
		put_int(c, LEAF_TXN_LAST_UPDATED, s->txns[i].last_updated_ms,
			s->txns[i].last_updated_ms != 0);
		end_row(c);
	}
}

struct output {
	struct store_writer *writer;
	uint64_t size_bytes;
};

static int write_bytes(void *context, struct bytes data, struct err *e)
{
	struct output *o = context;

	o->size_bytes += data.size;
	return store_writer_write(o->writer, data, e);
}

static int write_file(struct store *store, const char *key, const struct checkpoint *c,
		      uint64_t *size_bytes, struct err *e)
{
	struct output o = { .writer = store_writer_open(store, key, e) };

	if (o.writer == NULL)
		return -1;
	if (parquet_write_leaves(nodes, NODES, c->leaves, c->leaf_count, c->row_count,
				 PARQUET_ZSTD, (struct parquet_output){ write_bytes, &o },
				 e) < 0) {
		store_writer_abort(o.writer);
		return -1;
	}
	*size_bytes = o.size_bytes;
	if (store_writer_finish(o.writer, e) < 0)
		return -1;
	return store_sync_folder(store, LOG_FOLDER, e);
}

static int point_to(struct store *store, const struct state *s, const struct checkpoint *c,
		    uint64_t size_bytes, struct err *e)
{
	struct buffer text = { 0 };
	enum put_result result;
	int rc;

	buffer_format(&text,
		      "{\"version\":%" PRId64 ",\"size\":%" PRIu32
		      ",\"sizeInBytes\":%" PRIu64 ",\"numOfAddFiles\":%" PRIu32 "}",
		      s->version, c->row_count, size_bytes, s->file_count);
	rc = store_put(store, LOG_FOLDER "/_last_checkpoint", buffer_bytes(&text), false,
		       &result, e);
	buffer_release(&text);
	return rc == 0 && result != PUT_DONE ? -1 : rc;
}

int checkpoint_write(struct delta *d, struct err *e)
{
	struct state *s = &d->state;
	char key[LOG_KEY_BYTES_MAX];
	uint64_t size_bytes = 0;
	struct checkpoint c;
	int rc;

	state_expire_tombstones(s, clock_now_us() / 1000 -
					   log_retention_ms(s, RETENTION_REMOVES));
	checkpoint_init(&c);
	put_head(&c, s);
	for (uint32_t i = 0; i < s->file_count; i++)
		put_add(&c, &s->files[i], &s->dvs[i], &s->tags[i]);
	for (uint32_t i = 0; i < s->tombstone_count; i++)
		put_remove(&c, &s->tombstones[i]);
	snprintf(key, sizeof(key), LOG_FOLDER "/%020" PRId64 ".checkpoint.parquet",
		 s->version);
	rc = write_file(d->store, key, &c, &size_bytes, e);
	if (rc == 0)
		rc = point_to(d->store, s, &c, size_bytes, e);
	checkpoint_release(&c);
	if (rc < 0)
		return err_wrap(e, "checkpoint %" PRId64, s->version);
	d->checkpoint_version = s->version;
	d->checkpoint_bytes = size_bytes;
	d->entry_bytes = 0;
	return 0;
}

int checkpoint_if_due(struct delta *d, struct err *e)
{
	uint64_t bytes =
		d->checkpoint_bytes > DUE_BYTES_MIN ? d->checkpoint_bytes : DUE_BYTES_MIN;

	if (d->entry_bytes < bytes &&
	    d->state.version - d->checkpoint_version < DUE_ENTRIES_MAX)
		return 0;
	if (checkpoint_write(d, e) < 0)
		return -1;
	return log_clean(d, e);
}
