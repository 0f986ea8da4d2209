/* SPDX-License-Identifier: Apache-2.0 */
#include "table/delta/log_clean.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define DAY_MS ((int64_t)86400000)

/* "interval 30 days": -1 when it is none. */
static int64_t parse_interval(const char *text)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = { { "week", 7 * DAY_MS }, { "day", DAY_MS },  { "hour", 3600000 },
		      { "minute", 60000 },    { "second", 1000 }, { "millisecond", 1 } };
	char unit[16];
	int count, used = 0;

	if (sscanf(text, "interval %9d %15[a-z]%n", &count, unit, &used) != 2 ||
	    count < 0 || text[used] != 0)
		return -1;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t size = strlen(units[i].unit);

		if (strncmp(unit, units[i].unit, size) == 0 &&
		    (unit[size] == 0 || strcmp(unit + size, "s") == 0))
			return count * units[i].ms;
	}
	return -1;
}

int64_t log_retention_ms(const struct state *s, enum retention what)
{
	static const struct {
		const char *key;
		int64_t ms;
	} rules[RETENTIONS] = {
		[RETENTION_LOG] = { "delta.logRetentionDuration", 30 * DAY_MS },
		[RETENTION_REMOVES] = { "delta.deletedFileRetentionDuration",
					7 * DAY_MS },
	};
	const char *text = text_map_get(&s->metadata.configuration, rules[what].key);
	int64_t ms = text != NULL ? parse_interval(text) : rules[what].ms;

	return ms >= 0 ? ms : clock_now_us() / 1000;
}

static struct log_file file_of(const struct store_object *o)
{
	return log_file_parse(o->key + strlen(LOG_FOLDER) + 1);
}

/* The checkpoint before which nothing is needed, or -1. */
static int64_t find_cutoff(const struct store_list *l, int64_t before_us)
{
	int64_t commit = -1, checkpoint = -1;

	for (size_t i = 0; i < l->count; i++) {
		struct log_file f = file_of(&l->objects[i]);

		if (f.kind == LOG_ENTRY && l->objects[i].modified_at_us <= before_us)
			commit = f.version;
	}
	for (size_t i = 0; i < l->count; i++) {
		struct log_file f = file_of(&l->objects[i]);

		/* Only classic ones are whole for certain; ours are. */
		if (f.kind == LOG_CHECKPOINT && f.version <= commit)
			checkpoint = f.version;
	}
	return checkpoint;
}

int log_clean(struct delta *d, struct err *e)
{
	const struct text_map *configuration = &d->state.metadata.configuration;
	const char *enabled =
		text_map_get(configuration, "delta.enableExpiredLogCleanup");
	int64_t before_us =
		clock_now_us() - log_retention_ms(&d->state, RETENTION_LOG) * 1000;
	struct store_list list;
	int64_t cutoff;
	int rc = 0;

	if (enabled != NULL && strcmp(enabled, "false") == 0)
		return 0;
	if (store_list(d->store, LOG_FOLDER, NULL, &list, e) < 0)
		return -1;
	cutoff = find_cutoff(&list, before_us);
	for (size_t i = 0; rc == 0 && i < list.count; i++) {
		struct log_file f = file_of(&list.objects[i]);

		/* Checksums and compactions begin with their version too. */
		if (f.version >= 0 && f.version < cutoff)
			rc = store_remove(d->store, list.objects[i].key, e);
	}
	store_list_release(&list);
	return rc < 0 ? err_wrap(e, "clean-up of the log") : 0;
}
