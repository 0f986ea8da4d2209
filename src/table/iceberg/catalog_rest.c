/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table of a REST catalog: loaded, and committed to by requirements and updates, also
 * when it is made. The catalog writes the metadata file. It is not asked for credentials
 * of the storage: the table's files lie where we can write.
 */
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "table/iceberg/catalog_ops.h"
#include "table/iceberg/rest_client.h"

struct rest_catalog {
	struct catalog catalog;
	struct rest_client client;
};

static struct rest_catalog *rest_of(struct catalog *c)
{
	return (struct rest_catalog *)(void *)c;
}

/* Calls `put` with each level of the namespace, up to `end`. */
static void each_level(const char *namespace, const char *end,
		       void (*put)(struct buffer *, const char *), const char *between,
		       struct buffer *out)
{
	while (namespace < end) {
		size_t size = strcspn(namespace, ".");
		char *level = memory_copy(namespace, size);

		put(out, level);
		memory_free(level);
		namespace += size + 1;
		if (namespace < end)
			buffer_text(out, between);
	}
}

/* Appends "namespaces/a%1Fb" of the levels up to `end`. */
static void put_namespace_path(struct buffer *out, struct rest_catalog *r,
			       const char *end)
{
	buffer_text(out, "namespaces/");
	each_level(r->catalog.namespace, end, http_encode, r->client.separator, out);
}

/* Appends ["a","b"]. */
static void put_namespace(struct buffer *out, const struct rest_catalog *r,
			  const char *end)
{
	buffer_char(out, '[');
	each_level(r->catalog.namespace, end, text_json_string, ",", out);
	buffer_char(out, ']');
}

static void put_table_path(struct buffer *out, struct rest_catalog *r)
{
	const char *namespace = r->catalog.namespace;

	put_namespace_path(out, r, namespace + strlen(namespace));
	buffer_text(out, "/tables/");
	http_encode(out, r->catalog.name);
}

/* LoadTableResult and CommitTableResponse are read alike. */
static int take_version(struct catalog_version *out, const struct buffer *text,
			struct err *e)
{
	struct json_parser p = { 0 };
	struct json_value answer, metadata;
	struct buffer json = { 0 };
	const char *path;
	int rc = json_parse(&p, buffer_bytes(text), &answer, e);

	if (rc == 0 && (!json_get(&answer, "metadata", &metadata) ||
			metadata.type != JSON_OBJECT || !json_write(&json, &metadata)))
		rc = err_set(e, ERR_DATA, "it has no object \"metadata\"");
	if (rc == 0)
		rc = iceberg_metadata_parse(&out->metadata, buffer_bytes(&json), e);
	if (rc == 0) {
		path = json_get_text(&answer, "metadata-location");
		out->path = memory_copy_text(path != NULL ? path : "");
	}
	json_parser_release(&p);
	buffer_release(&json);
	return rc < 0 ? err_wrap(e, "answer of the catalog") : 0;
}

static int rest_load(struct catalog *c, struct catalog_version *out, struct err *e)
{
	struct rest_catalog *r = rest_of(c);
	struct buffer path = { 0 }, answer = { 0 };
	enum rest_result result;
	int rc;

	put_table_path(&path, r);
	rc = rest_client_send(&r->client, buffer_string(&path), NULL, &answer, &result,
			      e);
	if (rc == 0 && result == REST_MISSING)
		rc = 1;
	else if (rc == 0 && result == REST_CONFLICT)
		rc = err_set(e, ERR_RETRY, "the catalog answers 409 to a question");
	else if (rc == 0 && result == REST_UNKNOWN)
		rc = -1;
	if (rc == 0)
		rc = take_version(out, &answer, e);
	buffer_release(&path);
	buffer_release(&answer);
	return rc;
}

/* Makes the namespace of the levels up to `end`; it may be there. */
static int make_namespace(struct rest_catalog *r, const char *end, struct err *e)
{
	struct buffer path = { 0 }, body = { 0 }, answer = { 0 };
	enum rest_result result;
	int rc;

	put_namespace_path(&path, r, end);
	rc = rest_client_send(&r->client, buffer_string(&path), NULL, &answer, &result,
			      e);
	if (rc == 0 && result == REST_MISSING) {
		buffer_text(&body, "{\"namespace\":");
		put_namespace(&body, r, end);
		buffer_text(&body, ",\"properties\":{}}");
		rc = rest_client_send(&r->client, "namespaces", &body, &answer, &result,
				      e);
		if (rc == 0 && result == REST_MISSING)
			rc = err_set(e, ERR_CONFIG,
				     "the catalog has no place for it; check warehouse "
				     "and prefix");
	}
	if (rc == 0 && result == REST_UNKNOWN)
		rc = -1;
	buffer_release(&path);
	buffer_release(&body);
	buffer_release(&answer);
	return rc < 0 ? err_wrap(e, "namespace") : 0;
}

/*
 * The outer levels come first: some catalogs know a namespace only in one that is there.
 */
static int make_namespaces(struct rest_catalog *r, struct err *e)
{
	const char *end = r->catalog.namespace;

	do {
		end += strcspn(end, ".");
		if (make_namespace(r, end, e) < 0)
			return -1;
	} while (*end++ != '\0');
	return 0;
}

/* CommitTableRequest. */
static void write_commit(struct buffer *out, const struct rest_catalog *r,
			 const struct iceberg_change_set *changes)
{
	const char *namespace = r->catalog.namespace;

	buffer_text(out, "{\"identifier\":{\"namespace\":");
	put_namespace(out, r, namespace + strlen(namespace));
	buffer_text(out, ",\"name\":");
	text_json_string(out, r->catalog.name);
	buffer_text(out, "},\"requirements\":");
	iceberg_change_set_requirements(out, changes);
	buffer_text(out, ",\"updates\":");
	iceberg_change_set_updates(out, changes);
	buffer_char(out, '}');
}

static int send_commit(struct rest_catalog *r, const struct iceberg_change_set *changes,
		       struct buffer *answer, enum rest_result *result, struct err *e)
{
	struct buffer path = { 0 }, body = { 0 };
	int rc;

	put_table_path(&path, r);
	write_commit(&body, r, changes);
	rc = rest_client_send(&r->client, buffer_string(&path), &body, answer, result, e);
	buffer_release(&path);
	buffer_release(&body);
	return rc;
}

static int rest_attempt(struct catalog *c, const struct catalog_version *base,
			const struct iceberg_change_set *changes,
			struct catalog_version *out, enum attempt *attempt, struct err *e)
{
	struct rest_catalog *r = rest_of(c);
	struct buffer answer = { 0 };
	enum rest_result result = REST_UNKNOWN;
	int rc = base == NULL ? make_namespaces(r, e) : 0;

	if (rc == 0)
		rc = send_commit(r, changes, &answer, &result, e);
	if (rc == 0 && result == REST_MISSING)
		rc = err_set(e, ERR_CONFIG,
			     "the catalog no longer has it: it, or its namespace, was "
			     "dropped");
	*attempt = result == REST_CONFLICT ? ATTEMPT_LOST : ATTEMPT_UNKNOWN;
	/* An answer that is damaged tells of a commit that was done, perhaps. */
	if (rc == 0 && result == REST_DONE && take_version(out, &answer, e) == 0)
		*attempt = ATTEMPT_DONE;
	buffer_release(&answer);
	return rc;
}

static void rest_close(struct catalog *c)
{
	struct rest_catalog *r = rest_of(c);

	rest_client_release(&r->client);
	memory_free(r);
}

static const struct catalog_ops rest_ops = { rest_load, rest_attempt, rest_close, true };

int catalog_open_rest(struct catalog **out, const struct catalog_settings *s,
		      const struct catalog_url *url, struct err *e)
{
	struct rest_catalog *r = memory_new(struct rest_catalog);

	(void)s;
	if (rest_client_init(&r->client, url, e) < 0) {
		memory_free(r);
		return -1;
	}
	r->catalog.ops = &rest_ops;
	*out = &r->catalog;
	return 0;
}
