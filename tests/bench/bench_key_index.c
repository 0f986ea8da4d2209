/* SPDX-License-Identifier: Apache-2.0 */
/* Keys a second of find, apply and rebuild, in an index of 1 and of 10 million rows. FOLDER as argument. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "merge/key_index.h"

#define BATCH 100000u
#define BATCHES 20

static uint64_t seed = 88172645463325252u;
static struct key_hash keys[BATCH];
static struct row_place places[BATCH];

static uint32_t any(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 11) % below;
}

static void stop(const struct err *e)
{
	fprintf(stderr, "%s\n", e->text);
	exit(1);
}

static void random_keys(uint32_t row_count)
{
	for (uint32_t i = 0; i < BATCH; i++) {
		keys[i] = (struct key_hash){ any(row_count), 0 };
		places[i] = (struct row_place){ 2, i };
	}
}

static void rebuild(struct key_index *x, uint32_t row_count)
{
	int64_t start = clock_monotonic_us();
	struct err e = ERR_INIT;

	if (key_index_reserve(x, row_count, &e) < 0)
		stop(&e);
	for (uint32_t first = 0; first < row_count; first += BATCH) {
		for (uint32_t i = 0; i < BATCH; i++) {
			keys[i] = (struct key_hash){ first + i, 0 };
			places[i] = (struct row_place){ 1, first + i };
		}
		if (key_index_apply(x, keys, BATCH, NULL, places, &e) < 0)
			stop(&e);
	}
	printf("%9u rows  rebuild %6.1f M/s  %.1f bytes a row", row_count,
	       row_count / (double)(clock_monotonic_us() - start),
	       (double)key_index_bytes(x) / row_count);
}

static void measure(const struct key_shape *shape, const char *path, uint32_t row_count)
{
	struct err e = ERR_INIT;
	struct key_index *x;
	int64_t find_us = 0, apply_us = 0, start;

	if (key_index_open(&x, path, "bench", shape, &e) < 0)
		stop(&e);
	rebuild(x, row_count);
	for (int i = 0; i < BATCHES; i++) {
		random_keys(row_count);
		start = clock_monotonic_us();
		key_index_find(x, keys, BATCH, places);
		find_us += clock_monotonic_us() - start;
		start = clock_monotonic_us();
		if (key_index_apply(x, keys, BATCH, places, places, &e) < 0)
			stop(&e);
		apply_us += clock_monotonic_us() - start;
	}
	printf("  find %6.1f M/s  apply %6.1f M/s\n", BATCH * BATCHES / (double)find_us,
	       BATCH * BATCHES / (double)apply_us);
	key_index_clear(x);
	key_index_close(x);
}

int main(int argc, char **argv)
{
	const char *folder = argc > 1 ? argv[1] : "/tmp";
	struct schema *s = schema_new("d", "t");
	uint32_t key = 0;
	struct key_shape shape;
	char path[512], files[520];

	snprintf(path, sizeof(path), "%s/bench_key_index.%d", folder, getpid());
	snprintf(files, sizeof(files), "%s.files", path);
	schema_add(s, "id", TYPE_LONG, false);
	schema_set_key(s, &key, 1);
	key_shape_init(&shape, s);
	measure(&shape, path, 1000000);
	measure(&shape, path, 10000000);
	unlink(path);
	unlink(files);
	schema_release(s);
	return 0;
}
