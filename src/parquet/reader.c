/* SPDX-License-Identifier: Apache-2.0 */
/* Flat tables: fields matched by name, cells converted to the field's type. */
#include <assert.h>
#include <string.h>

#include "base/memory.h"
#include "parquet/convert.h"
#include "parquet/pages.h"
#include "parquet/thrift.h"

struct field_reader {
	int leaf;             /* -1: the file lacks the field */
	struct pages pages;
	struct column cells;  /* of the present page, NULLs included */
	uint32_t used;        /* rows of it that were given out */
};

struct parquet_reader {
	struct schema *schema;
	struct parquet_input input;
	struct file_metadata file;
	struct field_reader *fields;
	uint32_t group;       /* that is being read */
	uint64_t group_left;  /* rows of it */
	bool is_started;
};

static int open_fields(struct parquet_reader *r, struct err *e)
{
	for (uint32_t i = 0; i < r->schema->field_count; i++) {
		const struct field *f = &r->schema->fields[i];

		r->fields[i].leaf = metadata_leaf(&r->file, f->name);
		r->fields[i].cells.storage = field_storage(f);
		if (r->fields[i].leaf >= 0 &&
		    convert_check(&r->file.leaves[r->fields[i].leaf], f, e) < 0)
			return err_wrap(e, "column \"%s\"", f->name);
	}
	return 0;
}

int parquet_reader_open(struct parquet_reader **out, struct schema *schema, struct parquet_input input,
			struct err *e)
{
	struct parquet_reader *r = memory_new(struct parquet_reader);

	r->schema = schema_share(schema);
	r->input = input;
	r->fields = memory_array(struct field_reader, schema->field_count);
	if (metadata_read(&r->file, input, e) < 0 || open_fields(r, e) < 0) {
		parquet_reader_close(r);
		return -1;
	}
	*out = r;
	return 0;
}

void parquet_reader_close(struct parquet_reader *r)
{
	if (r == NULL)
		return;
	for (uint32_t i = 0; i < r->schema->field_count; i++) {
		struct columns one = { .columns = memory_copy(&r->fields[i].cells,
							      sizeof(struct column)),
				       .column_count = 1 };

		pages_release(&r->fields[i].pages);
		columns_release(&one);
	}
	memory_free(r->fields);
	metadata_release(&r->file);
	schema_release(r->schema);
	memory_free(r);
}

uint64_t parquet_reader_rows(const struct parquet_reader *r)
{
	return r->file.row_count;
}

static void clear_cells(struct field_reader *f)
{
	struct columns one = { .columns = &f->cells, .column_count = 1 };

	columns_clear(&one);
	f->used = 0;
}

static void start_group(struct parquet_reader *r)
{
	const struct file_group *g = &r->file.groups[r->group];

	r->group_left = g->row_count;
	for (uint32_t i = 0; i < r->schema->field_count; i++) {
		struct field_reader *f = &r->fields[i];

		clear_cells(f);
		if (f->leaf >= 0)
			pages_open(&f->pages, r->input, &r->file.leaves[f->leaf],
				   &g->chunks[f->leaf]);
	}
}

static int load_page(struct parquet_reader *r, uint32_t i, struct err *e)
{
	struct field_reader *f = &r->fields[i];
	int rc = pages_next(&f->pages, e);

	clear_cells(f);
	if (rc > 0)
		return err_set(e, ERR_DATA, "has fewer rows than its row group");
	return rc < 0 ? -1 : convert_page(&f->cells, &r->schema->fields[i], &f->pages, e);
}

/* Appends `count` rows of one field. */
static int append_field(struct parquet_reader *r, uint32_t i, uint32_t count, struct column *to,
			struct err *e)
{
	struct field_reader *f = &r->fields[i];

	while (count > 0) {
		uint32_t left = f->cells.row_count - f->used;
		uint32_t take = left < count ? left : count;

		if (left == 0) {
			if (load_page(r, i, e) < 0)
				return err_wrap(e, "column \"%s\"", r->schema->fields[i].name);
			continue;
		}
		column_append_range(to, &f->cells, f->used, take);
		f->used += take;
		count -= take;
	}
	return 0;
}

int parquet_reader_next(struct parquet_reader *r, const uint8_t *wanted, uint32_t limit,
			struct columns *columns, struct err *e)
{
	uint32_t count;

	while (r->group_left == 0) {
		r->group += r->is_started;
		r->is_started = true;
		if (r->group >= r->file.group_count)
			return 1;
		start_group(r);
	}
	count = r->group_left < limit ? (uint32_t)r->group_left : limit;
	for (uint32_t i = 0; i < r->schema->field_count; i++) {
		struct column *to = &columns->columns[i];

		if (r->fields[i].leaf < 0 || !(wanted == NULL || (wanted[i >> 3] >> (i & 7) & 1)))
			column_append_nulls(to, count);
		else if (append_field(r, i, count, to, e) < 0)
			return -1;
	}
	columns->row_count += count;
	r->group_left -= count;
	return 0;
}

struct page_place { /* PageLocation */
	uint64_t offset, first_row;
};

/* The chunk's OffsetIndex; count 0 when it has none. */
static int read_offset_index(struct parquet_reader *r, const struct file_chunk *c,
			     struct page_place **out, uint32_t *count, struct err *e)
{
	struct buffer data = { 0 };
	struct thrift_reader t;
	struct thrift_field f;

	*count = 0;
	*out = NULL;
	if (c->index_size == 0)
		return 0;
	if (r->input.get(r->input.context, c->index_offset, c->index_size, &data, e) < 0) {
		buffer_release(&data);
		return -1;
	}
	thrift_open(&t, buffer_bytes(&data));
	while (thrift_next(&t, &f)) {
		if (f.number != 1 || *count > 0) {
			thrift_skip(&t, f);
			continue;
		}
		*count = thrift_read_list(&t, f, THRIFT_STRUCT);
		*out = memory_array(struct page_place, *count);
		for (uint32_t i = 0; i < *count; i++) {
			thrift_item_enter(&t);
			while (thrift_next(&t, &f)) {
				if (f.number == 1)
					(*out)[i].offset = (uint64_t)thrift_read_int(&t, f);
				else if (f.number == 3)
					(*out)[i].first_row = (uint64_t)thrift_read_int(&t, f);
				else
					thrift_skip(&t, f);
			}
		}
	}
	buffer_release(&data);
	return t.r.short_read ? err_set(e, ERR_DATA, "a page index is broken") : 0;
}

/* Picks rows[0..count) (relative to the group) of one field. */
static int pick_field(struct parquet_reader *r, uint32_t i, const struct file_group *g,
		      const uint32_t *rows, uint32_t count, struct column *to, struct err *e)
{
	struct field_reader *f = &r->fields[i];
	const struct file_chunk *c = &g->chunks[f->leaf];
	struct page_place *places;
	uint32_t place_count, place = 0;
	uint64_t first_row = 0; /* of the page in `cells` */
	int rc;

	clear_cells(f);
	pages_open(&f->pages, r->input, &r->file.leaves[f->leaf], c);
	if (read_offset_index(r, c, &places, &place_count, e) < 0)
		return -1;
	rc = 0;
	for (uint32_t n = 0; n < count && rc == 0; n++) {
		while (rc == 0 && rows[n] >= first_row + f->cells.row_count) {
			uint32_t next = place;

			while (next + 1 < place_count && places[next + 1].first_row <= rows[n])
				next++;
			first_row += f->cells.row_count;
			if (place_count > 0 && (next != place || f->cells.row_count == 0)) {
				clear_cells(f);
				rc = pages_seek(&f->pages, places[next].offset, e);
				if (rc == 0)
					rc = convert_page(&f->cells, &r->schema->fields[i], &f->pages, e);
				first_row = places[next].first_row;
				place = next;
				if (rc == 0 && rows[n] >= first_row + f->cells.row_count)
					rc = err_set(e, ERR_DATA, "the page index contradicts its pages");
			} else {
				rc = load_page(r, i, e);
			}
		}
		if (rc == 0)
			column_append_range(to, &f->cells, (uint32_t)(rows[n] - first_row), 1);
	}
	memory_free(places);
	return rc < 0 ? err_wrap(e, "column \"%s\"", r->schema->fields[i].name) : 0;
}

int parquet_reader_pick(struct parquet_reader *r, const uint8_t *wanted, const uint32_t *rows,
			uint32_t count, struct columns *columns, struct err *e)
{
	uint64_t group_start = 0;
	uint32_t first = 0, end;

	for (uint32_t g = 0; g < r->file.group_count && first < count; g++) {
		const struct file_group *group = &r->file.groups[g];
		uint32_t *inside;

		for (end = first; end < count && rows[end] < group_start + group->row_count; end++)
			assert(end == 0 || rows[end] > rows[end - 1]);
		inside = memory_array(uint32_t, end - first);
		for (uint32_t n = first; n < end; n++)
			inside[n - first] = (uint32_t)(rows[n] - group_start);
		for (uint32_t i = 0; i < r->schema->field_count && end > first; i++) {
			struct column *to = &columns->columns[i];

			if (r->fields[i].leaf < 0 ||
			    !(wanted == NULL || (wanted[i >> 3] >> (i & 7) & 1))) {
				column_append_nulls(to, end - first);
			} else if (pick_field(r, i, group, inside, end - first, to, e) < 0) {
				memory_free(inside);
				return -1;
			}
		}
		memory_free(inside);
		columns->row_count += end - first;
		first = end;
		group_start += group->row_count;
	}
	r->is_started = true; /* picking moved the pages: next would not go on rightly */
	r->group = r->file.group_count;
	r->group_left = 0;
	return first == count ? 0 : err_set(e, ERR_DATA, "row %u is beyond the file's end", rows[first]);
}
