/* SPDX-License-Identifier: Apache-2.0 */
/* Table metadata of every version, what is damaged in it, and gzip. */
#include "lib/test.h"

#include <libdeflate.h>

#include "table/iceberg/metadata.h"

#define SCHEMA(id, column)                                                                                    \
	"{\"type\":\"struct\",\"schema-id\":" id ",\"identifier-field-ids\":[1],\"fields\":["                 \
	"{\"id\":1,\"name\":\"" column "\",\"required\":true,\"type\":\"long\"}]}"
#define SNAPSHOT(id, parent)                                                                                  \
	"{\"snapshot-id\":" id ",\"parent-snapshot-id\":" parent ",\"sequence-number\":" id                   \
	",\"timestamp-ms\":100" id ",\"manifest-list\":\"file:///t/" id ".avro\",\"schema-id\":1,"            \
	"\"first-row-id\":5,\"added-rows\":2,\"summary\":{\"operation\":\"append\",\"n\":\"" id "\"}}"

/* Each part can be put in the place of that of a good one. */
struct parts {
	const char *head, *schemas, *specs, *orders, *snapshots, *rest;
};

static const struct parts good = {
	.head = "\"format-version\":3,\"table-uuid\":\"u\",\"location\":\"file:///t/\",\"last-sequence-number\":9,"
		"\"last-updated-ms\":1009,\"last-column-id\":4,\"next-row-id\":70",
	.schemas = "\"current-schema-id\":1,\"schemas\":[" SCHEMA("0", "old") "," SCHEMA("1", "id") "]",
	.specs = "\"default-spec-id\":2,\"last-partition-id\":1001,\"partition-specs\":[{\"spec-id\":0,\"fields\":[]},"
		 "{\"spec-id\":2,\"fields\":[{\"source-id\":1,\"field-id\":1001,\"name\":\"b\","
		 "\"transform\":\"bucket[8]\"}]}]",
	.orders = "\"default-sort-order-id\":0,\"sort-orders\":[{\"order-id\":0,\"fields\":[]}]",
	.snapshots = "\"current-snapshot-id\":3,\"snapshots\":[" SNAPSHOT("3", "2") "," SNAPSHOT("2", "null") "]",
	.rest = "\"properties\":{\"tailrace.database\":\"shop\",\"tailrace.key\":\"[\\\"id\\\"]\",\"a\":\"\"},"
		"\"refs\":{\"main\":{\"snapshot-id\":3,\"type\":\"branch\",\"min-snapshots-to-keep\":4},"
		"\"t\":{\"snapshot-id\":2,\"type\":\"tag\"}},"
		"\"metadata-log\":[{\"metadata-file\":\"file:///t/1.json\",\"timestamp-ms\":1001}]",
};

static int parse_parts(struct iceberg_metadata **out, const struct parts *p, struct err *e)
{
	struct buffer text = { 0 };
	int rc;

	buffer_format(&text, "{%s,%s,%s,%s,%s,%s}", p->head, p->schemas, p->specs, p->orders, p->snapshots, p->rest);
	rc = iceberg_metadata_parse(out, buffer_bytes(&text), e);
	buffer_release(&text);
	return rc;
}

static struct iceberg_metadata *parsed(const struct parts *p)
{
	struct iceberg_metadata *m;
	struct err e = ERR_INIT;

	must(parse_parts(&m, p, &e), &e);
	return m;
}

static struct iceberg_metadata *parsed_text(const char *text)
{
	struct iceberg_metadata *m;
	struct err e = ERR_INIT;

	must(iceberg_metadata_parse(&m, bytes_of_text(text), &e), &e);
	return m;
}

static void a_version_3_is_read_whole(void **state)
{
	struct iceberg_metadata *m = parsed(&good);
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(m->format_version, 3);
	assert_string_equal(m->uuid, "u");
	assert_string_equal(m->location, "file:///t");
	assert_int_equal(m->last_sequence_number, 9);
	assert_int_equal(m->next_row_id, 70);
	assert_int_equal(m->last_column_id, 4);
	assert_int_equal(m->schema.id, 1);
	assert_string_equal(m->schema.columns->fields[0].name, "id");
	assert_string_equal(m->schema.columns->database, "shop");
	assert_int_equal(m->schema.columns->key_count, 1);
	assert_int_equal(m->spec->id, 2);
	assert_int_equal(m->spec->fields[0].transform, TRANSFORM_BUCKET);
	assert_int_equal(m->spec->fields[0].width, 8);
	assert_int_equal(m->last_partition_id, 1001);
	assert_int_equal(m->metadata_log_count, 1);
	assert_string_equal(m->metadata_log[0].path, "file:///t/1.json");
	assert_string_equal(iceberg_metadata_property(m, "a"), "");
	assert_null(iceberg_metadata_property(m, "b"));
	assert_null(iceberg_metadata_spec(m, 1));
	must(iceberg_metadata_require_writable(m, &e), &e);
	iceberg_metadata_free(m);
}

static void snapshots_and_references_are_found(void **state)
{
	struct iceberg_metadata *m = parsed(&good);

	(void)state;
	assert_int_equal(m->snapshot_count, 2);
	assert_ptr_equal(m->current, &m->snapshots[0]);
	assert_int_equal(m->current->parent_id, 2);
	assert_int_equal(m->current->timestamp_ms, 1003);
	assert_int_equal(m->current->first_row_id, 5);
	assert_int_equal(m->current->added_rows, 2);
	assert_string_equal(m->current->manifest_list, "file:///t/3.avro");
	assert_string_equal(iceberg_snapshot_summary(m->current, "n"), "3");
	assert_int_equal(iceberg_metadata_snapshot(m, 2)->parent_id, -1);
	assert_null(iceberg_metadata_snapshot(m, 4));
	assert_int_equal(m->ref_count, 2);
	assert_int_equal(m->refs[0].min_snapshots_to_keep, 4);
	assert_int_equal(m->refs[0].max_snapshot_age_ms, -1);
	assert_false(m->refs[1].is_branch);
	assert_true(iceberg_snapshot_new_id(m) > 0);
	iceberg_metadata_free(m);
}

static void older_schemas_and_dropped_columns_are_found(void **state)
{
	struct iceberg_partition_field p = { .name = (char *)"p", .source_id = 1 };
	struct iceberg_metadata *m = parsed(&good);
	struct iceberg_schema s;
	struct err e = ERR_INIT;
	struct field source;

	(void)state;
	must(iceberg_metadata_schema(&s, m, 0, &e), &e);
	assert_string_equal(s.columns->fields[0].name, "old");
	assert_string_equal(s.columns->database, "shop");
	iceberg_schema_release(&s);
	assert_int_equal(iceberg_metadata_schema(&s, m, 5, &e), -1);
	must(iceberg_metadata_source(&source, m, &p, &e), &e);
	assert_string_equal(source.name, "id");
	memory_free(source.name);
	p.source_id = 2;
	assert_int_equal(iceberg_metadata_source(&source, m, &p, &e), -1);
	assert_string_equal(e.text, "partition field \"p\" is of column 2, which tailrace does not read");
	iceberg_metadata_free(m);
}

static void the_newest_schema_tells_of_a_dropped_column(void **state)
{
	struct iceberg_partition_field p = { .name = (char *)"p", .source_id = 1 };
	struct parts dropped = good;
	struct iceberg_metadata *m;
	struct err e = ERR_INIT;
	struct field source;

	(void)state;
	dropped.schemas = "\"current-schema-id\":2,\"schemas\":[" SCHEMA("0", "a") "," SCHEMA("1", "b")
			  ",{\"type\":\"struct\",\"schema-id\":2,\"fields\":[]}]";
	dropped.rest = "\"properties\":{}";
	m = parsed(&dropped);
	must(iceberg_metadata_source(&source, m, &p, &e), &e);
	assert_string_equal(source.name, "b");
	memory_free(source.name);
	iceberg_metadata_free(m);
}

#define OLD "\"location\":\"l\",\"last-updated-ms\":1,\"last-column-id\":1"

static void a_version_1_gets_what_version_2_has(void **state)
{
	struct iceberg_metadata *m = parsed_text(
		"{\"format-version\":1," OLD ",\"schema\":{\"type\":\"struct\",\"fields\":[{\"id\":1,\"name\":\"x\","
		"\"required\":true,\"type\":\"long\"}]},\"partition-spec\":[{\"name\":\"x\",\"transform\":\"identity\","
		"\"source-id\":1},{\"name\":\"y\",\"transform\":\"zorder\",\"source-id\":1}],\"current-snapshot-id\":-1,"
		"\"snapshots\":[{\"snapshot-id\":5,\"timestamp-ms\":7,\"manifests\":[\"a\"]}]}");
	struct err e = ERR_INIT;

	(void)state;
	assert_string_equal(m->uuid, "");
	assert_int_equal(m->last_sequence_number, 0);
	assert_int_equal(m->next_row_id, -1);
	assert_int_equal(m->spec->fields[1].id, 1001);
	assert_int_equal(m->spec->fields[1].transform, TRANSFORM_UNKNOWN);
	assert_int_equal(m->last_partition_id, 1001);
	assert_null(m->current);
	assert_int_equal(m->ref_count, 0);
	assert_null(m->snapshots[0].manifest_list);
	assert_int_equal(m->snapshots[0].schema_id, -1);
	assert_int_equal(iceberg_metadata_require_writable(m, &e), -1);
	assert_non_null(strstr(e.text, "format version 1, which tailrace only reads"));
	iceberg_metadata_free(m);
}

static void main_is_there_without_references(void **state)
{
	struct parts p = good;
	struct iceberg_metadata *m;

	(void)state;
	p.rest = "\"properties\":null";
	m = parsed(&p);
	assert_int_equal(m->ref_count, 1);
	assert_string_equal(m->refs[0].name, "main");
	assert_int_equal(m->refs[0].snapshot_id, 3);
	iceberg_metadata_free(m);
}

static void assert_unwritable(const struct parts *p, const char *why)
{
	struct iceberg_metadata *m = parsed(p);
	struct err e = ERR_INIT;

	assert_int_equal(iceberg_metadata_require_writable(m, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.text, why));
	iceberg_metadata_free(m);
}

static void tables_that_we_know_too_little_of_are_not_written(void **state)
{
	struct parts p = good;

	(void)state;
	p.rest = "\"encryption-keys\":[{\"key-id\":\"k\"}]";
	assert_unwritable(&p, "the table is encrypted");
	p = good;
	p.specs = "\"default-spec-id\":0,\"last-partition-id\":1001,\"partition-specs\":[{\"spec-id\":0,\"fields\":"
		  "[{\"source-ids\":[1,2],\"field-id\":1000,\"name\":\"b\",\"transform\":\"bucket[8]\"}]}]";
	assert_unwritable(&p, "partitioned by \"bucket[8]\", a transform that tailrace does not know");
	p = good;
	p.schemas = "\"current-schema-id\":1,\"schemas\":[{\"type\":\"struct\",\"schema-id\":1,\"fields\":["
		    "{\"id\":2,\"name\":\"id\",\"required\":true,\"type\":\"long\"},"
		    "{\"id\":1,\"name\":\"g\",\"required\":false,\"type\":\"uuid\"}]}]";
	assert_unwritable(&p, "column \"g\" is of type uuid");
}

/* The good metadata with one of its texts replaced. */
static void assert_damaged(const char *from, const char *to, const char *why)
{
	struct buffer whole = { 0 }, text = { 0 };
	struct iceberg_metadata *m;
	struct err e = ERR_INIT;
	const char *at;

	buffer_format(&whole, "{%s,%s,%s,%s,%s,%s}", good.head, good.schemas, good.specs, good.orders, good.snapshots,
		      good.rest);
	at = strstr(buffer_string(&whole), from);
	assert_non_null(at);
	buffer_append(&text, whole.data, (size_t)(at - (const char *)whole.data));
	buffer_text(&text, to);
	buffer_text(&text, at + strlen(from));
	assert_int_equal(iceberg_metadata_parse(&m, buffer_bytes(&text), &e), -1);
	if (strncmp(e.text, "table metadata: ", 16) != 0 || strstr(e.text, why) == NULL)
		fail_msg("\"%s\" does not tell \"%s\"", e.text, why);
	buffer_release(&whole);
	buffer_release(&text);
}

static void what_is_damaged_is_refused_with_the_reason(void **state)
{
	(void)state;
	assert_damaged("{", "", "not JSON: ");
	assert_damaged("\"format-version\":3", "\"format-version\":4", "format version 4: tailrace knows 1 to 3");
	assert_damaged("\"format-version\":3", "\"format-version\":\"3\"", "\"format-version\" is a text, not a whole");
	assert_damaged("\"table-uuid\":\"u\",", "", "\"table-uuid\" is missing");
	assert_damaged("file:///t/", "file:\\u0000", "\"location\" has a NUL in it");
	assert_damaged("\"last-sequence-number\":9,", "", "\"last-sequence-number\" is missing");
	assert_damaged(",\"next-row-id\":70", "", "\"next-row-id\" is missing");
	assert_damaged("\"last-column-id\":4", "\"last-column-id\":0", "a column has id 1, \"last-column-id\" is 0");
	assert_damaged("\"current-schema-id\":1", "\"current-schema-id\":7", "no schema has the id 7");
	assert_damaged("\"current-schema-id\":1,", "", "\"current-schema-id\" is missing");
	assert_damaged("\"default-spec-id\":2", "\"default-spec-id\":1", "no partition spec has the id 1");
	assert_damaged("\"last-partition-id\":1001,", "", "\"last-partition-id\" is missing");
	assert_damaged("\"transform\"", "\"transport\"", "\"partition-specs\": \"transform\" is missing");
	assert_damaged("\"source-id\":1,", "", "partition field \"b\": \"source-id\" is missing");
	assert_damaged("\"default-sort-order-id\":0", "\"default-sort-order-id\":4", "no sort order has the id 4");
	assert_damaged("\"order-id\":0,", "", "\"sort-orders\": \"order-id\" is missing");
	assert_damaged("\"tailrace.key\":\"[\\\"id\\\"]\"", "\"tailrace.key\":\"[\\\"no\\\"]\"", "names \"no\"");
	assert_damaged("\"a\":\"\"", "\"a\":5", "properties: \"a\" is 5, not a text");
}

static void damaged_snapshots_are_refused_with_the_reason(void **state)
{
	(void)state;
	assert_damaged("\"current-snapshot-id\":3", "\"current-snapshot-id\":8", "is 8, which is not in \"snapshots\"");
	assert_damaged("\"current-snapshot-id\":3", "\"current-snapshot-id\":2", "reference \"main\" is not the branch");
	assert_damaged("\"snapshot-id\":3,", "", "\"snapshot-id\" is missing");
	assert_damaged("\"snapshot-id\":3,", "\"snapshot-id\":2,", "snapshot 2 stands in \"snapshots\" twice");
	assert_damaged("\"sequence-number\":3", "\"sequence-number\":10", "snapshot 3 has sequence number 10, the table's last is 9");
	assert_damaged("\"timestamp-ms\":1003,", "", "snapshot 3: \"timestamp-ms\" is missing");
	assert_damaged("\"n\":\"3\"", "\"n\":[]", "snapshot 3: summary: \"n\" is a list, not a text");
	assert_damaged("{\"snapshot-id\":2,\"type\":\"tag\"}", "{\"snapshot-id\":1,\"type\":\"tag\"}",
		       "reference \"t\": snapshot 1 is not in \"snapshots\"");
	assert_damaged("\"tag\"", "\"label\"", "reference \"t\": \"type\" is neither");
	assert_damaged("\"main\":{\"snapshot-id\":3,\"type\":\"branch\"", "\"main\":{\"snapshot-id\":3,\"type\":\"tag\"",
		       "reference \"main\" is not the branch");
	assert_damaged("\"metadata-file\"", "\"file\"", "\"metadata-log\": \"metadata-file\" is missing");
	assert_damaged("\"format-version\":3", "\"format-version\":3,\"refs\":{}", "\"refs\" stands in it twice");
}

static void gzip_of(struct buffer *out, const char *text)
{
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
	size_t room = strlen(text) + 100;

	buffer_clear(out);
	out->size = libdeflate_gzip_compress(c, text, strlen(text), buffer_grow(out, room), room);
	libdeflate_free_compressor(c);
}

static void gzip_is_read_and_damaged_gzip_refused(void **state)
{
	const char *text = "{\"format-version\":1," OLD ",\"schema\":{\"type\":\"struct\",\"fields\":[]},"
			   "\"partition-spec\":[]}";
	struct buffer packed = { 0 };
	struct iceberg_metadata *m;
	struct err e = ERR_INIT;

	(void)state;
	gzip_of(&packed, text);
	must(iceberg_metadata_parse(&m, buffer_bytes(&packed), &e), &e);
	assert_string_equal(m->location, "l");
	iceberg_metadata_free(m);
	for (size_t size = 2; size < packed.size; size++)
		assert_int_equal(iceberg_metadata_parse(&m, (struct bytes){ packed.data, size }, &e), -1);
	packed.data[packed.size - 1] = 0x10;
	assert_int_equal(iceberg_metadata_parse(&m, buffer_bytes(&packed), &e), -1);
	assert_non_null(strstr(e.text, "are more than"));
	packed.data[packed.size - 1] = 0;
	packed.data[20] ^= 1;
	assert_int_equal(iceberg_metadata_parse(&m, buffer_bytes(&packed), &e), -1);
	assert_non_null(strstr(e.text, "is damaged"));
	buffer_release(&packed);
}

static void any_depth_is_safe(void **state)
{
	struct buffer text = { 0 };
	struct iceberg_metadata *m;
	struct err e = ERR_INIT;

	(void)state;
	buffer_text(&text, "{\"format-version\":");
	for (int i = 0; i < 100000; i++)
		buffer_char(&text, '[');
	for (int i = 0; i < 100000; i++)
		buffer_char(&text, ']');
	buffer_char(&text, '}');
	assert_int_equal(iceberg_metadata_parse(&m, buffer_bytes(&text), &e), -1);
	buffer_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_version_3_is_read_whole),
		cmocka_unit_test(snapshots_and_references_are_found),
		cmocka_unit_test(older_schemas_and_dropped_columns_are_found),
		cmocka_unit_test(the_newest_schema_tells_of_a_dropped_column),
		cmocka_unit_test(a_version_1_gets_what_version_2_has),
		cmocka_unit_test(main_is_there_without_references),
		cmocka_unit_test(tables_that_we_know_too_little_of_are_not_written),
		cmocka_unit_test(what_is_damaged_is_refused_with_the_reason),
		cmocka_unit_test(damaged_snapshots_are_refused_with_the_reason),
		cmocka_unit_test(gzip_is_read_and_damaged_gzip_refused),
		cmocka_unit_test(any_depth_is_safe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
