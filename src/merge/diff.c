/* SPDX-License-Identifier: Apache-2.0 */
#include "merge/diff.h"

#include <inttypes.h>

#include "base/memory.h"
#include "merge/data_file.h"
#include "merge/fold.h"
#include "merge/key_hash.h"

#define BLOCK_ROWS 8192u
#define NONE	   UINT32_MAX

/* Rows of a file that one version alone has. */
struct part {
	const struct data_file *file;
	struct row_set *rows; /* these; NULL: all that are not in `dead` */
	struct row_set *dead;
};

struct side {
	const struct diff_version *version;
	struct schema *schema;
	struct key_shape shape;
	struct part *parts;
	uint32_t part_count;

	/* of the keys at hand: */
	struct columns rows;
	struct key_hash *keys; /* of each */
	uint32_t key_capacity;
	struct columns block; /* rows as they are read */
	struct key_hash *block_keys;
};

struct diffing {
	struct side from, to;
	size_t bytes_max;
	diff_take *take;
	void *context;
};

/* --- which rows ------------------------------------------------------------------------------- */

static void add_part(struct side *s, const struct data_file *file, struct row_set *rows, struct row_set *dead)
{
	s->parts = memory_grow(s->parts, struct part, s->part_count + 1);
	s->parts[s->part_count++] = (struct part){ file, rows, dead };
}

/* A file of both: the rows that are dead in the other version only. */
static int add_shared(struct side *s, const struct data_file *file, struct row_set *dead, struct table *other, uint32_t slot,
		      struct err *e)
{
	struct row_set *theirs = NULL;
	int rc = table_read_dv(other, slot, &theirs, e);

	if (rc == 0 && !row_set_contains(dead, theirs)) {
		row_set_subtract(theirs, dead);
		add_part(s, file, theirs, NULL);
		theirs = NULL;
	}
	row_set_free(theirs);
	row_set_free(dead);
	return rc;
}

static int find_parts(struct side *s, struct table *other, struct err *e)
{
	const struct snapshot *v = table_snapshot(s->version->table);

	for (uint32_t i = 0; i < v->file_count; i++) {
		int64_t slot = table_find_file(other, v->files[i].path);
		struct row_set *dead = NULL;

		if (table_read_dv(s->version->table, i, &dead, e) < 0)
			return err_wrap(e, "data file %s", v->files[i].path);
		if (slot < 0)
			add_part(s, &v->files[i], NULL, dead);
		else if (add_shared(s, &v->files[i], dead, other, (uint32_t)slot, e) < 0)
			return err_wrap(e, "data file %s", v->files[i].path);
	}
	return 0;
}

static void side_init(struct side *s, const struct diff_version *v)
{
	*s = (struct side){ .version = v, .schema = table_snapshot(v->table)->schema };
	key_shape_init(&s->shape, s->schema);
	columns_init(&s->rows, s->schema);
	columns_init(&s->block, s->schema);
	s->block_keys = memory_array(struct key_hash, BLOCK_ROWS);
}

static void side_release(struct side *s)
{
	for (uint32_t i = 0; i < s->part_count; i++) {
		row_set_free(s->parts[i].rows);
		row_set_free(s->parts[i].dead);
	}
	memory_free(s->parts);
	columns_release(&s->rows);
	columns_release(&s->block);
	memory_free(s->keys);
	memory_free(s->block_keys);
}

/* --- reading them ----------------------------------------------------------------------------- */

static void keep_row(struct side *s, uint32_t row, struct key_hash key)
{
	for (uint32_t i = 0; i < s->rows.column_count; i++)
		column_append_range(&s->rows.columns[i], &s->block.columns[i], row, 1);
	if (s->rows.row_count == s->key_capacity) {
		s->key_capacity = s->key_capacity > 0 ? s->key_capacity * 2 : BLOCK_ROWS;
		s->keys = memory_grow(s->keys, struct key_hash, s->key_capacity);
	}
	s->keys[s->rows.row_count] = key;
	columns_end_row(&s->rows);
}

/* The block's rows whose keys, spread, are in this range; the block is the file's from `first` on, without `dead` (NULL: none of them is). */
static void keep_block(struct side *s, const struct row_set *dead, uint32_t first, uint64_t low, uint64_t high)
{
	key_hash_rows(&s->shape, &s->block, 0, s->block.row_count, s->block_keys);
	for (uint32_t i = 0; i < s->block.row_count; i++) {
		uint64_t at = key_hash_spread(s->block_keys[i]);

		if (at >= low && at <= high && (dead == NULL || !row_set_has(dead, first + i)))
			keep_row(s, i, s->block_keys[i]);
	}
	columns_clear(&s->block);
}

static bool is_too_much(const struct side *s, size_t bytes_max)
{
	return columns_bytes(&s->rows) + (size_t)s->rows.row_count * sizeof(*s->keys) > bytes_max;
}

/* 1: they are more than `bytes_max`. */
static int read_whole(struct side *s, struct data_file_reader *r, const struct row_set *dead, uint64_t low, uint64_t high,
		      size_t bytes_max, struct err *e)
{
	uint32_t first = 0, count;
	int rc;

	while ((rc = data_file_next(r, BLOCK_ROWS, &s->block, e)) == 0) {
		count = s->block.row_count;
		keep_block(s, dead, first, low, high);
		first += count;
		if (is_too_much(s, bytes_max))
			return 1;
	}
	return rc < 0 ? -1 : 0;
}

static int read_picked(struct side *s, struct data_file_reader *r, const struct row_set *wanted, uint64_t low, uint64_t high,
		       size_t bytes_max, struct err *e)
{
	uint32_t count = (uint32_t)row_set_count(wanted), *rows = memory_array(uint32_t, count);
	int rc = 0;

	row_set_rows(wanted, rows);
	for (uint32_t first = 0; first < count && rc == 0; first += BLOCK_ROWS) {
		uint32_t left = count - first;

		rc = data_file_pick(r, rows + first, left < BLOCK_ROWS ? left : BLOCK_ROWS, &s->block, e);
		if (rc == 0) {
			keep_block(s, NULL, 0, low, high);
			rc = is_too_much(s, bytes_max);
		}
	}
	memory_free(rows);
	return rc;
}

static int read_part(struct side *s, const struct part *p, uint64_t low, uint64_t high, size_t bytes_max, struct err *e)
{
	struct data_file_reader *reader = NULL;
	int rc = data_file_open(&reader, s->version->store, p->file, s->schema, e);

	columns_clear(&s->block);
	if (rc == 0)
		rc = p->rows == NULL ? read_whole(s, reader, p->dead, low, high, bytes_max, e) :
				       read_picked(s, reader, p->rows, low, high, bytes_max, e);
	data_file_close(reader);
	return rc < 0 ? err_wrap(e, "data file %s", p->file->path) : rc;
}

static int read_side(struct side *s, uint64_t low, uint64_t high, size_t bytes_max, struct err *e)
{
	int rc = 0;

	columns_clear(&s->rows);
	for (uint32_t i = 0; i < s->part_count && rc == 0; i++)
		rc = read_part(s, &s->parts[i], low, high, bytes_max, e);
	return rc;
}

/* --- joining them ----------------------------------------------------------------------------- */

/* The older rows' columns as the newer version has them, by its fields. */
struct newer {
	const struct column **columns; /* NULL: there was no such column */
	struct column *wider;          /* those whose type was another one */
	uint32_t count;
};

static void newer_init(struct newer *n, const struct diffing *d)
{
	const struct schema *schema = d->to.schema;

	*n = (struct newer){ memory_array(const struct column *, schema->field_count), memory_array(struct column, schema->field_count),
			     schema->field_count };
	for (uint32_t i = 0; i < n->count; i++) {
		int at = schema_find(d->from.schema, schema->fields[i].name);

		n->wider[i].storage = field_storage(&schema->fields[i]);
		if (at < 0)
			continue;
		n->columns[i] = &d->from.rows.columns[at];
		if (n->columns[i]->storage == n->wider[i].storage)
			continue;
		column_append_wider(&n->wider[i], n->columns[i]);
		n->columns[i] = &n->wider[i];
	}
}

static void newer_release(struct newer *n)
{
	struct columns all = { n->wider, n->count, 0 };

	columns_release(&all);
	memory_free(n->columns);
}

static bool is_moved(const struct diffing *d, const struct newer *n, uint32_t before, uint32_t after)
{
	for (uint32_t i = 0; i < n->count; i++) {
		const struct column *c = &d->to.rows.columns[i];

		if (n->columns[i] == NULL ? !column_is_null(c, after) : !column_cell_equal(n->columns[i], before, c, after))
			return false;
	}
	return true;
}

static int hand_on(const struct diffing *d, uint32_t before, uint32_t after, struct err *e)
{
	const struct diff_row row = {
		.before_schema = d->from.schema,
		.after_schema = d->to.schema,
		.before = before != NONE ? &d->from.rows : NULL,
		.after = after != NONE ? &d->to.rows : NULL,
		.before_row = before,
		.after_row = after,
	};

	return d->take(d->context, &row, e);
}

/* The older row of each newer one, and the older ones that have none, chained by `next` from `first` of each key's number. */
struct pairs {
	uint32_t *number; /* of each older row, then of each newer one: its key's */
	uint32_t *first, *next;
};

static void pairs_init(struct pairs *p, const struct diffing *d)
{
	uint32_t gone = d->from.rows.row_count, came = d->to.rows.row_count, keys;
	struct key_hash *all = memory_array(struct key_hash, (size_t)gone + came);

	if (gone > 0)
		memcpy(all, d->from.keys, gone * sizeof(*all));
	if (came > 0)
		memcpy(all + gone, d->to.keys, came * sizeof(*all));
	p->number = memory_array(uint32_t, (size_t)gone + came);
	keys = fold_numbers(all, gone + came, p->number);
	p->first = memory_array(uint32_t, keys);
	p->next = memory_array(uint32_t, gone);
	memset(p->first, 0xff, (size_t)keys * sizeof(*p->first));
	for (uint32_t i = gone; i-- > 0;) {
		p->next[i] = p->first[p->number[i]];
		p->first[p->number[i]] = i;
	}
	memory_free(all);
}

static void pairs_release(struct pairs *p)
{
	memory_free(p->number);
	memory_free(p->first);
	memory_free(p->next);
}

static int join(const struct diffing *d, struct err *e)
{
	uint32_t gone = d->from.rows.row_count;
	struct newer newer;
	struct pairs p;
	int rc = 0;

	newer_init(&newer, d);
	pairs_init(&p, d);
	for (uint32_t i = 0; i < d->to.rows.row_count && rc == 0; i++) {
		uint32_t *first = &p.first[p.number[gone + i]], before = *first;

		if (before != NONE)
			*first = p.next[before];
		if (before == NONE || !is_moved(d, &newer, before, i))
			rc = hand_on(d, before, i, e);
	}
	for (uint32_t i = 0; i < gone && rc == 0; i++) {
		if (p.first[p.number[i]] != i)
			continue;
		p.first[p.number[i]] = p.next[i];
		rc = hand_on(d, i, NONE, e);
	}
	pairs_release(&p);
	newer_release(&newer);
	return rc;
}

/* The changes of the keys of this range; of each half of it, when they are too many. */
static int diff_range(struct diffing *d, uint64_t low, uint64_t high, struct err *e)
{
	size_t bytes_max = low < high ? d->bytes_max : SIZE_MAX;
	int rc = read_side(&d->from, low, high, bytes_max / 2, e);

	if (rc == 0)
		rc = read_side(&d->to, low, high, bytes_max / 2, e);
	if (rc == 1) {
		uint64_t middle = low + (high - low) / 2;

		rc = diff_range(d, low, middle, e);
		return rc == 0 ? diff_range(d, middle + 1, high, e) : rc;
	}
	return rc == 0 ? join(d, e) : -1;
}

static int check_same(const struct diff_version *from, const struct diff_version *to, struct err *e)
{
	const struct snapshot *a = table_snapshot(from->table), *b = table_snapshot(to->table);
	bool has_key = a->schema->key_count == b->schema->key_count;

	if (a->version > b->version)
		return err_set(e, ERR_CONFIG, "version %" PRId64 " is newer than version %" PRId64 ": give the older one first",
			       a->version, b->version);
	if (strcmp(a->table_id, b->table_id) != 0)
		return err_set(e, ERR_CONFIG, "the versions are of different tables");
	for (uint32_t i = 0; has_key && i < a->schema->key_count; i++)
		has_key = strcmp(a->schema->fields[a->schema->key[i]].name, b->schema->fields[b->schema->key[i]].name) == 0;
	if (!has_key)
		return err_set(e, ERR_CONFIG, "the key's columns of version %" PRId64 " are others than those of version %" PRId64
			       ": what became of a row cannot be told", a->version, b->version);
	return 0;
}

int diff_versions(const struct diff_version *from, const struct diff_version *to, size_t bytes_max, diff_take *take,
		  void *context, struct err *e)
{
	struct diffing d = { .bytes_max = bytes_max, .take = take, .context = context };
	int rc;

	if (check_same(from, to, e) < 0)
		return -1;
	side_init(&d.from, from);
	side_init(&d.to, to);
	rc = find_parts(&d.from, to->table, e);
	if (rc == 0)
		rc = find_parts(&d.to, from->table, e);
	if (rc == 0)
		rc = diff_range(&d, 0, UINT64_MAX, e);
	side_release(&d.from);
	side_release(&d.to);
	return rc < 0 ? -1 : 0;
}
