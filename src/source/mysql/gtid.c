/* SPDX-License-Identifier: Apache-2.0 */
#include "source/mysql/gtid.h"

#include <assert.h>
#include <string.h>

#include "base/memory.h"

void gtid_set_release(struct gtid_set *s)
{
	memory_free(s->ranges);
	*s = (struct gtid_set){ .is_mariadb = s->is_mariadb };
}

void gtid_set_copy(struct gtid_set *to, const struct gtid_set *from)
{
	if (to->capacity < from->count) {
		to->ranges = memory_grow(to->ranges, struct gtid_range, from->count);
		to->capacity = from->count;
	}
	if (from->count > 0)
		memcpy(to->ranges, from->ranges, from->count * sizeof(*from->ranges));
	to->count = from->count;
	to->is_mariadb = from->is_mariadb;
}

/* Order of whose numbers they are; the numbers themselves do not count. */
static int compare_owner(const struct gtid_range *a, const struct gtid_range *b,
			 bool is_mariadb)
{
	int order;

	if (is_mariadb)
		return a->domain < b->domain ? -1 : a->domain > b->domain;
	order = memcmp(a->uuid, b->uuid, sizeof(a->uuid));
	return order != 0 ? order : strcmp(a->tag, b->tag);
}

/* The first range that is not before (owner, number): where it is or would be. */
static uint32_t lower_bound(const struct gtid_set *s, const struct gtid_range *key,
			    uint64_t number)
{
	uint32_t low = 0, high = s->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct gtid_range *r = &s->ranges[middle];
		int order = compare_owner(r, key, s->is_mariadb);

		if (order < 0 || (order == 0 && !s->is_mariadb && r->last < number))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool owns(const struct gtid_set *s, uint32_t at, const struct gtid_range *key)
{
	return at < s->count && compare_owner(&s->ranges[at], key, s->is_mariadb) == 0;
}

static void insert_at(struct gtid_set *s, uint32_t at, const struct gtid_range *r)
{
	if (s->count == s->capacity) {
		s->capacity = s->capacity > 0 ? s->capacity * 2 : 4;
		s->ranges = memory_grow(s->ranges, struct gtid_range, s->capacity);
	}
	memmove(s->ranges + at + 1, s->ranges + at, (s->count - at) * sizeof(*r));
	s->ranges[at] = *r;
	s->count++;
}

static void remove_at(struct gtid_set *s, uint32_t at)
{
	s->count--;
	memmove(s->ranges + at, s->ranges + at + 1, (s->count - at) * sizeof(*s->ranges));
}

static void add_mariadb(struct gtid_set *s, const struct gtid_range *r)
{
	uint32_t at = lower_bound(s, r, 0);

	if (owns(s, at, r))
		s->ranges[at] = *r;
	else
		insert_at(s, at, r);
}

void gtid_set_add_range(struct gtid_set *s, const struct gtid_range *r)
{
	struct gtid_range merged = *r;
	uint32_t at;

	if (s->is_mariadb) {
		add_mariadb(s, r);
		return;
	}
	assert(r->first >= 1 && r->first <= r->last);
	at = lower_bound(s, r,
			 r->first - 1); /* one that ends right before touches as well */
	while (owns(s, at, r) && s->ranges[at].first <= merged.last + 1) {
		if (s->ranges[at].first < merged.first)
			merged.first = s->ranges[at].first;
		if (s->ranges[at].last > merged.last)
			merged.last = s->ranges[at].last;
		if (owns(s, at + 1, r) && s->ranges[at + 1].first <= merged.last + 1) {
			remove_at(s, at);
			continue;
		}
		s->ranges[at] = merged;
		return;
	}
	insert_at(s, at, &merged);
}

static struct gtid_range range_of(const struct gtid *g)
{
	struct gtid_range r = { .domain = g->domain,
				.server = g->server,
				.first = g->number,
				.last = g->number };

	memcpy(r.uuid, g->uuid, sizeof(r.uuid));
	memcpy(r.tag, g->tag, sizeof(r.tag));
	return r;
}

void gtid_set_add(struct gtid_set *s, const struct gtid *g)
{
	struct gtid_range r = range_of(g);

	gtid_set_add_range(s, &r);
}

void gtid_set_remove(struct gtid_set *s, const struct gtid *g)
{
	struct gtid_range r = range_of(g), tail;
	uint32_t at = lower_bound(s, &r, g->number);

	if (!gtid_set_has(s, g) || s->is_mariadb)
		return;
	tail = s->ranges[at];
	tail.first = g->number + 1;
	if (s->ranges[at].first == g->number)
		remove_at(s, at);
	else
		s->ranges[at++].last = g->number - 1;
	if (tail.first <= tail.last)
		insert_at(s, at, &tail);
}

void gtid_set_step_back(struct gtid_set *s, const struct gtid *g)
{
	struct gtid_range r = range_of(g);
	uint32_t at = lower_bound(s, &r, 0);

	if (!owns(s, at, &r) || s->ranges[at].last < g->number)
		return;
	s->ranges[at].first = s->ranges[at].last = g->number - 1;
	if (g->number == 1)
		remove_at(s, at);
}

bool gtid_set_has(const struct gtid_set *s, const struct gtid *g)
{
	struct gtid_range r = range_of(g);
	uint32_t at = lower_bound(s, &r, g->number);

	if (!owns(s, at, &r))
		return false;
	return s->is_mariadb ? s->ranges[at].last >= g->number
			     : s->ranges[at].first <= g->number;
}

bool gtid_set_contains(const struct gtid_set *outer, const struct gtid_set *inner)
{
	for (uint32_t i = 0; i < inner->count; i++) {
		const struct gtid_range *r = &inner->ranges[i];
		uint32_t at = lower_bound(outer, r, r->first);

		if (!owns(outer, at, r) || outer->ranges[at].last < r->last)
			return false;
		if (!outer->is_mariadb && outer->ranges[at].first > r->first)
			return false;
	}
	return true;
}
