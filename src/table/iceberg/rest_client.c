/* SPDX-License-Identifier: Apache-2.0 */
#include "table/iceberg/rest_client.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "table/uuid.h"

#define TRIES      4
#define WAIT_S_MAX 10     /* before one more try, whatever the catalog asks for */
#define WAIT_US    100000 /* when it asks for nothing; doubled each time */
#define SEPARATOR  "%1F"

static const char *const known_parameters[] = { "warehouse",	    "prefix", "token",
					       "credential",	    "scope",  "ca-file",
					       "oauth2-server-uri", NULL };

/* An exchange: its answer, and what became of it. */
struct exchange {
	struct http_answer answer;
	bool may_be_done;
	bool is_renewed; /* it was refused once, and we got another token */
	int rc;          /* of http_send */
};

/* A prefix may have several parts, and is encoded by who chose it. */
static void set_prefix(struct rest_client *c, const char *prefix)
{
	struct buffer text = { 0 };

	if (prefix != NULL && prefix[0] != '\0')
		buffer_format(&text, "%s/", prefix);
	memory_free(c->prefix);
	c->prefix = memory_copy_text(buffer_string(&text));
	buffer_release(&text);
}

/* It should be encoded, and is not everywhere. */
static void set_separator(struct rest_client *c, const char *separator)
{
	struct buffer text = { 0 };

	if (strchr(separator, '%') != NULL)
		buffer_text(&text, separator);
	else
		http_encode(&text, separator);
	memory_free(c->separator);
	c->separator = memory_copy_text(buffer_string(&text));
	buffer_release(&text);
}

/* The URL as its user wrote it, without what we put there ourselves. */
static char *base_of(const char *plain)
{
	size_t size = strlen(plain);

	while (size > 0 && plain[size - 1] == '/')
		size--;
	if (size > 3 && memcmp(plain + size - 3, "/v1", 3) == 0)
		size -= 3;
	return memory_copy(plain, size);
}

int rest_client_init(struct rest_client *c, const struct catalog_url *url, struct err *e)
{
	if (catalog_url_expect(url, known_parameters, e) < 0)
		return -1;
	if (url->host[0] == '\0' || url->user[0] != '\0')
		return err_set(e, ERR_CONFIG,
			       "catalog: behind %s:// stand host and path of a REST "
			       "catalog; who we are is said by token or "
			       "credential behind a '?'",
			       url->scheme);
	*c = (struct rest_client){.base = base_of(url->plain),
				  .separator = memory_copy_text(SEPARATOR) };
	if (rest_login_init(&c->login, url, c->base, e) < 0) {
		rest_client_release(c);
		return -1;
	}
	set_prefix(c, catalog_url_get(url, "prefix"));
	c->warehouse = memory_copy_text(catalog_url_get(url, "warehouse"));
	c->http = http_open(catalog_url_get(url, "ca-file"));
	return 0;
}

void rest_client_release(struct rest_client *c)
{
	http_close(c->http);
	rest_login_release(&c->login);
	memory_free(c->base);
	memory_free(c->prefix);
	memory_free(c->separator);
	memory_free(c->warehouse);
	*c = (struct rest_client){0};
}

/* RFC 9562, version 7: begins with the time. */
static void make_key(char out[UUID_TEXT_BYTES + 1])
{
	uint8_t uuid[UUID_BYTES];
	uint64_t now_ms = (uint64_t)(clock_now_us() / 1000);

	uuid_random(uuid);
	for (int i = 0; i < 6; i++)
		uuid[i] = (uint8_t)(now_ms >> (40 - 8 * i));
	uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x70);
	uuid_format(out, uuid);
}

/* Sends once, with a token. -1: there is none; else x->rc tells. */
static int send_once(struct rest_client *c, struct http_request *r, struct exchange *x,
		     struct err *e)
{
	struct buffer login = { 0 };
	int count = r->headers[0] != NULL;

	if (rest_login_header(&c->login, c->http, &login, e) < 0) {
		buffer_release(&login);
		return -1;
	}
	r->headers[count] = login.size > 0 ? buffer_string(&login) : NULL;
	x->rc = http_send(c->http, r, &x->answer, &x->may_be_done, e);
	r->headers[count] = NULL;
	if (login.data != NULL)
		explicit_bzero(login.data, login.capacity);
	buffer_release(&login);
	return 0;
}

static void wait_for(const struct http_answer *a, int try)
{
	int64_t s = a->retry_after_s;

	if (s > WAIT_S_MAX)
		s = WAIT_S_MAX;
	clock_sleep_us(s > 0 ? s * 1000000 : WAIT_US << try);
}

/* Whether the request was surely not done and may be sent again, now that we waited. */
static bool is_worth_again(struct rest_client *c, const struct http_request *r,
			   struct exchange *x, int try)
{
	int status = x->answer.status;
	bool is_read = strcmp(r->method, "GET") == 0;

	if (x->rc < 0)
		return false;
	if (status == 401 || status == 419) { /* 419: the token expired */
		bool is_first = !x->is_renewed;

		x->is_renewed = true;
		return is_first && rest_login_forget(&c->login);
	}
	if (status != 429 && !(is_read && status == 503))
		return false;
	wait_for(&x->answer, try);
	return true;
}

static int exchange(struct rest_client *c, struct http_request *r, struct exchange *x,
		    struct err *e)
{
	for (int try = 0; try < TRIES; try++) {
		if (send_once(c, r, x, e) < 0)
			return -1;
		if (try + 1 == TRIES || !is_worth_again(c, r, x, try))
			break;
	}
	return 0;
}

/*
 * The catalog's own words (ErrorModel), or what stands in their place; false: it has
 * none.
 */
static bool read_error(const struct http_answer *a, char *out, size_t size)
{
	struct json_parser p = { 0 };
	struct json_value answer, error;
	struct err ignored = ERR_INIT;
	char type[80], message[200];
	bool is_error = json_parse(&p, buffer_bytes(&a->body), &answer, &ignored) == 0 &&
			json_get(&answer, "error", &error) &&
			json_get_text(&error, "message") != NULL;

	if (is_error)
		snprintf(out, size, "%s: %s",
			 text_plain(type, sizeof(type), json_get_text(&error, "type")),
			 text_plain(message, sizeof(message),
				    json_get_text(&error, "message")));
	else
		snprintf(out, size, "no error that a catalog writes (%zu bytes)",
			 a->body.size);
	json_parser_release(&p);
	return is_error;
}

/*
 * What to do about a status that is none of success, by the specification's list of
 * responses.
 */
static int judge(const struct http_answer *a, enum rest_result *result, struct err *e)
{
	char why[300];
	bool is_catalog = read_error(a, why, sizeof(why));
	int status = a->status;

	if (status == 409) {
		*result = REST_CONFLICT;
		return 0;
	}
	if (status == 404 && is_catalog) {
		*result = REST_MISSING;
		return 0;
	}
	if ((status >= 500 && status != 501) || status == 408) {
		*result = REST_UNKNOWN;
		err_set(e, ERR_RETRY, "the catalog answers %d, %s", status, why);
		return 0;
	}
	if (status == 429 || status == 425)
		return err_set(e, ERR_RETRY, "the catalog has too much to do: %d, %s",
			       status, why);
	if (status == 401 || status == 403 || status == 419)
		return err_set(e, ERR_CONFIG,
			       "the catalog refuses us: %d, %s; check token or "
			       "credential, and its rights",
			       status, why);
	if (status == 400 || status == 422)
		return err_set(e, ERR_DATA, "the catalog refuses the request: %d, %s",
			       status, why);
	return err_set(e, ERR_CONFIG,
		       "the catalog answers %d, %s; check its URL, warehouse and prefix",
		       status, why);
}

/* Sends to the full URL. */
static int request(struct rest_client *c, const char *url, const struct buffer *body,
		   struct buffer *answer, enum rest_result *result, struct err *e)
{
	char key[UUID_TEXT_BYTES + 1];
	struct buffer header = { 0 };
	struct exchange x = { .answer.body = *answer };
	struct http_request r = { .method = body != NULL ? "POST" : "GET", .url = url };
	int rc;

	if (body != NULL) {
		make_key(key);
		buffer_format(&header, "Idempotency-Key: %s", key);
		r.headers[0] = buffer_string(&header);
		r.content_type = "application/json";
		r.body = buffer_bytes(body);
	}
	*result = REST_DONE;
	rc = exchange(c, &r, &x, e);
	if (rc == 0 && x.rc < 0 && x.may_be_done && e->kind != ERR_CONFIG)
		*result = REST_UNKNOWN;
	else if (rc == 0 && x.rc < 0)
		rc = -1;
	else if (rc == 0 && (x.answer.status < 200 || x.answer.status > 299))
		rc = judge(&x.answer, result, e);
	*answer = x.answer.body;
	buffer_release(&header);
	return rc;
}

/* Of "overrides" or, without it there, of "defaults". */
static const char *setting(const struct json_value *config, const char *list,
			   const char *name)
{
	struct json_value settings;

	return json_get(config, list, &settings) ? json_get_text(&settings, name) : NULL;
}

static int take_config(struct rest_client *c, struct bytes text, struct err *e)
{
	struct json_parser p = { 0 };
	struct json_value config, overrides;
	const char *prefix, *separator;
	int rc = json_parse(&p, text, &config, e);

	if (rc == 0 && !json_get(&config, "overrides", &overrides))
		rc = err_set(e, ERR_CONFIG,
			     "the configuration has no \"overrides\": this is no REST "
			     "catalog; check the URL");
	if (rc == 0) {
		prefix = setting(&config, "overrides", "prefix");
		if (prefix == NULL && c->prefix[0] == '\0')
			prefix = setting(&config, "defaults", "prefix");
		if (prefix != NULL)
			set_prefix(c, prefix);
		separator = setting(&config, "overrides", "namespace-separator");
		if (separator != NULL)
			set_separator(c, separator);
		c->is_configured = true;
	}
	json_parser_release(&p);
	return rc;
}

/* GET /v1/config, once. */
static int configure(struct rest_client *c, struct err *e)
{
	struct buffer url = { 0 }, answer = { 0 };
	enum rest_result result;
	int rc;

	if (c->is_configured)
		return 0;
	buffer_format(&url, "%s/v1/config", c->base);
	if (c->warehouse != NULL) {
		buffer_text(&url, "?warehouse=");
		http_encode(&url, c->warehouse);
	}
	rc = request(c, buffer_string(&url), NULL, &answer, &result, e);
	if (rc == 0 && (result == REST_MISSING || result == REST_CONFLICT))
		rc = err_set(e, ERR_CONFIG, "the catalog knows no such warehouse%s%s",
			     c->warehouse != NULL ? ": " : "",
			     c->warehouse != NULL ? c->warehouse : "");
	else if (rc == 0 && result == REST_UNKNOWN)
		rc = -1;
	if (rc == 0)
		rc = take_config(c, buffer_bytes(&answer), e);
	buffer_release(&url);
	buffer_release(&answer);
	return rc < 0 ? err_wrap(e, "configuration") : 0;
}

int rest_client_send(struct rest_client *c, const char *path, const struct buffer *body,
		     struct buffer *answer, enum rest_result *result, struct err *e)
{
	struct buffer url = { 0 };
	int rc = configure(c, e);

	if (rc == 0) {
		buffer_format(&url, "%s/v1/%s%s", c->base, c->prefix, path);
		rc = request(c, buffer_string(&url), body, answer, result, e);
	}
	buffer_release(&url);
	return rc;
}
