/* SPDX-License-Identifier: Apache-2.0 */
/* The tables that messages name, and the topics that they come from. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "feed/feed_parts.h"
#include "feed/options.h"

static bool is_named(const struct feed_table *t, const char *database, const char *table)
{
	return strcmp(t->table, table) == 0 && strcmp(t->database, database) == 0;
}

struct feed_table *feed_table_named(const struct feed *f, const char *database, const char *table)
{
	for (uint32_t i = 0; i < f->table_count; i++) {
		if (is_named(f->tables[i], database, table))
			return f->tables[i];
	}
	return NULL;
}

struct feed_table *feed_table_find(struct feed *f, const char *database, const char *table)
{
	struct feed_table *t = feed_table_named(f, database, table);

	if (t != NULL)
		return t;
	t = memory_new(struct feed_table);
	t->database = memory_copy_text(database);
	t->table = memory_copy_text(table);
	t->is_from = memory_array(bool, f->topic_count);
	f->tables = memory_grow(f->tables, struct feed_table *, f->table_count + 1);
	f->tables[f->table_count++] = t;
	return t;
}

struct feed_table *feed_table_of(struct feed *f, uint32_t topic, const char *database, const char *table)
{
	struct feed_topic *of = &f->topics[topic];
	const char *named = f->options->table;
	char first[256];

	if (named == NULL) {
		database = *database != '\0' ? database : of->database;
		table = *table != '\0' ? table : of->of_table;
	}
	if (of->table != NULL && (named != NULL || is_named(of->table, database, table)))
		return of->table;
	if (named != NULL) {
		snprintf(first, sizeof(first), "%.*s", (int)strcspn(named, "."), named);
		database = first;
		table = strchr(named, '.') + 1;
	}
	of->table = feed_table_find(f, database, table);
	of->table->is_from[topic] = true;
	return of->table;
}

/* --- what the target has ---------------------------------------------------------------------- */

int feed_table_start(struct feed *f, struct feed_table *t, const char *position, bool lacks, struct err *e)
{
	struct offsets begun = { 0 };
	int rc;

	t->is_open = t->is_final = true;
	if (position == NULL)
		return 0;
	t->is_announced = !lacks; /* the target has it with these columns */
	rc = feed_position_parse(&t->has, &begun, &t->seen, &t->lost, position, e);
	offsets_least(&f->begun, &begun);
	offsets_release(&begun);
	if (rc < 0)
		return -1;
	if (f->is_shared)
		lost_values_told(&t->lost);
	if (lacks)
		seen_widened(&t->seen);
	return 0;
}

static int open_table(struct feed *f, struct feed_table *t, struct err *e)
{
	char *position = NULL;
	bool *lacks = NULL;
	int rc = f->sink->open_table(f->sink, t->schema, &position, &lacks, e);

	if (rc == 0)
		rc = feed_table_start(f, t, position, lacks != NULL, e);
	memory_free(position);
	memory_free(lacks);
	return rc == 0 ? f->ops->opened(f, t, e) : rc;
}

/* The target opens a table that it hears of for the first time, and gets every new schema. */
int feed_announce(struct feed *f, struct feed_table *t, struct err *e)
{
	struct origin origin = { 0 };
	struct change c = { .kind = CHANGE_SCHEMA, .schema = t->schema, .origin = &origin };
	int rc = 0;

	if (t->is_announced)
		return 0;
	if (!t->is_open)
		rc = open_table(f, t, e);
	if (rc == 0 && !t->is_announced)
		rc = f->sink->take(f->sink, &c, e);
	t->is_announced = rc == 0;
	return rc;
}

/* --- forgetting ------------------------------------------------------------------------------- */

static void forget(struct feed_table *t)
{
	schema_release(t->schema);
	schema_release(t->columns);
	schema_release(t->said);
	offsets_release(&t->has);
	memory_free(t->is_from);
	seen_release(&t->seen);
	lost_values_release(&t->lost);
	memory_free(t->database);
	memory_free(t->table);
	memory_free(t);
}

void feed_forget_tables(struct feed *f)
{
	for (uint32_t i = 0; i < f->topic_count; i++)
		f->topics[i].table = NULL;
	for (uint32_t i = 0; i < f->table_count; i++)
		forget(f->tables[i]);
	f->table_count = 0;
}

void feed_forget_untold(struct feed *f)
{
	for (uint32_t i = 0; i < f->topic_count; i++) {
		if (f->topics[i].tells)
			continue;
		input_free(f->topics[i].input);
		f->topics[i].input = NULL;
	}
	feed_forget_tables(f);
}

void feed_drop_tables(struct feed *f, bool (*kept)(const struct feed *, const struct feed_table *))
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < f->topic_count; i++)
		f->topics[i].table = NULL;
	for (uint32_t i = 0; i < f->table_count; i++) {
		if (f->tables[i]->schema != NULL && (kept == NULL || kept(f, f->tables[i])))
			f->tables[count++] = f->tables[i];
		else
			forget(f->tables[i]);
	}
	f->table_count = count;
}
