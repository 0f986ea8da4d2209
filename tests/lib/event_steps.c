/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/event_steps.h"

#include "base/memory.h"

#define EVENTS_MAX 8 /* of a key */
#define SHOWN      4000

void steps_add(struct steps *s, enum step_kind kind, const struct event *event)
{
	s->list = memory_grow(s->list, struct step, s->count + 1);
	s->list[s->count++] = (struct step){ kind, event != NULL ? *event : (struct event){ 0 } };
}

int64_t event_random_time(void)
{
	static const int64_t times[] = { -62135596800000000, -1, 0, 1, 1735689602000000, 1735689602000001, 253402300799999999 };

	return times[random() % (long)(sizeof(times) / sizeof(times[0]))];
}

void steps_random(struct steps *out, struct event (*random_event)(int64_t key), enum step_kind kinds)
{
	struct steps events = { 0 };

	for (int64_t key = 0; key < RUN_KEYS; key++) {
		for (long n = 1 + random() % EVENTS_MAX; n > 0; n--) {
			struct event v = random_event(key);

			for (long copies = random() % 4 == 0 ? 2 : 1; copies > 0; copies--)
				steps_add(&events, STEP_EVENT, &v);
		}
	}
	for (uint32_t left = events.count; left > 0; left--) {
		uint32_t at = (uint32_t)random() % left;

		steps_add(out, STEP_EVENT, &events.list[at].event);
		events.list[at] = events.list[left - 1];
		if (random() % 60 == 0)
			steps_add(out, STEP_COMMIT, NULL);
		if (random() % 250 == 0)
			steps_add(out, STEP_RESTART + (enum step_kind)(random() % (kinds - STEP_RESTART)), NULL);
	}
	memory_free(events.list);
}

static void show_all(const struct steps *s, void (*show)(const struct event *, struct buffer *), struct buffer *out)
{
	static const char *const kinds[STEP_KINDS] = { "event", "commit", "restart", "restart without index",
						       "restart with old index", "keep index", "crash between commits" };

	for (uint32_t i = 0; i < s->count && out->size < SHOWN; i++) {
		const struct step *step = &s->list[i];

		buffer_format(out, "\n  %s", kinds[step->kind]);
		if (step->kind != STEP_EVENT)
			continue;
		buffer_format(out, " of key %lld at %lld: ", (long long)step->event.key, (long long)step->event.time_us);
		show(&step->event, out);
	}
}

/* Leaves out every step without which it still fails. */
static void shrink(struct steps *s, int64_t (*try)(const struct steps *))
{
	uint32_t width = s->count / 2;

	while (width > 0) {
		bool is_less = false;

		for (uint32_t at = 0; at + width <= s->count;) {
			struct steps less = { memory_copy(s->list, s->count * sizeof(*s->list)), s->count - width };

			memmove(less.list + at, less.list + at + width, (less.count - at) * sizeof(*less.list));
			if (try(&less) >= 0) {
				memory_free(s->list);
				*s = less;
				is_less = true;
			} else {
				memory_free(less.list);
				at += width;
			}
		}
		width = is_less && width == 1 ? 1 : width / 2;
	}
}

void steps_assert(struct steps *s, int64_t (*try)(const struct steps *), void (*show)(const struct event *, struct buffer *))
{
	struct buffer text = { 0 };

	if (try(s) < 0)
		return;
	shrink(s, try);
	show_all(s, show, &text);
	fail_msg("the table is not what the newest events say:%s", buffer_string(&text));
}

void steps_run(long cases, struct event (*random_event)(int64_t key), enum step_kind kinds,
	       int64_t (*try)(const struct steps *), void (*show)(const struct event *, struct buffer *))
{
	const char *wanted = getenv("EVENT_CASES");

	srandom(7);
	for (long done = 0, all = wanted != NULL ? atol(wanted) : cases; done < all; done += RUN_KEYS) {
		struct steps steps = { 0 };

		steps_random(&steps, random_event, kinds);
		steps_assert(&steps, try, show);
		memory_free(steps.list);
	}
}
