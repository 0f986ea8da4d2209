/* SPDX-License-Identifier: Apache-2.0 */
#include "message/way.h"

#include "message/way_read.h"

const char *coding_name(enum coding c)
{
	static const char *const names[CODINGS] = {
		[CODING_PLAIN] = "a plain value", [CODING_BASE64] = "bytes in base64",
		[CODING_BASE64_URL] = "bytes in base64",  [CODING_HEX] = "bytes in hex",
		[CODING_LATIN1] = "bytes",        [CODING_UNSCALED] = "a decimal",
		[CODING_VARIABLE] = "a decimal",  [CODING_WRAPPED] = "an unsigned number",
		[CODING_BITS] = "bits",
		[CODING_TIME] = "a time",         [CODING_TIMESTAMP] = "a timestamp",
		[CODING_ENUM] = "a label",        [CODING_SET] = "a set of labels",
		[CODING_GEOMETRY] = "a geometry", [CODING_VECTOR] = "a vector",
	};

	return names[c];
}

static way_read *const plain_reads[TYPES] = {
	[TYPE_BOOLEAN] = read_boolean,     [TYPE_INT] = read_integer,
	[TYPE_LONG] = read_integer,        [TYPE_FLOAT] = read_float,
	[TYPE_DOUBLE] = read_double,       [TYPE_DECIMAL] = read_decimal,
	[TYPE_DATE] = read_date,           [TYPE_TIMESTAMP] = read_timestamp,
	[TYPE_TIMESTAMP_NTZ] = read_timestamp, [TYPE_STRING] = read_string,
	[TYPE_BINARY] = read_base64,
};

/* Codings that become one type or a few; where several do, plain readers take what they can as well. */
static const struct {
	enum coding coding;
	uint32_t types; /* bit set of enum type */
	way_read *read;
} coded_reads[] = {
	{ CODING_BASE64, 1u << TYPE_BINARY, read_base64 },
	{ CODING_BASE64_URL, 1u << TYPE_BINARY, read_base64_url },
	{ CODING_HEX, 1u << TYPE_BINARY, read_hex },
	{ CODING_LATIN1, 1u << TYPE_BINARY, read_latin1 },
	{ CODING_UNSCALED, 1u << TYPE_DECIMAL | 1u << TYPE_STRING, read_unscaled },
	{ CODING_VARIABLE, 1u << TYPE_DECIMAL | 1u << TYPE_STRING, read_variable },
	{ CODING_WRAPPED, 1u << TYPE_DECIMAL, read_wrapped },
	{ CODING_BITS, 1u << TYPE_BOOLEAN | 1u << TYPE_INT | 1u << TYPE_LONG | 1u << TYPE_DECIMAL, read_bits },
	{ CODING_BITS, 1u << TYPE_BINARY, read_base64 },
	{ CODING_TIME, 1u << TYPE_STRING, read_time },
	{ CODING_TIME, 1u << TYPE_INT | 1u << TYPE_LONG, read_integer },
	{ CODING_TIMESTAMP, 1u << TYPE_TIMESTAMP | 1u << TYPE_TIMESTAMP_NTZ, read_timestamp },
	{ CODING_TIMESTAMP, 1u << TYPE_LONG, read_integer },
	{ CODING_ENUM, 1u << TYPE_STRING, read_enum },
	{ CODING_SET, 1u << TYPE_STRING, read_set },
	{ CODING_GEOMETRY, 1u << TYPE_BINARY, read_geometry },
	{ CODING_GEOMETRY, 1u << TYPE_STRING, read_string },
	{ CODING_VECTOR, 1u << TYPE_STRING, read_vector },
};

bool way_choose(struct way *w, const struct encoding *from, const struct field *f)
{
	*w = (struct way){ .type = f->type, .precision = f->precision, .scale = f->scale, .from = *from };
	if (from->coding == CODING_PLAIN)
		w->read = plain_reads[f->type];
	for (size_t i = 0; i < sizeof(coded_reads) / sizeof(coded_reads[0]) && w->read == NULL; i++) {
		if (coded_reads[i].coding == from->coding && (coded_reads[i].types >> f->type & 1) != 0)
			w->read = coded_reads[i].read;
	}
	return w->read != NULL;
}
