/* SPDX-License-Identifier: Apache-2.0 */
/* An Avro file from anybody: refused, or every record of it can be stepped over. */
#include "lib/one_object.h"
#include "table/iceberg/avro.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct one_object one = one_object_of((struct bytes){ data, size });
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
