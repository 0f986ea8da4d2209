/* SPDX-License-Identifier: Apache-2.0 */
#include "table/iceberg/pairs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

void pairs_add(struct pairs *p, const char *key, const char *value)
{
	if (value == NULL)
		return;
	p->items = memory_grow(p->items, struct iceberg_pair, p->count + 1);
	p->items[p->count++] = (struct iceberg_pair){ arena_text(&p->arena, key, strlen(key)),
						      arena_text(&p->arena, value, strlen(value)) };
}

void pairs_add_number(struct pairs *p, const char *key, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	pairs_add(p, key, text);
}

void pairs_add_defaults(struct pairs *p)
{
	pairs_add(p, "write.metadata.delete-after-commit.enabled", "true");
	pairs_add(p, "write.metadata.previous-versions-max", "20");
	pairs_add(p, "write.delete.mode", "merge-on-read");
	pairs_add(p, "write.update.mode", "merge-on-read");
	pairs_add(p, "write.merge.mode", "merge-on-read");
}

void pairs_except_times(struct pairs *p, const struct schema *s)
{
	struct buffer key = { 0 };

	for (uint32_t i = 0; i < s->field_count; i++) {
		if (s->fields[i].type != TYPE_TIMESTAMP && s->fields[i].type != TYPE_TIMESTAMP_NTZ)
			continue;
		buffer_clear(&key);
		buffer_format(&key, "write.metadata.metrics.column.%s", s->fields[i].name);
		pairs_add(p, buffer_string(&key), "counts");
	}
	buffer_release(&key);
}

void pairs_map_names(struct pairs *p, const struct schema *s)
{
	struct buffer text = { 0 };

	buffer_char(&text, '[');
	for (uint32_t i = 0; i < s->field_count; i++) {
		buffer_format(&text, "%s{\"field-id\":%" PRId32 ",\"names\":[", i > 0 ? "," : "", s->fields[i].id);
		text_json_string(&text, s->fields[i].name);
		buffer_text(&text, "]}");
	}
	buffer_char(&text, ']');
	pairs_add(p, "schema.name-mapping.default", buffer_string(&text));
	buffer_release(&text);
}

void pairs_release(struct pairs *p)
{
	memory_free(p->items);
	arena_release(&p->arena);
	*p = (struct pairs){ .items = NULL };
}
