/* SPDX-License-Identifier: Apache-2.0 */
/* One worker of a group: its part of a table's position, its files, and where it begins. */
#include "lib/test.h"

#include "base/memory.h"
#include "source/kafka/kafka_state.h"

/* Topics "t" of four partitions and "u" of two; ours are t 1, t 3 and u 0. */
struct worker {
	struct kafka_source source;
	struct feed_options feed;
	struct kafka_source_options options;
	struct consumer_topic names[2];
	struct schema *keyed, *plain;
};

static struct schema *schema_of(const char *table, bool is_keyed)
{
	struct schema *s = schema_new("d", table);

	schema_add(s, "id", TYPE_LONG, false);
	if (is_keyed)
		schema_set_key(s, (uint32_t[]){ 0 }, 1);
	return s;
}

static int set_up(void **state)
{
	struct worker *w = memory_new(struct worker);
	struct kafka_source *s = &w->source;

	w->options.group = (char *)(uintptr_t)"g";
	w->names[0] = (struct consumer_topic){ (char *)(uintptr_t)"t", 4 };
	w->names[1] = (struct consumer_topic){ (char *)(uintptr_t)"u", 2 };
	s->options = &w->options;
	s->names = w->names;
	s->topic_count = 2;
	s->feed.options = &w->feed;
	s->ours = memory_array(bool *, 2);
	for (uint32_t t = 0; t < 2; t++) {
		feed_add_topic(&s->feed, w->names[t].name, w->names[t].partitions, "topics", w->names[t].name);
		s->ours[t] = memory_array(bool, w->names[t].partitions);
	}
	s->ours[0][1] = s->ours[0][3] = s->ours[1][0] = true;
	w->keyed = schema_of("keyed", true);
	w->plain = schema_of("plain", false);
	feed_table_find(&s->feed, "d", "keyed")->is_from[0] = true;
	kafka_share_init(s);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct worker *w = *state;
	struct kafka_source *s = &w->source;

	for (uint32_t t = 0; t < 2; t++)
		memory_free(s->ours[t]);
	memory_free(s->ours);
	feed_close(&s->feed);
	kafka_share_release(s);
	schema_release(w->keyed);
	schema_release(w->plain);
	memory_free(w);
	return 0;
}

static void only_our_part_of_a_position_is_replaced(void **state)
{
	struct worker *w = *state;
	const struct share *share = &w->source.share;
	struct buffer out = { 0 };
	struct err e = ERR_INIT;

	must(share->join(share, w->keyed, "{\"topics\":{\"t\":[90,5,90,7]},\"seen\":{\"t\":[null,[1],null,null]}}",
			 "{\"topics\":{\"t\":[1,2,3,4]},\"seen\":{\"t\":[[1],null]}}", &out, &e), &e);
	assert_string_equal(buffer_string(&out), "{\"topics\":{\"t\":[1,5,3,7]},\"begin\":{},\"seen\":{\"t\":[[1],[1],null,null]}}");
	buffer_clear(&out);
	must(share->join(share, w->keyed, "{\"topics\":{\"t\":[-1,5]}}", NULL, &out, &e), &e);
	assert_string_equal(buffer_string(&out), "{\"topics\":{\"t\":[-1,5,-1,-1]},\"begin\":{},\"seen\":{}}");
	buffer_release(&out);
}

static void where_the_pipeline_began_is_what_any_worker_knows(void **state)
{
	struct worker *w = *state;
	const struct share *share = &w->source.share;
	struct buffer out = { 0 };
	struct err e = ERR_INIT;

	must(share->join(share, w->keyed, "{\"topics\":{},\"begin\":{\"t\":[-1,5,-1,7]}}",
			 "{\"topics\":{},\"begin\":{\"t\":[1,6,-1,3]}}", &out, &e), &e);
	assert_buffer_text(out, "{\"topics\":{},\"begin\":{\"t\":[1,5,-1,3]},\"seen\":{}}");
}

static void values_that_became_null_add_up(void **state)
{
	struct worker *w = *state;
	const struct share *share = &w->source.share;
	struct buffer out = { 0 };
	struct err e = ERR_INIT;

	must(share->join(share, w->keyed, "{\"topics\":{},\"invalid\":{\"c\":{\"count\":2,\"first\":\"x\",\"at\":\"y\"}}}",
			 "{\"topics\":{},\"invalid\":{\"c\":{\"count\":3,\"first\":\"a\",\"at\":\"b\"}}}", &out, &e), &e);
	assert_string_equal(buffer_string(&out), "{\"topics\":{},\"begin\":{},\"seen\":{},\"invalid\":{\"c\":{\"count\":5,\"first\":\"a\",\"at\":\"b\"}}}");
	buffer_release(&out);
}

static void a_part_that_moved_is_noticed(void **state)
{
	const struct share *share = &((struct worker *)*state)->source.share;

	assert_true(share->holds(share, "{\"topics\":{\"t\":[1,2,3,4]}}", "{\"topics\":{\"t\":[9,2,9,4],\"u\":[-1,5]}}"));
	assert_false(share->holds(share, "{\"topics\":{\"t\":[1,2,3,4]}}", "{\"topics\":{\"t\":[1,2,3,5]}}"));
	assert_false(share->holds(share, NULL, "{\"topics\":{\"u\":[0]}}"));
	assert_true(share->holds(share, NULL, "{\"topics\":{\"u\":[-1,7]}}"));
	assert_true(share->holds(share, NULL, NULL));
	assert_false(share->holds(share, NULL, "no position"));
}

static void a_key_from_two_topics_is_refused(void **state)
{
	struct worker *w = *state;
	const struct share *share = &w->source.share;
	struct buffer out = { 0 };
	struct err e = ERR_INIT;

	assert_int_equal(share->join(share, w->keyed, "{\"topics\":{\"t\":[1,1,1,1]}}", "{\"topics\":{\"u\":[1,1]}}", &out, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	must(share->join(share, w->plain, "{\"topics\":{\"t\":[1,1,1,1]}}", "{\"topics\":{\"u\":[1,1]}}", &out, &e), &e);
	must(share->join(share, w->keyed, "{\"topics\":{\"t\":[1,1,1,1]}}", "{\"topics\":{\"of old\":[1,1]}}", &out, &e), &e);
	buffer_release(&out);
}

static void files_that_may_have_rows_of_ours_concern_us(void **state)
{
	struct worker *w = *state;
	const struct share *share = &w->source.share;
	struct buffer tag = { 0 };

	share->tag(share, w->keyed, &tag);
	assert_string_equal(buffer_string(&tag), "{\"topic\":\"t\",\"partitions\":4,\"ours\":[1,3]}");
	assert_true(share->concerns(share, buffer_string(&tag)));
	assert_true(share->concerns(share, NULL));
	assert_true(share->concerns(share, "no tag of ours"));
	assert_true(share->concerns(share, "{\"topic\":\"another\",\"partitions\":4,\"ours\":[0]}"));
	assert_true(share->concerns(share, "{\"topic\":\"t\",\"partitions\":3,\"ours\":[0,2]}"));
	assert_true(share->concerns(share, "{\"topic\":\"t\",\"partitions\":4,\"ours\":[0,9]}"));
	assert_false(share->concerns(share, "{\"topic\":\"t\",\"partitions\":4,\"ours\":[0,2]}"));
	buffer_release(&tag);
}

static void a_partition_begins_at_the_farthest_mark_that_holds(void **state)
{
	struct worker *w = *state;
	struct kafka_source *s = &w->source;
	struct share *share = &s->share;
	struct feed_table *t = s->feed.tables[0];

	offsets_set(&t->has, "t", 3, 40);
	share->mark(share, "{\"topics\":{\"t\":[500,50,500,20]}}", &(bool){ true });
	share->mark(share, "{\"topics\":{\"t\":[-1,30,-1,60]}}", &(bool){ false }); /* the table is not as it was then */
	share->mark(share, "no mark", &(bool){ true });
	kafka_share_start(s);
	assert_int_equal(offsets_get(&s->feed.next, "t", 1), 50);
	assert_int_equal(offsets_get(&s->feed.next, "t", 3), 40);
	assert_int_equal(offsets_get(&s->feed.next, "t", 0), -1);
	assert_int_equal(offsets_get(&s->feed.next, "u", 0), -1);
}

static void keys_that_have_moved_are_refused(void **state)
{
	struct worker *w = *state;
	struct feed_table *t = w->source.feed.tables[0];
	struct err e = ERR_INIT;

	t->schema = w->keyed;
	offsets_set(&t->has, "t", 3, 40);
	must(kafka_share_check(&w->source, t, &e), &e);
	offsets_release(&t->has);
	offsets_set(&t->has, "t", 2, 40);
	assert_int_equal(kafka_share_check(&w->source, t, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	t->schema = w->plain;
	must(kafka_share_check(&w->source, t, &e), &e);
	t->schema = NULL;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_our_part_of_a_position_is_replaced),
		TEST(where_the_pipeline_began_is_what_any_worker_knows),
		TEST(values_that_became_null_add_up),
		TEST(a_part_that_moved_is_noticed),
		TEST(a_key_from_two_topics_is_refused),
		TEST(files_that_may_have_rows_of_ours_concern_us),
		TEST(a_partition_begins_at_the_farthest_mark_that_holds),
		TEST(keys_that_have_moved_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
