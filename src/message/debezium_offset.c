/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Java Object Serialization Stream Protocol, as much as ObjectOutputStream.writeObject uses for this map: a head and the
 * class, the map's own 8 bytes, then keys and values in turn, byte arrays of which the first brings its class.
 */
#include "message/debezium_offset.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define STREAM_MAGIC   0xaced0005u
#define BLOCK_DATA     0x77
#define ARRAY          0x75
#define CLASS          0x72
#define REFERENCE      0x71
#define NOTHING        0x70
#define END_OF_BLOCK   0x78
#define ENTRY_BYTES_MAX (1u << 20)

static uint32_t read_u32(struct reader *r)
{
	return (uint32_t)reader_uint_be(r, 4);
}

/* Steps over the map's class to its elements. */
static bool skip_head(struct reader *r)
{
	if (read_u32(r) != STREAM_MAGIC)
		return false;
	while (reader_left(r) > 10) { /* the map's own data: a block of 8 bytes */
		struct reader look = *r;

		if (reader_u8(&look) == BLOCK_DATA && reader_u8(&look) == 8 && look.at[8] == ARRAY) {
			*r = look;
			reader_skip(r, 8);
			return true;
		}
		reader_skip(r, 1);
	}
	return false;
}

/* One byte array, or null. false: the map ends here, or it is none. */
static bool read_array(struct reader *r, struct bytes *out)
{
	uint8_t tag = reader_u8(r);
	uint32_t size;

	*out = (struct bytes){ NULL, 0 };
	if (tag == NOTHING)
		return !r->short_read;
	if (tag != ARRAY)
		return false;
	tag = reader_u8(r);
	if (tag == CLASS) {
		reader_skip(r, reader_uint_be(r, 2)); /* "[B" */
		reader_skip(r, 8 + 1 + 2);            /* uid, flags, no fields */
		if (reader_u8(r) != END_OF_BLOCK || reader_u8(r) != NOTHING)
			return false;
	} else if (tag == REFERENCE) {
		reader_skip(r, 4);
	} else {
		return false;
	}
	size = read_u32(r);
	if (size > ENTRY_BYTES_MAX)
		return false;
	*out = reader_bytes(r, size);
	return !r->short_read;
}

/* ["connector",{"server":"prefix"}] */
static bool is_of(struct bytes key, const char *prefix)
{
	json_t *root = json_loadb((const char *)key.data, key.size, 0, NULL);
	const char *server = json_string_value(json_object_get(json_array_get(root, 1), "server"));
	bool is_same = server != NULL && strcmp(server, prefix) == 0;

	json_decref(root);
	return is_same;
}

static int write_position(struct buffer *out, const json_t *offset, const char *prefix, struct err *e)
{
	const char *file = json_string_value(json_object_get(offset, "file"));
	const char *gtids = json_string_value(json_object_get(offset, "gtids"));
	const json_t *snapshot = json_object_get(offset, "snapshot"), *at = json_object_get(offset, "pos");

	if (snapshot != NULL && !json_is_false(snapshot) && !json_is_true(json_object_get(offset, "snapshot_completed")))
		return err_set(e, ERR_CONFIG, "the copy of Debezium's connector \"%s\" was not complete when it stopped; let it "
			       "end, or start without --start-at", prefix);
	if (file == NULL || !json_is_integer(at))
		return err_set(e, ERR_DATA, "the offset of Debezium's connector \"%s\" names no place in a log of MySQL or "
			       "MariaDB", prefix);
	buffer_format(out, "{\"server\":\"\",\"server_id\":%lld,\"file\":",
		      (long long)json_integer_value(json_object_get(offset, "server_id")));
	text_json_string(out, file);
	buffer_format(out, ",\"offset\":%lld,\"gtids\":", (long long)json_integer_value(at));
	text_json_string(out, gtids != NULL ? gtids : "");
	buffer_format(out, ",\"time_us\":%lld}",
		      (long long)json_integer_value(json_object_get(offset, "ts_sec")) * 1000000);
	return 0;
}

int debezium_offset_read(struct buffer *position, struct bytes file, const char *prefix, struct err *e)
{
	struct reader r = reader_of(file);
	struct bytes key, value;

	if (!skip_head(&r))
		return err_set(e, ERR_CONFIG, "this is no file of offsets of Kafka Connect (offset.storage.file.filename)");
	while (read_array(&r, &key) && read_array(&r, &value)) {
		json_t *root;
		int rc;

		if (!is_of(key, prefix))
			continue;
		root = json_loadb((const char *)value.data, value.size, 0, NULL);
		rc = write_position(position, root, prefix, e);
		json_decref(root);
		return rc;
	}
	return err_set(e, ERR_CONFIG, "the file has no offset of a connector whose topic.prefix is \"%s\"; the prefix in --to "
		       "must be the same", prefix);
}

bool debezium_place_read(struct debezium_place *out, struct bytes value)
{
	json_t *root = json_loadb((const char *)value.data, value.size, 0, NULL);
	const json_t *source = json_object_get(json_is_object(json_object_get(root, "payload")) ?
					       json_object_get(root, "payload") : root, "source");
	const char *file = json_string_value(json_object_get(source, "file"));
	const json_t *at = json_object_get(source, "pos");
	bool is_good = file != NULL && strlen(file) < sizeof(out->file) && json_is_integer(at);

	if (is_good) {
		snprintf(out->file, sizeof(out->file), "%s", file);
		out->offset = (uint64_t)json_integer_value(at);
		out->row = (uint32_t)json_integer_value(json_object_get(source, "row"));
	}
	json_decref(root);
	return is_good;
}
