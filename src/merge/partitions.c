/* SPDX-License-Identifier: Apache-2.0 */
#include "merge/partitions.h"

#include <string.h>
#include <xxhash.h>

#include "base/memory.h"
#include "merge/data_file.h"

/* The hashes of the partition columns' cells, of all rows: equal ones count as equal, as with keys. */
static struct key_hash *hash_rows(const struct schema *s, const struct columns *columns)
{
	struct key_hash *hashes = memory_array(struct key_hash, columns->row_count);
	uint32_t *fields = memory_array(uint32_t, s->partition_count);
	struct schema keyed = *s;
	struct key_shape shape;

	for (uint32_t i = 0; i < s->partition_count; i++)
		fields[i] = s->partition[i].field;
	keyed.key = fields;
	keyed.key_count = s->partition_count;
	key_shape_init(&shape, &keyed);
	key_hash_rows(&shape, columns, 0, columns->row_count, hashes);
	memory_free(fields);
	return hashes;
}

/* The hashes of the tuples. */
static struct key_hash *hash_tuples(const struct table *t, const struct schema *s, const struct columns *columns)
{
	struct key_hash *hashes = memory_array(struct key_hash, columns->row_count);
	struct buffer tuple = { 0 };

	for (uint32_t row = 0; row < columns->row_count; row++) {
		XXH128_hash_t h;

		buffer_clear(&tuple);
		t->ops->tuple_of_row(t, s, columns, row, &tuple);
		h = XXH3_128bits(tuple.data, tuple.size);
		hashes[row] = (struct key_hash){ h.low64, h.high64 };
	}
	buffer_release(&tuple);
	return hashes;
}

struct grouping {
	const struct key_hash *hashes;
	uint32_t *cells; /* open addressing: partition + 1, 0 is free */
	uint32_t cell_mask;
};

/* The row's partition; a new one is appended. */
static uint32_t find_partition(struct partitions *p, const struct grouping *g, uint32_t row)
{
	const struct key_hash *hash = &g->hashes[row];
	uint64_t mixed = (hash->low ^ hash->high) * 0x9e3779b97f4a7c15u;

	for (uint32_t at = (uint32_t)(mixed >> 32) & g->cell_mask;; at = (at + 1) & g->cell_mask) {
		const struct key_hash *other;

		if (g->cells[at] == 0) {
			g->cells[at] = p->count + 1;
			if ((p->count & (p->count - 1)) == 0)
				p->list = memory_grow(p->list, struct partition, p->count > 0 ? p->count * 2 : 1);
			p->list[p->count] = (struct partition){ .sample = row };
			return p->count++;
		}
		other = &g->hashes[p->list[g->cells[at] - 1].sample];
		if (other->low == hash->low && other->high == hash->high)
			return g->cells[at] - 1;
	}
}

/* Takes over the hashes. */
static void sort_rows(struct partitions *p, struct key_hash *hashes, const uint32_t *rows, uint32_t count)
{
	uint32_t *of = memory_array(uint32_t, count), *next;
	struct grouping g = { .hashes = hashes, .cell_mask = 63 };

	while (g.cell_mask / 2 < count)
		g.cell_mask = g.cell_mask * 2 + 1;
	g.cells = memory_array(uint32_t, (size_t)g.cell_mask + 1);
	for (uint32_t i = 0; i < count; i++) {
		of[i] = find_partition(p, &g, rows != NULL ? rows[i] : i);
		p->list[of[i]].count++;
	}
	next = memory_array(uint32_t, p->count);
	for (uint32_t i = 1; i < p->count; i++)
		p->list[i].first = next[i] = p->list[i - 1].first + p->list[i - 1].count;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = next[of[i]]++;

		p->order[at] = i;
		p->rows[at] = rows != NULL ? rows[i] : i;
	}
	memory_free(next);
	memory_free(g.cells);
	memory_free(of);
	memory_free(hashes);
}

/* The texts of a partition's values, one behind another with a NUL between. */
static int name_partition(struct partition *p, const struct schema *s, const struct columns *columns,
			  struct buffer *texts, struct text_pair *pairs, struct err *e)
{
	const struct text_map values = { pairs, s->partition_count };
	const char *at;

	buffer_clear(texts);
	for (uint32_t i = 0; i < s->partition_count; i++) {
		uint32_t field = s->partition[i].field;
		size_t before = texts->size;

		if (!column_is_null(&columns->columns[field], p->sample))
			partition_text(texts, &s->fields[field], &columns->columns[field], p->sample);
		if (texts->size > before && memchr(texts->data + before, 0, texts->size - before) != NULL)
			return err_set(e, ERR_DATA, "a row has a zero byte in column \"%s\", by which the table is "
				       "partitioned: no log entry can hold it; move the lake table away and run again "
				       "without that column in --partition-by", s->fields[field].name);
		buffer_char(texts, 0);
	}
	at = buffer_string(texts);
	for (uint32_t i = 0; i < s->partition_count; i++, at += strlen(at) + 1) {
		bool is_null = column_is_null(&columns->columns[s->partition[i].field], p->sample);

		pairs[i] = (struct text_pair){ s->partition[i].name, is_null ? NULL : at };
	}
	p->values = text_map_keep(&values);
	return 0;
}

int partitions_split(struct partitions *out, const struct table *t, const struct schema *s, const struct columns *columns,
		     const uint32_t *rows, uint32_t count, struct err *e)
{
	struct text_pair *pairs = memory_array(struct text_pair, s->partition_count);
	bool has_tuples = t->ops->tuple_of_row != NULL;
	struct buffer texts = { 0 };
	int rc = 0;

	*out = (struct partitions){ .columns = columns };
	if (s->partition_count > 0) {
		out->order = memory_array(uint32_t, count);
		out->rows = memory_array(uint32_t, count);
		sort_rows(out, has_tuples ? hash_tuples(t, s, columns) : hash_rows(s, columns), rows, count);
		for (uint32_t i = 0; rc == 0 && i < out->count; i++) {
			if (has_tuples)
				t->ops->tuple_of_row(t, s, columns, out->list[i].sample, &out->list[i].tuple);
			else
				rc = name_partition(&out->list[i], s, columns, &texts, pairs, e);
		}
	} else {
		out->list = memory_new(struct partition);
		out->list[0].count = count;
		out->count = count > 0;
		out->whole = rows;
	}
	buffer_release(&texts);
	memory_free(pairs);
	return rc;
}

void partitions_release(struct partitions *p)
{
	for (uint32_t i = 0; i < p->count; i++) {
		memory_free(p->list[i].values.pairs);
		buffer_release(&p->list[i].tuple);
	}
	memory_free(p->list);
	memory_free(p->order);
	memory_free(p->rows);
}

/* Those of the partition's rows; the caller's. */
static int64_t *pick_ids(const struct partitions *p, const struct partition *part, const int64_t *ids)
{
	int64_t *picked = memory_array(int64_t, part->count);

	for (uint32_t i = 0; i < part->count; i++)
		picked[i] = ids[p->order != NULL ? p->order[part->first + i] : i];
	return picked;
}

int partition_write(struct data_file *out, struct partitions *p, uint32_t number, const int64_t *ids,
		    struct store *store, struct schema *schema, struct err *e)
{
	struct partition *part = &p->list[number];
	const uint32_t *rows = p->rows != NULL ? p->rows + part->first : p->whole;
	int64_t *picked = ids != NULL ? pick_ids(p, part, ids) : NULL;
	int rc = data_file_write(out, store, schema, p->columns, rows, picked, part->count, e);

	memory_free(picked);
	if (rc < 0)
		return -1;
	out->partition = part->values;
	out->tuple = part->tuple;
	part->values = (struct text_map){ 0 };
	part->tuple = (struct buffer){ 0 };
	return 0;
}
