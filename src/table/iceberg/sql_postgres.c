/* SPDX-License-Identifier: Apache-2.0 */
/* PostgreSQL: the only file with libpq's header. */
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "table/iceberg/sql.h"

/*
 * A server or a network that stands still ends as an error: by the server's own limit,
 * and by the kernel's.
 */
#define CONNECT_S_MAX "10"
#define UNANSWERED_MS "30000"
#define SETTINGS      "SET statement_timeout = 30000"

struct keyword {
	char *name, *value;
};

struct postgres {
	struct sql sql;
	PGconn *connection; /* NULL: not connected */
	struct keyword *keywords;
	uint32_t keyword_count;
};

static struct postgres *postgres_of(struct sql *s)
{
	return (struct postgres *)(void *)s;
}

/* A later value of the same name counts. */
static void add_keyword(struct postgres *p, const char *name, const char *value)
{
	p->keywords = memory_grow(p->keywords, struct keyword, p->keyword_count + 1);
	p->keywords[p->keyword_count++] =
		(struct keyword){ memory_copy_text(name), memory_copy_text(value) };
}

static const char *on_one_line(char out[256], const char *text)
{
	size_t size = strlen(text);
	char *copy;

	while (size > 0 && text[size - 1] == '\n')
		size--;
	copy = memory_copy(text, size);
	for (size_t i = 0; i < size; i++)
		copy[i] = copy[i] == '\n' || copy[i] == '\t' ? ' ' : copy[i];
	text_plain(out, 256, copy);
	memory_free(copy);
	return out;
}

static void ignore_notice(void *context, const char *text)
{
	(void)context;
	(void)text;
}

static void disconnect(struct postgres *p)
{
	PQfinish(p->connection);
	p->connection = NULL;
}

/*
 * libpq tells no kinds of a failed connection. Words of another language are taken for a
 * failure that may pass.
 */
static bool is_final(const char *why)
{
	static const char *const words[] = {
		"authentication failed", "does not exist", "no pg_hba.conf entry",
		"no password supplied",	 "certificate",	   "invalid" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strstr(why, words[i]) != NULL)
			return true;
	}
	return false;
}

static int connect_server(struct postgres *p, struct err *e)
{
	const char **names, **values;
	char why[256];

	if (p->connection != NULL)
		return 0;
	names = memory_array(const char *, p->keyword_count + 1);
	values = memory_array(const char *, p->keyword_count + 1);
	for (uint32_t i = 0; i < p->keyword_count; i++) {
		names[i] = p->keywords[i].name;
		values[i] = p->keywords[i].value;
	}
	p->connection = PQconnectdbParams(names, values, 0);
	memory_free(names);
	memory_free(values);
	if (PQstatus(p->connection) == CONNECTION_OK) {
		PQsetNoticeProcessor(p->connection, ignore_notice, NULL);
		PQclear(PQexec(
			p->connection,
			SETTINGS)); /* refused or lost: the next statement meets that */
		return 0;
	}
	on_one_line(why, PQerrorMessage(p->connection));
	err_set(e, is_final(why) ? ERR_CONFIG : ERR_RETRY, "PostgreSQL: %s", why);
	disconnect(p);
	return -1;
}

static int fail(enum err_kind kind, const PGresult *r, struct err *e)
{
	char why[256];

	return err_set(e, kind, "PostgreSQL: %s",
		       on_one_line(why, PQresultErrorMessage(r)));
}

/*
 * What the server said of a statement that it did not do (appendix "PostgreSQL Error
 * Codes").
 */
static int judge(const PGresult *r, enum sql_result *result, struct err *e)
{
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);

	*result = SQL_DONE;
	if (state == NULL || strncmp(state, "08", 2) == 0 ||
	    strncmp(state, "57", 2) == 0) {
		fail(ERR_RETRY, r, e);
		*result = SQL_UNKNOWN;
	} else if (strcmp(state, "23505") == 0) {
		*result = SQL_TAKEN;
	} else if (strcmp(state, "42P01") == 0 || strcmp(state, "42703") == 0) {
		*result = SQL_UNDEFINED;
	} else if (strncmp(state, "40", 2) == 0 || strncmp(state, "53", 2) == 0 ||
		   strncmp(state, "55", 2) == 0) {
		return fail(ERR_RETRY, r, e);
	} else {
		return fail(ERR_CONFIG, r, e);
	}
	return 0;
}

static void take_row(const PGresult *r, struct sql_answer *out)
{
	out->has_row = PQntuples(r) > 0;
	for (int i = 0; out->has_row && i < PQnfields(r) && i < SQL_CELLS_MAX; i++) {
		if (!PQgetisnull(r, 0, i))
			out->cells[i] = memory_copy_text(PQgetvalue(r, 0, i));
	}
}

static int postgres_run(struct sql *sql, const char *text, const char *const *values,
			int count, struct sql_answer *out, enum sql_result *result,
			struct err *e)
{
	struct postgres *p = postgres_of(sql);
	PGresult *r;
	int rc = 0;

	if (connect_server(p, e) < 0)
		return -1;
	r = PQexecParams(p->connection, text, count, NULL, values, NULL, NULL, 0);
	if (PQresultStatus(r) == PGRES_COMMAND_OK ||
	    PQresultStatus(r) == PGRES_TUPLES_OK) {
		*result = SQL_DONE;
		out->changed = strtoull(PQcmdTuples(r), NULL, 10);
		take_row(r, out);
	} else {
		rc = judge(r, result, e);
	}
	PQclear(r);
	if (PQstatus(p->connection) != CONNECTION_OK)
		disconnect(p);
	return rc;
}

static void postgres_allow_create(struct sql *sql)
{
	(void)sql; /* a database is made by its administrator */
}

static void postgres_close(struct sql *sql)
{
	struct postgres *p = postgres_of(sql);

	disconnect(p);
	for (uint32_t i = 0; i < p->keyword_count; i++) {
		memory_free(p->keywords[i].name);
		catalog_secret_free(p->keywords[i].value);
	}
	memory_free(p->keywords);
	memory_free(p);
}

static const struct sql_ops postgres_ops = { postgres_run, postgres_allow_create,
					    postgres_close };

static bool is_local(const char *host)
{
	return host[0] == '\0' || host[0] == '/' || strcmp(host, "localhost") == 0 ||
	       strcmp(host, "::1") == 0 || strncmp(host, "127.", 4) == 0;
}

int sql_open_postgres(struct sql **out, const struct catalog_url *url, struct err *e)
{
	struct postgres *p;

	if (strlen(url->path) < 2 || strchr(url->path + 1, '/') != NULL)
		return err_set(e, ERR_CONFIG,
			       "catalog: a URL of PostgreSQL names its database: "
			       "postgresql://user@host:port/database");
	p = memory_new(struct postgres);
	p->sql.ops = &postgres_ops;
	add_keyword(p, "application_name", "tailrace");
	add_keyword(p, "connect_timeout", CONNECT_S_MAX);
	add_keyword(p, "tcp_user_timeout", UNANSWERED_MS);
	if (!is_local(url->host) && getenv("PGSSLMODE") == NULL)
		add_keyword(p, "sslmode", "verify-full");
	add_keyword(p, "host", url->host);
	add_keyword(p, "port", url->port);
	add_keyword(p, "user", url->user);
	add_keyword(p, "dbname", url->path + 1);
	for (uint32_t i = 0; i < url->parameter_count; i++) {
		if (strcmp(url->parameters[i].name, "catalog") != 0)
			add_keyword(p, url->parameters[i].name, url->parameters[i].value);
	}
	*out = &p->sql;
	return 0;
}
