/* SPDX-License-Identifier: Apache-2.0 */
/* Binary JSON to text, and a partial update's differences applied to what came out. */
#include "base/text.h"
#include "change/json_patch.h"
#include "source/mysql/json_binary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of((struct bytes){ data, size });
	struct bytes document = reader_bytes(&r, reader_u16le(&r));
	struct bytes differences = reader_bytes(&r, reader_left(&r));
	struct buffer text = { 0 }, patch = { 0 }, out = { 0 };
	struct err e = ERR_INIT;

	if (json_binary_text(&text, document) == 0) {
		if (!text_is_utf8(buffer_bytes(&text)))
			__builtin_trap();
		if (json_binary_patch(&patch, differences) == 0)
			(void)json_patch_apply(&out, buffer_bytes(&text), buffer_bytes(&patch), &e);
	}
	buffer_clear(&out);
	(void)json_patch_apply(&out, buffer_bytes(&text), differences, &e);
	buffer_release(&text);
	buffer_release(&patch);
	buffer_release(&out);
	return 0;
}
