/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/thrift.h"

#include <assert.h>

static uint64_t zigzag(int64_t v)
{
	return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

static int64_t unzigzag(uint64_t v)
{
	return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

static void push(struct thrift_writer *w)
{
	assert(w->depth < THRIFT_DEPTH_MAX - 1);
	w->last[++w->depth] = 0;
}

void thrift_begin(struct thrift_writer *w, struct buffer *out)
{
	*w = (struct thrift_writer){ .out = out };
}

void thrift_end(struct thrift_writer *w)
{
	buffer_char(w->out, THRIFT_STOP);
	w->depth--;
}

/* One byte when the number is at most 15 past the last, else the number follows. */
static void field(struct thrift_writer *w, int16_t number, enum thrift_type type)
{
	int delta = number - w->last[w->depth];

	if (delta > 0 && delta <= 15) {
		buffer_char(w->out, (char)(delta << 4 | (int)type));
	} else {
		buffer_char(w->out, (char)type);
		buffer_varint(w->out, zigzag(number));
	}
	w->last[w->depth] = number;
}

void thrift_bool(struct thrift_writer *w, int16_t number, bool v)
{
	field(w, number, v ? THRIFT_TRUE : THRIFT_FALSE);
}

void thrift_i8(struct thrift_writer *w, int16_t number, int8_t v)
{
	field(w, number, THRIFT_BYTE);
	buffer_char(w->out, (char)v);
}

void thrift_i16(struct thrift_writer *w, int16_t number, int16_t v)
{
	field(w, number, THRIFT_I16);
	buffer_varint(w->out, zigzag(v));
}

void thrift_i32(struct thrift_writer *w, int16_t number, int32_t v)
{
	field(w, number, THRIFT_I32);
	buffer_varint(w->out, zigzag(v));
}

void thrift_i64(struct thrift_writer *w, int16_t number, int64_t v)
{
	field(w, number, THRIFT_I64);
	buffer_varint(w->out, zigzag(v));
}

void thrift_binary(struct thrift_writer *w, int16_t number, struct bytes v)
{
	field(w, number, THRIFT_BINARY);
	thrift_element_binary(w, v);
}

void thrift_struct(struct thrift_writer *w, int16_t number)
{
	field(w, number, THRIFT_STRUCT);
	push(w);
}

void thrift_list(struct thrift_writer *w, int16_t number, enum thrift_type element, uint32_t count)
{
	field(w, number, THRIFT_LIST);
	if (count < 15) {
		buffer_char(w->out, (char)(count << 4 | element));
	} else {
		buffer_char(w->out, (char)(0xf0 | element));
		buffer_varint(w->out, count);
	}
}

void thrift_element_i32(struct thrift_writer *w, int32_t v)
{
	buffer_varint(w->out, zigzag(v));
}

void thrift_element_i64(struct thrift_writer *w, int64_t v)
{
	buffer_varint(w->out, zigzag(v));
}

void thrift_element_bool(struct thrift_writer *w, bool v)
{
	buffer_char(w->out, v ? THRIFT_TRUE : THRIFT_FALSE);
}

void thrift_element_binary(struct thrift_writer *w, struct bytes v)
{
	buffer_varint(w->out, v.size);
	buffer_bytes_append(w->out, v);
}

void thrift_element_struct(struct thrift_writer *w)
{
	push(w);
}

static void fail(struct thrift_reader *t)
{
	t->r.short_read = true;
}

static void enter(struct thrift_reader *t)
{
	if (t->depth == THRIFT_DEPTH_MAX - 1)
		fail(t);
	else
		t->last[++t->depth] = 0;
}

void thrift_open(struct thrift_reader *t, struct bytes data)
{
	*t = (struct thrift_reader){ .r = reader_of(data) };
}

bool thrift_next(struct thrift_reader *t, struct thrift_field *out)
{
	uint8_t head = reader_u8(&t->r);
	int delta = head >> 4;
	int64_t number;

	out->type = (enum thrift_type)(head & 15);
	if (out->type == THRIFT_STOP || t->r.short_read) {
		t->depth--;
		return false;
	}
	number = delta > 0 ? t->last[t->depth] + delta : unzigzag(reader_varint(&t->r));
	if (number < 0 || number > INT16_MAX)
		fail(t);
	out->number = (int16_t)number;
	t->last[t->depth] = out->number;
	return !t->r.short_read;
}

/* Skipping nests as deep as the data says; the limit is the same as for entering. */
static void skip_value(struct thrift_reader *t, enum thrift_type type, int depth);

static void skip_items(struct thrift_reader *t, enum thrift_type type, uint64_t count, int depth)
{
	for (uint64_t i = 0; i < count && !t->r.short_read; i++) {
		if (type == THRIFT_TRUE || type == THRIFT_FALSE)
			reader_skip(&t->r, 1);
		else
			skip_value(t, type, depth);
	}
}

static void skip_struct(struct thrift_reader *t, int depth)
{
	for (;;) {
		uint8_t head = reader_u8(&t->r);

		if ((head & 15) == THRIFT_STOP || t->r.short_read)
			return;
		if (head >> 4 == 0)
			(void)reader_varint(&t->r);
		skip_value(t, (enum thrift_type)(head & 15), depth);
	}
}

static void skip_map(struct thrift_reader *t, int depth)
{
	uint64_t count = reader_varint(&t->r);
	uint8_t types = count > 0 ? reader_u8(&t->r) : 0;

	for (uint64_t i = 0; i < count && !t->r.short_read; i++) {
		skip_items(t, (enum thrift_type)(types >> 4), 1, depth);
		skip_items(t, (enum thrift_type)(types & 15), 1, depth);
	}
}

static void skip_list(struct thrift_reader *t, int depth)
{
	uint8_t head = reader_u8(&t->r);
	uint64_t count = head >> 4 == 15 ? reader_varint(&t->r) : head >> 4;

	skip_items(t, (enum thrift_type)(head & 15), count, depth);
}

static void skip_value(struct thrift_reader *t, enum thrift_type type, int depth)
{
	if (depth == THRIFT_DEPTH_MAX) {
		fail(t);
		return;
	}
	switch (type) {
	case THRIFT_TRUE:
	case THRIFT_FALSE:
		break;
	case THRIFT_BYTE:
		reader_skip(&t->r, 1);
		break;
	case THRIFT_I16:
	case THRIFT_I32:
	case THRIFT_I64:
		(void)reader_varint(&t->r);
		break;
	case THRIFT_DOUBLE:
		reader_skip(&t->r, 8);
		break;
	case THRIFT_BINARY:
		(void)thrift_item_binary(t);
		break;
	case THRIFT_LIST:
	case THRIFT_SET:
		skip_list(t, depth + 1);
		break;
	case THRIFT_MAP:
		skip_map(t, depth + 1);
		break;
	case THRIFT_STRUCT:
		skip_struct(t, depth + 1);
		break;
	default:
		fail(t);
	}
}

void thrift_skip(struct thrift_reader *t, struct thrift_field f)
{
	skip_value(t, f.type, t->depth);
}

bool thrift_read_bool(struct thrift_reader *t, struct thrift_field f)
{
	if (f.type != THRIFT_TRUE && f.type != THRIFT_FALSE)
		fail(t);
	return f.type == THRIFT_TRUE;
}

int64_t thrift_read_int(struct thrift_reader *t, struct thrift_field f)
{
	if (f.type == THRIFT_BYTE)
		return (int8_t)reader_u8(&t->r);
	if (f.type != THRIFT_I16 && f.type != THRIFT_I32 && f.type != THRIFT_I64)
		fail(t);
	return thrift_item_int(t);
}

struct bytes thrift_read_binary(struct thrift_reader *t, struct thrift_field f)
{
	if (f.type != THRIFT_BINARY)
		fail(t);
	return thrift_item_binary(t);
}

void thrift_enter(struct thrift_reader *t, struct thrift_field f)
{
	if (f.type != THRIFT_STRUCT)
		fail(t);
	enter(t);
}

uint32_t thrift_read_list(struct thrift_reader *t, struct thrift_field f, enum thrift_type element)
{
	uint8_t head = reader_u8(&t->r);
	uint64_t count = head >> 4 == 15 ? reader_varint(&t->r) : head >> 4;
	enum thrift_type type = (enum thrift_type)(head & 15);

	if (type == THRIFT_FALSE)
		type = THRIFT_TRUE;
	if (f.type != THRIFT_LIST || (type != element && count > 0) || count > reader_left(&t->r))
		fail(t);
	return t->r.short_read ? 0 : (uint32_t)count;
}

int64_t thrift_item_int(struct thrift_reader *t)
{
	return unzigzag(reader_varint(&t->r));
}

struct bytes thrift_item_binary(struct thrift_reader *t)
{
	return reader_bytes(&t->r, reader_varint(&t->r));
}

void thrift_item_enter(struct thrift_reader *t)
{
	enter(t);
}
