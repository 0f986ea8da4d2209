/* SPDX-License-Identifier: Apache-2.0 */
/* A log entry from anybody: parsed, applied, its schema read, and written again. */
#include "table/delta/schema_json.h"
#include "table/delta/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
		    schema_parse(&schema, &state.metadata, &state.protocol, &e) == 0)
			schema_format(&text, schema, schema_needs_mapping(schema));
	}
	schema_release(schema);
	state_release(&state);
	action_list_release(&list);
	arena_release(&arena);
	buffer_release(&text);
	return 0;
}
