/* SPDX-License-Identifier: Apache-2.0 */
/*
 * iceberg_deletes puffin|positions FOLDER NAME: reads lines "DATA_FILE ROW…" and writes them as one Puffin file, or
 * the one line as a position-delete file; tells in JSON what a manifest needs, a line for each line.
 * iceberg_deletes read-puffin|read-positions FOLDER NAME: such lines from a file.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "table/iceberg/position_deletes.h"
#include "table/iceberg/puffin.h"

static void must(int rc, const struct err *e)
{
	if (rc == 0)
		return;
	fprintf(stderr, "%s\n", rc < 0 ? e->text : "there is no such file");
	exit(1);
}

/* The next line's rows; its data file is cut off. NULL at the end. */
static struct row_set *next_line(char **line, size_t *capacity)
{
	struct row_set *rows;
	char *word;

	if (getline(line, capacity, stdin) < 0)
		return NULL;
	rows = row_set_new();
	strtok(*line, " \n");
	while ((word = strtok(NULL, " \n")) != NULL)
		row_set_add(rows, (uint32_t)strtoul(word, NULL, 10));
	return rows;
}

static void print_rows(const char *data_file, const struct row_set *rows)
{
	uint64_t count = row_set_count(rows);
	uint32_t *numbers = memory_array(uint32_t, count);

	row_set_rows(rows, numbers);
	printf("%s", data_file);
	for (uint64_t i = 0; i < count; i++)
		printf(" %" PRIu32, numbers[i]);
	printf("\n");
	memory_free(numbers);
}

static int write_puffin(struct store *store, const char *name, struct err *e)
{
	struct puffin_pack pack;
	struct puffin_place place;
	struct buffer blob = { 0 };
	struct row_set *rows;
	char *line = NULL;
	size_t capacity = 0;

	puffin_pack_init(&pack);
	while ((rows = next_line(&line, &capacity)) != NULL) {
		buffer_clear(&blob);
		must(dv_blob_encode(rows, &blob, e), e);
		must(puffin_pack_add(&pack, line, buffer_bytes(&blob), row_set_count(rows),
				     &place, e),
		     e);
		printf("{\"offset\": %" PRId64 ", \"size\": %" PRId64
		       ", \"count\": %" PRId64 "}\n",
		       place.offset, place.size_bytes, place.cardinality);
		row_set_free(rows);
	}
	puffin_pack_finish(&pack);
	must(puffin_pack_write(&pack, store, name, e), e);
	puffin_pack_release(&pack);
	buffer_release(&blob);
	free(line);
	return 0;
}

static void put_bounds(struct buffer *out, const char *name, const struct iceberg_bounds *b)
{
	buffer_format(out, ", \"%s\": {", name);
	for (uint32_t i = 0; i < b->count; i++) {
		buffer_format(out, "%s\"%" PRId32 "\": \"", i > 0 ? ", " : "",
			      b->items[i].id);
		text_hex(out, buffer_bytes(&b->items[i].bytes));
		buffer_char(out, '"');
	}
	buffer_char(out, '}');
}

static int write_positions(struct store *store, const char *name, struct err *e)
{
	struct position_deletes_file file;
	struct buffer out = { 0 };
	char *line = NULL;
	size_t capacity = 0;
	struct row_set *rows = next_line(&line, &capacity);

	if (rows == NULL)
		return err_set(e, ERR_CONFIG, "no line was given");
	must(position_deletes_write(&file, store, name, line, rows, e), e);
	buffer_format(&out, "{\"count\": %" PRId64 ", \"size\": %" PRId64,
		      file.record_count, file.size_bytes);
	put_bounds(&out, "lower", &file.metrics.lower);
	put_bounds(&out, "upper", &file.metrics.upper);
	printf("%s}\n", buffer_string(&out));
	position_deletes_file_release(&file);
	row_set_free(rows);
	buffer_release(&out);
	free(line);
	return 0;
}

static int read_puffin(struct store *store, const char *name, struct err *e)
{
	struct puffin_footer footer;
	struct buffer file = { 0 };
	struct row_set *rows;

	must(store_get(store, name, 0, 0, &file, e), e);
	must(puffin_parse(&footer, buffer_bytes(&file), e), e);
	for (uint32_t i = 0; i < footer.blob_count; i++) {
		must(puffin_read(&rows, store, name, &footer.blobs[i].place, UINT32_MAX, e),
		     e);
		print_rows(footer.blobs[i].data_file, rows);
		row_set_free(rows);
	}
	puffin_footer_release(&footer);
	buffer_release(&file);
	return 0;
}

static int read_positions(struct store *store, const char *name, struct err *e)
{
	struct position_deletes deletes = { 0 };

	must(position_deletes_read(&deletes, store, name, e), e);
	for (uint32_t i = 0; i < deletes.file_count; i++)
		print_rows(deletes.files[i].data_file, deletes.files[i].rows);
	position_deletes_release(&deletes);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *verb;
		int (*run)(struct store *, const char *name, struct err *);
	} verbs[] = {
		{ "puffin", write_puffin },
		{ "positions", write_positions },
		{ "read-puffin", read_puffin },
		{ "read-positions", read_positions },
	};
	struct err e = ERR_INIT;

	for (size_t i = 0; argc == 4 && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		struct store *store;

		if (strcmp(argv[1], verbs[i].verb) != 0)
			continue;
		store = store_open_directory(argv[2], false, &e);
		must(store == NULL ? -1 : verbs[i].run(store, argv[3], &e), &e);
		store_close(store);
		return 0;
	}
	fprintf(stderr, "iceberg_deletes puffin|positions|read-puffin|read-positions "
			"FOLDER NAME\n");
	return 2;
}
