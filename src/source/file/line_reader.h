/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines of a file that grows, or of a pipe, through a buffer that holds one read and one line. A file that does not
 * grow but change is noticed: what was read last is compared with each further read.
 */
#ifndef SOURCE_FILE_LINE_READER_H
#define SOURCE_FILE_LINE_READER_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/json.h"

#define LINE_BYTES_MAX    JSON_BYTES_MAX
#define LINE_CUT_BYTES    ((size_t)64 << 10)
#define LINE_BEFORE_BYTES 4096u /* events differ somewhere in so much of their text */

/* A zeroed one with its `fd` stands at the beginning. */
struct line_reader {
	int fd;               /* borrowed */
	bool is_file;         /* read by place; otherwise as it comes, and `has_ended` says when nothing comes any more */
	bool has_ended;
	bool is_held;         /* what was read stays in the buffer, for line_reader_rewind */
	bool cuts_long;       /* of a line of more than LINE_BYTES_MAX the first LINE_CUT_BYTES are a line; else it is refused */
	bool is_behind_text;  /* what stands before has no newline yet: one that comes ends no line of its own */
	struct buffer data;   /* with LINE_BEFORE_BYTES before `at`, if there are so many */
	size_t at, searched;  /* in `data`: where the next line begins, and before what there is no newline of it */
	uint64_t begin;       /* where `data` begins in the file */
	int64_t number;       /* of the last line, from 1; 0: none yet */
	uint64_t cut_from_bytes; /* the line, or the rest, was cut from so many; 0: it is whole */
	struct buffer cut;    /* what is kept of the line that is being cut, which is read up to `at` */
	uint64_t cut_at;      /* where it begins in the file */
	bool is_cutting;
};

void line_reader_release(struct line_reader *l);
/* Of a file: goes on at byte `offset`, behind line `number`. ERR_DATA: the file is shorter. */
int line_reader_seek(struct line_reader *l, uint64_t offset, int64_t number, struct err *e);
/* To the beginning, when all that was read is held. */
void line_reader_rewind(struct line_reader *l);

/* Reads on, and waits for a pipe up to `wait_ms`. 1: nothing is there for now, or ever. ERR_DATA: the file has changed. */
int line_reader_fill(struct line_reader *l, int wait_ms, struct err *e);
/*
 * The next line that has its newline, without that, without a carriage return before it, and without a byte order mark at
 * the beginning; lines of white space alone are counted and passed over. Valid until the next line_reader_fill. 1: none is whole.
 * ERR_DATA: it has more than LINE_BYTES_MAX bytes, and is not to be cut. A cut one is as it stands.
 */
int line_reader_next(struct line_reader *l, struct bytes *line, struct err *e);
/* What stands behind the last newline, as line_reader_next would return it, without taking it; of size 0: nothing. */
struct bytes line_reader_rest(const struct line_reader *l);
/* Takes it, as a line. */
void line_reader_take_rest(struct line_reader *l);
/* The byte in the file behind the last line. */
uint64_t line_reader_offset(const struct line_reader *l);
/*
 * What was read right before `offset`, which is not before where the last line_reader_fill found the reader: at most
 * LINE_BEFORE_BYTES, less only of the file's beginning. While a long line is being cut, what stands before it is gone.
 */
struct bytes line_reader_before(const struct line_reader *l, uint64_t offset);

#endif
