/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table without a catalog, as Hadoop tables are (HadoopTableOperations):
 * metadata/v<N>.metadata.json is created exclusively, that is the commit;
 * version-hint.text says N to those who look, and may lag behind.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "table/iceberg/catalog_ops.h"
#include "table/iceberg/metadata_file.h"

#define FOLDER         "metadata"
#define HINT           FOLDER "/version-hint.text"
#define HINT_SUM       FOLDER "/.version-hint.text.crc"
#define HINT_BYTES_MAX 64

/*
 * The last two are what Spark writes with write.metadata.compression-codec=gzip: today,
 * and before Iceberg 1.0.
 */
static const char *const endings[] = { ".metadata.json", ".gz.metadata.json",
				      ".metadata.json.gz" };

#define ENDINGS (sizeof(endings) / sizeof(endings[0]))

struct directory_catalog {
	struct catalog catalog;
	struct metadata_place place;
	bool mends;
};

static struct directory_catalog *directory_of(struct catalog *c)
{
	return (struct directory_catalog *)(void *)c;
}

static void version_key(char out[64], uint64_t version, const char *ending)
{
	snprintf(out, 64, FOLDER "/v%" PRIu64 "%s", version, ending);
}

/* The number in "v12.metadata.json"; 0: it is another file's name. */
static uint64_t version_of(const char *name)
{
	size_t digits = name[0] == 'v' ? strspn(name + 1, "0123456789") : 0;
	uint64_t version;

	if (!text_parse_uint((struct bytes){ (const uint8_t *)name + 1, digits }, &version))
		return 0;
	for (size_t i = 0; i < ENDINGS; i++) {
		if (strcmp(name + 1 + digits, endings[i]) == 0)
			return version;
	}
	return 0;
}

/* Appends the key of the version's file; 1: there is none. */
static int find_key(struct directory_catalog *d, uint64_t version, struct buffer *out,
		    struct err *e)
{
	struct store *s = d->place.store;
	char key[64];
	uint64_t size;

	for (size_t i = 0; i < ENDINGS; i++) {
		int rc;

		version_key(key, version, endings[i]);
		rc = s->ops->size(s, key, &size, e);
		if (rc == 0)
			buffer_text(out, key);
		if (rc != 1)
			return rc;
	}
	return 1;
}

/* What the hint says; 0: nothing that is a version. */
static int read_hint(struct directory_catalog *d, uint64_t *out, struct err *e)
{
	struct buffer text = { 0 };
	uint64_t size;
	int rc = d->place.store->ops->size(d->place.store, HINT, &size, e);

	*out = 0;
	if (rc == 0 && size <= HINT_BYTES_MAX)
		rc = store_get(d->place.store, HINT, 0, 0, &text, e);
	while (text.size > 0 && text.data[text.size - 1] <= ' ')
		text.size--;
	if (rc == 0 && !text_parse_uint(buffer_bytes(&text), out))
		*out = 0;
	buffer_release(&text);
	return rc < 0 ? -1 : 0;
}

/*
 * The newest version by the names in the folder; 0: none. Files of a catalog without ours
 * are ERR_CONFIG.
 */
static int list_newest(struct directory_catalog *d, uint64_t *out, struct err *e)
{
	struct store_list l;
	const char *foreign = NULL;
	int rc = 0;

	*out = 0;
	if (store_list(d->place.store, FOLDER, NULL, &l, e) < 0)
		return -1;
	for (size_t i = 0; i < l.count; i++) {
		const char *name = l.objects[i].key + sizeof(FOLDER);
		uint64_t version = version_of(name);

		if (version > *out)
			*out = version;
		if (version == 0 && strstr(name, endings[0]) != NULL)
			foreign = name;
	}
	if (*out == 0 && foreign != NULL)
		rc = err_set(e, ERR_CONFIG,
			     "a catalog keeps this table (metadata/%s): name that "
			     "catalog, only it knows the newest version",
			     foreign);
	store_list_release(&l);
	return rc;
}

/* Appends the key of the newest version; 1: there is no table. */
static int find_newest(struct directory_catalog *d, struct buffer *out, struct err *e)
{
	uint64_t version;
	int rc = read_hint(d, &version, e);

	if (rc == 0 && version != 0)
		rc = find_key(d, version, out, e);
	if (rc == 1 || (rc == 0 && version == 0)) {
		rc = list_newest(d, &version, e);
		if (rc == 0)
			rc = version != 0 ? find_key(d, version, out, e) : 1;
	}
	while (rc == 0) {
		struct buffer next = { 0 };

		rc = find_key(d, ++version, &next, e);
		if (rc == 0) {
			buffer_clear(out);
			buffer_bytes_append(out, buffer_bytes(&next));
		}
		buffer_release(&next);
		if (rc == 1)
			return 0;
	}
	return rc;
}

static void uri_of(const struct directory_catalog *d, struct buffer *out, const char *key)
{
	buffer_text(out, d->place.location);
	buffer_char(out, '/');
	buffer_text(out, key);
}

/*
 * Where readers begin to look. Who finds it old, or not at all, looks further, if it is not
 * one of those that only take the hint: the commit stands without it.
 */
static void write_hint(struct directory_catalog *d, uint64_t version)
{
	enum put_result ignored;
	struct err why = ERR_INIT;
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, version);
	/*
	 * Hadoop refuses a file that has another checksum than the one beside it, and
	 * then looks through the whole folder.
	 */
	store_remove(d->place.store, HINT_SUM, &why);
	store_put(d->place.store, HINT, bytes_of_text(text), false, &ignored, &why);
}

/* A writer was killed between its metadata file and the hint. */
static void mend_hint(struct directory_catalog *d, const char *key)
{
	uint64_t version = version_of(key + sizeof(FOLDER)), hint;
	struct err ignored = ERR_INIT;

	if (read_hint(d, &hint, &ignored) == 0 && hint < version)
		write_hint(d, version);
}

static int directory_load(struct catalog *c, struct catalog_version *out, struct err *e)
{
	struct directory_catalog *d = directory_of(c);
	struct buffer key = { 0 }, uri = { 0 };
	int rc = find_newest(d, &key, e);

	if (rc == 0) {
		uri_of(d, &uri, buffer_string(&key));
		rc = metadata_file_read(out, &d->place, buffer_string(&uri), e);
		if (rc == 0 && d->mends)
			mend_hint(d, buffer_string(&key));
	}
	if (rc == 1 && key.size > 0)
		rc = err_set(e, ERR_RETRY,
			     "metadata file \"%s\" was removed while it was looked for",
			     buffer_string(&key));
	buffer_release(&key);
	buffer_release(&uri);
	return rc;
}

/* The version that follows `base`. */
static int next_version(const struct catalog_version *base, uint64_t *out, struct err *e)
{
	const char *slash, *name;

	*out = 1;
	if (base == NULL)
		return 0;
	slash = strrchr(base->path, '/');
	name = slash != NULL ? slash + 1 : base->path;
	*out = version_of(name) + 1;
	if (*out > 1 && strchr(name, '.') != NULL &&
	    strcmp(strchr(name, '.'), endings[0]) == 0)
		return 0;
	return err_set(e, ERR_CONFIG,
		       "its metadata is compressed, so another writer's next file would "
		       "have another name than ours: unset its property "
		       "write.metadata.compression-codec, and commit once with what set it");
}

/*
 * Somebody may have removed the folder: a version alone, without those before it and what they name, would be no table. Or
 * made another table there, which has come as far. Or put a version in the place of ours: Hadoop looks whether the name is
 * free and then renames, which on a local file system replaces what came in between.
 */
static int check_base(struct directory_catalog *d, const struct catalog_version *base, struct err *e)
{
	struct buffer key = { 0 }, text = { 0 };
	int rc = base != NULL ? metadata_file_key(&key, &d->place, base->path, e) : 0;

	if (rc == 0 && base != NULL)
		rc = store_get(d->place.store, buffer_string(&key), 0, 0, &text, e);
	if (rc == 1)
		rc = err_set(e, ERR_CONFLICT, "metadata file \"%s\" was removed", base->path);
	else if (rc == 0 && base != NULL && XXH3_64bits(text.data, text.size) != base->digest)
		rc = err_set(e, ERR_CONFLICT, "metadata file \"%s\" was replaced by another writer's", base->path);
	buffer_release(&key);
	buffer_release(&text);
	return rc;
}

static int publish(struct directory_catalog *d, uint64_t version, struct bytes text, enum attempt *result, struct err *e)
{
	enum put_result put;
	char key[64];

	version_key(key, version, endings[0]);
	if (store_put(d->place.store, key, text, true, &put, e) < 0)
		return -1;
	/* ERR_IO: it stands, but a power cut may take it away. */
	if (put == PUT_UNKNOWN && e->kind == ERR_IO)
		return -1;
	*result = put == PUT_DONE ? ATTEMPT_DONE :
		  put == PUT_EXISTS ? ATTEMPT_LOST : ATTEMPT_UNKNOWN;
	return 0;
}

static int directory_attempt(struct catalog *c, const struct catalog_version *base,
			     const struct iceberg_change_set *changes,
			     struct catalog_version *out, enum attempt *result,
			     struct err *e)
{
	struct directory_catalog *d = directory_of(c);
	struct buffer text = { 0 }, uri = { 0 };
	char key[64];
	uint64_t version;
	int rc = next_version(base, &version, e);

	if (rc == 0)
		rc = check_base(d, base, e);
	if (rc == 0)
		rc = iceberg_change_set_apply(&text, changes, base != NULL ? base->metadata : NULL,
					      base != NULL ? base->path : NULL, clock_now_us() / 1000, e);
	if (rc == 0)
		rc = publish(d, version, buffer_bytes(&text), result, e);
	if (rc == 0 && *result == ATTEMPT_DONE) {
		write_hint(d, version);
		version_key(key, version, endings[0]);
		uri_of(d, &uri, key);
		rc = metadata_file_parse(out, buffer_bytes(&text), buffer_string(&uri),
					 e);
	}
	if (rc == 0 && *result == ATTEMPT_DONE && base != NULL)
		metadata_file_clean(&d->place, base->metadata, out->metadata);
	buffer_release(&text);
	buffer_release(&uri);
	return rc;
}

static void directory_close(struct catalog *c)
{
	memory_free(c);
}

static const struct catalog_ops directory_ops = { directory_load, directory_attempt, directory_close, false };

int catalog_open_directory(struct catalog **out, const struct catalog_settings *s,
			   struct err *e)
{
	struct directory_catalog *d = memory_new(struct directory_catalog);

	(void)e;
	d->catalog.ops = &directory_ops;
	d->place = (struct metadata_place){ s->store, s->location };
	d->mends = s->mends;
	*out = &d->catalog;
	return 0;
}
