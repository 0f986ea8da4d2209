/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass per database: its tables, columns and unique keys, three result sets in the order of table
 * names, merged by name. The order of columns is that of the log; MySQL's hidden columns (of functional
 * indexes) are in neither.
 */
#include "source/mysql/catalog.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

#define CHARSET_ANSWERS_MAX 16

struct collation {
	const char *charset;
	uint16_t id;
	uint32_t bytes_per_character;
};

struct reading {
	const struct server *server;
	struct selection *selection; /* NULL: exactly one table is read */
	struct connection *connection;
	struct charset_list *charsets;
	struct answer tables, columns, keys, collations;
};

static int ask(struct reading *r, struct answer *a, struct buffer *sql, struct err *e)
{
	int rc = connection_ask(r->connection, a, buffer_string(sql), e);

	buffer_clear(sql);
	return rc;
}

/* " WHERE table_schema = X'…' [AND table_name = X'…'] " */
static void where(struct buffer *sql, const char *database, const char *table)
{
	buffer_text(sql, " WHERE table_schema = ");
	mysql_quote_text(sql, database);
	if (table != NULL) {
		buffer_text(sql, " AND table_name = ");
		mysql_quote_text(sql, table);
	}
}

static int ask_tables(struct reading *r, const char *database, const char *table, struct err *e)
{
	struct buffer sql = { 0 };
	int rc;

	/* MySQL's estimates are a day old otherwise */
	if (!r->server->is_mariadb &&
	    connection_run(r->connection, "SET SESSION information_schema_stats_expiry = 0", e) < 0)
		return -1;
	buffer_text(&sql, "SELECT table_name, table_rows, avg_row_length, engine FROM "
			  "information_schema.tables");
	where(&sql, database, table);
	buffer_text(&sql, " AND table_type = 'BASE TABLE' ORDER BY CAST(table_name AS BINARY)");
	rc = ask(r, &r->tables, &sql, e);
	if (rc == 0) {
		buffer_text(&sql, "SELECT table_name, column_name, is_nullable, column_type, "
				  "collation_name, extra, column_default FROM information_schema.columns");
		where(&sql, database, table);
		buffer_text(&sql, " ORDER BY CAST(table_name AS BINARY), ordinal_position");
		rc = ask(r, &r->columns, &sql, e);
	}
	if (rc == 0) {
		buffer_text(&sql, "SELECT table_name, index_name, column_name, nullable, sub_part FROM "
				  "information_schema.statistics");
		where(&sql, database, table);
		buffer_text(&sql, " AND non_unique = 0 AND index_type <> 'FULLTEXT' ORDER BY CAST(table_name AS BINARY), "
				  "index_name = 'PRIMARY' DESC, index_name, seq_in_index");
		rc = ask(r, &r->keys, &sql, e);
	}
	buffer_release(&sql);
	return rc;
}

/* name, id, character set, its longest character; the newer MariaDB has ids only in the second table. */
static int ask_collations(struct reading *r, struct err *e)
{
	static const char by_name[] =
		"SELECT c.collation_name, c.id, c.character_set_name, s.maxlen FROM "
		"information_schema.collations c JOIN information_schema.character_sets s "
		"ON s.character_set_name = c.character_set_name";
	static const char by_full_name[] =
		"SELECT c.full_collation_name, c.id, c.character_set_name, s.maxlen FROM "
		"information_schema.collation_character_set_applicability c JOIN "
		"information_schema.character_sets s ON s.character_set_name = c.character_set_name";
	bool is_full = r->server->is_mariadb && r->server->version >= 101001;

	if (connection_ask(r->connection, &r->collations, is_full ? by_full_name : by_name, e) < 0)
		return -1;
	for (uint32_t i = 0; i < r->collations.row_count; i++) {
		uint64_t id = answer_uint(&r->collations, i, 1);

		if (id > 0 && id <= UINT16_MAX && answer_text(&r->collations, i, 2) != NULL)
			charset_bind_collation(r->charsets, (uint16_t)id, answer_text(&r->collations, i, 2));
	}
	return 0;
}

static bool find_collation(const struct reading *r, const char *name, struct collation *out)
{
	for (uint32_t i = 0; i < r->collations.row_count; i++) {
		const char *known = answer_text(&r->collations, i, 0);

		if (known == NULL || strcasecmp(known, name) != 0)
			continue;
		*out = (struct collation){ answer_text(&r->collations, i, 2),
					   (uint16_t)answer_uint(&r->collations, i, 1),
					   (uint32_t)answer_uint(&r->collations, i, 3) };
		return out->charset != NULL;
	}
	return false;
}

int catalog_load_charset(struct charset_list *charsets, const char *name, struct connection *c,
			 struct err *e)
{
	struct answer answers[CHARSET_ANSWERS_MAX] = { 0 };
	struct bytes cells[CHARSET_ANSWERS_MAX];
	struct buffer statements = { 0 };
	uint32_t count = 0;
	const char *at;
	int rc;

	if (charset_find(charsets, name) != NULL)
		return 0;
	rc = charset_questions(name, &statements, &count, e);
	if (rc == 0 && count > CHARSET_ANSWERS_MAX)
		rc = err_set(e, ERR_CONFIG, "character set %s: too many questions", name);
	at = (const char *)statements.data;
	for (uint32_t i = 0; i < count && rc == 0; i++) {
		rc = connection_ask(c, &answers[i], at, e);
		cells[i] = answer_bytes(&answers[i], 0, 0);
		at += strlen(at) + 1;
	}
	if (rc == 0)
		rc = charset_learn(charsets, name, cells, count, e);
	for (uint32_t i = 0; i < CHARSET_ANSWERS_MAX; i++)
		answer_release(&answers[i]);
	buffer_release(&statements);
	return rc < 0 ? err_wrap(e, "loading the character set %s", name) : 0;
}

/* The column of row `i` of the columns' answer; released by the caller in any case. */
static int read_column(struct reading *r, uint32_t i, struct mysql_column *c, struct err *e)
{
	const char *collation = answer_text(&r->columns, i, 4), *extra = answer_text(&r->columns, i, 5);
	struct collation found = { .bytes_per_character = 1 };

	c->name = memory_copy_text(answer_text(&r->columns, i, 1));
	c->declared = memory_copy_text(answer_text(&r->columns, i, 3));
	c->is_nullable = strcasecmp(answer_text(&r->columns, i, 2), "YES") == 0;
	if (extra != NULL) {
		c->is_invisible = strcasestr(extra, "INVISIBLE") != NULL;
		c->is_generated = strcasestr(extra, "VIRTUAL GENERATED") != NULL ||
				  strcasestr(extra, "STORED GENERATED") != NULL ||
				  strcasestr(extra, "PERSISTENT GENERATED") != NULL;
		c->is_unlogged = r->server->is_mariadb && strcasestr(extra, "VIRTUAL GENERATED") != NULL;
	}
	c->collation = 63;
	if (collation != NULL) {
		if (!find_collation(r, collation, &found))
			return err_set(e, ERR_CONFIG, "column \"%s\": the collation %s is not in the "
				       "server's list", c->name, collation);
		if (strcmp(found.charset, "binary") != 0) {
			if (catalog_load_charset(r->charsets, found.charset, r->connection, e) < 0)
				return -1;
			c->collation = found.id;
			c->charset = charset_find(r->charsets, found.charset);
		}
	}
	return mysql_column_declare(c, c->declared, r->server->is_mariadb, found.bytes_per_character, e);
}

static bool is_of(const struct answer *a, uint32_t row, const char *table)
{
	const char *name = answer_text(a, row, 0);

	return name != NULL && strcmp(name, table) == 0;
}

static int column_find(const struct mysql_column *columns, uint32_t count, const char *name)
{
	for (uint32_t i = 0; i < count; i++) {
		if (name != NULL && strcasecmp(columns[i].name, name) == 0)
			return (int)i;
	}
	return -1;
}

/* A table's key, as far as it is found. */
struct key {
	const struct mysql_column *columns; /* of the table */
	uint32_t column_count;
	uint32_t *fields; /* numbers of columns, in the key's order; room for all of them */
	uint32_t count;   /* 0: none */
	bool is_primary;
};

/* The index at *row, which moves behind it. It cannot identify a row for us: no fields. */
static void read_index(const struct reading *r, uint32_t *row, struct key *k)
{
	const struct answer *a = &r->keys;
	const char *table = answer_text(a, *row, 0), *index = answer_text(a, *row, 1);
	bool is_fit = true;

	k->count = 0;
	k->is_primary = strcasecmp(index, "PRIMARY") == 0;
	for (; *row < a->row_count && is_of(a, *row, table) && strcmp(answer_text(a, *row, 1), index) == 0; ++*row) {
		int at = column_find(k->columns, k->column_count, answer_text(a, *row, 2));

		is_fit &= at >= 0 && !k->columns[at].is_nullable && answer_text(a, *row, 4) == NULL &&
			  k->count < k->column_count;
		if (is_fit)
			k->fields[k->count++] = (uint32_t)at;
	}
	if (!is_fit)
		k->count = 0;
}

/*
 * The primary key, or the first unique key (by name) whose columns are whole and NOT NULL. Expressions
 * and prefixes cannot identify a row for us. `wanted`: this one or none; NULL: any.
 */
static void read_key(const struct reading *r, const char *table, const char *wanted, struct key *k)
{
	const struct answer *a = &r->keys;
	uint32_t row = 0;

	k->count = 0;
	while (row < a->row_count && !is_of(a, row, table))
		row++;
	while (row < a->row_count && is_of(a, row, table)) {
		const char *index = answer_text(a, row, 1);

		read_index(r, &row, k);
		if (k->count > 0 && (wanted == NULL || strcmp(index, wanted) == 0))
			return;
	}
	k->count = 0;
}

/* The order of definitions, which only SHOW INDEX has. */
static int read_declared_key(struct reading *r, const char *database, const char *table, struct key *k, struct err *e)
{
	struct buffer sql = { 0 };
	struct answer a = { 0 };
	int rc;

	buffer_text(&sql, "SHOW INDEX FROM ");
	mysql_quote_name(&sql, database);
	buffer_char(&sql, '.');
	mysql_quote_name(&sql, table);
	rc = ask(r, &a, &sql, e);
	k->count = 0;
	for (uint32_t i = 0; i < a.row_count && rc == 0 && k->count == 0; i++)
		read_key(r, table, answer_text(&a, i, 2), k);
	if (rc == 0 && k->count == 0)
		rc = err_set(e, ERR_RETRY, "its keys changed while they were read");
	answer_release(&a);
	buffer_release(&sql);
	return rc;
}

static int choose_key(struct reading *r, const char *database, const char *table, struct key *k, struct err *e)
{
	read_key(r, table, NULL, k);
	if (k->count == 0 || k->is_primary || !r->server->has_declared_keys)
		return 0;
	return read_declared_key(r, database, table, k, e);
}

static bool is_blob(const struct mysql_column *c)
{
	return (mysql_class_of(c->type) & (CLASS_BLOB | CLASS_JSON | CLASS_GEOMETRY | CLASS_VECTOR)) != 0;
}

static int read_columns(struct reading *r, const char *name, uint32_t *first,
			struct catalog_table *out, struct mysql_column **columns, uint32_t *count,
			struct err *e)
{
	uint32_t row = *first;

	for (; row < r->columns.row_count && !is_of(&r->columns, row, name); row++)
		;
	*first = row;
	for (; *first < r->columns.row_count && is_of(&r->columns, *first, name); ++*first)
		++*count;
	*columns = memory_array(struct mysql_column, *count + 1);
	out->default_count = *count;
	out->defaults = memory_array(struct column_default, *count + 1);
	for (uint32_t i = 0; i < *count; i++) {
		if (read_column(r, row + i, &(*columns)[i], e) < 0)
			return -1;
		column_default_read(&out->defaults[i], &(*columns)[i], answer_text(&r->columns, row + i, 6),
				    answer_text(&r->columns, row + i, 5), r->server->is_mariadb);
		out->has_blobs |= is_blob(&(*columns)[i]);
		out->has_json |= (*columns)[i].type == MYSQL_JSON;
	}
	return 0;
}

/* `first` is where the table's columns begin or a row before; it moves behind them. */
static int read_table(struct reading *r, const char *database, uint32_t row, uint32_t *first,
		      struct catalog_table *out, struct err *e)
{
	const char *name = answer_text(&r->tables, row, 0), *engine = answer_text(&r->tables, row, 3);
	struct mysql_column *columns = NULL;
	struct key key = { 0 };
	uint32_t count = 0;
	int rc = read_columns(r, name, first, out, &columns, &count, e);

	if (rc == 0 && count == 0)
		rc = err_set(e, ERR_RETRY, "it vanished while it was read");
	key = (struct key){ .columns = columns, .column_count = count, .fields = memory_array(uint32_t, count) };
	if (rc == 0)
		rc = choose_key(r, database, name, &key, e);
	if (rc < 0) {
		memory_free(key.fields);
		for (uint32_t i = 0; i < count; i++)
			mysql_column_release(&columns[i]);
		memory_free(columns);
		return err_wrap(e, "table %s.%s", database, name);
	}
	out->key_is_primary = key.count > 0 && key.is_primary;
	rc = mysql_table_new(&out->table, database, name, columns, count, key.fields, key.count, e);
	memory_free(key.fields);
	if (rc < 0)
		return -1;
	out->rows_estimate = answer_uint(&r->tables, row, 1);
	out->row_bytes_estimate = (uint32_t)answer_uint(&r->tables, row, 2);
	out->is_transactional = engine != NULL && strcasecmp(engine, "InnoDB") == 0;
	return 0;
}

static int read_database(struct reading *r, const char *database, struct catalog *out, struct err *e)
{
	uint32_t first = 0;

	if (ask_tables(r, database, NULL, e) < 0)
		return -1;
	for (uint32_t i = 0; i < r->tables.row_count; i++) {
		const char *name = answer_text(&r->tables, i, 0);
		struct catalog_table table = { 0 };

		if (!selection_has(r->selection, database, name))
			continue;
		if (read_table(r, database, i, &first, &table, e) < 0) {
			catalog_table_release(&table);
			return -1;
		}
		out->tables = memory_grow(out->tables, struct catalog_table, out->table_count + 1);
		out->tables[out->table_count++] = table;
	}
	return 0;
}

static void reading_release(struct reading *r)
{
	answer_release(&r->tables);
	answer_release(&r->columns);
	answer_release(&r->keys);
	answer_release(&r->collations);
}

int catalog_read(struct catalog *out, const struct server *s, struct selection *selection,
		 struct connection *c, struct err *e)
{
	struct catalog list = { .charsets = charset_list_new() };
	struct reading r = { .server = s, .selection = selection, .connection = c,
			     .charsets = list.charsets };
	struct answer databases = { 0 };
	int rc = ask_collations(&r, e);

	if (rc == 0)
		rc = connection_ask(c, &databases,
				    "SELECT schema_name FROM information_schema.schemata ORDER BY schema_name",
				    e);
	for (uint32_t i = 0; i < databases.row_count && rc == 0; i++) {
		const char *database = answer_text(&databases, i, 0);

		if (database != NULL && selection_touches(selection, database))
			rc = read_database(&r, database, &list, e);
	}
	if (rc == 0)
		rc = selection_check(selection, e);
	if (rc == 0 && list.table_count == 0)
		rc = err_set(e, ERR_CONFIG, "every table is excluded by --exclude-tables");
	answer_release(&databases);
	reading_release(&r);
	if (rc < 0)
		catalog_release(&list);
	else
		*out = list;
	return rc;
}

int catalog_read_table(struct catalog_table *out, bool *found, struct charset_list *charsets,
		       const struct server *s, const char *database, const char *name,
		       struct connection *c, struct err *e)
{
	struct reading r = { .server = s, .connection = c, .charsets = charsets };
	struct catalog_table table = { 0 };
	uint32_t first = 0;
	int rc = ask_collations(&r, e);

	*found = false;
	if (rc == 0)
		rc = ask_tables(&r, database, name, e);
	if (rc == 0 && r.tables.row_count > 0) {
		*found = true;
		rc = read_table(&r, database, 0, &first, &table, e);
	}
	reading_release(&r);
	if (rc < 0)
		catalog_table_release(&table);
	else
		*out = table;
	return rc;
}

int catalog_add_defaults(struct catalog_table *t, const struct server *s, struct connection *c, struct err *e)
{
	struct columns row;

	if (defaults_describe(&row, t->table, t->defaults, s->is_mariadb, c, e) < 0)
		return -1;
	schema_set_defaults(t->table->schema, &row);
	return 0;
}

void catalog_table_release(struct catalog_table *t)
{
	mysql_table_free(t->table);
	for (uint32_t i = 0; i < t->default_count; i++)
		memory_free(t->defaults[i].text);
	memory_free(t->defaults);
	*t = (struct catalog_table){ 0 };
}

void catalog_release(struct catalog *c)
{
	for (uint32_t i = 0; i < c->table_count; i++)
		catalog_table_release(&c->tables[i]);
	memory_free(c->tables);
	charset_list_free(c->charsets);
	*c = (struct catalog){ 0 };
}
