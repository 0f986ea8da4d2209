/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite, version 3: the only file with its header. */
#include <errno.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "table/iceberg/sql.h"

#define BUSY_WAIT_MS 10000

struct sqlite {
	struct sql sql;
	char *path;
	sqlite3 *connection; /* NULL: not opened yet */
	int create_flag;
};

static struct sqlite *sqlite_of(struct sql *s)
{
	return (struct sqlite *)(void *)s;
}

static enum err_kind kind_of(int code)
{
	switch (code & 0xff) { /* the primary code of an extended one */
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_RETRY;
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_NOMEM:
		return ERR_IO;
	default:
		return ERR_CONFIG;
	}
}

static int fail(const struct sqlite *s, int code, struct err *e)
{
	const char *why = sqlite3_errstr(code);

	if (s->connection != NULL)
		why = sqlite3_errmsg(s->connection);
	return err_set(e, kind_of(code), "SQLite file \"%s\": %s (error %d)", s->path,
		       why, code);
}

/* 1: there is no such file. */
static int connect_file(struct sqlite *s, struct err *e)
{
	int code;

	if (s->connection != NULL)
		return 0;
	if (s->create_flag == 0 && access(s->path, F_OK) < 0 && errno == ENOENT)
		return 1;
	code = sqlite3_open_v2(s->path, &s->connection,
			       SQLITE_OPEN_READWRITE | s->create_flag, NULL);
	if (code == SQLITE_OK) {
		sqlite3_busy_timeout(s->connection, BUSY_WAIT_MS);
		return 0;
	}
	fail(s, code, e);
	sqlite3_close(s->connection);
	s->connection = NULL;
	return -1;
}

static int bind(struct sqlite *s, sqlite3_stmt *statement, const char *const *values,
		int count, struct err *e)
{
	for (int i = 0; i < count; i++) {
		int code =
			sqlite3_bind_text(statement, i + 1, values[i], -1, SQLITE_STATIC);

		if (code != SQLITE_OK)
			return fail(s, code, e);
	}
	return 0;
}

static void take_row(sqlite3_stmt *statement, struct sql_answer *out)
{
	out->has_row = true;
	for (int i = 0; i < sqlite3_column_count(statement) && i < SQL_CELLS_MAX; i++)
		out->cells[i] =
			memory_copy_text((const char *)sqlite3_column_text(statement, i));
}

static int step(struct sqlite *s, sqlite3_stmt *statement, struct sql_answer *out,
		enum sql_result *result, struct err *e)
{
	int code;

	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		if (!out->has_row)
			take_row(statement, out);
	}
	*result = SQL_DONE;
	if (code == SQLITE_DONE) {
		out->changed = (uint64_t)sqlite3_changes(s->connection);
		return 0;
	}
	fail(s, code, e);
	if ((code & 0xff) == SQLITE_CONSTRAINT)
		*result = SQL_TAKEN;
	else if ((code & 0xff) == SQLITE_IOERR) /* perhaps only the sync failed */
		*result = SQL_UNKNOWN;
	else
		return -1;
	return 0;
}

static int sqlite_run(struct sql *sql, const char *text, const char *const *values,
		      int count, struct sql_answer *out, enum sql_result *result,
		      struct err *e)
{
	struct sqlite *s = sqlite_of(sql);
	sqlite3_stmt *statement = NULL;
	int rc = connect_file(s, e), code;

	if (rc != 0) {
		*result = SQL_UNDEFINED;
		return rc < 0 ? -1 : 0;
	}
	code = sqlite3_prepare_v2(s->connection, text, -1, &statement, NULL);
	if (code == SQLITE_ERROR &&
	    strncmp(sqlite3_errmsg(s->connection), "no such ", 8) == 0) {
		*result = SQL_UNDEFINED;
		return 0;
	}
	if (code != SQLITE_OK)
		return fail(s, code, e);
	rc = bind(s, statement, values, count, e);
	if (rc == 0)
		rc = step(s, statement, out, result, e);
	sqlite3_finalize(statement);
	return rc;
}

static void sqlite_allow_create(struct sql *sql)
{
	sqlite_of(sql)->create_flag = SQLITE_OPEN_CREATE;
}

static void sqlite_close(struct sql *sql)
{
	struct sqlite *s = sqlite_of(sql);

	sqlite3_close(s->connection);
	memory_free(s->path);
	memory_free(s);
}

static const struct sql_ops sqlite_ops = { sqlite_run, sqlite_allow_create, sqlite_close };

int sql_open_sqlite(struct sql **out, const struct catalog_url *url, struct err *e)
{
	static const char *const known[] = { "catalog", NULL };
	struct sqlite *s;

	if (catalog_url_expect(url, known, e) < 0)
		return -1;
	if (url->host[0] != '\0' || url->user[0] != '\0' || strlen(url->path) < 2)
		return err_set(e, ERR_CONFIG,
			       "catalog: behind sqlite:// stands the absolute path of a "
			       "file: sqlite:///path/catalog.db");
	s = memory_new(struct sqlite);
	s->sql.ops = &sqlite_ops;
	s->path = memory_copy_text(url->path);
	*out = &s->sql;
	return 0;
}

void sql_answer_release(struct sql_answer *a)
{
	for (int i = 0; i < SQL_CELLS_MAX; i++)
		memory_free(a->cells[i]);
	*a = (struct sql_answer){0};
}
