/* SPDX-License-Identifier: Apache-2.0 */
#include "change/definition.h"

#include "base/memory.h"

void table_definition_release(struct table_definition *t)
{
	for (uint32_t i = 0; i < t->column_count; i++) {
		memory_free(t->columns[i].name);
		memory_free(t->columns[i].type);
		memory_free(t->columns[i].charset);
		memory_free(t->columns[i].comment);
		memory_free(t->columns[i].default_value);
	}
	for (uint32_t i = 0; i < t->key_count; i++)
		memory_free(t->key[i]);
	memory_free(t->columns);
	memory_free(t->key);
	memory_free(t->charset);
	memory_free(t->comment);
	*t = (struct table_definition){ 0 };
}
