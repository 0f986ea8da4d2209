/* SPDX-License-Identifier: Apache-2.0 */
/* A small lake for a test: an open store in a folder of its own. */
#ifndef LIB_TEST_LAKE_H
#define LIB_TEST_LAKE_H

#include "lib/scratch.h"
#include "store/store.h"

struct test_lake {
	struct scratch folder;
	struct store *store;
};

/* Opening fails the test when it cannot. */
void test_lake_open(struct test_lake *l);
void test_lake_close(struct test_lake *l);

/* The same around a test: its state is the lake. */
int test_lake_set_up(void **state);
int test_lake_tear_down(void **state);
#define LAKE_TEST(name) cmocka_unit_test_setup_teardown(name, test_lake_set_up, test_lake_tear_down)

#endif
