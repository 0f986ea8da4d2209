/* SPDX-License-Identifier: Apache-2.0 */
/* The ways to write a cell. What cannot be said in a type is null, as Debezium leaves it out. */
#include "message/plan.h"

#include <stdlib.h>

#include "message/put.h"

#define DAY_US ((int64_t)86400 * 1000000)

static uint8_t *put_null(uint8_t *at)
{
	return PUT_LITERAL(at, "null");
}

static uint8_t *cell_boolean(uint8_t *at, const struct plan *p, const struct column *c, uint32_t row)
{
	(void)p;
	return c->values[row] ? PUT_LITERAL(at, "true") : PUT_LITERAL(at, "false");
}

static uint8_t *cell_int32(uint8_t *at, const struct plan *p, const struct column *c, uint32_t row)
{
	(void)p;
	return put_int(at, column_int32(c, row));
}

static uint8_t *cell_int64(uint8_t *at, const struct plan *p, const struct column *c, uint32_t row)
{
	(void)p;
	return put_int(at, column_int64(c, row));
}

static uint8_t *cell_wrapped(uint8_t *at, const struct plan *p, const struct column *c, uint32_t row)
{
	(void)p;
	return put_int(at, (int64_t)column_int128(c, row));
}

static uint8_t *cell_float(uint8_t *at, const struct plan *p, const struct column *c, uint32_t row)
{
	(void)p;
	return put_float(at, column_float(c, row));
}

static uint8_t *cell_float_double(uint8_t *at, const struct plan *p, const struct column *c, uint32_t row)
{
	(void)p;
	return put_double(at, (double)column_float(c, row));
}

static uint8_t *cell_double(uint8_t *at, const struct plan *p, const struct column *c, uint32_t row)
{
	(void)p;
	return put_double(at, column_double(c, row));
}

static int128_t unscaled(const struct column *c, uint32_t row)
{
	if (c->storage == STORAGE_INT32)
		return column_int32(c, row);
	return c->storage == STORAGE_INT64 ? column_int64(c, row) : column_int128(c, row);
}

static uint8_t *cell_decimal(uint8_t *at, const struct plan *p, const struct column *c, uint32_t row)
{
	(void)p;
	if (c->storage == STORAGE_BYTES)
		return put_unscaled_text(at, column_bytes(c, row));
	return put_unscaled(at, unscaled(c, row));
}

static uint8_t *cell_string(uint8_t *at, const struct plan *p, const struct column *c, uint32_t row)
{
	(void)p;
	return put_string(at, column_bytes(c, row));
}

static uint8_t *cell_decimal_text(uint8_t *at, const struct plan *p, const struct column *c, uint32_t row)
{
	if (c->storage == STORAGE_BYTES)
		return put_string(at, column_bytes(c, row));
	*at++ = '"';
	at = put_decimal(at, unscaled(c, row), p->scale);
	*at++ = '"';
	return at;
}

/* Of at most 67 characters, which the heap does not end with a NUL. */
static double text_as_double(struct bytes text)
{
	char copy[72];
	size_t size = text.size < sizeof(copy) ? text.size : sizeof(copy) - 1;

	memcpy(copy, text.data, size);
	copy[size] = 0;
	return strtod(copy, NULL);
}

static uint8_t *cell_decimal_double(uint8_t *at, const struct plan *p, const struct column *c, uint32_t row)
{
	if (c->storage == STORAGE_BYTES)
		return put_double(at, text_as_double(column_bytes(c, row)));
	return put_double(at, decimal_double(unscaled(c, row), p->scale));
}

/* Little-endian, as many bytes as the column's bits take. */
static uint8_t *cell_bits(uint8_t *at, const struct plan *p, const struct column *c, uint32_t row)
{
	uint64_t v = (uint64_t)unscaled(c, row);
	uint8_t bytes[8];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(v >> 8 * i);
	return put_base64(at, (struct bytes){ bytes, (p->bits + 7u) / 8 }, false);
}

/* In the log's rows Debezium shows a label as its list of them does: a comma in it has a backslash before it. */
static uint8_t *cell_label(uint8_t *at, const struct plan *p, const struct column *c, uint32_t row)
{
	struct bytes label = column_bytes(c, row), part = label;
	const uint8_t *comma;

	(void)p;
	*at++ = '"';
	while ((comma = part.size > 0 ? memchr(part.data, ',', part.size) : NULL) != NULL) {
		at = put_inner(at, (struct bytes){ part.data, (size_t)(comma - part.data) });
		at = PUT_LITERAL(at, "\\\\,");
		part.size -= (size_t)(comma + 1 - part.data);
		part.data = comma + 1;
	}
	at = put_inner(at, part);
	*at++ = '"';
	return at;
}

static uint8_t *cell_log_json(uint8_t *at, const struct plan *p, const struct column *c, uint32_t row)
{
	(void)p;
	return put_log_json(at, column_bytes(c, row));
}

static uint8_t *cell_base64(uint8_t *at, const struct plan *p, const struct column *c, uint32_t row)
{
	(void)p;
	return put_base64(at, column_bytes(c, row), false);
}

static uint8_t *cell_base64_url(uint8_t *at, const struct plan *p, const struct column *c, uint32_t row)
{
	(void)p;
	return put_base64(at, column_bytes(c, row), true);
}

static uint8_t *cell_hex(uint8_t *at, const struct plan *p, const struct column *c, uint32_t row)
{
	(void)p;
	return put_hex(at, column_bytes(c, row));
}

static uint8_t *cell_date_iso(uint8_t *at, const struct plan *p, const struct column *c, uint32_t row)
{
	(void)p;
	*at++ = '"';
	at = put_date(at, column_int32(c, row));
	return PUT_LITERAL(at, "Z\"");
}

/* "[-]HH:MM:SS[.ffffff]" in microseconds. */
static int64_t time_us(struct bytes text)
{
	uint64_t part[4] = { 0 }, us; /* hours, minutes, seconds, millionths */
	unsigned at = 0, digits = 0;

	for (size_t i = 0; i < text.size && at < 4; i++) {
		if (text.data[i] >= '0' && text.data[i] <= '9') {
			part[at] = part[at] * 10 + (uint64_t)(text.data[i] - '0');
			digits++;
		} else if (text.data[i] != '-') {
			at++;
			digits = 0;
		}
	}
	for (; at == 3 && digits < 6; digits++)
		part[3] *= 10;
	us = ((part[0] * 60 + part[1]) * 60 + part[2]) * 1000000 + part[3];
	return (int64_t)(text.size > 0 && text.data[0] == '-' ? 0 - us : us);
}

static uint8_t *cell_time_micro(uint8_t *at, const struct plan *p, const struct column *c, uint32_t row)
{
	(void)p;
	return put_int(at, time_us(column_bytes(c, row)));
}

static uint8_t *cell_time_nano(uint8_t *at, const struct plan *p, const struct column *c, uint32_t row)
{
	(void)p;
	return put_int(at, (int64_t)((uint64_t)time_us(column_bytes(c, row)) * 1000));
}

/* These two types are times of day. */
static uint8_t *cell_time_connect(uint8_t *at, const struct plan *p, const struct column *c, uint32_t row)
{
	int64_t us = time_us(column_bytes(c, row));

	(void)p;
	return us < 0 || us > DAY_US ? put_null(at) : put_int(at, us / 1000);
}

static uint8_t *cell_time_iso(uint8_t *at, const struct plan *p, const struct column *c, uint32_t row)
{
	int64_t us = time_us(column_bytes(c, row));

	(void)p;
	if (us < 0 || us > DAY_US)
		return put_null(at);
	*at++ = '"';
	at = put_clock(at, us % DAY_US, PUT_FRACTION_SHORTEST);
	return PUT_LITERAL(at, "Z\"");
}

static uint8_t *cell_timestamp(uint8_t *at, const struct plan *p, const struct column *c, uint32_t row)
{
	int64_t us = column_int64(c, row);

	(void)p;
	return put_int(at, us / 1000 - (us % 1000 < 0));
}

static uint8_t *cell_timestamp_nano(uint8_t *at, const struct plan *p, const struct column *c, uint32_t row)
{
	int64_t ns;

	(void)p;
	if (__builtin_mul_overflow(column_int64(c, row), (int64_t)1000, &ns))
		return put_null(at);
	return put_int(at, ns);
}

static uint8_t *put_quoted_timestamp(uint8_t *at, int64_t us, unsigned fraction_digits)
{
	*at++ = '"';
	at = put_timestamp(at, us, fraction_digits);
	*at++ = '"';
	return at;
}

static uint8_t *cell_timestamp_shortest(uint8_t *at, const struct plan *p, const struct column *c, uint32_t row)
{
	(void)p;
	return put_quoted_timestamp(at, column_int64(c, row), PUT_FRACTION_SHORTEST);
}

static uint8_t *cell_timestamp_zoned(uint8_t *at, const struct plan *p, const struct column *c, uint32_t row)
{
	return put_quoted_timestamp(at, column_int64(c, row), p->fraction_digits);
}

#define EWKB_HAS_SRID 0x20000000u

/* EWKB's SRID is taken out of it: {"wkb":"…","srid":…}, without the opening brace. */
static uint8_t *put_wkb(uint8_t *at, struct bytes ewkb)
{
	struct reader r = reader_of(ewkb);
	uint8_t order = reader_u8(&r);
	uint32_t type = reader_u32le(&r);
	uint32_t srid = (type & EWKB_HAS_SRID) != 0 ? reader_u32le(&r) : 0;
	struct bytes rest = reader_bytes(&r, reader_left(&r));
	uint8_t *plain;

	at = PUT_LITERAL(at, "\"wkb\":");
	/* the base64 is never shorter than its bytes, so these may stand at its end until they are read */
	plain = at + PUT_BASE64_MAX(rest.size + 5) - rest.size - 5;
	plain[0] = order;
	type &= ~EWKB_HAS_SRID;
	memcpy(plain + 1, &type, sizeof(type));
	if (rest.size > 0)
		memmove(plain + 5, rest.data, rest.size);
	at = put_base64(at, (struct bytes){ plain, rest.size + 5 }, false);
	at = PUT_LITERAL(at, ",\"srid\":");
	at = srid != 0 ? put_int(at, (int32_t)srid) : put_null(at);
	*at++ = '}';
	return at;
}

static uint8_t *cell_geometry(uint8_t *at, const struct plan *p, const struct column *c, uint32_t row)
{
	(void)p;
	*at++ = '{';
	return put_wkb(at, column_bytes(c, row));
}

static double double_behind(const struct bytes b, size_t from_end)
{
	double v;

	memcpy(&v, b.data + b.size - from_end, sizeof(v));
	return v;
}

#define POINT_SIZE 21u /* order, type, x, y */

static uint8_t *cell_point(uint8_t *at, const struct plan *p, const struct column *c, uint32_t row)
{
	struct bytes ewkb = column_bytes(c, row);

	(void)p;
	if (ewkb.size != POINT_SIZE && ewkb.size != POINT_SIZE + 4)
		return put_null(at);
	at = PUT_LITERAL(at, "{\"x\":");
	at = put_double(at, double_behind(ewkb, 16));
	at = PUT_LITERAL(at, ",\"y\":");
	at = put_double(at, double_behind(ewkb, 8));
	*at++ = ',';
	return put_wkb(at, ewkb);
}

/* Of a JSON list of numbers in their shortest form. */
static uint8_t *cell_vector(uint8_t *at, const struct plan *p, const struct column *c, uint32_t row)
{
	struct bytes list = column_bytes(c, row);
	size_t start = 1;
	bool is_first = true;

	(void)p;
	*at++ = '[';
	for (size_t i = 1; i < list.size; i++) {
		if (list.data[i] != ',' && list.data[i] != ']')
			continue;
		if (i > start) {
			if (!is_first)
				*at++ = ',';
			at = put_float(at, (float)text_as_double((struct bytes){ list.data + start, i - start }));
			is_first = false;
		}
		start = i + 1;
	}
	*at++ = ']';
	return at;
}

static size_t decimal_size(struct bytes cell)
{
	return put_string_size(cell) + PUT_UNSCALED_TEXT_MAX;
}

static size_t binary_size(struct bytes cell)
{
	return cell.size * 2 + 6;
}

static size_t geometry_size(struct bytes cell)
{
	return PUT_BASE64_MAX(cell.size + 5) + 2 * PUT_DOUBLE_MAX + 64;
}

static size_t vector_size(struct bytes cell)
{
	return cell.size / 2 * (PUT_DOUBLE_MAX + 1) + PUT_DOUBLE_MAX + 2;
}

#define READS(s) (1u << STORAGE_##s)
#define READS_DECIMAL (READS(INT32) | READS(INT64) | READS(INT128) | READS(BYTES))
#define WKB_FIELDS(optional)                                                 \
	"{\"type\":\"bytes\",\"optional\":" optional ",\"field\":\"wkb\"}," \
	"{\"type\":\"int32\",\"optional\":true,\"field\":\"srid\"}]"

const struct kind plan_kinds[KINDS] = {
	[KIND_BOOLEAN] = { "boolean", .put = cell_boolean, .fixed = 5, .storages = READS(BOOL) },
	[KIND_INT16] = { "int16", .put = cell_int32, .fixed = 11, .storages = READS(INT32) },
	[KIND_INT32] = { "int32", .put = cell_int32, .fixed = 11, .storages = READS(INT32) },
	[KIND_INT64] = { "int64", .put = cell_int64, .fixed = PUT_INT_MAX, .storages = READS(INT64) },
	[KIND_WRAPPED] = { "int64", .put = cell_wrapped, .fixed = PUT_INT_MAX, .storages = READS(INT128) },
	[KIND_FLOAT] = { "float", .put = cell_float, .fixed = PUT_DOUBLE_MAX, .storages = READS(FLOAT) },
	[KIND_FLOAT_DOUBLE] = { "double", .put = cell_float_double, .fixed = PUT_DOUBLE_MAX,
				.storages = READS(FLOAT) },
	[KIND_DOUBLE] = { "double", .put = cell_double, .fixed = PUT_DOUBLE_MAX, .storages = READS(DOUBLE) },
	[KIND_DECIMAL] = { "bytes", .name = "org.apache.kafka.connect.data.Decimal", .put = cell_decimal,
			   .fixed = PUT_UNSCALED_TEXT_MAX, .storages = READS_DECIMAL },
	[KIND_DECIMAL_TEXT] = { "string", .put = cell_decimal_text, .size = decimal_size,
				.fixed = PUT_DECIMAL_MAX + 2, .storages = READS_DECIMAL },
	[KIND_DECIMAL_DOUBLE] = { "double", .put = cell_decimal_double, .fixed = PUT_DOUBLE_MAX,
				  .storages = READS_DECIMAL },
	[KIND_BITS] = { "bytes", .name = "io.debezium.data.Bits", .put = cell_bits, .fixed = PUT_BASE64_MAX(8),
			.storages = READS(INT64) | READS(INT128) },
	[KIND_STRING] = { "string", .put = cell_string, .size = put_string_size, .storages = READS(BYTES) },
	[KIND_JSON] = { "string", .name = "io.debezium.data.Json", .put = cell_log_json, .put_copy = cell_string,
			.size = put_log_json_size, .storages = READS(BYTES) },
	[KIND_UUID] = { "string", .name = "io.debezium.data.Uuid", .put = cell_string, .size = put_string_size,
			.storages = READS(BYTES) },
	[KIND_ENUM] = { "string", .name = "io.debezium.data.Enum", .put = cell_label, .put_copy = cell_string,
			.size = put_string_size, .storages = READS(BYTES) },
	[KIND_SET] = { "string", .name = "io.debezium.data.EnumSet", .put = cell_string, .size = put_string_size,
		       .storages = READS(BYTES) },
	[KIND_BYTES] = { "bytes", .put = cell_base64, .size = binary_size, .storages = READS(BYTES) },
	[KIND_BASE64] = { "string", .put = cell_base64, .size = binary_size, .storages = READS(BYTES) },
	[KIND_BASE64_URL] = { "string", .put = cell_base64_url, .size = binary_size, .storages = READS(BYTES) },
	[KIND_HEX] = { "string", .put = cell_hex, .size = binary_size, .storages = READS(BYTES) },
	[KIND_YEAR] = { "int32", .name = "io.debezium.time.Year", .put = cell_int32, .fixed = 11,
			.storages = READS(INT32) },
	[KIND_DATE] = { "int32", .name = "io.debezium.time.Date", .invalid = "0", .put = cell_int32, .fixed = 11,
			.storages = READS(INT32) },
	[KIND_DATE_CONNECT] = { "int32", .name = "org.apache.kafka.connect.data.Date", .invalid = "0",
				.put = cell_int32, .fixed = 11, .storages = READS(INT32) },
	[KIND_DATE_ISO] = { "string", .name = "io.debezium.time.IsoDate", .invalid = "\"1970-01-01Z\"",
			    .put = cell_date_iso, .fixed = 16, .storages = READS(INT32) },
	[KIND_TIME_MICRO] = { "int64", .name = "io.debezium.time.MicroTime", .put = cell_time_micro,
			      .fixed = PUT_INT_MAX, .storages = READS(BYTES) },
	[KIND_TIME_NANO] = { "int64", .name = "io.debezium.time.NanoTime", .put = cell_time_nano,
			     .fixed = PUT_INT_MAX, .storages = READS(BYTES) },
	[KIND_TIME_CONNECT] = { "int32", .name = "org.apache.kafka.connect.data.Time", .put = cell_time_connect,
				.fixed = PUT_INT_MAX, .storages = READS(BYTES) },
	[KIND_TIME_ISO] = { "string", .name = "io.debezium.time.IsoTime", .put = cell_time_iso, .fixed = 24,
			    .storages = READS(BYTES) },
	[KIND_TIMESTAMP] = { "int64", .name = "io.debezium.time.Timestamp", .invalid = "0", .put = cell_timestamp,
			     .fixed = PUT_INT_MAX, .storages = READS(INT64) },
	[KIND_TIMESTAMP_MICRO] = { "int64", .name = "io.debezium.time.MicroTimestamp", .invalid = "0",
				   .put = cell_int64, .fixed = PUT_INT_MAX, .storages = READS(INT64) },
	[KIND_TIMESTAMP_NANO] = { "int64", .name = "io.debezium.time.NanoTimestamp", .invalid = "0",
				  .put = cell_timestamp_nano, .fixed = PUT_INT_MAX, .storages = READS(INT64) },
	[KIND_TIMESTAMP_CONNECT] = { "int64", .name = "org.apache.kafka.connect.data.Timestamp", .invalid = "0",
				     .put = cell_timestamp, .fixed = PUT_INT_MAX, .storages = READS(INT64) },
	[KIND_TIMESTAMP_ISO] = { "string", .name = "io.debezium.time.IsoTimestamp",
				 .invalid = "\"1970-01-01T00:00:00Z\"", .put = cell_timestamp_shortest,
				 .fixed = PUT_TIMESTAMP_MAX, .storages = READS(INT64) },
	/* JDBC's timestamp, in a copy, does not know the column's digits */
	[KIND_TIMESTAMP_ZONED] = { "string", .name = "io.debezium.time.ZonedTimestamp",
				   .invalid = "\"1970-01-01T00:00:00Z\"", .put = cell_timestamp_zoned,
				   .put_copy = cell_timestamp_shortest, .fixed = PUT_TIMESTAMP_MAX,
				   .storages = READS(INT64) },
	[KIND_GEOMETRY] = { "struct", "\"fields\":[" WKB_FIELDS("false"), "io.debezium.data.geometry.Geometry",
			    .doc = "Geometry", .put = cell_geometry, .size = geometry_size,
			    .storages = READS(BYTES), .is_optional = true },
	[KIND_POINT] = { "struct",
			 "\"fields\":[{\"type\":\"double\",\"optional\":false,\"field\":\"x\"},"
			 "{\"type\":\"double\",\"optional\":false,\"field\":\"y\"}," WKB_FIELDS("true"),
			 "io.debezium.data.geometry.Point", .doc = "Geometry (POINT)", .put = cell_point,
			 .size = geometry_size, .storages = READS(BYTES) },
	[KIND_VECTOR] = { "array", "\"items\":{\"type\":\"float\",\"optional\":false}",
			  "io.debezium.data.FloatVector", .put = cell_vector, .size = vector_size,
			  .storages = READS(BYTES) },
};
