/* SPDX-License-Identifier: Apache-2.0 */
#include "merge/attribute_value.h"

#include "base/text.h"
#include "table/partition.h"

void attribute_value_put(struct column *out, const struct field *f, const struct column *c, uint32_t row,
			 struct buffer *scratch)
{
	if (column_is_null(c, row)) {
		column_set_null(out);
		return;
	}
	if (f->type == TYPE_STRING) {
		struct bytes text = column_bytes(c, row);

		column_add_bytes(out, text.data, (uint32_t)text.size);
		return;
	}
	buffer_clear(scratch);
	if (f->type == TYPE_BINARY)
		text_base64(scratch, column_bytes(c, row));
	else if (f->type == TYPE_FLOAT) /* the same value once the column is a double */
		text_double(scratch, (double)column_float(c, row));
	else
		partition_text(scratch, f, c, row);
	column_add_bytes(out, scratch->data, (uint32_t)scratch->size);
}

int attribute_value_read(struct column *out, const struct field *f, const struct column *text, uint32_t row,
			 struct buffer *scratch, struct err *e)
{
	struct bytes from;

	if (column_is_null(text, row)) {
		column_set_null(out);
		return 0;
	}
	from = column_bytes(text, row);
	buffer_clear(scratch);
	if (f->type == TYPE_STRING) {
		column_add_bytes(out, from.data, (uint32_t)from.size);
	} else if (f->type == TYPE_BINARY) {
		long size = text_base64_decode(column_begin_bytes(out, (uint32_t)from.size / 4 * 3 + 3), from, false);

		if (size < 0)
			return err_set(e, ERR_DATA, "column \"%s\": a value of the long table is no base64", f->name);
		column_end_bytes(out, (uint32_t)size);
	} else {
		buffer_bytes_append(scratch, from);
		if (from.size == 0 || memchr(from.data, 0, from.size) != NULL)
			return err_set(e, ERR_DATA, "column \"%s\": a value of the long table is no %s", f->name, type_name(f->type));
		return partition_cell(out, f, buffer_string(scratch), e);
	}
	return 0;
}
