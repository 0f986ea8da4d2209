/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Object container files (Avro 1.11, "Object Container Files"): a header, then blocks of
 * records.
 */
#ifndef TABLE_ICEBERG_AVRO_H
#define TABLE_ICEBERG_AVRO_H

#include "store/store.h"
#include "table/iceberg/avro_schema.h"

#define AVRO_SYNC_BYTES 16
/* A block, compressed or not, is refused beyond this. */
#define AVRO_BLOCK_BYTES_MAX ((size_t)256 << 20)

struct avro_pair { /* of the header's metadata; borrowed */
	const char *key;
	struct bytes value;
};

#define AVRO_NUMBER_BYTES 24
/* A number as a pair's value, -1 as "null"; the text stands in `out`. */
struct bytes avro_pair_number(char out[AVRO_NUMBER_BYTES], int64_t v);

/*
 * Writes a file into memory. The sync marker is a hash of the header: what is written
 * again for the same commit is the same bytes.
 */
struct avro_writer {
	struct buffer *out;
	struct buffer block;  /* records: append one, then call avro_writer_record */
	struct buffer packed; /* the same, compressed */
	uint64_t block_records;
	uint8_t sync[AVRO_SYNC_BYTES];
};

/*
 * Appends the header to `out`, which must be empty and outlive the writer. Blocks are
 * deflated.
 */
void avro_writer_begin(struct avro_writer *w, struct buffer *out, struct bytes schema,
		       const struct avro_pair *pairs, uint32_t pair_count);
void avro_writer_record(struct avro_writer *w); /* one record was appended to `block` */
/* The last block; nothing may follow but release. */
void avro_writer_finish(struct avro_writer *w);
void avro_writer_release(struct avro_writer *w);

/* Reads an object of a store by blocks. Codecs: null, deflate, snappy, zstandard. */
struct avro_reader;

/* Errors begin with `what` ("manifest") and the key; ERR_DATA names the block, too. */
int avro_reader_open(struct avro_reader **out, const char *what, struct store *store,
		     const char *key, struct err *e);
/* A RECORD; until close. */
const struct avro_type *avro_reader_schema(const struct avro_reader *a);
/* The metadata's value for this key; NULL data when there is none. Until close. */
struct bytes avro_reader_pair(const struct avro_reader *a, const char *key);
/* Released by close: for what the schema is made into. */
struct arena *avro_reader_arena(struct avro_reader *a);
/*
 * The next record: `*out` stands at its first byte, and the caller moves it behind the
 * last, or leaves it with short_read. Bytes are valid until the next call. Returns 1 at
 * the end of the file.
 */
int avro_reader_next(struct avro_reader *a, struct reader **out, struct err *e);
/*
 * Puts the object, and the place of the record that `next` gave last, in front of an
 * error about them.
 */
int avro_reader_wrap(struct avro_reader *a, struct err *e);
void avro_reader_close(struct avro_reader *a); /* NULL is fine */

#endif
