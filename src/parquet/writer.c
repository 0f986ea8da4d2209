/* SPDX-License-Identifier: Apache-2.0 */
/* Flat tables: "PAR1", row groups, page indexes, footer, its length, "PAR1". */
#include <assert.h>

#include "base/memory.h"
#include "parquet/bounds.h"
#include "parquet/footer.h"

static const char magic[4] = { 'P', 'A', 'R', '1' };

struct parquet_writer {
	struct schema *schema;
	enum parquet_codec codec;
	struct parquet_output output;
	struct row_group *groups;
	uint32_t group_count;
	struct parquet_bounds *bounds;
	uint64_t at, row_count;
};

struct parquet_writer *parquet_writer_open(struct schema *schema, enum parquet_codec codec,
					   struct parquet_output output)
{
	struct parquet_writer *w = memory_new(struct parquet_writer);

	w->schema = schema_share(schema);
	w->codec = codec;
	w->output = output;
	w->bounds = memory_array(struct parquet_bounds, schema->field_count);
	return w;
}

static int put(struct parquet_writer *w, struct bytes bytes, struct err *e)
{
	w->at += bytes.size;
	return w->output.write(w->output.context, bytes, e);
}

int parquet_writer_add(struct parquet_writer *w, const struct columns *columns, const uint32_t *rows,
		       uint32_t count, struct err *e)
{
	struct row_group *group;

	assert(count > 0 && columns->column_count == w->schema->field_count);
	if (w->at == 0 && put(w, (struct bytes){ (const uint8_t *)magic, sizeof(magic) }, e) < 0)
		return -1;
	w->groups = memory_grow(w->groups, struct row_group, w->group_count + 1);
	group = &w->groups[w->group_count++];
	group->row_count = count;
	group->chunks = memory_array(struct chunk, w->schema->field_count);
	for (uint32_t i = 0; i < w->schema->field_count; i++) {
		struct chunk *c = &group->chunks[i];

		c->field = &w->schema->fields[i];
		c->physical = physical_of(c->field);
		c->codec = w->codec;
		if (chunk_write(c, &columns->columns[i], rows, count, w->output, &w->at,
				&w->bounds[i], e) < 0)
			return -1;
	}
	w->row_count += count;
	return 0;
}

/* A column index needs bounds of every page that has values. */
static bool has_column_index(const struct chunk *c)
{
	for (uint32_t i = 0; i < c->page_count; i++) {
		if (!c->pages[i].is_null_page && !c->pages[i].bounds.has_bounds)
			return false;
	}
	return true;
}

static int write_indexes(struct parquet_writer *w, struct index_place *places, struct err *e)
{
	struct buffer out = { 0 };
	int rc = 0;

	for (uint32_t g = 0; g < w->group_count && rc == 0; g++) {
		for (uint32_t i = 0; i < w->schema->field_count && rc == 0; i++) {
			const struct chunk *c = &w->groups[g].chunks[i];
			struct index_place *p = &places[g * w->schema->field_count + i];

			buffer_clear(&out);
			if (has_column_index(c))
				column_index(&out, c);
			p->column_offset = w->at;
			p->column_size = (uint32_t)out.size;
			p->offset_offset = w->at + out.size;
			offset_index(&out, c);
			p->offset_size = (uint32_t)out.size - p->column_size;
			rc = put(w, buffer_bytes(&out), e);
		}
	}
	buffer_release(&out);
	return rc;
}

static void write_group(struct parquet_writer *w, struct thrift_writer *t, uint32_t g,
			const struct index_place *places)
{
	const struct row_group *group = &w->groups[g];
	uint64_t size = 0, raw_size = 0;

	thrift_element_struct(t);
	thrift_list(t, 1, THRIFT_STRUCT, w->schema->field_count);
	for (uint32_t i = 0; i < w->schema->field_count; i++) {
		const char *path = w->schema->fields[i].name;

		footer_chunk(t, &group->chunks[i], &path, 1,
			     &places[g * w->schema->field_count + i]);
		size += group->chunks[i].size;
		raw_size += group->chunks[i].raw_size;
	}
	thrift_i64(t, 2, (int64_t)raw_size);
	thrift_i64(t, 3, group->row_count);
	thrift_i64(t, 6, (int64_t)size);
	thrift_i16(t, 7, (int16_t)g);
	thrift_end(t);
}

static void write_metadata(struct parquet_writer *w, struct buffer *out, const struct index_place *places)
{
	struct thrift_writer t;

	thrift_begin(&t, out);
	thrift_i32(&t, 1, 2);
	thrift_list(&t, 2, THRIFT_STRUCT, w->schema->field_count + 1);
	footer_group(&t, "schema", -1, w->schema->field_count, -1);
	for (uint32_t i = 0; i < w->schema->field_count; i++) {
		const struct field *f = &w->schema->fields[i];

		footer_leaf(&t, f->name, f->is_nullable ? 1 : 0, f, true);
	}
	thrift_i64(&t, 3, (int64_t)w->row_count);
	thrift_list(&t, 4, THRIFT_STRUCT, w->group_count);
	for (uint32_t g = 0; g < w->group_count; g++)
		write_group(w, &t, g, places);
	footer_end(&t, w->schema->field_count);
	buffer_u32le(out, (uint32_t)out->size);
	buffer_append(out, magic, sizeof(magic));
}

int parquet_writer_finish(struct parquet_writer *w, struct err *e)
{
	struct index_place *places =
		memory_array(struct index_place, (size_t)w->group_count * w->schema->field_count);
	struct buffer out = { 0 };
	int rc = 0;

	if (w->at == 0)
		rc = put(w, (struct bytes){ (const uint8_t *)magic, sizeof(magic) }, e);
	if (rc == 0)
		rc = write_indexes(w, places, e);
	if (rc == 0) {
		write_metadata(w, &out, places);
		rc = put(w, buffer_bytes(&out), e);
	}
	memory_free(places);
	buffer_release(&out);
	return rc;
}

uint64_t parquet_writer_rows(const struct parquet_writer *w)
{
	return w->row_count;
}

uint64_t parquet_writer_bytes(const struct parquet_writer *w)
{
	return w->at;
}

const struct parquet_bounds *parquet_writer_bounds(const struct parquet_writer *w, uint32_t field)
{
	assert(field < w->schema->field_count);
	return &w->bounds[field];
}

void parquet_writer_close(struct parquet_writer *w)
{
	if (w == NULL)
		return;
	for (uint32_t g = 0; g < w->group_count; g++) {
		for (uint32_t i = 0; i < w->schema->field_count; i++)
			chunk_release(&w->groups[g].chunks[i]);
		memory_free(w->groups[g].chunks);
	}
	memory_free(w->groups);
	for (uint32_t i = 0; i < w->schema->field_count; i++)
		parquet_bounds_release(&w->bounds[i]);
	memory_free(w->bounds);
	schema_release(w->schema);
	memory_free(w);
}
