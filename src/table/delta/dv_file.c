/* SPDX-License-Identifier: Apache-2.0 */
/* byte 1 (version), then the bitmaps, each in the form of table/dv_blob.h. */
#include "table/delta/dv_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "table/dv_blob.h"

#define DV_FILE_VERSION 1
#define DV_KEY_BYTES    (sizeof("deletion_vector_.bin") + UUID_TEXT_BYTES)

void dv_pack_init(struct dv_pack *p)
{
	struct buffer text = { 0 };
	uint8_t uuid[UUID_BYTES];

	*p = (struct dv_pack){ 0 };
	uuid_random(uuid);
	uuid_format(p->uuid, uuid);
	z85_encode(&text, (struct bytes){ uuid, sizeof(uuid) });
	memcpy(p->place, text.data, UUID_Z85_BYTES);
	buffer_release(&text);
	buffer_char(&p->bytes, DV_FILE_VERSION);
}

int dv_pack_add(struct dv_pack *p, const struct row_set *rows,
		struct deletion_vector *out, struct err *e)
{
	size_t offset = p->bytes.size;

	if (dv_blob_encode(rows, &p->bytes, e) < 0)
		return -1;
	*out = (struct deletion_vector){
		.storage_type = 'u',
		.place = p->place,
		.offset = (int32_t)offset,
		.size_bytes = (uint32_t)(p->bytes.size - offset -
					 DV_BLOB_EXTRA_BYTES),
		.cardinality = row_set_count(rows),
	};
	return 0;
}

int dv_pack_write(const struct dv_pack *p, struct store *store, struct err *e)
{
	struct store_writer *w;
	char key[DV_KEY_BYTES];

	if (p->bytes.size == 1)
		return 0;
	snprintf(key, sizeof(key), "deletion_vector_%s.bin", p->uuid);
	w = store_writer_open(store, key, e);
	if (w == NULL)
		return -1;
	if (store_writer_write(w, buffer_bytes(&p->bytes), e) < 0) {
		store_writer_abort(w);
		return -1;
	}
	return store_writer_finish(w, e);
}

void dv_pack_release(struct dv_pack *p)
{
	buffer_release(&p->bytes);
}

int dv_key(struct buffer *out, const struct deletion_vector *dv, struct err *e)
{
	size_t size = strlen(dv->place), prefix = size - UUID_Z85_BYTES;
	struct buffer uuid = { 0 };
	char text[UUID_TEXT_BYTES + 1];

	if (size < UUID_Z85_BYTES ||
	    !z85_decode(&uuid, (struct bytes){ (const uint8_t *)dv->place + prefix,
					       UUID_Z85_BYTES })) {
		buffer_release(&uuid);
		return err_set(e, ERR_DATA, "deletion vector \"%s\" names no uuid",
			       dv->place);
	}
	uuid_format(text, uuid.data);
	buffer_release(&uuid);
	buffer_append(out, dv->place, prefix);
	buffer_format(out, "%sdeletion_vector_%s.bin", prefix > 0 ? "/" : "", text);
	return 0;
}

static int read_stored(struct row_set **out, struct store *store,
		       const struct deletion_vector *dv, const char *key,
		       uint64_t row_limit, struct err *e)
{
	uint64_t offset = dv->offset >= 0 ? (uint64_t)dv->offset : 0;
	uint64_t size = (uint64_t)dv->size_bytes + DV_BLOB_EXTRA_BYTES;
	struct buffer bytes = { 0 };
	int rc;

	rc = store_get(store, key, offset, size, &bytes, e);
	if (rc == 1)
		rc = err_set(e, ERR_DATA,
			     "it is gone; without it deleted rows would come back");
	if (rc < 0)
		goto out;
	rc = dv_blob_decode(out, buffer_bytes(&bytes), row_limit, e);
	if (rc < 0)
		err_wrap(e, "at %" PRIu64, offset);
out:
	buffer_release(&bytes);
	return rc;
}

static int read_inline(struct row_set **out, const struct deletion_vector *dv,
		       uint64_t row_limit, struct err *e)
{
	struct bytes text = bytes_of_text(dv->place);
	struct buffer bytes = { 0 };
	int rc;

	if (!z85_decode(&bytes, text) || bytes.size < dv->size_bytes)
		rc = err_set(e, ERR_DATA, "inline deletion vector is damaged");
	else
		rc = row_set_decode(out, (struct bytes){ bytes.data, dv->size_bytes },
				    row_limit, e);
	buffer_release(&bytes);
	return rc;
}

int dv_read(struct row_set **out, struct store *store, const struct deletion_vector *dv,
	    uint64_t row_limit, struct err *e)
{
	struct row_set *rows = NULL;
	struct buffer key = { 0 };
	int rc;

	if (dv->storage_type == 'i') {
		rc = read_inline(&rows, dv, row_limit, e);
	} else if (dv->storage_type == 'u') {
		rc = dv_key(&key, dv, e);
		if (rc == 0)
			rc = read_stored(&rows, store, dv, buffer_string(&key), row_limit,
					 e);
		if (rc < 0 && key.size > 0)
			err_wrap(e, "\"%s\"", buffer_string(&key));
	} else {
		rc = err_set(e, ERR_CONFIG,
			     "deletion vector of storage type '%c': tailrace reads 'u' "
			     "and 'i'",
			     dv->storage_type);
	}
	buffer_release(&key);
	if (rc == 0 && row_set_count(rows) != dv->cardinality) {
		rc = err_set(e, ERR_DATA,
			     "deletion vector deletes %" PRIu64
			     " rows, the log says %" PRIu64,
			     row_set_count(rows), dv->cardinality);
		row_set_free(rows);
	}
	if (rc == 0)
		*out = rows;
	return rc;
}
