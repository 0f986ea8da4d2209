/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "table/iceberg/avro.h"
#include "table/iceberg/manifest_form.h"

struct iceberg_manifest_reader {
	struct avro_reader *avro;
	struct record_plan *plan;
	struct iceberg_manifest_head head;
	const struct iceberg_manifest *row;
	int64_t files; /* read so far */
};

/* A number among the key-values; `missing` where it is not there. */
static int read_number(const struct iceberg_manifest_reader *r, const char *key,
		       int64_t missing, int64_t max, int64_t *out, struct err *e)
{
	struct bytes text = avro_reader_pair(r->avro, key);

	*out = missing;
	if (text.data == NULL)
		return 0;
	if (!text_parse_int(text, out) || *out < 0 || *out > max)
		return err_set(e, ERR_DATA, "its \"%s\" is \"%.40s\"", key,
			       (const char *)text.data);
	return 0;
}

static int read_content(struct iceberg_manifest_reader *r, struct err *e)
{
	struct bytes text = avro_reader_pair(r->avro, "content");

	r->head.content = ICEBERG_DATA;
	if (text.data == NULL || bytes_equal(text, BYTES_OF("data")))
		return 0;
	r->head.content = ICEBERG_POSITION_DELETES;
	if (bytes_equal(text, BYTES_OF("deletes")))
		return 0;
	return err_set(e, ERR_DATA, "its content is \"%.40s\"", (const char *)text.data);
}

static int hold_to_row(const struct iceberg_manifest_reader *r, struct err *e)
{
	const struct iceberg_manifest *row = r->row;

	if (row == NULL)
		return 0;
	if (row->content != r->head.content)
		return err_set(e, ERR_DATA, "it holds %s, its list says %s",
			       r->head.content == ICEBERG_DATA ? "data" : "deletes",
			       row->content == ICEBERG_DATA ? "data" : "deletes");
	if (row->spec_id != r->head.spec_id)
		return err_set(e, ERR_DATA, "its partition spec is %d, its list says %d",
			       r->head.spec_id, row->spec_id);
	return 0;
}

static int read_head(struct iceberg_manifest_reader *r, struct err *e)
{
	int64_t version, schema_id, spec_id;

	r->head.schema_json = (const char *)avro_reader_pair(r->avro, "schema").data;
	r->head.spec_json =
		(const char *)avro_reader_pair(r->avro, "partition-spec").data;
	if (read_number(r, "format-version", 1, 3, &version, e) < 0 ||
	    read_number(r, "schema-id", -1, INT32_MAX, &schema_id, e) < 0 ||
	    read_number(r, "partition-spec-id", r->row != NULL ? r->row->spec_id : 0,
			INT32_MAX, &spec_id, e) < 0 ||
	    read_content(r, e) < 0)
		return -1;
	r->head.version = (int)version;
	r->head.schema_id = (int32_t)schema_id;
	r->head.spec_id = (int32_t)spec_id;
	return hold_to_row(r, e);
}

/* Other engines read as many bytes as the list says. That it is not there is for the reader to say. */
static int check_length(struct store *store, const char *key, const struct iceberg_manifest *row, struct err *e)
{
	uint64_t size;
	int rc = row != NULL ? store->ops->size(store, key, &size, e) : 1;

	if (rc == 0 && (int64_t)size != row->length)
		return err_set(e, ERR_DATA, "manifest \"%s\" has %" PRIu64 " bytes, its list says %" PRId64, row->path, size, row->length);
	return rc < 0 ? -1 : 0;
}

int iceberg_manifest_reader_open(struct iceberg_manifest_reader **out,
				 struct store *store, const char *key,
				 const struct iceberg_manifest *row,
				 const struct iceberg_tuple *partition, struct err *e)
{
	struct iceberg_manifest_reader *r = memory_new(struct iceberg_manifest_reader);

	r->row = row;
	if (check_length(store, key, row, e) < 0 || avro_reader_open(&r->avro, "manifest", store, key, e) < 0)
		goto failed;
	if (read_head(r, e) == 0 && record_bind(&r->plan, &manifest_entry_table,
						partition, avro_reader_schema(r->avro),
						avro_reader_arena(r->avro), e) == 0) {
		*out = r;
		return 0;
	}
	avro_reader_wrap(r->avro, e);
failed:
	iceberg_manifest_reader_close(r);
	return -1;
}

const struct iceberg_manifest_head *
iceberg_manifest_reader_head(const struct iceberg_manifest_reader *r)
{
	return &r->head;
}

static int check_entry(const struct iceberg_manifest_reader *r,
		       struct iceberg_entry *entry, struct err *e)
{
	struct iceberg_file *f = &entry->file;

	if (entry->status > ICEBERG_DELETED)
		return err_set(e, ERR_DATA, "its field 0 \"status\" is %d",
			       (int)entry->status);
	if (f->content > ICEBERG_EQUALITY_DELETES ||
	    (f->content == ICEBERG_DATA) != (r->head.content == ICEBERG_DATA))
		return err_set(e, ERR_DATA,
			       "its field 134 \"content\" is %d in a manifest of %s",
			       (int)f->content,
			       r->head.content == ICEBERG_DATA ? "data" : "deletes");
	for (char *c = f->format; *c != 0; c++) {
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	}
	return 0;
}

static int check_count(const struct iceberg_manifest_reader *r, struct err *e)
{
	const struct iceberg_manifest *row = r->row;
	int64_t told;

	if (row == NULL || row->added_files < 0 || row->existing_files < 0 ||
	    row->deleted_files < 0)
		return 1;
	told = (int64_t)row->added_files + row->existing_files + row->deleted_files;
	if (told == r->files)
		return 1;
	return err_set(e, ERR_DATA,
		       "manifest \"%s\" has %" PRId64 " entries, its list says %" PRId64,
		       row->path, r->files, told);
}

int iceberg_manifest_reader_next(struct iceberg_manifest_reader *r,
				 struct iceberg_entry *entry, struct err *e)
{
	struct reader *at;
	int rc;

	iceberg_entry_release(entry);
	rc = avro_reader_next(r->avro, &at, e);
	if (rc > 0)
		return check_count(r, e);
	if (rc < 0)
		return -1;
	r->files++;
	if (record_get(r->plan, at, entry, e) == 0 && check_entry(r, entry, e) == 0)
		return 0;
	return avro_reader_wrap(r->avro, e);
}

void iceberg_manifest_reader_close(struct iceberg_manifest_reader *r)
{
	if (r == NULL)
		return;
	avro_reader_close(r->avro);
	memory_free(r);
}
