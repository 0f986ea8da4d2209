/* SPDX-License-Identifier: Apache-2.0 */
/* A commit to table metadata, as the next file and as REST's requirements and updates. */
#include "lib/test.h"

#include "base/memory.h"
#include "table/iceberg/change_set.h"

#define UUID "9c12d441-03fe-4693-9a96-a0705ddf69c1"
#define COLUMN "{\"id\":1,\"name\":\"id\",\"required\":true,\"type\":\"long\"}"

static const char three_snapshots[] =
	"{\"format-version\":3,\"table-uuid\":\"" UUID "\",\"location\":\"file:///t\",\"last-sequence-number\":3,"
	"\"last-updated-ms\":3000,\"last-column-id\":4,\"current-schema-id\":0,\"schemas\":[{\"type\":\"struct\","
	"\"schema-id\":0,\"identifier-field-ids\":[1],\"fields\":[" COLUMN "],\"x\":1e400}],\"default-spec-id\":0,"
	"\"partition-specs\":[{\"spec-id\":0,\"fields\":[]}],\"last-partition-id\":999,\"default-sort-order-id\":0,"
	"\"sort-orders\":[{\"order-id\":0,\"fields\":[]}],\"properties\":{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"},"
	"\"current-snapshot-id\":3,\"refs\":{\"main\":{\"snapshot-id\":3,\"type\":\"branch\","
	"\"min-snapshots-to-keep\":1,\"max-snapshot-age-ms\":1500,\"y\":2},\"t\":{\"snapshot-id\":1,\"type\":\"tag\"}},"
	"\"snapshots\":["
	"{\"snapshot-id\":1,\"sequence-number\":1,\"timestamp-ms\":1000,\"manifest-list\":\"1\",\"z\":[null]},"
	"{\"snapshot-id\":2,\"sequence-number\":2,\"timestamp-ms\":2000,\"manifest-list\":\"2\",\"parent-snapshot-id\":1},"
	"{\"snapshot-id\":3,\"sequence-number\":3,\"timestamp-ms\":3000,\"manifest-list\":\"3\",\"parent-snapshot-id\":2}],"
	"\"statistics\":[{\"snapshot-id\":2},{\"snapshot-id\":3}],"
	"\"snapshot-log\":[{\"timestamp-ms\":1000,\"snapshot-id\":1},{\"timestamp-ms\":2000,\"snapshot-id\":2},"
	"{\"timestamp-ms\":3000,\"snapshot-id\":3}],\"metadata-log\":[{\"timestamp-ms\":2000,\"metadata-file\":\"m2\"}],"
	"\"next-row-id\":30,\"future\":{\"q\":-0.10}}";

static struct iceberg_metadata *parsed(struct bytes text)
{
	struct iceberg_metadata *m;
	struct err e = ERR_INIT;

	must(iceberg_metadata_parse(&m, text, &e), &e);
	return m;
}

static struct iceberg_metadata *table(void)
{
	return parsed(bytes_of_text(three_snapshots));
}

static const struct iceberg_pair append = { "operation", "append" };

static const struct iceberg_snapshot fourth = {
	.id = 4, .parent_id = 3, .sequence_number = 4, .timestamp_ms = 4000, .first_row_id = 30, .added_rows = 5,
	.schema_id = 0, .manifest_list = "file:///t/metadata/4.avro", .summary = &append, .summary_count = 1,
};

#define FOURTH                                                                                                \
	"{\"snapshot-id\":4,\"parent-snapshot-id\":3,\"sequence-number\":4,\"timestamp-ms\":4000,"            \
	"\"manifest-list\":\"file:///t/metadata/4.avro\",\"summary\":{\"operation\":\"append\"},"             \
	"\"schema-id\":0,\"first-row-id\":30,\"added-rows\":5}"

/* Applies the set to the table; the caller frees the metadata, and releases the text. */
static struct iceberg_metadata *applied(const struct iceberg_change_set *c, struct buffer *text)
{
	struct iceberg_metadata *m = table();
	struct err e = ERR_INIT;

	must(iceberg_change_set_apply(text, c, m, "m3", 4100, &e), &e);
	iceberg_metadata_free(m);
	return parsed(buffer_bytes(text));
}

static void assert_has(struct buffer *text, const char *part)
{
	if (strstr(buffer_string(text), part) == NULL)
		fail_msg("%s\nis not in\n%s", part, buffer_string(text));
}

static struct schema *two_columns(void)
{
	struct schema *s = schema_new("shop", "orders");
	const uint32_t key[] = { 0 };

	schema_add(s, "id", TYPE_LONG, false);
	schema_add(s, "note", TYPE_STRING, true)->id = 5;
	schema_set_key(s, key, 1);
	return s;
}

static void a_snapshot_becomes_mains_and_the_rest_stays(void **state)
{
	struct iceberg_metadata *base = table(), *m;
	struct iceberg_change_set c;
	struct buffer text = { 0 };

	(void)state;
	iceberg_change_set_init(&c, base);
	c.snapshot = &fourth;
	m = applied(&c, &text);
	assert_int_equal(m->current->id, 4);
	assert_int_equal(m->snapshot_count, 4);
	assert_int_equal(m->last_sequence_number, 4);
	assert_int_equal(m->last_updated_ms, 4100);
	assert_int_equal(m->next_row_id, 35);
	assert_int_equal(m->metadata_log_count, 2);
	assert_string_equal(m->metadata_log[1].path, "m3");
	assert_int_equal(m->metadata_log[1].timestamp_ms, 3000);
	assert_has(&text, FOURTH);
	assert_has(&text, "{\"timestamp-ms\":4000,\"snapshot-id\":4}]");
	assert_has(&text, "\"main\":{\"snapshot-id\":4,\"type\":\"branch\",\"min-snapshots-to-keep\":1,"
			  "\"max-snapshot-age-ms\":1500,\"y\":2}");
	/* what we do not know */
	assert_has(&text, "\"future\":{\"q\":-0.10}");
	assert_has(&text, "\"x\":1e400");
	assert_has(&text, "\"z\":[null]");
	iceberg_metadata_free(m);
	iceberg_metadata_free(base);
	buffer_release(&text);
}

static void properties_are_set_in_place_of_old_ones_and_removed(void **state)
{
	const struct iceberg_pair set[] = { { "b", "\"\n" }, { "d", "" } };
	const char *const removed[] = { "a", "nothing" };
	struct iceberg_metadata *base = table(), *m;
	struct iceberg_change_set c;
	struct buffer text = { 0 };

	(void)state;
	iceberg_change_set_init(&c, base);
	c.properties = set;
	c.property_count = 2;
	c.removed = removed;
	c.removed_count = 2;
	m = applied(&c, &text);
	assert_int_equal(m->property_count, 3);
	assert_string_equal(iceberg_metadata_property(m, "b"), "\"\n");
	assert_string_equal(iceberg_metadata_property(m, "c"), "3");
	assert_string_equal(iceberg_metadata_property(m, "d"), "");
	assert_int_equal(m->current->id, 3);
	assert_int_equal(m->next_row_id, 30);
	iceberg_metadata_free(m);
	iceberg_metadata_free(base);
	buffer_release(&text);
}

static void a_new_schema_becomes_current_with_its_marks(void **state)
{
	struct iceberg_metadata *base = table(), *m;
	struct schema *s = two_columns();
	struct iceberg_change_set c;
	struct buffer text = { 0 };

	(void)state;
	iceberg_change_set_init(&c, base);
	iceberg_change_set_schema(&c, base, s);
	assert_true(c.adds_schema);
	assert_int_equal(c.schema_id, 1);
	m = applied(&c, &text);
	assert_int_equal(m->schema.id, 1);
	assert_int_equal(m->last_column_id, 5);
	assert_true(schema_equal(m->schema.columns, s));
	assert_string_equal(m->schema.columns->table, "orders");
	assert_string_equal(iceberg_metadata_property(m, "tailrace.key"), "[\"id\"]");
	iceberg_metadata_free(m);
	iceberg_metadata_free(base);
	buffer_release(&text);
	schema_release(s);
}

static void a_schema_that_is_there_is_not_added_again(void **state)
{
	struct iceberg_metadata *base = table();
	struct schema *s = schema_new("shop", "orders");
	struct iceberg_change_set c;
	const uint32_t key[] = { 0 };
	struct buffer text = { 0 };

	(void)state;
	schema_add(s, "id", TYPE_LONG, false);
	schema_set_key(s, key, 1);
	iceberg_change_set_init(&c, base);
	iceberg_change_set_schema(&c, base, s);
	assert_false(c.adds_schema);
	assert_int_equal(c.schema_id, 0);
	iceberg_change_set_updates(&text, &c);
	assert_null(strstr(buffer_string(&text), "add-schema"));
	assert_has(&text, "{\"action\":\"set-current-schema\",\"schema-id\":0}");
	iceberg_metadata_free(base);
	buffer_release(&text);
	schema_release(s);
}

static void expired_snapshots_take_their_history_and_statistics_along(void **state)
{
	const int64_t expired[] = { 2 };
	struct iceberg_metadata *base = table(), *m;
	struct iceberg_change_set c;
	struct buffer text = { 0 };

	(void)state;
	iceberg_change_set_init(&c, base);
	c.snapshot = &fourth;
	c.expired = expired;
	c.expired_count = 1;
	m = applied(&c, &text);
	assert_int_equal(m->snapshot_count, 3);
	assert_null(iceberg_metadata_snapshot(m, 2));
	assert_has(&text, "\"statistics\":[{\"snapshot-id\":3}]");
	assert_has(&text, "\"snapshot-log\":[{\"timestamp-ms\":3000,\"snapshot-id\":3},"
			  "{\"timestamp-ms\":4000,\"snapshot-id\":4}]");
	iceberg_metadata_free(m);
	iceberg_metadata_free(base);
	buffer_release(&text);
}

static void a_clock_that_went_back_does_not_show(void **state)
{
	struct iceberg_metadata *base = table();
	struct iceberg_change_set c;
	struct buffer text = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	iceberg_change_set_init(&c, base);
	must(iceberg_change_set_apply(&text, &c, base, "m3", 5, &e), &e);
	assert_has(&text, "\"last-updated-ms\":3000");
	buffer_clear(&text);
	c.snapshot = &fourth;
	must(iceberg_change_set_apply(&text, &c, base, "m3", 5, &e), &e);
	assert_has(&text, "\"last-updated-ms\":4000");
	iceberg_metadata_free(base);
	buffer_release(&text);
}

static void the_metadata_log_keeps_as_many_as_the_table_says(void **state)
{
	const struct iceberg_pair max = { "write.metadata.previous-versions-max", "2" };
	struct iceberg_metadata *m = table();
	struct iceberg_change_set c;
	struct err e = ERR_INIT;

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct buffer text = { 0 };

		iceberg_change_set_init(&c, m);
		c.properties = &max;
		c.property_count = 1;
		must(iceberg_change_set_apply(&text, &c, m, i == 3 ? "last" : "m", 4000 + i, &e), &e);
		iceberg_metadata_free(m);
		m = parsed(buffer_bytes(&text));
		buffer_release(&text);
	}
	assert_int_equal(m->metadata_log_count, 2);
	assert_string_equal(m->metadata_log[0].path, "m");
	assert_string_equal(m->metadata_log[1].path, "last");
	iceberg_metadata_free(m);
}

static void assert_conflict(const struct iceberg_change_set *c, const struct iceberg_metadata *newest, const char *why)
{
	struct buffer text = { 0 };
	struct err e = ERR_INIT;

	assert_int_equal(iceberg_change_set_apply(&text, c, newest, "m", 5000, &e), -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
	if (strstr(e.text, why) == NULL)
		fail_msg("\"%s\" does not tell \"%s\"", e.text, why);
	assert_int_equal(text.size, 0);
	buffer_release(&text);
}

static void what_somebody_else_committed_is_a_conflict(void **state)
{
	static const int64_t tagged[] = { 1 };
	struct iceberg_metadata *base = table();
	struct schema *s = two_columns();
	struct iceberg_change_set begun, c;
	struct iceberg_snapshot late = fourth;

	(void)state;
	iceberg_change_set_init(&begun, base);
	begun.snapshot = &fourth;
	assert_conflict(&begun, NULL, "the table is gone");
	c = begun;
	c.uuid = "other";
	assert_conflict(&c, base, "the table was made anew: it is " UUID ", not other");
	c = begun;
	c.format_version = 2;
	assert_conflict(&c, base, "changed its format version");
	c = begun;
	c.main_snapshot_id = 2;
	assert_conflict(&c, base, "got other snapshots");
	c = begun;
	c.current_schema_id = 3;
	assert_conflict(&c, base, "changed its schema");
	c = begun;
	c.default_spec_id = 3;
	assert_conflict(&c, base, "changed its partitions");
	c = begun;
	c.expired = tagged;
	c.expired_count = 1;
	assert_conflict(&c, base, "got a reference to a snapshot that would expire");
	c = begun;
	c.snapshot = NULL;
	iceberg_change_set_schema(&c, base, s);
	c.last_column_id = 3;
	assert_conflict(&c, base, "got other schemas");
	c = begun;
	c.snapshot = &late;
	late.sequence_number = 3;
	assert_conflict(&c, base, "beside its main branch");
	late = fourth;
	late.first_row_id = 29;
	assert_conflict(&c, base, "beside its main branch");
	schema_release(s);
	iceberg_metadata_free(base);
}

static struct iceberg_creation creation_of(struct schema *s, int version, const struct iceberg_spec *spec)
{
	return (struct iceberg_creation){
		.uuid = UUID, .location = "file:///t", .format_version = version, .schema = s, .spec = spec,
	};
}

static void a_table_is_made_with_all_that_the_spec_requires(void **state)
{
	const struct iceberg_pair property = { "write.format.default", "parquet" };
	struct schema *s = two_columns();
	struct iceberg_creation creation = creation_of(s, 2, NULL);
	struct iceberg_change_set c;
	struct buffer text = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	iceberg_change_set_init(&c, NULL);
	c.creation = &creation;
	c.properties = &property;
	c.property_count = 1;
	must(iceberg_change_set_apply(&text, &c, NULL, NULL, 77, &e), &e);
	assert_buffer_text(
		text, "{\"format-version\":2,\"table-uuid\":\"" UUID "\",\"location\":\"file:///t\","
		      "\"last-sequence-number\":0,\"last-updated-ms\":77,\"last-column-id\":5,\"current-schema-id\":0,"
		      "\"schemas\":[{\"type\":\"struct\",\"schema-id\":0,\"identifier-field-ids\":[1],\"fields\":["
		      COLUMN ",{\"id\":5,\"name\":\"note\",\"required\":false,\"type\":\"string\"}]}],"
		      "\"default-spec-id\":0,\"partition-specs\":[{\"spec-id\":0,\"fields\":[]}],"
		      "\"last-partition-id\":999,\"default-sort-order-id\":0,\"sort-orders\":[{\"order-id\":0,"
		      "\"fields\":[]}],\"properties\":{\"tailrace.database\":\"shop\",\"tailrace.table\":\"orders\","
		      "\"tailrace.key\":\"[\\\"id\\\"]\",\"write.format.default\":\"parquet\"},\"refs\":{},"
		      "\"snapshots\":[],\"snapshot-log\":[],\"metadata-log\":[]}");
	schema_release(s);
}

static void a_table_is_made_with_partitions_and_a_first_snapshot(void **state)
{
	struct schema *s = two_columns();
	struct iceberg_spec spec = { 0 };
	struct iceberg_snapshot first = fourth;
	struct iceberg_creation creation = creation_of(s, 3, &spec);
	struct iceberg_metadata *m;
	struct iceberg_change_set c;
	struct buffer text = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	must(iceberg_spec_add(&spec, &s->fields[0], "bucket[4]", &e), &e);
	first.parent_id = -1;
	first.sequence_number = 1;
	first.first_row_id = 0;
	iceberg_change_set_init(&c, NULL);
	c.creation = &creation;
	c.snapshot = &first;
	must(iceberg_change_set_apply(&text, &c, NULL, NULL, 77, &e), &e);
	m = parsed(buffer_bytes(&text));
	assert_int_equal(m->current->id, 4);
	assert_int_equal(m->next_row_id, 5);
	assert_int_equal(m->metadata_log_count, 0);
	assert_int_equal(m->last_partition_id, 1000);
	assert_string_equal(m->spec->fields[0].name, "id_bucket");
	assert_conflict(&c, m, "the table is there already");
	iceberg_metadata_free(m);
	iceberg_spec_release(&spec);
	buffer_release(&text);
	schema_release(s);
}

static void rest_is_told_the_same(void **state)
{
	const struct iceberg_pair set = { "b", "4" };
	const char *const removed[] = { "a", "c" };
	const int64_t expired[] = { 2, 9 };
	struct iceberg_metadata *base = table();
	struct schema *s = two_columns();
	struct buffer text = { 0 };
	struct iceberg_change_set c;

	(void)state;
	iceberg_change_set_init(&c, base);
	iceberg_change_set_schema(&c, base, s);
	c.snapshot = &fourth;
	c.properties = &set;
	c.property_count = 1;
	c.removed = removed;
	c.removed_count = 2;
	c.expired = expired;
	c.expired_count = 2;
	iceberg_change_set_requirements(&text, &c);
	assert_buffer_text(text, "[{\"type\":\"assert-table-uuid\",\"uuid\":\"" UUID "\"},"
				 "{\"type\":\"assert-ref-snapshot-id\",\"ref\":\"main\",\"snapshot-id\":3},"
				 "{\"type\":\"assert-current-schema-id\",\"current-schema-id\":0},"
				 "{\"type\":\"assert-default-spec-id\",\"default-spec-id\":0},"
				 "{\"type\":\"assert-last-assigned-field-id\",\"last-assigned-field-id\":4}]");
	iceberg_change_set_updates(&text, &c);
	assert_buffer_text(
		text, "[{\"action\":\"add-schema\",\"schema\":{\"type\":\"struct\",\"schema-id\":1,"
		      "\"identifier-field-ids\":[1],\"fields\":[" COLUMN ",{\"id\":5,\"name\":\"note\","
		      "\"required\":false,\"type\":\"string\"}]},\"last-column-id\":5},"
		      "{\"action\":\"set-current-schema\",\"schema-id\":-1},"
		      "{\"action\":\"set-properties\",\"updates\":{\"tailrace.database\":\"shop\","
		      "\"tailrace.table\":\"orders\",\"tailrace.key\":\"[\\\"id\\\"]\",\"b\":\"4\"}},"
		      "{\"action\":\"remove-properties\",\"removals\":[\"a\",\"c\"]},"
		      "{\"action\":\"add-snapshot\",\"snapshot\":" FOURTH "},"
		      "{\"action\":\"set-snapshot-ref\",\"ref-name\":\"main\",\"type\":\"branch\",\"snapshot-id\":4,"
		      "\"max-snapshot-age-ms\":1500,\"min-snapshots-to-keep\":1},"
		      "{\"action\":\"remove-snapshots\",\"snapshot-ids\":[2,9]}]");
	schema_release(s);
	iceberg_metadata_free(base);
}

static void rest_makes_a_table_with_our_ids(void **state)
{
	struct schema *s = two_columns();
	struct iceberg_creation creation = creation_of(s, 3, NULL);
	struct buffer text = { 0 };
	struct iceberg_change_set c;

	(void)state;
	iceberg_change_set_init(&c, NULL);
	c.creation = &creation;
	iceberg_change_set_requirements(&text, &c);
	assert_buffer_text(text, "[{\"type\":\"assert-create\"}]");
	iceberg_change_set_updates(&text, &c);
	assert_buffer_text(
		text, "[{\"action\":\"assign-uuid\",\"uuid\":\"" UUID "\"},"
		      "{\"action\":\"upgrade-format-version\",\"format-version\":3},"
		      "{\"action\":\"add-schema\",\"schema\":{\"type\":\"struct\",\"schema-id\":0,"
		      "\"identifier-field-ids\":[1],\"fields\":[" COLUMN ",{\"id\":5,\"name\":\"note\","
		      "\"required\":false,\"type\":\"string\"}]},\"last-column-id\":5},"
		      "{\"action\":\"set-current-schema\",\"schema-id\":-1},"
		      "{\"action\":\"add-spec\",\"spec\":{\"spec-id\":0,\"fields\":[]}},"
		      "{\"action\":\"set-default-spec\",\"spec-id\":-1},"
		      "{\"action\":\"add-sort-order\",\"sort-order\":{\"order-id\":0,\"fields\":[]}},"
		      "{\"action\":\"set-default-sort-order\",\"sort-order-id\":-1},"
		      "{\"action\":\"set-location\",\"location\":\"file:///t\"},"
		      "{\"action\":\"set-properties\",\"updates\":{\"tailrace.database\":\"shop\","
		      "\"tailrace.table\":\"orders\",\"tailrace.key\":\"[\\\"id\\\"]\"}}]");
	schema_release(s);
}

/* `count` snapshots, one a second: 1, 2, ... of main; the head's limits and the properties as given. */
static struct iceberg_metadata *history(int count, const char *limits, const char *properties, const char *refs)
{
	struct buffer text = { 0 };
	struct iceberg_metadata *m;

	buffer_format(&text,
		      "{\"format-version\":2,\"table-uuid\":\"u\",\"location\":\"l\",\"last-sequence-number\":9,"
		      "\"last-updated-ms\":9000,\"last-column-id\":0,\"current-schema-id\":0,\"schemas\":[{\"type\":\"struct\","
		      "\"schema-id\":0,\"fields\":[]}],\"default-spec-id\":0,\"partition-specs\":[{\"spec-id\":0,"
		      "\"fields\":[]}],\"last-partition-id\":999,\"default-sort-order-id\":0,\"sort-orders\":[],"
		      "\"properties\":{%s},\"current-snapshot-id\":%d,\"refs\":{\"main\":{\"snapshot-id\":%d,"
		      "\"type\":\"branch\"%s}%s},\"snapshots\":[", properties, count, count, limits, refs);
	for (int i = 1; i <= count; i++)
		buffer_format(&text, "%s{\"snapshot-id\":%d,\"parent-snapshot-id\":%d,\"timestamp-ms\":%d000}",
			      i > 1 ? "," : "", i, i - 1, i);
	/* and one that no reference leads to */
	buffer_text(&text, ",{\"snapshot-id\":50,\"timestamp-ms\":5000}]}");
	m = parsed(buffer_bytes(&text));
	buffer_release(&text);
	return m;
}

/* Frees the metadata. `ids` are ascending, 0 ends them. */
static void assert_expired(struct iceberg_metadata *m, bool adds_snapshot, int64_t now_ms, const int64_t *ids)
{
	int64_t *expired;
	uint32_t count, at = 0;

	iceberg_expired_snapshots(m, adds_snapshot, now_ms, &expired, &count);
	for (; ids[at] != 0; at++) {
		assert_true(at < count);
		assert_int_equal(expired[at], ids[at]);
	}
	assert_int_equal(count, at);
	memory_free(expired);
	iceberg_metadata_free(m);
}

#define IDS(...) ((const int64_t[]){ __VA_ARGS__, 0 })

static void snapshots_expire_after_five_days_but_not_the_last(void **state)
{
	const int64_t days = INT64_C(5) * 86400000;

	(void)state;
	assert_expired(history(5, "", "", ""), false, days + 1000, IDS(0));
	assert_expired(history(5, "", "", ""), false, days + 3001, IDS(1, 2, 3));
	assert_expired(history(5, "", "", ""), false, days * 9, IDS(1, 2, 3, 4, 50));
	assert_expired(history(5, "", "", ""), true, days * 9, IDS(1, 2, 3, 4, 5, 50));
}

static void limits_of_the_table_and_of_its_branch_are_kept(void **state)
{
	const char *keep = "\"history.expire.min-snapshots-to-keep\":\"2\",\"history.expire.max-snapshot-age-ms\":\"1000\"";
	const char *wrong = "\"history.expire.min-snapshots-to-keep\":\"0\",\"history.expire.max-snapshot-age-ms\":\"x\"";

	(void)state;
	assert_expired(history(5, "", keep, ""), false, 9000, IDS(1, 2, 3, 50));
	assert_expired(history(5, "", keep, ""), true, 9000, IDS(1, 2, 3, 4, 50));
	assert_expired(history(5, "", keep, ""), false, 4000, IDS(1, 2));
	assert_expired(history(5, ",\"min-snapshots-to-keep\":4", keep, ""), false, 9000, IDS(1, 50));
	assert_expired(history(5, ",\"max-snapshot-age-ms\":6000", keep, ""), false, 9000, IDS(1, 2, 50));
	assert_expired(history(5, "", wrong, ""), false, 9000, IDS(0));
}

static void what_a_reference_names_does_not_expire(void **state)
{
	const char *young = "\"history.expire.max-snapshot-age-ms\":\"1\"";

	(void)state;
	assert_expired(history(5, "", young, ",\"t\":{\"snapshot-id\":2,\"type\":\"tag\"}"), false, 9000,
		       IDS(1, 3, 4, 50));
	assert_expired(history(5, "", young,
			       ",\"b\":{\"snapshot-id\":3,\"type\":\"branch\",\"min-snapshots-to-keep\":2}"),
		       true, 9000, IDS(1, 4, 5, 50));
}

static void ancestors_in_a_circle_end(void **state)
{
	struct iceberg_metadata *m = history(3, "", "\"history.expire.min-snapshots-to-keep\":\"99\"", "");

	(void)state;
	m->snapshots[0].parent_id = 3;
	assert_expired(m, false, INT64_C(99) * 86400000, IDS(50));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_snapshot_becomes_mains_and_the_rest_stays),
		cmocka_unit_test(properties_are_set_in_place_of_old_ones_and_removed),
		cmocka_unit_test(a_new_schema_becomes_current_with_its_marks),
		cmocka_unit_test(a_schema_that_is_there_is_not_added_again),
		cmocka_unit_test(expired_snapshots_take_their_history_and_statistics_along),
		cmocka_unit_test(a_clock_that_went_back_does_not_show),
		cmocka_unit_test(the_metadata_log_keeps_as_many_as_the_table_says),
		cmocka_unit_test(what_somebody_else_committed_is_a_conflict),
		cmocka_unit_test(a_table_is_made_with_all_that_the_spec_requires),
		cmocka_unit_test(a_table_is_made_with_partitions_and_a_first_snapshot),
		cmocka_unit_test(rest_is_told_the_same),
		cmocka_unit_test(rest_makes_a_table_with_our_ids),
		cmocka_unit_test(snapshots_expire_after_five_days_but_not_the_last),
		cmocka_unit_test(limits_of_the_table_and_of_its_branch_are_kept),
		cmocka_unit_test(what_a_reference_names_does_not_expire),
		cmocka_unit_test(ancestors_in_a_circle_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
