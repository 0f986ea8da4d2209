/* SPDX-License-Identifier: Apache-2.0 */
/* Values and names in statements for the server. */
#include "source/mysql/value.h"

#include <string.h>

#include "base/text.h"

void mysql_quote_name(struct buffer *out, const char *name)
{
	buffer_char(out, '`');
	for (; *name != 0; name++) {
		if (*name == '`')
			buffer_char(out, '`');
		buffer_char(out, *name);
	}
	buffer_char(out, '`');
}

static void quote_bytes(struct buffer *out, struct bytes bytes)
{
	buffer_text(out, "X'");
	text_hex(out, bytes);
	buffer_char(out, '\'');
}

void mysql_quote_text(struct buffer *out, const char *text)
{
	buffer_text(out, "_utf8mb4 ");
	quote_bytes(out, bytes_of_text(text));
}

void value_select_of(const struct mysql_table *t, uint32_t column, const char *operand,
		     struct buffer *out)
{
	const struct mysql_column *c = &t->columns[column];

	if (c->type == MYSQL_SET) { /* the number, as of an ENUM; all 64 bits of it */
		buffer_format(out, "CAST(%s AS UNSIGNED)", operand);
		return;
	}
	buffer_text(out, operand);
	switch ((uint8_t)c->type) {
	case MYSQL_FLOAT: /* by itself it comes with six digits; +0e0 would lose -0 */
	case MYSQL_DOUBLE: /* DOUBLE(m,d) would come rounded */
		buffer_text(out, "*1e0");
		break;
	case MYSQL_ENUM: /* the number: labels then come from one place */
		buffer_text(out, "+0");
		break;
	default:
		break;
	}
}

void value_select(const struct mysql_table *t, uint32_t column, struct buffer *out)
{
	struct buffer name = { 0 };

	mysql_quote_name(&name, t->columns[column].name);
	value_select_of(t, column, buffer_string(&name), out);
	buffer_release(&name);
}

static void bit_literal(struct buffer *out, struct bytes value)
{
	uint64_t v = 0;

	for (size_t i = 0; i < value.size && i < 8; i++)
		v = v << 8 | value.data[i];
	text_uint(out, v);
}

void value_literal(const struct mysql_table *t, uint32_t column, struct bytes text,
		   struct buffer *out)
{
	const struct mysql_column *c = &t->columns[column];
	enum mysql_class class = mysql_class_of(c->type);

	if ((class & (CLASS_SIGNED | CLASS_YEAR | CLASS_LABELS)) != 0) {
		buffer_bytes_append(out, text);
		return;
	}
	if (class == CLASS_BIT) {
		bit_literal(out, text);
		return;
	}
	if ((class & CLASS_TEMPORAL) != 0) {
		buffer_format(out, "'%.*s'", (int)text.size, (const char *)text.data);
		return;
	}
	if (c->charset != NULL)
		buffer_format(out, "_%s ", charset_name(c->charset));
	else if (c->extension == MARIADB_UUID || c->extension == MARIADB_INET4 ||
		 c->extension == MARIADB_INET6)
		buffer_text(out, "_ascii ");
	quote_bytes(out, text);
}
