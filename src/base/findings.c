/* SPDX-License-Identifier: Apache-2.0 */
#include "base/findings.h"

#include <stdarg.h>
#include <stdio.h>

#define LINE_BYTES_MAX 1200

void findings_add(struct findings *f, bool is_fatal, const char *format, ...)
{
	char line[LINE_BYTES_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	buffer_format(&f->text, "%s: %s\n", is_fatal ? "error" : "warning", line);
	f->fatal += is_fatal;
}
