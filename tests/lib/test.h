/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test includes: cmocka with the headers that it needs before it. */
#ifndef TESTS_LIB_TEST_H
#define TESTS_LIB_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"

/* The buffer's text equals `expected`; the buffer is released. */
#define assert_buffer_text(buffer, expected)                              \
	do {                                                              \
		assert_string_equal(buffer_string(&(buffer)), (expected)); \
		buffer_release(&(buffer));                                \
	} while (0)

#endif
