/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test includes: cmocka with the headers that it needs before it. */
#ifndef TESTS_LIB_TEST_H
#define TESTS_LIB_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/err.h"

/* For what cannot fail here. Aborts, so that a failure in a forked child is not lost. */
static inline void must(int rc, const struct err *e)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "%s\n", e->text);
	abort();
}

/* The buffer's text equals `expected`; the buffer is released. */
#define assert_buffer_text(buffer, expected)                              \
	do {                                                              \
		assert_string_equal(buffer_string(&(buffer)), (expected)); \
		buffer_release(&(buffer));                                \
	} while (0)

#endif
