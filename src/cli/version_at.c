/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/version_at.h"

#include "base/clock.h"
#include "base/json.h"
#include "feed/feed.h"
#include "source/mysql/mysql.h"

static int too_early(const struct history_entry *oldest, const char *time, struct err *e)
{
	char when[32];

	return err_set(e, ERR_CONFIG, "--at %s: the oldest version that is left is %lld, of %s", time, (long long)oldest->version,
		       clock_format(when, sizeof(when), oldest->timestamp_ms * 1000));
}

int version_at(int64_t *out, struct table *t, const char *time, struct err *e)
{
	struct history_entry *entries = NULL;
	int64_t us, latest_ms = INT64_MIN;
	uint32_t count = 0;
	int rc;

	if (!clock_parse(time, &us))
		return err_set(e, ERR_CONFIG, "--at %s is no time: write 2026-08-01, \"2026-08-01 10:00\" or 2026-08-01T12:00:00+02:00 "
			       "(without a zone it is UTC)", time);
	rc = table_history(t, UINT32_MAX, &entries, &count, e);
	*out = -1;
	for (uint32_t i = count; i-- > 0 && rc == 0;) {
		latest_ms = entries[i].timestamp_ms > latest_ms ? entries[i].timestamp_ms : latest_ms + 1;
		if (latest_ms * 1000 > us)
			break;
		*out = entries[i].version;
	}
	if (rc == 0 && *out < 0)
		rc = count > 0 ? too_early(&entries[count - 1], time, e) : err_set(e, ERR_CONFIG, "--at: the table has no version");
	table_history_free(entries, count);
	return rc;
}

static int has_place(bool *out, const char *position, const char *place, struct err *e)
{
	struct json_parser p = { 0 };
	struct json_value root, topics;
	bool is_of_topics;

	if (json_parse(&p, bytes_of_text(position), &root, e) < 0) {
		json_parser_release(&p);
		return -1;
	}
	is_of_topics = json_get(&root, "topics", &topics);
	json_parser_release(&p);
	return is_of_topics ? feed_position_has(out, position, place, e) : mysql_position_has(out, position, place, e);
}

/* The number of the oldest entry that has the place, `count`: none has. */
static int find_place(uint32_t *out, const struct history_entry *entries, uint32_t count, const char *place, struct err *e)
{
	*out = count;
	for (uint32_t i = 0; i < count; i++) {
		bool has = false;

		if (entries[i].position == NULL)
			continue;
		if (has_place(&has, entries[i].position, place, e) < 0)
			return -1;
		if (!has)
			break;
		*out = i;
	}
	return 0;
}

int version_with(int64_t *out, struct table *t, const char *place, struct err *e)
{
	struct history_entry *entries = NULL;
	uint32_t count = 0, found = 0;
	int rc = table_history(t, UINT32_MAX, &entries, &count, e);

	if (rc == 0)
		rc = find_place(&found, entries, count, place, e);
	if (rc == 0 && found == count)
		rc = err_set(e, ERR_CONFIG, "--position %s: the table has not come to it", place);
	else if (rc == 0 && found + 1 == count && entries[found].version > 0)
		rc = err_set(e, ERR_CONFIG, "--position %s: the table had it before version %lld, the oldest that is left", place,
			     (long long)entries[found].version);
	if (rc == 0)
		*out = entries[found].version;
	table_history_free(entries, count);
	return rc;
}
