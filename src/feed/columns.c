/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The columns of a table and those of its messages. The table's stand as they are once the sink has it: what an input
 * finds in messages is brought into that order, whichever topic it reads and wherever in it a run begins.
 */
#include <string.h>

#include "base/memory.h"
#include "feed/feed_parts.h"
#include "feed/options.h"

int feed_table_seek(struct feed *f, struct feed_table *t, struct err *e)
{
	struct schema *known = NULL;

	if (t->is_sought)
		return 0;
	if (f->known->known_table != NULL && f->known->known_table(f->known, t->database, t->table, &known, e) < 0)
		return -1;
	if (known != NULL && known->mode == f->mode) { /* another mode: the sink says so when it opens the table */
		t->schema = schema_share(known);
		t->columns = f->mode == MODE_APPEND ? changelog_columns(known) : schema_share(known);
		t->is_final = true;
	}
	schema_release(known);
	t->is_sought = true;
	return 0;
}

int feed_table_tell(struct feed *f, struct feed_table *t, struct input *input, const struct message *said,
		     struct err *e)
{
	bool is_new = false;

	if (!said->is_inferred && t->told == f->schema_changes)
		return 0;
	for (uint32_t i = 0; i < f->topic_count; i++) {
		struct input *from = f->topics[i].input;
		struct schema *told = NULL;

		if (!f->topics[i].tells || from == input)
			continue;
		if (input_told(from, said->database, said->table, &told, e) < 0 ||
		    (told != NULL && input_tell(input, said->database, said->table, told, e) < 0))
			return -1;
		is_new |= told != NULL;
	}
	t->told = f->schema_changes;
	return is_new;
}

/* The message's columns under the table's name; the caller's. */
static struct schema *schema_of(const struct feed_table *t, struct schema *said)
{
	struct schema *s;

	if (strcmp(said->database, t->database) == 0 && strcmp(said->table, t->table) == 0)
		return schema_share(said);
	s = schema_new(t->database, t->table);
	for (uint32_t i = 0; i < said->field_count; i++) {
		const struct field *from = &said->fields[i];
		schema_add_copy(s, from->name, from, from->is_nullable)->null_is_invalid = from->null_is_invalid;
	}
	schema_set_key(s, said->key, said->key_count);
	schema_set_order(s, said->order, said->order_count);
	s->is_by_column = said->is_by_column;
	return s;
}

static int other_type(const struct field *was, const struct field *is, struct err *e)
{
	struct buffer text = { 0 };

	field_type_format(&text, was);
	buffer_text(&text, " in the lake table and ");
	field_type_format(&text, is);
	err_set(e, ERR_DATA, "column \"%s\" is %s from here on; " READ_ANEW("the lake table"), was->name, buffer_string(&text));
	buffer_release(&text);
	return -1;
}

/* 0, or ERR_CONFIG: the columns that order the table's changes are others. A table put together from events has none. */
static int check_order(const struct schema *was, const struct schema *is, struct err *e)
{
	struct buffer old = { 0 }, new = { 0 };
	int rc = 0;

	schema_names_format(&old, was, was->order, was->order_count);
	schema_names_format(&new, is, is->order, is->order_count);
	if (!bytes_equal(buffer_bytes(&old), buffer_bytes(&new)) && (was->order_count > 0 || !is->is_by_column))
		rc = err_set(e, ERR_CONFIG, "the lake table's changes are ordered by %s, and by %s from here on ([]: as they arrive; "
			     "--order, --order-by): set what it has, or " READ_ANEW("the lake table"), buffer_string(&old),
			     buffer_string(&new));
	buffer_release(&old);
	buffer_release(&new);
	return rc;
}

static bool has_key(const struct schema *was, const struct schema *is)
{
	bool has = was->key_count == is->key_count;

	for (uint32_t i = 0; has && i < was->key_count; i++)
		has = strcmp(was->fields[was->key[i]].name, is->fields[is->key[i]].name) == 0;
	return has;
}

/* The first of the table's columns that is not as it was, nor of a wider type; changelogs have no key, and NULLs in every column. */
static int check_same(const struct schema *was, const struct schema *is, enum table_mode mode, struct err *e)
{
	for (uint32_t i = 0; i < was->field_count; i++) {
		const struct field *old = &was->fields[i], *new;
		int at = schema_find(is, old->name);

		if (at < 0)
			return err_set(e, ERR_CONFIG, "column \"%s\" of the lake table is not in --schema; name it there, or "
				       READ_ANEW("the lake table"), old->name);
		new = &is->fields[at];
		if (!field_same_type(old, new) && !field_widens(old, new))
			return other_type(old, new, e);
		if (new->is_nullable != old->is_nullable && mode == MODE_MERGE)
			return err_set(e, ERR_DATA, "column \"%s\" is %s in the lake table and not from here on; "
				       READ_ANEW("the lake table"), old->name, old->is_nullable ? "nullable" : "NOT NULL");
	}
	return mode == MODE_APPEND || has_key(was, is) ? 0 :
	       err_set(e, ERR_DATA, "the key's columns are others from here on; " READ_ANEW("the lake table"));
}

static bool is_same(const struct schema *a, const struct schema *b, enum table_mode mode)
{
	if (mode == MODE_MERGE)
		return schema_equal(a, b);
	for (uint32_t i = 0; i < a->field_count && i < b->field_count; i++) {
		const struct field *f = &a->fields[i], *g = &b->fields[i];

		if (!field_same_type(f, g) || strcmp(f->name, g->name) != 0)
			return false;
	}
	return a->field_count == b->field_count;
}

/* The messages' columns become the table's. */
static int set_columns(struct feed *f, struct feed_table *t, struct schema *columns, struct err *e)
{
	struct schema *schema = NULL;

	if (f->mode == MODE_MERGE)
		schema = schema_share(columns);
	else if (changelog_schema(&schema, columns, t->database, t->table, f->options->before_image, e) < 0)
		return schema_release(columns), -1;
	schema_release(t->columns);
	schema_release(t->schema);
	t->columns = columns;
	t->schema = schema;
	t->is_announced = false;
	seen_widened(&t->seen);
	return 0;
}

int feed_table_meet(struct feed *f, struct feed_table *t, struct input *input, const struct message *said,
		     bool is_again, struct err *e)
{
	if (t->said == said->schema)
		return 0;
	if (t->columns == NULL || !is_same(t->columns, said->schema, f->mode)) {
		if (t->is_final && check_order(t->columns, said->schema, e) < 0)
			return -1;
		if (t->columns != NULL && !is_again)
			return input_know(input, said->database, said->table, t->columns, t->is_final, e) < 0 ? -1 : 1;
		if (t->is_final && check_same(t->columns, said->schema, f->mode, e) < 0)
			return -1;
		/* what is older than the column is committed before it is there */
		if (t->is_announced && feed_commit(f, e) < 0)
			return -1;
		if (set_columns(f, t, schema_of(t, said->schema), e) < 0)
			return -1;
	}
	schema_release(t->said);
	t->said = schema_share(said->schema);
	return 0;
}

int feed_table_begin(struct feed *f, struct feed_table *t, struct err *e)
{
	struct schema *given = f->input_options.schema;

	return set_columns(f, t, given != NULL ? schema_of(t, given) : schema_new(t->database, t->table), e);
}
