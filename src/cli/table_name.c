/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/table_name.h"

#include <string.h>

#include "base/memory.h"

void table_name_take(struct table_name *out, const char *text)
{
	char *at, between = strchr(text, '/') != NULL ? '/' : '.';

	out->copy = memory_copy_text(text);
	for (size_t size = strlen(text); between == '/' && size > 1 && out->copy[size - 1] == '/'; size--)
		out->copy[size - 1] = '\0';
	at = strrchr(out->copy, between);
	out->name = at != NULL ? at + 1 : out->copy;
	out->namespace = "lake";
	if (at == NULL)
		return;
	*at = '\0';
	at = between == '/' ? strrchr(out->copy, '/') : NULL;
	out->namespace = at != NULL ? at + 1 : out->copy;
}

void table_name_release(struct table_name *n)
{
	memory_free(n->copy);
}
