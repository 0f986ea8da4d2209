/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TABLE_MAP: table id u48 (u32 in very old logs), flags u16; database and table, each {
 * length u8, name, NUL }; column count lenenc; type u8 per column; metadata size lenenc,
 * metadata (0, 1 or 2 bytes per column); nullable bitmap, lowest bit first; then, up to
 * the end, optional metadata as { field u8, length lenenc, value }. The bitmaps of
 * signedness and visibility have the highest bit first, and of signedness only a bit per
 * numeric column; charsets stand per character column, labels per ENUM or SET column, in
 * order.
 */
#include "source/mysql/table_map.h"

#include <stdio.h>
#include <string.h>

enum metadata_field {
	META_SIGNEDNESS = 1,
	META_DEFAULT_CHARSET = 2,
	META_COLUMN_CHARSET = 3,
	META_COLUMN_NAME = 4,
	META_SET_LABELS = 5,
	META_ENUM_LABELS = 6,
	META_GEOMETRY_TYPE = 7,
	META_SIMPLE_KEY = 8,
	META_KEY_WITH_PREFIX = 9,
	META_LABELS_DEFAULT_CHARSET = 10,
	META_LABELS_COLUMN_CHARSET = 11,
	META_VISIBILITY = 12,
	META_VECTOR_DIMENSIONALITY = 13,
};

#define COLLATION_BINARY 63

struct parse {
	struct table_map *map;
	struct mysql_column *columns; /* the map's own, while they grow */
	const struct charset_list *charsets;
	struct arena *arena;
	struct bytes set_labels, enum_labels;
	bool year_has_sign;
};

enum mysql_type mysql_real_type(uint8_t type, uint16_t meta)
{
	uint8_t real = (uint8_t)meta;

	if (type != MYSQL_STRING || real == 0)
		return (enum mysql_type)type;
	if ((real & 0x30) != 0x30) /* two bits of a length above 255 are hidden here */
		real |= 0x30;
	return (enum mysql_type)real;
}

uint32_t mysql_string_length(uint16_t meta)
{
	uint8_t real = (uint8_t)meta;

	return (uint32_t)((real & 0x30) ^ 0x30) << 4 | meta >> 8;
}

void mysql_column_from_log(struct mysql_column *c, uint8_t type, uint16_t meta)
{
	c->type = mysql_real_type(type, meta);
	c->meta = meta;
	c->precision = c->scale = c->fraction_digits = 0;
	c->length = 0;
	switch ((uint8_t)c->type) {
	case MYSQL_NEWDECIMAL:
		c->precision = (uint8_t)meta;
		c->scale = (uint8_t)(meta >> 8);
		break;
	case MYSQL_TIMESTAMP2:
	case MYSQL_DATETIME2:
	case MYSQL_TIME2:
		c->fraction_digits = (uint8_t)meta;
		break;
	case MYSQL_STRING:
		c->length = mysql_string_length(meta);
		break;
	case MYSQL_BIT:
		c->length = (meta & 0xffu) + (meta >> 8) * 8u;
		break;
	case MYSQL_MARIADB_BLOB_COMPRESSED:
	case MYSQL_MARIADB_VARCHAR_COMPRESSED:
		c->extension = MARIADB_COMPRESSED;
		break;
	default:
		break;
	}
}

/* The index of the next column at or behind `i` of these classes; column_count when none is left. */
static uint32_t next_of(const struct parse *p, uint32_t i, unsigned classes)
{
	while (i < p->map->column_count && (mysql_class_of(p->columns[i].type) & classes) == 0)
		i++;
	return i;
}

/* YEAR may have a bit too, although it is never declared unsigned. */
static int read_signedness(struct parse *p, struct reader *r)
{
	const unsigned classes = CLASS_SIGNED | (p->year_has_sign ? CLASS_YEAR : 0u);
	uint32_t bit = 0;
	uint8_t bits = 0;

	for (uint32_t i = next_of(p, 0, classes); i < p->map->column_count;
	     i = next_of(p, i + 1, classes), bit++) {
		if (bit % 8 == 0)
			bits = reader_u8(r);
		p->columns[i].is_unsigned = (bits >> (7 - bit % 8) & 1) != 0 &&
					    mysql_class_of(p->columns[i].type) != CLASS_YEAR;
	}
	p->map->has_signedness = true;
	return 0;
}

static int read_visibility(struct parse *p, struct reader *r)
{
	uint8_t bits = 0;

	for (uint32_t i = 0; i < p->map->column_count; i++) {
		if (i % 8 == 0)
			bits = reader_u8(r);
		p->columns[i].is_invisible = (bits >> (7 - i % 8) & 1) == 0;
	}
	return 0;
}

/* A default collation, then { index among these columns, collation } for those that
 * differ. */
static int read_default_charset(struct parse *p, struct reader *r, unsigned classes)
{
	uint16_t collation = (uint16_t)reader_lenenc(r);
	uint32_t number = 0;
	uint64_t exception = reader_left(r) > 0 ? reader_lenenc(r) : UINT64_MAX;

	for (uint32_t i = next_of(p, 0, classes); i < p->map->column_count;
	     i = next_of(p, i + 1, classes), number++) {
		p->columns[i].collation = collation;
		if (number != exception)
			continue;
		p->columns[i].collation = (uint16_t)reader_lenenc(r);
		exception = reader_left(r) > 0 ? reader_lenenc(r) : UINT64_MAX;
	}
	return 0;
}

static int read_column_charset(struct parse *p, struct reader *r, unsigned classes)
{
	for (uint32_t i = next_of(p, 0, classes); i < p->map->column_count;
	     i = next_of(p, i + 1, classes))
		p->columns[i].collation = (uint16_t)reader_lenenc(r);
	return 0;
}

/* A copy of a name with a NUL behind; NULL when it has one inside or is not UTF-8. */
static char *name_copy(struct parse *p, struct bytes name)
{
	if (memchr(name.data, 0, name.size) != NULL)
		return NULL;
	return arena_text(p->arena, name.data, name.size);
}

static int read_names(struct parse *p, struct reader *r)
{
	for (uint32_t i = 0; i < p->map->column_count; i++) {
		struct bytes name = reader_bytes(r, reader_lenenc(r));

		p->columns[i].name = name_copy(p, name);
		if (p->columns[i].name == NULL || name.size == 0)
			return -1;
	}
	p->map->has_names = true;
	return 0;
}

static int read_key(struct parse *p, struct reader *r, bool has_prefix)
{
	uint32_t *key = arena_new(p->arena, uint32_t, p->map->column_count);
	uint32_t count = 0;
	bool is_whole = true;

	while (reader_left(r) > 0) {
		uint64_t column = reader_lenenc(r);

		if (column >= p->map->column_count || count == p->map->column_count)
			return -1;
		key[count++] = (uint32_t)column;
		if (has_prefix && reader_lenenc(r) != 0)
			is_whole = false;
	}
	p->map->key = key;
	p->map->key_count =
		is_whole ? count
			 : 0; /* the prefix of a column does not tell rows apart */
	p->map->has_key = true;
	return 0;
}

static int read_field(struct parse *p, uint8_t field, struct bytes value)
{
	struct reader r = reader_of(value);
	int rc = 0;

	switch (field) {
	case META_SIGNEDNESS:
		rc = read_signedness(p, &r);
		break;
	case META_DEFAULT_CHARSET:
		rc = read_default_charset(p, &r, CLASS_STRING);
		p->map->has_charsets = true;
		break;
	case META_COLUMN_CHARSET:
		rc = read_column_charset(p, &r, CLASS_STRING);
		p->map->has_charsets = true;
		break;
	case META_COLUMN_NAME:
		rc = read_names(p, &r);
		break;
	case META_SET_LABELS:
		p->set_labels = value;
		break;
	case META_ENUM_LABELS:
		p->enum_labels = value;
		break;
	case META_SIMPLE_KEY:
	case META_KEY_WITH_PREFIX:
		rc = read_key(p, &r, field == META_KEY_WITH_PREFIX);
		break;
	case META_LABELS_DEFAULT_CHARSET:
		rc = read_default_charset(p, &r, CLASS_LABELS);
		break;
	case META_LABELS_COLUMN_CHARSET:
		rc = read_column_charset(p, &r, CLASS_LABELS);
		break;
	case META_VISIBILITY:
		rc = read_visibility(p, &r);
		break;
	case META_GEOMETRY_TYPE:         /* EWKB says it itself */
	case META_VECTOR_DIMENSIONALITY: /* so does the value's length */
	default: /* optional by definition: rows decode without it */
		break;
	}
	return r.short_read ? -1 : rc;
}

static const struct charset *find_charset(const struct parse *p, uint16_t collation)
{
	const char *name =
		p->charsets != NULL ? charset_of_collation(p->charsets, collation) : NULL;

	return name != NULL && collation != COLLATION_BINARY
		       ? charset_find(p->charsets, name)
		       : NULL;
}

/* A label in UTF-8; without its charset as it is, when it is UTF-8 anyway. */
static char *label_copy(struct parse *p, const struct charset *charset,
			struct bytes label)
{
	struct column text = { .storage = STORAGE_BYTES };
	char *copy;

	if (charset == NULL)
		return name_copy(p, label);
	charset_append(charset, label, &text);
	copy = name_copy(p, column_bytes(&text, 0));
	memory_free(text.values);
	memory_free(text.heap);
	return copy;
}

/* { count lenenc, count x { length lenenc, label } } per column. */
static int read_labels(struct parse *p, struct bytes value, unsigned classes)
{
	struct reader r = reader_of(value);

	if (value.size == 0)
		return 0;
	for (uint32_t i = next_of(p, 0, classes); i < p->map->column_count;
	     i = next_of(p, i + 1, classes)) {
		struct mysql_column *c = &p->columns[i];
		uint64_t count = reader_lenenc(&r);

		if (count > reader_left(&r))
			return -1;
		c->labels = arena_new(p->arena, char *, count);
		for (c->label_count = 0; c->label_count < count; c->label_count++) {
			struct bytes label = reader_bytes(&r, reader_lenenc(&r));

			c->labels[c->label_count] = label_copy(p, c->charset, label);
			if (c->labels[c->label_count] == NULL)
				return -1;
		}
	}
	return r.short_read ? -1 : 0;
}

static int read_optional(struct parse *p, struct reader *r, struct err *e)
{
	while (reader_left(r) > 0) {
		uint8_t field = reader_u8(r);
		struct bytes value = reader_bytes(r, reader_lenenc(r));

		if (r->short_read || read_field(p, field, value) < 0)
			return err_set(e, ERR_DATA, "optional metadata %u is malformed",
				       field);
	}
	for (uint32_t i = 0; i < p->map->column_count; i++)
		p->columns[i].charset = find_charset(p, p->columns[i].collation);
	if (read_labels(p, p->set_labels, CLASS_SET) < 0 ||
	    read_labels(p, p->enum_labels, CLASS_ENUM) < 0)
		return err_set(e, ERR_DATA,
			       "the labels in the optional metadata are malformed");
	return 0;
}

static int read_columns(struct parse *p, struct reader *r, struct err *e)
{
	struct table_map *map = p->map;
	uint64_t count = reader_lenenc(r);
	struct bytes types = reader_bytes(r, count), metas, nullable;
	uint16_t *meta = arena_new(p->arena, uint16_t, types.size);
	struct reader m;

	metas = reader_bytes(r, reader_lenenc(r));
	nullable = reader_bytes(r, (types.size + 7) / 8);
	if (r->short_read || types.size == 0 || types.size > TABLE_COLUMNS_MAX)
		return err_set(e, ERR_DATA, "a table of %llu columns",
			       (unsigned long long)count);
	p->columns = arena_new(p->arena, struct mysql_column, types.size);
	m = reader_of(metas);
	for (size_t i = 0; i < types.size; i++) {
		int size = mysql_meta_size(types.data[i]);

		if (size < 0)
			return err_set(e, ERR_DATA, "column %zu has unrecognized type %u",
				       i + 1, types.data[i]);
		meta[i] = size > 0 ? (uint16_t)reader_uint_le(&m, (size_t)size) : 0;
		mysql_column_from_log(&p->columns[i], types.data[i], meta[i]);
		p->columns[i].is_nullable = (nullable.data[i / 8] >> (i % 8) & 1) != 0;
	}
	if (m.short_read || reader_left(&m) > 0)
		return err_set(e, ERR_DATA,
			       "%zu bytes of column metadata do not fit the types",
			       metas.size);
	map->column_count = (uint32_t)types.size;
	map->types =
		memcpy(arena_take(p->arena, types.size, 1, 1), types.data, types.size);
	map->nullable = memcpy(arena_take(p->arena, nullable.size, 1, 1), nullable.data,
			       nullable.size);
	map->meta = meta;
	map->columns = p->columns;
	return 0;
}

/* { length u8, name, NUL } */
static const char *read_name(struct parse *p, struct reader *r)
{
	struct bytes name = reader_bytes(r, reader_u8(r));

	reader_skip(r, 1);
	return r->short_read || name.size == 0 ? NULL : name_copy(p, name);
}

uint64_t table_map_id(struct reader *body, size_t id_size)
{
	return reader_uint_le(body, id_size);
}

bool table_map_year_has_sign(const char *server_version)
{
	unsigned major = 0, minor = 0, patch = 0;

	if (strstr(server_version, "MariaDB") != NULL)
		return true;
	if (sscanf(server_version, "%u.%u.%u", &major, &minor, &patch) != 3)
		return true;
	return major > 8 || (major == 8 && (minor > 0 || patch >= 17));
}

int table_map_parse(struct table_map *out, struct bytes body, size_t id_size,
		    bool year_has_sign, const struct charset_list *charsets,
		    struct arena *arena, struct err *e)
{
	struct table_map map = { 0 };
	struct parse p = { .map = &map, .charsets = charsets, .arena = arena,
			   .year_has_sign = year_has_sign };
	struct reader r = reader_of(body);

	map.id = table_map_id(&r, id_size);
	reader_skip(&r, 2);
	map.database = read_name(&p, &r);
	map.table = read_name(&p, &r);
	if (map.database == NULL || map.table == NULL)
		return err_set(e, ERR_DATA, "TABLE_MAP names no table");
	if (read_columns(&p, &r, e) < 0 || read_optional(&p, &r, e) < 0)
		return err_wrap(e, "TABLE_MAP of table %s.%s", map.database, map.table);
	*out = map;
	return 0;
}

struct mysql_column *mysql_columns_copy(const struct table_map *map)
{
	struct mysql_column *columns =
		memory_array(struct mysql_column, map->column_count);

	for (uint32_t i = 0; i < map->column_count; i++) {
		struct mysql_column *c = &columns[i];
		struct buffer words = { 0 };

		*c = map->columns[i];
		c->name = memory_copy_text(c->name);
		c->labels = memory_array(char *, c->label_count);
		for (uint32_t k = 0; k < c->label_count; k++)
			c->labels[k] = memory_copy_text(map->columns[i].labels[k]);
		mysql_column_describe(c, &words);
		c->declared = memory_copy_text(buffer_string(&words));
		buffer_release(&words);
	}
	return columns;
}
