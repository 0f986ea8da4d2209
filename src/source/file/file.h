/* SPDX-License-Identifier: Apache-2.0 */
/* Change messages in a file or on standard input as a source: one JSON text a line. */
#ifndef SOURCE_FILE_FILE_H
#define SOURCE_FILE_FILE_H

#include "base/findings.h"
#include "feed/options.h"
#include "source/source.h"

struct file_source_options {
	const char *path; /* "-": standard input */
	const struct feed_options *feed;
	/*
	 * What cannot be read again (standard input, a pipe) was read. Outlives a run: a later one would go on behind what was
	 * lost.
	 */
	bool *has_read;
};

/* The options live longer than the source. */
struct source *file_source_new(const struct file_source_options *o);

/* As mysql_doctor does; the first lines are read, of what cannot be read again nothing. */
int file_source_doctor(const struct file_source_options *o, const struct table_check *target, struct findings *out);

#endif
