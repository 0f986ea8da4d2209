/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

static struct {
	enum log_level least;
	pthread_mutex_t lock;
	void (*lift)(void), (*drop)(void);
} sink = { .least = LOG_INFO, .lock = PTHREAD_MUTEX_INITIALIZER };

void log_set_level(enum log_level least)
{
	sink.least = least;
}

void log_set_curtain(void (*lift)(void), void (*drop)(void))
{
	pthread_mutex_lock(&sink.lock);
	sink.lift = lift;
	sink.drop = drop;
	pthread_mutex_unlock(&sink.lock);
}

void log_write(enum log_level level, const char *message, const char *format, ...)
{
	static const char *const names[LOG_LEVELS] = { "debug", "info", "warn", "error" };
	char when[32], keys[1600] = "";
	va_list args;

	if (level < sink.least)
		return;
	if (format != NULL) {
		va_start(args, format);
		vsnprintf(keys, sizeof(keys), format, args);
		va_end(args);
	}
	pthread_mutex_lock(&sink.lock);
	if (sink.lift != NULL)
		sink.lift();
	fprintf(stderr, "ts=%s level=%s msg=\"%s\"%s%s\n",
		clock_format(when, sizeof(when), clock_now_us()), names[level], message,
		keys[0] != 0 ? " " : "", keys);
	if (sink.drop != NULL)
		sink.drop();
	pthread_mutex_unlock(&sink.lock);
}

const char *log_quote(char *out, unsigned long size, const char *text)
{
	static const char ellipsis[] = "\xe2\x80\xa6\"";
	size_t at = 0, room = size - sizeof(ellipsis);

	out[at++] = '"';
	for (; *text != 0; text++) {
		unsigned char c = (unsigned char)*text;
		char piece[8];
		int length;

		if (c == '"' || c == '\\')
			length = snprintf(piece, sizeof(piece), "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			length = snprintf(piece, sizeof(piece), "\\x%02x", c);
		else
			length = snprintf(piece, sizeof(piece), "%c", c);
		if (at + (size_t)length > room) {
			memcpy(out + at, ellipsis, sizeof(ellipsis));
			return out;
		}
		memcpy(out + at, piece, (size_t)length);
		at += (size_t)length;
	}
	out[at++] = '"';
	out[at] = 0;
	return out;
}
