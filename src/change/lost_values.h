/* SPDX-License-Identifier: Apache-2.0 */
/* The values of a table that became NULL because they are invalid: counted in the table's position. */
#ifndef CHANGE_LOST_VALUES_H
#define CHANGE_LOST_VALUES_H

#include "change/schema.h"

struct lost_value {
	char *column;
	uint64_t count;
	char *first; /* the first such value, as text */
	char *at;    /* where it stood: "binlog.000003:1234", "copy", "shop.orders:0:17" */
};

/* A zeroed one is valid. */
struct lost_values {
	struct lost_value *columns;
	uint32_t column_count;
};

void lost_values_release(struct lost_values *l);
/* Counts one; a column's first one is logged. */
void lost_values_note(struct lost_values *l, const struct schema *table, const char *column, const char *value,
		      const char *at);
/* All of them stand elsewhere: the counts begin at 0 again, and what was logged is not logged again. */
void lost_values_told(struct lost_values *l);
void lost_values_add(struct lost_values *to, const struct lost_values *from);
/* Appends ,"invalid":{"column":{"count":n,"first":"0000-00-00","at":"binlog.000001:1234"}}, or nothing. */
void lost_values_format(const struct lost_values *l, struct buffer *out);
/* Takes over what a position says. ERR_DATA: its counts are not readable. */
int lost_values_parse(struct lost_values *out, const char *position, struct err *e);

#endif
