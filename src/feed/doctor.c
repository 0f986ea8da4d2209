/* SPDX-License-Identifier: Apache-2.0 */
/* What will go wrong with messages, before it does. */
#include "base/findings.h"
#include "feed/feed.h"

void feed_check_tables(const struct feed *f, int (*check)(const void *context, const struct schema *, struct err *),
		       const void *context, struct findings *out)
{
	for (uint32_t i = 0; i < f->table_count; i++) {
		const struct feed_table *t = f->tables[i];
		struct err e = ERR_INIT;

		if (t->is_inferred)
			findings_add(out, false,
				     "table %s.%s: its messages have no schema: types are what values look like, and what is "
				     "written as counts or base64 (Debezium's dates, times and decimals) stays that; mend: give the "
				     "columns (--schema), read Debezium's schema-change topic, too, or let the producer write schemas "
				     "(value.converter.schemas.enable=true)", t->database, t->table);
		if (check != NULL && check(context, t->schema, &e) < 0)
			findings_add(out, true, "table %s.%s: %s", t->database, t->table, e.text);
	}
}
