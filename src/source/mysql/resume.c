/* SPDX-License-Identifier: Apache-2.0 */
#include "source/mysql/resume.h"

#include <string.h>

#include "base/text.h"

static bool is_comparable(const struct mysql_position *a, const struct mysql_position *b)
{
	if (a->gtids.count > 0 && b->gtids.count > 0)
		return true;
	return strcmp(a->server_uuid, b->server_uuid) == 0 && a->server_id == b->server_id;
}

int resume_choose(struct mysql_position *out, const struct captured_list *l, const char *stream_start,
		  bool is_mariadb, struct err *e)
{
	const struct captured *least = NULL;

	if (stream_start != NULL) {
		if (mysql_position_parse(out, stream_start, is_mariadb, e) < 0)
			return err_wrap(e, "the pipeline's progress file");
		out->base.format = mysql_position_format;
		return 0;
	}
	for (uint32_t i = 0; i < l->count; i++) {
		if (least == NULL || position_reaches(&least->at, &l->tables[i].at))
			least = &l->tables[i];
	}
	for (uint32_t i = 0; i < l->count; i++) {
		const struct captured *t = &l->tables[i];

		if (!is_comparable(&t->at, &least->at) || !position_reaches(&t->at, &least->at))
			return err_set(e, ERR_DATA,
				       "the positions of table %s.%s and table %s.%s have no order: they come "
				       "from different servers; " COPY_ALL_ANEW, t->first_schema->database,
				       t->first_schema->table, least->first_schema->database,
				       least->first_schema->table);
	}
	position_copy(out, &least->at);
	return 0;
}

static int parse_set(struct gtid_set *out, bool is_mariadb, struct bytes text, struct err *e)
{
	struct buffer plain = { 0 };
	int rc;

	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] != '\n' && text.data[i] != ' ')
			buffer_char(&plain, (char)text.data[i]);
	}
	rc = gtid_set_parse(out, is_mariadb, buffer_bytes(&plain), e);
	buffer_release(&plain);
	return rc;
}

static int lost(const struct mysql_position *p, const struct server *s, struct err *e)
{
	bool is_same = s->is_mariadb ? p->server_id == s->server_id
				     : strcmp(p->server_uuid, s->uuid) == 0;

	if (is_same)
		return err_set(e, ERR_DATA,
			       "the server's log ends before what the tables already have: it was reset, or "
			       "restored from an older state, or lost its end in a crash; " COPY_ALL_ANEW);
	return err_set(e, ERR_DATA,
		       "this is another server (server_id %u, not %u) than the one that was followed, and it "
		       "lacks transactions that the tables have; connect to one that has them, or " COPY_ALL_ANEW,
		       s->server_id, p->server_id);
}

static int purged(const struct mysql_start *p, struct err *e)
{
	return err_set(e, ERR_DATA,
		       "the server has purged log that the tables still need (they stand at %s:%llu); nothing "
		       "is skipped: " COPY_ALL_ANEW ", and let the server keep its log longer "
		       "(binlog_expire_logs_seconds)", p->file, (unsigned long long)p->offset);
}

static int verify_mysql_sets(const struct mysql_position *p, const struct mysql_start *start,
			     const struct server *s, struct connection *c, struct err *e)
{
	struct gtid_set executed = { 0 }, gone = { 0 };
	struct answer a = { 0 };
	int rc = connection_ask(c, &a, "SELECT @@GLOBAL.gtid_executed, @@GLOBAL.gtid_purged", e);

	if (rc == 0)
		rc = parse_set(&executed, false, answer_bytes(&a, 0, 0), e);
	if (rc == 0)
		rc = parse_set(&gone, false, answer_bytes(&a, 0, 1), e);
	if (rc == 0 && !gtid_set_contains(&executed, &p->gtids))
		rc = lost(p, s, e);
	if (rc == 0 && !gtid_set_contains(&start->gtids, &gone))
		rc = purged(start, e);
	gtid_set_release(&executed);
	gtid_set_release(&gone);
	answer_release(&a);
	return rc;
}

/* The server itself finds the file, or says that it is gone (error 1236). */
static int verify_mariadb(const struct mysql_position *p, const struct server *s,
			  struct connection *c, struct err *e)
{
	struct gtid_set known = { .is_mariadb = true };
	struct answer a = { 0 };
	int rc = connection_ask(c, &a, "SELECT @@GLOBAL.gtid_current_pos, @@GLOBAL.gtid_binlog_pos", e);

	if (rc == 0)
		rc = parse_set(&known, true, answer_bytes(&a, 0, 1), e);
	if (rc == 0 && !gtid_set_contains(&known, &p->gtids)) {
		gtid_set_release(&known);
		known = (struct gtid_set){ .is_mariadb = true };
		rc = parse_set(&known, true, answer_bytes(&a, 0, 0), e);
		if (rc == 0 && !gtid_set_contains(&known, &p->gtids))
			rc = lost(p, s, e);
	}
	gtid_set_release(&known);
	answer_release(&a);
	return rc;
}

static int verify_file(const struct mysql_position *p, const struct mysql_start *start,
		       const struct server *s, struct connection *c, struct err *e)
{
	struct answer a = { 0 };
	bool found = false, has_older = false;
	uint64_t size = 0;

	if (p->server_uuid[0] != '\0' ? strcmp(p->server_uuid, s->uuid) != 0 : p->server_id != s->server_id)
		return err_set(e, ERR_DATA,
			       "this is another server (%s) than the one that was followed (%s): without GTIDs "
			       "places in its log mean nothing here; connect to that one, or " COPY_ALL_ANEW,
			       s->uuid, p->server_uuid);
	if (connection_ask(c, &a, "SHOW BINARY LOGS", e) < 0)
		return -1;
	for (uint32_t i = 0; i < a.row_count; i++) {
		const char *file = answer_text(&a, i, 0);

		if (strcmp(file, p->file) == 0) {
			found = true;
			size = answer_uint(&a, i, 1);
		}
		has_older |= place_compare(file, 0, start->file, 0) <= 0;
	}
	answer_release(&a);
	if (!has_older)
		return purged(start, e);
	return found && size >= p->offset ? 0 : lost(p, s, e);
}

int resume_verify(const struct mysql_position *p, const struct server *s, struct connection *c,
		  struct err *e)
{
	struct mysql_start start;
	int rc;

	if (s->is_mariadb)
		return verify_mariadb(p, s, c, e);
	mysql_position_start(p, &start);
	rc = s->has_gtids ? verify_mysql_sets(p, &start, s, c, e) : verify_file(p, &start, s, c, e);
	mysql_start_release(&start);
	return rc;
}
