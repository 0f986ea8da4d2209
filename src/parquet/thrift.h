/* SPDX-License-Identifier: Apache-2.0 */
/* Thrift's compact protocol, as far as Parquet's metadata uses it. */
#ifndef PARQUET_THRIFT_H
#define PARQUET_THRIFT_H

#include <stdbool.h>

#include "base/bytes.h"

enum thrift_type { /* the protocol's numbers */
	THRIFT_STOP = 0,
	THRIFT_TRUE = 1,
	THRIFT_FALSE = 2,
	THRIFT_BYTE = 3,
	THRIFT_I16 = 4,
	THRIFT_I32 = 5,
	THRIFT_I64 = 6,
	THRIFT_DOUBLE = 7,
	THRIFT_BINARY = 8,
	THRIFT_LIST = 9,
	THRIFT_SET = 10,
	THRIFT_MAP = 11,
	THRIFT_STRUCT = 12,
};

/* Structs nest; each remembers its last field number, which the next is written relative to. */
#define THRIFT_DEPTH_MAX 16

struct thrift_writer {
	struct buffer *out;
	int16_t last[THRIFT_DEPTH_MAX];
	int depth;
};

void thrift_begin(struct thrift_writer *w, struct buffer *out); /* the outermost struct */
void thrift_end(struct thrift_writer *w);                       /* of the innermost struct */
void thrift_bool(struct thrift_writer *w, int16_t field, bool v);
void thrift_i8(struct thrift_writer *w, int16_t field, int8_t v);
void thrift_i16(struct thrift_writer *w, int16_t field, int16_t v);
void thrift_i32(struct thrift_writer *w, int16_t field, int32_t v);
void thrift_i64(struct thrift_writer *w, int16_t field, int64_t v);
void thrift_binary(struct thrift_writer *w, int16_t field, struct bytes v);
void thrift_struct(struct thrift_writer *w, int16_t field); /* ended by thrift_end */
/* The elements follow: thrift_element_* or thrift_element_struct … thrift_end. */
void thrift_list(struct thrift_writer *w, int16_t field, enum thrift_type element, uint32_t count);
void thrift_element_i32(struct thrift_writer *w, int32_t v);
void thrift_element_i64(struct thrift_writer *w, int64_t v);
void thrift_element_bool(struct thrift_writer *w, bool v);
void thrift_element_binary(struct thrift_writer *w, struct bytes v);
void thrift_element_struct(struct thrift_writer *w);

/*
 * A sticky reader: a malformed byte sets r.short_read, and everything after reads as an end. Unrecognized
 * fields are stepped over with thrift_skip.
 */
struct thrift_reader {
	struct reader r;
	int16_t last[THRIFT_DEPTH_MAX];
	int depth;
};

struct thrift_field {
	int16_t number;
	enum thrift_type type;
};

void thrift_open(struct thrift_reader *t, struct bytes data); /* the outermost struct */
/* The next field of the innermost struct; false at its end, which leaves the struct. */
bool thrift_next(struct thrift_reader *t, struct thrift_field *out);
void thrift_skip(struct thrift_reader *t, struct thrift_field f);
/* Values; another type than the field's is a malformed input. */
bool thrift_read_bool(struct thrift_reader *t, struct thrift_field f);
int64_t thrift_read_int(struct thrift_reader *t, struct thrift_field f); /* BYTE I16 I32 I64 */
struct bytes thrift_read_binary(struct thrift_reader *t, struct thrift_field f);
void thrift_enter(struct thrift_reader *t, struct thrift_field f); /* a struct field */
/* Count of a list's elements, all of `element` type (BOOL lists: THRIFT_TRUE). */
uint32_t thrift_read_list(struct thrift_reader *t, struct thrift_field f, enum thrift_type element);
int64_t thrift_item_int(struct thrift_reader *t);
struct bytes thrift_item_binary(struct thrift_reader *t);
void thrift_item_enter(struct thrift_reader *t); /* a struct element; ends when thrift_next is false */

#endif
