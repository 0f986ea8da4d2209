/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/catalog_changes.h"

struct schema *catalog_changes_schema(void)
{
	struct schema *s = schema_new("shop", "orders");
	uint32_t key = 0;

	schema_add(s, "id", TYPE_LONG, false);
	schema_add(s, "name", TYPE_STRING, true);
	schema_set_key(s, &key, 1);
	return s;
}

void catalog_changes_create(struct catalog_changes *c, struct schema *schema,
			    const char *uuid, const char *location, int format_version)
{
	*c = (struct catalog_changes){
		.creation = { .uuid = uuid,
			     .location = location,
			     .format_version = format_version,
			     .schema = schema },
	};
	iceberg_change_set_init(&c->set, NULL);
	c->set.creation = &c->creation;
}

void catalog_changes_append(struct catalog_changes *c,
			    const struct iceberg_metadata *base, int64_t id,
			    const char *manifest_list)
{
	bool has_rows = base->format_version >= 3;

	*c = (struct catalog_changes){
		.snapshot =
			{
				.id = id,
				.parent_id =
					base->current != NULL ? base->current->id : -1,
				.sequence_number = base->last_sequence_number + 1,
				.timestamp_ms = base->last_updated_ms + 1,
				.first_row_id = has_rows ? base->next_row_id : -1,
				.added_rows = has_rows ? 0 : -1,
				.schema_id = base->schema.id,
				.manifest_list = manifest_list,
				.summary_count = 1,
			},
		.summary = { { "operation", "append" } },
	};
	iceberg_change_set_init(&c->set, base);
	c->snapshot.summary = c->summary;
	c->set.snapshot = &c->snapshot;
}

void catalog_changes_set(struct catalog_changes *c, const struct iceberg_metadata *base,
			 const char *key, const char *value)
{
	*c = (struct catalog_changes){.property = {key, value}};
	iceberg_change_set_init(&c->set, base);
	c->set.properties = &c->property;
	c->set.property_count = 1;
}
