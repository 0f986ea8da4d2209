/* SPDX-License-Identifier: Apache-2.0 */
/* A table's schema ("Schema Serialization Format") and our marks on it in metaData. */
#ifndef TABLE_DELTA_SCHEMA_JSON_H
#define TABLE_DELTA_SCHEMA_JSON_H

#include "change/schema.h"
#include "table/delta/action.h"

enum mapping_mode { MAPPING_NONE, MAPPING_NAME, MAPPING_ID, MAPPING_MODES };

/*
 * "delta.columnMapping.mode" of the configuration, which counts only where the protocol has column
 * mapping; ERR_CONFIG when it is none of the spec's words.
 */
int mapping_mode_parse(enum mapping_mode *out, const struct metadata *m, const struct protocol *p,
		       struct err *e);
/* Whether a column's name cannot stand in a table without column mapping. */
bool schema_needs_mapping(const struct schema *s);

/*
 * The schema that metaData describes, with key, field ids and source types from our marks when it has
 * them. ERR_CONFIG names what we cannot read: nested types, physical names that differ.
 */
int schema_parse(struct schema **out, const struct metadata *m, const struct protocol *p,
		 struct err *e);
/*
 * schemaString. With mapping, ids and physical (= logical) names in the spec's words. `was` is the schemaString so far, or
 * NULL: what types the fields had before is kept. Whether any had another one.
 */
bool schema_format(struct buffer *out, const struct schema *s, bool is_mapped, const char *was);
/*
 * Sets schemaString and the configuration that belongs to it ("tailrace.*", column mapping, type widening). Whether a field
 * has, or had before this, a narrower type in older files.
 */
bool metadata_set_schema(struct metadata *m, const struct schema *s, bool is_mapped,
			 struct arena *arena);
/* The highest id that the table has given out: with column mapping a dropped column's counts too. */
int32_t metadata_last_id(const struct metadata *m, const struct schema *s);

#endif
