/* SPDX-License-Identifier: Apache-2.0 */
/* One cell: type u8, metadata u16, flags u8, then the image; as log bytes, as a query's text and as
 * the row of a prepared statement. */
#include "base/memory.h"
#include "source/mysql/table_map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct mysql_table *make_table(uint8_t type, uint16_t meta, uint8_t flags,
				      const struct charset_list *charsets)
{
	static const char *const sets[] = { "utf8mb4", "ucs2",    "utf16",
					    "utf32",   "utf16le", "ascii" };
	struct mysql_column *c = memory_array(struct mysql_column, 1);
	struct mysql_table *table = NULL;
	struct err e = ERR_INIT;

	c->name = memory_copy_text("c");
	mysql_column_from_log(c, type, meta);
	c->is_unsigned = (flags & 1) != 0;
	c->is_nullable = true;
	if ((flags & 2) != 0)
		c->charset = charset_find(charsets, sets[(flags >> 4) % 6]);
	if ((flags & 4) != 0)
		c->extension = (enum mysql_extension)((flags >> 4) % 6);
	c->label_count = 2;
	c->labels = memory_array(char *, 2);
	c->labels[0] = memory_copy_text("one");
	c->labels[1] = memory_copy_text("two");
	(void)mysql_table_new(&table, "d", "t", c, 1, NULL, 0, &e);
	return table;
}

static void run(struct mysql_table *t, uint8_t type, uint16_t meta, struct bytes image)
{
	struct value_policy policy = { .halts = false };
	struct reader r = reader_of(image);
	struct reply_column reply = { .is_unsigned = t->columns[0].is_unsigned };
	struct value_plan plan;
	struct columns c;
	struct bytes cell;
	struct err e = ERR_INIT;
	char text[96];

	columns_init(&c, t->schema);
	if (value_plan_make(&plan, t, 0, type, meta, &e) == 0) {
		cell = value_take(&plan, &r);
		if (!r.short_read && plan.decode(&plan, cell, &c.columns[0]) != VALUE_OK)
			value_describe(&plan, cell, text, sizeof(text));
	}
	(void)value_from_text(t, 0, image, &c.columns[0], &policy, &e);
	reply.type = type;
	if (reply_row(image, &reply, 1, &cell) && cell.data != NULL)
		(void)value_from_reply(t, 0, &reply, cell, &c.columns[0], &policy, &e);
	columns_release(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct charset_list *charsets = charset_list_new();
	struct reader r = reader_of((struct bytes){ data, size });
	uint8_t type = reader_u8(&r);
	uint16_t meta = reader_u16le(&r);
	uint8_t flags = reader_u8(&r);
	struct mysql_table *table = make_table(type, meta, flags, charsets);

	if (table != NULL)
		run(table, type, meta, reader_bytes(&r, reader_left(&r)));
	mysql_table_free(table);
	charset_list_free(charsets);
	return 0;
}
