/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/version_at.h"

#include "base/clock.h"

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
