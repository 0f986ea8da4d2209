/* SPDX-License-Identifier: Apache-2.0 */
/* What is the same for a table of any format. */
#include "table/table.h"

#include "base/memory.h"
#include "table/delta/delta.h"

int table_open(struct table **out, struct store *store, const char *app_id, struct err *e)
{
	return delta_open(out, store, app_id, e);
}

int table_open_read(struct table **out, struct store *store, int64_t version, struct err *e)
{
	return delta_open_read(out, store, version, e);
}

struct schema *table_adopt_schema(const struct table *t, const struct schema *wanted)
{
	const struct schema *old = t->snapshot.schema;
	struct schema *s = schema_new(wanted->database, wanted->table);
	int32_t last = t->snapshot.last_field_id;

	for (uint32_t i = 0; i < wanted->field_count; i++) {
		const struct field *from = &wanted->fields[i];
		int known = old != NULL ? schema_find(old, from->name) : -1;
		struct field *f =
			schema_add(s, from->name, from->type, from->is_nullable);

		f->precision = from->precision;
		f->scale = from->scale;
		f->source_type = memory_copy_text(from->source_type);
		f->id = known >= 0 ? old->fields[known].id : ++last;
	}
	schema_set_key(s, wanted->key, wanted->key_count);
	s->mode = wanted->mode;
	return s;
}

void table_history_free(struct history_entry *entries, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		memory_free(entries[i].operation);
		memory_free(entries[i].position);
	}
	memory_free(entries);
}
