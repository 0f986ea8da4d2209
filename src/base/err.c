/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A sentence is one line, also when it quotes a name or a value that is not. */
static void put_line(struct err *e, const char *format, va_list args)
{
	vsnprintf(e->text, sizeof(e->text), format, args);
	for (char *c = e->text; *c != 0; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	}
}

int err_set(struct err *e, enum err_kind kind, const char *format, ...)
{
	va_list args;

	e->kind = kind;
	va_start(args, format);
	put_line(e, format, args);
	va_end(args);
	return -1;
}

int err_wrap(struct err *e, const char *format, ...)
{
	char inner[sizeof(e->text)];
	va_list args;
	size_t used;

	memcpy(inner, e->text, sizeof(inner));
	va_start(args, format);
	put_line(e, format, args);
	va_end(args);
	used = strlen(e->text);
	snprintf(e->text + used, sizeof(e->text) - used, ": %s", inner);
	return -1;
}

int err_system(struct err *e, const char *format, ...)
{
	int number = errno;
	va_list args;
	size_t used;

	e->kind = ERR_IO;
	va_start(args, format);
	put_line(e, format, args);
	va_end(args);
	used = strlen(e->text);
	snprintf(e->text + used, sizeof(e->text) - used, ": %s", strerror(number));
	return -1;
}
