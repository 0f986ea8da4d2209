/* SPDX-License-Identifier: Apache-2.0 */
/* Puffin files of deletion vectors: ours, others', and damaged ones. */
#include "base/memory.h"
#include "lib/scratch.h"
#include "lib/test.h"
#include "table/delta/dv_file.h"
#include "table/iceberg/puffin.h"

#define PATH_A "file:///lake/t/a.parquet"
#define PATH_B "file:///lake/t/b \"\xc3\xa9\".parquet"

static struct row_set *rows_of(uint32_t step, uint32_t count)
{
	struct row_set *s = row_set_new();

	for (uint32_t i = 0; i < count; i++)
		row_set_add(s, i * step);
	return s;
}

/* Encodes and adds. */
static struct puffin_place add(struct puffin_pack *p, const char *path,
			       const struct row_set *rows)
{
	struct buffer blob = { 0 };
	struct puffin_place place;
	struct err e = ERR_INIT;

	must(dv_blob_encode(rows, &blob, &e), &e);
	must(puffin_pack_add(p, path, buffer_bytes(&blob), row_set_count(rows), &place, &e),
	     &e);
	buffer_release(&blob);
	return place;
}

static void assert_rows(struct row_set *got, const struct row_set *wanted)
{
	assert_int_equal(row_set_count(got), row_set_count(wanted));
	assert_true(row_set_contains(got, wanted));
	row_set_free(got);
}

static void assert_refused(struct bytes file, enum err_kind kind, const char *why)
{
	struct puffin_footer footer;
	struct err e = ERR_INIT;

	assert_int_equal(puffin_parse(&footer, file, &e), -1);
	if (strstr(e.text, why) == NULL)
		fail_msg("\"%s\" and not \"%s\"", e.text, why);
	assert_int_equal(e.kind, kind);
}

/* A file without blobs' bytes and with this footer. */
static void footer_file(struct buffer *out, const char *json, uint32_t flags)
{
	buffer_clear(out);
	buffer_text(out, "PFA1blobPFA1");
	buffer_text(out, json);
	buffer_u32le(out, (uint32_t)strlen(json));
	buffer_u32le(out, flags);
	buffer_text(out, "PFA1");
}

static void many_vectors_come_back_by_footer_and_by_place(void **state)
{
	struct row_set *a = rows_of(3, 1000), *b = rows_of(1, 70000), *got;
	struct puffin_footer footer;
	struct puffin_place at_a, at_b;
	struct puffin_pack p;
	struct err e = ERR_INIT;

	(void)state;
	puffin_pack_init(&p);
	at_a = add(&p, PATH_A, a);
	at_b = add(&p, PATH_B, b);
	puffin_pack_finish(&p);
	assert_int_equal(at_a.offset, 4);
	assert_int_equal(at_b.offset, 4 + at_a.size_bytes);
	assert_int_equal(at_b.cardinality, 70000);
	must(puffin_parse(&footer, buffer_bytes(&p.bytes), &e), &e);
	assert_int_equal(footer.blob_count, 2);
	assert_string_equal(footer.blobs[0].data_file, PATH_A);
	assert_string_equal(footer.blobs[1].data_file, PATH_B);
	assert_memory_equal(&footer.blobs[1].place, &at_b, sizeof(at_b));
	must(puffin_decode(&got, buffer_bytes(&p.bytes), &footer.blobs[0], 3000, &e), &e);
	assert_rows(got, a);
	must(puffin_decode(&got, buffer_bytes(&p.bytes), &footer.blobs[1], 70000, &e), &e);
	assert_rows(got, b);
	assert_int_equal(
		puffin_decode(&got, buffer_bytes(&p.bytes), &footer.blobs[1], 69999, &e),
		-1);
	assert_non_null(strstr(e.text, "row 69999 of a file of 69999 rows"));
	puffin_footer_release(&footer);
	puffin_pack_release(&p);
	row_set_free(a);
	row_set_free(b);
}

static void the_footer_says_what_the_spec_demands(void **state)
{
	static const char expected[] =
		"{\"blobs\":[{\"type\":\"deletion-vector-v1\",\"fields\":[2147483645],"
		"\"snapshot-id\":-1,\"sequence-number\":-1,\"offset\":4,\"length\":50,"
		"\"properties\":{\"cardinality\":\"5\",\"referenced-data-file\":\"" PATH_A
		"\"}}],\"properties\":{\"created-by\":\"tailrace version ";
	struct row_set *rows = rows_of(2, 5);
	struct puffin_pack p;
	const char *footer;

	(void)state;
	puffin_pack_init(&p);
	add(&p, PATH_A, rows);
	puffin_pack_finish(&p);
	footer = memmem(p.bytes.data + 4, p.bytes.size - 4, "PFA1", 4);
	assert_non_null(footer);
	assert_memory_equal(p.bytes.data, "PFA1\0\0\0\x2a\xd1\xd3\x39\x64", 12);
	assert_memory_equal(footer + 4, expected, sizeof(expected) - 1);
	assert_memory_equal(p.bytes.data + p.bytes.size - 8, "\0\0\0\0PFA1", 8);
	puffin_pack_release(&p);
	row_set_free(rows);
}

static void deltas_bytes_are_a_blob_as_they_are(void **state)
{
	struct row_set *rows = rows_of(7, 300), *got;
	struct deletion_vector dv;
	struct puffin_footer footer;
	struct puffin_place place;
	struct puffin_pack p;
	struct dv_pack delta;
	struct err e = ERR_INIT;

	(void)state;
	dv_pack_init(&delta);
	must(dv_pack_add(&delta, rows, &dv, &e), &e);
	puffin_pack_init(&p);
	must(puffin_pack_add(&p, PATH_A,
			     (struct bytes){ delta.bytes.data + dv.offset,
					     dv.size_bytes + DV_BLOB_EXTRA_BYTES },
			     dv.cardinality, &place, &e),
	     &e);
	puffin_pack_finish(&p);
	must(puffin_parse(&footer, buffer_bytes(&p.bytes), &e), &e);
	must(puffin_decode(&got, buffer_bytes(&p.bytes), &footer.blobs[0], 2100, &e), &e);
	assert_rows(got, rows);
	puffin_footer_release(&footer);
	puffin_pack_release(&p);
	dv_pack_release(&delta);
	row_set_free(rows);
}

static void a_vector_is_read_by_what_a_manifest_says(void **state)
{
	struct row_set *a = rows_of(1, 10), *b = rows_of(5, 50), *got;
	struct puffin_place place, wrong;
	struct scratch folder;
	struct puffin_pack p;
	struct store *store;
	struct err e = ERR_INIT;

	(void)state;
	scratch_make(&folder);
	store = store_open_directory(folder.path, false, &e);
	puffin_pack_init(&p);
	add(&p, PATH_A, a);
	place = add(&p, PATH_B, b);
	puffin_pack_finish(&p);
	must(puffin_pack_write(&p, store, "v.puffin", &e), &e);
	must(puffin_read(&got, store, "v.puffin", &place, 246, &e), &e);
	assert_rows(got, b);
	wrong = place;
	wrong.cardinality = 49;
	assert_int_equal(puffin_read(&got, store, "v.puffin", &wrong, 246, &e), -1);
	assert_non_null(strstr(e.text, "\"v.puffin\": deletion vector at "));
	assert_non_null(strstr(e.text, "deletes 50 rows, and not 49 as was said"));
	wrong = place;
	wrong.offset--;
	assert_int_equal(puffin_read(&got, store, "v.puffin", &wrong, 246, &e), -1);
	wrong = place;
	wrong.size_bytes--;
	assert_int_equal(puffin_read(&got, store, "v.puffin", &wrong, 246, &e), -1);
	assert_non_null(strstr(e.text, "it has a bitmap of"));
	wrong.size_bytes = 8;
	assert_int_equal(puffin_read(&got, store, "v.puffin", &wrong, 246, &e), -1);
	assert_int_equal(e.kind, ERR_DATA);
	wrong.size_bytes = 1000000;
	assert_int_equal(puffin_read(&got, store, "v.puffin", &wrong, 246, &e), -1);
	assert_int_equal(puffin_read(&got, store, "w.puffin", &place, 246, &e), -1);
	assert_non_null(strstr(e.text, "it is gone"));
	puffin_pack_release(&p);
	row_set_free(a);
	row_set_free(b);
	store_close(store);
	scratch_remove(&folder);
}

static void every_damaged_byte_of_a_vector_is_noticed(void **state)
{
	struct row_set *rows = rows_of(2, 100), *got;
	struct puffin_footer footer;
	struct puffin_place place;
	struct puffin_pack p;
	struct err e = ERR_INIT;

	(void)state;
	puffin_pack_init(&p);
	place = add(&p, PATH_A, rows);
	puffin_pack_finish(&p);
	must(puffin_parse(&footer, buffer_bytes(&p.bytes), &e), &e);
	for (int64_t at = place.offset; at < place.offset + place.size_bytes; at++) {
		p.bytes.data[at] ^= 1;
		if (puffin_decode(&got, buffer_bytes(&p.bytes), &footer.blobs[0], 200,
				  &e) == 0)
			fail_msg("byte %d is not noticed", (int)at);
		assert_int_equal(e.kind, ERR_DATA);
		p.bytes.data[at] ^= 1;
	}
	puffin_footer_release(&footer);
	for (size_t size = 0; size < p.bytes.size; size++)
		assert_int_equal(
			puffin_parse(&footer, (struct bytes){ p.bytes.data, size }, &e),
			-1);
	puffin_pack_release(&p);
	row_set_free(rows);
}

static void a_wrong_frame_is_refused_with_the_reason(void **state)
{
	struct buffer f = { 0 };

	(void)state;
	assert_refused(BYTES_OF("PAR1"), ERR_DATA, "does not begin with PFA1");
	assert_refused(BYTES_OF("PFA1"), ERR_DATA, "truncated");
	footer_file(&f, "{\"blobs\":[]}", 1);
	assert_refused(buffer_bytes(&f), ERR_CONFIG, "compressed with LZ4");
	footer_file(&f, "{\"blobs\":[]}", 0x200);
	assert_refused(buffer_bytes(&f), ERR_DATA, "unknown flags 0x00000200");
	footer_file(&f, "{\"blobs\":[]}", 0);
	f.data[f.size - 1] = '2';
	assert_refused(buffer_bytes(&f), ERR_DATA, "does not end with PFA1");
	footer_file(&f, "{\"blobs\":[]}", 0);
	f.data[f.size - 12] = 11; /* the footer's size */
	assert_refused(buffer_bytes(&f), ERR_DATA, "does not begin with PFA1");
	f.data[f.size - 9] = 0x7f;
	assert_refused(buffer_bytes(&f), ERR_DATA, "does not fit into");
	f.data[f.size - 9] = 0xff; /* negative */
	assert_refused(buffer_bytes(&f), ERR_DATA, "does not fit into");
	footer_file(&f, "{\"blobs\":[]", 0);
	assert_refused(buffer_bytes(&f), ERR_DATA, "damaged JSON");
	footer_file(&f, "[]", 0);
	assert_refused(buffer_bytes(&f), ERR_DATA, "no list \"blobs\"");
	buffer_release(&f);
}

#define BLOB(members)                                                                      \
	"{\"blobs\":[{\"fields\":[1],\"snapshot-id\":-1,\"sequence-number\":-1," members   \
	"}]}"

static void a_blob_that_lies_is_refused_with_the_reason(void **state)
{
	static const struct {
		const char *json, *why;
	} cases[] = {
		{ BLOB("\"type\":\"x\",\"offset\":4,\"length\":5"),
		  "not between head and footer" },
		{ BLOB("\"type\":\"x\",\"offset\":3,\"length\":1"),
		  "not between head and footer" },
		{ BLOB("\"type\":\"x\",\"offset\":4,\"length\":-1"),
		  "not between head and footer" },
		{ BLOB("\"type\":\"x\",\"offset\":9223372036854775807,\"length\":"
		       "9223372036854775807"),
		  "not between head and footer" },
		{ BLOB("\"type\":\"x\",\"offset\":\"4\",\"length\":4"),
		  "\"offset\" is no integer" },
		{ BLOB("\"type\":\"x\",\"length\":4"), "\"offset\" is no integer" },
		{ BLOB("\"type\":7,\"offset\":4,\"length\":4"), "\"type\" is no text" },
		{ BLOB("\"offset\":4,\"length\":4"), "\"type\" is no text" },
		{ BLOB("\"type\":\"deletion-vector-v1\",\"offset\":4,\"length\":4"),
		  "without its data file and cardinality" },
		{ BLOB("\"type\":\"deletion-vector-v1\",\"offset\":4,\"length\":4,"
		       "\"compression-codec\":\"zstd\""),
		  "compression codec \"zstd\"" },
		{ BLOB("\"type\":\"x\",\"offset\":4,\"length\":4,\"properties\":{"
		       "\"cardinality\":\"-1\"}"),
		  "cardinality is no number" },
		{ BLOB("\"type\":\"x\",\"offset\":4,\"length\":4,\"properties\":{"
		       "\"cardinality\":1}"),
		  "cardinality is no number" },
		{ BLOB("\"type\":\"x\",\"offset\":4,\"length\":4,\"properties\":[]"),
		  "is no object" },
		{ "{\"blobs\":[7]}", "\"fields\" is no list" },
		{ "{\"blobs\":[{\"fields\":[\"a\"]}]}", "no integer" },
	};
	struct buffer f = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		footer_file(&f, cases[i].json, 0);
		assert_refused(buffer_bytes(&f), ERR_DATA, cases[i].why);
	}
	buffer_release(&f);
}

/* A sample's bytes, or none when CORPORA is not set. */
static bool sample(struct buffer *out, const char *name)
{
	const char *corpora = getenv("CORPORA");
	struct scratch folder;
	char *text;
	size_t size;

	if (corpora == NULL)
		return false;
	snprintf(folder.path, sizeof(folder.path), "%s/iceberg", corpora);
	text = scratch_read(&folder, name, &size);
	buffer_clear(out);
	buffer_append(out, text, size);
	memory_free(text);
	return true;
}

static void puffin_files_of_others_read(void **state)
{
	struct puffin_footer footer;
	struct buffer file = { 0 };
	struct row_set *rows;
	struct err e = ERR_INIT;

	(void)state;
	if (!sample(&file, "puffin/v1/empty-puffin-uncompressed.bin")) {
		printf("# CORPORA is not set: Puffin files of others are not read\n");
		return;
	}
	must(puffin_parse(&footer, buffer_bytes(&file), &e), &e);
	assert_int_equal(footer.blob_count, 0);
	puffin_footer_release(&footer);
	sample(&file, "puffin/v1/sample-metric-data-uncompressed.bin");
	must(puffin_parse(&footer, buffer_bytes(&file), &e), &e);
	assert_int_equal(footer.blob_count, 2);
	assert_string_equal(footer.blobs[1].type, "some-other-blob");
	assert_int_equal(footer.blobs[1].place.size_bytes, 83);
	assert_int_equal(puffin_decode(&rows, buffer_bytes(&file), &footer.blobs[1], 1, &e),
			 -1);
	assert_non_null(strstr(e.text, "of type \"some-other-blob\": no deletion vector"));
	puffin_footer_release(&footer);
	sample(&file, "puffin/v1/sample-metric-data-compressed-zstd.bin");
	must(puffin_parse(&footer, buffer_bytes(&file), &e), &e);
	assert_string_equal(footer.blobs[0].codec, "zstd");
	puffin_footer_release(&footer);
	buffer_release(&file);
}

static void vectors_of_others_read_or_are_refused_with_the_reason(void **state)
{
	static const struct {
		const char *name;
		int count;
		const char *why;
	} cases[] = {
		{ "empty", 0, NULL },
		{ "small-alternating-values", 5, NULL },
		{ "small-and-large-values", 4, NULL },
		/* rows behind 2^32 */
		{ "all-container-types", -1, "more rows than a file can have" },
	};
	struct buffer blob = { 0 };
	struct err e = ERR_INIT;
	char name[100];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct row_set *rows;

		snprintf(name, sizeof(name), "deletes/%s-position-index.bin",
			 cases[i].name);
		if (!sample(&blob, name)) {
			printf("# CORPORA is not set: deletion vectors of others are not "
			       "read\n");
			return;
		}
		if (cases[i].count < 0) {
			assert_int_equal(
				dv_blob_decode(&rows, buffer_bytes(&blob), UINT32_MAX, &e),
				-1);
			assert_non_null(strstr(e.text, cases[i].why));
			continue;
		}
		must(dv_blob_decode(&rows, buffer_bytes(&blob), UINT32_MAX, &e), &e);
		assert_int_equal(row_set_count(rows), cases[i].count);
		row_set_free(rows);
	}
	buffer_release(&blob);
}

/* Bitmaps without the frame, one of them damaged by a text encoding on its way. */
static void bare_bitmaps_of_others_read_or_are_refused(void **state)
{
	static const struct {
		const char *name;
		int count;
	} cases[] = {
		{ "64map32bitvals", 10 },
		{ "64mapempty", 0 },
		{ "64mapspreadvals", -1 },
		{ "64maphighvals", -1 },
	};
	struct buffer bitmap = { 0 }, framed = { 0 };
	struct err e = ERR_INIT;
	char name[100];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct row_set *rows;

		snprintf(name, sizeof(name), "deletes/%s.bin", cases[i].name);
		if (!sample(&bitmap, name))
			break;
		buffer_clear(&framed);
		buffer_u32le(&framed, 1681511377u);
		buffer_bytes_append(&framed, buffer_bytes(&bitmap));
		if (cases[i].count < 0) {
			assert_int_equal(row_set_decode(&rows, buffer_bytes(&framed),
							UINT32_MAX, &e),
					 -1);
			assert_int_equal(e.kind, ERR_DATA);
			continue;
		}
		must(row_set_decode(&rows, buffer_bytes(&framed), UINT32_MAX, &e), &e);
		assert_int_equal(row_set_count(rows), cases[i].count);
		row_set_free(rows);
	}
	buffer_release(&bitmap);
	buffer_release(&framed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_vectors_come_back_by_footer_and_by_place),
		cmocka_unit_test(the_footer_says_what_the_spec_demands),
		cmocka_unit_test(deltas_bytes_are_a_blob_as_they_are),
		cmocka_unit_test(a_vector_is_read_by_what_a_manifest_says),
		cmocka_unit_test(every_damaged_byte_of_a_vector_is_noticed),
		cmocka_unit_test(a_wrong_frame_is_refused_with_the_reason),
		cmocka_unit_test(a_blob_that_lies_is_refused_with_the_reason),
		cmocka_unit_test(puffin_files_of_others_read),
		cmocka_unit_test(vectors_of_others_read_or_are_refused_with_the_reason),
		cmocka_unit_test(bare_bitmaps_of_others_read_or_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
