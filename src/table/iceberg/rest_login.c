/* SPDX-License-Identifier: Apache-2.0 */
#include "table/iceberg/rest_login.h"

#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"

#define SCOPE                "catalog"
#define RENEW_BEFORE_S_MAX   60 /* or a tenth of the token's life */
#define TOKEN_LIFE_S_MAX     ((int64_t)366 * 86400)
#define TOKEN_CHARACTERS_MAX 65536

static bool is_header_text(const char *token)
{
	size_t size = strlen(token);

	for (size_t i = 0; i < size; i++) {
		if (token[i] <= ' ' || token[i] > '~')
			return false;
	}
	return size > 0 && size <= TOKEN_CHARACTERS_MAX;
}

int rest_login_init(struct rest_login *l, const struct catalog_url *url, const char *base,
		    struct err *e)
{
	const char *scope = catalog_url_get(url, "scope"),
		   *server = catalog_url_get(url, "oauth2-server-uri");
	const char *token = catalog_url_get(url, "token"),
		   *credential = catalog_url_get(url, "credential");
	struct buffer own = { 0 };

	if (token != NULL && credential != NULL)
		return err_set(e, ERR_CONFIG,
			       "catalog: a token and a credential are given: one of them "
			       "is too much");
	if (token != NULL && !is_header_text(token))
		return err_set(e, ERR_CONFIG,
			       "catalog: the token is empty, or holds what no token "
			       "holds: a blank, a new line");
	buffer_format(&own, "%s/v1/oauth/tokens", base);
	*l = (struct rest_login){
		.credential = memory_copy_text(credential),
		.scope = memory_copy_text(scope != NULL ? scope : SCOPE),
		.server = memory_copy_text(server != NULL ? server : buffer_string(&own)),
		.token = memory_copy_text(token),
		.renew_at_us = INT64_MAX,
	};
	buffer_release(&own);
	return 0;
}

void rest_login_release(struct rest_login *l)
{
	catalog_secret_free(l->credential);
	catalog_secret_free(l->token);
	memory_free(l->scope);
	memory_free(l->server);
	*l = (struct rest_login){0};
}

static void put_form(struct buffer *out, const char *name, const char *value)
{
	buffer_format(out, "%s%s=", out->size > 0 ? "&" : "", name);
	http_encode(out, value);
}

static void write_form(struct buffer *out, const struct rest_login *l)
{
	const char *colon = strchr(l->credential, ':');

	put_form(out, "grant_type", "client_credentials");
	if (colon != NULL) {
		char *id = memory_copy(l->credential, (size_t)(colon - l->credential));

		put_form(out, "client_id", id);
		memory_free(id);
	}
	put_form(out, "client_secret", colon != NULL ? colon + 1 : l->credential);
	put_form(out, "scope", l->scope);
}

static int refuse(const struct http_answer *a, struct err *e)
{
	struct json_parser p = { 0 };
	struct json_value answer;
	struct err ignored = ERR_INIT;
	const char *why = NULL;
	bool may_pass = a->status >= 500 || a->status == 408 || a->status == 429;
	char shown[128];

	if (json_parse(&p, buffer_bytes(&a->body), &answer, &ignored) == 0)
		why = json_get_text(&answer, "error");
	err_set(e, may_pass ? ERR_RETRY : ERR_CONFIG,
		"it gives no token: %d %s; check credential, scope and oauth2-server-uri",
		a->status, text_plain(shown, sizeof(shown), why));
	json_parser_release(&p);
	return -1;
}

static int take_token(struct rest_login *l, const struct http_answer *a, struct err *e)
{
	struct json_parser p = { 0 };
	struct json_value answer;
	const char *token, *type;
	int64_t life_s;
	int rc = json_parse(&p, buffer_bytes(&a->body), &answer, e);

	if (rc < 0)
		goto out;
	token = json_get_text(&answer, "access_token");
	type = json_get_text(&answer, "token_type");
	life_s = json_get_int(&answer, "expires_in");
	if (token == NULL || !is_header_text(token) ||
	    (type != NULL && strcasecmp(type, "bearer") != 0)) {
		rc = err_set(e, ERR_DATA, "its answer holds no bearer token");
		goto out;
	}
	l->token = memory_copy_text(token);
	l->renew_at_us = INT64_MAX;
	if (life_s > 0 && life_s < TOKEN_LIFE_S_MAX) {
		int64_t before_s = life_s / 10;

		if (before_s > RENEW_BEFORE_S_MAX)
			before_s = RENEW_BEFORE_S_MAX;
		l->renew_at_us = clock_monotonic_us() + (life_s - before_s) * 1000000;
	}
out:
	json_parser_release(&p);
	return rc;
}

static int get_token(struct rest_login *l, struct http *h, struct err *e)
{
	struct buffer form = { 0 };
	struct http_answer a = { 0 };
	struct http_request r = {
		.method = "POST",
		.url = l->server,
		.content_type = "application/x-www-form-urlencoded",
	};
	bool ignored;
	int rc;

	write_form(&form, l);
	r.body = buffer_bytes(&form);
	rc = http_send(h, &r, &a, &ignored, e);
	if (rc == 0)
		rc = a.status == 200 ? take_token(l, &a, e) : refuse(&a, e);
	explicit_bzero(form.data, form.capacity);
	if (a.body.data != NULL)
		explicit_bzero(a.body.data, a.body.capacity);
	buffer_release(&form);
	buffer_release(&a.body);
	return rc < 0 ? err_wrap(e, "OAuth2 server \"%s\"", l->server) : 0;
}

int rest_login_header(struct rest_login *l, struct http *h, struct buffer *out,
		      struct err *e)
{
	if (l->credential != NULL && l->token != NULL &&
	    clock_monotonic_us() >= l->renew_at_us)
		rest_login_forget(l);
	if (l->credential != NULL && l->token == NULL && get_token(l, h, e) < 0)
		return -1;
	if (l->token != NULL)
		buffer_format(out, "Authorization: Bearer %s", l->token);
	return 0;
}

bool rest_login_forget(struct rest_login *l)
{
	if (l->credential == NULL)
		return false;
	catalog_secret_free(l->token);
	l->token = NULL;
	return true;
}
