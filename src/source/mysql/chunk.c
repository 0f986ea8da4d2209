/* SPDX-License-Identifier: Apache-2.0 */
#include "source/mysql/chunk.h"

#include <string.h>

static void key_name(struct buffer *sql, const struct catalog_table *t, uint32_t i)
{
	mysql_quote_name(sql, t->table->columns[t->table->schema->key[i]].name);
}

static void key_literal(struct buffer *sql, const struct catalog_table *t, const struct copy_key *k,
			uint32_t i)
{
	value_literal(t->table, t->table->schema->key[i], k->cells[i], sql);
}

static void from_table(struct buffer *sql, const struct catalog_table *t)
{
	buffer_text(sql, " FROM ");
	mysql_quote_name(sql, t->table->schema->database);
	buffer_char(sql, '.');
	mysql_quote_name(sql, t->table->schema->table);
	if (t->key_is_primary)
		buffer_text(sql, " FORCE INDEX (`PRIMARY`)");
}

static uint32_t cell_count(const struct catalog_table *t, const struct copy_key *k)
{
	uint32_t count = 0;

	while (count < t->table->schema->key_count && k->cells[count].data != NULL)
		count++;
	return count;
}

/*
 * (a, b, c) > (x, y, z) as a >= x AND (a > x OR a = x AND (b > y OR b = y AND c > z)): the servers make a
 * range of an index from the first term, which they do not from a row comparison.
 */
static void compare(struct buffer *sql, const struct catalog_table *t, const struct copy_key *k,
		    char direction, bool or_equal)
{
	uint32_t count = cell_count(t, k);

	buffer_char(sql, '(');
	if (count > 1) {
		key_name(sql, t, 0);
		buffer_format(sql, " %c= ", direction);
		key_literal(sql, t, k, 0);
		buffer_text(sql, " AND (");
	}
	for (uint32_t i = 0; i < count; i++) {
		bool is_last = i + 1 == count;

		key_name(sql, t, i);
		buffer_format(sql, " %c%s ", direction, is_last && or_equal ? "=" : "");
		key_literal(sql, t, k, i);
		if (is_last)
			break;
		buffer_text(sql, " OR ");
		key_name(sql, t, i);
		buffer_text(sql, " = ");
		key_literal(sql, t, k, i);
		buffer_text(sql, " AND (");
	}
	for (uint32_t i = 1; i < count; i++)
		buffer_char(sql, ')');
	buffer_text(sql, count > 1 ? "))" : ")");
}

static void order(struct buffer *sql, const struct catalog_table *t)
{
	for (uint32_t i = 0; i < t->table->schema->key_count; i++) {
		buffer_text(sql, i == 0 ? " ORDER BY " : ", ");
		key_name(sql, t, i);
	}
}

static void select_columns(struct buffer *sql, const struct catalog_table *t)
{
	for (uint32_t i = 0; i < t->table->column_count; i++) {
		buffer_text(sql, i == 0 ? "SELECT " : ", ");
		value_select(t->table, i, sql);
	}
}

void chunk_select(struct buffer *sql, const struct catalog_table *t, const struct copy_range *r,
		  uint64_t rows)
{
	const struct copy_key *after = r->last.cells != NULL ? &r->last : &r->from;

	select_columns(sql, t);
	from_table(sql, t);
	if (after->cells != NULL) {
		buffer_text(sql, " WHERE ");
		compare(sql, t, after, '>', false);
	}
	if (r->to.cells != NULL) {
		buffer_text(sql, after->cells != NULL ? " AND " : " WHERE ");
		compare(sql, t, &r->to, '<', true);
	}
	order(sql, t);
	buffer_format(sql, " LIMIT %llu", (unsigned long long)rows);
}

void chunk_select_all(struct buffer *sql, const struct catalog_table *t)
{
	select_columns(sql, t);
	from_table(sql, t);
}

void chunk_select_ends(struct buffer *sql, const struct catalog_table *t)
{
	buffer_text(sql, "SELECT MIN(");
	key_name(sql, t, 0);
	buffer_text(sql, "), MAX(");
	key_name(sql, t, 0);
	buffer_char(sql, ')');
	from_table(sql, t);
}

void chunk_select_limit(struct buffer *sql, const struct catalog_table *t, const struct copy_key *after,
			uint64_t rows)
{
	for (uint32_t i = 0; i < t->table->schema->key_count; i++) {
		buffer_text(sql, i == 0 ? "SELECT " : ", ");
		value_select(t->table, t->table->schema->key[i], sql);
	}
	from_table(sql, t);
	if (after->cells != NULL) {
		buffer_text(sql, " WHERE ");
		compare(sql, t, after, '>', false);
	}
	order(sql, t);
	buffer_format(sql, " LIMIT 1 OFFSET %llu", (unsigned long long)rows);
}

bool chunk_key_is_safe(const struct catalog_table *t, const struct copy_key *key)
{
	static const char plain[] = "0123456789+-.:eE ";
	uint32_t count = key->cells != NULL ? cell_count(t, key) : 0;

	for (uint32_t i = 0; i < count; i++) {
		const struct mysql_column *c = &t->table->columns[t->table->schema->key[i]];
		const struct bytes *cell = &key->cells[i];

		/* what value_literal writes in hexadecimal digits cannot do harm */
		if (c->charset != NULL || c->type == MYSQL_VARCHAR || c->type == MYSQL_STRING ||
		    c->type == MYSQL_BIT)
			continue;
		for (size_t k = 0; k < cell->size; k++) {
			if (cell->data[k] == 0 || strchr(plain, cell->data[k]) == NULL)
				return false;
		}
		if (cell->size == 0)
			return false;
	}
	return true;
}

bool chunk_key_is_whole(const struct catalog_table *t)
{
	return mysql_class_of(t->table->columns[t->table->schema->key[0]].type) == CLASS_INTEGER;
}
