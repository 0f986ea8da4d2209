/* SPDX-License-Identifier: Apache-2.0 */
/* The source inside: what its files share. */
#ifndef SOURCE_FILE_FILE_STATE_H
#define SOURCE_FILE_FILE_STATE_H

#include <sys/types.h>

#include "feed/feed.h"
#include "source/file/file.h"
#include "source/file/line_reader.h"

/* To its feed the file is a topic of one partition, in which a message's offset is the number of its line, from 1. */
struct file_source {
	struct source source;      /* first */
	struct feed feed;
	const struct file_source_options *options;
	const char *what;          /* the path, or "standard input" */
	char *name;                /* of the topic: the path's last part; "stdin" */
	int fd;                    /* -1: not open */
	dev_t device;              /* whose file is open */
	ino_t inode;
	struct line_reader lines;
	uint64_t taken_bytes;      /* behind the last line taken, that far the file is done */
	int64_t taken_lines;
	bool is_gone;              /* while it was read it changed, or another one took its name */
	volatile bool is_stopping;
};

/* input.c: opens the path. ERR_CONFIG: there is none, or it is a folder. */
int file_open(struct file_source *s, struct err *e);
void file_close(struct file_source *s);
/* The feed's topic: "shop.orders.jsonl" is table orders of shop, "orders.jsonl" of "topics". ERR_CONFIG: no name of a table. */
int file_add_topic(struct file_source *s, struct err *e);
uint64_t file_size(const struct file_source *s);
/* Whether the path leads to another file by now; not so while there is none. */
bool file_is_replaced(const struct file_source *s);

/* place.c: by what a line is found again: the byte `bytes` behind it, and what was read right before that. */
void file_place_format(const struct line_reader *l, uint64_t bytes, struct buffer *out);
/* Goes behind the lines before `at`. `who` has it from there. ERR_DATA: the file is another one by now. */
int file_place_seek(const struct file_source *s, struct line_reader *l, const struct offsets *at, const char *who,
		    struct err *e);

/* look.c: the first lines, before anything is taken; of a pipe they are read then, and taken afterwards. */
int file_look(struct file_source *s, struct err *e);
struct feed_message file_message(const struct line_reader *l, struct bytes line);

#endif
