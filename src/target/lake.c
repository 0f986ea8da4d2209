/* SPDX-License-Identifier: Apache-2.0 */
#include "target/lake.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "change/event.h"
#include "merge/unpivot.h"
#include "target/lake_events.h"
#include "target/lake_progress.h"
#include "target/lake_slot.h"
#include "target/lake_table.h"
#include "target/lake_workers.h"
#include "target/table_names.h"

#define OPTION(field) offsetof(struct lake_options, field)

const struct option lake_option_table[] = {
	{ "name", OPTION_TEXT, OPTION(name), "tailrace", 0, 0, NULL,
	  "Name of the pipeline; two pipelines into one lake need two names" },
	{ "commit.interval", OPTION_DURATION, OPTION(commit_interval_ms), "1s", 10, 86400000, NULL,
	  "A change is committed at the latest this long after it arrived" },
	{ "batch.rows_max", OPTION_INT, OPTION(rows_max), "400000", 1, 4000000, NULL,
	  "A table's batch is committed at the next transaction end past this many rows" },
	{ "memory.max", OPTION_BYTES, OPTION(memory_max), "96MiB", 1 << 20, INT64_MAX, NULL,
	  "Memory for all batches; a transaction that is larger is staged in data files" },
	{ "table.format", OPTION_CHOICE, OPTION(table_format), "delta", 0, 0, "delta|iceberg|both",
	  "Format of the tables: Delta Lake, Apache Iceberg, or both from the same data files" },
	{ "iceberg.version", OPTION_INT, OPTION(iceberg_version), "3", 2, 3, NULL,
	  "Format version of Iceberg tables that are made" },
	{ "iceberg.catalog", OPTION_TEXT, OPTION(iceberg_catalog), NULL, 0, 0, NULL,
	  "Catalog of the Iceberg tables, sqlite:///FILE, postgresql://… or https://…; without one they are found by their folders" },
	{ "partition_by", OPTION_TEXT, OPTION(partition_by), NULL, 0, 0, NULL,
	  "Columns with commas that the tables made by this run are partitioned by; where Iceberg alone keeps them also transforms: "
	  "bucket(N,column), truncate(W,column), year(column), month, day, hour" },
	{ "late.horizon", OPTION_DURATION, OPTION(late_horizon_ms), "7d", 0, INT64_MAX / 1000, NULL,
	  "With --order event: an event so much older than the newest one is late, and does not count; deletes are remembered as long" },
	{ "late", OPTION_CHOICE, OPTION(late), "count", 0, 0, "count|keep",
	  "Late events are counted, or kept in the table NAME__late as well" },
	{ "incomplete_rows", OPTION_CHOICE, OPTION(incomplete_rows), "show", 0, 0, "show|hide",
	  "With --image partial: whether rows are shown of which updates came and the insert did not yet" },
	{ "workers", OPTION_INT, OPTION(workers), "0", 0, 256, NULL,
	  "Threads that merge and commit; 0 is one per processor" },
	{ 0 },
};

/* One part of the memory for the batch that fills, the others for those in work. */
#define OPEN_SHARE 3
#define QUIET_US 2000000
#define BUSY_POLL_US 2000 /* a batch that is due waits for the one before */

struct lake {
	struct target target; /* first */
	const struct lake_options *options;
	char *group_folder;   /* <lake>/_tailrace/<name> */
	char *state_folder;   /* the same, in a group the slot's folder below it */
	char *app_prefix;
	int lock_file;
	struct store *root;
	struct lake_table **tables;
	uint32_t table_count;
	struct table_names names;    /* the same in the same order */
	struct lake_table **dirty;   /* tables with an open batch or parts, in no order */
	uint32_t dirty_count;
	struct lake_workers workers;
	struct lake_progress progress;

	size_t open_bytes;
	bool any_full, in_transaction;
	int64_t due_at_us;    /* monotonic; 0: no batch is open */
	int64_t trim_at_us;   /* the same; 0: nothing was done since the last time */
	const struct position *position; /* of the last COMMIT */
	_Atomic uint64_t transactions; /* counted by the source's thread, shown by another */
};

static struct lake *lake_of(struct target *t)
{
	return (struct lake *)t;
}

static struct lake *lake_of_sink(struct sink *s)
{
	return (struct lake *)s;
}

static struct lake_table *find_table(struct lake *l, const struct schema *s)
{
	return l->tables[table_names_find(&l->names, s)];
}

/* Of a table that is put together from events, what only orders them is not lacking. */
static bool *find_lacking(const struct schema *lake, const struct schema *source)
{
	bool *lacks, any = false;

	if (lake == NULL || lake->field_count == source->field_count)
		return NULL;
	lacks = memory_array(bool, source->field_count);
	for (uint32_t i = 0; i < source->field_count; i++) {
		lacks[i] = schema_find(lake, source->fields[i].name) < 0 &&
			   !(source->is_by_column && event_is_added(source->fields[i].name));
		any = any || lacks[i];
	}
	if (any)
		return lacks;
	memory_free(lacks);
	return NULL;
}

static struct lake_place place_of(const struct lake *l)
{
	return (struct lake_place){ l->root, l->app_prefix, l->state_folder, l->options, l->target.share };
}

static int lake_resume(struct target *target, struct schema *schema, char **position, bool **lacks,
		       struct err *e)
{
	struct lake *l = lake_of(target);
	const struct lake_place place = place_of(l);
	struct buffer name = { 0 };
	struct lake_table *t;

	buffer_format(&name, "%s.%s", schema->database, schema->table);
	t = lake_table_new(buffer_string(&name), l->options->partition_by);
	buffer_release(&name);
	l->tables = memory_grow(l->tables, struct lake_table *, l->table_count + 1);
	l->tables[l->table_count++] = t;
	l->dirty = memory_grow(l->dirty, struct lake_table *, l->table_count);
	table_names_add(&l->names, schema);
	if (lake_table_open(t, &place, schema, e) < 0)
		return -1;
	*position = memory_copy_text(t->position);
	*lacks = find_lacking(table_snapshot(t->table)->schema, schema);
	return 0;
}

static uint32_t slot_count(const struct lake *l)
{
	return l->options->slot != NULL ? lake_slot_count(l->group_folder) : 0;
}

static int lake_open_table(struct sink *sink, struct schema *schema, char **position, bool **lacks, struct err *e)
{
	struct lake *l = lake_of_sink(sink);
	int rc = lake_resume(&l->target, schema, position, lacks, e);

	if (rc < 0 || progress_covers(&l->progress, l->tables[l->table_count - 1]))
		return rc;
	/* it may lack what stands before the low-water mark, at which it was not looked at */
	if (progress_forget(&l->progress, slot_count(l), e) < 0)
		return -1;
	return err_set(e, ERR_RETRY, "table %s.%s is in the lake and was not seen at the start: its messages are read from the "
		       "beginning of their topic", schema->database, schema->table);
}

static int lake_known_table(const struct sink *sink, const char *database, const char *table, struct schema **out,
			    struct err *e)
{
	const struct lake *l = (const struct lake *)sink;

	return lake_table_columns(l->root, database, table, out, e);
}

static int lake_stream_start(struct target *target, char **position, struct err *e)
{
	struct lake *l = lake_of(target);

	*position = NULL;
	l->progress.source_copies = l->target.source_copies;
	if (l->target.share != NULL)
		return progress_load_slots(&l->progress, slot_count(l), l->tables, l->table_count, l->target.share, e);
	return progress_load(&l->progress, l->tables, l->table_count, position, e);
}

/* The batch that the next change of this table goes to. */
static struct batch *open_batch(struct lake *l, struct lake_table *t)
{
	if (t->open != NULL)
		return t->open;
	t->open = batch_new(t->taken);
	if (!t->is_dirty) {
		t->is_dirty = true;
		l->dirty[l->dirty_count++] = t;
	}
	pthread_mutex_lock(&l->workers.lock);
	t->open_since = l->position != NULL ? l->position->sequence : 0;
	pthread_mutex_unlock(&l->workers.lock);
	t->open->opened_at_us = clock_monotonic_us();
	if (l->due_at_us == 0)
		l->due_at_us = t->open->opened_at_us + l->options->commit_interval_ms * 1000;
	return t->open;
}

static int give(struct lake *l, struct lake_table *t, bool commits, struct err *e)
{
	struct batch *b = t->open;

	l->open_bytes -= t->open_bytes;
	l->trim_at_us = clock_monotonic_us() + QUIET_US;
	if (commits) {
		l->position->format(l->position, b->schema, &b->position);
		if (l->target.share != NULL)
			l->target.share->tag(l->target.share, b->schema, &b->tag);
		b->sequence = l->position->sequence;
		b->source_time_us = l->position->committed_at_us;
	}
	return workers_give(&l->workers, t, commits, e);
}

/*
 * A copy's batch may also end early, when the workers wait for it: they start sooner, and less is left for
 * the end. The log's batches do not: their number is that of the commits.
 */
static bool is_full(struct lake *l, const struct lake_table *t, bool is_copy)
{
	uint64_t rows = (uint64_t)t->open->after.row_count + t->open->before.row_count;
	uint64_t rows_max = (uint64_t)l->options->rows_max;

	if (rows >= rows_max || t->open_bytes >= (size_t)l->options->memory_max / OPEN_SHARE)
		return true;
	return is_copy && rows >= rows_max / 2 && workers_are_idle(&l->workers);
}

static int take_rows(struct lake *l, const struct change *c, struct err *e)
{
	struct lake_table *t = find_table(l, c->schema);
	size_t bytes_max = (size_t)l->options->memory_max / OPEN_SHARE;

	batch_add(open_batch(l, t), &c->rows);
	l->open_bytes -= t->open_bytes;
	t->long_bytes += t->taken->is_by_column ? long_rows_bytes(t->taken, &c->rows) : 0;
	t->open_bytes = batch_bytes(t->open) + t->long_bytes;
	l->open_bytes += t->open_bytes;
	t->is_full = t->is_full || is_full(l, t, c->rows.op == OP_COPY);
	l->any_full |= t->is_full;
	l->in_transaction = true;
	/* the transaction alone is too large: what is there goes on as a part */
	if (t->open_bytes >= bytes_max * 5 / 4) {
		l->any_full = true; /* cut at the transaction's end */
		return give(l, t, false, e);
	}
	return 0;
}

static int take_truncate(struct lake *l, const struct change *c)
{
	struct lake_table *t = find_table(l, c->schema);

	batch_truncate(open_batch(l, t));
	l->open_bytes -= t->open_bytes;
	t->open_bytes = 0;
	l->in_transaction = true;
	return 0;
}

/* A new schema starts a new batch; what is open was committed by the source before its DDL. */
static int take_schema(struct lake *l, const struct change *c, struct err *e)
{
	const struct lake_place place = place_of(l);
	struct lake_table *t = find_table(l, c->schema);
	struct batch *b;

	if (t->taken->field_count != c->schema->field_count || !schema_equal(t->taken, c->schema)) {
		if (t->open != NULL && give(l, t, true, e) < 0)
			return -1;
		if (lake_table_set_schema(t, c->schema, e) < 0 || lake_events_open(t, &place, c->schema, e) < 0)
			return err_wrap(e, "table %s", t->name);
	}
	b = open_batch(l, t);
	if (c->backfill != NULL) {
		columns_init(&b->backfill, t->taken);
		columns_append(&b->backfill, c->backfill);
	}
	return 0;
}

/*
 * When its age is the reason to commit the table's open batch. While the one before is in work that would make nothing
 * visible sooner, and many small batches cost more than one: those of a table whose commits take longer than the interval
 * would only get smaller.
 */
static int64_t due_at(struct lake *l, const struct lake_table *t, int64_t now_us)
{
	int64_t due_us = t->open->opened_at_us + l->options->commit_interval_ms * 1000;

	return due_us <= now_us && workers_have(&l->workers, t) ? now_us + BUSY_POLL_US : due_us;
}

/* Gives the open batches that are due to the workers; all of them when `all`. */
static int cut_due(struct lake *l, bool all, struct err *e)
{
	bool is_tight = l->open_bytes >= (size_t)l->options->memory_max / OPEN_SHARE;
	int64_t now_us = clock_monotonic_us();
	uint32_t kept = 0;

	l->due_at_us = 0;
	l->any_full = false;
	for (uint32_t i = 0; i < l->dirty_count; i++) {
		struct lake_table *t = l->dirty[i];
		int64_t due_us;

		(void)open_batch(l, t); /* a transaction that ends with a part still needs its end */
		due_us = due_at(l, t, now_us);
		if (all || is_tight || t->is_full || t->has_parts || now_us >= due_us) {
			if (give(l, t, true, e) < 0)
				return -1;
			t->is_dirty = false;
			continue;
		}
		if (l->due_at_us == 0 || due_us < l->due_at_us)
			l->due_at_us = due_us;
		l->dirty[kept++] = t;
	}
	l->dirty_count = kept;
	return 0;
}

static bool is_due(const struct lake *l)
{
	return l->any_full || l->open_bytes >= (size_t)l->options->memory_max / OPEN_SHARE ||
	       (l->due_at_us != 0 && clock_monotonic_us() >= l->due_at_us);
}

static int note_progress(struct lake *l, struct err *e)
{
	return progress_note(&l->progress, l->position, &l->workers, l->tables, l->table_count, e);
}

static int take_commit(struct lake *l, const struct change *c, struct err *e)
{
	l->position = c->position;
	l->in_transaction = false;
	atomic_fetch_add_explicit(&l->transactions, 1, memory_order_relaxed);
	if (is_due(l) && cut_due(l, false, e) < 0)
		return -1;
	for (uint32_t i = 0; i < l->dirty_count; i++)
		batch_mark(l->dirty[i]->open);
	return note_progress(l, e);
}

static int take_rollback(struct lake *l, struct err *e)
{
	l->in_transaction = false;
	for (uint32_t i = 0; i < l->dirty_count; i++) {
		struct lake_table *t = l->dirty[i];

		if (t->has_parts)
			return err_set(e, ERR_RETRY,
				       "table %s: the connection was lost inside a transaction larger "
				       "than memory",
				       t->name);
		batch_rollback(t->open);
	}
	return 0;
}

static int lake_take(struct sink *sink, const struct change *c, struct err *e)
{
	struct lake *l = lake_of_sink(sink);

	switch (c->kind) {
	case CHANGE_ROWS:
		return take_rows(l, c, e);
	case CHANGE_TRUNCATE:
		return take_truncate(l, c);
	case CHANGE_SCHEMA:
		return take_schema(l, c, e);
	case CHANGE_DDL: /* not asked for */
		return 0;
	case CHANGE_COMMIT:
		return take_commit(l, c, e);
	case CHANGE_ROLLBACK:
		return take_rollback(l, e);
	case CHANGE_KINDS:
		break;
	}
	assert(!"a kind of change");
	return -1;
}

/* What a burst, or the beginning, needed goes back when nothing came for a while. */
static void trim_if_quiet(struct lake *l)
{
	if (l->trim_at_us == 0 || l->dirty_count > 0 || clock_monotonic_us() < l->trim_at_us)
		return;
	memory_trim();
	l->trim_at_us = 0;
}

static int lake_idle(struct sink *sink, struct err *e)
{
	struct lake *l = lake_of_sink(sink);

	if (!l->in_transaction && l->position != NULL) {
		if (is_due(l) && cut_due(l, false, e) < 0)
			return -1;
		if (note_progress(l, e) < 0)
			return -1;
	}
	workers_catch_up(&l->workers, l->tables, l->table_count);
	trim_if_quiet(l);
	return workers_failure(&l->workers, e);
}

static uint64_t lake_durable(struct sink *sink)
{
	struct lake *l = lake_of_sink(sink);

	return l->position != NULL ? progress_durable(l->position, &l->workers, l->tables, l->table_count) : 0;
}

/* A run that ends with everything committed ends with it in both formats, or says why not. */
static int end_behind(struct lake *l, struct err *e)
{
	for (uint32_t i = 0; i < l->table_count; i++) {
		if (lake_table_follow_all(l->tables[i], e) < 0)
			return -1;
	}
	return 0;
}

static int lake_flush(struct target *target, struct err *e)
{
	struct lake *l = lake_of(target);

	if (l->position == NULL)
		return end_behind(l, e);
	if (l->in_transaction && take_rollback(l, e) < 0)
		return -1;
	if (cut_due(l, true, e) < 0 || workers_wait(&l->workers, e) < 0)
		return -1;
	if (progress_save(&l->progress, l->position, &l->workers, l->tables, l->table_count, e) < 0)
		return -1;
	return end_behind(l, e);
}

static void lake_close(struct target *target)
{
	struct lake *l = lake_of(target);

	if (l->workers.threads != NULL)
		workers_stop(&l->workers);
	for (uint32_t i = 0; i < l->table_count; i++)
		lake_table_free(l->tables[i]);
	memory_free(l->tables);
	table_names_release(&l->names);
	memory_free(l->dirty);
	progress_release(&l->progress);
	if (l->root != NULL)
		l->root->ops->close(l->root);
	if (l->lock_file >= 0)
		close(l->lock_file);
	memory_free(l->group_folder);
	memory_free(l->state_folder);
	memory_free(l->app_prefix);
	memory_free(l);
}

void lake_counts(const struct target *t, struct target_counts *out)
{
	struct lake *l = lake_of((struct target *)t);

	pthread_mutex_lock(&l->workers.lock);
	*out = l->workers.counts;
	pthread_mutex_unlock(&l->workers.lock);
	out->transactions = atomic_load_explicit(&l->transactions, memory_order_relaxed);
}

/*
 * The lock is a courtesy to the user: what protects the tables is their log's exclusive create. A group's
 * processes have it together.
 */
static int take_lock(struct lake *l, struct err *e)
{
	struct buffer path = { 0 };

	buffer_format(&path, "%s/lock", l->state_folder);
	l->lock_file = open(buffer_string(&path), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (l->lock_file < 0)
		err_system(e, "could not open \"%s\"", buffer_string(&path));
	buffer_release(&path);
	if (l->lock_file < 0)
		return -1;
	if (flock(l->lock_file, (l->options->slot != NULL ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0)
		return 0;
	return err_set(e, ERR_CONFIG,
		       "another tailrace is at work on \"%s\" under the name \"%s\"; stop it, or "
		       "give this one another --name",
		       l->options->path, l->options->name);
}

static int make_state_folder(struct lake *l, struct err *e)
{
	struct buffer path = { 0 };
	int rc;

	buffer_format(&path, "%s/_tailrace", l->options->path);
	rc = lake_make_folder(buffer_string(&path), e);
	buffer_char(&path, '/');
	store_key_part(&path, l->options->name);
	l->state_folder = memory_copy_text(buffer_string(&path));
	if (rc == 0)
		rc = lake_make_folder(l->state_folder, e);
	buffer_release(&path);
	return rc;
}

/* Whatever is kept beside the tables is from here on the slot's. */
static int enter_slot(struct lake *l, struct err *e)
{
	struct lake_slot *slot = l->options->slot;
	struct buffer path = { 0 };

	l->group_folder = memory_copy_text(l->state_folder);
	if (slot != NULL && lake_slot_take(slot, l->group_folder, e) < 0)
		return -1;
	progress_open(&l->progress, l->root, l->options->name, slot);
	if (slot == NULL)
		return 0;
	buffer_format(&path, "%s/%u", l->group_folder, slot->number);
	memory_free(l->state_folder);
	l->state_folder = memory_copy_text(buffer_string(&path));
	buffer_release(&path);
	return 0;
}

struct target *lake_open(const struct lake_options *options, struct err *e)
{
	static const struct target_ops ops = {
		.resume = lake_resume,
		.stream_start = lake_stream_start,
		.flush = lake_flush,
		.close = lake_close,
	};
	struct lake *l = memory_new(struct lake);
	struct buffer prefix = { 0 };
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	uint32_t threads = (uint32_t)options->workers;

	l->target = (struct target){ .sink = { .take = lake_take, .idle = lake_idle, .open_table = lake_open_table,
					    .known_table = lake_known_table, .durable = lake_durable,
					    .wants_each_present = true }, .ops = &ops,
				      .can_resume = true };
	l->options = options;
	l->lock_file = -1;
	l->trim_at_us = clock_monotonic_us() + QUIET_US;
	buffer_format(&prefix, "tailrace/%s", options->name);
	l->app_prefix = memory_copy_text(buffer_string(&prefix));
	buffer_release(&prefix);
	if (threads == 0)
		threads = processors > 0 ? (uint32_t)processors : 1;
	l->root = store_open_directory(options->path, true, e);
	if (l->root == NULL || make_state_folder(l, e) < 0 || take_lock(l, e) < 0 || enter_slot(l, e) < 0 ||
	    workers_start(&l->workers, threads,
			  (size_t)options->memory_max * (OPEN_SHARE - 1) / OPEN_SHARE, e) < 0) {
		lake_close(&l->target);
		return NULL;
	}
	return &l->target;
}
