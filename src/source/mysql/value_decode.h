/* SPDX-License-Identifier: Apache-2.0 */
/* Cell decoders that the log and the copy share, and those of the types that have a file
 * of their own. */
#ifndef SOURCE_MYSQL_VALUE_DECODE_H
#define SOURCE_MYSQL_VALUE_DECODE_H

#include "base/text.h"
#include "change/cell.h"
#include "source/mysql/value.h"

typedef enum value_result (*value_decode)(const struct value_plan *, struct bytes,
					  struct column *);

/* Bytes as both the log and a query without character_set_results give them. */
enum value_result value_add_bit(const struct value_plan *p, struct bytes cell,
				struct column *c);
enum value_result value_add_bytes(const struct value_plan *p, struct bytes cell,
				  struct column *c);
enum value_result value_add_binary(const struct value_plan *p, struct bytes cell,
				   struct column *c);
enum value_result value_add_text(const struct value_plan *p, struct bytes cell,
				 struct column *c);
enum value_result value_add_char(const struct value_plan *p, struct bytes cell,
				 struct column *c);
enum value_result value_add_geometry(const struct value_plan *p, struct bytes cell,
				     struct column *c);
enum value_result value_add_vector(const struct value_plan *p, struct bytes cell,
				   struct column *c);
enum value_result value_add_enum(const struct value_plan *p, uint64_t index,
				 struct column *c);
enum value_result value_add_set(const struct value_plan *p, uint64_t bits,
				struct column *c);

/* value_text.c */
enum value_result value_add_integer(const struct value_plan *p, int64_t v, struct column *c);
/* By the column's type alone. */
enum value_result value_add_from_text(const struct value_plan *p, struct bytes text,
				      struct column *c);
/* What follows from a result that is not VALUE_OK; `text` is the value for messages. */
int value_refuse(const struct mysql_table *t, uint32_t column, enum value_result result,
		 struct bytes text, const struct value_policy *policy, struct err *e);

/* value_decimal.c */
uint32_t value_decimal_size(unsigned precision, unsigned scale);
enum value_result value_add_decimal(const struct value_plan *p, struct bytes cell,
				    struct column *c);
/* Appends the canonical text ("-12.30"); false when the image is none of
 * DECIMAL(precision,scale). */
bool value_decimal_text(struct buffer *out, unsigned precision, unsigned scale,
			struct bytes image);

/* value_temporal.c: false when the type is none of its own. */
bool value_plan_temporal(struct value_plan *p);

/* value_extension.c: MariaDB's UUID and INET types, and its compressed columns. */
enum value_result value_add_extension(const struct value_plan *p, struct bytes cell,
				      struct column *c);
enum value_result value_add_compressed(const struct value_plan *p, struct bytes cell,
				       struct column *c);

#endif
