/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a file was read to, so that a later run knows the file again: bytes are compared, not inodes, so that a copy of it,
 * or one brought back from a backup, is the same file.
 */
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "source/file/file_state.h"

/* 16 hexadecimal digits of what was read right before byte `bytes`, which need not be what stands there by now. */
static void hash_before(const struct line_reader *l, uint64_t bytes, char out[17])
{
	struct bytes before = line_reader_before(l, bytes);

	snprintf(out, 17, "%016llx", (unsigned long long)XXH3_64bits(before.data, before.size));
}

void file_place_format(const struct line_reader *l, uint64_t bytes, struct buffer *out)
{
	char hash[17];

	hash_before(l, bytes, hash);
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

int file_place_seek(const struct file_source *s, struct line_reader *l, const struct offsets *at, const char *who,
		    struct err *e)
{
	int64_t number = offsets_get(at, s->name, 0) - 1;
	char was[17], is[17];
	uint64_t bytes = 0;

	if (number < 0)
		return line_reader_seek(l, 0, 0, e);
	if (!parse(offsets_place(at, s->name), &bytes, was))
		return err_set(e, ERR_DATA, "%s: what was read of \"%s\" was no file, for its position names no byte; read this file under "
			       "a name of its own", who, s->name);
	if (line_reader_seek(l, bytes, number, e) == 0) {
		hash_before(l, bytes, is);
		if (strcmp(was, is) == 0)
			return 0;
	}
	return err_set(e, ERR_DATA, "%s stands behind line %lld of %s, byte %llu, and what was read before that does not stand in the file: "
		       "it was truncated, written anew or replaced; nothing is skipped: bring the old one back, or read this one under "
		       "a name of its own", who, (long long)number, s->what, (unsigned long long)bytes);
}
