/* SPDX-License-Identifier: Apache-2.0 */
#include "merge/place_sort.h"

#include "base/memory.h"

#define DIGIT_BITS 11
#define DIGITS     (1u << DIGIT_BITS)

struct places { /* and their numbers, or NULL */
	struct row_place *places;
	uint32_t *numbers;
};

static uint32_t digit(struct row_place place, unsigned shift)
{
	return (uint32_t)(((uint64_t)place.file << 32 | place.row) >> shift & (DIGITS - 1));
}

/* Moves them by one digit into `to`; false: it is the same in all of them, and nothing was moved. */
static bool move_by_digit(const struct places *to, const struct places *from, uint32_t count, unsigned shift)
{
	uint32_t start[DIGITS] = { 0 }, sum = 0;

	for (uint32_t i = 0; i < count; i++)
		start[digit(from->places[i], shift)]++;
	if (count == 0 || start[digit(from->places[0], shift)] == count)
		return false;
	for (uint32_t d = 0; d < DIGITS; d++) {
		uint32_t here = start[d];

		start[d] = sum;
		sum += here;
	}
	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = start[digit(from->places[i], shift)]++;

		to->places[at] = from->places[i];
		if (to->numbers != NULL)
			to->numbers[at] = from->numbers[i];
	}
	return true;
}

/* Least significant digit first. */
void place_sort(struct row_place *places, uint32_t *numbers, uint32_t count)
{
	const struct places given = { places, numbers };
	const struct places other = { memory_resize(NULL, count, sizeof(*places)),
				      numbers != NULL ? memory_resize(NULL, count, sizeof(*numbers)) : NULL };
	const struct places *from = &given, *to = &other;

	for (unsigned shift = 0; shift < 64; shift += DIGIT_BITS) {
		if (!move_by_digit(to, from, count, shift))
			continue;
		from = to;
		to = from == &given ? &other : &given;
	}
	if (from != &given)
		memcpy(places, other.places, count * sizeof(*places));
	if (from != &given && numbers != NULL)
		memcpy(numbers, other.numbers, count * sizeof(*numbers));
	memory_free(other.places);
	memory_free(other.numbers);
}
