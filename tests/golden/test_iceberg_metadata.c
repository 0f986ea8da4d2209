/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Table metadata and REST commits as we write them, against tests/golden/iceberg (GOLDEN_WRITE=1 writes it anew), which
 * tests/e2e/iceberg_metadata.t gives to PyIceberg and Iceberg's Java classes; and Iceberg's own samples, from CORPORA.
 */
#include "lib/test.h"

#include "base/memory.h"
#include "lib/recorded.h"
#include "table/iceberg/change_set.h"

#define FOLDER "tests/golden/iceberg"
#define UUID   "9c12d441-03fe-4693-9a96-a0705ddf69c1"

static void check_text(const char *name, struct buffer *out)
{
	struct buffer expected = { 0 };
	char path[300];

	buffer_char(out, '\n');
	if (getenv("GOLDEN_WRITE") != NULL) {
		FILE *f;

		snprintf(path, sizeof(path), FOLDER "/%s.json", name);
		f = fopen(path, "wb");
		assert_non_null(f);
		fwrite(out->data, 1, out->size, f);
		fclose(f);
	}
	assert_true(recorded_file(&expected, FOLDER, name, ".json"));
	assert_string_equal(buffer_string(out), buffer_string(&expected));
	buffer_release(&expected);
}

/* Every type, and a key that identifies. */
static struct schema *every_type(void)
{
	struct schema *s = schema_new("shop", "all \"types\"");
	const uint32_t key[] = { TYPE_LONG, TYPE_STRING };

	for (enum type t = 0; t < TYPES; t++) {
		struct field *f = schema_add(s, type_name(t), t, t != TYPE_LONG && t != TYPE_STRING);

		f->id = (int32_t)t * 2 + 1;
		f->source_type = memory_copy_text(t == TYPE_LONG ? "bigint" : "enum('\xc3\xb6','\"')");
		f->precision = t == TYPE_DECIMAL ? 38 : 0;
		f->scale = t == TYPE_DECIMAL ? 10 : 0;
	}
	schema_set_key(s, key, 2);
	return s;
}

/* Every transform. */
static struct iceberg_spec every_transform(const struct schema *s)
{
	static const struct {
		enum type source;
		const char *words;
	} fields[] = {
		{ TYPE_BOOLEAN, "identity" }, { TYPE_STRING, "bucket[16]" }, { TYPE_DECIMAL, "truncate[50]" },
		{ TYPE_DATE, "year" },        { TYPE_TIMESTAMP, "month" },   { TYPE_TIMESTAMP_NTZ, "day" },
		{ TYPE_TIMESTAMP_NTZ, "hour" }, { TYPE_INT, "void" },
	};
	struct iceberg_spec spec = { 0 };
	struct err e = ERR_INIT;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		must(iceberg_spec_add(&spec, &s->fields[fields[i].source], fields[i].words, &e), &e);
	return spec;
}

static const struct iceberg_pair summary[] = {
	{ "operation", "overwrite" },
	{ "added-records", "7" },
	{ "tailrace.position", "{\"file\":\"binlog.000001\"}" },
};

static struct iceberg_snapshot snapshot_of(const struct iceberg_metadata *m, int64_t id, int64_t timestamp_ms)
{
	return (struct iceberg_snapshot){
		.id = id, .parent_id = m != NULL && m->current != NULL ? m->current->id : -1,
		.sequence_number = m != NULL ? m->last_sequence_number + 1 : 1, .timestamp_ms = timestamp_ms,
		.first_row_id = m == NULL ? 0 : m->next_row_id, .added_rows = m == NULL || m->format_version > 2 ? 7 : -1,
		.schema_id = m != NULL ? m->schema.id : 0, .manifest_list = "file:///lake/shop/all/metadata/snap.avro",
		.summary = summary, .summary_count = 3,
	};
}

/* <name>.json is the metadata after the set, <name>_request.json the same for REST. The metadata is the caller's. */
static struct iceberg_metadata *check_commit(const char *name, const struct iceberg_change_set *c,
					     const struct iceberg_metadata *base)
{
	struct buffer text = { 0 };
	struct iceberg_metadata *m;
	struct err e = ERR_INIT;
	char request[100];

	must(iceberg_change_set_apply(&text, c, base, base != NULL ? "file:///lake/shop/all/metadata/v1.metadata.json" : NULL,
				      INT64_C(1790000000000), &e), &e);
	must(iceberg_metadata_parse(&m, buffer_bytes(&text), &e), &e);
	check_text(name, &text);
	buffer_clear(&text);
	buffer_text(&text, "{\"requirements\":");
	iceberg_change_set_requirements(&text, c);
	buffer_text(&text, ",\"updates\":");
	iceberg_change_set_updates(&text, c);
	buffer_char(&text, '}');
	snprintf(request, sizeof(request), "%s_request", name);
	check_text(request, &text);
	buffer_release(&text);
	return m;
}

static struct iceberg_metadata *create(const char *name, struct schema *s, int version, bool has_snapshot)
{
	struct iceberg_spec spec = every_transform(s);
	struct iceberg_creation creation = { UUID, "file:///lake/shop/all", version, s, &spec };
	const struct iceberg_pair property = { "write.format.default", "parquet" };
	struct iceberg_snapshot first = snapshot_of(NULL, 11, INT64_C(1789000000000));
	struct iceberg_change_set c;
	struct iceberg_metadata *m;

	iceberg_change_set_init(&c, NULL);
	c.creation = &creation;
	c.properties = &property;
	c.property_count = 1;
	c.snapshot = has_snapshot ? &first : NULL;
	m = check_commit(name, &c, NULL);
	iceberg_spec_release(&spec);
	return m;
}

/* A column more, a property, a snapshot, and the one before it gone. */
static void change(const char *name, const struct iceberg_metadata *base)
{
	const struct iceberg_pair property = { "tailrace.position", "{}" };
	const char *const removed[] = { "write.format.default" };
	struct iceberg_snapshot next = snapshot_of(base, 12, INT64_C(1789999999999));
	struct schema *wider = every_type();
	struct iceberg_change_set c;
	int64_t *expired;

	schema_add(wider, "more", TYPE_STRING, true)->id = 30;
	iceberg_change_set_init(&c, base);
	iceberg_change_set_schema(&c, base, wider);
	next.schema_id = c.schema_id;
	c.snapshot = &next;
	c.properties = &property;
	c.property_count = 1;
	c.removed = removed;
	c.removed_count = 1;
	iceberg_expired_snapshots(base, true, INT64_C(1790000000000), &expired, &c.expired_count);
	c.expired = expired;
	iceberg_metadata_free(check_commit(name, &c, base));
	memory_free(expired);
	schema_release(wider);
}

static void version_3_is_written_as_others_read_it(void **state)
{
	struct schema *s = every_type();
	struct iceberg_metadata *m = create("v3_created", s, 3, true);

	(void)state;
	change("v3_changed", m);
	iceberg_metadata_free(m);
	schema_release(s);
}

static void version_2_is_written_as_others_read_it(void **state)
{
	struct schema *s = every_type();
	struct iceberg_metadata *m = create("v2_created", s, 2, false);

	(void)state;
	change("v2_changed", m);
	iceberg_metadata_free(m);
	schema_release(s);
}

static const struct sample {
	const char *name;
	const char *why; /* NULL: it is read */
} samples[] = {
	{ "TableMetadataPartitionStatisticsFiles", NULL },
	{ "TableMetadataStatisticsFiles", NULL },
	{ "TableMetadataV1Valid", NULL },
	{ "TableMetadataV2Valid", NULL },
	{ "TableMetadataV2ValidMinimal", NULL },
	{ "TableMetadataV3ValidMinimal", NULL },
	{ "TableMetadataUnsupportedVersion", "format version 42: tailrace knows 1 to 3" },
	{ "TableMetadataV1MissingSchemaType", "current schema: a schema's \"type\" is not \"struct\"" },
	{ "TableMetadataV2CurrentSchemaNotFound", "current schema: no schema has the id 2" },
	{ "TableMetadataV2MissingLastPartitionId", "\"last-partition-id\" is missing" },
	{ "TableMetadataV2MissingPartitionSpecs", "\"partition-specs\" is missing" },
	{ "TableMetadataV2MissingSchemas", "\"schemas\" is missing" },
	{ "TableMetadataV2MissingSortOrder", "\"sort-orders\" is missing" },
};

static void samples_of_others_are_read_or_refused_with_the_reason(void **state)
{
	const char *corpora = getenv("CORPORA");
	char folder[300];

	(void)state;
	if (corpora == NULL) {
		printf("# CORPORA is not set: metadata of other writers is not read\n");
		return;
	}
	snprintf(folder, sizeof(folder), "%s/iceberg", corpora);
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		struct iceberg_metadata *m;
		struct buffer text = { 0 };
		struct err e = ERR_INIT;

		assert_true(recorded_file(&text, folder, samples[i].name, ".json"));
		if (samples[i].why == NULL) {
			must(iceberg_metadata_parse(&m, buffer_bytes(&text), &e), &e);
			iceberg_metadata_free(m);
		} else {
			assert_int_equal(iceberg_metadata_parse(&m, buffer_bytes(&text), &e), -1);
			assert_string_equal(e.text + strlen("table metadata: "), samples[i].why);
		}
		buffer_release(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_3_is_written_as_others_read_it),
		cmocka_unit_test(version_2_is_written_as_others_read_it),
		cmocka_unit_test(samples_of_others_are_read_or_refused_with_the_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
