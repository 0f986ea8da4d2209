/* SPDX-License-Identifier: Apache-2.0 */
/* A log entry from anybody: parsed, applied, its schema and its files' partition values read, and written again. */
#include "table/delta/schema_json.h"
#include "table/delta/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_partitions(const struct schema *schema, const struct state *state)
{
	struct err e = ERR_INIT;
	struct columns rows;

	columns_init(&rows, schema);
	for (uint32_t i = 0; i < state->file_count * schema->partition_count; i++) {
		const struct partition_field *p = &schema->partition[i % schema->partition_count];
		const struct data_file *f = &state->files[i / schema->partition_count];

		(void)partition_cell(&rows.columns[p->field], &schema->fields[p->field], text_map_get(&f->partition, p->name), &e);
	}
	columns_release(&rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct action_list list = { 0 };
	struct buffer text = { 0 };
	struct arena arena = { 0 };
	struct schema *schema = NULL;
	struct err e = ERR_INIT;
	struct state state;

	state_init(&state, true);
	if (action_list_parse(&list, (struct bytes){ data, size }, &arena, &e) == 0 &&
	    state_apply(&state, list.actions, list.count, 0, &e) == 0) {
		/* once more: what is known already */
		(void)state_apply(&state, list.actions, list.count, 1, &e);
		state_expire_tombstones(&state, 0);
		if (state.has_metadata &&
		    schema_parse(&schema, &state.metadata, &state.protocol, &e) == 0) {
			schema_format(&text, schema, schema_needs_mapping(schema), NULL);
			read_partitions(schema, &state);
		}
	}
	schema_release(schema);
	state_release(&state);
	action_list_release(&list);
	arena_release(&arena);
	buffer_release(&text);
	return 0;
}
