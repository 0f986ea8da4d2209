/* SPDX-License-Identifier: Apache-2.0 */
#include "table/iceberg/puffin.h"

#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define MAGIC_BYTES     4
#define TAIL_BYTES      12 /* size of the JSON, flags, magic */
#define VECTOR_TYPE     "deletion-vector-v1"
#define ROW_POSITION_ID "2147483645" /* "Reserved Field IDs": _pos */
#define FLAG_COMPRESSED 1u
#define FILE_BYTES_MAX  INT32_MAX

static const uint8_t magic[MAGIC_BYTES] = { 'P', 'F', 'A', '1' };

void puffin_pack_init(struct puffin_pack *p)
{
	*p = (struct puffin_pack){ 0 };
	buffer_append(&p->bytes, magic, MAGIC_BYTES);
}

int puffin_pack_add(struct puffin_pack *p, const char *data_file, struct bytes blob,
		    uint64_t cardinality, struct puffin_place *out, struct err *e)
{
	assert(cardinality > 0 && blob.size > DV_BLOB_EXTRA_BYTES);
	if (blob.size > FILE_BYTES_MAX - p->bytes.size)
		return err_set(e, ERR_DATA,
			       "the deletion vectors of one commit pass 2 GiB");
	*out = (struct puffin_place){ .offset = (int64_t)p->bytes.size,
				      .size_bytes = (int64_t)blob.size,
				      .cardinality = (int64_t)cardinality };
	buffer_bytes_append(&p->bytes, blob);
	if (p->blobs.size > 0)
		buffer_char(&p->blobs, ',');
	/* Snapshot and sequence number come with the commit: the spec demands -1. */
	buffer_format(&p->blobs,
		      "{\"type\":\"" VECTOR_TYPE "\",\"fields\":[" ROW_POSITION_ID "],"
		      "\"snapshot-id\":-1,\"sequence-number\":-1,\"offset\":%" PRId64
		      ",\"length\":%" PRId64 ",\"properties\":{\"cardinality\":\"%" PRIu64
		      "\",\"referenced-data-file\":",
		      out->offset, out->size_bytes, cardinality);
	text_json_string(&p->blobs, data_file);
	buffer_text(&p->blobs, "}}");
	return 0;
}

void puffin_pack_finish(struct puffin_pack *p)
{
	size_t start;

	buffer_append(&p->bytes, magic, MAGIC_BYTES);
	start = p->bytes.size;
	buffer_text(&p->bytes, "{\"blobs\":[");
	buffer_bytes_append(&p->bytes, buffer_bytes(&p->blobs));
	buffer_text(&p->bytes, "],\"properties\":{\"created-by\":"
			       "\"tailrace version " TAILRACE_VERSION "\"}}");
	buffer_u32le(&p->bytes, (uint32_t)(p->bytes.size - start));
	buffer_u32le(&p->bytes, 0);
	buffer_append(&p->bytes, magic, MAGIC_BYTES);
}

int puffin_pack_write(const struct puffin_pack *p, struct store *store, const char *key,
		      struct err *e)
{
	struct store_writer *w = store_writer_open(store, key, e);

	if (w == NULL)
		return -1;
	if (store_writer_write(w, buffer_bytes(&p->bytes), e) < 0) {
		store_writer_abort(w);
		return -1;
	}
	return store_writer_finish(w, e);
}

void puffin_pack_release(struct puffin_pack *p)
{
	buffer_release(&p->bytes);
	buffer_release(&p->blobs);
}

static bool is_magic(struct bytes b)
{
	return bytes_equal(b, (struct bytes){ magic, MAGIC_BYTES });
}

/* The footer's JSON; the blobs end where its magic number begins. */
static int find_json(struct bytes *out, uint64_t *blobs_end, struct bytes file,
		     struct err *e)
{
	struct reader head = reader_of(file), tail, footer;
	uint32_t size, flags;

	if (!is_magic(reader_bytes(&head, MAGIC_BYTES)))
		return err_set(e, ERR_DATA, "it does not begin with PFA1: no Puffin file");
	if (reader_left(&head) < MAGIC_BYTES + TAIL_BYTES)
		return err_set(e, ERR_DATA, "Puffin file of %zu bytes is truncated",
			       file.size);
	tail = reader_of((struct bytes){ file.data + file.size - TAIL_BYTES, TAIL_BYTES });
	size = reader_u32le(&tail);
	flags = reader_u32le(&tail);
	if (!is_magic(reader_bytes(&tail, MAGIC_BYTES)))
		return err_set(e, ERR_DATA,
			       "it does not end with PFA1: truncated or damaged");
	if (size > reader_left(&head) - MAGIC_BYTES - TAIL_BYTES)
		return err_set(e, ERR_DATA,
			       "its footer of %" PRIu32 " bytes does not fit into %zu",
			       size, file.size);
	*blobs_end = file.size - TAIL_BYTES - size - MAGIC_BYTES;
	footer = reader_of(
		(struct bytes){ file.data + *blobs_end, (size_t)size + MAGIC_BYTES });
	if (!is_magic(reader_bytes(&footer, MAGIC_BYTES)))
		return err_set(e, ERR_DATA, "its footer does not begin with PFA1");
	if (flags == FLAG_COMPRESSED)
		return err_set(e, ERR_CONFIG,
			       "its footer is compressed with LZ4, which tailrace "
			       "does not read: let its writer write it uncompressed");
	if (flags != 0)
		return err_set(e, ERR_DATA, "its footer has the unknown flags 0x%08" PRIx32,
			       flags);
	*out = reader_bytes(&footer, size);
	return 0;
}

static int get_int(int64_t *out, const json_t *object, const char *key, struct err *e)
{
	const json_t *v = json_object_get(object, key);

	if (!json_is_integer(v))
		return err_set(e, ERR_DATA, "\"%s\" is no integer", key);
	*out = json_integer_value(v);
	return 0;
}

/* A text, or NULL where there is none. */
static int get_text(char **out, const json_t *object, const char *key, struct err *e)
{
	const json_t *v = json_object_get(object, key);

	if (v != NULL && !json_is_string(v))
		return err_set(e, ERR_DATA, "\"%s\" is no text", key);
	*out = memory_copy_text(json_string_value(v));
	return 0;
}

static int parse_fields(const json_t *j, struct err *e)
{
	const json_t *fields = json_object_get(j, "fields"), *id;
	size_t i;

	if (!json_is_array(fields))
		return err_set(e, ERR_DATA, "\"fields\" is no list");
	json_array_foreach(fields, i, id) {
		if (!json_is_integer(id))
			return err_set(e, ERR_DATA,
				       "\"fields\" holds something that is no integer");
	}
	return 0;
}

static int parse_properties(struct puffin_blob *out, const json_t *j, struct err *e)
{
	const json_t *properties = json_object_get(j, "properties");
	const json_t *count = json_object_get(properties, "cardinality");

	out->place.cardinality = -1;
	if (properties == NULL)
		return 0;
	if (!json_is_object(properties))
		return err_set(e, ERR_DATA, "\"properties\" is no object");
	if (count != NULL && (!json_is_string(count) ||
			      !text_parse_int(bytes_of_text(json_string_value(count)),
					      &out->place.cardinality) ||
			      out->place.cardinality < 0))
		return err_set(e, ERR_DATA, "its cardinality is no number");
	return get_text(&out->data_file, properties, "referenced-data-file", e);
}

static int check_blob(const struct puffin_blob *b, uint64_t blobs_end, struct err *e)
{
	uint64_t offset = (uint64_t)b->place.offset, size = (uint64_t)b->place.size_bytes;

	if (b->type == NULL)
		return err_set(e, ERR_DATA, "\"type\" is no text");
	if (offset < MAGIC_BYTES || offset > blobs_end || size > blobs_end - offset)
		return err_set(e, ERR_DATA,
			       "%" PRId64 " bytes at %" PRId64
			       " are not between head and footer",
			       b->place.size_bytes, b->place.offset);
	if (strcmp(b->type, VECTOR_TYPE) != 0)
		return 0;
	if (b->codec != NULL)
		return err_set(e, ERR_DATA, "deletion vector with compression codec \"%s\"",
			       b->codec);
	if (b->data_file == NULL || b->place.cardinality < 0)
		return err_set(e, ERR_DATA,
			       "deletion vector without its data file and cardinality");
	return 0;
}

static int parse_blob(struct puffin_blob *out, const json_t *j, uint64_t blobs_end,
		      struct err *e)
{
	int64_t snapshot_id, sequence_number;

	if (get_text(&out->type, j, "type", e) < 0 || parse_fields(j, e) < 0 ||
	    get_int(&snapshot_id, j, "snapshot-id", e) < 0 ||
	    get_int(&sequence_number, j, "sequence-number", e) < 0 ||
	    get_int(&out->place.offset, j, "offset", e) < 0 ||
	    get_int(&out->place.size_bytes, j, "length", e) < 0 ||
	    get_text(&out->codec, j, "compression-codec", e) < 0 ||
	    parse_properties(out, j, e) < 0)
		return -1;
	return check_blob(out, blobs_end, e);
}

int puffin_parse(struct puffin_footer *out, struct bytes file, struct err *e)
{
	struct puffin_footer f = { 0 };
	json_error_t error;
	json_t *root, *blobs, *blob;
	struct bytes text;
	uint64_t blobs_end = 0;
	size_t i;
	int rc = 0;

	if (find_json(&text, &blobs_end, file, e) < 0)
		return -1;
	root = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES,
			  &error);
	if (root == NULL)
		return err_set(e, ERR_DATA, "its footer has damaged JSON at byte %d: %s",
			       error.position, error.text);
	blobs = json_object_get(root, "blobs");
	if (!json_is_array(blobs))
		rc = err_set(e, ERR_DATA, "its footer has no list \"blobs\"");
	else
		f.blobs = memory_array(struct puffin_blob, json_array_size(blobs));
	json_array_foreach(blobs, i, blob) {
		rc = parse_blob(&f.blobs[f.blob_count++], blob, blobs_end, e);
		if (rc < 0) {
			err_wrap(e, "blob %zu in its footer", i);
			break;
		}
	}
	json_decref(root);
	if (rc < 0)
		puffin_footer_release(&f);
	else
		*out = f;
	return rc;
}

void puffin_footer_release(struct puffin_footer *f)
{
	for (uint32_t i = 0; i < f->blob_count; i++) {
		memory_free(f->blobs[i].type);
		memory_free(f->blobs[i].codec);
		memory_free(f->blobs[i].data_file);
	}
	memory_free(f->blobs);
	*f = (struct puffin_footer){ 0 };
}

/* The place is where the blob was taken from. */
static int decode(struct row_set **out, struct bytes blob, const struct puffin_place *place,
		  uint64_t row_limit, struct err *e)
{
	struct row_set *rows;

	if (dv_blob_decode(&rows, blob, row_limit, e) < 0)
		return err_wrap(e, "deletion vector at %" PRId64, place->offset);
	if (row_set_count(rows) != (uint64_t)place->cardinality) {
		err_set(e, ERR_DATA,
			"deletion vector at %" PRId64 " deletes %" PRIu64
			" rows, and not %" PRId64 " as was said",
			place->offset, row_set_count(rows), place->cardinality);
		row_set_free(rows);
		return -1;
	}
	*out = rows;
	return 0;
}

int puffin_decode(struct row_set **out, struct bytes file, const struct puffin_blob *blob,
		  uint64_t row_limit, struct err *e)
{
	const struct puffin_place *p = &blob->place;
	struct reader r = reader_of(file);

	if (strcmp(blob->type, VECTOR_TYPE) != 0)
		return err_set(e, ERR_DATA,
			       "blob at %" PRId64 " is of type \"%s\": no deletion vector",
			       p->offset, blob->type);
	reader_skip(&r, (size_t)p->offset);
	return decode(out, reader_bytes(&r, (size_t)p->size_bytes), p, row_limit, e);
}

int puffin_read(struct row_set **out, struct store *store, const char *key,
		const struct puffin_place *place, uint64_t row_limit, struct err *e)
{
	struct buffer blob = { 0 };
	int rc;

	if (place->offset < 0 || place->size_bytes <= DV_BLOB_EXTRA_BYTES ||
	    place->size_bytes > FILE_BYTES_MAX || place->cardinality < 0)
		return err_set(e, ERR_DATA,
			       "\"%s\": no deletion vector has %" PRId64
			       " bytes at %" PRId64,
			       key, place->size_bytes, place->offset);
	rc = store_get(store, key, (uint64_t)place->offset, (uint64_t)place->size_bytes,
		       &blob, e);
	if (rc == 1)
		rc = err_set(e, ERR_DATA,
			     "it is gone; without it deleted rows would come back");
	if (rc == 0)
		rc = decode(out, buffer_bytes(&blob), place, row_limit, e);
	if (rc < 0)
		err_wrap(e, "\"%s\"", key);
	buffer_release(&blob);
	return rc;
}
