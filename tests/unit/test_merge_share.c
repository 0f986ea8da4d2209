/* SPDX-License-Identifier: Apache-2.0 */
/* Two writers of one table, each with the keys of its own part: what one committed, the other's commit goes over. */
#include "lib/test.h"

#include "base/memory.h"
#include "lib/merge_table.h"
#include "merge/append.h"

/* Parts are 'a' and 'b'; a position is how far each came: {"a":1,"b":2}. A tag is the letters of its parts. */
struct writer {
	struct share share; /* first */
	struct merge_table table;
	const char *parts;
	char index[16];
};

static int place_of(const char *position, char part)
{
	const char name[] = { '"', part, '"', ':', 0 };
	const char *at = position != NULL ? strstr(position, name) : NULL;

	return at != NULL ? atoi(at + 4) : 0;
}

static bool has_part(const struct share *s, char part)
{
	return strchr(((const struct writer *)s)->parts, part) != NULL;
}

static bool holds(const struct share *s, const char *before, const char *now)
{
	for (char part = 'a'; part <= 'b'; part++) {
		if (has_part(s, part) && place_of(before, part) != place_of(now, part))
			return false;
	}
	return true;
}

static int join(const struct share *s, const struct schema *table, const char *ours, const char *now,
		struct buffer *out, struct err *e)
{
	(void)table, (void)e;
	buffer_format(out, "{\"a\":%d,\"b\":%d}", place_of(has_part(s, 'a') ? ours : now, 'a'),
		      place_of(has_part(s, 'b') ? ours : now, 'b'));
	return 0;
}

static bool concerns(const struct share *s, const char *tag)
{
	return tag == NULL || strpbrk(tag, ((const struct writer *)s)->parts) != NULL;
}

static void writer_open(struct writer *w)
{
	struct merge_table *t = &w->table;
	struct err e = ERR_INIT;
	char index[512];

	t->store = store_open_directory(scratch_path(&t->folder, "table"), true, &e);
	must(t->store != NULL ? 0 : -1, &e);
	must(table_open(&t->table, t->store, "tailrace/test/d.t", &e), &e);
	schema_release(t->schema);
	t->schema = schema_share(table_snapshot(t->table)->schema);
	snprintf(index, sizeof(index), "%s", scratch_path(&t->folder, w->index));
	must(merge_open(&t->merge, t->store, t->table, t->schema, index, &w->share, &e), &e);
}

static void writer_init(struct writer *w, const struct merge_table *base, const char *parts, const char *index)
{
	*w = (struct writer){ .share = { .holds = holds, .join = join, .concerns = concerns },
			      .table = { .folder = base->folder }, .parts = parts };
	snprintf(w->index, sizeof(w->index), "%s", index);
	writer_open(w);
}

static void writer_close(struct writer *w)
{
	merge_table_close(&w->table);
	schema_release(w->table.schema);
	w->table.schema = NULL;
}

static struct batch *batch_of(const struct writer *w)
{
	struct batch *b = batch_new(w->table.schema);

	buffer_text(&b->tag, w->parts);
	return b;
}

/* Stages the batch and publishes it as `n` of the writer's parts; frees it. */
static int commit(struct writer *w, struct batch *b, int n, struct err *e)
{
	struct merge_result result;
	int rc;

	buffer_format(&b->position, "{\"a\":%d,\"b\":%d}", n, n);
	rc = merge_stage(w->table.merge, b, e);
	if (rc == 0)
		rc = merge_commit(w->table.merge, b, &result, e);
	batch_free(b);
	return rc;
}

static void put(struct writer *w, int64_t id, const char *name, int n)
{
	struct batch *b = batch_of(w);
	struct err e = ERR_INIT;

	merge_table_put(b, &id, name);
	must(commit(w, b, n, &e), &e);
}

static int drop(struct writer *w, int64_t id, int n, struct err *e)
{
	struct batch *b = batch_of(w);

	merge_table_delete(b, &id, NULL);
	return commit(w, b, n, e);
}

struct pair {
	struct merge_table base; /* made the table, and stays as it was */
	struct writer a, b;
};

static int set_up(void **state)
{
	struct pair *p = memory_new(struct pair);

	merge_table_make(&p->base, true);
	merge_table_open(&p->base);
	writer_init(&p->a, &p->base, "a", "index-a");
	writer_init(&p->b, &p->base, "b", "index-b");
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct pair *p = *state;

	writer_close(&p->a);
	writer_close(&p->b);
	merge_table_close(&p->base);
	merge_table_remove(&p->base);
	memory_free(p);
	return 0;
}

/* What the newest version holds, as a stranger reads it. */
static void check(const struct pair *p, const char *rows, const char *position)
{
	struct merge_table reader = p->base;
	struct buffer found = { 0 };
	struct err e = ERR_INIT;

	must(table_open_read(&reader.table, reader.store, -1, &e), &e);
	merge_table_rows(&found, &reader);
	assert_string_equal(buffer_string(&found), rows);
	assert_string_equal(table_snapshot(reader.table)->position, position);
	buffer_release(&found);
	table_close(reader.table);
}

static void a_commit_goes_over_those_of_others(void **state)
{
	struct pair *p = *state;

	put(&p->a, 1, "one", 1);
	put(&p->b, 2, "two", 1);
	put(&p->a, 1, "uno", 2);
	put(&p->b, 4, "four", 2);
	put(&p->b, 2, "due", 3);
	check(p, "{\"id\":1,\"name\":\"uno\"}\n{\"id\":2,\"name\":\"due\"}\n{\"id\":4,\"name\":\"four\"}\n", "{\"a\":2,\"b\":3}");
}

/* Rows 1, 2, ... in a file from before they shared the table, which both index. */
static void put_before(struct pair *p, int64_t count)
{
	struct batch *b = batch_new(p->base.schema);
	struct err e = ERR_INIT;

	for (int64_t id = 1; id <= count; id++)
		merge_table_put(b, &id, "old");
	must(merge_table_commit(&p->base, b, 0, &e), &e);
	writer_close(&p->a);
	writer_close(&p->b);
	writer_open(&p->a);
	writer_open(&p->b);
}

/* Each marks rows of its own keys in it. */
static void two_bitmaps_of_a_file_become_one(void **state)
{
	struct pair *p = *state;
	struct err e = ERR_INIT;

	put_before(p, 4);
	put(&p->a, 1, "new", 1);
	must(drop(&p->b, 2, 1, &e), &e);
	must(drop(&p->a, 3, 2, &e), &e);
	check(p, "{\"id\":1,\"name\":\"new\"}\n{\"id\":4,\"name\":\"old\"}\n", "{\"a\":2,\"b\":1}");
	must(drop(&p->b, 4, 2, &e), &e); /* now the whole file is dead, and gone */
	put(&p->a, 1, "newer", 3);
	check(p, "{\"id\":1,\"name\":\"newer\"}\n", "{\"a\":3,\"b\":2}");
}

/* Keys are not divided as the parts are: two deletes of one row must not count as two. */
static void a_row_that_both_mark_is_a_conflict(void **state)
{
	struct pair *p = *state;
	struct err e = ERR_INIT;

	put_before(p, 2);
	must(drop(&p->a, 1, 1, &e), &e);
	assert_int_equal(drop(&p->b, 1, 1, &e), -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
	check(p, "{\"id\":2,\"name\":\"old\"}\n", "{\"a\":1,\"b\":0}");
}

static void one_whose_part_was_taken_over_loses(void **state)
{
	struct pair *p = *state;
	struct err e = ERR_INIT;
	struct writer next;

	put(&p->a, 1, "one", 1);
	writer_init(&next, &p->base, "ab", "index-c");
	put(&next, 1, "two", 2);
	assert_int_equal(drop(&p->a, 1, 3, &e), -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
	check(p, "{\"id\":1,\"name\":\"two\"}\n", "{\"a\":2,\"b\":2}");
	writer_close(&next);
}

/* The one that was stopped commits first: then the new owner has read from a position that is past. */
static void one_that_was_overtaken_begins_again(void **state)
{
	struct pair *p = *state;
	struct err e = ERR_INIT;
	struct writer next;

	put(&p->a, 1, "one", 1);
	writer_init(&next, &p->base, "a", "index-c");
	put(&p->a, 1, "two", 2);
	assert_int_equal(drop(&next, 1, 2, &e), -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
	check(p, "{\"id\":1,\"name\":\"two\"}\n", "{\"a\":2,\"b\":0}");
	writer_close(&next);
	writer_open(&next);
	must(drop(&next, 1, 3, &e), &e);
	check(p, "", "{\"a\":3,\"b\":0}");
	writer_close(&next);
}

static void one_that_gets_a_part_finds_its_rows(void **state)
{
	struct pair *p = *state;
	struct err e = ERR_INIT;

	put(&p->a, 1, "one", 1);
	put(&p->b, 2, "two", 1);
	writer_close(&p->b);
	p->b.parts = "ab"; /* its index has the version that the table is at, and not what `a` wrote */
	writer_open(&p->b);
	must(drop(&p->b, 1, 2, &e), &e);
	check(p, "{\"id\":2,\"name\":\"two\"}\n", "{\"a\":2,\"b\":2}");
}

static void a_file_of_ours_that_is_gone_is_a_conflict(void **state)
{
	struct pair *p = *state;
	struct err e = ERR_INIT;
	enum commit_result result;
	struct table *foreign;

	put(&p->a, 1, "one", 1);
	must(table_open(&foreign, p->base.store, "tailrace/test/d.t", &e), &e);
	must(table_commit(foreign, &(struct prepared_commit){ .operation = "TRUNCATE", .removes_all = true,
							      .position = "{\"a\":1,\"b\":0}" }, &result, &e), &e);
	table_close(foreign);
	assert_int_equal(drop(&p->a, 1, 2, &e), -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
	check(p, "", "{\"a\":1,\"b\":0}");
}

static int append(struct writer *w, struct append *a, int64_t id, int n, struct err *e)
{
	struct batch *b = batch_of(w);
	struct merge_result result;
	int rc;

	merge_table_put(b, &id, "row");
	buffer_format(&b->position, "{\"a\":%d,\"b\":%d}", n, n);
	rc = append_stage(a, b, e);
	if (rc == 0)
		rc = append_commit(a, b, &result, e);
	batch_free(b);
	return rc;
}

static void appended_rows_are_there_once(void **state)
{
	struct pair *p = *state;
	struct append *a = append_open(p->a.table.store, p->a.table.table, &p->a.share);
	struct append *b = append_open(p->b.table.store, p->b.table.table, &p->b.share);
	struct append *next = append_open(p->base.store, p->base.table, &p->a.share);
	struct err e = ERR_INIT;

	must(append(&p->a, a, 1, 1, &e), &e);
	must(append(&p->b, b, 2, 1, &e), &e);
	must(append(&p->a, a, 3, 2, &e), &e);
	assert_int_equal(append(&p->a, next, 1, 1, &e), -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
	check(p, "{\"id\":1,\"name\":\"row\"}\n{\"id\":2,\"name\":\"row\"}\n{\"id\":3,\"name\":\"row\"}\n", "{\"a\":2,\"b\":1}");
	append_close(a);
	append_close(b);
	append_close(next);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_commit_goes_over_those_of_others),
		TEST(two_bitmaps_of_a_file_become_one),
		TEST(a_row_that_both_mark_is_a_conflict),
		TEST(one_whose_part_was_taken_over_loses),
		TEST(one_that_was_overtaken_begins_again),
		TEST(one_that_gets_a_part_finds_its_rows),
		TEST(appended_rows_are_there_once),
		TEST(a_file_of_ours_that_is_gone_is_a_conflict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
