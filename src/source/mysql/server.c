/* SPDX-License-Identifier: Apache-2.0 */
#include "source/mysql/server.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

#define MYSQL_OLDEST   80000
#define MARIADB_OLDEST 100600

static uint32_t parse_version(const char *text)
{
	uint32_t part[3] = { 0 };

	for (int i = 0; i < 3; i++) {
		char *end;
		unsigned long n = strtoul(text, &end, 10);

		if (end == text || n > 99)
			break;
		part[i] = (uint32_t)n;
		if (*end != '.')
			break;
		text = end + 1;
	}
	return part[0] * 10000 + part[1] * 100 + part[2];
}

static void copy_text(char *to, size_t size, const char *from)
{
	size_t length = from != NULL ? strnlen(from, size - 1) : 0;

	if (length > 0)
		memcpy(to, from, length);
	to[length] = '\0';
}

static bool is_on(const char *value)
{
	return strcasecmp(value, "ON") == 0 || strcmp(value, "1") == 0;
}

static enum row_image parse_image(const char *value)
{
	if (strcasecmp(value, "MINIMAL") == 0)
		return ROW_IMAGE_MINIMAL;
	if (strcasecmp(value, "NOBLOB") == 0)
		return ROW_IMAGE_NOBLOB;
	return ROW_IMAGE_FULL; /* MariaDB's FULL_NODUP leaves out what equals the before image */
}

static void set_variable(struct server *s, const char *name, const char *value)
{
	if (strcasecmp(name, "server_uuid") == 0)
		copy_text(s->uuid, sizeof(s->uuid), s->is_mariadb ? "" : value);
	else if (strcasecmp(name, "server_id") == 0)
		s->server_id = (uint32_t)strtoul(value, NULL, 10);
	else if (strcasecmp(name, "log_bin") == 0)
		s->has_log = is_on(value);
	else if (strcasecmp(name, "binlog_format") == 0)
		s->logs_rows = strcasecmp(value, "ROW") == 0;
	else if (strcasecmp(name, "gtid_mode") == 0)
		copy_text(s->gtid_mode, sizeof(s->gtid_mode), value);
	else if (strcasecmp(name, "binlog_row_metadata") == 0)
		s->has_full_metadata = strcasecmp(value, "FULL") == 0;
	else if (strcasecmp(name, "binlog_row_value_options") == 0)
		s->has_partial_json = strcasestr(value, "PARTIAL_JSON") != NULL;
	else if (strcasecmp(name, "lower_case_table_names") == 0)
		s->folds_names = strcmp(value, "0") != 0;
	else if (strcasecmp(name, "binlog_annotate_row_events") == 0)
		s->has_annotations = is_on(value);
	else if (strcasecmp(name, "binlog_row_image") == 0)
		s->row_image = parse_image(value);
	else if (strcasecmp(name, "log_replica_updates") == 0 ||
		 strcasecmp(name, "log_slave_updates") == 0)
		s->logs_replica_updates = is_on(value);
	else if (strcasecmp(name, "binlog_expire_logs_seconds") == 0 && strcmp(value, "0") != 0)
		s->log_expire_s = strtoull(value, NULL, 10);
	else if (strcasecmp(name, "expire_logs_days") == 0 && s->log_expire_s == 0)
		s->log_expire_s = (uint64_t)(strtod(value, NULL) * 86400);
}

static int read_xa(struct server *s, struct connection *c, struct answer *a, struct err *e)
{
	if (connection_ask(c, a, "SHOW GLOBAL STATUS LIKE 'Com_xa_prepare'", e) < 0)
		return -1;
	s->has_xa = answer_uint(a, 0, 1) > 0;
	return 0;
}

int server_read(struct server *out, struct connection *c, struct err *e)
{
	struct server s = { .is_mariadb = connection_is_mariadb(c), .logs_rows = true };
	struct answer a = { 0 };

	copy_text(s.version_text, sizeof(s.version_text), connection_version(c));
	s.version = parse_version(s.version_text);
	if (connection_ask(c, &a,
			   "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('server_uuid', 'server_id', "
			   "'log_bin', 'binlog_format', 'gtid_mode', 'binlog_row_metadata', "
			   "'binlog_row_value_options', 'binlog_row_image', "
			   "'binlog_annotate_row_events', 'lower_case_table_names', 'log_replica_updates', "
			   "'log_slave_updates', 'binlog_expire_logs_seconds', 'expire_logs_days')",
			   e) < 0)
		return -1;
	for (uint32_t i = 0; i < a.row_count; i++) {
		if (answer_text(&a, i, 0) != NULL && answer_text(&a, i, 1) != NULL)
			set_variable(&s, answer_text(&a, i, 0), answer_text(&a, i, 1));
	}
	s.has_gtids = s.is_mariadb || strcasecmp(s.gtid_mode, "ON") == 0;
	if (connection_ask(c, &a, s.is_mariadb ? "SHOW ALL SLAVES STATUS" : s.version >= 80022 ?
			   "SHOW REPLICA STATUS" : "SHOW SLAVE STATUS", e) == 0)
		s.is_replica = a.row_count > 0;
	else if (e->kind != ERR_CONFIG) /* the right to ask is no condition */
		goto failed;
	if (read_xa(&s, c, &a, e) < 0)
		goto failed;
	answer_release(&a);
	*out = s;
	return 0;
failed:
	answer_release(&a);
	return -1;
}

int server_check(const struct server *s, struct err *e)
{
	uint32_t oldest = s->is_mariadb ? MARIADB_OLDEST : MYSQL_OLDEST;

	if (s->version < oldest)
		return err_set(e, ERR_CONFIG, "the server is %s %s; the oldest that can be followed is %s",
			       s->is_mariadb ? "MariaDB" : "MySQL", s->version_text,
			       s->is_mariadb ? "MariaDB 10.6" : "MySQL 8.0");
	if (!s->has_log)
		return err_set(e, ERR_CONFIG,
			       "the server writes no binary log; put log_bin = binlog and a server_id into the "
			       "[mysqld] part of its configuration and restart it");
	if (!s->logs_rows)
		return err_set(e, ERR_CONFIG,
			       "the server's binary log is not in row format; SET GLOBAL binlog_format = 'ROW', "
			       "and let the applications connect anew");
	if (s->is_replica && !s->logs_replica_updates)
		return err_set(e, ERR_CONFIG,
			       "the server is a replica that does not log what it replicates; put %s = ON into "
			       "its configuration and restart it, or follow its source",
			       s->is_mariadb ? "log_slave_updates" : "log_replica_updates");
	return 0;
}

static const char *status_statement(const struct server *s)
{
	if (s->is_mariadb)
		return "SHOW MASTER STATUS";
	return s->version >= 80200 ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS";
}

/* MySQL writes the set with line ends behind the commas. */
static int set_gtids(struct mysql_position *p, const struct server *s, struct bytes text,
		     struct err *e)
{
	struct buffer plain = { 0 };
	int rc;

	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] != '\n' && text.data[i] != ' ')
			buffer_char(&plain, (char)text.data[i]);
	}
	rc = gtid_set_parse(&p->gtids, s->is_mariadb, buffer_bytes(&plain), e);
	buffer_release(&plain);
	return rc;
}

static struct mysql_position position_of(const struct server *s, const char *file, uint64_t offset)
{
	struct mysql_position p = { .base.format = mysql_position_format, .server_id = s->server_id,
				    .offset = offset, .gtids.is_mariadb = s->is_mariadb };

	copy_text(p.server_uuid, sizeof(p.server_uuid), s->uuid);
	copy_text(p.file, sizeof(p.file), file);
	return p;
}

int server_position_at(struct mysql_position *out, const struct server *s, struct connection *c,
		       const char *file, uint64_t offset, struct err *e)
{
	struct mysql_position p = position_of(s, file, offset);
	struct buffer sql = { 0 };
	struct answer a = { 0 };
	int rc;

	if (!s->is_mariadb) {
		*out = p;
		return 0;
	}
	buffer_text(&sql, "SELECT BINLOG_GTID_POS(");
	mysql_quote_text(&sql, file);
	buffer_format(&sql, ", %llu)", (unsigned long long)offset);
	rc = connection_ask(c, &a, buffer_string(&sql), e);
	if (rc == 0 && answer_text(&a, 0, 0) == NULL)
		rc = err_set(e, ERR_DATA, "the server does not know its own log position %s:%llu", file,
			     (unsigned long long)offset);
	if (rc == 0)
		rc = set_gtids(&p, s, answer_bytes(&a, 0, 0), e);
	answer_release(&a);
	buffer_release(&sql);
	if (rc < 0)
		mysql_position_release(&p);
	else
		*out = p;
	return rc;
}

int server_position(struct mysql_position *out, const struct server *s, struct connection *c,
		    struct err *e)
{
	struct answer a = { 0 };
	int rc = connection_ask(c, &a, status_statement(s), e);

	if (rc == 0 && answer_text(&a, 0, 0) == NULL)
		rc = err_set(e, ERR_CONFIG, "the server writes no binary log");
	if (rc == 0)
		rc = server_position_at(out, s, c, answer_text(&a, 0, 0), answer_uint(&a, 0, 1), e);
	if (rc == 0 && s->has_gtids && !s->is_mariadb) {
		rc = set_gtids(out, s, answer_bytes(&a, 0, 4), e);
		if (rc < 0)
			mysql_position_release(out);
	}
	answer_release(&a);
	return rc < 0 ? err_wrap(e, "reading the log's position") : 0;
}
