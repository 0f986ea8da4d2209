/* SPDX-License-Identifier: Apache-2.0 */
#include "table/row_lineage.h"

struct schema *row_lineage_schema(const struct schema *s)
{
	struct schema *out = schema_new(s != NULL ? s->database : "", s != NULL ? s->table : "");

	for (uint32_t i = 0; s != NULL && i < s->field_count; i++) {
		const struct field *from = &s->fields[i];
		struct field *f = schema_add(out, from->name, from->type, from->is_nullable);

		f->precision = from->precision;
		f->scale = from->scale;
		f->id = from->id;
	}
	for (uint32_t i = 0; s != NULL && i < s->partition_count; i++)
		schema_add_partition(out, s->partition[i].field, s->partition[i].transform, s->partition[i].name);
	schema_add(out, ROW_ID_NAME, TYPE_LONG, true)->id = ROW_ID_FIELD;
	return out;
}
