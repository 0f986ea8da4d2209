/* SPDX-License-Identifier: Apache-2.0 */
/* Records of any writer's schema, read into the members of a table. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "table/iceberg/record.h"
#include "table/iceberg/record_member.h"

#define LIST_ITEMS_MAX 100000u
#define NEVER_NULL     UINT32_MAX

/* One field of the file's record. */
struct step {
	const struct avro_field *field;
	const struct record_member *member; /* NULL: of a tuple, or stepped over */
	const struct avro_type *type;	    /* of a value that is not null */
	uint32_t null_branch, value_branch; /* of its union; NEVER_NULL: it is none */
	uint32_t slot;			    /* in the tuple */
	bool is_skipped;
	struct record_plan *inner; /* RECORD, RECORDS, TUPLE */
};

struct record_plan {
	struct record_table table;
	struct step *steps;
	uint32_t step_count;
	uint32_t slot_count;	/* of a tuple */
	const uint32_t *zeroes; /* members that are 0 because the schema lacks them */
	uint32_t zero_count;
};

struct getting {
	struct reader *r;
	const struct step *step; /* the innermost one, when `wrong` was set */
	const char *wrong;
};

struct binding {
	const struct iceberg_tuple *partition;
	struct arena *arena;
	struct err *e;
};

static const uint32_t kinds_allowed[MEMBER_KINDS] = {
	[MEMBER_BOOL] = 1u << AVRO_BOOLEAN,
	[MEMBER_INT] = 1u << AVRO_INT | 1u << AVRO_LONG,
	[MEMBER_LONG] = 1u << AVRO_INT | 1u << AVRO_LONG,
	[MEMBER_TEXT] = 1u << AVRO_STRING,
	[MEMBER_BYTES] = 1u << AVRO_BYTES,
	[MEMBER_INTS] = 1u << AVRO_ARRAY,
	[MEMBER_LONGS] = 1u << AVRO_ARRAY,
	[MEMBER_RECORD] = 1u << AVRO_RECORD,
	[MEMBER_RECORDS] = 1u << AVRO_ARRAY,
	[MEMBER_TUPLE] = 1u << AVRO_RECORD,
};

/*
 * A union of null and one more is that one; any other keeps its kind, which no member
 * allows.
 */
static void look_through_union(struct step *s)
{
	const struct avro_type *t = s->field->type;

	s->type = t;
	s->null_branch = s->value_branch = NEVER_NULL;
	if (t->kind != AVRO_UNION || t->field_count != 2)
		return;
	for (uint32_t i = 0; i < 2; i++) {
		if (t->fields[i].type->kind == AVRO_NULL) {
			s->null_branch = i;
			s->value_branch = 1 - i;
			s->type = t->fields[1 - i].type;
		}
	}
}

static int refuse_type(struct binding *b, const struct step *s, const struct avro_type *t)
{
	return err_set(b->e, ERR_DATA,
		       "its field %d \"%.60s\" has the unexpected type \"%s\"",
		       s->field->id, s->field->name, avro_kind_name(t->kind));
}

static int bind_tuple(struct binding *b, struct step *outer)
{
	const struct avro_type *t = outer->type;
	struct record_plan *p = arena_new(b->arena, struct record_plan, 1);
	const struct iceberg_tuple *partition = b->partition;

	p->steps = arena_new(b->arena, struct step, t->field_count);
	p->step_count = t->field_count;
	p->slot_count = partition != NULL ? partition->count : t->field_count;
	for (uint32_t i = 0; i < t->field_count; i++) {
		struct step *s = &p->steps[i];

		s->field = &t->fields[i];
		s->slot = i;
		look_through_union(s);
		s->is_skipped = partition != NULL;
		for (uint32_t k = 0; partition != NULL && k < partition->count; k++) {
			if (partition->fields[k].id == s->field->id) {
				s->slot = k;
				s->is_skipped = false;
			}
		}
		if (!s->is_skipped && !tuple_can_read(s->type))
			return refuse_type(b, s, s->type);
	}
	outer->inner = p;
	return 0;
}

static int bind_record(struct binding *b, struct record_plan **out,
		       const struct record_table *t, const struct avro_type *type);

static int bind_member(struct binding *b, struct step *s)
{
	const struct record_member *m = s->member;
	const struct avro_type *items = s->type->items;

	if ((kinds_allowed[m->kind] & 1u << s->type->kind) == 0)
		return refuse_type(b, s, s->type);
	switch (m->kind) {
	case MEMBER_INTS:
	case MEMBER_LONGS:
		if (items->kind != AVRO_INT && items->kind != AVRO_LONG)
			return refuse_type(b, s, items);
		return 0;
	case MEMBER_RECORDS:
		if (items->kind != AVRO_RECORD)
			return refuse_type(b, s, items);
		return bind_record(b, &s->inner, &m->inner, items);
	case MEMBER_RECORD:
		return bind_record(b, &s->inner, &m->inner, s->type);
	case MEMBER_TUPLE:
		return bind_tuple(b, s);
	default:
		return 0;
	}
}

static const struct record_member *find_member(const struct record_table *t, int32_t id)
{
	for (uint32_t i = 0; i < t->count; i++) {
		if (t->members[i].id == id)
			return &t->members[i];
	}
	return NULL;
}

static int note_absent(struct binding *b, struct record_plan *p, const bool *is_there)
{
	uint32_t *zeroes = arena_new(b->arena, uint32_t, p->table.count);

	for (uint32_t i = 0; i < p->table.count; i++) {
		const struct record_member *m = &p->table.members[i];

		if (is_there[i])
			continue;
		if (m->flags & MEMBER_ZERO)
			zeroes[p->zero_count++] = i;
		else if ((m->flags & (MEMBER_OPTIONAL | MEMBER_LENIENT)) == 0)
			return err_set(b->e, ERR_DATA,
				       "its schema has no field %d \"%s\"", m->id,
				       m->name);
	}
	p->zeroes = zeroes;
	return 0;
}

static int bind_record(struct binding *b, struct record_plan **out,
		       const struct record_table *t, const struct avro_type *type)
{
	struct record_plan *p = arena_new(b->arena, struct record_plan, 1);
	bool *is_there = arena_new(b->arena, bool, t->count);

	p->table = *t;
	p->steps = arena_new(b->arena, struct step, type->field_count);
	p->step_count = type->field_count;
	for (uint32_t i = 0; i < type->field_count; i++) {
		struct step *s = &p->steps[i];

		s->field = &type->fields[i];
		look_through_union(s);
		s->member = find_member(t, s->field->id);
		s->is_skipped = s->member == NULL;
		if (s->is_skipped)
			continue;
		if (is_there[s->member - t->members])
			return err_set(b->e, ERR_DATA, "its schema has two fields %d",
				       s->field->id);
		is_there[s->member - t->members] = true;
		if (bind_member(b, s) < 0)
			return -1;
	}
	*out = p;
	return note_absent(b, p, is_there);
}

int record_bind(struct record_plan **out, const struct record_table *t,
		const struct iceberg_tuple *partition, const struct avro_type *type,
		struct arena *arena, struct err *e)
{
	struct binding b = { partition, arena, e };

	return bind_record(&b, out, t, type);
}

static void fail(struct getting *g, const struct step *s, const char *wrong)
{
	if (g->wrong == NULL) {
		g->wrong = wrong;
		g->step = s;
	}
	g->r->short_read = true;
}

static int64_t get_number(struct getting *g, const struct step *s)
{
	int64_t v = avro_read_long(g->r);

	if (v < 0 && (s->member->flags & MEMBER_ANY) == 0 &&
	    (v != -1 || (s->member->flags & (MEMBER_OPTIONAL | MEMBER_LENIENT)) == 0))
		fail(g, s, "is negative");
	return v;
}

static int32_t get_int(struct getting *g, const struct step *s)
{
	int64_t v = get_number(g, s);

	if (v < INT32_MIN || v > INT32_MAX)
		fail(g, s, "is no 32-bit number");
	return (int32_t)v;
}

static char *get_text(struct getting *g, const struct step *s)
{
	struct bytes b = avro_read_bytes(g->r);

	if (memchr(b.data, 0, b.size) != NULL || !text_is_utf8(b)) {
		fail(g, s, "is no text");
		return NULL;
	}
	return memory_copy(b.data, b.size);
}

static void get_bytes(struct getting *g, struct buffer *out)
{
	buffer_reserve(out, 1); /* empty bytes are not null */
	buffer_bytes_append(out, avro_read_bytes(g->r));
}

static void get_object(struct getting *g, const struct record_plan *p, void *object);

static int compare_ids(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return (x > y) - (x < y);
}

static void get_records(struct getting *g, const struct step *s, struct record_list *list,
			uint64_t more)
{
	const struct record_member *m = s->member;
	bool is_sorted = true;

	list->items = memory_grow(list->items, char, (list->count + more) * m->size);
	for (; more > 0 && !g->r->short_read; more--) {
		char *at = (char *)list->items + list->count++ * m->size;

		record_init(&m->inner, at);
		get_object(g, s->inner, at);
		if ((m->flags & MEMBER_MAP) && list->count > 1)
			is_sorted = is_sorted && compare_ids(at - m->size, at) < 0;
	}
	if (!is_sorted)
		qsort(list->items, list->count, m->size, compare_ids);
}

static void get_numbers(struct getting *g, const struct step *s, struct record_list *list,
			uint64_t more)
{
	size_t size = s->member->kind == MEMBER_INTS ? sizeof(int32_t) : sizeof(int64_t);

	list->items = memory_grow(list->items, char, (list->count + more) * size);
	for (; more > 0 && !g->r->short_read; more--, list->count++) {
		if (s->member->kind == MEMBER_INTS)
			((int32_t *)list->items)[list->count] = get_int(g, s);
		else
			((int64_t *)list->items)[list->count] = get_number(g, s);
	}
}

static void get_list(struct getting *g, const struct step *s, struct record_list *list)
{
	uint64_t more;

	while ((more = avro_read_count(g->r)) > 0) {
		if (more > LIST_ITEMS_MAX - list->count) {
			fail(g, s, "has too many items");
			return;
		}
		if (s->member->kind == MEMBER_RECORDS)
			get_records(g, s, list, more);
		else
			get_numbers(g, s, list, more);
	}
}

/* Whether a value follows; a null has been read. */
static bool has_value(struct getting *g, const struct step *s)
{
	int64_t branch;

	if (s->null_branch == NEVER_NULL)
		return true;
	branch = avro_read_long(g->r);
	if (branch != s->null_branch && branch != s->value_branch)
		fail(g, s, "has an unknown branch");
	return branch == s->value_branch && !g->r->short_read;
}

static void get_tuple(struct getting *g, const struct record_plan *p,
		      struct iceberg_values *values)
{
	values->items = memory_array(struct iceberg_value, p->slot_count);
	values->count = p->slot_count;
	for (uint32_t i = 0; i < p->slot_count; i++)
		values->items[i].is_null = true;
	for (uint32_t i = 0; i < p->step_count && !g->r->short_read; i++) {
		const struct step *s = &p->steps[i];

		if (s->is_skipped) {
			avro_skip(g->r, s->field->type);
		} else if (has_value(g, s)) {
			buffer_clear(&values->items[s->slot].bytes);
			tuple_read(&values->items[s->slot].bytes, g->r, s->type);
			values->items[s->slot].is_null = false;
		}
		if (g->r->short_read)
			fail(g, s, "is malformed or cut off");
	}
}

static void get_member(struct getting *g, const struct step *s, void *object)
{
	void *at = member_at(s->member, object);

	switch (s->member->kind) {
	case MEMBER_BOOL:
		*(int8_t *)at = reader_u8(g->r) != 0;
		return;
	case MEMBER_INT:
		*(int32_t *)at = get_int(g, s);
		return;
	case MEMBER_LONG:
		*(int64_t *)at = get_number(g, s);
		return;
	case MEMBER_TEXT:
		*(char **)at = get_text(g, s);
		return;
	case MEMBER_BYTES:
		get_bytes(g, at);
		return;
	case MEMBER_RECORD:
		get_object(g, s->inner, at);
		return;
	case MEMBER_TUPLE:
		get_tuple(g, s->inner, at);
		return;
	case MEMBER_INTS:
	case MEMBER_LONGS:
	case MEMBER_RECORDS:
		get_list(g, s, at);
		return;
	case MEMBER_KINDS:
		break;
	}
	assert(false);
}

static void zero(const struct record_member *m, void *object)
{
	assert(m->kind == MEMBER_INT || m->kind == MEMBER_LONG);
	if (m->kind == MEMBER_INT)
		*(int32_t *)member_at(m, object) = 0;
	else
		*(int64_t *)member_at(m, object) = 0;
}

static void get_object(struct getting *g, const struct record_plan *p, void *object)
{
	for (uint32_t i = 0; i < p->zero_count; i++)
		zero(&p->table.members[p->zeroes[i]], object);
	for (uint32_t i = 0; i < p->step_count && !g->r->short_read; i++) {
		const struct step *s = &p->steps[i];

		if (s->is_skipped)
			avro_skip(g->r, s->field->type);
		else if (has_value(g, s))
			get_member(g, s, object);
		else if ((s->member->flags & (MEMBER_OPTIONAL | MEMBER_LENIENT)) == 0)
			fail(g, s, "is null");
		if (g->r->short_read)
			fail(g, s, "is malformed or cut off");
	}
}

int record_get(const struct record_plan *p, struct reader *r, void *object, struct err *e)
{
	struct getting g = { .r = r };

	get_object(&g, p, object);
	if (!r->short_read)
		return 0;
	return err_set(e, ERR_DATA, "its field %d \"%.60s\" %s", g.step->field->id,
		       g.step->field->name, g.wrong);
}
