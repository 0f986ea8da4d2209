/* SPDX-License-Identifier: Apache-2.0 */
#include "merge/turn.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"

/* Commits in a row that others may be before; a pause grows by as much before each. */
#define TRIES_MAX    50u
#define TRY_PAUSE_US 2000

/* Our own part is as we left it, and nobody did more than add to his. */
static int check_others(const struct turn *t, const char *before, const struct schema *schema, struct err *e)
{
	const struct snapshot *s = table_snapshot(t->table);

	if (t->replaces_all || !schema_equal(schema, s->schema))
		return err_set(e, ERR_CONFLICT, "another writer committed while all of the table was to change");
	if (!t->share->holds(t->share, before, s->position))
		return err_set(e, ERR_CONFLICT, "another writer has taken over our part of the table");
	return t->follow != NULL ? t->follow(t->staged, e) : 0;
}

/* Brings the snapshot to the newest version, and what is staged over it. */
static int follow_others(const struct turn *t, struct err *e)
{
	const struct snapshot *s = table_snapshot(t->table);
	int64_t version = s->version, txn_version = s->txn_version;
	struct schema *schema = schema_share(s->schema);
	char *before = memory_copy_text(s->position);
	bool changed = false;
	int rc = table_refresh(t->table, &changed, e);

	if (rc == 0 && changed && s->version - version != s->txn_version - txn_version)
		rc = err_set(e, ERR_CONFLICT, "a writer that is not of this group committed to the table meanwhile");
	if (rc == 0 && changed)
		rc = check_others(t, before, schema, e);
	schema_release(schema);
	memory_free(before);
	return rc;
}

static int try_once(const struct turn *t, struct buffer *position, enum commit_result *result, struct err *e)
{
	buffer_clear(position);
	if (follow_others(t, e) < 0 ||
	    t->share->join(t->share, t->schema, t->position, table_snapshot(t->table)->position, position, e) < 0)
		return -1;
	return t->commit(t->staged, buffer_string(position), result, e);
}

static int take_shared(const struct turn *t, struct merge_result *out, enum commit_result *result, struct err *e)
{
	struct buffer position = { 0 };
	int rc = 0;

	while (out->lost < TRIES_MAX) {
		int64_t began_us = clock_monotonic_us();

		rc = try_once(t, &position, result, e);
		if (rc < 0 || *result == COMMIT_DONE)
			break;
		clock_sleep_us(random() % (++out->lost * TRY_PAUSE_US));
		out->lost_us += clock_monotonic_us() - began_us;
	}
	buffer_release(&position);
	return rc;
}

int turn_take(const struct turn *t, struct merge_result *out, struct err *e)
{
	enum commit_result result = COMMIT_LOST;
	int rc = t->share != NULL ? take_shared(t, out, &result, e) :
				    t->commit(t->staged, t->position, &result, e);

	if (rc == 0 && result == COMMIT_LOST)
		rc = err_set(e, ERR_CONFLICT, "another writer committed to the table meanwhile");
	return rc;
}
