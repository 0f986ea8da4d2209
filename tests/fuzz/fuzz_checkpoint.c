/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A checkpoint from anybody: Parquet when it begins so, else JSON (v2). Sidecars are the
 * same bytes.
 */
#include <string.h>

#include "lib/one_object.h"
#include "table/delta/handle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct one_object one = one_object_of((struct bytes){ data, size });
	bool is_parquet = size >= 4 && memcmp(data, "PAR1", 4) == 0;
	char key[] = "_delta_log/0.checkpoint.parquet",
	     json_key[] = "_delta_log/0.checkpoint.json";
	struct store_object object = { .key = is_parquet ? key : json_key };
	struct store_list files = { &object, 1 };
	struct err e = ERR_INIT;
	struct state state;

	state_init(&state, true);
	(void)checkpoint_read(&state, &one.store, &files, &e);
	state_release(&state);
	return 0;
}
