/* SPDX-License-Identifier: Apache-2.0 */
#include "table/iceberg/change_set.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "table/iceberg/change_set_parts.h"
#include "table/iceberg/metadata_parts.h"

void iceberg_change_set_init(struct iceberg_change_set *c, const struct iceberg_metadata *base)
{
	*c = (struct iceberg_change_set){ .main_snapshot_id = -1 };
	if (base == NULL)
		return;
	c->uuid = base->uuid;
	c->format_version = base->format_version;
	c->current_schema_id = base->schema.id;
	c->last_column_id = base->last_column_id;
	c->default_spec_id = base->spec->id;
	for (uint32_t i = 0; i < base->ref_count; i++) {
		if (strcmp(base->refs[i].name, ICEBERG_MAIN) == 0)
			c->main_ref = &base->refs[i];
	}
	if (c->main_ref != NULL)
		c->main_snapshot_id = c->main_ref->snapshot_id;
}

/* Two schemas are the same when they are written the same, but for the id. */
static bool is_same(const struct iceberg_schema *known, const struct schema *s)
{
	struct buffer a = { 0 }, b = { 0 };
	bool same;

	iceberg_schema_format(&a, known->columns, 0);
	iceberg_schema_format(&b, s, 0);
	same = known->unread == NULL && bytes_equal(buffer_bytes(&a), buffer_bytes(&b));
	buffer_release(&a);
	buffer_release(&b);
	return same;
}

void iceberg_change_set_schema(struct iceberg_change_set *c, const struct iceberg_metadata *base, struct schema *schema)
{
	struct schema_walk walk = schema_walk_of(base);
	struct err damaged = ERR_INIT; /* another writer's old schema is not ours to judge */
	struct iceberg_schema known;
	struct json_value j;
	int32_t id;

	c->schema = schema;
	c->adds_schema = !is_same(&base->schema, schema);
	c->schema_id = c->adds_schema ? 0 : base->schema.id;
	if (!c->adds_schema)
		return;
	while (schema_walk_next(&walk, &j, &id)) {
		c->schema_id = id >= c->schema_id ? id + 1 : c->schema_id;
		if (iceberg_schema_parse(&known, &j, &damaged) < 0)
			continue;
		if (is_same(&known, schema)) {
			c->schema_id = id;
			c->adds_schema = false;
		}
		iceberg_schema_release(&known);
		if (!c->adds_schema)
			return;
	}
}

/* An array of objects that is being written. */
struct objects {
	struct buffer *out;
	bool is_first;
};

/* The object's first member; the caller appends the others, and objects_end. */
static void objects_begin(struct objects *o, const char *key, const char *value)
{
	buffer_format(o->out, "%s{\"%s\":\"%s\"", o->is_first ? "" : ",", key, value);
	o->is_first = false;
}

static void put_int(struct objects *o, const char *key, const char *value, const char *member, int64_t v)
{
	objects_begin(o, key, value);
	buffer_format(o->out, ",\"%s\":%" PRId64 "}", member, v);
}

static void put_text(struct objects *o, const char *key, const char *value, const char *member, const char *v)
{
	objects_begin(o, key, value);
	buffer_format(o->out, ",\"%s\":", member);
	text_json_string(o->out, v);
	buffer_char(o->out, '}');
}

void iceberg_change_set_requirements(struct buffer *out, const struct iceberg_change_set *c)
{
	struct objects o = { out, true };

	buffer_char(out, '[');
	if (c->creation != NULL) {
		buffer_text(out, "{\"type\":\"assert-create\"}]");
		return;
	}
	put_text(&o, "type", "assert-table-uuid", "uuid", c->uuid);
	objects_begin(&o, "type", "assert-ref-snapshot-id");
	buffer_text(out, ",\"ref\":\"" ICEBERG_MAIN "\",\"snapshot-id\":");
	if (c->main_snapshot_id < 0)
		buffer_text(out, "null}");
	else
		buffer_format(out, "%" PRId64 "}", c->main_snapshot_id);
	put_int(&o, "type", "assert-current-schema-id", "current-schema-id", c->current_schema_id);
	put_int(&o, "type", "assert-default-spec-id", "default-spec-id", c->default_spec_id);
	if (c->adds_schema)
		put_int(&o, "type", "assert-last-assigned-field-id", "last-assigned-field-id", c->last_column_id);
	buffer_char(out, ']');
}

static void put_schema(struct objects *o, const struct schema *s, int32_t id, int32_t last_column_id)
{
	objects_begin(o, "action", "add-schema");
	buffer_text(o->out, ",\"schema\":");
	iceberg_schema_format(o->out, s, id);
	buffer_format(o->out, ",\"last-column-id\":%" PRId32 "}", last_column_id);
}

/* -1: what was added last. */
static void put_creation(struct objects *o, const struct iceberg_creation *n)
{
	put_text(o, "action", "assign-uuid", "uuid", n->uuid);
	put_int(o, "action", "upgrade-format-version", "format-version", n->format_version);
	put_schema(o, n->schema, 0, iceberg_schema_max_id(n->schema));
	put_int(o, "action", "set-current-schema", "schema-id", -1);
	objects_begin(o, "action", "add-spec");
	buffer_text(o->out, ",\"spec\":{\"spec-id\":0,\"fields\":");
	iceberg_spec_format(o->out, creation_spec(n));
	buffer_text(o->out, "}}");
	put_int(o, "action", "set-default-spec", "spec-id", -1);
	objects_begin(o, "action", "add-sort-order");
	buffer_text(o->out, ",\"sort-order\":{\"order-id\":0,\"fields\":[]}}");
	put_int(o, "action", "set-default-sort-order", "sort-order-id", -1);
	put_text(o, "action", "set-location", "location", n->location);
}

static void put_properties(struct objects *o, const struct iceberg_change_set *c)
{
	struct property_changes set;

	property_changes_init(&set, c);
	if (set.count > 0) {
		objects_begin(o, "action", "set-properties");
		buffer_text(o->out, ",\"updates\":");
		pairs_format(o->out, set.pairs, set.count);
		buffer_char(o->out, '}');
	}
	property_changes_release(&set);
	if (c->removed_count == 0)
		return;
	objects_begin(o, "action", "remove-properties");
	buffer_text(o->out, ",\"removals\":[");
	for (uint32_t i = 0; i < c->removed_count; i++) {
		if (i > 0)
			buffer_char(o->out, ',');
		text_json_string(o->out, c->removed[i]);
	}
	buffer_text(o->out, "]}");
}

static void put_snapshot(struct objects *o, const struct iceberg_change_set *c)
{
	objects_begin(o, "action", "add-snapshot");
	buffer_text(o->out, ",\"snapshot\":");
	snapshot_format(o->out, c->snapshot);
	buffer_char(o->out, '}');
	objects_begin(o, "action", "set-snapshot-ref");
	buffer_format(o->out, ",\"ref-name\":\"" ICEBERG_MAIN "\",\"type\":\"branch\",\"snapshot-id\":%" PRId64,
		      c->snapshot->id);
	if (c->main_ref != NULL && c->main_ref->max_snapshot_age_ms >= 0)
		buffer_format(o->out, ",\"max-snapshot-age-ms\":%" PRId64, c->main_ref->max_snapshot_age_ms);
	if (c->main_ref != NULL && c->main_ref->min_snapshots_to_keep >= 0)
		buffer_format(o->out, ",\"min-snapshots-to-keep\":%" PRId64, c->main_ref->min_snapshots_to_keep);
	buffer_char(o->out, '}');
}

void iceberg_change_set_updates(struct buffer *out, const struct iceberg_change_set *c)
{
	struct objects o = { out, true };

	buffer_char(out, '[');
	if (c->creation != NULL)
		put_creation(&o, c->creation);
	if (c->adds_schema)
		put_schema(&o, c->schema, c->schema_id, last_column_id_after(c));
	if (c->schema != NULL)
		put_int(&o, "action", "set-current-schema", "schema-id", c->adds_schema ? -1 : c->schema_id);
	put_properties(&o, c);
	if (c->snapshot != NULL)
		put_snapshot(&o, c);
	if (c->expired_count > 0) {
		objects_begin(&o, "action", "remove-snapshots");
		for (uint32_t i = 0; i < c->expired_count; i++)
			buffer_format(out, "%s%" PRId64, i > 0 ? "," : ",\"snapshot-ids\":[", c->expired[i]);
		buffer_text(out, "]}");
	}
	buffer_char(out, ']');
}
