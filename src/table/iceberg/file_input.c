/* SPDX-License-Identifier: Apache-2.0 */
#include "table/iceberg/file_input.h"

#include "base/memory.h"

static int get(void *context, uint64_t offset, uint64_t size, struct buffer *out, struct err *e)
{
	const struct file_input *in = context;
	int rc = in->store->ops->get(in->store, in->key, offset, size, out, e);

	return rc > 0 ? err_set(e, ERR_DATA, "the file is gone from the store") : rc;
}

struct parquet_input file_input_of(const struct file_input *in, uint64_t size_bytes)
{
	return (struct parquet_input){ get, (void *)(uintptr_t)in, size_bytes };
}

/* A column that is not there reads as NULL: wrong, unless the partition's value is NULL. */
static int check_row(const struct columns *row, const struct data_file *file, const struct schema *s, struct err *e)
{
	for (uint32_t i = 0; i < s->partition_count; i++) {
		const struct partition_field *p = &s->partition[i];
		const char *value = text_map_get(&file->partition, p->name);

		if (value != NULL && value[0] != '\0' && column_is_null(&row->columns[p->field], 0))
			return err_set(e, ERR_CONFIG, "Iceberg: file \"%s\" of a partitioned table has no column \"%s\" in it, as those of "
				       "other engines have not, and the Iceberg metadata was made without partitions: remove the folder _iceberg of "
				       "the table: it is made anew with them", file->path, p->name);
	}
	return 0;
}

int file_input_require_partition(struct store *store, const struct data_file *file, struct schema *schema, struct err *e)
{
	char *key = table_file_key(file->path);
	const struct file_input in = { store, key };
	uint8_t *wanted = memory_array(uint8_t, schema->field_count / 8 + 1);
	struct parquet_reader *reader = NULL;
	struct columns row;
	int rc;

	for (uint32_t i = 0; i < schema->partition_count; i++)
		wanted[schema->partition[i].field / 8] |= (uint8_t)(1u << schema->partition[i].field % 8);
	columns_init(&row, schema);
	rc = schema->partition_count == 0 ? 1 : parquet_reader_open(&reader, schema, file_input_of(&in, file->size_bytes), e);
	if (rc == 0)
		rc = parquet_reader_next(reader, wanted, 1, &row, e);
	if (rc == 0)
		rc = check_row(&row, file, schema, e);
	parquet_reader_close(reader);
	columns_release(&row);
	memory_free(wanted);
	memory_free(key);
	return rc < 0 ? -1 : 0;
}
