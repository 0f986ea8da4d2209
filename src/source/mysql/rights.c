/* SPDX-License-Identifier: Apache-2.0 */
#include "source/mysql/rights.h"

#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/text.h"

/* "`name`" or "*" up to `stop`; returns behind it. Doubled quotes and escaped wildcards are undone. */
static const char *parse_name(char **out, const char *at, char stop)
{
	struct buffer name = { 0 };
	bool is_quoted = *at == '`' || *at == '"';
	char quote = *at;

	if (is_quoted)
		at++;
	for (; *at != '\0'; at++) {
		if (is_quoted && *at == quote && at[1] != quote)
			break;
		if (!is_quoted && (*at == stop || *at == ' '))
			break;
		if ((is_quoted && *at == quote) || (*at == '\\' && (at[1] == '_' || at[1] == '%')))
			at++;
		buffer_char(&name, *at == '%' ? '*' : *at);
	}
	if (is_quoted && *at == quote)
		at++;
	*out = memory_copy_text(buffer_string(&name));
	buffer_release(&name);
	return at;
}

static void add_one(struct rights *r, const char *from, size_t size, const char *database,
		    const char *table)
{
	while (size > 0 && *from == ' ') {
		from++;
		size--;
	}
	r->list = memory_grow(r->list, struct right, r->count + 1);
	r->list[r->count++] = (struct right){ memory_copy(from, size), memory_copy_text(database),
					      memory_copy_text(table) };
}

/* " ON " outside of the column lists and quotes of a right. */
static const char *find_on(const char *at)
{
	int depth = 0;

	for (; *at != '\0'; at++) {
		if (*at == '(')
			depth++;
		else if (*at == ')')
			depth--;
		else if (depth == 0 && strncmp(at, " ON ", 4) == 0)
			return at;
	}
	return NULL;
}

void rights_add(struct rights *r, const char *line)
{
	const char *at = line + 6, *on, *to, *comma;
	char *database, *table = NULL;
	int depth = 0;

	if (strncasecmp(line, "GRANT ", 6) != 0 || (on = find_on(at)) == NULL)
		return;
	to = parse_name(&database, on + 4, '.');
	if (*to == '.')
		to = parse_name(&table, to + 1, ' ');
	if (table != NULL && strncmp(to, " TO ", 4) == 0) {
		const char *end = strchr(to + 4, ' ');

		if (r->user == NULL)
			r->user = memory_copy(to + 4, end != NULL ? (size_t)(end - to - 4)
								  : strlen(to + 4));
		for (comma = at; comma <= on; comma++) {
			depth += (*comma == '(') - (*comma == ')');
			if (comma == on || (*comma == ',' && depth == 0)) {
				add_one(r, at, (size_t)(comma - at), database, table);
				at = comma + 1;
			}
		}
		if (strstr(to, "WITH GRANT OPTION") != NULL)
			add_one(r, "GRANT OPTION", 12, database, table);
	}
	memory_free(database);
	memory_free(table);
}

void rights_release(struct rights *r)
{
	for (uint32_t i = 0; i < r->count; i++) {
		memory_free(r->list[i].name);
		memory_free(r->list[i].database);
		memory_free(r->list[i].table);
	}
	memory_free(r->list);
	memory_free(r->user);
	*r = (struct rights){ 0 };
}

bool rights_have(const struct rights *r, const char *name, const char *database, const char *table)
{
	for (uint32_t i = 0; i < r->count; i++) {
		const struct right *one = &r->list[i];
		bool is_everywhere = strcmp(one->database, "*") == 0 && strcmp(one->table, "*") == 0;

		if (strcasecmp(one->name, name) != 0 && strcasecmp(one->name, "ALL PRIVILEGES") != 0)
			continue;
		if (is_everywhere)
			return true;
		if (database != NULL && text_glob(one->database, database) && text_glob(one->table, table))
			return true;
	}
	return false;
}
