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

/* The column as the log's rows have it; nothing of it is owned. */
static struct mysql_column logged_column(const struct table_map *map, uint32_t at, const struct mysql_column *known)
{
	const struct mysql_column *logged = &map->columns[at];
	struct mysql_column c = *known;

	if (c.extension == MYSQL_PLAIN) {
		c.type = logged->type;
		c.extension = logged->extension;
		c.meta = logged->meta;
		c.length = logged->length;
		c.precision = logged->precision;
		c.scale = logged->scale;
		c.fraction_digits = logged->fraction_digits;
	}
	if (map->has_signedness && (mysql_class_of(c.type) & CLASS_SIGNED) != 0)
		c.is_unsigned = logged->is_unsigned;
	return c;
}

static bool same_form(const struct mysql_column *a, const struct mysql_column *b)
{
	unsigned class = mysql_class_of(a->type);

	if (class != mysql_class_of(b->type) || a->is_unsigned != b->is_unsigned)
		return false;
	if ((class & (CLASS_INTEGER | CLASS_REAL)) != 0)
		return a->type == b->type;
	return class != CLASS_DECIMAL || (a->precision == b->precision && a->scale == b->scale);
}

/* Of two types of a kind, of which one may become the other without a change of values. */
static bool is_kind(const struct mysql_column *a, const struct mysql_column *b)
{
	static const unsigned kinds[] = { CLASS_INTEGER, CLASS_REAL, CLASS_DECIMAL, CLASS_STRING };
	unsigned classes = mysql_class_of(a->type) | mysql_class_of(b->type);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if ((classes & ~kinds[i]) == 0)
			return a->scale == b->scale && a->extension == MYSQL_PLAIN && b->extension == MYSQL_PLAIN;
	}
	return false;
}

/* Whether the column was altered since, to a type in which the lake has all that the log's rows have there. */
static bool is_narrower(const struct table_map *map, const struct mysql_column *logged, const struct mysql_column *known)
{
	struct field from = { 0 }, to = { 0 };

	if (same_form(logged, known) || !is_kind(logged, known))
		return false;
	if (mysql_class_of(known->type) == CLASS_INTEGER && !map->has_signedness)
		return false; /* whether the log's one has a sign, it does not tell */
	return mysql_column_type(&from, logged) && mysql_column_type(&to, known) &&
	       (field_same_type(&from, &to) || field_widens(&from, &to));
}

static int other_type(const struct mysql_column *logged, const struct mysql_column *known, struct err *e)
{
	struct mysql_column bare = *logged;
	struct buffer words = { 0 };

	bare.declared = NULL;
	mysql_column_describe(&bare, &words);
	err_set(e, ERR_CONFIG, "column \"%s\" is %s in the log and %s in the catalog", known->name, buffer_string(&words),
		known->declared);
	buffer_release(&words);
	return -1;
}

/* Lengths and the like are compared when the plan of the rows is made. 1: it is narrower. */
static int compare_column(const struct table_map *map, uint32_t at, const struct mysql_column *known, struct err *e)
{
	const struct mysql_column *logged = &map->columns[at];
	struct mysql_column as_logged = logged_column(map, at, known);

	if (is_narrower(map, &as_logged, known))
		return 1;
	if (map->has_signedness && (mysql_class_of(known->type) & CLASS_SIGNED) != 0 &&
	    logged->is_unsigned != known->is_unsigned)
		return err_set(e, ERR_CONFIG, "column \"%s\" is %s in the log and %s in the catalog", known->name,
			       logged->is_unsigned ? "unsigned" : "signed",
			       known->is_unsigned ? "unsigned" : "signed");
	if (!same_form(&as_logged, known))
		return other_type(&as_logged, known, e);
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
	bool is_older = map->column_count != t->column_count;
	uint32_t next = 0;

	if (!map->has_names && is_older) {
		err_set(e, ERR_CONFIG, "it has %u columns in the log and %u in the catalog", map->column_count,
			t->column_count);
		return LAYOUT_UNKNOWN;
	}
	for (uint32_t i = 0; i < map->column_count; i++) {
		const struct mysql_column *column = &t->columns[i];
		uint32_t at = i;
		int rc;

		if (map->has_names)
			column = find(t, map->columns[i].name, &at);
		if (column == NULL || at < next) {
			err_set(e, ERR_CONFIG, "column \"%s\" of the log %s", map->columns[i].name,
				column == NULL ? "is not in the catalog" : "stands elsewhere in the catalog");
			return LAYOUT_UNKNOWN;
		}
		rc = compare_column(map, i, column, e);
		if (rc < 0)
			return LAYOUT_UNKNOWN;
		is_older |= rc > 0;
		next = at + 1;
	}
	if (compare_key(known, map, e) < 0)
		return LAYOUT_UNKNOWN;
	return is_older ? LAYOUT_OLDER : LAYOUT_SAME;
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
	return err_set(e, ERR_CONFIG, "its definition changed by more than added columns and wider types");
}

static bool is_column(const struct table_map *map, uint32_t at, const struct mysql_column *c)
{
	struct mysql_column logged = logged_column(map, at, c);

	return same_form(&logged, c) && (!map->has_names || strcmp(c->name, map->columns[at].name) == 0);
}

static struct mysql_table *find_older(const struct captured *t, const struct table_map *map)
{
	for (uint32_t i = 0; i < t->layout_count; i++) {
		struct mysql_table *known = t->layouts[i]->table;
		bool is_same = known->column_count == map->column_count;

		for (uint32_t k = 0; k < map->column_count && is_same; k++)
			is_same = is_column(map, k, &known->columns[k]);
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
		fields[i] = i;
		if (map->has_names)
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
	for (uint32_t i = 0; i < map->column_count; i++) {
		struct mysql_column logged = logged_column(map, i, &now->columns[fields[i]]);

		columns[i] = copy_column(&logged);
	}
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
