/* SPDX-License-Identifier: Apache-2.0 */
#include "source/mysql/selection.h"

#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/text.h"

static void add(struct selection_list *l, struct selection_pattern p)
{
	l->patterns = memory_grow(l->patterns, struct selection_pattern, l->count + 1);
	l->patterns[l->count++] = p;
}

static void add_names(struct selection_list *l, const struct mysql_url *url)
{
	for (uint32_t i = 0; i < url->name_count; i++) {
		const struct mysql_url_name *name = &url->names[i];
		const char *table = name->table != NULL ? name->table : "*";
		struct buffer text = { 0 };

		buffer_format(&text, "%s.%s", name->database, table);
		add(l, (struct selection_pattern){ memory_copy_text(name->database),
						   memory_copy_text(table),
						   memory_copy_text(buffer_string(&text)), false });
		buffer_release(&text);
	}
}

static int add_patterns(struct selection_list *l, const char *option, const char *from,
			struct err *e)
{
	while (from != NULL) {
		const char *comma = strchr(from, ',');
		size_t size = comma != NULL ? (size_t)(comma - from) : strlen(from);
		const char *dot = memchr(from, '.', size);
		size_t before = dot != NULL ? (size_t)(dot - from) : 0;
		size_t skip = dot != NULL ? before + 1 : 0;

		if (size == skip || (dot != NULL && before == 0))
			return err_set(e, ERR_CONFIG, "%s: an empty name in \"%.*s\"", option, (int)size,
				       from);
		add(l, (struct selection_pattern){
			       dot != NULL ? memory_copy(from, before) : memory_copy_text("*"),
			       memory_copy(from + skip, size - skip), memory_copy(from, size), false });
		from = comma != NULL ? comma + 1 : NULL;
	}
	return 0;
}

int selection_make(struct selection *out, const struct mysql_url *url, const char *tables,
		   const char *excluded, struct err *e)
{
	struct selection s = { 0 };

	add_names(&s.names, url);
	if (add_patterns(&s.tables, "--tables", tables, e) < 0 ||
	    add_patterns(&s.excluded, "--exclude-tables", excluded, e) < 0)
		goto failed;
	if (s.names.count == 0 && s.tables.count == 0) {
		err_set(e, ERR_CONFIG,
			"--from names no database: mysql://user@host:port/database, or --tables '*.*' for all");
		goto failed;
	}
	*out = s;
	return 0;
failed:
	selection_release(&s);
	return -1;
}

static void release(struct selection_list *l)
{
	for (uint32_t i = 0; i < l->count; i++) {
		memory_free(l->patterns[i].database);
		memory_free(l->patterns[i].table);
		memory_free(l->patterns[i].text);
	}
	memory_free(l->patterns);
	*l = (struct selection_list){ 0 };
}

void selection_release(struct selection *s)
{
	release(&s->names);
	release(&s->tables);
	release(&s->excluded);
}

static bool is_system(const char *database)
{
	static const char *const names[] = { "information_schema", "performance_schema", "mysql", "sys" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcasecmp(database, names[i]) == 0)
			return true;
	}
	return false;
}

/* Every pattern that matches is of use, not only the first. */
static bool matches(struct selection_list *l, const char *database, const char *table)
{
	bool found = false;

	for (uint32_t i = 0; i < l->count; i++) {
		struct selection_pattern *p = &l->patterns[i];

		if (text_glob(p->database, database) && text_glob(p->table, table))
			found = p->was_used = true;
	}
	return found;
}

bool selection_has(struct selection *s, const char *database, const char *table)
{
	if (is_system(database))
		return false;
	if (s->names.count > 0 && !matches(&s->names, database, table))
		return false;
	if (s->tables.count > 0 && !matches(&s->tables, database, table))
		return false;
	return !matches(&s->excluded, database, table);
}

static bool touches(const struct selection_list *l, const char *database)
{
	for (uint32_t i = 0; i < l->count; i++) {
		if (text_glob(l->patterns[i].database, database))
			return true;
	}
	return l->count == 0;
}

bool selection_touches(const struct selection *s, const char *database)
{
	return !is_system(database) && touches(&s->names, database) && touches(&s->tables, database);
}

static int check(const struct selection_list *l, const char *where, struct err *e)
{
	for (uint32_t i = 0; i < l->count; i++) {
		if (!l->patterns[i].was_used)
			return err_set(e, ERR_CONFIG,
				       "%s: no table of the server matches \"%s\" (views and system tables "
				       "do not count; a table that the user may not SELECT is not seen)",
				       where, l->patterns[i].text);
	}
	return 0;
}

int selection_check(const struct selection *s, struct err *e)
{
	if (check(&s->names, "--from", e) < 0 || check(&s->tables, "--tables", e) < 0 ||
	    check(&s->excluded, "--exclude-tables", e) < 0)
		return -1;
	return 0;
}
