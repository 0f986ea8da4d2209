/* SPDX-License-Identifier: Apache-2.0 */
/* One line an event on standard error: ts=… level=… msg="…" key=value …; safe from any thread. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level {
	LOG_DEBUG,
	LOG_INFO,
	LOG_WARN,  /* we go on, and say so */
	LOG_ERROR, /* we stop */
	LOG_LEVELS,
};

void log_set_level(enum log_level least);

/*
 * `message` is constant text; what varies stands in `format` as key=value pairs, or NULL. Values that a
 * peer can choose are quoted with log_quote.
 */
void log_write(enum log_level level, const char *message, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#define log_debug(...) log_write(LOG_DEBUG, __VA_ARGS__)
#define log_info(...)  log_write(LOG_INFO, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)

/* Quotes and escapes into `out` (NUL-terminated, cut with "…" when too long); returns `out`. */
const char *log_quote(char *out, unsigned long size, const char *text);

/* Called, when set, before and after a line is written: a progress display steps aside. */
void log_set_curtain(void (*lift)(void), void (*drop)(void));

#endif
