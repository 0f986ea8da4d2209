/* SPDX-License-Identifier: Apache-2.0 */
#include "source/mysql/url.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/text.h"

#define DEFAULT_PORT 3306

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* "%41b" is "Ab". A NUL, or a '%' without two digits, is an error. */
static int decode(char **out, const char *from, size_t size, struct err *e)
{
	char *text = memory_copy(from, size);
	size_t used = 0;

	for (size_t i = 0; i < size; i++) {
		int high, low;

		if (text[i] != '%') {
			text[used++] = text[i];
			continue;
		}
		high = i + 2 < size ? hex_digit(text[i + 1]) : -1;
		low = i + 2 < size ? hex_digit(text[i + 2]) : -1;
		if (high < 0 || low < 0 || (high | low) == 0) {
			memory_free(text);
			return err_set(e, ERR_CONFIG,
				       "--from: a '%%' in the URL is not followed by two hexadecimal "
				       "digits of a character");
		}
		text[used++] = (char)(high << 4 | low);
		i += 2;
	}
	text[used] = '\0';
	*out = text;
	return 0;
}

static int parse_port(uint16_t *out, const char *from, size_t size, struct err *e)
{
	uint64_t port;

	if (!text_parse_uint((struct bytes){ (const uint8_t *)from, size }, &port) || port == 0 ||
	    port > UINT16_MAX)
		return err_set(e, ERR_CONFIG, "--from: \"%.*s\" is not a port number", (int)size, from);
	*out = (uint16_t)port;
	return 0;
}

static int parse_host(struct mysql_url *u, const char *from, const char *end, struct err *e)
{
	const char *host_end = end, *colon;

	if (from < end && *from == '[') {
		host_end = memchr(from, ']', (size_t)(end - from));
		if (host_end == NULL)
			return err_set(e, ERR_CONFIG, "--from: the '[' of an IPv6 address has no ']'");
		if (decode(&u->host, from + 1, (size_t)(host_end - from - 1), e) < 0)
			return -1;
		colon = host_end + 1;
		if (colon < end && *colon != ':')
			return err_set(e, ERR_CONFIG, "--from: only \":port\" may follow \"[%s]\"",
				       u->host);
	} else {
		colon = memchr(from, ':', (size_t)(end - from));
		host_end = colon != NULL ? colon : end;
		if (decode(&u->host, from, (size_t)(host_end - from), e) < 0)
			return -1;
	}
	if (u->host[0] == '\0')
		return err_set(e, ERR_CONFIG,
			       "--from names no host: mysql://user@host:port/database");
	if (colon != NULL && colon < end)
		return parse_port(&u->port, colon + 1, (size_t)(end - colon - 1), e);
	return 0;
}

static int parse_authority(struct mysql_url *u, const char *from, const char *end, struct err *e)
{
	const char *at = memrchr(from, '@', (size_t)(end - from));

	if (at == NULL || at == from)
		return err_set(e, ERR_CONFIG,
			       "--from names no user: mysql://user@host:port/database");
	if (memchr(from, ':', (size_t)(at - from)) != NULL)
		return err_set(e, ERR_CONFIG,
			       "--from: a password in the URL can be read by every user of this machine; "
			       "leave it out and put it into a file (--from-password-file FILE), the "
			       "environment variable MYSQL_PWD, or the systemd credential \"from-password\"");
	if (decode(&u->user, from, (size_t)(at - from), e) < 0)
		return -1;
	return parse_host(u, at + 1, end, e);
}

/* One element of the path; a name without a dot behind "db.table" is a table of the same database. */
static int parse_name(struct mysql_url *u, const char *from, size_t size, struct err *e)
{
	const char *dot = memchr(from, '.', size);
	const struct mysql_url_name *last = u->name_count > 0 ? &u->names[u->name_count - 1] : NULL;
	struct mysql_url_name name = { 0 };
	int rc = 0;

	if (size == 0)
		return err_set(e, ERR_CONFIG, "--from: an empty name between two commas");
	if (dot == NULL && last != NULL && last->table != NULL) {
		name.database = memory_copy_text(last->database);
		rc = decode(&name.table, from, size, e);
	} else if (dot == NULL) {
		rc = decode(&name.database, from, size, e);
	} else {
		rc = decode(&name.database, from, (size_t)(dot - from), e);
		if (rc == 0)
			rc = decode(&name.table, dot + 1, size - (size_t)(dot - from) - 1, e);
	}
	u->names = memory_grow(u->names, struct mysql_url_name, u->name_count + 1);
	u->names[u->name_count++] = name;
	return rc;
}

static int parse_names(struct mysql_url *u, const char *from, const char *end, struct err *e)
{
	while (from < end) {
		const char *comma = memchr(from, ',', (size_t)(end - from));
		const char *stop = comma != NULL ? comma : end;

		if (parse_name(u, from, (size_t)(stop - from), e) < 0)
			return -1;
		from = comma != NULL ? comma + 1 : end;
	}
	return 0;
}

static int parse_query(struct mysql_url *u, const char *from, const char *end, struct err *e)
{
	static const char socket[] = "socket=";

	while (from < end) {
		const char *amp = memchr(from, '&', (size_t)(end - from));
		const char *stop = amp != NULL ? amp : end;

		if ((size_t)(stop - from) <= sizeof(socket) - 1 ||
		    memcmp(from, socket, sizeof(socket) - 1) != 0 || u->socket != NULL)
			return err_set(e, ERR_CONFIG,
				       "--from: \"%.*s\" behind the '?' is not known; the one word there is "
				       "socket=/path",
				       (int)(stop - from), from);
		from += sizeof(socket) - 1;
		if (decode(&u->socket, from, (size_t)(stop - from), e) < 0)
			return -1;
		from = amp != NULL ? amp + 1 : end;
	}
	return 0;
}

static int parse(struct mysql_url *u, const char *url, struct err *e)
{
	const char *from = strstr(url, "://");
	const char *end = url + strlen(url), *path, *query;
	size_t scheme = from != NULL ? (size_t)(from - url) : 0;

	if (from == NULL || ((scheme != 5 || strncasecmp(url, "mysql", 5) != 0) &&
			     (scheme != 7 || strncasecmp(url, "mariadb", 7) != 0)))
		return err_set(e, ERR_CONFIG, "--from: a URL of this source begins with mysql://");
	from += 3;
	query = strchr(from, '?');
	path = memchr(from, '/', (size_t)((query != NULL ? query : end) - from));
	if (parse_authority(u, from, path != NULL ? path : query != NULL ? query : end, e) < 0)
		return -1;
	if (path != NULL && parse_names(u, path + 1, query != NULL ? query : end, e) < 0)
		return -1;
	if (query != NULL && parse_query(u, query + 1, end, e) < 0)
		return -1;
	if (u->socket != NULL && strcmp(u->host, "localhost") != 0)
		return err_set(e, ERR_CONFIG, "--from: a socket is on localhost, not on \"%s\"", u->host);
	return 0;
}

int mysql_url_parse(struct mysql_url *out, const char *url, struct err *e)
{
	struct mysql_url u = { .port = DEFAULT_PORT };

	if (parse(&u, url, e) < 0) {
		mysql_url_release(&u);
		return -1;
	}
	*out = u;
	return 0;
}

void mysql_url_release(struct mysql_url *u)
{
	for (uint32_t i = 0; i < u->name_count; i++) {
		memory_free(u->names[i].database);
		memory_free(u->names[i].table);
	}
	memory_free(u->names);
	memory_free(u->user);
	memory_free(u->host);
	memory_free(u->socket);
	*u = (struct mysql_url){ 0 };
}

bool mysql_url_is_local(const struct mysql_url *u)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (u->socket != NULL || strcmp(u->host, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, u->host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, u->host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

bool mysql_url_wants_tls(const struct mysql_url *u, const char *tls, const char *ca_file)
{
	if (tls != NULL && strcmp(tls, "off") == 0)
		return false;
	return ca_file != NULL || !mysql_url_is_local(u);
}
