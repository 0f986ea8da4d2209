/* SPDX-License-Identifier: Apache-2.0 */
#include "merge/complete.h"

#include "base/memory.h"
#include "change/json_patch.h"
#include "merge/pick.h"

struct completion {
	const struct batch *batch;
	const struct fold *fold;
	struct columns base; /* present rows from the table */
	uint32_t *base_row;  /* per survivor: its row in `base`, or PICK_NONE */
};

static const uint8_t *present_of(const struct completion *c, const struct fold_change *change)
{
	return change->present == 0 ? NULL : c->batch->presences[change->present - 1].present;
}

static bool is_patch(const struct completion *c, const struct fold_change *change, uint32_t field)
{
	const uint8_t *patched =
		change->present == 0 ? NULL : c->batch->presences[change->present - 1].patched;

	return patched != NULL && field_present(patched, field);
}

/* The newest change at or before `at` that has a whole value or a patch of the field; FOLD_NONE: none. */
static uint32_t holder_of(const struct completion *c, uint32_t at, uint32_t field)
{
	for (; at != FOLD_NONE; at = fold_older(c->fold, at)) {
		const struct fold_change *change = &c->fold->changes[at];

		if (change->op == BATCH_UPSERT && field_present(present_of(c, change), field))
			return at;
	}
	return FOLD_NONE;
}

/* Whether the row's fields cannot all be had from the batch. */
static bool needs_base(const struct completion *c, uint32_t change)
{
	for (uint32_t field = 0; field < c->batch->schema->field_count; field++) {
		uint32_t at = holder_of(c, change, field);

		while (at != FOLD_NONE && is_patch(c, &c->fold->changes[at], field))
			at = holder_of(c, fold_older(c->fold, at), field);
		if (at == FOLD_NONE)
			return true;
	}
	return false;
}

/* Where the table has the rows of those survivors that need one. */
static void find_base(struct completion *c, struct key_index *index, const struct places *places,
		      const uint32_t *survivors, uint32_t count, struct row_place *base)
{
	struct key_hash *keys = memory_array(struct key_hash, count);
	uint32_t *asking = memory_array(uint32_t, count);
	struct row_place *found = memory_array(struct row_place, count);
	uint32_t asked = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t change = c->fold->last[survivors[i]];

		if (needs_base(c, change) && fold_base_key(c->fold, change, &keys[asked]))
			asking[asked++] = i;
	}
	key_index_find(index, keys, asked, found);
	for (uint32_t i = 0; i < asked; i++) {
		if (place_is_live(places, found[i]))
			base[asking[i]] = found[i];
	}
	memory_free(keys);
	memory_free(asking);
	memory_free(found);
}

static int read_base(struct completion *c, struct store *store, struct key_index *index,
		     const struct places *places, const uint32_t *survivors, uint32_t count,
		     struct err *e)
{
	struct row_place *base = memory_array(struct row_place, count);
	int rc;

	find_base(c, index, places, survivors, count, base);
	rc = pick_rows(&c->base, c->base_row, store, places->table, index, c->batch->schema, base, count, e);
	memory_free(base);
	return rc;
}

static int no_value(const struct completion *c, uint32_t field, struct err *e)
{
	return err_set(e, ERR_DATA,
		       "a partial row image lacks column \"%s\" and the lake table has no row of "
		       "that key to complete it from: they have diverged; copy the table again",
		       c->batch->schema->fields[field].name);
}

/* The field's value before `change`, older changes included, as text appended to `out`; 1: it is NULL. */
static int old_text(const struct completion *c, uint32_t change, uint32_t field, uint32_t base_row,
		    struct buffer *out, struct err *e)
{
	uint32_t at = holder_of(c, fold_older(c->fold, change), field);
	const struct column *cells = at != FOLD_NONE ? &c->batch->after.columns[field] :
						       &c->base.columns[field];
	uint32_t row = at != FOLD_NONE ? c->fold->changes[at].row : base_row;
	struct buffer older = { 0 };
	int rc;

	if (row == PICK_NONE)
		return no_value(c, field, e);
	if (column_is_null(cells, row))
		return 1;
	if (at == FOLD_NONE || !is_patch(c, &c->fold->changes[at], field)) {
		buffer_bytes_append(out, column_bytes(cells, row));
		return 0;
	}
	rc = old_text(c, at, field, base_row, &older, e);
	if (rc == 0)
		rc = json_patch_apply(out, buffer_bytes(&older), column_bytes(cells, row), e);
	buffer_release(&older);
	return rc;
}

static int append_patched(const struct completion *c, struct column *to, uint32_t change, uint32_t field,
			  uint32_t base_row, struct err *e)
{
	const struct column *patches = &c->batch->after.columns[field];
	struct buffer old = { 0 }, new = { 0 };
	int rc = old_text(c, change, field, base_row, &old, e);

	if (rc == 0)
		rc = json_patch_apply(&new, buffer_bytes(&old),
				      column_bytes(patches, c->fold->changes[change].row), e);
	if (rc == 0)
		column_add_bytes(to, new.data, (uint32_t)new.size);
	else if (rc > 0)
		column_set_null(to);
	buffer_release(&old);
	buffer_release(&new);
	return rc < 0 ? err_wrap(e, "column \"%s\"", c->batch->schema->fields[field].name) : 0;
}

static bool makes_row(const struct completion *c, uint32_t change)
{
	uint32_t present = c->fold->changes[change].present;

	return present != 0 && c->batch->presences[present - 1].is_upsert;
}

static int append_cell(const struct completion *c, struct column *to, uint32_t change, uint32_t field,
		       uint32_t base_row, struct err *e)
{
	uint32_t at = holder_of(c, change, field);

	if (at == FOLD_NONE && base_row == PICK_NONE && makes_row(c, change) && c->batch->schema->fields[field].is_nullable)
		column_set_null(to);
	else if (at == FOLD_NONE && base_row == PICK_NONE)
		return no_value(c, field, e);
	else if (at == FOLD_NONE)
		column_append_range(to, &c->base.columns[field], base_row, 1);
	else if (is_patch(c, &c->fold->changes[at], field))
		return append_patched(c, to, at, field, base_row, e);
	else
		column_append_range(to, &c->batch->after.columns[field], c->fold->changes[at].row, 1);
	return 0;
}

int complete_rows(struct columns *out, struct store *store, struct key_index *index,
		  const struct places *places, const struct batch *b, const struct fold *fold,
		  const uint32_t *survivors, uint32_t count, struct err *e)
{
	struct completion c = { .batch = b, .fold = fold };
	int rc;

	columns_init(out, b->schema);
	columns_init(&c.base, b->schema);
	c.base_row = memory_array(uint32_t, count);
	rc = read_base(&c, store, index, places, survivors, count, e);
	for (uint32_t field = 0; field < b->schema->field_count && rc == 0; field++) {
		for (uint32_t i = 0; i < count && rc == 0; i++)
			rc = append_cell(&c, &out->columns[field], fold->last[survivors[i]], field,
					 c.base_row[i], e);
	}
	if (rc == 0)
		out->row_count = count;
	columns_release(&c.base);
	memory_free(c.base_row);
	return rc;
}

static bool is_overtaken(const struct completion *c, uint32_t change)
{
	uint32_t present = c->fold->changes[change].present;

	return present != 0 && c->batch->presences[present - 1].is_overtaken;
}

/* Whether the row came by an overtaken update from another key. */
static bool has_overtaken_move(const struct completion *c, uint32_t at)
{
	for (; at != FOLD_NONE; at = fold_older(c->fold, at)) {
		if (c->fold->changes[at].moved != FOLD_NONE && is_overtaken(c, at))
			return true;
	}
	return false;
}

int complete_overtaken(struct fold *fold, const struct batch *b, const struct row_place *places,
		       struct err *e)
{
	struct completion c = { .batch = b, .fold = fold };

	for (uint32_t i = 0; i < fold->last_count; i++) {
		uint32_t last = fold->last[i];

		if (fold->changes[last].op != BATCH_UPSERT || !needs_base(&c, last))
			continue;
		if (has_overtaken_move(&c, last))
			return err_set(e, ERR_CONFIG,
				       "a row's key was changed while the table was copied in chunks, by a session "
				       "whose binlog_row_image is not FULL: the row's other columns cannot be "
				       "told; let the applications use FULL, move the lake table away and run "
				       "again to copy it anew");
		if (is_overtaken(&c, last) && places[i].file == 0)
			fold->changes[last].op = BATCH_DELETE;
	}
	return 0;
}
