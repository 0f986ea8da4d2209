/* SPDX-License-Identifier: Apache-2.0 */
#include "table/delta/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "table/delta/action.h"

#define VERSION_DIGITS 20
#define PART_DIGITS    10
#define UUID_TEXT      36

/* Exactly `digits` digits; moves on. */
static bool take_number(const char **at, int digits, int64_t *out)
{
	int64_t v = 0;

	for (int i = 0; i < digits; i++) {
		char c = (*at)[i];

		if (c < '0' || c > '9' || v > (INT64_MAX - 9) / 10)
			return false;
		v = v * 10 + (c - '0');
	}
	*at += digits;
	*out = v;
	return true;
}

static bool take_text(const char **at, const char *text)
{
	size_t size = strlen(text);

	if (strncmp(*at, text, size) != 0)
		return false;
	*at += size;
	return true;
}

struct log_file log_file_parse(const char *name)
{
	struct log_file f = { .kind = LOG_OTHER, .version = -1 };
	const char *at = name, *rest;
	int64_t part, part_count;

	if (!take_number(&at, VERSION_DIGITS, &f.version))
		return f;
	if (strcmp(at, ".json") == 0)
		f.kind = LOG_ENTRY;
	if (!take_text(&at, ".checkpoint."))
		return f;
	rest = at;
	if (strcmp(at, "parquet") == 0) {
		f.kind = LOG_CHECKPOINT;
	} else if (take_number(&at, PART_DIGITS, &part) && take_text(&at, ".") &&
		   take_number(&at, PART_DIGITS, &part_count) &&
		   strcmp(at, ".parquet") == 0 && part >= 1 && part <= part_count &&
		   part_count <= UINT32_MAX) {
		f.kind = LOG_CHECKPOINT_PART;
		f.part = (uint32_t)part;
		f.part_count = (uint32_t)part_count;
	} else if (strlen(rest) > UUID_TEXT && strcspn(rest, ".") == UUID_TEXT &&
		   (strcmp(rest + UUID_TEXT, ".json") == 0 ||
		    strcmp(rest + UUID_TEXT, ".parquet") == 0)) {
		f.kind = LOG_CHECKPOINT_UUID;
	}
	return f;
}

void log_entry_key(char out[LOG_KEY_BYTES_MAX], int64_t version)
{
	snprintf(out, LOG_KEY_BYTES_MAX, LOG_FOLDER "/%020" PRId64 ".json", version);
}

void log_segment_release(struct log_segment *s)
{
	store_list_release(&s->checkpoint);
}

static const char *name_of(const struct store_object *o)
{
	return o->key + strlen(LOG_FOLDER) + 1;
}

static void segment_add(struct log_segment *s, struct store_object *o)
{
	struct store_list *l = &s->checkpoint;

	l->objects = memory_grow(l->objects, struct store_object, l->count + 1);
	l->objects[l->count] = *o;
	l->objects[l->count++].key = memory_copy_text(o->key);
	s->checkpoint_bytes += o->size;
}

/*
 * Takes the checkpoint that the file at `i` begins, when all of its parts are listed:
 * parts of one checkpoint stand side by side in the order of names.
 */
static bool take_checkpoint(struct log_segment *s, const struct store_list *l, size_t i)
{
	struct log_file first = log_file_parse(name_of(&l->objects[i]));
	uint32_t part_count = first.kind == LOG_CHECKPOINT_PART ? first.part_count : 1,
		 found = 0;
	size_t end = i;

	if (first.kind != LOG_CHECKPOINT && first.kind != LOG_CHECKPOINT_UUID &&
	    (first.kind != LOG_CHECKPOINT_PART || first.part != 1))
		return false;
	for (; end < l->count && found < part_count; end++) {
		struct log_file f = log_file_parse(name_of(&l->objects[end]));

		if (f.version != first.version)
			break;
		if (f.kind == first.kind && f.part_count == first.part_count &&
		    f.part == first.part + found)
			found++;
	}
	if (found < part_count)
		return false;
	log_segment_release(s);
	s->checkpoint_version = first.version;
	s->checkpoint_bytes = 0;
	for (size_t j = i; j < end; j++) {
		struct log_file f = log_file_parse(name_of(&l->objects[j]));

		if (f.kind == first.kind && f.part_count == first.part_count)
			segment_add(s, &l->objects[j]);
		if (f.kind != LOG_CHECKPOINT_PART && j == i)
			break;
	}
	return true;
}

/* Entries must follow the checkpoint, or begin with 0, without a gap. */
static int check_entries(struct log_segment *s, const struct store_list *l, int64_t limit,
			 struct err *e)
{
	int64_t next = s->checkpoint_version + 1;

	s->version = s->checkpoint_version;
	for (size_t i = 0; i < l->count; i++) {
		struct log_file f = log_file_parse(name_of(&l->objects[i]));

		if (f.kind != LOG_ENTRY || f.version < next ||
		    (limit >= 0 && f.version > limit))
			continue;
		if (f.version > next)
			return err_set(
				e, ERR_DATA,
				LOG_FOLDER
				"/%020" PRId64 ".json is missing (%s "
				"is there): bring it back, or restore the whole folder "
				"from a backup",
				next, name_of(&l->objects[i]));
		s->version = next++;
	}
	return 0;
}

static int segment_of(struct log_segment *out, const struct store_list *l,
		      int64_t version, int64_t checkpoint_max, struct err *e)
{
	for (size_t i = 0; i < l->count; i++) {
		struct log_file f = log_file_parse(name_of(&l->objects[i]));

		/* The first complete one of a version is as good as any. */
		if (f.version > out->checkpoint_version && f.version <= checkpoint_max &&
		    (version < 0 || f.version <= version))
			take_checkpoint(out, l, i);
	}
	return check_entries(out, l, version, e);
}

/*
 * The version that _last_checkpoint points to: a hint that may be stale, damaged or
 * absent.
 */
static int64_t read_hint(struct store *store)
{
	struct err ignored = ERR_INIT;
	struct buffer text = { 0 };
	int64_t version = -1;

	if (store_get(store, LOG_FOLDER "/_last_checkpoint", 0, 0, &text, &ignored) == 0)
		version = last_checkpoint_version(buffer_bytes(&text));
	buffer_release(&text);
	return version;
}

int log_segment_find(struct log_segment *out, struct store *store, int64_t version,
		     int64_t checkpoint_max, struct err *e)
{
	int64_t hint = read_hint(store);
	struct store_list list = { 0 };
	char after[VERSION_DIGITS + 2];
	int rc;

	*out = (struct log_segment){ .version = -1, .checkpoint_version = -1 };
	if (hint > checkpoint_max || (version >= 0 && hint > version))
		hint = -1;
	snprintf(after, sizeof(after), "%020" PRId64, hint < 0 ? 0 : hint);
	rc = store_list(store, LOG_FOLDER, after, &list, e);
	if (rc == 0)
		rc = segment_of(out, &list, version, checkpoint_max, e);
	if (hint >= 0 && (rc < 0 || out->checkpoint_version < hint)) {
		/*
		 * Not there, in part, or nothing whole after it: the folder itself
		 * decides.
		 */
		store_list_release(&list);
		log_segment_release(out);
		*out = (struct log_segment){ .version = -1, .checkpoint_version = -1 };
		snprintf(after, sizeof(after), "%020d", 0);
		rc = store_list(store, LOG_FOLDER, after, &list, e);
		if (rc == 0)
			rc = segment_of(out, &list, version, checkpoint_max, e);
	}
	if (rc == 0 && version >= 0 && out->version != version)
		rc = err_set(e, ERR_CONFIG,
			     "version %" PRId64 " is not in the log (%s %" PRId64 ")",
			     version,
			     out->version < 0 ? "it has none before" : "it reaches to",
			     out->version < 0 ? version : out->version);
	store_list_release(&list);
	if (rc < 0)
		log_segment_release(out);
	return rc;
}

int log_find_oldest(int64_t *out, struct store *store, struct err *e)
{
	struct log_segment s = { .checkpoint_version = -1 };
	struct store_list list;
	int64_t oldest = -1, next = 0;

	if (store_list(store, LOG_FOLDER, NULL, &list, e) < 0)
		return -1;
	for (size_t i = 0; i < list.count; i++) {
		struct log_file f = log_file_parse(name_of(&list.objects[i]));

		/* in the order of names a checkpoint stands before the entry of its own version */
		if (take_checkpoint(&s, &list, i) && (oldest < 0 || f.version > next)) {
			oldest = f.version;
			next = f.version + 1;
		}
		if (f.kind != LOG_ENTRY || f.version < next)
			continue;
		if (f.version > next) /* a gap; without its own entry a checkpoint is enough to begin with */
			oldest = s.checkpoint_version >= next && s.checkpoint_version == f.version - 1 ? s.checkpoint_version : -1;
		else if (oldest < 0)
			oldest = f.version == 0 ? 0 : -1;
		next = f.version + 1;
	}
	if (s.checkpoint_version >= next)
		oldest = s.checkpoint_version;
	*out = oldest;
	log_segment_release(&s);
	store_list_release(&list);
	return 0;
}
