/* SPDX-License-Identifier: Apache-2.0 */
/* Table metadata from anybody: parsed, a commit applied to it, and what comes of that read again. */
#include "table/iceberg/change_set.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct iceberg_snapshot next_snapshot(const struct iceberg_metadata *m)
{
	static const struct iceberg_pair operation = { "operation", "append" };

	return (struct iceberg_snapshot){
		.id = iceberg_snapshot_new_id(m), .parent_id = m->current != NULL ? m->current->id : -1,
		.sequence_number = m->last_sequence_number + 1, .timestamp_ms = m->last_updated_ms,
		.first_row_id = m->next_row_id, .added_rows = m->format_version > 2 ? 1 : -1, .schema_id = m->schema.id, .manifest_list = "m",
		.summary = &operation, .summary_count = 1,
	};
}

/* What we wrote, we can read. */
static void read_again(struct buffer *text, int64_t id)
{
	struct iceberg_metadata *m;
	struct err e = ERR_INIT;
	int rc = iceberg_metadata_parse(&m, buffer_bytes(text), &e);

	assert(rc == 0 && m->current->id == id);
	iceberg_metadata_free(m);
}

static void commit(const struct iceberg_metadata *m)
{
	struct iceberg_snapshot snapshot = next_snapshot(m);
	struct iceberg_change_set c;
	struct buffer text = { 0 };
	struct err e = ERR_INIT;
	int64_t *expired;

	iceberg_change_set_init(&c, m);
	iceberg_change_set_schema(&c, m, m->schema.columns);
	iceberg_expired_snapshots(m, true, 1, &expired, &c.expired_count);
	c.expired = expired;
	snapshot.schema_id = c.schema_id;
	c.snapshot = &snapshot;
	iceberg_change_set_requirements(&text, &c);
	iceberg_change_set_updates(&text, &c);
	buffer_clear(&text);
	if (m->last_sequence_number < INT64_MAX && m->next_row_id < INT64_MAX &&
	    iceberg_change_set_apply(&text, &c, m, "path", 1, &e) == 0)
		read_again(&text, snapshot.id);
	buffer_release(&text);
	memory_free(expired);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct iceberg_metadata *m;
	struct err e = ERR_INIT;

	if (iceberg_metadata_parse(&m, (struct bytes){ data, size }, &e) < 0)
		return 0;
	if (m->last_sequence_number >= 0 && m->last_sequence_number < INT64_MAX)
		commit(m);
	for (uint32_t i = 0; i < m->spec->field_count; i++) {
		struct field source;

		if (iceberg_metadata_source(&source, m, &m->spec->fields[i], &e) == 0)
			memory_free(source.name);
	}
	iceberg_metadata_free(m);
	return 0;
}
