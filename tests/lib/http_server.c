/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/http_server.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "lib/test.h"

struct http_server {
	int listener;
	char url[64];
	pthread_t thread;
	pthread_mutex_t lock;
	void (*answer)(void *, const struct http_seen *, struct http_reply *);
	void *context;
};

/*
 * Reads until the body is whole. Returns where it begins, 0 when the other side closed
 * before.
 */
static size_t read_request(int fd, struct buffer *in)
{
	for (;;) {
		const char *text = buffer_string(in), *end = strstr(text, "\r\n\r\n");
		const char *length = strcasestr(text, "content-length:");
		size_t body = 0;
		char piece[4096];
		ssize_t n;

		if (end != NULL && length != NULL && length < end)
			body = strtoul(length + 15, NULL, 10);
		if (end != NULL && in->size >= (size_t)(end + 4 - text) + body)
			return (size_t)(end + 4 - text);
		n = read(fd, piece, sizeof(piece));
		if (n <= 0)
			return 0;
		buffer_append(in, piece, (size_t)n);
	}
}

static void send_reply(int fd, const struct http_reply *r)
{
	struct buffer out = { 0 };
	size_t size = r->body != NULL ? strlen(r->body) : 0;

	buffer_format(&out,
		      "HTTP/1.1 %d X\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
		      r->status, size);
	buffer_append(&out, r->body, r->end == REPLY_HALF ? size / 2 : size);
	if (r->end != REPLY_NONE)
		assert_int_equal(write(fd, out.data, out.size), out.size);
	buffer_release(&out);
}

static void serve(struct http_server *s, int fd)
{
	struct buffer in = { 0 };
	struct http_reply reply = { .status = 200 };
	size_t body = read_request(fd, &in);
	char *text = (char *)in.data, *path, *end;

	if (body > 0) {
		path = strchr(text, ' ') + 1;
		end = strchr(path, ' ');
		path[-1] = *end = '\0';
		end = strstr(end + 1, "\r\n") + 2; /* behind "HTTP/1.1" */
		text[body - 1] = '\0';
		pthread_mutex_lock(&s->lock);
		s->answer(s->context, &(struct http_seen){ text, path, end, text + body },
			  &reply);
		send_reply(fd, &reply);
		pthread_mutex_unlock(&s->lock);
	}
	buffer_release(&in);
	close(fd);
}

static void *run(void *context)
{
	struct http_server *s = context;
	int fd;

	while ((fd = accept(s->listener, NULL, NULL)) >= 0)
		serve(s, fd);
	return NULL;
}

struct http_server *http_server_start(void (*answer)(void *, const struct http_seen *,
						     struct http_reply *),
				      void *context)
{
	struct http_server *s = memory_new(struct http_server);
	struct sockaddr_in at = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);

	s->answer = answer;
	s->context = context;
	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s->listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(s->listener, 8), 0);
	assert_int_equal(getsockname(s->listener, (struct sockaddr *)&at, &size), 0);
	snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%d", ntohs(at.sin_port));
	pthread_mutex_init(&s->lock, NULL);
	assert_int_equal(pthread_create(&s->thread, NULL, run, s), 0);
	return s;
}

const char *http_server_url(const struct http_server *s)
{
	return s->url;
}

void http_server_lock(struct http_server *s)
{
	pthread_mutex_lock(&s->lock);
}

void http_server_unlock(struct http_server *s)
{
	pthread_mutex_unlock(&s->lock);
}

void http_server_stop(struct http_server *s)
{
	shutdown(s->listener, SHUT_RDWR); /* accept returns */
	pthread_join(s->thread, NULL);
	close(s->listener);
	pthread_mutex_destroy(&s->lock);
	memory_free(s);
}
