/* SPDX-License-Identifier: Apache-2.0 */
/* Where the stream starts, and whether this server can continue from there without a gap. */
#ifndef SOURCE_MYSQL_RESUME_H
#define SOURCE_MYSQL_RESUME_H

#include "source/mysql/captured.h"

/*
 * The pipeline's low-water mark when there is one, else the position that all tables have passed. ERR_DATA:
 * the tables stand at places that have no order (different servers without GTIDs in common).
 */
int resume_choose(struct mysql_position *out, const struct captured_list *l, const char *stream_start,
		  bool is_mariadb, struct err *e);

/*
 * ERR_DATA with what happened and what to do: the log from `p` on was purged, was reset, lost its end, or
 * this is another server that cannot be proven to have all of `p`. Never jumps ahead.
 */
int resume_verify(const struct mysql_position *p, const struct server *s, struct connection *c,
		  struct err *e);

#endif
