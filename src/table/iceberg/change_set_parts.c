/* SPDX-License-Identifier: Apache-2.0 */
#include "table/iceberg/change_set_parts.h"

#include "table/iceberg/member.h"

struct schema_walk schema_walk_of(const struct iceberg_metadata *m)
{
	struct schema_walk w;

	json_get(m->root, "schemas", &w.list);
	w.at = json_open(&w.list);
	return w;
}

bool schema_walk_next(struct schema_walk *w, struct json_value *out, int32_t *id)
{
	struct err ignored = ERR_INIT;
	struct json_value v;

	while (json_next(&w->at, NULL, out)) {
		json_get(out, "schema-id", &v);
		if (need_int(id, &v, "schema-id", &ignored) == 0 && *id < INT32_MAX)
			return true;
	}
	return false;
}

void property_changes_init(struct property_changes *p, const struct iceberg_change_set *c)
{
	const struct schema *s = c->creation != NULL ? c->creation->schema : c->schema;

	p->mark_count = s != NULL ? iceberg_schema_marks(p->marks, s) : 0;
	p->count = 0;
	p->pairs = memory_array(struct iceberg_pair, p->mark_count + c->property_count);
	for (uint32_t i = 0; i < p->mark_count; i++)
		p->pairs[p->count++] =
			(struct iceberg_pair){ p->marks[i].key, buffer_string(&p->marks[i].value) };
	for (uint32_t i = 0; i < c->property_count; i++)
		p->pairs[p->count++] = c->properties[i];
}

void property_changes_release(struct property_changes *p)
{
	for (uint32_t i = 0; i < p->mark_count; i++)
		buffer_release(&p->marks[i].value);
	memory_free(p->pairs);
}

int32_t last_column_id_after(const struct iceberg_change_set *c)
{
	int32_t max = iceberg_schema_max_id(c->schema);

	return max > c->last_column_id ? max : c->last_column_id;
}

const struct iceberg_spec *creation_spec(const struct iceberg_creation *n)
{
	static const struct iceberg_spec unpartitioned = { 0 };

	return n->spec != NULL ? n->spec : &unpartitioned;
}
