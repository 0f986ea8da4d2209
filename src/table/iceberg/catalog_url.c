/* SPDX-License-Identifier: Apache-2.0 */
#include "table/iceberg/catalog_url.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"

#define SECRET_BYTES_MAX   65536
#define PARAMETERS_MAX     64u
#define URL_CHARACTERS_MAX 8192

static const char *const secrets[] = { "password", "token", "credential" };

static bool is_secret(const char *name)
{
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		if (strcmp(name, secrets[i]) == 0)
			return true;
	}
	return false;
}

void catalog_secret_free(char *secret)
{
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
	memory_free(secret);
}

/*
 * The text [from, end) with each "%41" as the byte that it stands for; NULL when it is
 * malformed.
 */
static char *decode(const char *from, const char *end)
{
	char *out = memory_take((size_t)(end - from) + 1, 1);
	size_t used = 0;

	for (; from < end; from++) {
		char digits[3] = { 0 };

		if (*from != '%') {
			out[used++] = *from;
			continue;
		}
		if (end - from > 2)
			memcpy(digits, from + 1, 2);
		out[used] = (char)strtol(digits, NULL, 16);
		if (!isxdigit((unsigned char)digits[0]) ||
		    !isxdigit((unsigned char)digits[1]) || out[used++] == '\0') {
			memory_free(out);
			return NULL;
		}
		from += 2;
	}
	return out;
}

static int take(char **out, const char *from, const char *end, struct err *e)
{
	*out = decode(from, end);
	if (*out != NULL)
		return 0;
	return err_set(e, ERR_CONFIG,
		       "catalog: a '%%' in the URL is not followed by two hexadecimal "
		       "digits of a character");
}

/* "file:PATH" or "env:NAME" becomes what is there. */
static int fetch_secret(struct catalog_url_parameter *p, struct err *e)
{
	struct buffer text = { 0 };
	const char *value = NULL;

	if (strncmp(p->value, "file:", 5) == 0) {
		if (file_read(&text, p->value + 5, SECRET_BYTES_MAX, e) < 0) {
			buffer_release(&text);
			return err_wrap(e, "catalog: %s", p->name);
		}
		while (text.size > 0 && (text.data[text.size - 1] == '\n' ||
					 text.data[text.size - 1] == '\r'))
			text.size--;
		value = buffer_string(&text);
	} else if (strncmp(p->value, "env:", 4) == 0) {
		value = getenv(p->value + 4);
		if (value == NULL)
			return err_set(e, ERR_CONFIG,
				       "catalog: %s: there is no %s in the environment",
				       p->name, p->value + 4);
	} else {
		return err_set(e, ERR_CONFIG,
			       "catalog: every user of this machine can read a command "
			       "line: %s is named, not "
			       "written out: %s=file:PATH or %s=env:NAME",
			       p->name, p->name, p->name);
	}
	memory_free(p->value);
	p->value = memory_copy_text(value);
	if (text.data != NULL)
		explicit_bzero(text.data, text.capacity);
	buffer_release(&text);
	return 0;
}

static int add_parameter(struct catalog_url *u, const char *from, const char *end,
			 struct err *e)
{
	const char *equals = memchr(from, '=', (size_t)(end - from));
	struct catalog_url_parameter p = { 0 };
	int rc;

	if (u->parameter_count == PARAMETERS_MAX)
		return err_set(e, ERR_CONFIG,
			       "catalog: the URL has more than %u parameters",
			       PARAMETERS_MAX);
	rc = take(&p.name, from, equals != NULL ? equals : end, e);
	if (rc == 0)
		rc = take(&p.value, equals != NULL ? equals + 1 : end, end, e);
	if (rc == 0 &&
	    (equals == NULL || p.name[0] == '\0' || catalog_url_get(u, p.name) != NULL))
		rc = err_set(e, ERR_CONFIG,
			     "catalog: behind the '?' stand NAME=VALUE, joined by '&', "
			     "each name once");
	if (rc == 0 && is_secret(p.name))
		rc = fetch_secret(&p, e);
	u->parameters = memory_grow(u->parameters, struct catalog_url_parameter,
				    u->parameter_count + 1);
	u->parameters[u->parameter_count++] = p;
	return rc;
}

static int add_parameters(struct catalog_url *u, const char *from, const char *end,
			  struct err *e)
{
	while (from < end) {
		const char *amp = memchr(from, '&', (size_t)(end - from));
		const char *stop = amp != NULL ? amp : end;

		if (add_parameter(u, from, stop, e) < 0)
			return -1;
		from = amp != NULL ? amp + 1 : end;
	}
	return 0;
}

/* [from, end): host, [IPv6 address] or either with :port. */
static int take_host(struct catalog_url *u, const char *from, const char *end, struct err *e)
{
	const char *bracket = *from == '[' ? memchr(from, ']', (size_t)(end - from)) : NULL;
	const char *rest = bracket != NULL ? bracket + 1 : from;
	const char *colon = memchr(rest, ':', (size_t)(end - rest));
	const char *stop = colon != NULL ? colon : end;
	int rc;

	if (bracket != NULL && bracket + 1 == stop)
		rc = take(&u->host, from + 1, bracket, e);
	else
		rc = take(&u->host, from, stop, e);
	return rc < 0 ? -1 : take(&u->port, colon != NULL ? colon + 1 : end, end, e);
}

/* [from, end): user@host:port, each but the host may be missing. */
static int take_authority(struct catalog_url *u, const char *from, const char *end,
			  struct err *e)
{
	const char *at = memrchr(from, '@', (size_t)(end - from));

	if (at != NULL && memchr(from, ':', (size_t)(at - from)) != NULL)
		return err_set(e, ERR_CONFIG,
			       "catalog: a password in the URL can be read by every user "
			       "of this machine; leave it out and name it: "
			       "password=file:PATH or password=env:NAME behind a '?'");
	if (take(&u->user, from, at != NULL ? at : from, e) < 0)
		return -1;
	return take_host(u, at != NULL ? at + 1 : from, end, e);
}

static int parse(struct catalog_url *u, const char *url, struct err *e)
{
	const char *end = url + strlen(url), *query = strchr(url, '?');
	const char *plain_end = query != NULL ? query : end;
	const char *colon = strstr(url, "://"), *path;

	if (end - url > URL_CHARACTERS_MAX)
		return err_set(e, ERR_CONFIG,
			       "catalog: the URL is longer than %d characters",
			       URL_CHARACTERS_MAX);
	if (colon == NULL || colon == url || colon > plain_end)
		return err_set(e, ERR_CONFIG,
			       "catalog: a URL begins with sqlite://, postgresql://, "
			       "https:// or http://");
	u->scheme = memory_copy(url, (size_t)(colon - url));
	for (char *c = u->scheme; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	u->plain = memory_copy(url, (size_t)(plain_end - url));
	path = memchr(colon + 3, '/', (size_t)(plain_end - colon - 3));
	if (path == NULL)
		path = plain_end;
	if (take_authority(u, colon + 3, path, e) < 0 ||
	    take(&u->path, path, plain_end, e) < 0)
		return -1;
	return query != NULL ? add_parameters(u, query + 1, end, e) : 0;
}

int catalog_url_parse(struct catalog_url *out, const char *url, struct err *e)
{
	struct catalog_url u = { 0 };

	if (parse(&u, url, e) < 0) {
		catalog_url_release(&u);
		return -1;
	}
	*out = u;
	return 0;
}

void catalog_url_release(struct catalog_url *u)
{
	for (uint32_t i = 0; i < u->parameter_count; i++) {
		memory_free(u->parameters[i].name);
		catalog_secret_free(u->parameters[i].value);
	}
	memory_free(u->parameters);
	memory_free(u->scheme);
	memory_free(u->plain);
	memory_free(u->user);
	memory_free(u->host);
	memory_free(u->port);
	memory_free(u->path);
	*u = (struct catalog_url){0};
}

const char *catalog_url_get(const struct catalog_url *u, const char *name)
{
	for (uint32_t i = 0; i < u->parameter_count; i++) {
		if (strcmp(u->parameters[i].name, name) == 0)
			return u->parameters[i].value;
	}
	return NULL;
}

int catalog_url_expect(const struct catalog_url *u, const char *const *names,
		       struct err *e)
{
	for (uint32_t i = 0; i < u->parameter_count; i++) {
		const char *const *known = names;

		while (*known != NULL && strcmp(*known, u->parameters[i].name) != 0)
			known++;
		if (*known == NULL)
			return err_set(e, ERR_CONFIG,
				       "catalog: %s:// has no parameter \"%s\"",
				       u->scheme, u->parameters[i].name);
	}
	return 0;
}
