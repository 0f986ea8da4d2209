/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/metadata.h"

#include <string.h>

#include "base/memory.h"
#include "parquet/thrift.h"

#define TAIL_BYTES 8
#define LEAVES_MAX 100000u
#define NESTING_MAX 16

struct element { /* SchemaElement */
	struct bytes name;
	int64_t type, fixed, repetition, child_count, converted, scale, precision;
	enum time_unit unit;
	bool is_decimal, is_map, is_list;
};

static void read_unit(struct thrift_reader *t, struct thrift_field f, struct element *out)
{
	thrift_enter(t, f);
	while (thrift_next(t, &f)) {
		out->unit = f.number == 1 ? TIME_MILLIS : f.number == 2 ? TIME_MICROS : TIME_NANOS;
		thrift_skip(t, f);
	}
}

static void read_timestamp(struct thrift_reader *t, struct thrift_field f, struct element *out)
{
	thrift_enter(t, f);
	while (thrift_next(t, &f)) {
		if (f.number == 2 && f.type == THRIFT_STRUCT)
			read_unit(t, f, out);
		else
			thrift_skip(t, f);
	}
}

static void read_decimal(struct thrift_reader *t, struct thrift_field f, struct element *out)
{
	out->is_decimal = true;
	thrift_enter(t, f);
	while (thrift_next(t, &f)) {
		if (f.number == 1)
			out->scale = thrift_read_int(t, f);
		else if (f.number == 2)
			out->precision = thrift_read_int(t, f);
		else
			thrift_skip(t, f);
	}
}

static void read_logical(struct thrift_reader *t, struct thrift_field f, struct element *out)
{
	thrift_enter(t, f);
	while (thrift_next(t, &f)) {
		if (f.number == 5 && f.type == THRIFT_STRUCT) {
			read_decimal(t, f, out);
		} else if (f.number == 8 && f.type == THRIFT_STRUCT) {
			read_timestamp(t, f, out);
		} else {
			out->is_map |= f.number == 2;
			out->is_list |= f.number == 3;
			thrift_skip(t, f);
		}
	}
}

static void read_converted(struct element *out)
{
	out->is_map |= out->converted == 1 || out->converted == 2;
	out->is_list |= out->converted == 3;
	out->is_decimal |= out->converted == 5;
	if (out->unit == TIME_NONE && (out->converted == 9 || out->converted == 10))
		out->unit = out->converted == 9 ? TIME_MILLIS : TIME_MICROS;
}

static void read_element(struct thrift_reader *t, struct element *out)
{
	struct thrift_field f;

	*out = (struct element){ .type = -1, .converted = -1 };
	thrift_item_enter(t);
	while (thrift_next(t, &f)) {
		switch (f.number) {
		case 1: out->type = thrift_read_int(t, f); break;
		case 2: out->fixed = thrift_read_int(t, f); break;
		case 3: out->repetition = thrift_read_int(t, f); break;
		case 4: out->name = thrift_read_binary(t, f); break;
		case 5: out->child_count = thrift_read_int(t, f); break;
		case 6: out->converted = thrift_read_int(t, f); break;
		case 7: out->scale = thrift_read_int(t, f); break;
		case 8: out->precision = thrift_read_int(t, f); break;
		case 10: read_logical(t, f, out); break;
		default: thrift_skip(t, f);
		}
	}
	read_converted(out);
}

struct tree { /* walks the flattened schema */
	struct thrift_reader *t;
	struct file_metadata *out;
	struct buffer path;
	uint32_t left; /* elements not read yet */
	bool is_broken;
};

static void add_leaf(struct tree *w, const struct element *el, uint8_t definition, uint8_t repetition)
{
	struct file_metadata *m = w->out;

	if (el->type < 0 || el->type > PHYSICAL_FIXED || el->fixed < 0 || el->fixed > 1 << 16) {
		w->is_broken = true;
		return;
	}
	m->leaves = memory_grow(m->leaves, struct file_leaf, m->leaf_count + 1);
	m->leaves[m->leaf_count++] = (struct file_leaf){
		.path = memory_copy(w->path.data, w->path.size),
		.physical = (enum parquet_physical)el->type,
		.fixed = (unsigned)el->fixed,
		.definition_max = definition,
		.repetition_max = repetition,
		.unit = el->unit,
		.is_decimal = el->is_decimal,
		.is_unsigned = el->converted >= 11 && el->converted <= 14,
		.scale = (int)el->scale,
		.precision = (int)el->precision,
	};
}

/* The modern name of a map's or list's inner node, or its own. */
static struct bytes inner_name(const struct element *el, const struct element *parent, int place)
{
	if (place == 1 && parent->is_map)
		return BYTES_OF("key_value");
	if (place == 1 && parent->is_list)
		return BYTES_OF("list");
	if (place == 2 && parent->is_list)
		return BYTES_OF("element");
	return el->name;
}

static void walk(struct tree *w, const struct element *parent, int parent_place, int depth,
		 uint8_t definition, uint8_t repetition);

/* One child; `place` counts the steps below the map or list that `parent` is or stands for. */
static void walk_child(struct tree *w, const struct element *parent, int place, int depth,
		       uint8_t definition, uint8_t repetition)
{
	size_t size = w->path.size;
	struct element el;
	struct bytes name;

	if (w->left == 0 || w->is_broken) {
		w->is_broken = true;
		return;
	}
	w->left--;
	read_element(w->t, &el);
	name = inner_name(&el, parent, place);
	if (size > 0)
		buffer_char(&w->path, '.');
	buffer_bytes_append(&w->path, name);
	definition = (uint8_t)(definition + (el.repetition != 0));
	repetition = (uint8_t)(repetition + (el.repetition == 2));
	if (el.child_count > 0) {
		bool inside = place == 1 && (parent->is_map || parent->is_list);

		if (inside)
			el.is_list = parent->is_list, el.is_map = false;
		walk(w, &el, inside ? 2 : 1, depth + 1, definition, repetition);
		w->path.size = size;
		return;
	}
	add_leaf(w, &el, definition, repetition);
	w->path.size = size;
}

static void walk(struct tree *w, const struct element *parent, int place, int depth,
		 uint8_t definition, uint8_t repetition)
{
	if (depth > NESTING_MAX || parent->child_count > LEAVES_MAX)
		w->is_broken = true;
	for (int64_t i = 0; i < parent->child_count && !w->is_broken && !w->t->r.short_read; i++)
		walk_child(w, parent, place, depth, definition, repetition);
}

static bool read_schema(struct thrift_reader *t, struct thrift_field f, struct file_metadata *out)
{
	uint32_t count = thrift_read_list(t, f, THRIFT_STRUCT);
	struct tree w = { .t = t, .out = out, .left = count };
	struct element root;

	if (count == 0 || count > LEAVES_MAX)
		return false;
	w.left--;
	read_element(t, &root);
	root.is_map = root.is_list = false;
	walk(&w, &root, 0, 0, 0, 0);
	buffer_release(&w.path);
	return !w.is_broken && w.left == 0 && !t->r.short_read;
}

static void read_column_metadata(struct thrift_reader *t, struct thrift_field f, struct file_chunk *out)
{
	thrift_enter(t, f);
	while (thrift_next(t, &f)) {
		switch (f.number) {
		case 4: out->codec = (int)thrift_read_int(t, f); break;
		case 5: out->value_count = (uint64_t)thrift_read_int(t, f); break;
		case 7: out->size = (uint64_t)thrift_read_int(t, f); break;
		case 9: out->data_offset = (uint64_t)thrift_read_int(t, f); break;
		case 11: out->dictionary_offset = (uint64_t)thrift_read_int(t, f); break;
		default: thrift_skip(t, f);
		}
	}
}

static void read_chunk(struct thrift_reader *t, struct file_chunk *out)
{
	struct thrift_field f;

	thrift_item_enter(t);
	while (thrift_next(t, &f)) {
		switch (f.number) {
		case 3: read_column_metadata(t, f, out); break;
		case 4: out->index_offset = (uint64_t)thrift_read_int(t, f); break;
		case 5: out->index_size = (uint32_t)thrift_read_int(t, f); break;
		default: thrift_skip(t, f);
		}
	}
}

static bool chunk_is_sound(const struct file_chunk *c, uint64_t file_size)
{
	uint64_t start = c->dictionary_offset > 0 && c->dictionary_offset < c->data_offset ?
				 c->dictionary_offset : c->data_offset;

	return start <= file_size && c->size <= file_size - start && c->index_offset <= file_size &&
	       c->index_size <= file_size - c->index_offset && c->value_count <= UINT32_MAX;
}

static bool read_group(struct thrift_reader *t, struct file_metadata *m, uint64_t file_size)
{
	struct file_group *g;
	struct thrift_field f;
	uint32_t count = 0;
	bool ok = true;

	m->groups = memory_grow(m->groups, struct file_group, m->group_count + 1);
	g = &m->groups[m->group_count++];
	*g = (struct file_group){ .chunks = memory_array(struct file_chunk, m->leaf_count) };
	thrift_item_enter(t);
	while (thrift_next(t, &f)) {
		if (f.number == 3) {
			g->row_count = (uint64_t)thrift_read_int(t, f);
		} else if (f.number == 1 && count == 0) {
			count = thrift_read_list(t, f, THRIFT_STRUCT);
			ok = count == m->leaf_count;
			for (uint32_t i = 0; i < count && ok; i++) {
				read_chunk(t, &g->chunks[i]);
				ok = chunk_is_sound(&g->chunks[i], file_size);
			}
			if (!ok)
				return false;
		} else {
			thrift_skip(t, f);
		}
	}
	return count == m->leaf_count && g->row_count <= UINT32_MAX;
}

static bool read_groups(struct thrift_reader *t, struct thrift_field f, struct file_metadata *m,
			uint64_t file_size)
{
	uint32_t count = thrift_read_list(t, f, THRIFT_STRUCT);
	uint64_t rows = 0;

	for (uint32_t i = 0; i < count && !t->r.short_read; i++) {
		if (!read_group(t, m, file_size))
			return false;
		rows += m->groups[i].row_count;
	}
	m->row_count = rows;
	return true;
}

static bool parse(struct file_metadata *m, struct bytes footer, uint64_t file_size)
{
	struct thrift_reader t;
	struct thrift_field f;
	bool has_schema = false, ok = true;

	thrift_open(&t, footer);
	while (ok && thrift_next(&t, &f)) {
		if (f.number == 2 && !has_schema)
			ok = has_schema = read_schema(&t, f, m);
		else if (f.number == 4 && has_schema && m->group_count == 0)
			ok = read_groups(&t, f, m, file_size);
		else
			thrift_skip(&t, f);
	}
	return ok && has_schema && !t.r.short_read;
}

int metadata_read(struct file_metadata *out, struct parquet_input input, struct err *e)
{
	struct buffer tail = { 0 }, footer = { 0 };
	uint32_t size = 0;
	int rc = -1;

	*out = (struct file_metadata){ 0 };
	if (input.size < TAIL_BYTES + 4)
		return err_set(e, ERR_DATA, "not a Parquet file: only %llu bytes",
			       (unsigned long long)input.size);
	if (input.get(input.context, input.size - TAIL_BYTES, TAIL_BYTES, &tail, e) < 0)
		goto out;
	if (memcmp(tail.data + 4, "PAR1", 4) != 0) {
		err_set(e, ERR_DATA, "not a Parquet file: it does not end in PAR1");
		goto out;
	}
	memcpy(&size, tail.data, sizeof(size));
	if (size > input.size - TAIL_BYTES || size > FOOTER_BYTES_MAX) {
		err_set(e, ERR_DATA, "the footer's size %u is impossible", size);
		goto out;
	}
	if (input.get(input.context, input.size - TAIL_BYTES - size, size, &footer, e) < 0)
		goto out;
	rc = parse(out, buffer_bytes(&footer), input.size) ? 0 : err_set(e, ERR_DATA, "the footer is broken");
out:
	buffer_release(&tail);
	buffer_release(&footer);
	if (rc < 0)
		metadata_release(out);
	return rc;
}

void metadata_release(struct file_metadata *m)
{
	for (uint32_t i = 0; i < m->leaf_count; i++)
		memory_free(m->leaves[i].path);
	memory_free(m->leaves);
	for (uint32_t i = 0; i < m->group_count; i++)
		memory_free(m->groups[i].chunks);
	memory_free(m->groups);
	*m = (struct file_metadata){ 0 };
}

int metadata_leaf(const struct file_metadata *m, const char *path)
{
	for (uint32_t i = 0; i < m->leaf_count; i++) {
		if (strcmp(m->leaves[i].path, path) == 0)
			return (int)i;
	}
	return -1;
}
