/* SPDX-License-Identifier: Apache-2.0 */
#include "table/iceberg/metadata.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>
#include <sys/random.h>

#include "table/iceberg/gzip.h"
#include "table/iceberg/member.h"
#include "table/iceberg/metadata_parts.h"
#include "table/iceberg/partitioning.h"

enum {
	ROOT_VERSION, ROOT_UUID, ROOT_LOCATION, ROOT_SEQUENCE, ROOT_UPDATED, ROOT_LAST_COLUMN, ROOT_SCHEMA, ROOT_SCHEMAS,
	ROOT_SCHEMA_ID, ROOT_SPEC, ROOT_SPECS, ROOT_SPEC_ID, ROOT_LAST_PARTITION, ROOT_PROPERTIES, ROOT_SNAPSHOT_ID,
	ROOT_SNAPSHOTS, ROOT_METADATA_LOG, ROOT_ORDERS, ROOT_ORDER_ID, ROOT_REFS, ROOT_NEXT_ROW, ROOT_KEYS, ROOT_MEMBERS,
};

static const struct member_names root_members = {
	ROOT_MEMBERS,
	{ BYTES_OF("format-version"), BYTES_OF("table-uuid"), BYTES_OF("location"), BYTES_OF("last-sequence-number"),
	  BYTES_OF("last-updated-ms"), BYTES_OF("last-column-id"), BYTES_OF("schema"), BYTES_OF("schemas"),
	  BYTES_OF("current-schema-id"), BYTES_OF("partition-spec"), BYTES_OF("partition-specs"),
	  BYTES_OF("default-spec-id"), BYTES_OF("last-partition-id"), BYTES_OF("properties"),
	  BYTES_OF("current-snapshot-id"), BYTES_OF("snapshots"), BYTES_OF("metadata-log"), BYTES_OF("sort-orders"),
	  BYTES_OF("default-sort-order-id"), BYTES_OF("refs"), BYTES_OF("next-row-id"), BYTES_OF("encryption-keys") },
};

static int parse_version(struct iceberg_metadata *m, const struct json_value *v, struct err *e)
{
	int32_t version;

	if (need_int(&version, v, "format-version", e) < 0)
		return -1;
	if (version < ICEBERG_VERSION_MIN || version > ICEBERG_VERSION_MAX)
		return err_set(e, ERR_CONFIG, "format version %" PRId32 ": tailrace knows %d to %d", version,
			       ICEBERG_VERSION_MIN, ICEBERG_VERSION_MAX);
	m->format_version = version;
	return 0;
}

/* Every reader takes a slash at the end of the location away. */
static int parse_location(struct iceberg_metadata *m, const struct json_value *v, struct err *e)
{
	const char *text;
	size_t size;

	if (need_text(&text, v, "location", e) < 0)
		return -1;
	for (size = strlen(text); size > 0 && text[size - 1] == '/'; size--)
		;
	m->location = arena_text(&m->arena, text, size);
	return 0;
}

/* "Reading v1 metadata for v2": what version 1 does not have is 0, and the uuid may be missing. */
static int parse_numbers(struct iceberg_metadata *m, const struct json_value *got, struct err *e)
{
	m->uuid = "";
	m->next_row_id = -1;
	if ((m->format_version > 1 || is_given(&got[ROOT_UUID])) &&
	    need_text(&m->uuid, &got[ROOT_UUID], "table-uuid", e) < 0)
		return -1;
	if (m->format_version > 1 &&
	    need_count(&m->last_sequence_number, &got[ROOT_SEQUENCE], "last-sequence-number", e) < 0)
		return -1;
	if (m->format_version > 2 && need_count(&m->next_row_id, &got[ROOT_NEXT_ROW], "next-row-id", e) < 0)
		return -1;
	if (need_count(&m->last_updated_ms, &got[ROOT_UPDATED], "last-updated-ms", e) < 0)
		return -1;
	return need_int(&m->last_column_id, &got[ROOT_LAST_COLUMN], "last-column-id", e);
}

/* Another schema than the current one may lack columns of the key and the order; it keeps that of its identifiers. */
static int set_marks(struct schema *s, const struct iceberg_metadata *m, bool is_current, struct err *e)
{
	for (uint32_t i = 0; i < m->property_count; i++) {
		const struct iceberg_pair *p = &m->properties[i];

		if (!is_current && (strcmp(p->key, "tailrace.key") == 0 || strcmp(p->key, "tailrace.order") == 0))
			continue;
		if (iceberg_schema_set_mark(s, p->key, p->value, e) < 0)
			return -1;
	}
	return 0;
}

/* The schema with this id among `schemas`; of a version 1 without them the only one. */
static int find_schema(struct json_value *out, const struct json_value *root, int32_t id, struct err *e)
{
	struct json_value list, own;
	struct json_cursor c;
	int32_t found;

	if (!json_get(root, "schemas", &list)) {
		(void)json_get(root, "schema", out);
		return 0;
	}
	c = json_open(&list);
	while (json_next(&c, NULL, out)) {
		json_get(out, "schema-id", &own);
		if (need_int(&found, &own, "schema-id", e) < 0)
			return err_wrap(e, "\"schemas\"");
		if (found == id)
			return 0;
	}
	return err_set(e, ERR_DATA, "no schema has the id %" PRId32, id);
}

static int parse_schema(struct iceberg_metadata *m, const struct json_value *got, struct err *e)
{
	struct json_value schema;
	int32_t id = 0;

	if (m->format_version > 1 || is_given(&got[ROOT_SCHEMAS])) {
		if (need_list(&got[ROOT_SCHEMAS], JSON_ARRAY, ICEBERG_ENTRIES_MAX, "schemas", e) < 0 ||
		    need_int(&id, &got[ROOT_SCHEMA_ID], "current-schema-id", e) < 0)
			return -1;
	}
	if (find_schema(&schema, m->root, id, e) < 0 || iceberg_schema_parse(&m->schema, &schema, e) < 0)
		return err_wrap(e, "current schema");
	if (iceberg_schema_max_id(m->schema.columns) > m->last_column_id)
		return err_set(e, ERR_DATA, "a column has id %" PRId32 ", \"last-column-id\" is %" PRId32,
			       iceberg_schema_max_id(m->schema.columns), m->last_column_id);
	return set_marks(m->schema.columns, m, true, e);
}

static int parse_specs(struct iceberg_metadata *m, const struct json_value *got, struct err *e)
{
	int32_t id = 0;

	if (specs_parse(m, &got[ROOT_SPECS], &got[ROOT_SPEC], e) < 0)
		return -1;
	if (is_given(&got[ROOT_SPECS]) && need_int(&id, &got[ROOT_SPEC_ID], "default-spec-id", e) < 0)
		return -1;
	m->spec = iceberg_metadata_spec(m, id);
	if (m->spec == NULL)
		return err_set(e, ERR_DATA, "no partition spec has the id %" PRId32 " of \"default-spec-id\"", id);
	if (m->format_version > 1 || is_given(&got[ROOT_LAST_PARTITION]))
		return need_int(&m->last_partition_id, &got[ROOT_LAST_PARTITION], "last-partition-id", e);
	m->last_partition_id = iceberg_spec_last_id(m->spec);
	return 0;
}

static int parse_orders(struct iceberg_metadata *m, const struct json_value *got, struct err *e)
{
	struct json_cursor c = json_open(&got[ROOT_ORDERS]);
	struct json_value order, v;
	bool is_found = false;
	int32_t id;

	if (m->format_version == 1 && !is_given(&got[ROOT_ORDERS]))
		return 0;
	if (need_list(&got[ROOT_ORDERS], JSON_ARRAY, ICEBERG_ENTRIES_MAX, "sort-orders", e) < 0 ||
	    need_int(&m->sort_order_id, &got[ROOT_ORDER_ID], "default-sort-order-id", e) < 0)
		return -1;
	while (json_next(&c, NULL, &order)) {
		json_get(&order, "order-id", &v);
		if (need_int(&id, &v, "order-id", e) < 0)
			return err_wrap(e, "\"sort-orders\"");
		json_get(&order, "fields", &v);
		if (need_list(&v, JSON_ARRAY, ICEBERG_ENTRIES_MAX, "fields", e) < 0)
			return err_wrap(e, "\"sort-orders\"");
		is_found = is_found || id == m->sort_order_id;
	}
	/* 0 is the unsorted order, whether it is listed or not */
	if (is_found || m->sort_order_id == 0)
		return 0;
	return err_set(e, ERR_DATA, "no sort order has the id %" PRId32 " of \"default-sort-order-id\"", m->sort_order_id);
}

/* Java wrote -1 for "none". */
static int parse_snapshots(struct iceberg_metadata *m, const struct json_value *got, struct err *e)
{
	int64_t id = -1;

	if (snapshots_parse(m, &got[ROOT_SNAPSHOTS], e) < 0)
		return -1;
	if (is_given(&got[ROOT_SNAPSHOT_ID]) &&
	    need_long(&id, &got[ROOT_SNAPSHOT_ID], "current-snapshot-id", e) < 0)
		return -1;
	m->current = iceberg_metadata_snapshot(m, id);
	if (m->current == NULL && id != -1)
		return err_set(e, ERR_DATA, "\"current-snapshot-id\" is %" PRId64 ", which is not in \"snapshots\"", id);
	return refs_parse(m, &got[ROOT_REFS], e);
}

static int parse_root(struct iceberg_metadata *m, struct err *e)
{
	struct json_value got[ROOT_MEMBERS];

	if (m->root->type != JSON_OBJECT)
		return err_set(e, ERR_DATA, "it is %s, not an object", json_type_name(m->root->type));
	if (json_members(m->root, "it", &root_members, got, e) < 0 || parse_version(m, &got[ROOT_VERSION], e) < 0 ||
	    parse_location(m, &got[ROOT_LOCATION], e) < 0 || parse_numbers(m, got, e) < 0 ||
	    pairs_parse(&m->arena, &m->properties, &m->property_count, &got[ROOT_PROPERTIES], "properties", e) < 0)
		return -1;
	m->has_encryption_keys = json_count(&got[ROOT_KEYS]) > 0;
	if (parse_schema(m, got, e) < 0 || parse_specs(m, got, e) < 0 || parse_orders(m, got, e) < 0 ||
	    parse_snapshots(m, got, e) < 0)
		return -1;
	partitioning_show(m->schema.columns, m->spec);
	return metadata_log_parse(m, &got[ROOT_METADATA_LOG], e);
}

static int parse_text(struct iceberg_metadata *m, struct bytes text, struct err *e)
{
	struct buffer plain = { 0 };
	int rc = 0;

	if (gzip_is(text)) {
		rc = gzip_read(&plain, text, ICEBERG_METADATA_BYTES_MAX, e);
		text = buffer_bytes(&plain);
	}
	if (rc == 0)
		rc = json_parse(m->json, text, m->root, e);
	buffer_release(&plain);
	return rc;
}

int iceberg_metadata_parse(struct iceberg_metadata **out, struct bytes text, struct err *e)
{
	struct iceberg_metadata *m = memory_new(struct iceberg_metadata);

	m->json = memory_new(struct json_parser);
	m->root = memory_new(struct json_value);
	if (parse_text(m, text, e) < 0 || parse_root(m, e) < 0) {
		iceberg_metadata_free(m);
		return err_wrap(e, "table metadata");
	}
	*out = m;
	return 0;
}

void iceberg_metadata_free(struct iceberg_metadata *m)
{
	if (m == NULL)
		return;
	iceberg_schema_release(&m->schema);
	for (uint32_t i = 0; i < m->spec_count; i++)
		iceberg_spec_release(&m->specs[i]);
	memory_free(m->specs);
	arena_release(&m->arena);
	json_parser_release(m->json);
	memory_free(m->json);
	memory_free(m->root);
	memory_free(m);
}

int iceberg_metadata_require_writable(const struct iceberg_metadata *m, struct err *e)
{
	if (m->format_version < 2)
		return err_set(e, ERR_CONFIG,
			       "the table is of format version 1, which tailrace only reads: set its property format-version to 2 or 3 with another writer first");
	if (m->has_encryption_keys)
		return err_set(e, ERR_CONFIG, "the table is encrypted, which tailrace does not write");
	for (uint32_t i = 0; i < m->spec->field_count; i++) {
		if (m->spec->fields[i].transform == TRANSFORM_UNKNOWN)
			return err_set(e, ERR_CONFIG,
				       "the table is partitioned by \"%s\", a transform that tailrace does not know",
				       m->spec->fields[i].words);
	}
	return iceberg_schema_require(&m->schema, e);
}

static const char *find_pair(const struct iceberg_pair *pairs, uint32_t count, const char *key)
{
	for (uint32_t i = 0; i < count; i++) {
		if (strcmp(pairs[i].key, key) == 0)
			return pairs[i].value;
	}
	return NULL;
}

const char *iceberg_metadata_property(const struct iceberg_metadata *m, const char *key)
{
	return find_pair(m->properties, m->property_count, key);
}

const char *iceberg_snapshot_summary(const struct iceberg_snapshot *s, const char *key)
{
	return find_pair(s->summary, s->summary_count, key);
}

const struct iceberg_snapshot *iceberg_metadata_snapshot(const struct iceberg_metadata *m, int64_t id)
{
	uint32_t low = 0, high = m->snapshot_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (m->by_id[middle]->id == id)
			return m->by_id[middle];
		if (m->by_id[middle]->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct iceberg_spec *iceberg_metadata_spec(const struct iceberg_metadata *m, int32_t id)
{
	for (uint32_t i = 0; i < m->spec_count; i++) {
		if (m->specs[i].id == id)
			return &m->specs[i];
	}
	return NULL;
}

int iceberg_metadata_schema(struct iceberg_schema *out, const struct iceberg_metadata *m, int32_t id, struct err *e)
{
	struct iceberg_schema s;
	struct json_value schema;

	if (find_schema(&schema, m->root, id, e) < 0 || iceberg_schema_parse(&s, &schema, e) < 0)
		return err_wrap(e, "table metadata");
	if (set_marks(s.columns, m, id == m->schema.id, e) < 0) {
		iceberg_schema_release(&s);
		return err_wrap(e, "table metadata");
	}
	*out = s;
	return 0;
}

static bool find_column(struct field *out, const struct schema *s, int32_t id)
{
	for (uint32_t i = 0; i < s->field_count; i++) {
		if (s->fields[i].id != id)
			continue;
		*out = s->fields[i];
		out->name = memory_copy_text(out->name);
		out->source_type = NULL;
		return true;
	}
	return false;
}

int iceberg_metadata_source(struct field *out, const struct iceberg_metadata *m,
			    const struct iceberg_partition_field *p, struct err *e)
{
	struct err ignored = ERR_INIT;
	struct json_value list, schema;
	struct json_cursor c;
	bool is_found = false;

	if (find_column(out, m->schema.columns, p->source_id))
		return 0;
	json_get(m->root, "schemas", &list);
	c = json_open(&list);
	while (json_next(&c, NULL, &schema)) {
		struct field older;
		struct iceberg_schema s;

		if (iceberg_schema_parse(&s, &schema, &ignored) < 0)
			continue;
		if (find_column(&older, s.columns, p->source_id)) {
			if (is_found)
				memory_free(out->name);
			*out = older;
			is_found = true;
		}
		iceberg_schema_release(&s);
	}
	if (is_found)
		return 0;
	return err_set(e, ERR_CONFIG, "partition field \"%s\" is of column %" PRId32 ", which tailrace does not read",
		       p->name, p->source_id);
}

int64_t iceberg_snapshot_new_id(const struct iceberg_metadata *m)
{
	uint64_t id;

	do {
		ssize_t n = getrandom(&id, sizeof(id), 0);

		assert(n == sizeof(id)); /* up to 256 bytes come whole */
		id &= INT64_MAX;
	} while (id == 0 || (m != NULL && iceberg_metadata_snapshot(m, (int64_t)id) != NULL));
	return (int64_t)id;
}
