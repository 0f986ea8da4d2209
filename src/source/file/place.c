/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a file was read to, so that a later run knows the file again: bytes are compared, not inodes, so that a copy of it,
 * or one brought back from a backup, is the same file.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "source/file/file_state.h"

#define BEFORE_BYTES 4096u /* of the last lines before a place; any two events differ somewhere there */

/* 16 hexadecimal digits of what stands before byte `bytes`, "" when that cannot be read; *last is the byte before it. */
static void hash_before(const struct file_source *s, uint64_t bytes, char out[17], uint8_t *last)
{
	size_t size = bytes < BEFORE_BYTES ? (size_t)bytes : BEFORE_BYTES;
	uint8_t before[BEFORE_BYTES];

	out[0] = '\0';
	if (pread(s->fd, before, size, (off_t)(bytes - size)) != (ssize_t)size)
		return;
	snprintf(out, 17, "%016llx", (unsigned long long)XXH3_64bits(before, size));
	*last = size > 0 ? before[size - 1] : '\n';
}

void file_place_format(const struct file_source *s, uint64_t bytes, struct buffer *out)
{
	uint8_t last;
	char hash[17];

	hash_before(s, bytes, hash, &last);
	buffer_format(out, "{\"bytes\":%llu,\"before\":\"%s\"}", (unsigned long long)bytes, hash);
}

static bool parse(const char *place, uint64_t *bytes, char hash[17])
{
	struct json_parser parser = { 0 };
	struct json_value root = { .type = JSON_NULL };
	struct err ignored = ERR_INIT;
	const char *before = NULL;

	if (place != NULL && json_parse(&parser, bytes_of_text(place), &root, &ignored) == 0) {
		*bytes = (uint64_t)json_get_int(&root, "bytes");
		before = json_get_text(&root, "before");
	}
	snprintf(hash, 17, "%s", before != NULL ? before : "");
	json_parser_release(&parser);
	return before != NULL && *bytes <= INT64_MAX;
}

int file_place_find(const struct file_source *s, const struct offsets *at, const char *who, uint64_t *bytes,
		    bool *is_behind_text, struct err *e)
{
	long long line = offsets_get(at, s->name, 0) - 1;
	char was[17], is[17];
	uint8_t last = '\n';

	*bytes = 0;
	*is_behind_text = false;
	if (line < 0)
		return 0;
	if (!parse(offsets_place(at, s->name), bytes, was))
		return err_set(e, ERR_DATA, "%s: what was read of \"%s\" was no file, for its position names no byte; read this file under "
			       "a name of its own", who, s->name);
	if ((uint64_t)file_size(s) < *bytes)
		return err_set(e, ERR_DATA, "%s stands behind line %lld of %s, which was byte %llu, and the file has %lld bytes: it was "
			       "truncated or replaced; nothing is skipped: bring the old one back, or read this one under a name of its "
			       "own", who, line, s->what, (unsigned long long)*bytes, (long long)file_size(s));
	hash_before(s, *bytes, is, &last);
	if (strcmp(was, is) != 0)
		return err_set(e, ERR_DATA, "%s stands behind line %lld of %s, byte %llu, and what stands before that in the file is not what "
			       "was read: it was written anew or replaced; nothing is skipped: bring the old one back, or read this one "
			       "under a name of its own", who, line, s->what, (unsigned long long)*bytes);
	*is_behind_text = last != '\n';
	return 0;
}
