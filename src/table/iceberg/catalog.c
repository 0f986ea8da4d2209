/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all kinds of catalog have in common: whether it is still the same table, and what
 * became of a commit that was not answered.
 */
#include "table/iceberg/catalog.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "table/iceberg/catalog_ops.h"
#include "table/iceberg/places.h"

#define OUTCOME_TRIES    6
#define OUTCOME_PAUSE_US 100000 /* doubled each time: 3 seconds in all */

void catalog_version_release(struct catalog_version *v)
{
	iceberg_metadata_free(v->metadata);
	memory_free(v->path);
	*v = (struct catalog_version){0};
}

static int check_names(const struct catalog_settings *s, struct err *e)
{
	const char *level = s->namespace;

	if (s->name[0] == '\0' || level[0] == '\0' || level[0] == '.' ||
	    level[strlen(level) - 1] == '.' || strstr(level, "..") != NULL)
		return err_set(e, ERR_CONFIG,
			       "\"%s.%s\" is no name of a table: every part of it needs "
			       "a character",
			       s->namespace, s->name);
	return 0;
}

static int open_kind(struct catalog **out, const struct catalog_settings *s,
		     struct err *e)
{
	struct catalog_url url;
	int rc;

	if (s->url == NULL || s->url[0] == '\0')
		return catalog_open_directory(out, s, e);
	if (check_names(s, e) < 0 || catalog_url_parse(&url, s->url, e) < 0)
		return -1;
	if (strcmp(url.scheme, "sqlite") == 0 || strcmp(url.scheme, "postgresql") == 0 ||
	    strcmp(url.scheme, "postgres") == 0)
		rc = catalog_open_sql(out, s, &url, e);
	else if (strcmp(url.scheme, "https") == 0 || strcmp(url.scheme, "http") == 0)
		rc = catalog_open_rest(out, s, &url, e);
	else
		rc = err_set(e, ERR_CONFIG,
			     "catalog: %s:// is no catalog that we know: sqlite://, "
			     "postgresql://, https://, http://",
			     url.scheme);
	if (rc == 0)
		(*out)->shown = memory_copy_text(url.plain);
	catalog_url_release(&url);
	return rc;
}

int catalog_open(struct catalog **out, const struct catalog_settings *s, struct err *e)
{
	if (open_kind(out, s, e) < 0)
		return -1;
	if ((*out)->shown == NULL)
		(*out)->shown = memory_copy_text(s->location);
	(*out)->namespace = memory_copy_text(s->namespace);
	(*out)->name = memory_copy_text(s->name);
	(*out)->pause_us = OUTCOME_PAUSE_US;
	return 0;
}

void catalog_close(struct catalog *c)
{
	if (c == NULL)
		return;
	memory_free(c->namespace);
	memory_free(c->name);
	memory_free(c->shown);
	memory_free(c->uuid);
	memory_free(c->location);
	c->ops->close(c);
}

bool catalog_dates_metadata(const struct catalog *c)
{
	return c->ops->dates_metadata;
}

static int in_table(const struct catalog *c, struct err *e)
{
	return err_wrap(e, "Iceberg table %s.%s in %s", c->namespace, c->name, c->shown);
}

/*
 * A table that has the name of ours and is another one holds nothing of what we know; of one that lies elsewhere readers expect
 * the files there.
 */
static int check_same(struct catalog *c, const struct catalog_version *v, struct err *e)
{
	if (c->uuid != NULL && strcasecmp(c->uuid, v->metadata->uuid) != 0)
		return err_set(e, ERR_CONFIG,
			       "it was dropped and made again by somebody else (its uuid "
			       "was %s and is %s): start again to follow the new one",
			       c->uuid, v->metadata->uuid);
	if (c->location != NULL && !places_equal(c->location, v->metadata->location))
		return err_set(e, ERR_CONFIG, "somebody moved it (its location was \"%s\" and is \"%s\"): set the location back, or start "
			       "again where it is", c->location, v->metadata->location);
	if (c->uuid == NULL && v->metadata->uuid[0] != '\0')
		c->uuid = memory_copy_text(v->metadata->uuid);
	if (c->location == NULL)
		c->location = memory_copy_text(v->metadata->location);
	return 0;
}

/* As catalog_load, without the table's name in front of an error. */
static int load(struct catalog *c, struct catalog_version *out, struct err *e)
{
	struct catalog_version v = { 0 };
	int rc = c->ops->load(c, &v, e);

	if (rc == 1 && c->uuid != NULL)
		return err_set(e, ERR_CONFIG,
			       "it was dropped by somebody else (its uuid was %s): "
			       "nothing is written",
			       c->uuid);
	if (rc != 0)
		return rc;
	if (check_same(c, &v, e) < 0) {
		catalog_version_release(&v);
		return -1;
	}
	*out = v;
	return 0;
}

int catalog_load(struct catalog *c, struct catalog_version *out, struct err *e)
{
	int rc = load(c, out, e);

	return rc < 0 ? in_table(c, e) : rc;
}

static bool is_expired(const struct iceberg_change_set *changes,
		       const struct iceberg_metadata *m)
{
	for (uint32_t i = 0; i < changes->expired_count; i++) {
		if (iceberg_metadata_snapshot(m, changes->expired[i]) != NULL)
			return false;
	}
	return true;
}

static bool has_properties(const struct iceberg_change_set *changes,
			   const struct iceberg_metadata *m)
{
	for (uint32_t i = 0; i < changes->property_count; i++) {
		const char *value =
			iceberg_metadata_property(m, changes->properties[i].key);

		if (value == NULL || strcmp(value, changes->properties[i].value) != 0)
			return false;
	}
	for (uint32_t i = 0; i < changes->removed_count; i++) {
		if (iceberg_metadata_property(m, changes->removed[i]) != NULL)
			return false;
	}
	return true;
}

/*
 * Whether the table has what the set does: its own snapshot is the proof; without one,
 * all the rest.
 */
static bool holds(const struct iceberg_change_set *changes,
		  const struct iceberg_metadata *m)
{
	if (changes->creation != NULL &&
	    strcasecmp(changes->creation->uuid, m->uuid) != 0)
		return false;
	if (changes->snapshot != NULL)
		return iceberg_metadata_snapshot(m, changes->snapshot->id) != NULL;
	return has_properties(changes, m) && is_expired(changes, m) &&
	       (changes->schema == NULL || m->schema.id == changes->schema_id);
}

/* Whether the set can never be committed any more. */
static bool is_overtaken(const struct iceberg_change_set *changes,
			 const struct iceberg_metadata *m)
{
	return changes->creation != NULL ||
	       (m->current != NULL ? m->current->id : -1) != changes->main_snapshot_id ||
	       m->schema.id != changes->current_schema_id;
}

/*
 * One look; *result stays as it is when it told nothing: no answer, or nonsense. -1: the
 * table is no longer ours. `was_refused`: what is not there now will not come.
 */
static int look(struct catalog *c, const struct iceberg_change_set *changes, bool was_refused,
		struct catalog_version *out, enum attempt *result, struct err *e)
{
	struct catalog_version v = { 0 };
	struct err why = ERR_INIT;
	int rc = load(c, &v, &why);

	if (rc < 0 && why.kind != ERR_RETRY && why.kind != ERR_DATA) {
		*e = why;
		return -1;
	}
	if (rc != 0)
		return 0;
	if (holds(changes, v.metadata)) {
		*result = ATTEMPT_DONE;
		*out = v;
		return 0;
	}
	if (was_refused || is_overtaken(changes, v.metadata))
		*result = ATTEMPT_LOST;
	catalog_version_release(&v);
	return 0;
}

/*
 * Loads until the table tells what became of the commit. So it does of one that was refused: who sends again what was
 * not answered meets himself.
 */
static int find_outcome(struct catalog *c, const struct iceberg_change_set *changes,
			struct catalog_version *out, enum attempt *result, struct err *e)
{
	bool was_refused = *result == ATTEMPT_LOST;
	int64_t pause_us = c->pause_us;

	*result = ATTEMPT_UNKNOWN;
	for (int i = 0; i < OUTCOME_TRIES && *result == ATTEMPT_UNKNOWN; i++) {
		if (look(c, changes, was_refused, out, result, e) < 0)
			return -1;
		if (*result == ATTEMPT_UNKNOWN && i + 1 < OUTCOME_TRIES)
			clock_sleep_us(pause_us << i);
	}
	if (*result != ATTEMPT_UNKNOWN)
		return 0;
	if (was_refused)
		err_set(e, ERR_RETRY, "it was refused as a conflict, and now the table cannot be loaded");
	e->kind = ERR_RETRY;
	return err_wrap(e, "the outcome of a commit is not known, it may still happen");
}

int catalog_commit(struct catalog *c, const struct catalog_version *base,
		   const struct iceberg_change_set *changes, struct catalog_version *out,
		   enum commit_result *result, struct err *e)
{
	enum attempt attempt = ATTEMPT_LOST;
	struct catalog_version v = { 0 };
	struct err why = ERR_INIT;

	assert((base == NULL) == (changes->creation != NULL));
	if (c->ops->attempt(c, base, changes, &v, &attempt, &why) < 0 &&
	    why.kind != ERR_CONFLICT)
		goto failed;
	if ((attempt == ATTEMPT_UNKNOWN || (attempt == ATTEMPT_LOST && why.kind == ERR_NONE)) &&
	    find_outcome(c, changes, &v, &attempt, &why) < 0)
		goto failed;
	if (attempt == ATTEMPT_DONE && check_same(c, &v, &why) < 0) {
		catalog_version_release(&v);
		goto failed;
	}
	*result = attempt == ATTEMPT_DONE ? COMMIT_DONE : COMMIT_LOST;
	if (attempt == ATTEMPT_DONE)
		*out = v;
	return 0;
failed:
	*e = why;
	return in_table(c, e);
}
