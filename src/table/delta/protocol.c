/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which tables we read and write ("Table Features", "Reader/Writer Version
 * Requirements").
 */
#include <inttypes.h>
#include <string.h>

#include "table/delta/handle.h"
#include "table/delta/schema_json.h"

#define READER_VERSION 3
#define WRITER_VERSION 7

static const struct feature {
	const char *name;
	bool is_read, is_written; /* ours to read, ours to write */
} features[] = {
	{ "deletionVectors", true, true },	{ "timestampNtz", true, true },
	{ "columnMapping", true, true }, /* name mode with physical = logical names */
	{ "v2Checkpoint", true, true },	 /* written ones are classic, which stays allowed
					  */
	{ "vacuumProtocolCheck", true, false }, /* demands nothing of a reader of rows */
	{ "appendOnly", true, true },		{ "invariants", true, true },
	{ "typeWidening", true, true }, /* the changes themselves: schema_json.c */
};

#define FEATURES (sizeof(features) / sizeof(features[0]))

static const struct feature *find_feature(const char *name)
{
	for (size_t i = 0; i < FEATURES; i++) {
		if (strcmp(features[i].name, name) == 0)
			return &features[i];
	}
	return NULL;
}

int protocol_check_read(const struct state *s, struct err *e)
{
	const struct protocol *p = &s->protocol;
	enum mapping_mode mode;

	if (!s->has_protocol)
		return err_set(e, ERR_DATA, "the log has no protocol action");
	if (!s->has_metadata)
		return err_set(e, ERR_DATA, "the log has no metaData action");
	if (p->min_reader > READER_VERSION)
		return err_set(e, ERR_CONFIG, "the table needs reader version %" PRId32
			       ", tailrace has %d", p->min_reader, READER_VERSION);
	for (uint32_t i = 0;
	     p->min_reader == READER_VERSION && i < p->reader_features.count; i++) {
		const struct feature *f = find_feature(p->reader_features.texts[i]);

		if (f == NULL || !f->is_read)
			return err_set(e, ERR_CONFIG,
				       "the table needs the reader feature \"%s\", "
				       "which tailrace does not have",
				       p->reader_features.texts[i]);
	}
	if (s->metadata.provider != NULL && strcmp(s->metadata.provider, "parquet") != 0)
		return err_set(e, ERR_CONFIG,
			       "the table's files are in the format \"%s\"",
			       s->metadata.provider);
	if (mapping_mode_parse(&mode, &s->metadata, p, e) < 0)
		return -1;
	if (mode == MAPPING_ID)
		return err_set(e, ERR_CONFIG,
			       "the table uses column mapping by id, which tailrace "
			       "does not have");
	return 0;
}

static int check_files(const struct state *s, struct err *e)
{
	for (uint32_t i = 0; i < s->file_count; i++) {
		if (s->files[i].row_count > UINT32_MAX)
			return err_set(
				e, ERR_CONFIG,
				"file \"%s\" was added without its number of "
				"rows (stats.numRecords): its rows cannot be deleted by "
				"deletion vector",
				s->files[i].path);
	}
	return 0;
}

int protocol_check_write(const struct state *s, struct err *e)
{
	const struct protocol *p = &s->protocol;
	const char *append_only =
		text_map_get(&s->metadata.configuration, "delta.appendOnly");
	const char *dvs =
		text_map_get(&s->metadata.configuration, "delta.enableDeletionVectors");

	if (p->min_reader != READER_VERSION || p->min_writer != WRITER_VERSION ||
	    !text_list_has(&p->writer_features, "deletionVectors"))
		return err_set(e, ERR_CONFIG,
			       "the table has protocol %" PRId32 "/%" PRId32
			       " and tailrace writes 3/7 with deletionVectors only",
			       p->min_reader, p->min_writer);
	for (uint32_t i = 0; i < p->writer_features.count; i++) {
		const struct feature *f = find_feature(p->writer_features.texts[i]);

		if (f == NULL || !f->is_written)
			return err_set(
				e, ERR_CONFIG,
				"the table has the feature \"%s\", which "
				"tailrace cannot keep when it writes: ALTER TABLE … DROP "
				"FEATURE it",
				p->writer_features.texts[i]);
	}
	if (append_only != NULL && strcmp(append_only, "true") == 0)
		return err_set(e, ERR_CONFIG,
			       "the table is append-only (delta.appendOnly = true)");
	if (dvs == NULL || strcmp(dvs, "true") != 0)
		return err_set(e, ERR_CONFIG,
			       "deletion vectors were switched off for the table: set "
			       "delta.enableDeletionVectors = true");
	if (strstr(s->metadata.schema_string, "\"delta.invariants\"") != NULL)
		return err_set(e, ERR_CONFIG,
			       "a column has an invariant, which tailrace does not "
			       "check");
	return check_files(s, e);
}

static bool has_type(const struct schema *s, enum type type)
{
	for (uint32_t i = 0; i < s->field_count; i++) {
		if (s->fields[i].type == type)
			return true;
	}
	return false;
}

static bool need(struct protocol *p, const char *feature, struct arena *arena)
{
	bool is_new = !text_list_has(&p->writer_features, feature);

	if (is_new) {
		text_list_add(&p->reader_features, feature, arena);
		text_list_add(&p->writer_features, feature, arena);
	}
	return is_new;
}

bool protocol_for(struct protocol *out, const struct protocol *old,
		  const struct schema *schema, bool is_mapped, bool is_widened, struct arena *arena)
{
	bool is_more = old == NULL;

	*out = (struct protocol){ .min_reader = READER_VERSION,
				  .min_writer = WRITER_VERSION };
	if (old != NULL) {
		*out = *old;
	} else {
		need(out, "deletionVectors", arena);
		text_list_add(&out->writer_features, "appendOnly", arena);
		text_list_add(&out->writer_features, "invariants", arena);
	}
	if (has_type(schema, TYPE_TIMESTAMP_NTZ))
		is_more |= need(out, "timestampNtz", arena);
	if (is_mapped)
		is_more |= need(out, "columnMapping", arena);
	if (is_widened)
		is_more |= need(out, "typeWidening", arena);
	return is_more;
}
