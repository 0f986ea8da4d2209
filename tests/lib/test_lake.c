/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test_lake.h"

#include "base/memory.h"
#include "lib/test.h"

void test_lake_open(struct test_lake *l)
{
	struct err e = ERR_INIT;

	scratch_make(&l->folder);
	l->store = store_open_directory(l->folder.path, true, &e);
	must(l->store != NULL ? 0 : -1, &e);
}

void test_lake_close(struct test_lake *l)
{
	store_close(l->store);
	scratch_remove(&l->folder);
}

int test_lake_set_up(void **state)
{
	*state = memory_new(struct test_lake);
	test_lake_open(*state);
	return 0;
}

int test_lake_tear_down(void **state)
{
	test_lake_close(*state);
	memory_free(*state);
	return 0;
}
