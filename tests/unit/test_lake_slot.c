/* SPDX-License-Identifier: Apache-2.0 */
/* The folders of a group's processes: each has one of its own, and the lowest that is free. */
#include "lib/scratch.h"
#include "lib/test.h"
#include "target/lake_slot.h"

static void each_process_gets_the_lowest_free_folder(void **state)
{
	struct lake_slot a = LAKE_SLOT_INIT, b = LAKE_SLOT_INIT, c = LAKE_SLOT_INIT;
	struct err e = ERR_INIT;
	struct scratch folder;

	(void)state;
	scratch_make(&folder);
	assert_int_equal(lake_slot_count(folder.path), 0);
	must(lake_slot_take(&a, folder.path, &e), &e);
	must(lake_slot_take(&b, folder.path, &e), &e);
	must(lake_slot_take(&a, folder.path, &e), &e); /* it has one */
	assert_int_equal(a.number, 0);
	assert_int_equal(b.number, 1);
	lake_slot_release(&a);
	assert_int_equal(lake_slot_count(folder.path), 2);
	must(lake_slot_take(&c, folder.path, &e), &e);
	assert_int_equal(c.number, 0);
	must(lake_slot_take(&a, folder.path, &e), &e);
	assert_int_equal(a.number, 2);
	lake_slot_release(&a);
	lake_slot_release(&b);
	lake_slot_release(&c);
	scratch_remove(&folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_process_gets_the_lowest_free_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
