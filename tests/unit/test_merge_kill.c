/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill -9 while batches are merged, with and without a key: the table is the model at the position that it
 * names, and the next run goes on with the index as it was left.
 */
#include "lib/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/merge_table.h"

#define KEYS   40
#define ROUNDS 6

/* How often the row of a key is there; keyed: 1 + its value, or 0. */
struct model {
	int64_t rows[KEYS];
	uint64_t random;
	bool is_keyed;
};

static uint32_t next_random(struct model *m, uint32_t below)
{
	m->random = m->random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(m->random >> 33) % below;
}

/* The next transaction: always the same one after the same ones. The batch may be NULL. */
static void transaction(struct model *m, struct batch *b)
{
	for (uint32_t n = 1 + next_random(m, 30); n > 0; n--) {
		int64_t key = next_random(m, KEYS);
		bool removes = m->rows[key] > 0 && next_random(m, 2) == 0;
		char name[32];

		if (!m->is_keyed)
			m->rows[key] += removes ? -1 : 1;
		else
			m->rows[key] = removes ? 0 : 1 + next_random(m, 1000);
		snprintf(name, sizeof(name), "%lld", m->is_keyed ? (long long)m->rows[key] : 0);
		if (b != NULL && removes)
			merge_table_delete(b, &key, m->is_keyed ? NULL : "0");
		else if (b != NULL)
			merge_table_put(b, &key, name);
	}
}

static void model_at(struct model *m, bool is_keyed, int n)
{
	*m = (struct model){ .is_keyed = is_keyed, .random = 42 };
	while (n-- > 0)
		transaction(m, NULL);
}

struct line {
	char text[64];
	int64_t count;
};

static int compare_lines(const void *a, const void *b)
{
	return strcmp(((const struct line *)a)->text, ((const struct line *)b)->text);
}

/* As merge_table_rows tells them. */
static void model_rows(struct buffer *out, const struct model *m)
{
	struct line lines[KEYS];

	for (int key = 0; key < KEYS; key++) {
		snprintf(lines[key].text, sizeof(lines[key].text), "{\"id\":%d,\"name\":\"%lld\"}\n",
			 key, m->is_keyed ? (long long)m->rows[key] : 0);
		lines[key].count = m->is_keyed ? m->rows[key] > 0 : m->rows[key];
	}
	qsort(lines, KEYS, sizeof(*lines), compare_lines);
	for (int i = 0; i < KEYS; i++) {
		for (int64_t n = 0; n < lines[i].count; n++)
			buffer_text(out, lines[i].text);
	}
}

static void assert_is_model(struct merge_table *t, const struct model *m)
{
	struct buffer rows = { 0 }, expected = { 0 };

	merge_table_rows(&rows, t);
	model_rows(&expected, m);
	assert_string_equal(buffer_string(&rows), buffer_string(&expected));
	buffer_release(&rows);
	buffer_release(&expected);
}

static void commit_next(struct merge_table *t, struct model *m, int n)
{
	struct batch *b = batch_new(t->schema);
	struct err e = ERR_INIT;

	transaction(m, b);
	if (merge_table_commit(t, b, n, &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		abort();
	}
}

/* In a process of its own, until it is killed. */
static void write_for_ever(struct merge_table *t, bool is_keyed)
{
	struct model m;
	int n;

	merge_table_open(t);
	n = merge_table_position(t);
	for (model_at(&m, is_keyed, n);; )
		commit_next(t, &m, ++n);
}

static void check_kills(bool is_keyed)
{
	struct merge_table t;
	long most_us = 25000; /* doubled when a machine is too slow for it to come to anything */
	int reached = 0;

	srandom(7);
	merge_table_make(&t, is_keyed);
	for (int round = 0; round < ROUNDS; round++) {
		pid_t child = fork();
		struct model m;
		int status, n;

		if (child == 0)
			write_for_ever(&t, is_keyed);
		usleep((useconds_t)(most_us / 5 + random() % most_us));
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		merge_table_open(&t);
		n = merge_table_position(&t);
		assert_true(n >= reached);
		most_us *= n == reached ? 2 : 1;
		model_at(&m, is_keyed, n);
		assert_is_model(&t, &m);
		for (reached = n; reached < n + 3;)
			commit_next(&t, &m, ++reached);
		assert_is_model(&t, &m);
		merge_table_close(&t);
	}
	assert_true(reached > ROUNDS * 3); /* the killed ones came to something, too */
	merge_table_remove(&t);
}

static void a_killed_merge_by_key_goes_on(void **state)
{
	(void)state;
	check_kills(true);
}

static void a_killed_merge_without_a_key_goes_on(void **state)
{
	(void)state;
	check_kills(false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_killed_merge_by_key_goes_on),
		cmocka_unit_test(a_killed_merge_without_a_key_goes_on),
	};

	return merge_table_run(tests, sizeof(tests) / sizeof(tests[0]));
}
