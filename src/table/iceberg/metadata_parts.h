/* SPDX-License-Identifier: Apache-2.0 */
/* The lists inside table metadata, each from its JSON into a struct iceberg_metadata that is being made. */
#ifndef TABLE_ICEBERG_METADATA_PARTS_H
#define TABLE_ICEBERG_METADATA_PARTS_H

#include "base/json.h"
#include "table/iceberg/metadata.h"

/* A list or map that is not there is empty, unless it is said otherwise. All fail with ERR_DATA. */
int pairs_parse(struct arena *a, struct iceberg_pair **out, uint32_t *count, const struct json_value *v,
		const char *name, struct err *e);
/* Appends a JSON object. */
void pairs_format(struct buffer *out, const struct iceberg_pair *pairs, uint32_t count);
/* Appends the JSON of a snapshot; what is -1 is left out. */
void snapshot_format(struct buffer *out, const struct iceberg_snapshot *s);
/* Snapshots, also by id. `last_sequence_number` is known already. */
int snapshots_parse(struct iceberg_metadata *m, const struct json_value *v, struct err *e);
/* References; `current` is known already. */
int refs_parse(struct iceberg_metadata *m, const struct json_value *v, struct err *e);
int metadata_log_parse(struct iceberg_metadata *m, const struct json_value *v, struct err *e);
/* The specs; of a version 1 without them the one list of fields. Either must be there. */
int specs_parse(struct iceberg_metadata *m, const struct json_value *specs, const struct json_value *fields,
		struct err *e);

#endif
