/* SPDX-License-Identifier: Apache-2.0 */
/* One key index in a folder of its own, and numbers to fill it by. */
#ifndef LIB_INDEX_FILE_H
#define LIB_INDEX_FILE_H

#include <sys/resource.h>

#include "merge/key_index.h"

/* Around a group; in front of a test: nothing is there. The state is not used. */
int index_file_set_up(void **state);
int index_file_tear_down(void **state);
int index_file_forget(void **state);
#define INDEX_TEST(name) cmocka_unit_test_setup(name, index_file_forget)

/* The index and its list of files. */
extern char index_path[160], index_files_path[170];

/* Both must succeed. */
struct key_index *index_file_open(const struct key_shape *shape, const char *table);
void index_file_apply(struct key_index *x, const struct key_hash *keys, uint32_t count,
		      const struct row_place *old, const struct row_place *places);

/* The n-th key; all begin in eight buckets, so that there are long runs of slots. */
struct key_hash index_key(uint32_t n);

/* The same numbers after the same `seed`. */
void any_from(uint64_t seed);
uint32_t any(uint32_t below);

/* From here on files end there; RLIM_INFINITY: nowhere. */
void limit_files(rlim_t bytes);

#endif
