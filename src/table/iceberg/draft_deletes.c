/* SPDX-License-Identifier: Apache-2.0 */
/* The deletes of a draft: vectors of all files in one Puffin file, or in version 2 a Parquet file for each. */
#include <inttypes.h>

#include "table/iceberg/draft_parts.h"
#include "table/iceberg/position_deletes.h"
#include "table/iceberg/puffin.h"

/* One data file's. */
struct deleted_rows {
	const char *path;
	uint64_t row_count;
	const struct row_set *rows; /* NULL, or none: nothing to do */
	int32_t spec_id;
	const struct iceberg_values *partition;
};

static struct deleted_rows rows_of(const struct draft *d, uint32_t i)
{
	const struct draft_edit *edit = d->edit;

	if (i < edit->deleted_count) {
		const struct live_file *f = &d->live->files[edit->deleted[i].file];

		return (struct deleted_rows){ f->path, f->row_count, edit->deleted[i].rows, f->spec_id, &f->partition };
	}
	i -= edit->deleted_count;
	return (struct deleted_rows){ edit->added[i].path, edit->added[i].row_count, edit->added[i].dead, edit->added[i].spec_id,
				      &edit->added[i].partition };
}

static bool is_none(const struct deleted_rows *r)
{
	return r->rows == NULL || row_set_count(r->rows) == 0;
}

static int check(const struct deleted_rows *r, struct err *e)
{
	uint32_t max;

	if (!is_none(r) && row_set_max(r->rows, &max) && max >= r->row_count)
		return err_set(e, ERR_DATA, "commit refused: row %" PRIu32 " of file \"%s\", which has %" PRIu64, max, r->path,
			       r->row_count);
	return 0;
}

static int add_vector(struct draft *d, struct puffin_pack *pack, const char *key, struct draft_deletes *out,
		      const struct deleted_rows *r, struct err *e)
{
	struct buffer blob = { 0 };
	struct puffin_place place;
	int rc = dv_blob_encode(r->rows, &blob, e);

	if (rc == 0)
		rc = puffin_pack_add(pack, r->path, buffer_bytes(&blob), row_set_count(r->rows), &place, e);
	if (rc == 0) {
		out->path = draft_uri(d, key);
		out->offset = place.offset;
		out->size_bytes = place.size_bytes;
	}
	buffer_release(&blob);
	return rc;
}

static int write_vectors(struct draft *d, uint32_t count, struct err *e)
{
	struct puffin_pack pack;
	const char *key = NULL;
	int rc = 0;

	puffin_pack_init(&pack);
	for (uint32_t i = 0; i < count && rc == 0; i++) {
		struct deleted_rows r = rows_of(d, i);

		if (is_none(&r))
			continue;
		if (key == NULL)
			key = draft_key(d, "dv", ".puffin");
		rc = add_vector(d, &pack, key, &d->deletes[i], &r, e);
	}
	if (rc == 0 && key != NULL) {
		puffin_pack_finish(&pack);
		rc = puffin_pack_write(&pack, d->places->meta, key, e);
	}
	for (uint32_t i = 0; i < count; i++)
		d->deletes[i].file_bytes = (int64_t)pack.bytes.size;
	puffin_pack_release(&pack);
	return rc;
}

static int write_positions(struct draft *d, uint32_t count, struct err *e)
{
	for (uint32_t i = 0; i < count; i++) {
		struct draft_deletes *out = &d->deletes[i];
		struct deleted_rows r = rows_of(d, i);
		struct position_deletes_file file;
		const char *key;

		if (is_none(&r))
			continue;
		key = draft_key(d, "deletes", ".parquet");
		if (position_deletes_write(&file, d->places->meta, key, r.path, r.rows, e) < 0)
			return -1;
		out->path = draft_uri(d, key);
		out->offset = out->size_bytes = -1;
		out->file_bytes = file.size_bytes;
		out->metrics = file.metrics;
	}
	return 0;
}

int draft_write_deletes(struct draft *d, struct err *e)
{
	uint32_t count = d->edit->deleted_count + d->edit->added_count;

	for (uint32_t i = 0; i < count; i++) {
		struct deleted_rows r = rows_of(d, i);

		if (check(&r, e) < 0)
			return -1;
		d->deletes[i].data_file = r.path;
		d->deletes[i].spec_id = r.spec_id;
		d->deletes[i].partition = r.partition;
		d->deletes[i].cardinality = is_none(&r) ? 0 : row_set_count(r.rows);
	}
	return d->base->format_version >= 3 ? write_vectors(d, count, e) : write_positions(d, count, e);
}
