/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of Iceberg's JDBC catalog (org.apache.iceberg.jdbc.JdbcUtil): a row says
 * where a table's newest metadata lies, and an UPDATE of the row that still says the old
 * place is the commit. Databases of before iceberg_type ("V0") stay as they are; tables
 * that we make have it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "table/iceberg/catalog_ops.h"
#include "table/iceberg/metadata_file.h"
#include "table/iceberg/sql.h"
#include "table/uuid.h"

#define CATALOG_NAME "tailrace"
#define IS_ROW       "catalog_name = $1 AND table_namespace = $2 AND table_name = $3"

enum layout { LAYOUT_NONE, LAYOUT_V0, LAYOUT_V1 };

struct sql_catalog {
	struct catalog catalog;
	struct metadata_place place;
	struct sql *sql;
	char *catalog_name;
	enum layout layout; /* NONE: not known, or the tables are not there */
};

static const char *const tables[] = {
	"CREATE TABLE IF NOT EXISTS iceberg_tables (catalog_name VARCHAR(255) NOT NULL, "
	"table_namespace VARCHAR(255) NOT NULL, table_name VARCHAR(255) NOT NULL, "
	"metadata_location VARCHAR(1000), "
	"previous_metadata_location VARCHAR(1000), iceberg_type VARCHAR(5), "
	"PRIMARY KEY (catalog_name, table_namespace, table_name))",
	"CREATE TABLE IF NOT EXISTS iceberg_namespace_properties (catalog_name "
	"VARCHAR(255) NOT NULL, "
	"namespace VARCHAR(255) NOT NULL, property_key VARCHAR(255), property_value "
	"VARCHAR(1000), "
	"PRIMARY KEY (catalog_name, namespace, property_key))",
};

/* What differs between the layouts, by enum layout. */
static const char *const probe_sql[] = {
	[LAYOUT_V0] = "SELECT table_name FROM iceberg_tables WHERE 1 = 0",
	[LAYOUT_V1] = "SELECT iceberg_type FROM iceberg_tables WHERE 1 = 0",
};

static const char *const select_sql[] = {
	[LAYOUT_V0] = "SELECT metadata_location, NULL FROM iceberg_tables WHERE " IS_ROW,
	[LAYOUT_V1] = "SELECT metadata_location, iceberg_type FROM iceberg_tables "
		      "WHERE " IS_ROW,
};

static const char *const insert_sql[] = {
	[LAYOUT_V0] = "INSERT INTO iceberg_tables (catalog_name, table_namespace, "
		      "table_name, metadata_location) "
		      "VALUES ($1, $2, $3, $4)",
	[LAYOUT_V1] = "INSERT INTO iceberg_tables (catalog_name, table_namespace, "
		      "table_name, metadata_location, "
		      "iceberg_type) VALUES ($1, $2, $3, $4, 'TABLE')",
};

static const char update_sql[] =
	"UPDATE iceberg_tables SET metadata_location = $1, previous_metadata_location = "
	"$2 "
	"WHERE catalog_name = $3 AND table_namespace = $4 AND table_name = $5 "
	"AND metadata_location = $2";

static const char namespace_sql[] =
	"INSERT INTO iceberg_namespace_properties (catalog_name, namespace, "
	"property_key, property_value) "
	"VALUES ($1, $2, 'exists', 'true') ON CONFLICT DO NOTHING";

static struct sql_catalog *sql_of(struct catalog *c)
{
	return (struct sql_catalog *)(void *)c;
}

/* A statement whose outcome we would not act on: not known is as good as not done. */
static int run(struct sql_catalog *s, const char *text, const char *const *values,
	       int count, struct sql_answer *out, enum sql_result *result, struct err *e)
{
	if (s->sql->ops->run(s->sql, text, values, count, out, result, e) < 0)
		return -1;
	if (*result != SQL_UNKNOWN)
		return 0;
	e->kind = ERR_RETRY;
	return -1;
}

static int find_layout(struct sql_catalog *s, struct err *e)
{
	for (enum layout l = LAYOUT_V1; s->layout == LAYOUT_NONE && l > LAYOUT_NONE;
	     l--) {
		struct sql_answer ignored = { 0 };
		enum sql_result result;
		int rc = run(s, probe_sql[l], NULL, 0, &ignored, &result, e);

		sql_answer_release(&ignored);
		if (rc < 0)
			return -1;
		if (result == SQL_DONE)
			s->layout = l;
	}
	return 0;
}

static int make_tables(struct sql_catalog *s, struct err *e)
{
	s->sql->ops->allow_create(s->sql);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		struct sql_answer ignored = { 0 };
		/* TAKEN: two who make PostgreSQL's table at once see each other's type. */
		enum sql_result result;

		if (run(s, tables[i], NULL, 0, &ignored, &result, e) < 0)
			return -1;
	}
	if (find_layout(s, e) < 0)
		return -1;
	if (s->layout == LAYOUT_NONE)
		return err_set(e, ERR_CONFIG, "its table iceberg_tables is not the JDBC catalog's");
	return 0;
}

/*
 * Where the catalog says that the newest metadata lies, freed by the caller; 1: it knows
 * no such table.
 */
static int find_row(struct sql_catalog *s, char **location, struct err *e)
{
	const char *row[] = { s->catalog_name, s->catalog.namespace, s->catalog.name };
	struct sql_answer a = { 0 };
	enum sql_result result;
	int rc;

	if (find_layout(s, e) < 0)
		return -1;
	if (s->layout == LAYOUT_NONE)
		return 1;
	rc = run(s, select_sql[s->layout], row, 3, &a, &result, e);
	if (rc == 0 && !a.has_row)
		rc = 1;
	if (rc == 0 && a.cells[1] != NULL && strcmp(a.cells[1], "TABLE") != 0)
		rc = err_set(
			e, ERR_CONFIG,
			"it is a %s in the catalog, not a table: choose another name",
			a.cells[1]);
	else if (rc == 0 && a.cells[0] == NULL)
		rc = err_set(e, ERR_DATA,
			     "its row in iceberg_tables has no metadata_location");
	if (rc == 0) {
		*location = a.cells[0];
		a.cells[0] = NULL;
	}
	sql_answer_release(&a);
	return rc;
}

static int sql_load(struct catalog *c, struct catalog_version *out, struct err *e)
{
	struct sql_catalog *s = sql_of(c);
	char *location = NULL;
	int rc = find_row(s, &location, e);

	if (rc == 0)
		rc = metadata_file_read(out, &s->place, location, e);
	if (rc == 1 && location != NULL)
		rc = err_set(e, ERR_DATA,
			     "the catalog names \"%s\", and there is no such file",
			     location);
	memory_free(location);
	return rc;
}

/* Appends "<folder>/00007-<uuid>.metadata.json", beside the file of `base`. */
static void name_next(struct buffer *out, const struct catalog_version *base,
		      const struct iceberg_change_set *changes)
{
	const char *slash = base != NULL ? strrchr(base->path, '/') : NULL;
	uint8_t uuid[UUID_BYTES];
	char text[UUID_TEXT_BYTES + 1];
	unsigned long version = 0;

	uuid_random(uuid);
	uuid_format(text, uuid);
	if (slash != NULL) {
		version = strtoul(slash + 1, NULL, 10) + 1;
		buffer_append(out, base->path, (size_t)(slash - base->path));
	} else {
		buffer_format(out, "%s/metadata", changes->creation->location);
	}
	buffer_format(out, "/%05lu-%s.metadata.json", version, text);
}

static int write_file(struct sql_catalog *s, const char *key, struct bytes text,
		      struct err *e)
{
	enum put_result put;

	if (store_put(s->place.store, key, text, true, &put, e) < 0)
		return -1;
	if (put == PUT_EXISTS)
		return err_set(e, ERR_RETRY,
			       "the new metadata file \"%s\" is there already", key);
	return put == PUT_DONE ? 0 : -1;
}

static int insert_row(struct sql_catalog *s, const char *uri, struct sql_answer *a,
		      enum sql_result *result, struct err *e)
{
	const char *row[] = { s->catalog_name, s->catalog.namespace, s->catalog.name, uri };
	struct sql_answer ignored = { 0 };

	if (make_tables(s, e) < 0 ||
	    run(s, namespace_sql, row, 2, &ignored, result, e) < 0)
		return -1;
	return s->sql->ops->run(s->sql, insert_sql[s->layout], row, 4, a, result, e);
}

static int update_row(struct sql_catalog *s, const char *uri, const char *old,
		      struct sql_answer *a, enum sql_result *result, struct err *e)
{
	const char *values[] = { uri, old, s->catalog_name, s->catalog.namespace,
				s->catalog.name };

	return s->sql->ops->run(s->sql, update_sql, values, 5, a, result, e);
}

static int swap(struct sql_catalog *s, const char *uri,
		const struct catalog_version *base, enum attempt *out, struct err *e)
{
	struct sql_answer a = { 0 };
	enum sql_result result = SQL_DONE;
	int rc;

	if (base != NULL)
		rc = update_row(s, uri, base->path, &a, &result, e);
	else
		rc = insert_row(s, uri, &a, &result, e);
	if (result == SQL_UNKNOWN)
		*out = ATTEMPT_UNKNOWN;
	else
		*out = result == SQL_DONE && a.changed == 1 ? ATTEMPT_DONE : ATTEMPT_LOST;
	sql_answer_release(&a);
	return rc;
}

static int sql_attempt(struct catalog *c, const struct catalog_version *base,
		       const struct iceberg_change_set *changes,
		       struct catalog_version *out, enum attempt *result, struct err *e)
{
	struct sql_catalog *s = sql_of(c);
	struct buffer text = { 0 }, uri = { 0 }, key = { 0 };
	struct err ignored = ERR_INIT;
	int rc;

	name_next(&uri, base, changes);
	rc = metadata_file_key(&key, &s->place, buffer_string(&uri), e);
	if (rc == 0)
		rc = iceberg_change_set_apply(
			&text, changes, base != NULL ? base->metadata : NULL,
			base != NULL ? base->path : NULL, clock_now_us() / 1000, e);
	if (rc == 0)
		rc = write_file(s, buffer_string(&key), buffer_bytes(&text), e);
	if (rc == 0)
		rc = swap(s, buffer_string(&uri), base, result, e);
	if (rc == 0 && *result == ATTEMPT_LOST) /* the row never named it */
		store_remove(s->place.store, buffer_string(&key), &ignored);
	if (rc == 0 && *result == ATTEMPT_DONE)
		rc = metadata_file_parse(out, buffer_bytes(&text), buffer_string(&uri),
					 e);
	if (rc == 0 && *result == ATTEMPT_DONE && base != NULL)
		metadata_file_clean(&s->place, base->metadata, out->metadata);
	buffer_release(&text);
	buffer_release(&uri);
	buffer_release(&key);
	return rc;
}

static void sql_close(struct catalog *c)
{
	struct sql_catalog *s = sql_of(c);

	s->sql->ops->close(s->sql);
	memory_free(s->catalog_name);
	memory_free(s);
}

static const struct catalog_ops sql_ops = { sql_load, sql_attempt, sql_close, false };

int catalog_open_sql(struct catalog **out, const struct catalog_settings *settings,
		     const struct catalog_url *url, struct err *e)
{
	const char *name = catalog_url_get(url, "catalog");
	struct sql_catalog *s;
	struct sql *sql;
	int rc;

	if (strcmp(url->scheme, "sqlite") == 0)
		rc = sql_open_sqlite(&sql, url, e);
	else
		rc = sql_open_postgres(&sql, url, e);
	if (rc < 0)
		return -1;
	s = memory_new(struct sql_catalog);
	s->catalog.ops = &sql_ops;
	s->place = (struct metadata_place){ settings->store, settings->location };
	s->sql = sql;
	s->catalog_name = memory_copy_text(name != NULL ? name : CATALOG_NAME);
	*out = &s->catalog;
	return 0;
}
