/* SPDX-License-Identifier: Apache-2.0 */
#include "source/mysql/layout.h"

#include <string.h>
#include <strings.h>

static const struct mysql_column *find(const struct mysql_table *t, const char *name, uint32_t *at)
{
	for (uint32_t i = 0; i < t->column_count; i++) {
		if (strcmp(t->columns[i].name, name) == 0) {
			*at = i;
			return &t->columns[i];
		}
	}
	return NULL;
}

static bool same_labels(const struct mysql_column *a, const struct mysql_column *b)
{
	if (a->label_count != b->label_count)
		return false;
	for (uint32_t i = 0; i < a->label_count; i++) {
		if (strcmp(a->labels[i], b->labels[i]) != 0)
			return false;
	}
	return true;
}

/* Types and metadata are compared when the plan of the rows is made; here, what the plan cannot see. */
static int compare_column(const struct table_map *map, const struct mysql_column *logged,
			  const struct mysql_column *known, struct err *e)
{
	if (map->has_signedness && (mysql_class_of(known->type) & CLASS_SIGNED) != 0 &&
	    logged->is_unsigned != known->is_unsigned)
		return err_set(e, ERR_CONFIG, "column \"%s\" is %s in the log and %s in the catalog", known->name,
			       logged->is_unsigned ? "unsigned" : "signed",
			       known->is_unsigned ? "unsigned" : "signed");
	if (map->has_charsets && known->charset != NULL && logged->charset != NULL &&
	    logged->charset != known->charset)
		return err_set(e, ERR_CONFIG, "column \"%s\" is in character set %s in the log and in %s in the "
			       "catalog", known->name, charset_name(logged->charset),
			       charset_name(known->charset));
	if (logged->label_count > 0 && known->label_count > 0 && !same_labels(logged, known))
		return err_set(e, ERR_CONFIG, "column \"%s\" has other values in the log than in the catalog (%s)",
			       known->name, known->declared);
	return 0;
}

/* A primary key in the log that is not our key. A table whose key is another unique one logs none. */
static int compare_key(const struct catalog_table *known, const struct table_map *map, struct err *e)
{
	const struct schema *s = known->table->schema;
	bool is_same = map->key_count == s->key_count;

	if (!map->has_names || !known->key_is_primary)
		return 0;
	for (uint32_t i = 0; i < s->key_count && is_same; i++)
		is_same = strcmp(map->columns[map->key[i]].name, s->fields[s->key[i]].name) == 0;
	if (is_same)
		return 0;
	return err_set(e, ERR_CONFIG, "its primary key in the log is not the one in the catalog");
}

enum layout_fit layout_compare(const struct catalog_table *known, const struct table_map *map,
			       struct err *e)
{
	const struct mysql_table *t = known->table;
	uint32_t next = 0;

	if (!map->has_names) {
		if (map->column_count == t->column_count)
			return LAYOUT_SAME;
		err_set(e, ERR_CONFIG, "it has %u columns in the log and %u in the catalog", map->column_count,
			t->column_count);
		return LAYOUT_UNKNOWN;
	}
	for (uint32_t i = 0; i < map->column_count; i++) {
		const struct mysql_column *column;
		uint32_t at = 0;

		column = find(t, map->columns[i].name, &at);
		if (column == NULL || at < next) {
			err_set(e, ERR_CONFIG, "column \"%s\" of the log %s", map->columns[i].name,
				column == NULL ? "is not in the catalog" : "stands elsewhere in the catalog");
			return LAYOUT_UNKNOWN;
		}
		if (compare_column(map, &map->columns[i], column, e) < 0)
			return LAYOUT_UNKNOWN;
		next = at + 1;
	}
	if (compare_key(known, map, e) < 0)
		return LAYOUT_UNKNOWN;
	return map->column_count == t->column_count ? LAYOUT_SAME : LAYOUT_OLDER;
}

int layout_may_add(const struct catalog_table *t, uint32_t column, struct err *e)
{
	const struct mysql_column *c = &t->table->columns[column];

	switch (t->defaults[column].kind) {
	case DEFAULT_NULL:
	case DEFAULT_LITERAL:
		return 0;
	case DEFAULT_NOW:
	case DEFAULT_COMPUTED:
	case DEFAULT_NONE:
	case DEFAULT_GENERATED:
		break;
	}
	return err_set(e, ERR_CONFIG, "column \"%s\" (%s) was added with a value for the rows that were there "
		       "already, which the log does not show", c->name, c->declared);
}

int layout_extends(const struct catalog_table *known, const struct catalog_table *newer, struct err *e)
{
	const struct mysql_table *a = known->table, *b = newer->table;

	for (uint32_t i = 0; i < b->column_count; i++) {
		uint32_t at;

		if (find(a, b->columns[i].name, &at) == NULL && layout_may_add(newer, i, e) < 0)
			return -1;
	}
	if (schema_equal(a->schema, b->schema) || schema_extends(a->schema, b->schema))
		return 0;
	return err_set(e, ERR_CONFIG, "its definition changed by more than added columns");
}

static struct mysql_table *find_older(const struct captured *t, const struct table_map *map)
{
	for (uint32_t i = 0; i < t->layout_count; i++) {
		struct mysql_table *known = t->layouts[i]->table;
		bool is_same = known->column_count == map->column_count;

		for (uint32_t k = 0; k < map->column_count && is_same; k++)
			is_same = strcmp(known->columns[k].name, map->columns[k].name) == 0;
		if (is_same)
			return known;
	}
	return NULL;
}

static struct mysql_column copy_column(const struct mysql_column *from)
{
	struct mysql_column c = *from;

	c.name = memory_copy_text(from->name);
	c.declared = memory_copy_text(from->declared);
	c.labels = NULL;
	if (from->label_count > 0)
		c.labels = memory_array(char *, from->label_count);
	for (uint32_t i = 0; i < from->label_count; i++)
		c.labels[i] = memory_copy_text(from->labels[i]);
	return c;
}

/* Every later column that is missing must be one that may be added. */
static int check_missing(const struct captured *t, const uint32_t *fields, uint32_t count, struct err *e)
{
	uint32_t next = 0;

	for (uint32_t i = 0; i < t->now.table->column_count; i++) {
		if (next < count && fields[next] == i) {
			next++;
			continue;
		}
		if (layout_may_add(&t->now, i, e) < 0)
			return -1;
	}
	return 0;
}

int layout_older(struct captured *t, const struct table_map *map, struct mysql_table **out,
		 struct err *e)
{
	const struct mysql_table *now = t->now.table;
	const struct schema *s = now->schema;
	uint32_t *fields, *key;
	struct mysql_column *columns;
	struct layout *l;

	*out = find_older(t, map);
	if (*out != NULL)
		return 0;
	fields = memory_array(uint32_t, map->column_count + 1);
	key = memory_array(uint32_t, s->key_count + 1);
	for (uint32_t i = 0; i < map->column_count; i++) {
		(void)find(now, map->columns[i].name, &fields[i]);
		for (uint32_t k = 0; k < s->key_count; k++) {
			if (s->key[k] == fields[i])
				key[k] = i;
		}
	}
	if (check_missing(t, fields, map->column_count, e) < 0) {
		memory_free(fields);
		memory_free(key);
		return -1;
	}
	columns = memory_array(struct mysql_column, map->column_count + 1);
	for (uint32_t i = 0; i < map->column_count; i++)
		columns[i] = copy_column(&now->columns[fields[i]]);
	l = memory_new(struct layout);
	l->fields = fields;
	t->layouts = memory_grow(t->layouts, struct layout *, t->layout_count + 1);
	if (mysql_table_new(&l->table, s->database, s->table, columns, map->column_count, key,
			    s->key_count, e) < 0) {
		memory_free(key);
		memory_free(fields);
		memory_free(l);
		return -1;
	}
	memory_free(key);
	l->table->is_announced = true;
	t->layouts[t->layout_count++] = l;
	*out = l->table;
	return 0;
}
