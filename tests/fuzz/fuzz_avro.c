/* SPDX-License-Identifier: Apache-2.0 */
/* An Avro file from anybody: refused, or every record of it can be stepped over. */
#include <string.h>

#include "table/iceberg/avro.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct one_object {
	struct store store;
	struct bytes data;
};

static int get(struct store *s, const char *key, uint64_t offset, uint64_t size,
	       struct buffer *out, struct err *e)
{
	struct bytes data = ((struct one_object *)(void *)s)->data;

	(void)key;
	if (offset > data.size || size > data.size - offset)
		return err_set(e, ERR_DATA, "out of range");
	buffer_append(out, data.data + offset, size > 0 ? size : data.size - offset);
	return 0;
}

static int object_size(struct store *s, const char *key, uint64_t *out, struct err *e)
{
	(void)key;
	(void)e;
	*out = ((struct one_object *)(void *)s)->data.size;
	return 0;
}

static const struct store_ops ops = { .get = get, .size = object_size };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct one_object one = { { &ops }, { data, size } };
	struct err e = ERR_INIT;
	struct avro_reader *a;
	struct reader *r;

	if (avro_reader_open(&a, "file", &one.store, "x", &e) < 0)
		return 0;
	while (avro_reader_next(a, &r, &e) == 0) {
		avro_skip(r, avro_reader_schema(a));
		if (r->short_read)
			break;
	}
	avro_reader_close(a);
	return 0;
}
