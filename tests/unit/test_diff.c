/* SPDX-License-Identifier: Apache-2.0 */
/* What diff says of two versions of a table, against models of both. */
#include "lib/test.h"

#include "base/memory.h"
#include "lib/merge_table.h"
#include "merge/diff.h"

#define IDS	 40
#define VERSIONS 9

/* The rows of a version: keyed, `name` of each id or -1; else how often (id, name 0) is there. */
struct model {
	int64_t version;
	int names[IDS];
};

struct fixture {
	struct merge_table base;
	struct model models[VERSIONS];
	bool is_keyed;
};

static const char *name_of(int number)
{
	static char text[16];

	snprintf(text, sizeof(text), "name %d", number);
	return text;
}

/* Some rows more, less or other; the model follows. */
static void change(struct fixture *f, struct batch *b, struct model *m)
{
	for (int n = (int)(random() % 30); n > 0; n--) {
		int64_t id = random() % IDS;
		int *now = &m->names[id], other = (int)(random() % 3);

		if (!f->is_keyed && random() % 2 == 0) {
			merge_table_put(b, &id, name_of(0));
			++*now;
		} else if (!f->is_keyed && *now > 0) {
			merge_table_delete(b, &id, name_of(0));
			--*now;
		} else if (f->is_keyed && random() % 3 > 0) {
			merge_table_put(b, &id, name_of(other));
			*now = other;
		} else if (f->is_keyed && *now >= 0) {
			merge_table_delete(b, &id, name_of(*now));
			*now = -1;
		}
	}
}

static void make(struct fixture *f, bool is_keyed)
{
	struct err e = ERR_INIT;

	*f = (struct fixture){ .is_keyed = is_keyed };
	merge_table_make(&f->base, is_keyed);
	merge_table_open(&f->base);
	for (int i = 0; i < IDS; i++)
		f->models[0].names[i] = is_keyed ? -1 : 0;
	for (int n = 0; n < VERSIONS; n++) {
		struct batch *b = batch_new(f->base.schema);

		if (n > 0)
			f->models[n] = f->models[n - 1];
		change(f, b, &f->models[n]);
		must(merge_table_commit(&f->base, b, n + 1, &e), &e);
		f->models[n].version = table_snapshot(f->base.table)->version;
	}
}

static void remove_all(struct fixture *f)
{
	merge_table_close(&f->base);
	merge_table_remove(&f->base);
}

static int number_of(const struct columns *rows, uint32_t row)
{
	struct bytes name = column_bytes(&rows->columns[1], row);

	return name.data[name.size - 1] - '0';
}

/* What diff says, applied to a model; every step must be one that the model allows. */
struct applying {
	struct model now;
	bool is_keyed;
};

static int apply(void *context, const struct diff_row *r, struct err *e)
{
	struct applying *a = context;
	int64_t id = column_int64(r->before != NULL ? &r->before->columns[0] : &r->after->columns[0],
				  r->before != NULL ? r->before_row : r->after_row);
	int *now = &a->now.names[id];

	(void)e;
	if (!a->is_keyed) {
		assert_true((r->before == NULL) != (r->after == NULL));
		*now += r->before == NULL ? 1 : -1;
		return 0;
	}
	assert_int_equal(*now, r->before != NULL ? number_of(r->before, r->before_row) : -1);
	if (r->before != NULL && r->after != NULL)
		assert_int_not_equal(number_of(r->after, r->after_row), *now);
	*now = r->after != NULL ? number_of(r->after, r->after_row) : -1;
	return 0;
}

static struct table *open_version(struct fixture *f, int64_t version)
{
	struct table *t;
	struct err e = ERR_INIT;

	must(table_open_read(&t, f->base.store, version, &e), &e);
	return t;
}

static void assert_diff(struct fixture *f, int from, int to, size_t bytes_max)
{
	struct applying a = { .now = f->models[from], .is_keyed = f->is_keyed };
	struct diff_version older = { f->base.store, open_version(f, f->models[from].version) },
			    newer = { f->base.store, open_version(f, f->models[to].version) };
	struct err e = ERR_INIT;

	must(diff_versions(&older, &newer, bytes_max, apply, &a, &e), &e);
	assert_memory_equal(a.now.names, f->models[to].names, sizeof(a.now.names));
	table_close(older.table);
	table_close(newer.table);
}

static void assert_all(bool is_keyed)
{
	struct fixture f;

	make(&f, is_keyed);
	for (int from = 0; from < VERSIONS; from++) {
		for (int to = from; to < VERSIONS; to++)
			assert_diff(&f, from, to, 1 << 20);
	}
	assert_diff(&f, 0, VERSIONS - 1, 200); /* a few rows at a time */
	remove_all(&f);
}

static void each_changed_row_is_told_once(void **state)
{
	(void)state;
	assert_all(true);
}

static void rows_without_a_key_come_and_go(void **state)
{
	(void)state;
	assert_all(false);
}

static int count(void *context, const struct diff_row *r, struct err *e)
{
	(void)r;
	(void)e;
	return ++*(int *)context == 3;
}

static void who_has_seen_enough_gets_no_more(void **state)
{
	struct diff_version older, newer;
	struct err e = ERR_INIT;
	struct fixture f;
	struct batch *b;
	int seen = 0;

	(void)state;
	make(&f, true);
	b = batch_new(f.base.schema);
	for (int64_t id = 0; id < IDS; id++)
		merge_table_put(b, &id, name_of(7));
	must(merge_table_commit(&f.base, b, VERSIONS + 1, &e), &e);
	older = (struct diff_version){ f.base.store, open_version(&f, f.models[0].version) };
	newer = (struct diff_version){ f.base.store, open_version(&f, -1) };
	must(diff_versions(&older, &newer, 100, count, &seen, &e), &e);
	assert_int_equal(seen, 3);
	assert_int_equal(diff_versions(&newer, &older, 100, count, &seen, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	table_close(older.table);
	table_close(newer.table);
	remove_all(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_changed_row_is_told_once),
		cmocka_unit_test(rows_without_a_key_come_and_go),
		cmocka_unit_test(who_has_seen_enough_gets_no_more),
	};

	return merge_table_run(tests, sizeof(tests) / sizeof(tests[0]));
}
