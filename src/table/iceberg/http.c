/* SPDX-License-Identifier: Apache-2.0 */
#include "table/iceberg/http.h"

#include <curl/curl.h>
#include <string.h>

#include "base/memory.h"

#define AUTHORITY "; an authority that the system does not know is named by ca-file=FILE"

struct http {
	CURL *curl;
	char *ca_file;
};

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
	struct buffer *body = context;

	(void)size; /* 1 */
	if (count > HTTP_BODY_BYTES_MAX - body->size)
		return 0;
	buffer_append(body, data, count);
	return count;
}

struct http *http_open(const char *ca_file)
{
	struct http *h = memory_new(struct http);

	h->ca_file = memory_copy_text(ca_file);
	return h;
}

void http_close(struct http *h)
{
	if (h == NULL)
		return;
	curl_easy_cleanup(h->curl);
	memory_free(h->ca_file);
	memory_free(h);
}

/* Options start afresh with each request; the connection stays. */
static void set_options(struct http *h, const struct http_request *r,
			struct http_answer *out)
{
	CURL *c = h->curl;

	curl_easy_reset(c);
	curl_easy_setopt(c, CURLOPT_URL, r->url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)HTTP_CONNECT_MS_MAX);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)HTTP_REQUEST_MS_MAX);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "tailrace/" TAILRACE_VERSION);
	curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, &out->body);
	if (h->ca_file != NULL)
		curl_easy_setopt(c, CURLOPT_CAINFO, h->ca_file);
	if (strcmp(r->method, "POST") == 0) {
		curl_easy_setopt(c, CURLOPT_POST, 1L);
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE,
				 (curl_off_t)r->body.size);
		curl_easy_setopt(c, CURLOPT_POSTFIELDS,
				 r->body.size > 0 ? (const char *)r->body.data : "");
	}
}

static struct curl_slist *add_header(struct curl_slist *list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(list, line);

	if (longer == NULL)
		curl_slist_free_all(list);
	return longer;
}

/* NULL when memory is short. */
static struct curl_slist *headers_of(const struct http_request *r)
{
	struct curl_slist *list = add_header(NULL, "Accept: application/json");
	struct buffer type = { 0 };

	if (list != NULL) /* an "Expect: 100-continue" would cost a round trip */
		list = add_header(list, "Expect:");
	if (list != NULL && r->content_type != NULL) {
		buffer_format(&type, "Content-Type: %s", r->content_type);
		list = add_header(list, buffer_string(&type));
	}
	for (int i = 0; list != NULL && i < HTTP_HEADERS_MAX && r->headers[i] != NULL;
	     i++)
		list = add_header(list, r->headers[i]);
	buffer_release(&type);
	return list;
}

static int fail(CURLcode code, const char *why, bool *may_be_done, struct err *e)
{
	enum err_kind kind = ERR_RETRY;

	*may_be_done = true;
	switch (code) {
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
		kind = ERR_CONFIG;
		*may_be_done = false;
		break;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
	case CURLE_SSL_CONNECT_ERROR:
		*may_be_done = false;
		break;
	case CURLE_WRITE_ERROR:
		return err_set(e, ERR_DATA, "the answer is larger than %zu bytes",
			       HTTP_BODY_BYTES_MAX);
	default:
		break;
	}
	return err_set(e, kind, "%s%s", why[0] != '\0' ? why : curl_easy_strerror(code),
		       code == CURLE_PEER_FAILED_VERIFICATION ? AUTHORITY : "");
}

int http_send(struct http *h, const struct http_request *r, struct http_answer *out,
	      bool *may_be_done, struct err *e)
{
	char why[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers = NULL;
	curl_off_t retry_after = 0;
	CURLcode code = CURLE_OUT_OF_MEMORY;
	long status = 0;

	*may_be_done = false;
	buffer_clear(&out->body);
	if (h->curl ==
	    NULL) /* sets the library up, once; since 7.84 several threads may */
		h->curl = curl_easy_init();
	if (h->curl != NULL)
		headers = headers_of(r);
	if (headers == NULL)
		return err_set(e, ERR_RETRY, "libcurl cannot begin a request");
	set_options(h, r, out);
	curl_easy_setopt(h->curl, CURLOPT_ERRORBUFFER, why);
	curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, headers);
	code = curl_easy_perform(h->curl);
	curl_easy_setopt(h->curl, CURLOPT_ERRORBUFFER, NULL);
	curl_slist_free_all(headers);
	if (code != CURLE_OK)
		return fail(code, why, may_be_done, e);
	curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(h->curl, CURLINFO_RETRY_AFTER, &retry_after);
	*may_be_done = true;
	out->status = (int)status;
	out->retry_after_s = retry_after;
	return 0;
}

void http_encode(struct buffer *out, const char *text)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

	for (; *text != '\0'; text++) {
		if (strchr(plain, *text) != NULL)
			buffer_char(out, *text);
		else
			buffer_format(out, "%%%02X", (unsigned char)*text);
	}
}
