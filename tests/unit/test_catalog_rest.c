/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A REST catalog that misbehaves: what it did is found out, whatever it says or does not
 * say.
 */
#include "base/memory.h"
#include "lib/catalog_changes.h"
#include "lib/http_server.h"
#include "lib/test.h"
#include "table/iceberg/catalog_ops.h"

#define LOCATION "file:///lake/shop/orders"
#define TABLE    "/api/v1/a/b/namespaces/shop%1Feu/tables/or%20ders"
#define GARBAGE  "<html>Bad gateway</html>"

enum trouble {
	TROUBLE_NONE,
	TROUBLE_STATUS, /* the status, and an error as catalogs write it */
	TROUBLE_GARBAGE, /* the status, and something else */
	TROUBLE_HALF,
	TROUBLE_CUT,
};

/* What happens to one request for the table. */
struct mishap {
	enum trouble trouble;
	int status;
	bool is_done;	   /* the commit was done before */
	bool is_overtaken; /* somebody else committed before */
};

struct fake {
	struct http_server *server;
	/* Metadata: now (NULL: no table), after our commit, after somebody else's. */
	const char *table, *next, *others;
	bool has_namespace, wants_token;
	struct mishap mishaps[8];
	int mishap_count, mishaps_seen;
	int tokens, commits;
	char keys[8][64];
	const char *config; /* of a table; NULL: {} */
	struct buffer seen, reply;
};

struct world {
	struct fake fake;
	struct schema *schema;
	struct catalog *catalog;
	char *texts[3]; /* without a snapshot, with 71, with 99 */
};

static void refuse(struct fake *f, struct http_reply *r, int status, const char *type)
{
	buffer_format(
		&f->reply,
		"{\"error\":{\"message\":\"so it is\",\"type\":\"%s\",\"code\":%d}}",
		type, status);
	r->status = status;
}

static void answer_table(struct fake *f, bool is_commit, struct http_reply *r)
{
	struct mishap m = { 0 };

	if (f->mishaps_seen < f->mishap_count)
		m = f->mishaps[f->mishaps_seen++];
	if (m.is_overtaken)
		f->table = f->others;
	else if (is_commit && (m.is_done || m.trouble == TROUBLE_NONE))
		f->table = f->next;
	if (m.trouble == TROUBLE_STATUS)
		refuse(f, r, m.status, "SomeException");
	else if (f->table == NULL)
		refuse(f, r, 404, "NoSuchTableException");
	else
		buffer_format(&f->reply,
			      "{\"metadata-location\":\"file:///"
			      "m.json\",\"metadata\":%s,\"config\":%s}",
			      f->table, f->config != NULL ? f->config : "{}");
	if (m.trouble == TROUBLE_GARBAGE) {
		buffer_clear(&f->reply);
		buffer_text(&f->reply, GARBAGE);
		r->status = m.status;
	}
	if (m.trouble == TROUBLE_HALF)
		r->end = REPLY_HALF;
	if (m.trouble == TROUBLE_CUT)
		r->end = REPLY_NONE;
}

static void note_key(struct fake *f, const char *headers)
{
	const char *key = strstr(headers, "Idempotency-Key: ");

	snprintf(f->keys[f->commits++ % 8], sizeof(f->keys[0]), "%.36s",
		 key != NULL ? key + 17 : "");
}

static void answer(void *context, const struct http_seen *q, struct http_reply *r)
{
	struct fake *f = context;
	char token[64];

	buffer_clear(&f->reply);
	buffer_format(&f->seen, "%s %s\n%s%s\n", q->method, q->path, q->headers, q->body);
	snprintf(token, sizeof(token), "Authorization: Bearer token-%d\r\n", f->tokens);
	if (strcmp(q->path, "/api/v1/oauth/tokens") == 0)
		buffer_format(&f->reply,
			      "{\"access_token\":\"token-%d\",\"token_type\":\"bearer\","
			      "\"expires_in\":3600}",
			      ++f->tokens);
	else if (f->wants_token && strstr(q->headers, token) == NULL)
		refuse(f, r, 401, "NotAuthorizedException");
	else if (strcmp(q->path, "/api/v1/config?warehouse=my%20lake") == 0)
		buffer_text(&f->reply, "{\"defaults\":{\"prefix\":\"x\"},\"overrides\":{"
				       "\"prefix\":\"a/b\"}}");
	else if (strcmp(q->path, TABLE) == 0) {
		if (strcmp(q->method, "POST") == 0)
			note_key(f, q->headers);
		answer_table(f, strcmp(q->method, "POST") == 0, r);
	} else if (strstr(q->path, "/namespaces") != NULL &&
		   strcmp(q->method, "POST") == 0)
		buffer_text(&f->reply, "{}");
	else if (strstr(q->path, "/namespaces/") != NULL && f->has_namespace)
		buffer_text(&f->reply, "{}");
	else
		refuse(f, r, 404, "NoSuchNamespaceException");
	r->body = buffer_string(&f->reply);
}

/* The JSON that the set makes of `base`; the caller frees it. */
static char *applied(const struct iceberg_change_set *set,
		     const struct iceberg_metadata *base)
{
	struct buffer text = { 0 };
	struct err e = ERR_INIT;
	char *copy;

	must(iceberg_change_set_apply(&text, set, base,
				      base != NULL ? "file:///m.json" : NULL,
				      1700000000000, &e),
	     &e);
	copy = memory_copy_text(buffer_string(&text));
	buffer_release(&text);
	return copy;
}

static struct iceberg_metadata *parsed(const char *text)
{
	struct iceberg_metadata *m;
	struct err e = ERR_INIT;

	must(iceberg_metadata_parse(&m, bytes_of_text(text), &e), &e);
	return m;
}

static void open_catalog(struct world *w, const char *parameters)
{
	struct catalog_settings s = { .namespace = "shop.eu", .name = "or ders" };
	struct err e = ERR_INIT;
	char url[256];

	catalog_close(w->catalog);
	snprintf(url, sizeof(url), "%s/api/?warehouse=my%%20lake%s",
		 http_server_url(w->fake.server), parameters);
	s.url = url;
	must(catalog_open(&w->catalog, &s, &e), &e);
	w->catalog->pause_us = 1;
}

/* A table without a snapshot is there; ours would be 71, and 99 is somebody else's. */
static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct catalog_changes changes;
	struct iceberg_metadata *m;

	w->schema = catalog_changes_schema();
	catalog_changes_create(&changes, w->schema, TABLE_UUID, LOCATION, 3);
	w->fake.table = w->texts[0] = applied(&changes.set, NULL);
	m = parsed(w->texts[0]);
	catalog_changes_append(&changes, m, 71, LOCATION "/metadata/snap.avro");
	w->fake.next = w->texts[1] = applied(&changes.set, m);
	catalog_changes_append(&changes, m, 99, LOCATION "/metadata/snap.avro");
	w->fake.others = w->texts[2] = applied(&changes.set, m);
	iceberg_metadata_free(m);
	w->fake.server = http_server_start(answer, &w->fake);
	open_catalog(w, "");
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	catalog_close(w->catalog);
	http_server_stop(w->fake.server);
	schema_release(w->schema);
	for (int i = 0; i < 3; i++)
		memory_free(w->texts[i]);
	buffer_release(&w->fake.seen);
	buffer_release(&w->fake.reply);
	free(w);
	return 0;
}

static struct catalog_version load(struct world *w)
{
	struct catalog_version v = { 0 };
	struct err e = ERR_INIT;

	must(catalog_load(w->catalog, &v, &e), &e);
	return v;
}

static void script(struct world *w, const struct mishap *mishaps, int count)
{
	http_server_lock(w->fake.server);
	memcpy(w->fake.mishaps, mishaps, (size_t)count * sizeof(*mishaps));
	w->fake.mishap_count = count;
	w->fake.mishaps_seen = w->fake.commits = 0;
	http_server_unlock(w->fake.server);
}

/* Gives the table of `setup` a snapshot while these things happen. */
static int append(struct world *w, const struct mishap *mishaps, int count,
		  enum commit_result *result, struct err *e)
{
	struct catalog_version v = load(w), next = { 0 };
	struct catalog_changes changes;
	int rc;

	catalog_changes_append(&changes, v.metadata, 71, LOCATION "/metadata/snap.avro");
	script(w, mishaps, count);
	rc = catalog_commit(w->catalog, &v, &changes.set, &next, result, e);
	if (rc == 0 && *result == COMMIT_DONE)
		assert_int_equal(next.metadata->current->id, 71);
	catalog_version_release(&next);
	catalog_version_release(&v);
	return rc;
}

static bool was_seen(struct world *w, const char *text)
{
	bool is_there;

	http_server_lock(w->fake.server);
	is_there = strstr(buffer_string(&w->fake.seen), text) != NULL;
	http_server_unlock(w->fake.server);
	return is_there;
}

static void a_table_is_loaded_by_its_encoded_name(void **state)
{
	struct world *w = *state;
	struct catalog_version v = load(w);

	assert_string_equal(v.metadata->uuid, TABLE_UUID);
	assert_string_equal(v.path, "file:///m.json");
	assert_true(was_seen(w, "GET " TABLE "\n"));
	catalog_version_release(&v);
}

static void a_table_is_made_in_namespaces_that_are_made_first(void **state)
{
	struct world *w = *state;
	struct catalog_version v = { 0 };
	struct catalog_changes changes;
	enum commit_result result;
	struct err e = ERR_INIT;

	http_server_lock(w->fake.server);
	w->fake.next = w->texts[0];
	w->fake.table = NULL;
	http_server_unlock(w->fake.server);
	assert_int_equal(catalog_load(w->catalog, &v, &e), 1);
	catalog_changes_create(&changes, w->schema, TABLE_UUID, LOCATION, 3);
	must(catalog_commit(w->catalog, NULL, &changes.set, &v, &result, &e), &e);
	assert_int_equal(result, COMMIT_DONE);
	assert_string_equal(v.metadata->uuid, TABLE_UUID);
	assert_true(was_seen(w, "{\"namespace\":[\"shop\"],"));
	assert_true(was_seen(w, "{\"namespace\":[\"shop\",\"eu\"],\"properties\""));
	assert_true(was_seen(w, "{\"identifier\":{\"namespace\":[\"shop\",\"eu\"],"
				"\"name\":\"or ders\"},\"requirements\":["));
	assert_true(was_seen(w, "assert-create"));
	catalog_version_release(&v);
}

static void what_became_of_a_commit_is_found_out(void **state)
{
	enum { DONE = COMMIT_DONE, LOST = COMMIT_LOST, UNKNOWN };
	static const struct {
		struct mishap mishap;
		int outcome;
	} cases[] = {
		{ { TROUBLE_NONE, 0, true, false }, DONE },
		{ { TROUBLE_STATUS, 409, false, false }, LOST },
		{ { TROUBLE_STATUS, 409, false, true }, LOST },
		/* An answer was lost on the way, and the request sent again. */
		{ { TROUBLE_STATUS, 409, true, false }, DONE },
		{ { TROUBLE_GARBAGE, 409, false, false }, LOST },
		{ { TROUBLE_STATUS, 500, true, false }, DONE },
		{ { TROUBLE_STATUS, 500, false, false }, UNKNOWN },
		{ { TROUBLE_STATUS, 500, false, true }, LOST },
		{ { TROUBLE_GARBAGE, 502, true, false }, DONE },
		{ { TROUBLE_STATUS, 503, true, false }, DONE },
		{ { TROUBLE_GARBAGE, 503, false, false }, UNKNOWN },
		{ { TROUBLE_STATUS, 504, true, false }, DONE },
		{ { TROUBLE_GARBAGE, 200, true, false }, DONE },
		{ { TROUBLE_GARBAGE, 200, false, false }, UNKNOWN },
		{ { TROUBLE_HALF, 0, true, false }, DONE },
		{ { TROUBLE_CUT, 0, true, false }, DONE },
		{ { TROUBLE_CUT, 0, false, false }, UNKNOWN },
		{ { TROUBLE_CUT, 0, false, true }, LOST },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world *w = *state;
		enum commit_result result = COMMIT_LOST;
		struct err e = ERR_INIT;
		int rc = append(w, &cases[i].mishap, 1, &result, &e);

		if (rc < 0 ? cases[i].outcome != UNKNOWN
			   : cases[i].outcome != (int)result)
			fail_msg("case %zu: %d, result %d, %s", i, rc, result, e.text);
		if (rc < 0) {
			assert_int_equal(e.kind, ERR_RETRY);
			assert_non_null(
				strstr(e.text, "the outcome of a commit is not known"));
		}
		teardown(state);
		setup(state);
	}
}

static void a_conflict_is_believed_only_when_the_table_was_seen(void **state)
{
	/* The commit was done, sent again for want of an answer, and then nobody answers who is asked for the table. */
	const struct mishap done[] = { { TROUBLE_STATUS, 409, true, false },
				       { TROUBLE_GARBAGE, 503, false, false },
				       { TROUBLE_STATUS, 500, false, false },
				       { TROUBLE_CUT, 0, false, false } };
	struct mishap never[8] = { { TROUBLE_STATUS, 409, true, false } };
	enum commit_result result = COMMIT_LOST;
	struct world *w = *state;
	struct err e = ERR_INIT;

	must(append(w, done, 4, &result, &e), &e);
	assert_int_equal(result, COMMIT_DONE);
	teardown(state);
	setup(state);
	w = *state;
	for (int i = 1; i < 8; i++)
		never[i] = (struct mishap){ TROUBLE_STATUS, 500, false, false };
	assert_int_equal(append(w, never, 8, &result, &e), -1);
	assert_int_equal(e.kind, ERR_RETRY);
	assert_non_null(strstr(e.text, "the outcome of a commit is not known"));
}

static void a_refused_commit_is_not_unknown(void **state)
{
	static const struct {
		int status;
		enum err_kind kind;
	} cases[] = { { 400, ERR_DATA },	{ 403, ERR_CONFIG }, { 401, ERR_CONFIG },
		     { 419, ERR_CONFIG }, { 404, ERR_CONFIG }, { 406, ERR_CONFIG },
		     { 501, ERR_CONFIG }, { 302, ERR_CONFIG }, { 425, ERR_RETRY } };
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mishap m = { TROUBLE_STATUS, cases[i].status, false, false };
		enum commit_result result;
		struct err e = ERR_INIT;

		assert_int_equal(append(w, &m, 1, &result, &e), -1);
		if (e.kind != cases[i].kind || strstr(e.text, "not known") != NULL)
			fail_msg("%d: %s", cases[i].status, e.text);
		assert_int_equal(w->fake.commits, 1);
	}
}

static void a_busy_catalog_is_asked_again_with_the_same_key(void **state)
{
	static const struct mishap busy[] = { { TROUBLE_STATUS, 429, false, false } };
	struct world *w = *state;
	enum commit_result result;
	struct err e = ERR_INIT;

	must(append(w, busy, 1, &result, &e), &e);
	assert_int_equal(result, COMMIT_DONE);
	assert_int_equal(w->fake.commits, 2);
	assert_int_equal(strlen(w->fake.keys[0]), 36);
	assert_int_equal(w->fake.keys[0][14], '7');
	assert_string_equal(w->fake.keys[0], w->fake.keys[1]);
}

static void an_expired_token_is_renewed_once(void **state)
{
	static const struct mishap expired[] = { { TROUBLE_STATUS, 401, false, false },
						{ TROUBLE_STATUS, 419, false, false } };
	struct world *w = *state;
	struct catalog_version v;
	enum commit_result result;
	struct err e = ERR_INIT;

	setenv("CATALOG_TEST", "me&you:s3cret", 1);
	http_server_lock(w->fake.server);
	w->fake.wants_token = true;
	http_server_unlock(w->fake.server);
	open_catalog(w, "&credential=env:CATALOG_TEST&scope=PRINCIPAL_ROLE:ALL");
	must(append(w, expired, 1, &result, &e), &e);
	assert_int_equal(result, COMMIT_DONE);
	assert_int_equal(w->fake.tokens, 2);
	assert_true(was_seen(
		w, "grant_type=client_credentials&client_id=me%26you&client_secret=s3cret"
		   "&scope=PRINCIPAL_ROLE%3AALL"));
	http_server_lock(w->fake.server);
	w->fake.tokens = 40; /* the token that we have is no longer the newest */
	http_server_unlock(w->fake.server);
	script(w, expired, 0);
	v = load(w);
	assert_int_equal(w->fake.tokens, 41);
	script(w, expired, 2);
	assert_int_equal(catalog_load(w->catalog, &v, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.text, "check token or credential"));
	catalog_version_release(&v);
}

static void a_token_of_the_users_is_sent_as_it_is(void **state)
{
	struct world *w = *state;
	struct catalog_version v;
	struct err e = ERR_INIT;

	setenv("CATALOG_TEST", "token-7", 1);
	http_server_lock(w->fake.server);
	w->fake.wants_token = true;
	w->fake.tokens = 7;
	http_server_unlock(w->fake.server);
	open_catalog(w, "&token=env:CATALOG_TEST");
	v = load(w);
	catalog_version_release(&v);
	setenv("CATALOG_TEST", "token-8", 1);
	open_catalog(w, "&token=env:CATALOG_TEST");
	assert_int_equal(catalog_load(w->catalog, &v, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_null(strstr(e.text, "token-8"));
	assert_int_equal(w->fake.tokens, 7);
}

static void a_table_that_was_dropped_or_made_again_is_not_written_to(void **state)
{
	struct world *w = *state;
	struct catalog_version v = load(w), next;
	struct catalog_changes changes;
	enum commit_result result;
	struct err e = ERR_INIT;

	catalog_changes_append(&changes, v.metadata, 71, LOCATION "/metadata/snap.avro");
	http_server_lock(w->fake.server);
	memcpy(strstr(w->texts[2], TABLE_UUID), OTHER_UUID, 36);
	http_server_unlock(w->fake.server);
	script(w, &(struct mishap){ TROUBLE_STATUS, 409, false, true }, 1);
	assert_int_equal(catalog_commit(w->catalog, &v, &changes.set, &next, &result, &e),
			 -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.text, "dropped and made again"));
	catalog_version_release(&v);
}

static void a_table_that_was_moved_is_not_written_to(void **state)
{
	struct world *w = *state;
	struct catalog_version v = load(w), next;
	struct catalog_changes changes;
	enum commit_result result;
	struct err e = ERR_INIT;

	catalog_changes_append(&changes, v.metadata, 71, LOCATION "/metadata/snap.avro");
	http_server_lock(w->fake.server);
	strstr(w->texts[2], LOCATION)[strlen(LOCATION) - 1] ^= 1;
	http_server_unlock(w->fake.server);
	script(w, &(struct mishap){ TROUBLE_STATUS, 409, false, true }, 1);
	assert_int_equal(catalog_commit(w->catalog, &v, &changes.set, &next, &result, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.text, "somebody moved it"));
	catalog_version_release(&v);
}

static void credentials_that_nobody_asked_for_are_passed_over(void **state)
{
	struct world *w = *state;
	struct catalog_version v;

	w->fake.config = "{\"s3.access-key-id\":\"a\",\"s3.secret-access-key\":\"b\"},\"storage-credentials\":[{\"prefix\":\"s3://x\","
			 "\"config\":{\"s3.session-token\":\"c\"}}]";
	v = load(w);
	assert_string_equal(v.metadata->uuid, TABLE_UUID);
	assert_null(strstr(buffer_string(&w->fake.seen), "vended-credentials"));
	catalog_version_release(&v);
}

static void another_servers_404_is_no_missing_table(void **state)
{
	struct world *w = *state;
	struct catalog_version v;
	struct err e = ERR_INIT;

	script(w, &(struct mishap){ TROUBLE_GARBAGE, 404, false, false }, 1);
	assert_int_equal(catalog_load(w->catalog, &v, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.text, "check its URL"));
}

static void a_load_without_an_answer_may_be_tried_later(void **state)
{
	static const struct mishap cases[] = { { TROUBLE_CUT, 0, false, false },
					      { TROUBLE_HALF, 0, false, false },
					      { TROUBLE_STATUS, 500, false, false },
					      { TROUBLE_GARBAGE, 502, false, false } };
	struct world *w = *state;
	struct catalog_version v;
	struct err e = ERR_INIT;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		script(w, &cases[i], 1);
		assert_int_equal(catalog_load(w->catalog, &v, &e), -1);
		assert_int_equal(e.kind, ERR_RETRY);
	}
	script(w, &(struct mishap){ TROUBLE_GARBAGE, 200, false, false }, 1);
	assert_int_equal(catalog_load(w->catalog, &v, &e), -1);
	assert_int_equal(e.kind, ERR_DATA);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_table_is_loaded_by_its_encoded_name),
		TEST(a_table_is_made_in_namespaces_that_are_made_first),
		TEST(what_became_of_a_commit_is_found_out),
		TEST(a_conflict_is_believed_only_when_the_table_was_seen),
		TEST(a_refused_commit_is_not_unknown),
		TEST(a_busy_catalog_is_asked_again_with_the_same_key),
		TEST(an_expired_token_is_renewed_once),
		TEST(a_token_of_the_users_is_sent_as_it_is),
		TEST(a_table_that_was_dropped_or_made_again_is_not_written_to),
		TEST(a_table_that_was_moved_is_not_written_to),
		TEST(credentials_that_nobody_asked_for_are_passed_over),
		TEST(another_servers_404_is_no_missing_table),
		TEST(a_load_without_an_answer_may_be_tried_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
