/* SPDX-License-Identifier: Apache-2.0 */
#include "source/mysql/captured.h"

#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/text.h"

void captured_take(struct captured_list *l, struct catalog *c)
{
	l->tables = memory_array(struct captured, c->table_count);
	l->count = c->table_count;
	for (uint32_t i = 0; i < c->table_count; i++) {
		struct captured *t = &l->tables[i];

		t->now = c->tables[i];
		t->now.table->is_announced = true;
		t->first_schema = schema_share(t->now.table->schema);
		t->announced = t->first_schema;
		atomic_store(&t->rows_expected, t->now.rows_estimate);
	}
	memory_free(c->tables);
	c->tables = NULL;
	c->table_count = 0;
}

static void release(struct captured *t)
{
	for (uint32_t i = 0; i < t->layout_count; i++) {
		mysql_table_free(t->layouts[i]->table);
		memory_free(t->layouts[i]->fields);
		memory_free(t->layouts[i]);
	}
	for (uint32_t i = 0; i < t->old_count; i++)
		mysql_table_free(t->old[i]);
	memory_free(t->layouts);
	memory_free(t->lacks);
	defaults_release(&t->defaults);
	mysql_position_release(&t->defaults_at);
	memory_free(t->old);
	lost_values_release(&t->lost);
	copy_progress_release(&t->copy);
	mysql_position_release(&t->at);
	mysql_position_release(&t->copied_through);
	catalog_table_release(&t->now);
	schema_release(t->first_schema);
}

void captured_release(struct captured_list *l)
{
	for (uint32_t i = 0; i < l->count; i++)
		release(&l->tables[i]);
	memory_free(l->tables);
	*l = (struct captured_list){ 0 };
}

bool captured_is(const struct captured_list *l, const struct captured *t, const char *database,
		 const char *table)
{
	const struct schema *s = t->first_schema;
	int (*compare)(const char *, const char *) = l->folds_names ? strcasecmp : strcmp;

	return (table[0] == 0 || compare(s->table, table) == 0) && compare(s->database, database) == 0;
}

struct captured *captured_find(struct captured_list *l, const char *database, const char *table)
{
	for (uint32_t i = 0; i < l->count && table[0] != 0; i++) {
		if (captured_is(l, &l->tables[i], database, table))
			return &l->tables[i];
	}
	return NULL;
}

static bool has_schema(const struct captured *t, const struct schema *s, const struct layout **layout)
{
	*layout = NULL;
	if (t->now.table->schema == s)
		return true;
	for (uint32_t i = 0; i < t->layout_count; i++) {
		if (t->layouts[i]->table->schema == s) {
			*layout = t->layouts[i];
			return true;
		}
	}
	return false;
}

struct captured *captured_of(struct captured_list *l, const struct schema *s,
			     const struct layout **layout)
{
	if (l->recent != NULL && has_schema(l->recent, s, layout))
		return l->recent;
	for (uint32_t i = 0; i < l->count; i++) {
		if (has_schema(&l->tables[i], s, layout))
			return l->recent = &l->tables[i];
	}
	return NULL;
}

bool captured_lacks(const struct captured *t, const char *name)
{
	int at = schema_find(t->first_schema, name);

	return schema_find(t->announced, name) < 0 || (t->lacks != NULL && at >= 0 && t->lacks[at]);
}

static int parse_position(struct mysql_position *out, const char *text, bool is_mariadb, struct err *e)
{
	if (mysql_position_parse(out, text, is_mariadb, e) < 0)
		return -1;
	out->base.format = mysql_position_format;
	return 0;
}

/* A place of the log that matters until the stream has passed it. */
static int resume_mark(struct mysql_position *out, bool *has, const json_t *mark, bool is_mariadb,
		       struct err *e)
{
	char *text = json_dumps(mark, JSON_COMPACT);
	int rc = parse_position(out, text, is_mariadb, e);

	memory_free(text);
	*has = rc == 0;
	return rc;
}

int captured_resume(struct captured *t, const char *text, bool is_mariadb, struct err *e)
{
	const struct schema *s = t->first_schema;
	json_t *root = json_loads(text, 0, NULL), *member;
	int rc = 0;

	if (root == NULL)
		rc = err_set(e, ERR_DATA, "the position in the lake is not readable");
	if (rc == 0)
		rc = parse_position(&t->at, text, is_mariadb, e);
	t->has_position = rc == 0;
	if (rc == 0 && (member = json_object_get(root, "copied_through")) != NULL)
		rc = resume_mark(&t->copied_through, &t->has_copied_through, member, is_mariadb, e);
	if (rc == 0 && (member = json_object_get(root, "defaults_at")) != NULL)
		rc = resume_mark(&t->defaults_at, &t->has_defaults_at, member, is_mariadb, e);
	if (rc == 0 && (member = json_object_get(root, "copy")) != NULL)
		rc = copy_progress_parse(&t->copy, member, s->key_count, e);
	if (rc == 0)
		rc = lost_values_parse(&t->lost, text, e);
	json_decref(root);
	return rc < 0 ? err_wrap(e, "table %s.%s", s->database, s->table) : 0;
}

void captured_format(void *list, const struct schema *table, struct buffer *out)
{
	struct captured *t = table != NULL ? captured_find(list, table->database, table->table) : NULL;

	if (t == NULL)
		return;
	if (t->copy.is_open) {
		buffer_text(out, ",\"copy\":");
		copy_progress_format(&t->copy, out);
	} else if (t->has_copied_through) {
		buffer_text(out, ",\"copied_through\":");
		mysql_position_format(&t->copied_through.base, NULL, out);
	}
	if (t->has_defaults_at) {
		buffer_text(out, ",\"defaults_at\":");
		mysql_position_format(&t->defaults_at.base, NULL, out);
	}
	lost_values_format(&t->lost, out);
}

void captured_note_invalid(struct captured *t, uint32_t column, const char *text,
			   const char *position)
{
	lost_values_note(&t->lost, t->first_schema, t->now.table->columns[column].name, text, position);
}

/* The places are compared first: they are cheap, and cannot deceive on one server. */
static bool has_passed(const struct mysql_position *now, const struct mysql_position *mark)
{
	if (strcmp(now->server_uuid, mark->server_uuid) == 0 && now->server_id == mark->server_id &&
	    place_compare(now->file, now->offset, mark->file, mark->offset) < 0)
		return false;
	return position_reaches(now, mark);
}

void captured_pass(struct captured_list *l, const struct mysql_position *now)
{
	for (uint32_t i = 0; i < l->count; i++) {
		struct captured *t = &l->tables[i];

		if (!t->is_passed && has_passed(now, &t->at))
			t->is_passed = true;
		if (t->has_copied_through && t->is_passed && has_passed(now, &t->copied_through))
			t->has_copied_through = false;
		if (t->has_defaults_at && has_passed(now, &t->defaults_at))
			t->has_defaults_at = false;
	}
}

/* The newer definition has all columns of the older one, but others may stand in front of them. */
static void move_layouts(struct captured *t, const struct schema *newer)
{
	const struct schema *s = t->now.table->schema;

	for (uint32_t i = 0; i < t->layout_count; i++) {
		struct layout *l = t->layouts[i];

		for (uint32_t k = 0; k < l->table->schema->field_count; k++)
			l->fields[k] = (uint32_t)schema_find(newer, s->fields[l->fields[k]].name);
	}
}

void captured_replace(struct captured *t, struct catalog_table *newer)
{
	move_layouts(t, newer->table->schema);
	t->old = memory_grow(t->old, struct mysql_table *, t->old_count + 1);
	t->old[t->old_count++] = t->now.table;
	t->now.table = NULL;
	defaults_release(&t->defaults);
	catalog_table_release(&t->now);
	t->now = *newer;
	t->now.table->is_announced = true;
	*newer = (struct catalog_table){ 0 };
}
