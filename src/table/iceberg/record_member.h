/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What record.c and record_read.c share: where a member stands, and lists without their
 * type.
 */
#ifndef TABLE_ICEBERG_RECORD_MEMBER_H
#define TABLE_ICEBERG_RECORD_MEMBER_H

#include "table/iceberg/record.h"

struct record_list { /* the layout of every list */
	void *items;
	uint32_t count;
};

static inline void *member_at(const struct record_member *m, void *object)
{
	return (char *)object + m->offset;
}

#endif
