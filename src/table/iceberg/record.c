/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of members: objects made and freed, schemas, and the writing. */
#include "table/iceberg/record.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "table/iceberg/record_member.h"

static void release_list(const struct record_member *m, void *object)
{
	struct record_list *list = member_at(m, object);

	for (uint32_t i = 0; m->kind == MEMBER_RECORDS && i < list->count; i++)
		record_release(&m->inner, (char *)list->items + i * m->size);
	memory_free(list->items);
}

static void clear(const struct record_member *m, void *object, bool is_new)
{
	void *at = member_at(m, object);

	switch (m->kind) {
	case MEMBER_BOOL:
		*(int8_t *)at = -1;
		return;
	case MEMBER_INT:
		*(int32_t *)at = -1;
		return;
	case MEMBER_LONG:
		*(int64_t *)at = -1;
		return;
	case MEMBER_TEXT:
		memory_free(is_new ? NULL : *(char **)at);
		*(char **)at = NULL;
		return;
	case MEMBER_BYTES:
		if (!is_new)
			buffer_release(at);
		*(struct buffer *)at = (struct buffer){ 0 };
		return;
	case MEMBER_RECORD:
		(is_new ? record_init : record_release)(&m->inner, at);
		return;
	case MEMBER_TUPLE:
		if (!is_new)
			iceberg_values_release(at);
		*(struct iceberg_values *)at = (struct iceberg_values){ .items = NULL };
		return;
	case MEMBER_INTS:
	case MEMBER_LONGS:
	case MEMBER_RECORDS:
		if (!is_new)
			release_list(m, object);
		*(struct record_list *)at = (struct record_list){ .items = NULL };
		return;
	case MEMBER_KINDS:
		break;
	}
	assert(false);
}

void record_init(const struct record_table *t, void *object)
{
	for (uint32_t i = 0; i < t->count; i++)
		clear(&t->members[i], object, true);
}

void record_release(const struct record_table *t, void *object)
{
	for (uint32_t i = 0; i < t->count; i++)
		clear(&t->members[i], object, false);
}

static struct record_form inner_form(const struct record_form *f,
				     const struct record_member *m)
{
	return (struct record_form){ m->inner, f->version, f->partition };
}

static void put_list_schema(struct buffer *out, const struct record_form *f,
			    const struct record_member *m)
{
	struct record_form inner = inner_form(f, m);
	char name[32];

	buffer_text(out, "{\"type\":\"array\",\"items\":");
	if (m->kind == MEMBER_INTS || m->kind == MEMBER_LONGS) {
		buffer_text(out, m->kind == MEMBER_INTS ? "\"int\"" : "\"long\"");
	} else if (m->flags & MEMBER_MAP) {
		snprintf(name, sizeof(name), "k%d_v%d", m->inner.members[0].id,
			 m->inner.members[1].id);
		record_schema(out, &inner, name);
		buffer_text(out, ",\"logicalType\":\"map\"}");
		return;
	} else {
		snprintf(name, sizeof(name), "r%d", m->element_id);
		record_schema(out, &inner, name);
	}
	buffer_format(out, ",\"element-id\":%d}", m->element_id);
}

static void put_type(struct buffer *out, const struct record_form *f,
		     const struct record_member *m)
{
	static const char *const plain[MEMBER_KINDS] = {
		[MEMBER_BOOL] = "\"boolean\"", [MEMBER_INT] = "\"int\"",
		[MEMBER_LONG] = "\"long\"",    [MEMBER_TEXT] = "\"string\"",
		[MEMBER_BYTES] = "\"bytes\"",
	};
	struct record_form inner = inner_form(f, m);
	char name[32];

	snprintf(name, sizeof(name), "r%d", m->id);
	if (plain[m->kind] != NULL) {
		buffer_text(out, plain[m->kind]);
	} else if (m->kind == MEMBER_RECORD) {
		record_schema(out, &inner, name);
	} else if (m->kind == MEMBER_TUPLE) {
		buffer_format(out, "{\"type\":\"record\",\"name\":\"%s\",\"fields\":[",
			      name);
		tuple_schema(out, &f->partition);
		buffer_text(out, "]}");
	} else {
		put_list_schema(out, f, m);
	}
}

void record_schema(struct buffer *out, const struct record_form *f, const char *name)
{
	const char *comma = "";

	buffer_format(out, "{\"type\":\"record\",\"name\":\"%s\",\"fields\":[", name);
	for (uint32_t i = 0; i < f->table.count; i++) {
		const struct record_member *m = &f->table.members[i];
		bool is_optional = m->flags & MEMBER_OPTIONAL;

		if (m->since > f->version)
			continue;
		buffer_format(out, "%s{\"name\":\"%s\",\"type\":%s", comma, m->name,
			      is_optional ? "[\"null\"," : "");
		put_type(out, f, m);
		buffer_format(out, "%s,\"field-id\":%d}",
			      is_optional ? "],\"default\":null" : "", m->id);
		comma = ",";
	}
	buffer_text(out, "]}");
}

static bool is_null(const struct record_member *m, const void *at)
{
	switch (m->kind) {
	case MEMBER_BOOL:
		return *(const int8_t *)at < 0;
	case MEMBER_INT:
		return *(const int32_t *)at == -1;
	case MEMBER_LONG:
		return *(const int64_t *)at == -1;
	case MEMBER_TEXT:
		return *(char *const *)at == NULL;
	case MEMBER_BYTES:
		return ((const struct buffer *)at)->data == NULL;
	case MEMBER_RECORD:
		return false;
	default:
		return ((const struct record_list *)at)->count == 0;
	}
}

static void put_list(struct buffer *out, const struct record_form *f,
		     const struct record_member *m, const struct record_list *list)
{
	struct record_form inner = inner_form(f, m);

	if (list->count > 0)
		avro_put_long(out, list->count);
	for (uint32_t i = 0; i < list->count; i++) {
		if (m->kind == MEMBER_INTS)
			avro_put_long(out, ((const int32_t *)list->items)[i]);
		else if (m->kind == MEMBER_LONGS)
			avro_put_long(out, ((const int64_t *)list->items)[i]);
		else
			record_put(out, &inner, (const char *)list->items + i * m->size);
	}
	avro_put_long(out, 0);
}

static void put_member(struct buffer *out, const struct record_form *f,
		       const struct record_member *m, const void *at)
{
	struct record_form inner = inner_form(f, m);

	switch (m->kind) {
	case MEMBER_BOOL:
		buffer_char(out, (char)*(const int8_t *)at);
		return;
	case MEMBER_INT:
		avro_put_long(out, *(const int32_t *)at);
		return;
	case MEMBER_LONG:
		avro_put_long(out, *(const int64_t *)at);
		return;
	case MEMBER_TEXT:
		avro_put_bytes(out, bytes_of_text(*(char *const *)at));
		return;
	case MEMBER_BYTES:
		avro_put_bytes(out, buffer_bytes(at));
		return;
	case MEMBER_RECORD:
		record_put(out, &inner, at);
		return;
	case MEMBER_TUPLE:
		tuple_put(out, &f->partition, at);
		return;
	default:
		put_list(out, f, m, at);
	}
}

void record_put(struct buffer *out, const struct record_form *f, const void *object)
{
	for (uint32_t i = 0; i < f->table.count; i++) {
		const struct record_member *m = &f->table.members[i];
		const void *at = (const char *)object + m->offset;
		bool has_value = m->kind == MEMBER_TUPLE || !is_null(m, at);

		if (m->since > f->version)
			continue;
		if (m->flags & MEMBER_OPTIONAL)
			avro_put_long(out, has_value);
		else
			assert(has_value || (m->flags & MEMBER_ANY) != 0);
		if (has_value || (m->flags & MEMBER_OPTIONAL) == 0)
			put_member(out, f, m, at);
	}
}
