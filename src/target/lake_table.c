/* SPDX-License-Identifier: Apache-2.0 */
#include "target/lake_table.h"

#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "merge/unpivot.h"
#include "table/iceberg/iceberg.h"
#include "table/partition.h"
#include "target/lake_events.h"

struct lake_table *lake_table_new(const char *name, const char *partition_by)
{
	struct lake_table *t = memory_new(struct lake_table);

	t->name = memory_copy_text(name);
	t->partition_by = partition_by;
	t->open_since = t->work_since = UINT64_MAX;
	return t;
}

void lake_table_free(struct lake_table *t)
{
	if (t == NULL)
		return;
	for (struct lake_work *work = t->first, *next; work != NULL; work = next) {
		next = work->next;
		schema_release(work->shown);
		batch_free(work->batch);
		memory_free(work);
	}
	batch_free(t->open);
	lake_table_free(t->tall);
	lake_table_free(t->late);
	lake_face_close(&t->face);
	merge_close(t->merge);
	append_close(t->append);
	table_close(t->table);
	if (t->store != NULL)
		t->store->ops->close(t->store);
	schema_release(t->schema);
	schema_release(t->taken);
	memory_free(t->index_path);
	memory_free(t->source_name);
	memory_free(t->position);
	memory_free(t->warned);
	memory_free(t->name);
	memory_free(t);
}

static bool is_iceberg(const struct lake_options *o)
{
	return o != NULL && strcmp(o->table_format, "iceberg") == 0;
}

/* 0, or ERR_CONFIG: changes are ordered by other columns than the table's. */
static int check_order(const struct schema *lake, const struct schema *source, struct err *e)
{
	struct buffer old = { 0 }, new = { 0 };
	int rc = 0;

	schema_names_format(&old, lake, lake->order, lake->order_count);
	schema_names_format(&new, source, source->order, source->order_count);
	if (!bytes_equal(buffer_bytes(&old), buffer_bytes(&new)))
		rc = err_set(e, ERR_CONFIG, "the lake table's changes are ordered by %s, and by %s in this run ([]: as they arrive; "
			     "--order, --order-by): set what it has, or move the lake table away and run again to copy it anew",
			     buffer_string(&old), buffer_string(&new));
	buffer_release(&old);
	buffer_release(&new);
	return rc;
}

static int type_differs(const struct field *lake, const struct field *source, struct err *e)
{
	struct buffer text = { 0 };

	field_type_format(&text, lake);
	buffer_text(&text, " in the lake table and ");
	field_type_format(&text, source);
	err_set(e, ERR_CONFIG, "column \"%s\" is %s in the source; move the lake table away and run again to copy it anew",
		lake->name, buffer_string(&text));
	buffer_release(&text);
	return -1;
}

/* The first difference that neither an added column nor a wider type makes. */
static int schema_differs(const struct schema *lake, const struct schema *source, struct err *e)
{
	if (check_order(lake, source, e) < 0)
		return -1;
	for (uint32_t i = 0; i < lake->field_count; i++) {
		const struct field *old = &lake->fields[i];
		int at = schema_find(source, old->name);

		if (at < 0)
			return err_set(e, ERR_CONFIG,
				       "column \"%s\" of the lake table is not in the source; move the "
				       "lake table away and run again to copy it anew", old->name);
		if (!field_same_type(old, &source->fields[at]) && !field_widens(old, &source->fields[at]))
			return type_differs(old, &source->fields[at], e);
	}
	return err_set(e, ERR_CONFIG,
		       "the key or the NULLs of its columns changed since the lake table was made; "
		       "move the lake table away and run again to copy it anew");
}

/* In the words of the format that leads; no options: Delta's. */
static int set_partition(const struct lake_options *o, const char *asked, struct schema *s, struct err *e)
{
	return is_iceberg(o) ? iceberg_partition_by(s, asked, e) : partition_by(s, asked, e);
}

static int set_schema(struct lake_table *t, struct schema *source, struct err *e)
{
	struct schema *old = t->schema;

	if (old != NULL && old->mode != source->mode)
		return err_set(e, ERR_CONFIG, "the lake table is one of mode \"%s\", and this run writes one of mode \"%s\" "
			       "(--mode): give it another --table or lake, or move the lake table away and run again",
			       table_mode_name(old->mode), table_mode_name(source->mode));
	if (old != NULL && old->is_by_column != source->is_by_column)
		return err_set(e, ERR_CONFIG, old->is_by_column ?
			       "the lake table is put together from its long table, and this run has whole rows for it: run it with --order "
			       "event --image partial, or move both away and run again" :
			       "the lake table has whole rows, and this run has some of their columns (--order event --image partial): give "
			       "it another --table, or move it away and run again");
	if (old != NULL && !schema_extends(old, source))
		return schema_differs(old, source, e);
	if (schema_check_order(source, e) < 0)
		return -1;
	t->schema = schema_adopt_ids(source, old, &t->last_field_id);
	schema_release(old);
	/* what could not be read has columns of our own */
	if (old == NULL && t->partition_by != NULL && source->mode != MODE_QUARANTINE)
		return set_partition(t->options, t->partition_by, t->schema, e);
	return 0;
}

int lake_table_set_schema(struct lake_table *t, struct schema *source, struct err *e)
{
	struct schema *shown = source->is_by_column ? long_shown(source) : schema_share(source);
	int rc = set_schema(t, shown, e);

	schema_release(shown);
	if (rc < 0)
		return -1;
	schema_release(t->taken);
	t->taken = schema_share(source->is_by_column ? source : t->schema);
	return 0;
}

int lake_check_table(const void *options, const struct schema *table, struct err *e)
{
	const struct lake_options *o = options;
	struct schema *made;
	int32_t unused = 0;
	int rc;

	if (o->partition_by == NULL)
		return 0;
	made = schema_adopt_ids(table, NULL, &unused);
	rc = set_partition(o, o->partition_by, made, e);
	schema_release(made);
	return rc;
}

/* A table that is there keeps its partitioning; --partition-by may only say the same. */
static int check_partition(const struct lake_table *t, const struct schema *lake, struct err *e)
{
	int32_t unused = 0;
	struct schema *wanted;
	struct buffer has = { 0 };
	int rc;

	if (t->partition_by == NULL || lake->mode == MODE_QUARANTINE)
		return 0;
	wanted = schema_adopt_ids(lake, NULL, &unused);
	rc = set_partition(t->options, t->partition_by, wanted, e);
	for (uint32_t i = 0; i < lake->partition_count; i++) {
		buffer_text(&has, i > 0 ? "," : "partitioned by \"");
		partition_words(&has, lake, &lake->partition[i]);
	}
	buffer_text(&has, has.size > 0 ? "\"" : "not partitioned");
	if (rc == 0 && !schema_partition_equal(lake, wanted))
		rc = err_set(e, ERR_CONFIG, "the lake table is %s, and --partition-by asks for \"%s\": leave the setting out, or "
			     "move the lake table away and run again to copy it anew", buffer_string(&has), t->partition_by);
	buffer_release(&has);
	schema_release(wanted);
	return rc;
}

/* "<database>/<table>" with both parts made safe for a path. */
static void table_folder(struct buffer *out, const struct schema *s)
{
	store_key_part(out, s->database);
	buffer_char(out, '/');
	store_key_part(out, s->table);
}

int lake_table_columns(struct store *root, const char *database, const char *table, struct schema **out,
		       struct err *e)
{
	struct schema *name = schema_new(database, table);
	struct buffer folder = { 0 };
	struct table *opened = NULL;
	struct store *store;
	int rc = -1;

	table_folder(&folder, name);
	store = store_open_below(root, buffer_string(&folder), e);
	if (store != NULL)
		rc = table_open_read(&opened, store, -1, e);
	*out = rc == 0 && table_snapshot(opened)->version >= 0 ? schema_share(table_snapshot(opened)->schema) : NULL;
	table_close(opened);
	store_close(store);
	buffer_release(&folder);
	schema_release(name);
	return rc < 0 ? err_wrap(e, "table %s.%s", database, table) : 0;
}

#define OTHERS_SEARCHED 100 /* versions */

/* Whoever else changed rows made the table differ from the source, which no later commit of ours mends. */
static int warn_of_others(const struct lake_table *t, struct err *e)
{
	struct history_entry *entries = NULL;
	uint32_t count = 0;
	char operation[64];

	if (table_history(t->table, 1, &entries, &count, e) < 0)
		return -1;
	if (count > 0 && !entries[0].is_ours) {
		table_history_free(entries, count);
		if (table_history(t->table, OTHERS_SEARCHED, &entries, &count, e) < 0)
			return -1;
	}
	for (uint32_t i = 0; i < count && !entries[i].is_ours; i++) {
		if (entries[i].changes_rows)
			log_warn("another writer changed rows: the table may differ from its source; to be sure, move "
				 "it away and run again to copy it anew", "table=%s version=%lld operation=%s",
				 t->name, (long long)entries[i].version,
				 log_quote(operation, sizeof(operation),
					   entries[i].operation != NULL ? entries[i].operation : "-"));
	}
	table_history_free(entries, count);
	return 0;
}

static int open_format(struct lake_table *t, const struct schema *source, struct err *e)
{
	const struct lake_options *o = t->options;
	struct iceberg_settings settings;

	if (!is_iceberg(o))
		return table_open(&t->table, t->store, t->source_name, e);
	if (t->share != NULL)
		return err_set(e, ERR_CONFIG, "--group needs tables of the format delta or both (--table-format): Iceberg's manifests "
			       "have no place for the name of the process that wrote a file");
	settings = (struct iceberg_settings){ .catalog = o->iceberg_catalog, .namespace = source->database,
					      .name = source->table, .format_version = (int)o->iceberg_version };
	return iceberg_open(&t->table, t->store, &settings, t->source_name, e);
}

int lake_table_open(struct lake_table *t, const struct lake_place *place, struct schema *source, struct err *e)
{
	struct buffer folder = { 0 }, text = { 0 };
	const struct snapshot *s;
	int rc = -1;

	t->share = place->share;
	t->options = place->options;
	lake_face_init(&t->face, place->options, source);
	table_folder(&folder, source);
	buffer_format(&text, "%s/%s", place->app_prefix, t->name);
	t->source_name = memory_copy_text(buffer_string(&text));
	buffer_clear(&text);
	buffer_text(&text, place->index_folder);
	buffer_char(&text, '/');
	store_key_part(&text, source->database);
	buffer_char(&text, '.');
	store_key_part(&text, source->table);
	buffer_text(&text, ".index");
	t->index_path = memory_copy_text(buffer_string(&text));
	t->store = store_open_below(place->root, buffer_string(&folder), e);
	if (t->store == NULL || open_format(t, source, e) < 0)
		goto out;
	lake_table_warn(t);
	s = table_snapshot(t->table);
	t->commits = s->txn_version;
	if (s->version >= 0) {
		t->schema = schema_share(s->schema);
		t->last_field_id = s->last_field_id;
		t->position = memory_copy_text(s->position);
	}
	rc = warn_of_others(t, e);
	if (rc == 0 && t->schema != NULL)
		rc = check_partition(t, t->schema, e);
	if (rc == 0)
		rc = lake_table_set_schema(t, source, e);
	if (rc == 0)
		rc = lake_events_open(t, place, source, e);
out:
	buffer_release(&folder);
	buffer_release(&text);
	return rc < 0 ? err_wrap(e, "table %s", t->name) : 0;
}

void lake_table_warn(struct lake_table *t)
{
	const char *text = table_warning(t->table);
	char quoted[600];

	if (text != NULL && (t->warned == NULL || strcmp(t->warned, text) != 0))
		log_warn("the table is whole, but its log is not in order", "table=%s why=%s", t->name,
			 log_quote(quoted, sizeof(quoted), text));
	memory_free(t->warned);
	t->warned = memory_copy_text(text);
}

/* Another part's writer made the table: it is the one that we meant, and has nothing of ours yet. */
static int adopt(struct lake_table *t, const struct schema *schema, struct err *e)
{
	const struct snapshot *s = table_snapshot(t->table);
	bool changed;

	if (table_refresh(t->table, &changed, e) < 0)
		return -1;
	return s->version >= 0 && schema_equal(s->schema, schema) && schema_partition_equal(s->schema, schema) &&
			       t->share->holds(t->share, NULL, s->position) ? 0 : -1;
}

/* The first batch makes the table, if need be, and opens its index, if it has one. */
static int prepare(struct lake_table *t, struct schema *schema, struct err *e)
{
	enum commit_result result;

	/* it has cells of the key and of events, and the table's are of another type from here on */
	if (t->merge != NULL && !schema_keeps_types(merge_shape(t->merge)->schema, schema)) {
		merge_close(t->merge);
		t->merge = NULL;
	}
	if (t->merge != NULL || t->append != NULL)
		return 0;
	if (table_snapshot(t->table)->version < 0) {
		if (table_create(t->table, schema, t->source_name, NULL, &result, e) < 0)
			return -1;
		if (result == COMMIT_LOST && (t->share == NULL || adopt(t, schema, e) < 0))
			return err_set(e, ERR_CONFLICT, "somebody else made the table meanwhile");
	}
	(void)lake_table_follow(t); /* what the table had before must have ids before its rows are updated */
	if (schema->mode == MODE_MERGE) {
		if (merge_open(&t->merge, t->store, t->table, schema, t->index_path, t->share, e) < 0)
			return -1;
		if (schema->order_count > 0)
			lake_events_begin(t);
		merge_keep_row_ids(t->merge, t->face.options != NULL ? lake_face_lineage(&t->face) : table_lineage(t->table));
		return 0;
	}
	t->append = append_open(t->store, t->table, t->share);
	return 0;
}

static int stage_merge(struct lake_table *t, const struct batch *b, struct err *e)
{
	merge_set_schema(t->merge, b->schema);
	if (t->late != NULL)
		merge_keep_late(t->merge);
	if (merge_stage(t->merge, b, e) < 0)
		return -1;
	return t->late != NULL ? lake_events_keep_late(t, b, e) : 0;
}

int lake_table_follow(struct lake_table *t)
{
	return table_snapshot(t->table)->version >= 0 ? lake_face_up(&t->face, t->store, t->table) : 0;
}

int lake_table_follow_all(struct lake_table *t, struct err *e)
{
	struct lake_table *const beside[] = { t->tall, t->late };

	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
		if (beside[i] != NULL && lake_table_follow_all(beside[i], e) < 0)
			return -1;
	}
	if (lake_table_follow(t) == 0)
		return 0;
	*e = t->face.failure;
	return err_wrap(e, "table %s is committed, but its Iceberg metadata stays behind", t->name);
}

bool lake_table_is_behind(const struct lake_table *t, int64_t now_us)
{
	return t != NULL && ((table_snapshot(t->table)->version >= 0 && lake_face_is_due(&t->face, now_us)) ||
			     lake_table_is_behind(t->tall, now_us) || lake_table_is_behind(t->late, now_us));
}

static int work_whole(struct lake_table *t, const struct lake_work *work, bool *committed, struct merge_result *out,
		      struct err *e)
{
	int rc = prepare(t, work->batch->schema, e);

	if (rc == 0)
		rc = t->append != NULL ? append_stage(t->append, work->batch, e) : stage_merge(t, work->batch, e);
	if (rc == 0 && work->commits) {
		rc = t->append != NULL ? append_commit(t->append, work->batch, out, e) :
					 merge_commit(t->merge, work->batch, out, e);
		*committed = rc == 0;
		if (rc == 0) /* the table leads: whatever becomes of the other one, it is committed */
			(void)lake_table_follow(t);
	}
	return rc;
}

int lake_table_work(struct lake_table *t, const struct lake_work *work, bool *committed,
		    struct merge_result *out, struct err *e)
{
	struct lake_work put_together = { .commits = true }; /* a part, too: what comes next looks at what is committed */
	int rc;

	*committed = false;
	if (t->tall == NULL) {
		rc = work_whole(t, work, committed, out, e);
	} else {
		rc = prepare(t, work->shown, e);
		if (rc == 0)
			rc = lake_events_pivot(t, work, &put_together.batch, e);
		if (rc == 0)
			rc = work_whole(t, &put_together, committed, out, e);
		batch_free(put_together.batch);
		*committed = *committed && work->commits;
	}
	return rc < 0 ? err_wrap(e, "table %s", t->name) : 0;
}
