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

static uint64_t text_size(const struct column *c, uint32_t first, uint32_t count)
{
	const uint32_t *ends = (const uint32_t *)(const void *)c->values;

	return count == 0 ? 0 : ends[first + count - 1] - (first > 0 ? ends[first - 1] : 0);
}

/* Appends rows of the present page to the caller's cells, whose text ends at COLUMN_HEAP_BYTES_MAX. */
static int give(struct column *to, const struct column *from, uint32_t first, uint32_t count,
		struct err *e)
{
	if (to->storage == STORAGE_BYTES &&
	    (uint64_t)to->heap_size + text_size(from, first, count) > COLUMN_HEAP_BYTES_MAX)
		return err_set(e, ERR_DATA, "the rows asked for have more than 4 GiB of text");
	column_append_range(to, from, first, count);
	return 0;
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
		if (give(to, &f->cells, f->used, take, e) < 0)
			return -1;
		f->used += take;
		count -= take;
	}
	return 0;
}

static bool is_read(const struct parquet_reader *r, const uint8_t *wanted, uint32_t i)
{
	return r->fields[i].leaf >= 0 && (wanted == NULL || (wanted[i >> 3] >> (i & 7) & 1));
}

/* Cuts *count where a page of texts ends: rows may be wide, and are held by the page only. */
static int end_with_page(struct parquet_reader *r, const uint8_t *wanted, uint32_t *count, struct err *e)
{
	for (uint32_t i = 0; i < r->schema->field_count; i++) {
		struct field_reader *f = &r->fields[i];

		if (f->cells.storage != STORAGE_BYTES || !is_read(r, wanted, i))
			continue;
		if (f->used == f->cells.row_count && load_page(r, i, e) < 0)
			return err_wrap(e, "column \"%s\"", r->schema->fields[i].name);
		if (*count > f->cells.row_count - f->used)
			*count = f->cells.row_count - f->used;
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
	if (end_with_page(r, wanted, &count, e) < 0)
		return -1;
	for (uint32_t i = 0; i < r->schema->field_count; i++) {
		struct column *to = &columns->columns[i];

		if (!is_read(r, wanted, i))
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

struct page_places { /* OffsetIndex */
	struct page_place *places;
	uint32_t count; /* 0: the chunk has no index */
	uint32_t at;    /* the page that was looked at last */
};

static void parse_place(struct thrift_reader *t, struct page_place *out)
{
	struct thrift_field f;

	thrift_item_enter(t);
	while (thrift_next(t, &f)) {
		if (f.number == 1)
			out->offset = (uint64_t)thrift_read_int(t, f);
		else if (f.number == 3)
			out->first_row = (uint64_t)thrift_read_int(t, f);
		else
			thrift_skip(t, f);
	}
}

/* Pages begin with row 0 and ascend. */
static bool places_are_sound(const struct page_places *p)
{
	for (uint32_t i = 0; i < p->count; i++) {
		if (i == 0 ? p->places[0].first_row != 0 :
			     p->places[i].first_row < p->places[i - 1].first_row)
			return false;
	}
	return true;
}

static int read_offset_index(struct page_places *out, const struct parquet_reader *r,
			     const struct file_chunk *c, struct err *e)
{
	struct buffer data = { 0 };
	struct thrift_reader t;
	struct thrift_field f;

	if (c->index_size == 0)
		return 0;
	if (r->input.get(r->input.context, c->index_offset, c->index_size, &data, e) < 0) {
		buffer_release(&data);
		return -1;
	}
	thrift_open(&t, buffer_bytes(&data));
	while (thrift_next(&t, &f)) {
		if (f.number != 1 || out->count > 0) {
			thrift_skip(&t, f);
			continue;
		}
		out->count = thrift_read_list(&t, f, THRIFT_STRUCT);
		out->places = memory_array(struct page_place, out->count);
		for (uint32_t i = 0; i < out->count; i++)
			parse_place(&t, &out->places[i]);
	}
	buffer_release(&data);
	return t.r.short_read || !places_are_sound(out) ?
		       err_set(e, ERR_DATA, "a page index is broken") : 0;
}

/* Makes the page with this row of the group the present one; *first_row is its first. */
static int find_page(struct parquet_reader *r, uint32_t i, struct page_places *p, uint32_t row,
		     uint64_t *first_row, struct err *e)
{
	struct field_reader *f = &r->fields[i];

	if (p->count == 0) {
		while (row >= *first_row + f->cells.row_count) {
			*first_row += f->cells.row_count;
			if (load_page(r, i, e) < 0)
				return -1;
		}
		return 0;
	}
	if (row < *first_row + f->cells.row_count)
		return 0;
	while (p->at + 1 < p->count && p->places[p->at + 1].first_row <= row)
		p->at++;
	*first_row = p->places[p->at].first_row;
	clear_cells(f);
	if (pages_seek(&f->pages, p->places[p->at].offset, e) < 0 ||
	    convert_page(&f->cells, &r->schema->fields[i], &f->pages, e) < 0)
		return -1;
	if (row - *first_row >= f->cells.row_count)
		return err_set(e, ERR_DATA, "the page index contradicts its pages");
	return 0;
}

/* Picks rows[0..count) (relative to the group) of one field. */
static int pick_field(struct parquet_reader *r, uint32_t i, const struct file_group *g,
		      const uint32_t *rows, uint32_t count, struct column *to, struct err *e)
{
	struct field_reader *f = &r->fields[i];
	const struct file_chunk *c = &g->chunks[f->leaf];
	struct page_places places = { 0 };
	uint64_t first_row = 0; /* of the page in `cells` */
	int rc;

	clear_cells(f);
	pages_open(&f->pages, r->input, &r->file.leaves[f->leaf], c);
	rc = read_offset_index(&places, r, c, e);
	for (uint32_t n = 0; n < count && rc == 0; n++) {
		rc = find_page(r, i, &places, rows[n], &first_row, e);
		if (rc == 0)
			rc = give(to, &f->cells, (uint32_t)(rows[n] - first_row), 1, e);
	}
	memory_free(places.places);
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

			if (!is_read(r, wanted, i)) {
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
