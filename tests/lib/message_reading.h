/* SPDX-License-Identifier: Apache-2.0 */
/* Messages read by an input, one or a few at a time, and their rows as text. */
#ifndef TESTS_LIB_MESSAGE_READING_H
#define TESTS_LIB_MESSAGE_READING_H

#include "lib/test.h"
#include "message/input.h"

struct reading {
	struct input *input;
	struct row_run run;
	struct message message;
	struct err e;
	char text[4096]; /* the run's rows as JSON: "before -> after", one a line */
};

/* `ddl` gives the columns; NULL: the messages do. */
void reading_start(struct reading *r, struct input_options o, const char *ddl);
void reading_stop(struct reading *r);
struct bytes bytes_or_null(const char *text);
/* input_read's result. */
int read_message(struct reading *r, const char *key, const char *value);
/* The rows of the run. */
const char *run_text(struct reading *r);
/* The rows of one message alone, which must have some. */
const char *rows_of(struct reading *r, const char *key, const char *value);
/* Fails in input_read or input_rows; the sentence holds `what`. */
void assert_bad(struct reading *r, const char *value, const char *what);

#define SOURCE                                                                                        \
	"\"source\":{\"connector\":\"mysql\",\"ts_ms\":1785578400000,\"snapshot\":\"false\",\"db\":\"inv\"," \
	"\"table\":\"person\",\"server_id\":7,\"file\":\"b.000003\",\"pos\":1021,\"row\":2}"

#endif
